package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"evviz/trace"
)

// A figure is something that can be asked of a run: by expect when it is over, by lab.wait while it goes on.
//
//	reports                         counts of the whole run
//	connection: reports             ... of the only connection
//	client 2: left                  ... of the first connection of client 2
//	Ready events=OUT                events of the trace, by kind and by fields as the text form writes them
//	listener: Accept err=EMFILE     ... about the listener
//
// This package knows the names and no more: whoever has the trace gives the values.

// FigureName is one name of the table, and what it means.
type FigureName struct {
	Name string
	Doc  string
	Run  bool // of the whole run
	Lane bool // of one descriptor
}

// FigureNames are the names that expect and lab.wait know. Durations are in milliseconds; their names end in _ms.
var FigureNames = []FigureName{
	{"accept_errors", "accept calls that failed otherwise than by EAGAIN", true, true},
	{"accept_eagain", "accept calls that found nothing (EAGAIN)", true, true},
	{"accepts", "connections accepted", true, true},
	{"accepted", "connections accepted, by the server's own counter", true, false},
	{"asked", "calls that the rounds of a polling loop made", true, false},
	{"asked_useful", "... that got something", true, false},
	{"asleep_ms", "time that the loops slept", true, false},
	{"bytes_in", "bytes read from connections", true, true},
	{"bytes_out", "bytes written to connections", true, true},
	{"closed", "connections closed, by the server's own counter", true, false},
	{"completions", "completions of io_uring", true, true},
	{"connections", "connections that there were", true, false},
	{"drift_ms", "how much later the repeating timer was last due than its first period foretells", true, false},
	{"eagain", "calls that found nothing: read, write and accept", true, true},
	{"emfile", "accepts that failed for want of descriptors or memory", true, false},
	{"enters", "calls of io_uring_enter", true, false},
	{"full_reads", "reads that got all they asked for", true, true},
	{"interest_changes", "registrations changed (epoll_ctl MOD)", true, true},
	{"interest_errors", "changes of registrations that failed", true, false},
	{"interrupted", "waits and sleeps that a signal ended", true, false},
	{"latency_max_ms", "longest time from an arrival to the read that got it; of one connection: from its client's send", true, true},
	{"latency_p50_ms", "the median of it", true, false},
	{"latency_p90_ms", "nine of ten were faster", true, false},
	{"latency_p99_ms", "99 of 100 were faster", true, false},
	{"left", "unread bytes; for a listener, connections not accepted", true, true},
	{"locked_ms", "time that the loops waited for locks", true, false},
	{"longest_accept_ms", "longest accept call", true, true},
	{"longest_gap_ms", "longest time from the end of a wait to the next one of the same thread", true, false},
	{"longest_read_ms", "longest read call", true, true},
	{"longest_wait_ms", "longest wait for readiness", true, false},
	{"lost", "events that are missing from the trace", true, false},
	{"most_at_once", "most handlers of one connection at the same time", true, true},
	{"most_in_batch", "most events that one wait returned", true, false},
	{"most_reads", "most reads between two waits or sleeps of one thread", true, true},
	{"re_notifications", "repeats: events about bytes of an earlier event", true, true},
	{"read_eagain", "reads of connections that found nothing (EAGAIN)", true, true},
	{"read_eof", "reads that returned 0 (EOF)", true, true},
	{"read_errors", "reads that failed", true, true},
	{"reads", "read calls that got data from connections", true, true},
	{"received", "bytes that the clients received", true, true},
	{"reports", "events that waits returned", true, true},
	{"resets", "connections that the peer reset", true, false},
	{"rounds", "rounds of a polling loop", true, false},
	{"sent", "bytes that the clients sent", true, true},
	{"short_reads", "reads that got less than they asked for, but something", true, true},
	{"short_writes", "writes that sent less than was asked", true, false},
	{"sleeps", "sleeps", true, false},
	{"stale", "events of a registration whose descriptor was closed", true, false},
	{"steps", "steps of the clients", true, false},
	{"stranded", "how often data was stranded: unread, with no further notification", true, false},
	{"submissions", "operations submitted to io_uring", true, true},
	{"threads", "threads that got an event", true, true},
	{"timeouts", "waits that ended without an event", true, false},
	{"timers", "timers that fired", true, false},
	{"useful_wakeups", "wakeups with an event that was new", true, false},
	{"waits", "waits that returned", true, false},
	{"wakeups", "waits that returned with events", true, false},
	{"write_eagain", "writes that found no room (EAGAIN)", true, true},
	{"write_errors", "writes that failed", true, true},
	{"writes", "write calls that sent data", true, true},
	{"zero_waits", "waits with timeout 0 that found nothing", true, false},
}

// Place says which descriptor a figure is about.
type Place uint8

// The places.
const (
	WholeRun   Place = iota
	Connection       // the only connection
	Busiest          // the connection with the most bytes
	Client           // the first connection of a client, by the client's number
	Listener
	WakeFD
)

var placeWords = []string{"connection", "busiest", "client N", "listener", "wake-fd"}

// Figure is a name with its place, or a filter of events with its place.
type Figure struct {
	Text   string
	Place  Place
	User   int        // of place Client
	Name   string     // "" for a filter
	Kind   trace.Kind // of a filter
	Fields []Match
}

// Match is one condition of a filter.
type Match struct {
	Field *trace.Field
	Not   bool
	Value string // as the text form writes it
	Any   []string
}

// Is reports whether an event fits a filter. What has begun and not ended does not count.
func (f *Figure) Is(e *trace.Event) bool {
	if e.Kind != f.Kind || e.Phase.Base() == trace.PhaseEnter {
		return false
	}
	for i := range f.Fields {
		m := &f.Fields[i]
		got := string(m.Field.AppendValue(nil, m.Field.Raw(e)))
		if m.Field.Unit == trace.UErrno && e.Errno == 0 {
			got = "0"
		}
		if slices.Contains(m.Any, got) == m.Not {
			return false
		}
	}
	return true
}

var clientPlace = regexp.MustCompile(`^client ([0-9]+)$`)

// ParseFigure reads a figure. The error suggests what may have been meant.
func ParseFigure(text string) (Figure, error) {
	f := Figure{Text: text}
	what := strings.TrimSpace(text)
	if place, rest, ok := strings.Cut(what, ":"); ok {
		what = strings.TrimSpace(rest)
		switch place = strings.TrimSpace(place); {
		case place == "connection":
			f.Place = Connection
		case place == "busiest":
			f.Place = Busiest
		case place == "listener":
			f.Place = Listener
		case place == "wake-fd":
			f.Place = WakeFD
		case clientPlace.MatchString(place):
			f.Place = Client
			f.User, _ = strconv.Atoi(place[len("client "):])
		default:
			return f, fmt.Errorf("%q is not a place: there are %s%s", place, strings.Join(placeWords, ", "), hint(place, placeWords))
		}
	}
	words := strings.Fields(what)
	if len(words) > 0 && words[0] != "" && words[0][0] >= 'A' && words[0][0] <= 'Z' {
		return f, f.filter(words)
	}
	name := strings.ReplaceAll(what, "-", "_")
	var names []string
	for _, n := range FigureNames {
		names = append(names, n.Name)
		if n.Name != name {
			continue
		}
		if f.Place == WholeRun && !n.Run || f.Place != WholeRun && !n.Lane {
			return f, fmt.Errorf("%q is known of the whole run only, not of one descriptor", what)
		}
		f.Name = name
		return f, nil
	}
	return f, fmt.Errorf("there is no figure %q%s", what, hint(name, names))
}

func (f *Figure) filter(words []string) error {
	var spec *trace.Spec
	var kinds []string
	for k := range trace.Specs {
		if s := &trace.Specs[k]; s.Name != "" {
			kinds = append(kinds, s.Name)
			if s.Name == words[0] {
				spec, f.Kind = s, trace.Kind(k)
			}
		}
	}
	if spec == nil {
		return fmt.Errorf("there is no kind of event %q%s", words[0], hint(words[0], kinds))
	}
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		m := Match{Value: value}
		name, m.Not = strings.CutSuffix(name, "!")
		if !ok || value == "" {
			return fmt.Errorf("%q: want FIELD=VALUE or FIELD!=VALUE, for example err=EAGAIN", w)
		}
		m.Any = strings.Split(value, ",")
		var fields []string
		for i := range spec.Fields {
			fields = append(fields, spec.Fields[i].Name)
			if spec.Fields[i].Name == name {
				m.Field = &spec.Fields[i]
			}
		}
		if m.Field == nil {
			return fmt.Errorf("%s has no field %q%s", spec.Name, name, hint(name, fields))
		}
		f.Fields = append(f.Fields, m)
	}
	return nil
}

// hint is "; did you mean X?", or nothing when no word is near.
func hint(s string, words []string) string {
	best, at := "", max(2, len(s)/3)+1
	for _, w := range words {
		if d := editDistance(strings.ToLower(s), strings.ToLower(w)); d < at {
			best, at = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// editDistance counts insertions, deletions and replacements that turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, cost)
		}
	}
	return row[len(b)]
}

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
// This package knows of figures what a Vocabulary tells, and no more: whoever has the trace gives the values.

// Vocabulary is the figures that stories may ask for. Whoever counts them hands it in.
type Vocabulary interface {
	// Has says of what a figure can be asked: of a whole run, of one descriptor. Both are false when there is none of that name.
	Has(name string) (run, lane bool)
	// Names are all names, for a word about what may have been meant.
	Names() []string
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

// ParseFigure reads a figure, which is a known one. The error suggests what may have been meant.
func ParseFigure(known Vocabulary, text string) (Figure, error) {
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
	run, lane := known.Has(name)
	if !run && !lane {
		return f, fmt.Errorf("there is no figure %q%s", what, hint(name, known.Names()))
	}
	switch {
	case f.Place == WholeRun && !run:
		return f, fmt.Errorf("%q is known of one descriptor only: write \"connection: %s\"", what, name)
	case f.Place != WholeRun && !lane:
		return f, fmt.Errorf("%q is known of the whole run only, not of one descriptor", what)
	}
	f.Name = name
	return f, nil
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

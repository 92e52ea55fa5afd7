package export

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"evviz/diagnostics"
	"evviz/figures"
	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// Run is the summary of a run. A nil pointer is unknown. Durations are nanoseconds.
type Run struct {
	Title    string  `json:"title"`
	Driver   *string `json:"driver"`  // how the loop ran in the end; null for a program watched from outside
	Trigger  *string `json:"trigger"` // null where the mechanism has none
	Switches int64   `json:"mode_switches"`
	Duration int64   `json:"duration_ns"`
	Events   int64   `json:"events"`
	Repeats  int64   `json:"repeats"` // iterations that are counted and not among the events
	Lost     int64   `json:"events_lost"`
	Late     int64   `json:"events_late"`

	Rounds      *int64 `json:"rounds"` // null unless a polling loop ran
	Asked       *int64 `json:"calls_asked"`
	AskedUseful *int64 `json:"calls_useful"`
	Sleeps      *int64 `json:"sleeps"`

	Waits       *int64   `json:"waits"` // null unless something waited for readiness
	Wakeups     *int64   `json:"wakeups"`
	Timeouts    *int64   `json:"timeouts"`
	Interrupted *int64   `json:"interrupted"`
	Useful      *int64   `json:"wakeups_useful"`
	UsefulShare *float64 `json:"wakeups_useful_share"`

	Enters    *int64 `json:"enters"` // calls of io_uring_enter; null unless there was a completion queue
	Submits   *int64 `json:"submissions"`
	Completes *int64 `json:"completions"`

	Reports          *int64           `json:"reports"`
	Renotify         *int64           `json:"renotifications"`
	RenotifyInferred bool             `json:"renotifications_inferred"`
	Classes          map[string]int64 `json:"report_classes"`

	WakeClasses map[string]int64            `json:"wakeup_classes"` // each wakeup by its headline
	BitClasses  map[string]map[string]int64 `json:"bit_classes"`    // each bit of each report by itself

	Reads       *int64 `json:"reads"`
	ReadAgain   *int64 `json:"read_eagain"`
	ReadEOF     *int64 `json:"read_eof"`
	ReadErr     *int64 `json:"read_errors"`
	Writes      *int64 `json:"writes"`
	WriteAgain  *int64 `json:"write_eagain"`
	WriteErr    *int64 `json:"write_errors"`
	Accepts     *int64 `json:"accepts"`
	AcceptAgain *int64 `json:"accept_eagain"`
	AcceptErr   *int64 `json:"accept_errors"`
	BytesIn     *int64 `json:"bytes_in"`
	BytesOut    *int64 `json:"bytes_out"`
	Connections *int64 `json:"connections"`
	Resets      *int64 `json:"resets"`
	Interest    *int64 `json:"interest_changes"`

	Latencies  int64  `json:"latency_samples"`
	Unfinished int64  `json:"latency_unfinished"` // ... of what is unread, or never was read: it counts as long as it was
	LatencyP50 *int64 `json:"latency_p50_ns"`     // arrival to the read that got the last of what had arrived by then
	LatencyP90 *int64 `json:"latency_p90_ns"`
	LatencyP99 *int64 `json:"latency_p99_ns"`
	LatencyMax *int64 `json:"latency_max_ns"`

	LatencyLeast []string `json:"latency_at_least,omitempty"` // those of these that are lower bounds

	Pending  int `json:"lanes_waiting_at_end"`
	Stranded int `json:"lanes_stranded_at_end"`

	Waiting    *int64 `json:"loop_waiting_ns"` // null when no loop was seen
	Working    *int64 `json:"loop_working_ns"`
	Renotified *int64 `json:"loop_renotified_ns"`
	Asleep     *int64 `json:"loop_asleep_ns"`
	Locked     *int64 `json:"loop_locked_ns"`
	Unknown    *int64 `json:"loop_unknown_ns"`

	Split    *Split    `json:"loop_split"` // null when no loop was seen
	Findings []Finding `json:"findings"`
}

// Split is where the loops' time went, ns; the parts add up to the whole (timeline.Split).
type Split struct {
	Waiting  int64 `json:"waiting_ns"`
	Asleep   int64 `json:"asleep_ns"`
	Overrun  int64 `json:"overrun_ns"`
	RunDelay int64 `json:"run_delay_ns"`
	Handler  int64 `json:"handler_ns"`
	Queueing int64 `json:"queueing_ns"`
}

// Summarize takes the figures of a run out of a snapshot, and holds the rules against it.
func Summarize(s *timeline.Snapshot, set diagnostics.Settings) Run {
	st := &s.Stats
	loops := len(s.Loops) > 0
	of := func(name string) *int64 { return figures.Count(s, name) }
	seen := func(n int64) *int64 { // calls that nobody sees are not counted as none
		if !s.CallsSeen() {
			return nil
		}
		return &n
	}
	r := Run{
		Title: s.Info.Title, Switches: int64(max(len(s.Modes)-1, 0)), Duration: s.Now - s.First,
		Events: st.Events, Repeats: st.Repeats, Lost: st.Lost, Late: st.Late,
		Rounds: of("rounds"), Asked: of("asked"), AskedUseful: of("asked_useful"), Sleeps: seen(st.Sleeps),
		Waits: of("waits"), Wakeups: of("wakeups"), Timeouts: of("timeouts"), Interrupted: seen(st.Interrupted),
		Useful: of("useful_wakeups"),
		Enters: of("enters"), Submits: of("submissions"), Completes: of("completions"),
		Reports: of("reports"), Renotify: of("re_notifications"), RenotifyInferred: st.RenotifyInferred,
		Reads: seen(st.Reads), ReadAgain: seen(st.ReadAgain), ReadEOF: seen(st.ReadEOF), ReadErr: seen(st.ReadErr),
		Writes: seen(st.Writes), WriteAgain: seen(st.WriteAgain), WriteErr: seen(st.WriteErr),
		Accepts: seen(st.Accepts), AcceptAgain: seen(st.AcceptAgain), AcceptErr: seen(st.AcceptErr),
		BytesIn: seen(st.BytesIn), BytesOut: seen(st.BytesOut), Connections: of("connections"), Resets: seen(st.Resets), Interest: seen(st.Modifies),
		Latencies: st.Latency.Count, Unfinished: st.Latency.Unfinished, LatencyP50: of("latency_p50"), LatencyP90: of("latency_p90"),
		LatencyP99: of("latency_p99"), LatencyMax: of("latency_max"),
		Pending: st.Pending, Stranded: st.Stranded,
		Waiting: of("waiting"), Working: of("working"),
		Renotified: of("renotified"),
		Asleep:     of("asleep"), Locked: of("locked"), Unknown: of("unseen"),
	}
	for _, name := range []string{"latency_p50", "latency_p90", "latency_p99", "latency_max"} {
		if figures.Lower(s, name) {
			r.LatencyLeast = append(r.LatencyLeast, name+"_ns")
		}
	}
	if loops {
		p := &st.Split
		r.Split = &Split{p.Waiting, p.Asleep, p.Overrun, p.RunDelay, p.Handler, p.Queueing}
	}
	r.Findings = FindingsOf(s, diagnostics.Check(s, set)).Findings
	if s.Mode.Known {
		d := trace.DriverNames.Word(s.Mode.Driver)
		r.Driver = &d
		if w := trace.TriggerNames.Word(s.Mode.Trigger); w != "" {
			r.Trigger = &w
		}
	}
	if share, ok := st.UsefulShare(); ok {
		r.UsefulShare = &share
	}
	if st.RenotifyKnown {
		r.Classes, r.WakeClasses, r.BitClasses = byClass(&st.Class), byClass(&st.WakeClass), map[string]map[string]int64{}
		for b := range timeline.BitCount {
			if m := byClass(&st.BitClass[b]); len(m) > 0 {
				r.BitClasses[b.String()] = m
			}
		}
	}
	return r
}

// SummaryJSON writes the summary as one JSON object on lines of its own.
func SummaryJSON(w io.Writer, s *timeline.Snapshot, set diagnostics.Settings) error {
	return plain.WriteJSON(w, Summarize(s, set))
}

// Summary writes the summary as text: what, how much, and a remark where one helps.
//
// Below it stands what was found, in short; check says it in full.
func Summary(w io.Writer, s *timeline.Snapshot, set diagnostics.Settings) error {
	r := Summarize(s, set)
	var t textTable
	mode := "-"
	if r.Driver != nil {
		mode = *r.Driver
		if r.Trigger != nil {
			mode += " " + *r.Trigger
		}
	}
	remark := ""
	if r.Switches > 0 {
		remark = "after " + words.Count(r.Switches, "switch", "switches")
	}
	t.text("mode", mode, remark)
	t.text("time", words.Duration(r.Duration), "")
	t.num("events", &r.Events, ifAny(r.Repeats, "and "+words.Count(r.Repeats, "iteration")+" that repeated the one before"))
	t.num("  dropped", &r.Lost, ifAny(r.Lost, "every figure below is a lower bound"))
	t.num("  reordered", &r.Late, "")

	t.gap()
	t.num("rounds", r.Rounds, "")
	t.num("  calls", r.Asked, "")
	t.num("  hits", r.AskedUseful, share(r.AskedUseful, r.Asked))
	t.num("waits", r.Waits, "")
	t.num("  wakeups", r.Wakeups, classes(&s.Stats.WakeClass))
	t.num("  useful", r.Useful, share(r.Useful, r.Wakeups))
	t.num("  timeouts", r.Timeouts, "")
	t.num("  interrupted", r.Interrupted, "")
	if r.Enters != nil {
		t.num("calls of io_uring_enter", r.Enters, "")
		t.num("  submissions", r.Submits, "")
		t.num("  completions", r.Completes, "")
	}
	t.num("events returned", r.Reports, classes(&s.Stats.Class))
	remark = share(r.Renotify, r.Reports)
	switch {
	case r.Renotify == nil && !s.CallsSeen():
	case r.Renotify == nil:
		remark = "unknown: nothing reports readiness in this mode"
	case r.RenotifyInferred:
		remark = strings.TrimPrefix(remark+", inferred", ", ")
	}
	t.num("  repeats", r.Renotify, remark)

	t.gap()
	resets := ""
	if r.Resets != nil {
		resets = ifAny(*r.Resets, words.Count(*r.Resets, "reset"))
	}
	if !s.CallsSeen() {
		resets = "open when it was looked; calls are not seen here"
	}
	t.num("connections", r.Connections, resets)
	t.num("accepts", r.Accepts, calls(r.AcceptAgain, r.AcceptErr))
	t.num("reads", r.Reads, calls(r.ReadAgain, r.ReadErr))
	t.num("writes", r.Writes, calls(r.WriteAgain, r.WriteErr))
	t.bytes("bytes in", r.BytesIn)
	t.bytes("bytes out", r.BytesOut)

	t.gap()
	samples := ifAny(r.Latencies, words.Count(r.Latencies, "sample")+", arrival to read"+ifAny(r.Unfinished, ", of which "+words.Number(r.Unfinished)+" unread"))
	least := &s.Stats.Latency.Least
	t.least("latency p50", r.LatencyP50, least.P50, samples)
	t.least("latency p90", r.LatencyP90, least.P90, "")
	t.least("latency p99", r.LatencyP99, least.P99, "")
	unread := ""
	if least.Max {
		unread = stillUnread(s)
	}
	t.least("latency max", r.LatencyMax, least.Max, unread)
	t.dur("loop waiting", r.Waiting, "")
	t.dur("loop working", r.Working, "")
	t.dur("loop on repeats", r.Renotified, "")
	t.dur("loop asleep", r.Asleep, "")
	if r.Locked != nil && *r.Locked > 0 {
		t.dur("loop waiting for lock", r.Locked, "")
	}
	if r.Pending > 0 || r.Stranded > 0 {
		pending, stranded := int64(r.Pending), int64(r.Stranded)
		t.num("unread at the end", &pending, "descriptors with unread data")
		t.num("  stranded", &stranded, ifAny(stranded, "and no further notification"))
	}
	if len(r.Findings) > 0 {
		t.gap()
		for i := range r.Findings {
			f := &r.Findings[i]
			t.text(f.ID+" "+f.Name, f.Severity, plain.Text(f.Subject)+": "+words.Count(f.Count, "time")+", "+f.Verdict)
		}
	}
	return t.write(w)
}

func ifAny(n int64, s string) string {
	if n == 0 {
		return ""
	}
	return s
}

func share(a, b *int64) string {
	if a == nil || b == nil || *b == 0 {
		return ""
	}
	return words.Percent(float64(*a) / float64(*b))
}

func calls(again, failed *int64) string {
	if again == nil || failed == nil {
		return ""
	}
	s := "and " + words.Number(*again) + " EAGAIN"
	if *failed > 0 {
		s += ", " + words.Number(*failed) + " failed"
	}
	return s
}

// byClass names the classes that occurred.
func byClass(of *[timeline.ClassCount]int64) map[string]int64 {
	m := map[string]int64{}
	for c, n := range of {
		if n > 0 {
			m[timeline.Class(c).String()] = n
		}
	}
	return m
}

// classes lists what reports or wakeups were, in the precedence's order.
func classes(of *[timeline.ClassCount]int64) string {
	var parts []string
	for c, n := range of {
		if n > 0 {
			parts = append(parts, words.Number(n)+" "+timeline.Class(c).String())
		}
	}
	return strings.Join(parts, ", ")
}

// textTable is three columns: what, how much (to the right), a remark.
type textTable struct{ rows [][3]string }

func (t *textTable) gap()                        { t.rows = append(t.rows, [3]string{}) }
func (t *textTable) text(what, v, remark string) { t.rows = append(t.rows, [3]string{what, v, remark}) }

func (t *textTable) num(what string, v *int64, remark string) {
	s := "-"
	if v != nil {
		s = words.Number(*v)
	}
	t.text(what, s, remark)
}

func (t *textTable) bytes(what string, v *int64) {
	s := "-"
	if v != nil {
		s = words.Bytes(*v)
	}
	t.text(what, s, "")
}

func (t *textTable) dur(what string, v *int64, remark string) {
	s := "-"
	if v != nil {
		s = words.Duration(*v)
	}
	t.text(what, s, remark)
}

// least is dur of what may be a lower bound.
func (t *textTable) least(what string, v *int64, atLeast bool, remark string) {
	if v == nil || !atLeast {
		t.dur(what, v, remark)
		return
	}
	t.text(what, "≥ "+words.Duration(*v), remark)
}

// stillUnread says of the longest that something was unread whether it still is.
func stillUnread(s *timeline.Snapshot) string {
	for _, l := range s.Lanes {
		if d := l.Delays(timeline.MeasureServed); d.Unfinished > 0 && d.Max == s.Stats.Latency.Max {
			if l.Closed != 0 {
				return "never read"
			}
			return "still unread"
		}
	}
	return "unread"
}

func (t *textTable) write(w io.Writer) error {
	var a, b int
	for _, r := range t.rows {
		a, b = max(a, utf8.RuneCountInString(r[0])), max(b, utf8.RuneCountInString(r[1]))
	}
	var out strings.Builder
	for _, r := range t.rows {
		line := fmt.Sprintf("%-*s  %*s  %s", a, r[0], b, r[1], r[2])
		out.WriteString(strings.TrimRight(line, " "))
		out.WriteByte('\n')
	}
	_, err := io.WriteString(w, out.String())
	return err
}

package export

import (
	"slices"

	"evviz/timeline"
	"evviz/trace"
)

// Unit says what a figure counts. The words are those of the JSON and CSV forms.
type Unit string

// The units.
const (
	UnitNanos  Unit = "ns"
	UnitRate   Unit = "1/s"
	UnitShare  Unit = "ratio" // of 1, shown in per cent
	UnitIndex  Unit = "index" // of 1, shown as it is
	UnitNumber Unit = "1"
	UnitBytes  Unit = "bytes"
)

// Figure is one line of a comparison: what it is called and how it is read from a run.
type Figure struct {
	Name  string // of the JSON and CSV forms
	Title string // of the table
	Unit  Unit
	get   func(*timeline.Snapshot) (float64, bool)
}

// The figures that the verdict is about.
const (
	figTrip   = "round_trip_p99"
	figAnswer = "answered_p99"
	figRest   = "resting_share"
	figCPU    = "cpu_per_message"
	figWaste  = "wasted_calls_per_message"
)

// Figures is what is compared, in the order of the table. docs/compare.md says in words what each means.
//
// What cannot be known is blank. Mode go shows no calls, no waits and not the threads that do the work. In blocking
// nothing waits for readiness, so nothing wakes up from it. Only level-triggered events are repeated: a polling loop gets none, and an
// event of an edge-triggered or oneshot registration is never a repeat.
var Figures = []Figure{
	{"messages", "messages", UnitNumber, func(s *timeline.Snapshot) (float64, bool) {
		return float64(s.Stats.Traffic.Messages), s.Stats.Traffic.Known
	}},
	{"unanswered_messages", "  unanswered", UnitNumber, func(s *timeline.Snapshot) (float64, bool) {
		return float64(s.Stats.Traffic.Messages - s.Stats.RoundTrip.Count), s.Stats.Traffic.Known
	}},
	{"round_trip_p50", "round trip p50", UnitNanos, latency(trips, p50)},
	{figTrip, "           p99", UnitNanos, latency(trips, p99)},
	{"round_trip_max", "           max", UnitNanos, latency(trips, most)},
	{"served_p50", "arrival to read p50", UnitNanos, latency(served, p50)},
	{"served_p99", "                p99", UnitNanos, latency(served, p99)},
	{"served_max", "                max", UnitNanos, latency(served, most)},
	{"answered_p50", "arrival to write p50", UnitNanos, latency(answered, p50)},
	{figAnswer, "                 p99", UnitNanos, latency(answered, p99)},
	{"answered_max", "                 max", UnitNanos, latency(answered, most)},
	{"wakeups_per_second", "wakeups / s", UnitRate, perSecond(func(t *timeline.Traffic) int64 { return t.Wakeups })},
	{"idle_wakeups_per_second", "  idle", UnitRate, perSecond(func(t *timeline.Traffic) int64 { return t.IdleWakeups })},
	{figRest, "asleep or waiting", UnitShare, resting},
	{"calls_per_message", "calls / message", UnitNumber, perMessage(func(s *timeline.Snapshot) (int64, bool) { return s.Stats.Traffic.Calls, seesCalls(s) })},
	{figWaste, "  wasted", UnitNumber, perMessage(func(s *timeline.Snapshot) (int64, bool) { return s.Stats.Traffic.Wasted, seesCalls(s) })},
	{"renotifications", "repeats", UnitNumber, func(s *timeline.Snapshot) (float64, bool) {
		return float64(s.Stats.Renotify), s.Stats.RenotifyKnown && repeats(s)
	}},
	{figCPU, "CPU time / message", UnitNanos, perMessage(func(s *timeline.Snapshot) (int64, bool) {
		return s.Stats.Usage.User + s.Stats.Usage.System, usage(s)
	})},
	{"voluntary_switches_per_message", "voluntary sw. / message", UnitNumber, perMessage(func(s *timeline.Snapshot) (int64, bool) {
		return s.Stats.Usage.Voluntary, usage(s)
	})},
	{"involuntary_switches_per_message", "involuntary / message", UnitNumber, perMessage(func(s *timeline.Snapshot) (int64, bool) {
		return s.Stats.Usage.Involuntary, usage(s)
	})},
	{"bytes_per_wakeup", "bytes / wakeup", UnitBytes, func(s *timeline.Snapshot) (float64, bool) {
		n := s.Stats.Waits + s.Stats.Sleeps // of the whole run, as the bytes are
		return float64(s.Stats.BytesIn) / float64(max(n, 1)), n > 0 && wakes(s)
	}},
	{"fairness", "fairness (Jain)", UnitIndex, fairness},
}

// FigureOf is the place of a figure in Figures, -1 when there is none of that name.
func FigureOf(name string) int {
	return slices.IndexFunc(Figures, func(f Figure) bool { return f.Name == name })
}

// Measured is the figures of one run, in the order of Figures. nil is unknown.
type Measured []*float64

// Measure reads the figures of a run.
func Measure(s *timeline.Snapshot) Measured {
	m := make(Measured, len(Figures))
	for i := range Figures {
		if v, ok := Figures[i].get(s); ok {
			m[i] = &v
		}
	}
	return m
}

func trips(s *timeline.Stats) *timeline.Latency    { return &s.RoundTrip }
func served(s *timeline.Stats) *timeline.Latency   { return &s.Served }
func answered(s *timeline.Stats) *timeline.Latency { return &s.Answered }

func p50(l *timeline.Latency) int64  { return l.P50 }
func p99(l *timeline.Latency) int64  { return l.P99 }
func most(l *timeline.Latency) int64 { return l.Max }

func latency(of func(*timeline.Stats) *timeline.Latency, what func(*timeline.Latency) int64) func(*timeline.Snapshot) (float64, bool) {
	return func(s *timeline.Snapshot) (float64, bool) {
		l := of(&s.Stats)
		return float64(what(l)), l.Count > 0
	}
}

// ran says whether a run was, at any time, in one of these modes.
func ran(s *timeline.Snapshot, drivers ...uint32) bool {
	return slices.ContainsFunc(s.Modes, func(m timeline.ModeChange) bool { return slices.Contains(drivers, m.Mode.Driver) })
}

func seesCalls(s *timeline.Snapshot) bool {
	return !ran(s, trace.DriverGo) && s.Stats.Traffic.Calls > 0
}

func wakes(s *timeline.Snapshot) bool {
	return !ran(s, trace.DriverGo, trace.DriverBlocking) && s.Stats.Waits+s.Stats.Sleeps > 0
}

func usage(s *timeline.Snapshot) bool { return !ran(s, trace.DriverGo) && s.Stats.Usage.Threads > 0 }

// repeats says whether anything could repeat itself; of a program that is watched from outside that is not known, and what
// was found stands.
func repeats(s *timeline.Snapshot) bool {
	return len(s.Modes) == 0 || slices.ContainsFunc(s.Modes, func(m timeline.ModeChange) bool {
		d := m.Mode.Driver
		return d == trace.DriverSelect || d == trace.DriverPoll || d == trace.DriverEpoll && m.Mode.Trigger == trace.TriggerLevel
	})
}

func perSecond(of func(*timeline.Traffic) int64) func(*timeline.Snapshot) (float64, bool) {
	return func(s *timeline.Snapshot) (float64, bool) {
		t := &s.Stats.Traffic
		d := t.To - t.From
		return float64(of(t)) * 1e9 / float64(max(d, 1)), d > 0 && wakes(s)
	}
}

func perMessage(of func(*timeline.Snapshot) (int64, bool)) func(*timeline.Snapshot) (float64, bool) {
	return func(s *timeline.Snapshot) (float64, bool) {
		v, ok := of(s)
		n := s.Stats.Traffic.Messages
		return float64(v) / float64(max(n, 1)), ok && n > 0
	}
}

// resting is the share of the loops' time, between the clients' first step and their last, in which they slept or waited.
func resting(s *timeline.Snapshot) (float64, bool) {
	if ran(s, trace.DriverGo) {
		return 0, false
	}
	w := s.Window(s.Stats.Traffic.From, s.Stats.Traffic.To)
	rest := w.Time[timeline.LoopWaiting] + w.Time[timeline.LoopAsleep]
	all := rest + w.Time[timeline.LoopWorking] + w.Time[timeline.LoopRenotified] + w.Time[timeline.LoopLocked]
	return float64(rest) / float64(max(all, 1)), all > 0
}

// fairness is Jain's index over the connections: (Σx)² / (n Σx²), 1 when all are alike, 1/n when one has everything. x is a
// connection's mean time from arrival to read, not its bytes: how many bytes a connection moves is the scenario's choice,
// how long it is kept waiting is the server's.
func fairness(s *timeline.Snapshot) (float64, bool) {
	var n, sum, squares float64
	for _, l := range s.Lanes {
		if l.Kind == timeline.KindConn && l.Stats.Latencies > 0 {
			x := float64(l.Stats.LatencySum) / float64(l.Stats.Latencies)
			n, sum, squares = n+1, sum+x, squares+x*x
		}
	}
	if n < 2 || squares == 0 {
		return 0, false
	}
	return sum * sum / (n * squares), true
}

package figures

import (
	"math"

	"evviz/timeline"
)

// Gauge is a figure of a window.
type Gauge struct {
	Name  string // as the figures of a run have them
	Title string // a word or two, for a screen
	Unit  Unit
	Doc   string // what it says

	Known   bool    // false: it has no value in this window
	Why     string  // ... because; "" there was nothing to count
	Value   float64 // ns for durations, of 1 for shares
	AtLeast bool    // it is a lower bound: what was unread at the end of the window could make it more
	Zero    string  // what a value of 0 is called, where it is no quantity

	Series []float64 // of the window's parts, from left to right; NaN where there is no value
}

// gauge is a line of the panel.
type gauge struct {
	Gauge
	known func(s *timeline.Snapshot) string // why the source cannot tell it, "" it can
	read  func(g *timeline.Gauges) (v float64, atLeast, ok bool)
}

// panel is the list of gauges, in the order in which they are shown.
var panel = []gauge{
	{Gauge{Name: "wakeups_per_second", Title: "wakeups/s", Unit: Rate, Doc: "returns from a wait or a sleep, a second"}, waitsKnown,
		func(g *timeline.Gauges) (float64, bool, bool) { return perSecondOf(g, g.Wakeups) }},
	{Gauge{Name: "useful_share", Title: "useful", Unit: Share, Doc: "of the wakeups with events that were over, those with something new; of a polling loop's calls, those that got something"}, waitsKnown,
		useful},
	{Gauge{Name: "busy_share", Title: "loop busy", Unit: Share, Doc: "of the loops' time of which something is known, that in which they worked"}, timesKnown,
		func(g *timeline.Gauges) (float64, bool, bool) { return part(g.Busy, g.Seen) }},
	{Gauge{Name: "read_p50", Title: "arrival to read p50", Unit: Nanos, Doc: "median of the time from an arrival to the read that got the last of it; what is unread counts as long as it has been"}, arrivalsKnown,
		func(g *timeline.Gauges) (float64, bool, bool) { return float64(g.P50), g.P50AtLeast, g.Reads > 0 }},
	{Gauge{Name: "read_p99", Title: "arrival to read p99", Unit: Nanos, Doc: "99th percentile of the time from an arrival to the read that got the last of it; what is unread counts as long as it has been"}, arrivalsKnown,
		func(g *timeline.Gauges) (float64, bool, bool) { return float64(g.P99), g.P99AtLeast, g.Reads > 0 }},
	{Gauge{Name: "eagain_per_second", Title: "EAGAIN/s", Unit: Rate, Doc: "calls that found nothing (EAGAIN), a second"}, callsKnown,
		func(g *timeline.Gauges) (float64, bool, bool) { return perSecondOf(g, g.Again) }},
	{Gauge{Name: "oldest_unread", Title: "oldest unread", Unit: Nanos, Doc: "how long the oldest unread data had been unread at the end of the window; where no arrival was seen, since the first event for it", Zero: "none"}, timesKnown,
		func(g *timeline.Gauges) (float64, bool, bool) { return float64(g.Oldest), g.OldestAtLeast, g.Span > 0 }},
}

// Panel is the numbers of a window [t0, t1) of a loop, nil for all loops, and of n windows of equal width that it is made of (their Series).
// Each is judged as of its right edge. The cost does not depend on how much happened in the window.
func Panel(s *timeline.Snapshot, of *timeline.LoopLane, t0, t1 int64, n int) []Gauge {
	whole, parts := s.Gauges(of, t0, t1, n)
	out := make([]Gauge, len(panel))
	series := make([]float64, len(panel)*len(parts))
	for i := range panel {
		p := &panel[i]
		g := &out[i]
		*g = p.Gauge
		g.Series = series[i*len(parts) : (i+1)*len(parts) : (i+1)*len(parts)]
		if p.known != nil {
			g.Why = p.known(s)
		}
		for k := range parts {
			g.Series[k] = math.NaN()
			if v, _, ok := p.read(&parts[k]); ok && g.Why == "" {
				g.Series[k] = v
			}
		}
		if g.Why == "" {
			g.Value, g.AtLeast, g.Known = p.read(&whole)
		}
		if g.Name == "busy_share" && !lasting(s) { // a wait may have been over before its thread's next line
			if g.AtLeast = true; g.Value < 0.01 {
				g.Known = false
			}
		}
		// Where arrivals are not seen, no event about unread data is no proof that there is none.
		if g.Name == "oldest_unread" && g.Known && g.Value == 0 {
			if why := s.ArrivalsUnknown(); why != "" {
				g.Known, g.Why = false, why
			}
		}
	}
	return out
}

// PanelNames are what the panel shows, for help and docs: name, unit and what each says.
func PanelNames() []Gauge {
	out := make([]Gauge, len(panel))
	for i := range panel {
		out[i] = panel[i].Gauge
	}
	return out
}

func useful(g *timeline.Gauges) (float64, bool, bool) {
	if g.Judged == 0 {
		return part(g.Hits, g.Asked)
	}
	return part(g.Useful, g.Judged)
}

func perSecondOf(g *timeline.Gauges, n int64) (float64, bool, bool) {
	if g.Span <= 0 {
		return 0, false, false
	}
	return float64(n) * 1e9 / float64(g.Span), false, true
}

func part(a, b int64) (float64, bool, bool) {
	if b <= 0 {
		return 0, false, false
	}
	return float64(a) / float64(b), false, true
}

func timesKnown(s *timeline.Snapshot) string {
	if !s.Info.Timed {
		return "the source has the order of events and not their times"
	}
	return ""
}

func waitsKnown(s *timeline.Snapshot) string {
	if why := timesKnown(s); why != "" || s.WakeupsKnown() {
		return why
	}
	return "no waits and no sleeps were seen"
}

func callsKnown(s *timeline.Snapshot) string {
	if why := timesKnown(s); why != "" || s.CallsSeen() {
		return why
	}
	return "no calls are seen"
}

func arrivalsKnown(s *timeline.Snapshot) string { return s.ArrivalsUnknown() }

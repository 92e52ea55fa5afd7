package lab

import (
	"fmt"
	"slices"

	"evviz/figures"
	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// asked answers what scenarios ask of a run, from a picture of its timeline: it joins the place that a scenario names with a lane,
// and the name with the table of figures.
type asked struct{ s *timeline.Snapshot }

// value is a figure, or why it is not known.
func (f asked) value(g *scenarios.Figure) (v float64, unknown string) {
	if f.s.Stats.Lost > 0 && g.Name != "lost" {
		return 0, "events were dropped; a larger --ring avoids it"
	}
	var l *timeline.Lane
	if g.Place != scenarios.WholeRun {
		if l, unknown = f.lane(g); unknown != "" {
			return 0, unknown
		}
	}
	if g.Kind != 0 {
		if !f.s.Info.Kinds.Has(g.Kind) {
			return 0, "this source has no such events"
		}
		return f.count(g, l)
	}
	fig := figures.FindStory(g.Name)
	switch {
	case fig == nil:
		return 0, fmt.Sprintf("there is no figure %q", g.Name)
	case l != nil:
		v, unknown = fig.Lane(f.s, l)
	default:
		v, unknown = fig.Run(f.s)
	}
	return fig.StoryValue(v), unknown
}

// lane finds the descriptor that a figure is about.
func (f *asked) lane(g *scenarios.Figure) (*timeline.Lane, string) {
	var found []*timeline.Lane
	switch g.Place {
	case scenarios.Client:
		peer := f.s.ClientAddress(uint32(g.User))
		if peer == "" {
			return nil, "that client has not connected"
		}
		for _, l := range f.s.Lanes {
			if l.Peer == peer && l.Kind == timeline.KindConn {
				return l, ""
			}
		}
		return nil, "the server has not seen that client"
	case scenarios.Listener, scenarios.WakeFD:
		want := timeline.KindListener
		if g.Place == scenarios.WakeFD {
			want = timeline.KindWake
		}
		for _, l := range f.s.Lanes {
			if l.Kind == want {
				return l, ""
			}
		}
		return nil, "there is none"
	}
	for _, l := range f.s.Lanes {
		if l.Kind == timeline.KindConn {
			found = append(found, l)
		}
	}
	switch {
	case len(found) == 0:
		return nil, "there was no connection"
	case f.s.Stats.LanesForgotten > 0:
		return nil, "there were more connections than are kept"
	case g.Place == scenarios.Busiest:
		return slices.MaxFunc(found, func(a, b *timeline.Lane) int {
			return int(max(-1, min(1, a.Stats.BytesIn+a.Stats.BytesOut-b.Stats.BytesIn-b.Stats.BytesOut)))
		}), ""
	case len(found) > 1:
		return nil, "there was more than one connection; say client N or busiest"
	}
	return found[0], ""
}

// about reports whether an event is about a lane: its number, while the lane was open.
func about(e *trace.Event, l *timeline.Lane) bool {
	return l == nil || e.FD == l.FD && e.Time >= l.Opened && (l.Closed == 0 || e.Time <= l.Closed)
}

// count counts events. What a story expects has been counted as they came; what it asks for in between is looked for among those
// that are kept.
func (f asked) count(g *scenarios.Figure, l *timeline.Lane) (float64, string) {
	if n, ok := f.s.Counted(picks{g}, l); ok {
		return float64(n), ""
	}
	if first, _ := f.s.EventRange(); first != 0 {
		return 0, "the trace is longer than what is kept"
	}
	n := int64(0)
	f.s.Each(func(_ int64, e *trace.Event, times int64) bool {
		if e.Kind == g.Kind && about(e, l) && g.Is(e) {
			n += times
		}
		return true
	})
	return float64(n), ""
}

// picks counts the events of a filter while they come.
type picks struct{ of *scenarios.Figure }

// Is implements timeline.Matcher.
func (p picks) Is(e *trace.Event) bool { return p.of.Is(e) }

// expected are the filters among what a story expects, to be counted from the begin of the run.
func expected(s *scenarios.Script) (out []timeline.Matcher) {
	if s == nil {
		return nil
	}
	for i := range s.Expect {
		if f := &s.Expect[i].Figure; f.Kind != 0 {
			out = append(out, picks{f})
		}
	}
	return out
}

package timeline

import (
	"slices"

	"evviz/trace"
)

// Matcher picks events to be counted. It is called with each event once, by the goroutine that folds.
type Matcher interface{ Is(e *trace.Event) bool }

// tallies count the events that Options.Count picks, of the run and of each lane.
type tallies struct {
	pick []Matcher
	run  []int64
}

// event counts an event; of is the lane it is about, asked for when somebody picks it.
func (c *tallies) event(e *trace.Event, times int64, of func() *laneB) {
	for i, m := range c.pick {
		if !m.Is(e) {
			continue
		}
		if c.run == nil {
			c.run = make([]int64, len(c.pick))
		}
		c.run[i] += times
		if l := of(); l != nil {
			if l.tally == nil {
				l.tally = make([]int64, len(c.pick))
			}
			l.tally[i] += times
		}
	}
}

// counted counts the event at hand, after it was folded.
func (t *Timeline) counted(s *stream, e *trace.Event) {
	t.tally.event(e, t.w.times, func() *laneB {
		l, old := t.lanes.find(s, e, false)
		if l == nil || old { // it closed the descriptor
			if l = t.about; l == nil || l.pub.FD != e.FD {
				return nil
			}
		}
		t.lanes.touch(l)
		return l
	})
}

// Counted is how many events of the whole run, or of one lane, a Matcher of Options.Count has picked; ok is false when it was not
// among them.
func (s *Snapshot) Counted(m Matcher, l *Lane) (n int64, ok bool) {
	i := slices.Index(s.tally.pick, m)
	if i < 0 {
		return 0, false
	}
	of := s.tally.run
	if l != nil {
		of = l.tally
	}
	if of == nil {
		return 0, true
	}
	return of[i], true
}

package timeline

import (
	"sort"

	"evviz/trace"
)

const blockEvents = 512

// eventBlock is a run of raw events. young is the youngest time in it and in all blocks before it: late events make the
// times go back a little, the youngest so far never does, so it can be searched.
type eventBlock struct {
	e       []trace.Event
	young   int64
	threads streamIndex // of a full block
}

// eventStore keeps the newest raw events. Their indices count from the first event of the run.
type eventStore struct {
	max    int
	blocks []*eventBlock
	first  int64 // index of the first event kept
	count  int64
	young  int64
}

func (s *eventStore) add(e *trace.Event) {
	if e.Time > s.young || s.count == 0 {
		s.young = e.Time
	}
	n := len(s.blocks)
	if n == 0 || len(s.blocks[n-1].e) == blockEvents {
		if n > 0 && (n-1)*blockEvents >= s.max {
			s.blocks = append(make([]*eventBlock, 0, n+8), s.blocks[1:]...)
			s.first += blockEvents
			n--
		}
		s.blocks = append(s.blocks, &eventBlock{e: make([]trace.Event, 0, blockEvents)})
		n++
	}
	b := s.blocks[n-1]
	b.e = append(b.e, *e)
	b.young = s.young
	s.count++
}

type eventView struct {
	blocks []*eventBlock
	tail   []trace.Event
	first  int64
	end    int64
}

func (s *eventStore) view() eventView {
	v := eventView{blocks: s.blocks, first: s.first, end: s.count}
	if n := len(s.blocks); n > 0 {
		v.tail = s.blocks[n-1].e
	}
	return v
}

func (v *eventView) events(i int) []trace.Event {
	if i == len(v.blocks)-1 {
		return v.tail
	}
	return v.blocks[i].e
}

// EventCount is how many events there were, kept or not.
func (s *Snapshot) EventCount() int64 { return s.events.end }

// EventRange gives the indices of the raw events that are kept: first <= i < end.
func (s *Snapshot) EventRange() (first, end int64) { return s.events.first, s.events.end }

// HeldEvents is the moment from which on raw events are kept: Begin until the oldest were forgotten; 0 when there are none.
func (s *Snapshot) HeldEvents() int64 {
	v := &s.events
	switch {
	case len(v.blocks) == 0:
		return 0
	case v.first == 0:
		return s.Begin
	}
	// The youngest event before is at most as young as the first that is kept, unless that came late.
	return max(s.Begin, v.events(0)[0].Time)
}

// Event is the raw event with the given index, if it is kept.
func (s *Snapshot) Event(i int64) (trace.Event, bool) {
	if i < s.events.first || i >= s.events.end {
		return trace.Event{}, false
	}
	i -= s.events.first
	return s.events.events(int(i / blockEvents))[i%blockEvents], true
}

// EventAt is the index of the first kept event at or after t; the end of the range when there is none.
func (s *Snapshot) EventAt(t int64) int64 {
	v := &s.events
	n := len(v.blocks)
	if n == 0 {
		return v.end
	}
	// The youngest of the last block may be changing; every other is settled.
	b := sort.Search(n-1, func(i int) bool { return v.blocks[i].young >= t })
	es := v.events(b)
	for i := range es {
		if es[i].Time >= t {
			return v.first + int64(b)*blockEvents + int64(i)
		}
	}
	return v.end
}

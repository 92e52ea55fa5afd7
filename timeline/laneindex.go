package timeline

import (
	"sync"

	"evviz/trace"
)

// laneIndex finds lanes by descriptor number. It is made when somebody asks for the first time, which most frames do not.
type laneIndex struct {
	once   sync.Once
	fds    map[int32][]*Lane // in order of beginning
	ids    map[int64]*Lane
	tables map[uint32]uint32 // of streams that are loops
}

func (s *Snapshot) index() *laneIndex {
	x := s.lanesBy
	x.once.Do(func() {
		x.fds = make(map[int32][]*Lane, len(s.Lanes))
		x.ids = make(map[int64]*Lane, len(s.Lanes))
		x.tables = make(map[uint32]uint32, len(s.Loops))
		for _, l := range s.Lanes {
			x.fds[l.FD] = append(x.fds[l.FD], l)
			x.ids[l.ID] = l
		}
		for _, l := range s.Loops {
			x.tables[l.Stream] = l.Table
		}
	})
	return x
}

// LaneOf is the lane that an event is about; nil when it is about none, or the lane is not kept, or not known. A number
// that was duplicated leads to its lane only where the event is a report.
func (s *Snapshot) LaneOf(i int64, e *trace.Event) *Lane {
	x := s.index()
	if e.Kind == trace.Ready || e.Kind == trace.Renotify {
		if n := s.notes.find(i); n != nil && n.lane != 0 {
			return x.ids[n.lane]
		}
	}
	spec := &trace.Specs[0]
	if e.Kind < trace.KindCount {
		spec = &trace.Specs[e.Kind]
	}
	// A client's descriptor is a number in another process.
	if e.FD < 0 || e.Kind == trace.Step || !spec.HasFD() {
		return nil
	}
	return x.at(e.Stream, e.FD, e.Start(), e.Time)
}

// at is the lane that a number meant for a stream between two moments; the youngest one, for the end of one lane and the
// beginning of the next may have one time.
func (x *laneIndex) at(stream uint32, fd int32, from, to int64) *Lane {
	table := x.tables[stream]
	list := x.fds[fd]
	for i := len(list) - 1; i >= 0; i-- {
		l := list[i]
		if l.Opened <= to && (l.Closed == 0 || l.Closed >= from) && (table == 0 || l.Table == 0 || l.Table == table) {
			return l
		}
	}
	return nil
}

package timeline

import "evviz/trace"

// Identity: which lane an event belongs to
//
// A source records raw numbers; only here do they become things. Thread events tie a stream to a process and a descriptor
// table; streams about which nothing is known share one table. In a table a number leads to a slot, a slot to a lane, and a
// lane is an open file description: dup and fork add numbers to it, and it ends when the last of them is closed. What was
// never seen to open begins unknown (Opened 0).
//
// The generation in an event, where it is not 0, is the source's hint. It tells an event about the slot's former lane, such
// as a late arrival, from one about the lane now: the former must not touch the latter.

const (
	denseFDs     = 1 << 16 // numbers below it are found by index; hostile ones above it by map
	denseStreams = 1 << 12
	maxOpenLanes = 1 << 16
)

// slot is one descriptor number of a table.
type slot struct {
	lane    *laneB
	hint    uint32 // the source's generation of lane; 0 not told yet
	cloexec bool
	former  *laneB // what the number meant before
	fhint   uint32
	uses    uint32 // generation of our own, counts lanes of this number
	gone    imposter
}

type table struct {
	id     uint32
	dense  []*slot
	sparse map[int32]*slot
	users  int // processes
	gaps   *gapList
}

// at finds the slot of a number, making it when asked to. It is nil for -1.
func (tb *table) at(fd int32, make_ bool) *slot {
	if fd < 0 {
		return nil
	}
	if fd < denseFDs {
		if int(fd) < len(tb.dense) {
			if s := tb.dense[fd]; s != nil || !make_ {
				return s
			}
		} else if !make_ {
			return nil
		}
		for int(fd) >= len(tb.dense) {
			tb.dense = append(tb.dense, make([]*slot, max(16, len(tb.dense)))...)
		}
		s := &slot{}
		tb.dense[fd] = s
		return s
	}
	s := tb.sparse[fd]
	if s == nil && make_ {
		if tb.sparse == nil {
			tb.sparse = map[int32]*slot{}
		}
		s = &slot{}
		tb.sparse[fd] = s
	}
	return s
}

// each visits every slot in order of number as far as they are dense.
func (tb *table) each(visit func(fd int32, s *slot)) {
	for fd, s := range tb.dense {
		if s != nil {
			visit(int32(fd), s)
		}
	}
	for _, fd := range sortedFDs(tb.sparse) {
		visit(fd, tb.sparse[fd])
	}
}

type process struct {
	pid   int64
	table *table
}

// stream is one producing thread.
type stream struct {
	id   uint32
	pid  int64
	tid  int64
	role uint32
	name string
	tb   *table
	loop *loopB
	inst instCache

	events   uint64
	last     int64 // time of its newest event
	inWait   bool
	inRing   bool // ... for completions
	waitFrom int64
	away     int64 // end of its newest rest, until the next begins
	dozing   bool  // it sleeps between asking
	wakeNo   uint32
	wakeUse  int  // reports of this wake that told something new
	called   bool // it made a system call
	anon     *instance
	inc      incidents
	watch    streamWatch
	split    splitter
	heading  bool
	head     Class                 // of its newest wakeup
	heads    [2][ClassCount]uint16 // reports of it by class: that told nothing new, and that did
}

// observed says that a thread is part of the watching, not of what is watched.
func (s *stream) observed() bool { return s.role == trace.RoleObserver || s.role == trace.RoleClient }

func (t *Timeline) stream(id uint32) *stream {
	if id < denseStreams {
		if int(id) < len(t.streams) {
			if s := t.streams[id]; s != nil {
				return s
			}
		}
		for int(id) >= len(t.streams) {
			t.streams = append(t.streams, make([]*stream, max(16, len(t.streams)))...)
		}
		s := &stream{id: id, tb: t.common}
		t.streams[id] = s
		return s
	}
	s := t.manyStreams[id]
	if s == nil {
		s = &stream{id: id, tb: t.common}
		t.manyStreams[id] = s
	}
	return s
}

func (t *Timeline) newTable(id uint32) *table {
	tb := &table{id: id, gaps: &gapList{}}
	if id != 0 {
		t.tables[id] = tb
	}
	return tb
}

// thread ties a stream to its process and table.
func (t *Timeline) thread(s *stream, e *trace.Event) {
	s.pid, s.tid, s.role = e.A, e.B, e.Mask&0xff
	if n := t.names.now(e.Stream, e.Aux); n != "" {
		s.name = n
	}
	id := e.Gen
	if id == 0 {
		id = uint32(e.A)
	}
	tb := t.tables[id]
	if tb == nil {
		if p := t.procs[e.A]; p != nil && e.Gen == 0 {
			tb = p.table
		} else if t.common.id == 0 && id != 0 && s.role != trace.RoleClient {
			// The first process that is named is the one that the unnamed streams belong to.
			tb = t.common
			tb.id = id
			t.tables[id] = tb
		} else {
			tb = t.newTable(id)
		}
	}
	if p := t.procs[e.A]; p == nil {
		t.procs[e.A] = &process{e.A, tb}
		tb.users++
	} else if e.Gen != 0 && p.table != tb {
		p.table.users--
		p.table = tb
		tb.users++
	}
	s.tb = tb
	s.inst = instCache{}
	if s.role == trace.RoleLoop {
		t.loopOf(s)
	}
	if s.loop != nil {
		s.loop.named(s)
	}
}

const (
	cloneFiles  = 0x400
	cloneThread = 0x10000
)

// fork copies the descriptor table, so every lane in it gets another number; a thread or a child with CLONE_FILES shares.
func (t *Timeline) fork(s *stream, e *trace.Event) {
	if e.Errno != 0 || e.Mask&cloneThread != 0 || e.A <= 0 {
		return
	}
	if e.Mask&cloneFiles != 0 {
		t.procs[e.A] = &process{e.A, s.tb}
		s.tb.users++
		return
	}
	if t.tables[uint32(e.A)] != nil {
		return // the child spoke first
	}
	t.procs[e.A] = &process{e.A, t.copyTable(s.tb, uint32(e.A))}
}

// copyTable gives every lane of a table another number.
func (t *Timeline) copyTable(of *table, id uint32) *table {
	tb := t.newTable(id)
	tb.users = 1
	of.each(func(fd int32, from *slot) {
		if from.lane == nil {
			return
		}
		to := tb.at(fd, true)
		to.lane, to.hint, to.cloexec, to.uses = from.lane, from.hint, from.cloexec, 1
		from.lane.refs++
	})
	return tb
}

// exec closes what is marked CLOEXEC. A table shared with another process is copied first.
func (t *Timeline) exec(s *stream, e *trace.Event) {
	if e.Errno != 0 {
		return
	}
	if p := t.procs[e.A]; p != nil && p.table == s.tb && s.tb.users > 1 {
		s.tb.users--
		s.tb = t.copyTable(s.tb, uint32(e.A))
		p.table, s.inst = s.tb, instCache{}
	}
	s.tb.each(func(fd int32, sl *slot) {
		if sl.lane != nil && sl.cloexec {
			t.release(s.tb, sl, fd, e.Time, trace.CloseUnknown)
		}
	})
}

// exit gives back all descriptors of a process when the last user of its table has gone.
func (t *Timeline) exit(s *stream, e *trace.Event) {
	if e.B != 0 && e.B != e.A {
		if s.loop != nil && s.tid == e.B {
			s.loop.ended(e.Time)
		}
		return
	}
	if s.loop != nil && s.pid == e.A {
		s.loop.ended(e.Time)
	}
	p := t.procs[e.A]
	if p == nil {
		return
	}
	delete(t.procs, e.A)
	if p.table.users--; p.table.users > 0 {
		return
	}
	p.table.each(func(fd int32, sl *slot) {
		if sl.lane != nil {
			t.release(p.table, sl, fd, e.Time, trace.CloseShutdown)
		}
	})
}

// find is the lane that an event about fd means; nil when there is none and make_ is false, when the number is -1, or
// when the event is about a generation that is gone. old says that the lane is not what the number means now.
func (t *Timeline) find(s *stream, e *trace.Event, make_ bool) (l *laneB, old bool) {
	tb := s.tb
	var sl *slot
	if uint32(e.FD) < uint32(len(tb.dense)) {
		sl = tb.dense[e.FD]
	}
	if sl == nil {
		if e.FD < 0 {
			return nil, false
		}
		if sl = tb.at(e.FD, make_); sl == nil {
			return nil, false
		}
	}
	if g := e.Gen; g != 0 && g != sl.hint {
		switch {
		case sl.hint == 0 && sl.lane != nil && !(sl.former != nil && sl.fhint != 0 && int32(g-sl.fhint) <= 0):
			sl.hint = g
		case sl.former != nil && sl.fhint == g:
			return sl.former, true
		case sl.hint != 0 && int32(g-sl.hint) < 0, sl.hint == 0 && sl.former != nil && sl.fhint != 0 && int32(g-sl.fhint) < 0:
			return nil, true // older than anything that is remembered
		default:
			// Younger than what we know: its Open, and the Close before it, did not reach us (yet).
			if !make_ {
				return nil, false
			}
			if sl.lane != nil {
				t.release(tb, sl, e.FD, e.Time, trace.CloseUnknown)
			}
			sl.hint = g
		}
	}
	if sl.lane == nil && make_ && t.room() {
		t.fill(tb, sl, e.FD, t.newLane(tb, e.FD))
		if e.Gen != 0 {
			sl.hint = e.Gen
		}
	}
	return sl.lane, false
}

// room says whether one more lane may be kept. A stream of events that opens without end must not take all memory.
func (t *Timeline) room() bool {
	if len(t.lanes)-len(t.closed) < maxOpenLanes {
		return true
	}
	t.stats.LanesForgotten++
	return false
}

// fill puts a lane into an empty slot.
func (t *Timeline) fill(tb *table, sl *slot, fd int32, l *laneB) {
	sl.lane, sl.cloexec = l, false
	sl.hint = 0
	sl.uses++
	l.refs++
	l.watch.imposter, sl.gone = sl.gone, imposter{}
	if l.pub.Gen == 0 {
		l.pub.Gen = sl.uses
	}
}

// release takes a number back. The lane ends with its last number; otherwise registrations made under this number stay in
// the kernel and are stale from here on.
func (t *Timeline) release(tb *table, sl *slot, fd int32, at int64, why uint32) {
	l := sl.lane
	sl.former, sl.fhint = l, sl.hint
	sl.lane, sl.hint, sl.cloexec = nil, 0, false
	if l == nil {
		return
	}
	l.refs--
	t.touch(l)
	if l.refs > 0 {
		for _, r := range l.regs {
			if r.fd == fd && r.tb == tb {
				r.stale = true
			}
		}
		return
	}
	t.endLane(l, at, why)
}

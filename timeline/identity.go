package timeline

import (
	"slices"

	"evviz/trace"
	"evviz/world"
)

// Identity: which lane an event belongs to
//
// Who is who is package world's. A lane is an open file description (world.File), a registration of the ledger one of world's, and
// each carries what the timeline knows of it. What the world ends besides what an event is about it tells the methods of watching.

// stream is one producing thread.
type stream struct {
	who  *world.Thread
	id   uint32
	loop *loopB

	events   uint64
	recent   []trace.Event // that a Repeat may be about
	last     int64         // time of its newest event
	inWait   bool
	inRing   bool      // ... for completions
	waitOn   *instance // ... on this
	waitFrom int64
	away     int64 // end of its newest rest, until the next begins
	dozing   bool  // it sleeps between asking
	wakeNo   uint32
	wakeUse  int  // reports of this wake that told something new
	called   bool // it made a system call
	calls    threadCalls
	inc      incidents
	watch    streamWatch
	look     *threadLook // nil: nobody looks
	half     halfPair
	split    splitter
	heading  bool
	head     Class                 // of its newest wakeup
	headOf   int64                 // wakeups that it stands for
	inside   trace.Event           // of a call that has begun and not come back,
	isIn     bool                  // ... if there is one
	made     int64                 // events otherwise
	wanted   bool                  // a finding may be about it, so it has a lane
	batch    []*reg                // that it was told of in its newest wakeup, the first few
	guesses  []*reg                // that it was told of in this wakeup, and whose numbers are not certain
	heads    [2][ClassCount]uint16 // reports of it by class: that told nothing new, and that did
}

// observed says that a thread is part of the watching, not of what is watched.
func (s *stream) observed() bool { return s.who.Watching() }

func (t *Timeline) stream(id uint32) *stream {
	th := t.who.Thread(id)
	s, ok := th.User.(*stream)
	if !ok {
		s = &stream{who: th, id: id, headOf: 1}
		th.User = s
	}
	if id < denseStreams {
		for int(id) >= len(t.streams) {
			t.streams = append(t.streams, make([]*stream, max(16, len(t.streams)))...)
		}
		t.streams[id] = s
	}
	return s
}

// denseStreams bounds the list of streams that are found by their number.
const denseStreams = 1 << 12

// text makes the timeline's names known to the world.
type text struct{ t *Timeline }

// Text implements world.Namer.
func (x text) Text(stream, id uint32) string { return x.t.names.now(stream, id) }

// thread ties a stream to its process and table.
func (t *Timeline) thread(s *stream, e *trace.Event) {
	t.who.Introduce(s.who, e)
	if s.who.Role == trace.RoleLoop {
		t.loopOf(s)
	}
	if s.loop != nil {
		s.loop.named(s)
	}
}

// exit ends the loops of threads that have ended. A parent may tell of its child's end.
func (t *Timeline) exit(s *stream, e *trace.Event) {
	t.who.Exit(s.who, e)
	if t.looks && e.B == 0 {
		for _, l := range t.lanes.all {
			l.exitedLook(s.who.Table.ID)
		}
	}
	for _, lp := range t.loops {
		if lp.s.who.Ended() && lp.pub.Ended == 0 {
			lp.ended(e.Time)
			if in := lp.s.waitOn; lp.s.inWait && in != nil {
				lp.s.inWait = false
				in.watch.waiting = max(in.watch.waiting-1, 0)
			}
		}
	}
}

// hasTable learns of a descriptor table. With the second one all lanes begin to say whose they are.
func (ls *laneSet) hasTable(id uint32) {
	switch {
	case id == 0 || ls.several || id == ls.table:
	case ls.table == 0:
		ls.table = id
	default:
		ls.several, ls.allDirty = true, true
	}
}

// gapsOf are the losses of a table.
func gapsOf(tb *world.Table) *gapList {
	g, ok := tb.User.(*gapList)
	if !ok {
		g = &gapList{}
		tb.User = g
	}
	return g
}

// find is the lane that an event about fd means; nil when there is none and make is false, when the number is -1, or when the event is
// about a generation that is gone. old says that the lane is not what the number means now.
func (ls *laneSet) find(s *stream, e *trace.Event, make bool) (l *laneB, old bool) {
	f, old := ls.who.Find(s.who, e, make)
	if f == nil {
		return nil, old
	}
	return ls.laneOf(f), old
}

// laneOf is a file's lane.
func (ls *laneSet) laneOf(f *world.File) *laneB {
	if l, ok := f.User.(*laneB); ok {
		return l
	}
	return ls.newLane(f)
}

// instOf is what the ledger knows of an instance.
func (ls *laneSet) instOf(of *world.Instance) *instance {
	if in, ok := of.User.(*instance); ok {
		return in
	}
	in := &instance{who: of}
	if of.File != nil {
		in.lane = ls.laneOf(of.File)
		in.lane.inst = in
		ls.setType(in.lane, of.File.Type)
	}
	of.User = in
	return in
}

// regOf is what the ledger knows of a registration.
func (ls *laneSet) regOf(of *world.Registration) *reg {
	if r, ok := of.User.(*reg); ok {
		return r
	}
	r := &reg{Registration: of, inst: ls.instOf(of.Inst), lane: ls.laneOf(of.File)}
	of.User = r
	r.lane.regs = append(r.lane.regs, r)
	r.listens()
	ls.touch(r.lane)
	return r
}

// instance finds what an InstanceID of a stream means.
func (ls *laneSet) instance(s *stream, id uint32) *instance {
	return ls.instOf(ls.who.Instance(s.who, id, s.last))
}

// watching is the timeline as the world sees it.
type watching struct{ t *Timeline }

// Numbered implements world.Watcher.
func (w watching) Numbered(f *world.File) { w.t.lanes.touch(w.t.lanes.laneOf(f)) }

// Ending implements world.Watcher.
func (w watching) Ending(f *world.File, at int64, why uint32) {
	if l := w.t.lanes.laneOf(f); f.Nameless() && l.absorbed {
		w.t.lanes.vanish(l)
		return
	}
	l := w.t.lanes.laneOf(f)
	switch w.t.folds {
	case trace.Open, trace.State, trace.Accept, trace.Instance:
		w.t.ledger.replaced(l)
	}
	w.t.lanes.endLane(l, at, why)
}

// Unregistering implements world.Watcher.
func (w watching) Unregistering(of *world.Registration, at int64) {
	w.t.ledger.settle(w.t.lanes.regOf(of), outNone, at)
}

// Bound implements world.Watcher.
func (w watching) Bound(of *world.Registration, was *world.File, at int64) {
	r, ls := w.t.lanes.regOf(of), &w.t.lanes
	from, to := r.lane, ls.laneOf(of.File)
	from.regs = slices.DeleteFunc(from.regs, func(o *reg) bool { return o == r })
	to.regs = append(to.regs, r)
	r.lane = to
	ls.absorb(to, from, at)
	from.absorbed = true
	to.setTrigger(at, from.pub.Trigger)
}

// Unregistered implements world.Watcher.
func (w watching) Unregistered(of *world.Registration, at int64) {
	r := w.t.lanes.regOf(of)
	r.lane.unregisteredLook(r)
	w.t.ledger.unregistered(r, at)
}

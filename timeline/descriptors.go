package timeline

import (
	"evviz/trace"
	"evviz/world"
)

// open handles a new descriptor. Accept, Instance and Dup may have told of it before, so it fills in what they left open.
func (t *Timeline) open(s *stream, e *trace.Event) {
	f, told := t.who.Open(s.who, e)
	if told == world.ToldNothing {
		return
	}
	l := t.lanes.laneOf(f)
	if told == world.ToldAgain {
		t.lanes.describe(l)
		return
	}
	if l.pub.Opened == 0 {
		l.pub.Opened = e.Time
		t.stats.Opens++
		if f.Origin == trace.OriginAccept {
			t.stats.Connections++
		}
		t.lanes.note(s, l, e.Time, MarkOpen, 0)
	}
	t.lanes.describe(l)
	l.watch.origin = f.Origin
	l.pairs(s, e)
	if f.Origin == trace.OriginAccept {
		l.watch.connected = true
	}
	l.watch.flags(e.Mask)
}

// describe takes over what the world knows of a lane's file.
func (ls *laneSet) describe(l *laneB) {
	ls.setType(l, l.file.Type)
	if n := l.file.Local.Text; n != "" {
		l.pub.Local = n
	}
	ls.setPeer(l, l.file.Peer.Text)
	ls.addressed(l)
	ls.touch(l)
}

// dup gives a lane a second number. The number may have meant something else, which dup2 closes silently.
func (t *Timeline) dup(s *stream, e *trace.Event) {
	f := t.who.Dup(s.who, e)
	if f == nil {
		return
	}
	l := t.lanes.laneOf(f)
	t.lanes.inherit(l, s.who.Table.At(int32(e.A)))
	t.lanes.note(s, l, e.Time, MarkOther, 0)
}

// closeFD handles a number that was given back. Linux closes it even when close was interrupted.
func (t *Timeline) closeFD(s *stream, e *trace.Event) {
	if w := &s.watch; w.shedding != 0 && w.shedding == e.FD {
		if l, old := t.lanes.find(s, e, false); l != nil && !old && l.pub.Stats.BytesIn == 0 {
			t.watch.happened(s, w.shedOf, IncShed, e.Time, 0, true)
		}
		w.shedding, w.shedOf = 0, nil
	}
	n := t.who.Closing(s.who, e)
	if n == nil {
		return
	}
	l := t.lanes.laneOf(n.File)
	if n.File.Refs > 1 {
		l.closedLook(Holder{s.who.Table.ID, e.FD})
	}
	if l.file.Refs > 1 {
		t.lanes.note(s, l, e.Time, MarkOther, 0)
	} else {
		t.lanes.count(s, e.Time, uint8(MarkClose), 0)
		l.watch.toucher = s
		l.gone = stolen(s, l)
	}
	t.who.Release(n, e.Time, uint32(trace.CloseOf(e).Why()))
}

// fdFlags follows O_NONBLOCK.
func (t *Timeline) fdFlags(s *stream, e *trace.Event) {
	t.stats.FlagCalls++
	if f := t.who.Flags(s.who, e); f != nil {
		t.lanes.laneOf(f).watch.flags(e.Mask)
	}
}

// listen makes a lane a listener.
func (t *Timeline) listen(s *stream, e *trace.Event) {
	if f := t.who.Listen(s.who, e); f != nil {
		t.lanes.describe(t.lanes.laneOf(f))
	}
}

func (t *Timeline) connect(s *stream, e *trace.Event) {
	f := t.who.Connect(s.who, e)
	if f == nil {
		return
	}
	l := t.lanes.laneOf(f)
	l.watch.imposter = imposter{} // it is set up by who has just made it: no old event leads here
	t.watch.touchedBy(s, l, e.Time)
	l.watch.connected = true
	t.lanes.describe(l)
	t.lanes.note(s, l, e.Time, MarkConnect, 0)
}

// newInstance handles epoll_create; Open may have told of the descriptor before.
func (t *Timeline) newInstance(s *stream, e *trace.Event) {
	f, fresh := t.who.NewInstance(s.who, e)
	if f == nil {
		return
	}
	l := t.lanes.laneOf(f)
	if fresh {
		l.pub.Opened = e.Time
		t.stats.Opens++
		t.lanes.note(s, l, e.Time, MarkOpen, 0)
	}
	t.lanes.setType(l, trace.TypeEpoll)
	t.watch.usesInstance(s, t.lanes.instOf(f.Instance), e.Time)
}

// state takes a re-statement: what is new in it begins with an unknown past, what is known stays as it is.
func (t *Timeline) state(s *stream, e *trace.Event) {
	f, of, changed := t.who.State(s.who, e)
	if f == nil {
		return
	}
	l := t.lanes.laneOf(f)
	if trace.StateOf(e).What() == trace.StateDescriptor {
		if e.Mask&oNonblock != 0 {
			l.watch.nonblock = Yes
		}
		l.watch.connected = l.watch.connected || f.Peer.Text != ""
		t.lanes.describe(l)
		t.lookedFile(s, l, e)
		return
	}
	if of == nil {
		return
	}
	switch r := t.lanes.regOf(of); {
	case changed && of.Known:
		t.ledger.interested(r, e.Time)
	case changed:
		r.presumed()
	}
	t.lookedReg(l, t.lanes.regOf(of), e)
}

// inherit lets a lane that has just got a number know whom that belonged to: a report may still wait for the former.
func (ls *laneSet) inherit(l *laneB, n *world.Number) {
	if n == nil || n.Former == nil {
		return
	}
	if was, ok := n.Former.User.(*laneB); ok && was.gone != (imposter{}) {
		l.watch.imposter, was.gone = was.gone, imposter{}
	}
}

package timeline

import "evviz/trace"

// open handles a new descriptor. Accept, Instance and Dup may have told of it before, so it fills in what they left open.
func (t *Timeline) open(s *stream, e *trace.Event) {
	if e.Errno != 0 || e.FD < 0 {
		return
	}
	sl := s.tb.at(e.FD, true)
	l := sl.lane
	typ, from := e.Aux&0xff, e.Aux>>8&0xff
	if l != nil {
		same := e.Gen != 0 && e.Gen == sl.hint
		switch {
		case l.byDup && from == trace.OriginDup:
			l.byDup = false
			return
		case !l.openSeen && (same || l.byAccept && from == trace.OriginAccept || l.instSeen && typ == trace.TypeEpoll):
		case same:
			t.describe(s, l, e, typ)
			return
		default:
			t.release(s.tb, sl, e.FD, e.Time, trace.CloseUnknown)
			l = nil
		}
	}
	if l == nil {
		if !t.room() {
			return
		}
		l = t.newLane(s.tb, e.FD)
		t.fill(s.tb, sl, e.FD, l)
	}
	if e.Gen != 0 {
		sl.hint = e.Gen
	}
	sl.cloexec = e.Mask&oCloexec != 0
	l.openSeen = true
	if l.pub.Opened == 0 {
		l.pub.Opened = e.Time
		t.stats.Opens++
		if from == trace.OriginAccept {
			t.stats.Connections++
		}
		t.note(s, l, e.Time, MarkOpen, 0)
	}
	t.describe(s, l, e, typ)
	l.watch.origin = from
	if from == trace.OriginAccept {
		l.watch.connected = true
	}
	l.watch.flags(e.Mask)
}

func (t *Timeline) describe(s *stream, l *laneB, e *trace.Event, typ uint32) {
	t.setType(l, typ)
	if n := t.names.now(s.id, uint32(e.B)); n != "" {
		l.pub.Local = n
	}
	t.setPeer(l, t.names.now(s.id, uint32(e.A)))
	t.touch(l)
}

// dup gives a lane a second number. The number may have meant something else, which dup2 closes silently.
func (t *Timeline) dup(s *stream, e *trace.Event) {
	if e.Errno != 0 || e.A < 0 || e.A > 1<<31-1 || int32(e.A) == e.FD {
		return
	}
	l, old := t.find(s, e, true)
	if l == nil || old {
		return
	}
	fd := int32(e.A)
	sl := s.tb.at(fd, true)
	if sl.lane == l {
		return
	}
	if sl.lane != nil {
		t.release(s.tb, sl, fd, e.Time, trace.CloseUnknown)
	}
	t.fill(s.tb, sl, fd, l)
	sl.cloexec = e.Mask&oCloexec != 0
	l.byDup = true
	t.note(s, l, e.Time, MarkOther, 0)
}

// closeFD handles a number that was given back. Linux closes it even when close was interrupted.
func (t *Timeline) closeFD(s *stream, e *trace.Event) {
	if e.Errno == eBADF {
		return
	}
	l, old := t.find(s, e, false)
	if l == nil || old {
		return
	}
	sl := s.tb.at(e.FD, false)
	if l.refs > 1 {
		t.note(s, l, e.Time, MarkOther, 0)
	} else {
		t.count(s, e.Time, uint8(MarkClose), 0)
	}
	if l.refs == 1 {
		l.watch.toucher = s
		sl.gone = stolen(s, l)
	}
	t.release(s.tb, sl, e.FD, e.Time, e.Aux&0xff)
}

// fdFlags follows CLOEXEC, which decides what an exec closes.
func (t *Timeline) fdFlags(s *stream, e *trace.Event) {
	if e.Errno != 0 {
		return
	}
	if l, old := t.find(s, e, true); l != nil && !old {
		if sl := s.tb.at(e.FD, false); sl != nil {
			sl.cloexec = e.Mask&oCloexec != 0
		}
		l.watch.flags(e.Mask)
	}
}

// listen makes a lane a listener.
func (t *Timeline) listen(s *stream, e *trace.Event) {
	if e.Errno != 0 {
		return
	}
	if l, old := t.find(s, e, true); l != nil && !old {
		t.setType(l, trace.TypeListener)
		if n := t.names.now(s.id, e.Aux); n != "" {
			l.pub.Local = n
		}
	}
}

func (t *Timeline) connect(s *stream, e *trace.Event) {
	l, old := t.find(s, e, e.Errno != eBADF)
	if l == nil || old {
		return
	}
	t.touchedBy(s, l, e.Time)
	l.watch.connected = true
	if l.pub.Type == trace.TypeUnknown {
		t.setType(l, trace.TypeStream)
	}
	t.setPeer(l, t.names.now(s.id, e.Aux))
	if n := t.names.now(s.id, uint32(e.B)); n != "" {
		l.pub.Local = n
	}
	t.note(s, l, e.Time, MarkConnect, 0)
}

// newInstance handles epoll_create; Open may have told of the descriptor before.
func (t *Timeline) newInstance(s *stream, e *trace.Event) {
	if e.Errno != 0 || e.FD < 0 {
		return
	}
	sl := s.tb.at(e.FD, true)
	l := sl.lane
	if l != nil && (l.instSeen || l.pub.Kind != KindEpoll) {
		t.release(s.tb, sl, e.FD, e.Time, trace.CloseUnknown)
		l = nil
	}
	if l == nil {
		if !t.room() {
			return
		}
		l = t.newLane(s.tb, e.FD)
		t.fill(s.tb, sl, e.FD, l)
		l.pub.Opened = e.Time
		t.stats.Opens++
		t.note(s, l, e.Time, MarkOpen, 0)
	}
	if e.Gen != 0 {
		sl.hint = e.Gen
	}
	sl.cloexec = e.Mask&oCloexec != 0
	l.instSeen = true
	t.setType(l, trace.TypeEpoll)
	if l.inst == nil {
		l.inst = &instance{lane: l}
	}
	t.usesInstance(s, l.inst, e.Time)
	s.inst = instCache{}
}

// state takes a re-statement: what is new in it begins with an unknown past, what is known stays as it is.
func (t *Timeline) state(s *stream, e *trace.Event) {
	switch e.Aux & 0xff {
	case trace.StateDescriptor:
		if e.FD < 0 {
			return
		}
		typ := e.Aux >> 8 & 0xff
		peer := t.names.now(s.id, uint32(e.A))
		sl := s.tb.at(e.FD, true)
		if l := sl.lane; l != nil && e.Gen == 0 {
			other := typ != 0 && l.pub.Type != 0 && l.pub.Type != typ
			if other || peer != "" && l.pub.Peer != "" && l.pub.Peer != peer {
				t.release(s.tb, sl, e.FD, e.Time, trace.CloseUnknown)
			}
		}
		l, old := t.find(s, e, true)
		if l == nil || old {
			return
		}
		sl.cloexec = e.Mask&oCloexec != 0
		if e.Mask&oNonblock != 0 {
			l.watch.nonblock = Yes
		}
		l.watch.connected = l.watch.connected || peer != ""
		if l.pub.Type == trace.TypeUnknown {
			t.setType(l, typ)
		}
		if n := t.names.now(s.id, uint32(e.B)); n != "" {
			l.pub.Local = n
		}
		t.setPeer(l, peer)
	case trace.StateRegistration:
		l, old := t.find(s, e, true)
		if l == nil || old {
			return
		}
		in := t.instance(s, e.Inst)
		r := in.reg(e.FD)
		if r != nil && (r.lane != l || r.stale) {
			t.unregister(r, e.Time)
			r = nil
		}
		if r == nil {
			r = t.register(in, l, s.tb, e.FD)
		} else if r.known && r.mask == e.Mask && r.data == uint64(e.A) {
			return
		}
		t.setInterest(r, e.Mask, uint64(e.A), e.Time)
	}
}

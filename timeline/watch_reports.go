package timeline

import "evviz/trace"

// delivered is called with a report before it is judged.
func (wt *watcher) delivered(s *stream, in *instance, r *reg, e *trace.Event, p *report, news bool) {
	l, w := r.lane, &r.watch
	in.stats.Reports += wt.w.times
	s.watch.reports++
	s.watch.ticks.heard(l)
	p.glance = s.watch.glance
	if w.told == 0 {
		w.first = in.stats.Waits
	}
	w.told += wt.w.times
	if r.trigger == trace.TriggerEdge || l.takenUnseen() {
		s.watch.progress.moved = true // it tells of something new each time, or what it tells of is taken without a call
	}
	p.every = w.told > in.stats.Waits-w.first
	p.at, p.from, p.before, p.level = e.Time, s.waitFrom, r.last, r.level()
	if w.pid != 0 && s.who.PID != 0 && w.pid != s.who.PID && in.lane != nil && in.watch.npids > 1 {
		wt.inRow(s, in.lane, &in.lane.watch.row, IncShared, e.Time, w.pid, true)
	}

	// Threads that wait on one instance are told of the same thing each. Only when one of them is told twice it is told again.
	if r.drain != DrainUntouched || news || r.rearmed || !r.level() || in.set() {
		w.nseen = 0
	}
	known := false
	for _, o := range w.seen[:w.nseen] {
		known = known || o == s
	}
	if !known {
		p.herd = w.nseen > 0
		if w.nseen < len(w.seen) {
			w.seen[w.nseen] = s
			w.nseen++
		}
	} else {
		w.seen[0], w.nseen = s, 1
	}

	if before := &r.rep; before.s != nil && before.s != s && before.s.wakeNo == before.wakeNo && !before.s.inWait &&
		l.watch.toucher == before.s && l.watch.touchedAt >= before.at && l.pub.Kind == KindConn && r.Mask&^(bitErr|bitHup) != demandMask {
		l.watch.overlap = overlap{a: before.s, b: s, rests: before.s.watch.rests}
	}

	quick := s.watch.wokeAt-s.waitFrom < wt.quick()
	waited := quick || l.arrival != 0 && l.arrival < s.waitFrom // it was ready before the wait began
	if s.watch.afterFull && waited && w.waitNo != in.watch.waitNo-1 {
		in.stats.FullLeft += wt.w.times
		s.watch.afterFull = false
	}
	w.waitNo = in.watch.waitNo

	w.oneOnly = l.pub.Kind == KindListener && r.trigger == trace.TriggerLevel && r.drain == DrainMaybe && l.watch.accepts == 1 && quick
	l.watch.accepts, l.watch.starved = 0, false
	l.watch.reportedAt = e.Time
	w.asked = false
	l.watch.ends(IncDeaf, e.Time)
	if e.Mask&(bitRdHup|bitHup) != 0 && l.watch.eofAt == 0 && (l.pub.Kind == KindConn || e.Mask&bitRdHup != 0) && (l.watch.connected || l.watch.origin != trace.OriginSocket) {
		l.watch.eofAt, l.watch.eofBy = e.Time, true // whatever is read, the end of file stays behind it
	}
	switch {
	case e.Mask&bitHup != 0 && !l.watch.connected && l.watch.origin == trace.OriginSocket && l.pub.Type == trace.TypeStream:
		wt.inRow(s, l, &l.watch.got, IncUnconnected, e.Time, 0, true)
	case e.Mask&bitNval != 0:
		wt.inRow(s, l, &l.watch.got, IncInvalid, e.Time, 0, true)
	default:
		l.watch.got = nil
	}
	if h := &s.watch.hog; h.suspect != nil {
		if quick && l != h.suspect && r.drain != DrainUntouched && (l.arrival == 0 || l.arrival < h.ended) {
			wt.hogged(s, h.suspect, e.Time, h.reads, 0, false)
		}
		h.suspect = nil
	}
	if l.arrival != 0 && !r.rearmed {
		s.splitArrived(l.arrival, s.watch.wokeAt)
	}
	if l.arrival != 0 && l.arrival >= s.waitFrom && !r.rearmed && e.Time-l.arrival > observerLate {
		wt.wasLate(s, e.Time, e.Time-l.arrival)
	}
}

// servedUnseen says of a level-triggered registration that was not touched as far as is seen that it was nevertheless: a wait
// with room to spare came back without it, and it would have been in there. A trace that was filtered, or a program whose
// other threads or whose ring do the reading, looks so.
func (wt *watcher) servedUnseen(in *instance, r *reg) bool {
	return r.level() && r.drain == DrainUntouched && wt.passedOver(in, r)
}

// passedOver says that a wait with room to spare came back without a registration, since it was reported last or armed anew: what lasts, or
// waited when it was armed, would have been in there. Of an instance on which several threads wait the order of waits is not known.
func (wt *watcher) passedOver(in *instance, r *reg) bool {
	return !wt.exact && !in.set() && !in.watch.many && in.watch.npids < 2 && in.watch.roomy > r.watch.roomy
}

// seenBy notes which waits of the instance cannot tell any more, or not yet: those that have ended by now.
func (w *regWatch) seenBy(in *instance) {
	w.roomy = in.watch.roomy
	if !in.watch.full {
		w.roomy++ // the newest one
	}
}

const bitNval = 0x20

// reportSettled is called when a report's class is final.
func (wt *watcher) reportSettled(r *reg, out outcome, at int64) {
	p, l := &r.rep, r.lane
	if out != outNone && l.watch.toucher == p.s && p.s.wakeNo == p.wakeNo && p.s.watch.reports > 1 {
		p.s.split.queued = max(p.s.split.queued, at)
		if lag := at - p.s.watch.wokeAt - wt.stretch(p.s.watch.away.made); lag >= wt.limits.Behind {
			wt.wasBehind(p.s, l, at, lag)
		}
	}
	if r.watch.oneOnly {
		r.watch.oneOnly = false
		if out == outData {
			wt.happened(p.s, l, IncOneAccept, p.at, 0, true)
		}
	}
	k := IncidentCount
	sure := wt.exact || l.pub.Kind != KindConn && r.trigger != trace.TriggerNone
	v := int64(0)
	switch p.class {
	case ClassStale:
		k, sure, v = IncStale, true, int64(r.FD)
		if p.first == outErr {
			wt.incident(&l.watch.inc, IncStale, "").pub.Proved++ // a call on the number said EBADF
		}
	case ClassRearmed:
		if p.prev == DrainUntouched && !wt.exact {
			k, sure = IncRearmed, true
		}
	case ClassNothing:
		if l.pub.Kind == KindListener && p.mask&^bitOut != 0 && !wt.exact {
			k, sure = IncNobody, true
		}
	case ClassHerd:
		k, sure = IncHerd, p.first == outAgain || wt.exact
	case ClassUntouched:
		shared := p.mask & p.before
		switch {
		case shared&bitNval != 0: // was counted when it came
		case shared&(bitErr|bitHup|bitRdHup) != 0:
			k, sure = IncHangup, true
		case shared&bitsIn != 0 && l.pub.Kind == KindWake && p.glance && r.inst.watch.many:
			// Go's netpoll leaves the eventfd to the thread that waits in earnest, when it only looks (runtime/netpoll_epoll.go).
			l.watch.row = nil
			return
		case shared&bitsIn != 0:
			k, sure = IncUntouched, r.trigger != trace.TriggerNone
		case shared&bitOut != 0:
			k, sure = IncWritable, true
		}
	case ClassEOF:
		if p.prev == DrainEOF {
			k, sure = IncEOF, true
		}
	case ClassError:
		if p.prev == DrainError {
			k, sure = IncHangup, true
		}
	case ClassExhausted:
		if p.prev == DrainExhausted {
			k, sure = IncExhausted, true
		}
	case ClassLeftover:
		k, v = IncLeftover, l.pub.LastRead.Result
		sure = wt.exact || p.why == trace.RenotifyLeftover
	}
	switch {
	case k == IncidentCount:
		l.watch.row = nil
	case r.level() || k == IncStale || k == IncHerd || k == IncRearmed:
		wt.inRow(p.s, l, &l.watch.row, k, p.at, max(v, 0), sure)
		x := &l.watch.row.pub
		x.Waits = r.inst.stats.Waits
		x.Every, x.Naps = p.every, p.s.watch.naps
	}
}

// wasBehind notes a report that waited for others of its batch. It is told apart whether a call explains that.
func (wt *watcher) wasBehind(s *stream, l *laneB, at, lag int64) {
	call, _ := wt.blame(s, &s.watch.away, at, lag)
	switch {
	case Stopped(call): // by whoever sent the signal, and not by a handler
		return
	case !wt.exact && call == "futex": // a lock that another thread holds, which may have no CPU
	case wt.exact && call == "": // a handler that computes, or a thread that had no CPU
		call = Unexplained
	case wt.exact || call != "" && call != Scattered:
		call = ""
	case call == "":
		if call = s.watch.cpu.computed(s.watch.wokeAt, at); call == "" || call == ComputingProcess {
			call = Unexplained
		}
	}
	wt.incident(&l.watch.inc, IncBehind, call).happened(s, at, lag, true, true)
	wt.lanes.touch(l)
}

// inCharge says whether what a report was about is up to whoever got it. Where another instance watches the same thing too,
// it is up to the thread that acts on it.
func (r *reg) inCharge() bool {
	for _, o := range r.lane.regs {
		if o.inst != r.inst {
			return r.lane.watch.toucher == r.rep.s
		}
	}
	return true
}

// waited says whether a wait has ended since the question was asked first.
func (w *regWatch) waited(in *instance) bool {
	if !w.asked {
		w.asked, w.ended = true, in.watch.ended
		return false
	}
	return in.watch.ended > w.ended
}

// leftBehind is called when data was left that nobody will be told of.
func (wt *watcher) leftBehind(r *reg, at int64) {
	if r.drain == DrainExhausted {
		return // IncDeaf
	}
	if r.Mask&^(bitErr|bitHup) == demandMask && (r.lane.ledger <= 0 || !wt.exact) {
		r.lane.watch.demand = true
	}
	k := IncStranded
	if r.trigger == trace.TriggerOneshot && !r.armed {
		k = IncDisarmed
	}
	wt.begins(r.rep.s, r.lane, k, at, r.lane.ledger > 0 || r.lane.pub.Kind == KindTimer)
}

// demandMask is how runtimes register that read when a task asks and not when they are told (Go, mio): what they leave in
// the kernel nobody may want yet.
const demandMask = bitIn | bitOut | bitRdHup | bitET

// modified is called with a MOD before it is applied; r is nil when the registration was not known.
func (wt *watcher) modified(s *stream, in *instance, r *reg, e *trace.Event) {
	if trace.ModifyOf(e).Diff() != 0 {
		return
	}
	in.stats.Modifies++
	if e.Mask&bitET != 0 {
		in.watch.etMods++
	}
	if e.Mask&bitOneshot != 0 {
		in.stats.Rearms++
	}
	if r == nil || !r.Known {
		return
	}
	if r.Mask&bitET != 0 && e.Mask&(bitET|bitOneshot) == 0 && e.Mask&^(bitErr|bitHup) != 0 {
		wt.happened(s, r.lane, IncEdgeLost, e.Time, int64(r.Mask), true)
	}
	if r.Mask == e.Mask && e.Mask&(bitET|bitOneshot) == 0 {
		in.stats.SameMask++
	}
	if r.trigger == trace.TriggerOneshot && !r.armed && (r.drain == DrainUntouched || r.drain == DrainMaybe) && r.rep.s == s {
		r.watch.early, r.watch.wake = s, s.wakeNo
	} else {
		r.watch.early = nil
	}
}

// ctlFailed is called with a change of interest that failed.
func (wt *watcher) ctlFailed(s *stream, e *trace.Event) {
	if e.Errno != eBADF && e.Errno != eNOENT {
		return
	}
	n, set := trace.InstanceNumber(e.Inst)
	if set {
		return
	}
	closed := func(fd int32) *laneB {
		if n := s.who.Table.At(fd); n != nil && n.File == nil && n.Former != nil {
			return wt.lanes.laneOf(n.Former)
		}
		return nil
	}
	if l := closed(int32(n)); e.Errno == eBADF && l != nil && l.inst != nil {
		wt.happened(s, l, IncBadChange, e.Time, 0, true)
		return
	}
	if l := closed(e.FD); e.Errno == eBADF && e.Kind != trace.Deregister && l != nil {
		wt.happened(s, l, IncClosedTarget, e.Time, 0, true)
		return
	}
	was := closed(e.FD)
	if was == nil && e.Kind == trace.Modify && e.Errno == eNOENT {
		if l, old := wt.lanes.find(s, e, false); l != nil && !old {
			wt.happened(s, l, IncUnregistered, e.Time, 0, true)
			return
		}
	}
	wt.incident(&s.inc, IncStrayChange, "").happened(s, e.Time, int64(e.FD), was != nil, false)
	s.wanted = true
}

const eNOENT = 2

// usesInstance notes which processes wait on an instance or change it.
func (wt *watcher) usesInstance(s *stream, in *instance, at int64) {
	w := &in.watch
	if s.who.PID == 0 || in.lane == nil || w.pid == s.who.PID {
		return
	}
	w.pid = s.who.PID
	for _, p := range w.pids[:w.npids] {
		if p == s.who.PID {
			wt.inRow(s, in.lane, &in.lane.watch.row, IncShared, at, s.who.PID, false)
			return
		}
	}
	if w.npids < len(w.pids) {
		w.pids[w.npids] = s.who.PID
		w.npids++
	}
}

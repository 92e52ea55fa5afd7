package timeline

import "evviz/trace"

// Error numbers of Linux on the machines that we know; the events carry them raw.
const (
	eINTR       = 4
	eBADF       = 9
	eAGAIN      = 11
	eNOMEM      = 12
	eNFILE      = 23
	eMFILE      = 24
	ePIPE       = 32
	eTIME       = 62
	eNOTSOCK    = 88
	eCONNRESET  = 104
	eNOBUFS     = 105
	msgPeek     = 0x2
	msgErrqueue = 0x2000
	msgDontwait = 0x40
	msgTrunc    = 0x20
)

// read handles a call of the read family.
func (t *Timeline) read(s *stream, e *trace.Event) {
	if e.Errno == eBADF {
		t.stats.ReadErr += t.w.times
		t.lanes.count(s, e.Time, uint8(MarkReadErr), 0)
		t.notOpen(s, e)
		return
	}
	t.attribute(s, e)
	l, old := t.lanes.find(s, e, true)
	if l == nil || old {
		return
	}
	if l.pub.Kind == KindOther && l.pub.Type == trace.TypeUnknown && e.Errno != eNOTSOCK {
		switch trace.ReadOf(e).Call() {
		case trace.CallRecvfrom, trace.CallRecvmsg, trace.CallRecvmmsg:
			l.pub.Kind = KindConn
		}
	}
	t.lanes.strayed(l, e)
	t.lanes.recall(l)
	t.watch.readBy(s, l, e)
	l.calls.read(e, l.calls.nth(s.id, s.calls.turn), t.w)
	if e.Mask&(msgPeek|msgErrqueue) != 0 || e.Errno == eINTR {
		t.lanes.note(s, l, e.Time, MarkOther, 0) // takes nothing out
		if e.Errno == 0 {
			t.ledger.touched(l, outData, DrainUnknown, e.Time) // but it was looked at: there may be too little of it yet
		}
		return
	}
	l.pub.LastRead = Op{e.Time, e.A, e.B, e.Errno}
	switch {
	case e.Errno == eAGAIN:
		t.stats.ReadAgain += t.w.times
		t.lanes.note(s, l, e.Time, MarkReadAgain, 0)
		t.ledger.drained(l, outAgain, DrainEmpty, e.Time)
		l.arrival = 0
	case e.Errno != 0:
		t.stats.ReadErr += t.w.times
		m := MarkReadErr
		if e.Errno == eCONNRESET || e.Errno == ePIPE {
			m = MarkReset
			t.stats.Resets += t.w.times
		}
		t.lanes.note(s, l, e.Time, m, 0)
		if taken(e.Errno) && (l.pub.Kind != KindConn || !l.hungUp()) {
			t.ledger.drained(l, outErr, DrainUnknown, e.Time) // the error of one datagram: the next is another's
		} else {
			t.ledger.drained(l, outErr, DrainError, e.Time)
		}
		l.arrival = 0
	case e.B == 0 && e.A != 0 && l.stream():
		t.stats.ReadEOF += t.w.times
		t.lanes.note(s, l, e.Time, MarkReadEOF, 0)
		t.ledger.drained(l, outEOF, DrainEOF, e.Time)
		l.arrival, l.ended = 0, true
	default:
		t.stats.Reads += t.w.times
		in := max(e.B, 0)
		if l.pub.Kind == KindWake || l.pub.Kind == KindTimer {
			in = 0 // a counter, and nothing that anybody sent
		}
		l.end.took += in * t.w.times
		l.end.takes += t.w.times
		t.stats.BytesIn += in
		l.pub.Stats.BytesIn += in
		t.lanes.note(s, l, e.Time, MarkRead, cut(in))
		t.ledger.served(l, e.Time, e.B)
		t.ledger.took(l, e)
	}
}

// notOpen takes a call that failed because its number is closed (EBADF). Where that was reported in this wakeup the registration has outlived
// its number: the file behind it is open elsewhere.
func (t *Timeline) notOpen(s *stream, e *trace.Event) {
	for _, r := range s.batch {
		if r.FD == e.FD && r.rep.s == s && !r.Dead && !r.inst.set() {
			r.Stale = true
			r.rep.stale = true
			t.ledger.settle(r, outErr, e.Time)
		}
	}
}

// taken says of a socket's error that a call which returns it takes it out (socket(7), SO_ERROR): where the connection is gone besides, a
// hang-up is reported with it.
func taken(errno uint16) bool {
	switch errno {
	case 111, 113, 101, 112, 90: // ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, EMSGSIZE
		return true
	}
	return false
}

// hungUp says whether the newest report told of a hang-up.
func (l *laneB) hungUp() bool {
	for _, r := range l.regs {
		if r.last&(bitHup|bitRdHup) != 0 {
			return true
		}
	}
	return false
}

// took judges what a successful read left.
func (lg *ledger) took(l *laneB, e *trace.Event) {
	short := l.stream() && e.B < e.A
	if l.pub.Kind == KindWake || l.pub.Kind == KindTimer {
		short = true // eight bytes are all there is
	}
	left, _ := trace.ReadOf(e).Left() // -1 unknown
	if left < 0 && !short {
		left = l.left(e)
	}
	switch {
	case left == 0, left < 0 && short:
		lg.drained(l, outData, DrainEmpty, e.Time)
	case left > 0 && short:
		// It was empty for a moment: these bytes came since.
		lg.drained(l, outData, DrainEmpty, e.Time)
		l.ledger, l.fresh = left, true
		lg.lanes.openBar(l, e.Time, e.Time)
	case left > 0:
		l.ledger = left
		if !l.byItem() {
			l.arrived.known(left)
		}
		lg.lanes.openBar(l, e.Time, e.Time)
		lg.touched(l, outData, DrainMaybe, e.Time)
	default:
		if l.ledger >= 0 {
			if l.ledger -= e.B; l.ledger <= 0 {
				l.ledger = -1 // as much as was known of; whether more came nobody knows
			}
		}
		lg.touched(l, outData, DrainMaybe, e.Time)
	}
}

// drained closes the bar after an operation that took everything.
func (lg *ledger) drained(l *laneB, out outcome, d Drain, at int64) {
	switch {
	case out != outErr:
		lg.lanes.readAll(l)
	case d == DrainError:
		lg.lanes.neverRead(l, at)
	}
	lg.lanes.closeBar(l, at)
	l.pauseSince, l.emptied = 0, at
	l.ledger, l.fresh = 0, false
	l.end.emptied(at)
	lg.touched(l, out, d, at)
	lg.lanes.touch(l)
}

// served notes that somebody got what had arrived.
func (lg *ledger) served(l *laneB, at, n int64) {
	l.lastServed, l.servedKnown = at, !l.arrived.empty()
	lg.delays.gotSome(l, at)
	l.client.read(at)
	l.readReply(l.arrival)
	l.arrival = 0
	lg.lanes.reads(l, at, max(n, 0))
}

// accept handles an accept call.
func (t *Timeline) accept(s *stream, e *trace.Event) {
	t.attribute(s, e)
	l, old := t.lanes.find(s, e, e.Errno != eBADF)
	if l == nil || old {
		return
	}
	t.lanes.strayed(l, e)
	t.lanes.recall(l)
	if l.pub.Kind != KindListener {
		t.lanes.setType(l, trace.TypeListener)
	}
	t.watch.acceptBy(s, l, e)
	l.calls.accept(e, t.w)
	l.pub.LastRead = Op{e.Time, 0, e.A, e.Errno}
	switch e.Errno {
	case 0:
		t.stats.Accepts++
		t.lanes.note(s, l, e.Time, MarkAccept, 0)
		t.ledger.served(l, e.Time, 1)
		if l.ledger > 0 {
			l.ledger--
		}
		if l.ledger == 0 {
			t.ledger.drained(l, outData, DrainMaybe, e.Time)
		} else {
			t.ledger.touched(l, outData, DrainMaybe, e.Time)
		}
		t.accepted(s, l, e)
	case eAGAIN:
		t.stats.AcceptAgain += t.w.times
		t.lanes.note(s, l, e.Time, MarkAcceptAgain, 0)
		t.ledger.drained(l, outAgain, DrainEmpty, e.Time)
		l.arrival = 0
	case eMFILE, eNFILE, eNOBUFS, eNOMEM:
		t.stats.AcceptErr += t.w.times
		t.stats.Exhausted += t.w.times
		t.lanes.note(s, l, e.Time, MarkAcceptErr, 0)
		t.ledger.touched(l, outExhausted, DrainExhausted, e.Time)
	case eINTR:
		t.lanes.note(s, l, e.Time, MarkOther, 0)
	default:
		t.stats.AcceptErr += t.w.times
		t.lanes.note(s, l, e.Time, MarkAcceptErr, 0)
		t.ledger.touched(l, outErr, DrainMaybe, e.Time)
	}
}

// accepted makes the lane of a new connection, unless its Open came before.
func (t *Timeline) accepted(s *stream, from *laneB, e *trace.Event) {
	f := t.who.Accept(s.who, e)
	if f == nil {
		return
	}
	c := t.lanes.laneOf(f)
	c.pub.Kind, c.pub.Opened = KindConn, e.Time
	c.watch.origin, c.watch.connected = trace.OriginAccept, true
	c.watch.from, c.watch.acceptedBy = from, s
	if trace.AcceptOf(e).Call() == trace.CallAccept {
		c.watch.nonblock = No
	} else {
		c.watch.flags(e.Mask)
	}
	t.stats.Opens++
	t.stats.Connections++
	t.lanes.note(s, c, e.Time, MarkOpen, 0)
}

// write handles a call of the write family.
func (t *Timeline) write(s *stream, e *trace.Event) {
	t.attribute(s, e)
	l, old := t.lanes.find(s, e, e.Errno != eBADF)
	if l == nil || old {
		return
	}
	if l.pub.Kind == KindOther && l.pub.Type == trace.TypeUnknown && e.Errno != eNOTSOCK {
		switch trace.WriteOf(e).Call() {
		case trace.CallSendto, trace.CallSendmsg, trace.CallSendmmsg:
			l.pub.Kind = KindConn
		}
	}
	t.lanes.strayed(l, e)
	t.lanes.recall(l)
	t.watch.writeBy(s, l, e)
	l.calls.write(e, t.w)
	if e.Errno == eINTR {
		t.lanes.note(s, l, e.Time, MarkOther, 0)
		return
	}
	l.pub.LastWrite = Op{e.Time, e.A, e.B, e.Errno}
	if n, known := trace.WriteOf(e).Unsent(); known {
		l.pub.Unsent = n
		t.lanes.holds(l, e.Time, n > 0)
	} else {
		t.lanes.holds(l, e.Time, e.Errno == eAGAIN || e.Errno == 0 && e.B < e.A)
	}
	out := outData
	switch {
	case e.Errno == eAGAIN:
		out = outAgain
		t.stats.WriteAgain += t.w.times
		t.lanes.note(s, l, e.Time, MarkWriteAgain, 0)
	case e.Errno == ePIPE, e.Errno == eCONNRESET:
		out = outErr
		t.stats.WriteErr += t.w.times
		t.stats.Resets += t.w.times
		t.lanes.note(s, l, e.Time, MarkReset, 0)
	case e.Errno != 0:
		out = outErr
		t.stats.WriteErr += t.w.times
		t.lanes.note(s, l, e.Time, MarkWriteErr, 0)
	default:
		t.stats.Writes++
		t.stats.BytesOut += max(e.B, 0)
		l.pub.Stats.BytesOut += max(e.B, 0)
		t.ledger.sent(l, e)
		t.traffic.replied(l, e.Time)
		if e.B < e.A {
			t.stats.ShortWrites++
		}
		t.lanes.note(s, l, e.Time, MarkWrite, cut(e.B))
	}
	if l.pub.Kind == KindWake && e.B > 0 {
		for _, r := range l.regs {
			if r.trigger == trace.TriggerNone {
				r.drain, r.last = DrainUnknown, 0 // under an edge each write is told of, read or not
			}
		}
	}
	for _, r := range l.regs {
		if r.rep.mask&^bitOut == 0 && (out != outData || e.B > 0 || e.A > 0) { // a write of nothing is no use of the room
			t.ledger.settle(r, out, e.Time)
			r.drain = DrainEmpty
		}
	}
}

// arrive handles the news that data or a connection came.
func (t *Timeline) arrive(s *stream, e *trace.Event) {
	f, old := t.who.Arrived(s.who, e)
	if f == nil {
		return
	}
	l := t.lanes.laneOf(f)
	t.lanes.recall(l)
	start := e.Start()
	if t.looks && trace.ArriveOf(e).By() == trace.ArriveProbe {
		l.lookedBack(e)
		return
	}
	if trace.ArriveOf(e).By() == trace.ArriveStamp {
		// Each read of a long message carries the same stamp, and an observer may have told of it already.
		if start-l.stamp < 1000 && l.stamp-start < 1000 {
			return
		}
		l.stamp = start
		if l.arrival != 0 && start <= l.arrival && start >= l.lastServed {
			l.arrival = start
			if a := &l.arrived; !a.empty() {
				a.q[a.head].at = start
			}
			t.lanes.openBar(l, start, start)
			return
		}
	}
	t.stats.Arrivals++
	if old || l.pub.Closed != 0 {
		if start <= l.pub.Closed {
			t.lanes.mark(l, start, MarkArrive, 0)
		}
		return
	}
	t.lanes.mark(l, start, MarkArrive, 0)
	if e.Mask != 0 && e.Mask&bitsIn == 0 {
		return
	}
	unread := e.B - 1
	t.delays.arrivedLate(l, start)
	if start < l.lastServed {
		// The program was served before we heard of it (a receive stamp is known after the read only).
		all := unread == 0 || l.emptied >= start // everything was read that had come by then
		if !all {
			t.lanes.arrives(l, start, unread, true)
			if r := l.arrived.firstRead(start); r != 0 && !l.servedKnown {
				t.delays.delay(MeasureFirst, l.loop, l, r, r-start)
			}
		}
		if !l.servedKnown {
			l.servedKnown = true
			if all {
				t.lanes.readLate(l, start)
			}
			t.traffic.lateReply(l, start)
			if l.since == 0 {
				t.lanes.noteSpans(l, l.bars.put(start, l.lastServed, start, false))
				l.pub.Stats.Waited = l.bars.total
			}
		}
		// Everything was taken after this was seen. The bytes that were counted may be the ones that were taken, and if there
		// are others their own arrival is told as well.
		if unread <= 0 || l.since != 0 || l.emptied >= start {
			return
		}
		start = l.lastServed
	} else if unread == 0 || unread < 0 && l.emptied >= start {
		return // the loop was faster than the observer: nothing waits, or everything was taken after it came
	}
	// What was reported after it came is known, however late the news of its coming is.
	told := l.watch.reportedAt != 0 && start <= l.watch.reportedAt
	if unread > 0 {
		if !told && (l.ledger < 0 || unread > l.ledger) {
			l.fresh = true
		}
		l.ledger = unread
	} else {
		l.fresh = l.fresh || !told
		if l.ledger == 0 && !(l.ended && l.pub.Kind == KindConn) { // no bytes come behind a connection's end of file; a pipe gets another writer
			l.ledger = -1
		}
	}
	if l.arrival == 0 {
		l.arrival = start
	}
	l.pauseSince = 0
	if unread >= 0 || !l.ended || l.pub.Kind != KindConn { // behind the end of file nothing comes
		t.lanes.arrives(l, start, unread, start < l.lastServed)
	}
	t.lanes.openBar(l, start, start)
	t.watch.arrivedDisarmed(l, start)
	t.ledger.abandoned(l, e.Time)
}

// wake handles one thread waking another: an eventfd that was written to has news.
func (t *Timeline) wake(s *stream, e *trace.Event) {
	if e.FD < 0 || trace.WakeOf(e).Via() == trace.ViaSignal {
		return
	}
	if l, old := t.lanes.find(s, e, false); l != nil && !old && l.pub.Closed == 0 {
		t.lanes.recall(l)
		if e.Start() >= l.lastServed && !l.justTold(s) {
			l.fresh = true
		}
		t.lanes.mark(l, e.Start(), MarkArrive, 0)
	}
}

// justTold says whether the thread got a report of the lane in its present wakeup: a task that it takes now is what that was
// about.
func (l *laneB) justTold(s *stream) bool {
	for _, r := range l.regs {
		if r.rep.s == s && r.rep.wakeNo == s.wakeNo && r.rep.at != 0 {
			return true
		}
	}
	return false
}

// queue handles a look at a listener's queue.
func (t *Timeline) queue(s *stream, e *trace.Event) {
	l, old := t.lanes.find(s, e, true)
	if l == nil || old {
		return
	}
	t.lanes.recall(l)
	if l.pub.Kind != KindListener {
		t.lanes.setType(l, trace.TypeListener)
	}
	t.lanes.mark(l, e.Time, MarkQueue, cut(e.A))
	if l.look != nil {
		l.look.Backlog = e.B
	}
	l.watch.looked, l.watch.filled = l.watch.looked || e.B > 0, l.watch.filled || e.B > 0 && e.A >= e.B
	if e.B > 0 && e.A > e.B {
		t.watch.happened(s, l, IncOverflow, e.Time, e.A, true)
	}
	if e.Time < max(l.lastServed, l.emptied) {
		return // it was looked before what has been accepted since: the news comes late
	}
	t.lanes.queued(l, e.Time, e.A)
	if e.A <= 0 {
		t.lanes.closeBar(l, e.Time)
		l.ledger, l.arrival = 0, 0
		return
	}
	if l.ledger < 0 || e.A > l.ledger {
		l.fresh = true
	}
	if l.arrival == 0 && l.since == 0 {
		l.arrival = e.Time
	}
	l.ledger = e.A
	t.lanes.openBar(l, e.Time, e.Time)
}

// note puts a mark on a lane and counts it for the thread.
func (ls *laneSet) note(s *stream, l *laneB, at int64, m Mark, v uint32) {
	if s.loop != nil {
		l.pub.Thread, l.loop = s.id, s.loop
	}
	ls.mark(l, at, m, v)
	ls.count(s, at, uint8(m), v)
	ls.noteBeside(l, at, m, v)
}

// cut fits an amount into a mark.
func cut(n int64) uint32 {
	if n < 0 {
		return 0
	}
	return uint32(min(n, 1<<32-1))
}

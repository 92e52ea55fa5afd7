package timeline

import "evviz/trace"

// readBy is called with a read before it is judged.
func (wt *watcher) readBy(s *stream, l *laneB, e *trace.Event) {
	w := &l.watch
	wt.touchedBy(s, l, e.Time)
	if e.B > 0 {
		// It comes without a report: the program has remembered by itself that something was left (a list of its own, a budget),
		// or asks without being told. What it gets after long has lain there: under an edge something new would have been reported.
		if s.watch.burst.armed {
			w.cancels(IncStranded) // its own timer has just expired: it goes on with what it has put off, as who limits a rate does
		} else {
			w.gotLate(e.Time, wt.limits.Stall)
		}
		w.cancels(IncDisarmed)
	}
	if w.nonblock == No && l.file.Accepted() && len(l.regs) > 0 && !l.regs[0].inst.set() {
		wt.happened(s, l, IncBlockingFD, e.Time, e.Dur, true)
	}
	again := e.Errno == eAGAIN
	if again && e.Dur < gapFloor && e.Mask&msgDontwait == 0 && w.nonblock == No {
		w.nonblock = Yes // it would have waited: somebody has set it, and that was not seen
		w.cancelled(IncBlockingFD)
	}
	if again {
		s.watch.again++
		if !wt.byTask(l) && w.shortBy == s && w.shortTurn == s.watch.rests && l.stream() && l.pub.Kind == KindConn {
			wt.happened(s, l, IncWastedRead, e.Time, 0, true)
		}
	}
	w.shortBy = nil
	if e.Errno != 0 {
		return
	}
	w.exact = w.exact || w.size != 0 && w.size != e.A && w.whole && e.B == e.A
	w.size, w.whole, w.answered = e.A, e.B == e.A, false
	if e.Mask&(msgTrunc|msgPeek|msgErrqueue) == msgTrunc && e.A > 0 && l.pub.Type != trace.TypeStream {
		wt.happened(s, l, IncCut, e.Time, max(e.B-e.A, 0), true)
		l.pub.LastCut = Op{e.Time, e.A, e.B, 0}
	}
	if e.B > 0 {
		w.took(s, e.Time)
		wt.tookFirst(s, l, e)
		if w.from != nil {
			if w.acceptedBy != s {
				w.from.pub.HandedOn++
			}
			w.from, w.acceptedBy = nil, nil
		}
		if e.B < e.A {
			w.shortBy, w.shortTurn = s, s.watch.rests
		}
		wt.hogs(s, l, e)
		w.eofs = nil
		return
	}
	if e.B != 0 || e.A == 0 || !l.stream() {
		return
	}
	// Twice is what many do with a file; of a row of them the first is news.
	if l.ended && l.pub.Kind != KindWake && l.pub.Kind != KindTimer {
		wt.inRow(s, l, &w.eofs, IncReadEOF, e.Time, 0, true)
		x := &w.eofs.pub
		x.Naps, x.Every = s.watch.naps, s.watch.progress.row+1 >= s.watch.progress.turns
		s.wanted = true
	}
	if l.pub.Kind == KindConn && (w.eofAt == 0 || w.eofBy) {
		w.eofAt, w.eofBy = e.Time, false
	}
}

// byTask says whether the lane of a program that is watched from outside is registered as runtimes do that read when a task
// asks: they ask once more before the task is parked, and other threads serve the others meanwhile.
func (wt *watcher) byTask(l *laneB) bool {
	return !wt.exact && len(l.regs) > 0 && l.regs[0].Mask&^(bitErr|bitHup) == demandMask
}

// hogs counts reads of one lane in a row.
func (wt *watcher) hogs(s *stream, l *laneB, e *trace.Event) {
	h := &s.watch.hog
	if h.lane != l {
		wt.hogEnds(s, e.Start())
		*h = hog{lane: l, from: e.Start(), suspect: h.suspect, reads: h.reads, ended: h.ended}
	}
	h.n++
	h.last = e.Time
}

// hogEnds judges a row of reads: did anybody wait meanwhile?
func (wt *watcher) hogEnds(s *stream, at int64) {
	h := &s.watch.hog
	l := h.lane
	h.lane = nil
	if l == nil || h.n <= int64(wt.limits.HogReads) && (h.n < hogFew || h.last-h.from <= wt.limits.HogTime) || wt.byTask(l) {
		return
	}
	if !wt.exact && (len(l.regs) == 0 || l.regs[0].inst.watch.many) {
		return // it is of no loop that is seen, or others wait on the same instance, and serve the others meanwhile
	}
	worst := int64(0)
	for _, o := range wt.lanes.pending {
		if o != l && o.file.Table == l.file.Table && o.since < h.last && o.strandedAt == 0 && o.pub.Kind == KindConn && len(o.regs) > 0 {
			worst = max(worst, h.last-max(o.since, h.from))
		}
	}
	if worst > 0 {
		wt.hogged(s, l, at, h.n, worst, true)
		return
	}
	h.suspect, h.reads, h.ended = l, h.n, h.last
}

func (wt *watcher) hogged(s *stream, l *laneB, at, reads, waited int64, sure bool) {
	x := wt.incident(&l.watch.inc, IncHog, "")
	x.happened(s, at, reads, sure, false)
	x.pub.Worst = max(x.pub.Worst, waited)
	wt.lanes.touch(l)
}

// acceptBy is called with an accept before it is judged.
func (wt *watcher) acceptBy(s *stream, l *laneB, e *trace.Event) {
	w := &l.watch
	wt.touchedBy(s, l, e.Time)
	for _, r := range l.regs {
		r.listens()
	}
	switch e.Errno {
	case 0:
		w.ends(IncDeaf, e.Time)
		if s.watch.shedding, s.watch.shedOf = 0, nil; w.starved && e.A > 0 && e.A < 1<<31 {
			s.watch.shedding, s.watch.shedOf = int32(e.A), l
		}
		w.starved = false
		w.accepts++
		w.took(s, e.Time)
		wt.tookFirst(s, l, e)
		if w.takers == nil {
			w.takers = map[*stream]int64{}
		}
		if w.takers[s] > 0 || len(w.takers) < 256 {
			w.takers[s]++
		}
	case eAGAIN:
		s.watch.again++
	case eMFILE, eNFILE, eNOBUFS, eNOMEM:
		wt.starved(s, l, e.Time)
	}
}

// starved counts accepts that fail one after the other within one callback.
func (wt *watcher) starved(s *stream, l *laneB, at int64) {
	w := &l.watch
	wt.incident(&w.inc, IncStarved, "").happened(s, at, 0, true, w.starved)
	w.starved = true
	wt.lanes.touch(l)
}

// writeBy is called with a write before it is judged.
func (wt *watcher) writeBy(s *stream, l *laneB, e *trace.Event) {
	w := &l.watch
	wt.touchedBy(s, l, e.Time)
	if e.Errno == eINTR {
		return
	}
	if e.Errno == eAGAIN {
		s.watch.again++
	}
	w.answered = w.answered || e.B > 0
	w.ends(IncStuckOutput, e.Time)
	// What nobody has told the kind of, and says EAGAIN or takes a part, is a pipe or a socket.
	call := trace.WriteOf(e).Call()
	partly := call != trace.CallSendfile && call != trace.CallSplice && (e.Errno == eAGAIN || e.Errno == 0 && e.B > 0 && e.B < e.A)
	if l.pub.Kind != KindConn && !(l.pub.Type == trace.TypeUnknown && (partly || w.owed > 0)) {
		return
	}
	// Something was owed. A retry asks for exactly that, or for more when the program puts new output behind the old.
	if e.A < w.owed {
		w.owed = 0 // a piece of it, as with sendfile or a record layer
	}
	for _, r := range l.regs {
		if w.owed > 0 && r.rep.mask&bitOut != 0 && r.rep.at >= l.pub.LastWrite.Time {
			w.owed = 0 // it waited for room and was told of it: it knows of the rest, whatever it puts behind it
		}
	}
	if w.owed > 0 && e.A != w.owed && e.A == w.asked {
		wt.happened(s, l, IncLostOutput, e.Time, w.owed, false) // as long as the one before: a new message, not the rest of the old
		w.owed = 0
	}
	w.asked = e.A
	short := e.Errno == eAGAIN || e.Errno == 0 && e.B < e.A
	if e.B > 0 && w.eofAt != 0 {
		w.eofAt = e.Time
	}
	switch {
	case !short:
		w.owed = 0
		return
	case e.Inst == 1: // the program says that it holds nothing any more
		wt.happened(s, l, IncLostOutput, e.Time, e.A-max(e.B, 0), true)
		w.owed = 0
		return
	}
	if w.owed = e.A - max(e.B, 0); e.Inst > 1 {
		w.owed = int64(e.Inst) - 1
	}
	for _, r := range l.regs {
		if r.Mask&bitOut != 0 {
			return
		}
	}
	if len(l.regs) > 0 {
		wt.begins(s, l, IncStuckOutput, e.Time, e.Inst > 1)
	}
}

// outputEnds is called when nothing more can be written: what was owed is lost.
func (wt *watcher) outputEnds(s *stream, l *laneB, at int64) {
	wt.lanes.recall(l) // what was owed before a gap may have been sent in it
	w := &l.watch
	w.ends(IncStuckOutput, at)
	if w.owed > 0 && l.pub.Stats.Counts[MarkReset] == 0 {
		wt.happened(s, l, IncLostOutput, at, w.owed, false)
	}
	w.owed = 0
}

// closing is called when a lane is about to end.
func (wt *watcher) closing(l *laneB, at int64, why uint32) {
	w := &l.watch
	for _, x := range w.inc {
		if x.since != 0 {
			x.pub.Forgotten++
			w.ends(x.pub.Kind, at)
		}
	}
	wt.outputEnds(w.toucher, l, at)
	if w.eofAt != 0 && why == trace.CloseShutdown {
		wt.happened(nil, l, IncKept, at, at-w.eofAt, true)
	}
	w.eofAt = 0
}

// flags learns O_NONBLOCK.
func (w *laneWatch) flags(mask uint32) {
	w.nonblock = No
	if mask&oNonblock != 0 {
		w.nonblock = Yes
	}
}

const oNonblock = 0x800

// stolen is called when a number is about to be given back: a report of this batch may still be waiting for it.
func stolen(s *stream, l *laneB) (im imposter) {
	for _, r := range l.regs {
		if r.rep.open && r.rep.s == s && !r.inst.set() {
			im = imposter{s, r.inst, r.inst.watch.begun}
		}
	}
	return im
}

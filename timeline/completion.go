package timeline

import "evviz/trace"

// Completions
//
// Data that arrived waits until a recv that completed has taken it, so a bar ends at the Complete and not at any call. What
// a completion tells is always news, there is no report to be judged. Data is stranded when it waits, the thread goes to
// wait for completions, and no recv is in flight that would take it; while a send is in flight the program holds back
// because its peer does not read, which is a design.

// ringLane is what a completion queue has to do with a lane.
type ringLane struct {
	s            *stream // the thread that submits
	recvs, sends int     // in flight
	asked        int64   // bytes asked for by the newest recv
	done         bool    // in Timeline.idle
}

// submission handles an operation that was handed over.
func (lg *ledger) submission(s *stream, e *trace.Event) {
	lg.stats.Submits++
	l, old := lg.lanes.find(s, e, true)
	if l == nil || old {
		lg.lanes.count(s, e.Time, uint8(MarkSubmit), 0)
		return
	}
	lg.lanes.recall(l)
	lg.lanes.note(s, l, e.Time, MarkSubmit, 0)
	switch e.Aux {
	case trace.OpRecv, trace.OpRead, trace.OpAccept:
		l.ring.s, l.ring.asked = s, e.B
		l.ring.recvs++
		lg.lanes.endStranded(l, e.Time)
	case trace.OpSend, trace.OpWrite:
		l.ring.s = s
		l.ring.sends++
	}
}

// moreToCome is the completion flag that says that the operation goes on.
const moreToCome = 1 << 1

// completion handles an operation that was completed.
func (lg *ledger) completion(s *stream, e *trace.Event) {
	lg.stats.Completes++
	lg.lanes.count(s, e.Time, cntComplete, 0)
	l, old := lg.lanes.find(s, e, true)
	if l == nil || old {
		return
	}
	lg.lanes.recall(l)
	ended := 0
	if e.Mask&moreToCome == 0 {
		ended = 1
	}
	switch e.Aux {
	case trace.OpRecv, trace.OpRead:
		l.ring.recvs = max(l.ring.recvs-ended, 0)
		lg.brought(s, l, e)
	case trace.OpSend, trace.OpWrite:
		l.ring.sends = max(l.ring.sends-ended, 0)
		lg.sentBy(s, l, e)
	case trace.OpAccept:
		l.ring.recvs = max(l.ring.recvs-ended, 0)
		lg.acceptedBy(s, l, e)
	default:
		lg.lanes.note(s, l, e.Time, MarkComplete, 0)
	}
	lg.abandoned(l, e.Time)
}

// brought handles a completed recv or read.
func (lg *ledger) brought(s *stream, l *laneB, e *trace.Event) {
	if e.Errno != 0 {
		m := MarkComplete // ECANCELED and ENOBUFS: the program's own affair
		switch e.Errno {
		case eCONNRESET, ePIPE:
			m = MarkReset
			lg.stats.Resets++
			lg.drained(l, outErr, DrainError, e.Time)
			l.arrival = 0
		}
		lg.lanes.note(s, l, e.Time, m, 0)
		return
	}
	if l.pub.Kind == KindOther && l.pub.Type == trace.TypeUnknown && e.Aux == trace.OpRecv {
		l.pub.Kind = KindConn
	}
	l.pub.LastRead = Op{e.Time, l.ring.asked, e.B, 0}
	if e.B == 0 && l.stream() {
		lg.lanes.note(s, l, e.Time, MarkReadEOF, 0)
		lg.drained(l, outEOF, DrainEOF, e.Time)
		l.ended = true
		l.arrival = 0
		return
	}
	if l.pub.Kind == KindConn {
		lg.stats.BytesIn += max(e.B, 0)
		l.pub.Stats.BytesIn += max(e.B, 0)
		lg.lanes.note(s, l, e.Time, MarkRecvDone, cut(e.B))
	} else {
		lg.lanes.note(s, l, e.Time, MarkComplete, 0)
	}
	lg.served(l, e.Time, e.B)
	short := l.stream() && e.B < l.ring.asked || l.pub.Kind == KindWake || l.pub.Kind == KindTimer
	if l.ledger >= 0 {
		l.ledger = max(l.ledger-e.B, 0)
	}
	if short || l.ledger <= 0 {
		lg.drained(l, outData, DrainMaybe, e.Time)
		if !short {
			l.ledger = -1 // as much as was known of; whether more came nobody knows
		}
	}
	lg.lanes.touch(l)
}

// sentBy handles a completed send or write.
func (lg *ledger) sentBy(s *stream, l *laneB, e *trace.Event) {
	m := MarkComplete
	switch e.Errno {
	case 0:
		m = MarkSendDone
		lg.stats.BytesOut += max(e.B, 0)
		l.pub.Stats.BytesOut += max(e.B, 0)
		lg.traffic.replied(l, e.Time)
	case eCONNRESET, ePIPE:
		m = MarkReset
		lg.stats.Resets++
	}
	l.pub.LastWrite = Op{e.Time, 0, e.B, e.Errno}
	lg.lanes.note(s, l, e.Time, m, cut(e.B))
}

// acceptedBy handles a completed accept. The connection has its own Open.
func (lg *ledger) acceptedBy(s *stream, l *laneB, e *trace.Event) {
	if l.pub.Kind != KindListener {
		lg.lanes.setType(l, trace.TypeListener)
	}
	l.pub.LastRead = Op{e.Time, 0, e.B, e.Errno}
	switch e.Errno {
	case 0:
		lg.stats.Accepts++
		lg.lanes.note(s, l, e.Time, MarkAccept, 0)
		lg.served(l, e.Time, 1)
		if l.ledger > 0 {
			l.ledger--
		}
		if l.ledger <= 0 {
			lg.drained(l, outData, DrainMaybe, e.Time)
		}
	case eMFILE, eNFILE, eNOBUFS, eNOMEM:
		lg.stats.AcceptErr++
		lg.stats.Exhausted++
		lg.lanes.note(s, l, e.Time, MarkAcceptErr, 0)
	default:
		lg.lanes.note(s, l, e.Time, MarkComplete, 0)
	}
}

// abandoned looks whether data waits on a lane that a completion queue served and that has nothing in flight now. Whether
// that stays so is known when the thread goes to wait.
func (lg *ledger) abandoned(l *laneB, at int64) {
	r := &l.ring
	if r.s == nil || r.recvs > 0 || r.sends > 0 || l.since == 0 || l.pub.Kind != KindConn {
		return
	}
	if r.s.inWait && r.s.inRing {
		lg.strandIdle(l, at)
		return
	}
	if !r.done {
		r.done = true
		lg.idle = append(lg.idle, l)
	}
}

func (lg *ledger) strandIdle(l *laneB, at int64) {
	if l.since != 0 && l.strandedAt == 0 && l.ring.recvs == 0 && l.ring.sends == 0 && len(l.regs) == 0 {
		lg.lanes.setStranded(l, at)
	}
}

// ringWait is called when a thread goes to wait for completions.
func (lg *ledger) ringWait(s *stream, at int64) {
	rest := lg.idle[:0]
	for _, l := range lg.idle {
		if l.ring.s != s {
			rest = append(rest, l)
			continue
		}
		l.ring.done = false
		lg.strandIdle(l, at)
	}
	lg.idle = rest
}

// handOver handles an io_uring_enter that asked for no completions.
func (lg *ledger) handOver(s *stream, e *trace.Event) {
	lg.stats.Enters++
	lg.lanes.count(s, e.Time, cntEnter, 0)
}

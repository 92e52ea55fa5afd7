package timeline

import "evviz/trace"

// Traffic: what a comparison of two runs needs
//
// Rates and amounts of a whole run would depend on how long the server stood idle before its clients came and after they
// had left. So what the loops did is also counted from the clients' first step to the end of their last; a source without
// clients' steps has no such window, and the whole run stands for it.
//
// Answered: from the arrival of data to the first write after the read that took it. Where one answer needs several reads
// the oldest arrival that is not answered yet counts. A late arrival (the observer may speak after the loop was done) finds
// the write that came before it. In a completion queue the send that has completed is the write.
//
// Round trip: from the beginning of a client's send to the end of the receive that follows on the same connection and got
// all that it wanted. It is the only latency that has the time in it that a connection waits to be accepted.

// Traffic is what the loops did while clients were at work.
type Traffic struct {
	Known    bool  // false: no client told its steps, the whole run is counted
	From, To int64 // the clients' first step begins, their last ends

	Messages int64 // sends of clients that moved bytes
	Replies  int64 // ... after which they received all they wanted

	Calls       int64 // system calls of the loops' threads
	Wasted      int64 // ... that found nothing: EAGAIN, and waits that brought nothing
	Wakeups     int64 // returns from a wait or a sleep, but for those that a signal ended
	IdleWakeups int64 // ... that told nothing new, or after which a round found nothing
}

// Usage is what the loops' threads used, all together. What a thread tells before its first call is what it used before it
// became a loop, and left out.
type Usage struct {
	Threads                int   // that told it; 0: unknown
	User, System           int64 // processor time, ns
	Voluntary, Involuntary int64 // context switches
}

// traffic belongs to the writer.
type traffic struct {
	*base
	delays *delayStore
	lanes  *laneSet

	served, answered, trip distribution
	calls                  int64 // of the whole run
	idleRounds             int64
	begin, end             Traffic // totals at the first step and at the newest
	messages               int64
	replies                int64
	asked                  map[string]int64 // client's address -> begin of a send that has no answer yet
	usage                  map[uint32]*threadUsage
}

// maxAsked bounds the sends that wait for their answer.
const maxAsked = 1 << 17

// made counts a system call of a watched thread.
func (tr *traffic) made(s *stream, e *trace.Event) {
	if e.Phase.Base() == trace.PhaseEnter {
		return
	}
	switch e.Kind {
	case trace.Open:
		if f := trace.OpenOf(e).From(); f != trace.OriginSocket && f != trace.OriginEventfd && f != trace.OriginURing {
			return // another event is the call
		}
	case trace.Register, trace.Modify, trace.Deregister:
		if trace.RegisterOf(e).Diff() != 0 {
			return
		}
	case trace.Round:
		if e.B == 0 {
			tr.idleRounds += tr.w.times
		}
		return
	case trace.Usage:
		tr.used(s, e)
		s.usage(e)
		return
	case trace.Wait, trace.Sleep, trace.Accept, trace.Read, trace.Write, trace.Connect, trace.Close, trace.Shutdown, trace.SockOpt,
		trace.FdFlags, trace.Listen, trace.Dup, trace.Instance, trace.Sys:
	default:
		return
	}
	tr.calls += tr.w.times
	s.called = true
}

// totals is what the loops did up to now.
func (tr *traffic) totals(at int64) Traffic {
	st := &tr.stats
	return Traffic{From: at, To: at, Calls: tr.calls, Wasted: st.Again() + st.Timeouts, Wakeups: st.Waits + st.Sleeps,
		IdleWakeups: st.Waits - st.UsefulWakeups + tr.idleRounds}
}

// step moves the window and measures round trips.
func (tr *traffic) step(s *stream, e *trace.Event) {
	what := trace.StepOf(e).What()
	if what == trace.StepNote || what == trace.StepSleep {
		return
	}
	if !tr.begin.Known {
		tr.begin = tr.totals(e.Start())
		tr.begin.Known = true
	}
	tr.end = tr.totals(max(e.Time, tr.end.To))
	who := tr.names.now(s.id, e.Inst)
	switch what {
	case trace.StepSend:
		if e.B <= 0 {
			return
		}
		tr.messages++
		if who == "" {
			return
		}
		if tr.asked == nil {
			tr.asked = map[string]int64{}
		}
		if _, waits := tr.asked[who]; !waits && len(tr.asked) < maxAsked {
			tr.asked[who] = e.Start()
		}
	case trace.StepReceive:
		since, waits := tr.asked[who]
		if !waits || e.B <= 0 || e.B < e.A {
			return
		}
		delete(tr.asked, who)
		tr.replies++
		tr.trip.add(e.Time - since)
	case trace.StepConnect, trace.StepClose, trace.StepReset:
		delete(tr.asked, who)
	}
}

// window is what the clients' time was as a snapshot shows it.
func (tr *traffic) window(first, last int64) Traffic {
	if !tr.begin.Known {
		d := tr.totals(last)
		d.From = first
		return d
	}
	d := tr.end
	d.Known, d.From = true, tr.begin.From
	d.Messages, d.Replies = tr.messages, tr.replies
	d.Calls -= tr.begin.Calls
	d.Wasted -= tr.begin.Wasted
	d.Wakeups -= tr.begin.Wakeups
	d.IdleWakeups = max(d.IdleWakeups-tr.begin.IdleWakeups, 0)
	return d
}

// threadUsage is what one thread told.
type threadUsage struct {
	begin, now trace.Event
	told       bool // more than what it had used before it did anything as a loop
}

// used notes what a thread says that it has used since it began.
func (tr *traffic) used(s *stream, e *trace.Event) {
	if !tr.exact {
		return // it is told when the program asks, and not whenever it has been at work
	}
	if tr.usage == nil {
		tr.usage = map[uint32]*threadUsage{}
	}
	u := tr.usage[e.Stream]
	if u == nil {
		u = new(threadUsage)
		tr.usage[e.Stream] = u
		if !s.called {
			u.begin = *e
			return
		}
	}
	u.now, u.told = *e, true
}

func (tr *traffic) cost() (sum Usage) {
	for _, u := range tr.usage {
		if !u.told {
			continue
		}
		sum.Threads++
		sum.User += u.now.A - u.begin.A
		sum.System += u.now.B - u.begin.B
		sum.Voluntary += int64(u.now.Inst) - int64(u.begin.Inst)
		sum.Involuntary += int64(u.now.Mask) - int64(u.begin.Mask)
	}
	return sum
}

// replyTo is what a lane remembers of the newest read and its answer.
type replyTo struct {
	asked    int64 // oldest arrival that was read and is not answered; 0 none, or unknown
	answered int64 // the first write since the newest read; 0 none
}

// readReply is called when a lane's data was read; arrival 0 is unknown.
func (l *laneB) readReply(arrival int64) {
	l.reply.answered = 0
	if l.reply.asked == 0 {
		l.reply.asked = arrival
	}
}

// lateReply is called when the arrival of data becomes known after it was read.
func (tr *traffic) lateReply(l *laneB, arrival int64) {
	switch {
	case l.reply.answered != 0:
		tr.answered.add(l.reply.answered - arrival)
	case l.reply.asked == 0:
		l.reply.asked = arrival
	}
}

// replied is called when a write took bytes.
func (tr *traffic) replied(l *laneB, at int64) {
	tr.delays.gaveSome(l, at)
	if l.reply.asked != 0 {
		tr.answered.add(at - l.reply.asked)
		l.reply.asked = 0
	}
	if l.reply.answered == 0 {
		l.reply.answered = at
	}
	tr.lanes.answered(l, at)
}

package poll

import (
	"os"
	"time"

	"evviz/trace"
)

// Poll is a Poller that waits with poll(2).
//
// Its character: the whole set goes to the kernel with every call and comes back whole, so a wait costs what is watched
// (about 30 ns a descriptor) and not what is ready. There is no limit but that of open descriptors.
type Poll struct {
	interestSet
	round *Rounding
}

// NewPoll makes an empty set for the thread tid, after which it is named. round is read at each wait.
func NewPoll(tr *trace.Ring, tid int, round *Rounding) *Poll {
	return &Poll{interestSet{call: "poll", masks: 1<<16 - 1, tr: tr, tid: tid, at: map[int]int{}}, round}
}

// Wait records what has changed in the set since the last one, and then itself.
func (p *Poll) Wait(timeout time.Duration, out []Report) (int, error) {
	if p.closed {
		return 0, p.bad()
	}
	ms := millis(timeout, *p.round)
	aux := trace.WaitAux(trace.CallPoll, uint32(len(p.set)))
	watched := uint32(len(p.set)) + 1

	t0 := p.tr.Now()
	p.differences(t0)
	if ms != 0 {
		e := p.tr.Next(trace.Wait, t0)
		e.Phase, e.Inst, e.Gen, e.Aux, e.A, e.B, e.FD = trace.PhaseEnter, p.Instance(), watched, aux, nanosOf(timeout), passedNanos(ms), p.timer
		p.tr.Publish(t0)
	}
	n, err := pollCall(p.set, ms)
	t1 := p.tr.Now()

	e := p.tr.Next(trace.Wait, t1)
	e.Inst, e.Gen, e.Aux, e.A, e.B, e.Dur, e.FD = p.Instance(), watched, aux, nanosOf(timeout), passedNanos(ms), t1-t0, p.timer
	if ms != 0 {
		e.Phase = trace.PhaseExit
	}
	if err != 0 {
		e.Errno = uint16(err)
		return 0, os.NewSyscallError("poll", err)
	}
	e.Mask = uint32(n)
	return p.collect(n, out), nil
}

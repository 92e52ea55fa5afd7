package loop

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
	"evviz/trace"
)

// tell records what the next call hands over.
func (d *completion) tell(l *Loop, now int64) {
	for _, h := range d.handed {
		e := l.tr.Next(trace.Submit, now)
		e.Inst, e.FD, e.Gen, e.Aux, e.A, e.B = trace.RingInstance(d.ring.FD()), int32(h.t.fd()), h.g&genBits, h.t.op(), int64(h.t), h.n
	}
	d.handed = d.handed[:0]
}

// submit only hands over.
func (d *completion) submit(l *Loop) {
	if d.ring.Unsubmitted() == 0 {
		return
	}
	t0 := l.tr.Now()
	d.tell(l, t0)
	_, errno := d.ring.Submit()
	t1 := l.tr.tick()
	e := l.tr.Next(trace.Wait, t1)
	e.Inst, e.Gen, e.Aux, e.Dur, e.Errno = trace.RingInstance(d.ring.FD()), uint32(d.inFlight)+1, trace.CallURingEnter, t1-t0, uint16(errno)
}

// wait hands over what is prepared and waits until a completion is there, a timer is due, or the Timeout knob's time is
// over. A wait that a signal cut short goes on with the time that is left, as a call of its own.
func (d *completion) wait(l *Loop) error {
	timeout, timer := l.b.Timeout, uint32(0)
	var begin int64 // needed only when the time is limited
	if timeout > 0 || len(l.timers.h) > 0 {
		begin = clock()
	}
	if t, ok := l.timers.next(begin); ok && (timeout < 0 || time.Duration(t) < timeout) {
		timeout, timer = time.Duration(t), l.timers.h[0].id
	}
	left := timeout
	for {
		errno := d.enter(l, left, timer, l.b.MaxEvents)
		switch {
		case errno != 0 && d.ring.Ready() > 0:
			continue // a call that failed delivers nothing: another fetches what came meanwhile, at once
		case d.ring.Ready() > 0 || errno == unix.ETIME || left == 0:
			return nil
		case errno != 0 && errno != unix.EINTR && errno != unix.EBUSY && errno != unix.EAGAIN:
			return os.NewSyscallError("io_uring_enter", errno)
		}
		// Nothing completed: a signal, or the time is over and the kernel says how many entries it took instead.
		if left > 0 {
			left = max(timeout-time.Duration(clock()-begin), 0)
		}
	}
}

// enter is one call that asks for completions, recorded tightly.
func (d *completion) enter(l *Loop, timeout time.Duration, timer uint32, most int) unix.Errno {
	asked := max(int64(timeout), -1)
	passed := asked
	if timeout > 0 && !d.timeout {
		// Before 5.11 the call takes no timeout: an entry does, which completes with the first other completion or with ETIME.
		d.ring.PrepTimeout(d.entry(l, trace.OpTimeout, -1, 0, 0), timeout, 1)
		passed = -1
	}
	inst, aux, flying := trace.RingInstance(d.ring.FD()), trace.WaitAux(trace.CallURingEnter, uint32(most)), uint32(d.inFlight)+1
	block := timeout != 0 && d.ring.Ready() == 0
	t0 := l.tr.Now()
	d.tell(l, t0)
	if block {
		e := l.tr.Next(trace.Wait, t0)
		e.Phase, e.Inst, e.Gen, e.Aux, e.A, e.B, e.FD = trace.PhaseEnter, inst, flying, aux, asked, passed, int32(timer)
		l.tr.Publish(t0)
	}
	_, errno := d.ring.Enter(timeout)
	t1 := l.tr.Now()
	e := l.tr.Next(trace.Wait, t1)
	e.Inst, e.Gen, e.Aux, e.A, e.B, e.FD, e.Dur, e.Errno = inst, flying, aux, asked, passed, int32(timer), t1-t0, uint16(errno)
	if block {
		e.Phase = trace.PhaseExit
	}
	if errno == 0 {
		e.Mask = uint32(min(d.ring.Ready(), most))
	}
	return errno
}

// reapFor bounds how long detach waits for operations that were cancelled. Those of sockets complete at once.
const (
	reapFor  = 500 * time.Millisecond
	reapMost = 1 << 16
)

// lost keeps the buffers of drivers whose operations did not come back, for as long as the process lives.
var lost struct {
	sync.Mutex
	drivers []*completion
}

// reap cancels everything that is in flight and handles every completion, those of the present batch first.
func (d *completion) reap(l *Loop) {
	rest := d.batch[d.next:]
	d.batch, d.next = nil, 0
	for i := range rest {
		d.handle(l, &rest[i])
	}
	if d.accepting {
		d.cancel(l, newTicket(trace.OpAccept, l.lis.fd, l.lis.gen))
	}
	if d.polling {
		d.cancel(l, newTicket(trace.OpPoll, l.lis.fd, l.lis.gen))
	}
	if d.reading {
		d.cancel(l, newTicket(trace.OpRead, l.wake.fd, l.wake.gen))
	}
	for _, s := range d.streams {
		d.cancelStream(l, s)
	}
	d.submit(l)
	end := clock() + int64(reapFor)
	for {
		d.take(l, reapMost)
		for i := range d.batch {
			d.handle(l, &d.batch[i])
		}
		d.batch = d.batch[:0]
		if d.inFlight == 0 || clock() > end {
			return
		}
		d.enter(l, 10*time.Millisecond, 0, reapMost)
	}
}

func (d *completion) cancel(l *Loop, t ticket) {
	sys.PrepCancel(d.entry(l, trace.OpCancel, t.fd(), t.gen(), 0), uint64(t))
}

// ringKernel is the kernel that rings are asked of; a test puts one that refuses in its place.
var ringKernel sys.Kernel = sys.Linux{}

// canRing says whether the kernel can do what the settings ask of io_uring, and what they come to.
func canRing(b *Behaviour) (*sys.Features, ringPlan, error) {
	f, err := sys.Probe(ringKernel)
	if err != nil {
		return nil, ringPlan{}, fmt.Errorf("the lab cannot run as io-uring: %w", err)
	}
	p := ringPlan{size: b.ReadSize, once: b.Resubmit == ResubmitNever}
	switch {
	case b.URing == URingSingle || p.once: // one multishot recv would go on without being submitted again
	case f.Multishot == nil:
		p.many = true
	case b.URing == URingMultishot:
		return nil, p, fmt.Errorf("uring=multishot: %w; uring=single works", f.Multishot)
	}
	return f, p, nil
}

package loop

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// turn is one wait and its batch.
func (d *readiness) turn(l *Loop) error {
	if len(d.doubt) > 0 {
		end := l.locks.begin()
		d.settleDoubts(l)
		end()
	}
	if len(d.reports) != l.b.MaxEvents {
		d.reports = make([]poll.Report, l.b.MaxEvents)
	}
	n, err := d.wait(l)
	if err != nil {
		return fmt.Errorf("wait for readiness: %w", err)
	}
	if n > 0 {
		end := l.locks.begin()
		d.dispatch(l, d.reports[:n])
		end()
	}
	if l.drv != d {
		return nil
	}
	if len(l.conns.postponed.later)+len(l.conns.postponed.unfinished) > 0 {
		end := l.locks.begin()
		l.conns.postponed.countTurn()
		l.conns.postponed.goOn()
		end()
	}
	l.countWait()
	return nil
}

// dispatch runs the handlers of a batch. First the whole batch is recorded, as the kernel delivered it at once.
func (d *readiness) dispatch(l *Loop, batch []poll.Report) {
	l.tr.tick()
	for i := range batch {
		d.report(l, &batch[i], l.tr.since())
	}
	for i := range batch {
		r := &batch[i]
		switch r.Data {
		case dataListener:
			start := l.tr.since()
			if l.b.Rearm == RearmEarly {
				d.rearmListener(l)
			}
			l.work.do(l.b.AcceptWork)
			l.accept.many(l.b.acceptsNow())
			if l.b.Rearm == RearmAfter {
				d.rearmListener(l)
			}
			l.tr.handled(trace.HandlerListener, trace.PhaseComplete, l.lis.fd, l.lis.gen, start, l.tr.tick())
		case dataWake:
			l.wake.drain(l)
			l.tr.tick()
		case dataResolver:
			l.names.reported()
		default:
			c := l.table.connOf(r.Data)
			if c == nil && !l.b.Generations {
				c = l.table.numbered(int(uint32(r.Data))) // somebody else by now: the mistake
			}
			if c != nil {
				d.handle(l, c, r.Mask)
			}
		}
		if l.drv != d {
			return // a task of this batch switched the mechanism; the rest of the batch is not valid any more
		}
	}
}

// handle is the handler of a connection that was reported.
func (d *readiness) handle(l *Loop, c *conn, mask uint32) {
	start := l.tr.since()
	fd, gen := int(uint32(c.id)), c.gen
	busy := l.b.Work.Kind != WorkNone
	if busy {
		e := l.tr.Next(trace.Call, start)
		e.Phase, e.FD, e.Gen, e.Aux = trace.PhaseEnter, int32(fd), gen, trace.HandlerConn
	}
	if !l.locks.take(c) {
		l.tr.handled(trace.HandlerConn, handledPhase(busy), fd, gen, start, l.tr.since())
		return
	}
	defer l.locks.give(c)
	l.registry.letIn(c) // if it was held, another thread has registered it, and this is how the loop learns of it
	// A oneshot report has disarmed the registration. Until the handler is done no change of interest may arm it again.
	c.disarmed = c.mask&unix.EPOLLONESHOT != 0
	if c.disarmed && l.b.Rearm == RearmEarly {
		d.rearm(l, c)
	}
	if c.dialing != dialDone {
		l.dialer.reported(c, mask)
		mask = 0
	}
	if mask&unix.EPOLLOUT != 0 && len(c.out) > 0 {
		l.conns.flush(c)
	}
	if c.fd >= 0 && mask&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR|unix.EPOLLRDHUP) != 0 && c.mayRead(mask) {
		l.conns.postponed.read(c)
	}
	if c.fd >= 0 && !c.disarmed {
		if err := d.changed(l, c); err != nil {
			l.conns.close(c, trace.CloseError)
		}
	}
	if c.fd >= 0 && c.disarmed && !c.deferred && l.b.Rearm == RearmAfter {
		d.rearm(l, c)
	}
	if busy {
		l.tr.tick()
	}
	l.tr.handled(trace.HandlerConn, handledPhase(busy), fd, gen, start, l.tr.since())
}

// handledPhase is the phase of a handler's end: one that does work was told when it began.
func handledPhase(begun bool) trace.Phase {
	if begun {
		return trace.PhaseExit
	}
	return trace.PhaseComplete
}

// wait waits until there is a report, a timer is due, or the Timeout knob's time is over. A wait that a signal cut short
// goes on with the time that is left, as a call of its own.
func (d *readiness) wait(l *Loop) (int, error) {
	timeout := l.b.Timeout
	var begin int64 // needed only when the time is limited
	if timeout > 0 || len(l.timers.h) > 0 {
		begin = clock()
	}
	if len(l.conns.postponed.unfinished) > 0 {
		timeout = 0 // there is work that nobody will tell of
	}
	timer := uint32(0)
	if t, ok := l.timers.next(begin); ok && (timeout < 0 || time.Duration(t) < timeout) {
		timeout, timer = time.Duration(t), l.timers.h[0].id
	}
	d.p.LimitedBy(timer)
	left := timeout
	if d.signalled(l) {
		l.reach.asleep.Store(true)
		defer l.reach.asleep.Store(false)
	}
	for {
		if d.signalled(l) && l.reach.interrupted() {
			return 0, nil
		}
		n, err := d.waitOnce(l, left)
		if err == nil || !errors.Is(err, unix.EINTR) {
			return n, err
		}
		if left > 0 {
			if left = timeout - time.Duration(clock()-begin); left < 0 {
				left = 0
			}
		}
	}
}

// waitOnce is one call. When the poll must be borrowed by whoever wants to change it, the loop has it for as long as it
// waits.
func (d *readiness) waitOnce(l *Loop, left time.Duration) (int, error) {
	if l.b.Registry == ViaPoll {
		l.registry.borrow.Lock()
		defer l.registry.borrow.Unlock()
	}
	return d.p.Wait(left, d.reports)
}

// signalled reports whether this thread's wait can be ended by a signal only.
func (d *readiness) signalled(l *Loop) bool { return l.reach.hand || l.b.oneInstance() }

package loop

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// readiness waits with a Poller and handles what it reports.
type readiness struct {
	p       poll.Poller
	shares  bool // the instance is another thread's
	reports []poll.Report
	doubt   []*conn // reported in the last batch; what is left in them may have to be asked
}

// Data of the two descriptors that are not connections. Connections carry descriptor and generation.
const (
	dataListener = uint64(1)<<63 | 1
	dataWake     = uint64(1)<<63 | 2
)

func (d *readiness) attach(l *Loop) error {
	// When several threads wait on this instance the wake-fd would wake all of them; the first is signalled instead.
	if !l.b.oneInstance() {
		if err := d.p.Add(l.wake.fd, l.wake.gen, unix.EPOLLIN, dataWake); err != nil {
			return fmt.Errorf("register the wakeup descriptor: %w", err)
		}
	}
	if l.ending.draining {
		// there is no listener any more
	} else if err := d.p.Add(l.lis.fd, l.lis.gen, l.lis.mask(), dataListener); err != nil {
		return fmt.Errorf("register the listener: %w", err)
	}
	if l.names.sock != nil {
		if err := l.names.sock.register(d); err != nil {
			return err
		}
	}
	for c := range l.table.each() {
		c.registered, c.state, c.left, c.rearmed, c.disarmed = false, drained, -1, false, false
		if c.leaked || c.held {
			continue
		}
		if err := d.register(l, c); err != nil {
			return err
		}
	}
	if l.b.Threads > 1 {
		return d.hire(l)
	}
	return nil
}

func (d *readiness) register(l *Loop, c *conn) error {
	if !c.own {
		c.trigger = l.b.trigger()
	}
	c.mask = c.interest(&l.b)
	if err := d.p.Add(c.fd, c.gen, c.mask, c.id); err != nil {
		return fmt.Errorf("register %s: %w", c.peer, err)
	}
	c.registered = true
	return nil
}

func (d *readiness) detach(l *Loop) {
	l.dismiss()
	l.registry.open(nil)
	l.registry.adopt(&l.table)
	d.p.Close()
	for c := range l.table.each() {
		c.registered = false
	}
}

func (d *readiness) added(l *Loop, c *conn) error { return d.register(l, c) }

func (d *readiness) changed(l *Loop, c *conn) error {
	if !c.registered || c.disarmed {
		return nil
	}
	m := c.interest(&l.b)
	if m == c.mask {
		return nil
	}
	if err := d.p.Modify(c.fd, c.gen, m, c.id); err != nil {
		return err
	}
	c.mask, c.rearmed = m, true
	return nil
}

func (d *readiness) closing(l *Loop, c *conn) {
	if c.registered {
		// Closing the last descriptor of a file takes it out of the instance; but while the observer asks the kernel about the
		// descriptor it holds the file, too, and the registration would live on for that long and report. So that watching does
		// not change what is watched, it is taken out by a call first - unless it is the setting to let it live on.
		if _, ok := d.p.(*poll.Epoll); !ok || l.arrivals.obs == nil || l.b.Dup || l.b.Child == ChildHolds || d.p.Remove(c.fd, c.gen) != nil {
			d.p.Forget(c.fd)
		}
		c.registered = false
	}
	for i, x := range d.doubt {
		if x == c {
			d.doubt[i] = nil
		}
	}
}

// leaked takes it out, so that it is not reported any more.
func (d *readiness) leaked(l *Loop, c *conn) {
	if c.registered {
		d.p.Remove(c.fd, c.gen)
		c.registered = false
	}
}

// readDone puts the registration of a connection right after a read outside its report.
func (d *readiness) readDone(l *Loop, c *conn) {
	switch {
	case c.fd < 0:
	case !c.disarmed:
		l.conns.interestChanged(c)
	case l.b.Rearm == RearmAfter:
		d.rearm(l, c)
	}
}

func (d *readiness) send(l *Loop, c *conn, p []byte) { l.conns.echo(c, p) }

func (d *readiness) canHold() bool { return true }

// settings brings the registrations into line with the settings: what is held, what each connection is registered for.
func (d *readiness) settings(l *Loop) error {
	l.registry.adopt(&l.table)
	for c := range l.table.each() {
		if c.held {
			l.registry.hold(c, c.interest(&l.b))
		}
		if !l.crowd { // else it has just been registered anew
			l.conns.interestChanged(c)
		}
	}
	if l.b.Hold == 0 {
		return d.release(l)
	}
	return nil
}

func (d *readiness) stopListening(l *Loop) bool {
	d.p.Remove(l.lis.fd, l.lis.gen)
	return true
}

func (d *readiness) watches() bool { return true }

func (d *readiness) watch(fd int, gen uint32, data uint64) error {
	return d.p.Add(fd, gen, unix.EPOLLIN, data)
}

func (d *readiness) unwatch(fd int) { d.p.Forget(fd) }

func (d *readiness) removeStale(fd int, gen uint32) { d.p.Remove(fd, gen) }

func (d *readiness) instance() int {
	if p, ok := d.p.(*poll.Epoll); ok {
		return p.FD()
	}
	return -1
}

// release registers every connection that is held.
func (d *readiness) release(l *Loop) error {
	for c := range l.table.each() {
		if !c.held {
			continue
		}
		if l.registry.letIn(c); c.registered {
			continue
		}
		if err := d.register(l, c); err != nil {
			return err
		}
	}
	return nil
}

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

// signalled reports whether this thread's wait can be ended by a signal only.
func (d *readiness) signalled(l *Loop) bool { return l.reach.hand || l.b.oneInstance() }

// waitOnce is one call. When the poll must be borrowed by whoever wants to change it, the loop has it for as long as it
// waits.
func (d *readiness) waitOnce(l *Loop, left time.Duration) (int, error) {
	if l.b.Registry == ViaPoll {
		l.registry.borrow.Lock()
		defer l.registry.borrow.Unlock()
	}
	return d.p.Wait(left, d.reports)
}

// report records one report of a batch and judges, from both ends, whether it told anything new.
func (d *readiness) report(l *Loop, r *poll.Report, now int64) {
	var c *conn
	if l.tr.On() && r.Data != dataListener && r.Data != dataWake {
		if c = l.table.connOf(r.Data); c != nil && !l.locks.take(c) {
			c = nil
		}
		if l.crowd {
			now = l.tr.tick() // taking the connection may have lasted
		}
	}
	e := l.tr.Next(trace.Ready, now)
	e.Inst, e.Mask, e.A = d.p.Instance(), r.Mask, int64(r.Data)
	switch r.Data {
	case dataListener:
		e.FD, e.Gen = int32(l.lis.fd), l.lis.gen
		return
	case dataResolver:
		if s := l.names.sock; s != nil {
			e.FD, e.Gen = int32(s.fd), s.gen
		}
		return
	case dataWake:
		e.FD, e.Gen = int32(l.wake.fd), l.wake.gen
		l.wake.reported(l, e.Inst, now)
		return
	}
	e.FD, e.Gen = int32(uint32(r.Data)), uint32(r.Data>>32)&^(1<<31)
	if c == nil {
		return // nobody watches, or it is stale: the number belongs to somebody else by now
	}
	defer l.locks.give(c)
	if r.Mask&unix.EPOLLIN != 0 {
		if c.state != drained {
			// The last report of this connection left bytes, or nobody looked. Only then is the kernel asked again.
			if n, ok := unread(c.fd); ok {
				e.B = n + 1
				if n > 0 && n <= c.left && !c.rearmed && c.mask&unix.EPOLLET == 0 {
					why := uint32(trace.RenotifyLeftover)
					if c.state == untouched {
						why = trace.RenotifyUntouched
					}
					x := l.tr.Next(trace.Renotify, now)
					x.Inst, x.FD, x.Gen, x.Mask, x.B, x.Aux = d.p.Instance(), int32(c.fd), c.gen, unix.EPOLLIN, n+1, why
				}
				c.left = n
			}
		} else {
			c.left = -1
		}
		c.state = untouched
		d.doubt = append(d.doubt, c)
	}
	c.rearmed = false
}

// rearm arms a oneshot registration again, with the interest of now: the report has disarmed it, and it stays silent, even for
// end of file, until this (K12). If something is ready already the kernel reports it at once.
func (d *readiness) rearm(l *Loop, c *conn) {
	m := c.interest(&l.b)
	if err := d.p.Modify(c.fd, c.gen, m, c.id); err != nil {
		l.conns.close(c, trace.CloseError)
		return
	}
	c.mask, c.rearmed, c.disarmed = m, true, false
}

func (d *readiness) rearmListener(l *Loop) {
	if m := l.lis.mask(); m&unix.EPOLLONESHOT != 0 && l.lis.fd >= 0 {
		d.p.Modify(l.lis.fd, l.lis.gen, m, dataListener)
	}
}

// settleDoubts asks, before the loop waits again, how much is left in connections that were reported and not drained,
// where that is not known yet: only with this number can the next report be called old or new.
func (d *readiness) settleDoubts(l *Loop) {
	for _, c := range d.doubt {
		if c == nil || !l.locks.take(c) {
			continue
		}
		if c.state != drained && c.left < 0 {
			if n, ok := unread(c.fd); ok {
				c.left = n
			}
		}
		l.locks.give(c)
	}
	d.doubt = d.doubt[:0]
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

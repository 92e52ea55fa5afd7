package loop

import (
	"fmt"

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

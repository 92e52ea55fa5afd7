package loop

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// driver is a way to run the loop: blocking waits in the call of one descriptor, polling polls every descriptor in every round and
// sleeps in between, readiness waits for those that are ready, completion submits operations and waits for their completions, and
// netpoller leaves all of that to Go's runtime.
//
// A polling round yields candidates, not readiness: it emits no Ready, and a re-notification cannot exist there.
type driver interface {
	// attach registers everything that is open.
	attach(l *Loop) error
	// detach gives up what attach made; connections stay open.
	detach(l *Loop)
	// turn is one iteration.
	turn(l *Loop) error
	// added, changed and closing tell of a connection that came, whose interest may have changed, that goes.
	added(l *Loop, c *conn) error
	changed(l *Loop, c *conn) error
	closing(l *Loop, c *conn)
	// leaked is for one that is not served any more and stays open.
	leaked(l *Loop, c *conn)
	// readDone is for one that was read outside the event that reported it. It may have been closed by that.
	readDone(l *Loop, c *conn)
	// send sends p behind everything that is owed to a connection.
	send(l *Loop, c *conn, p []byte)
	// canHold reports whether the driver can be kept from looking at a connection: one that polls them all cannot.
	canHold() bool
	// settings follows a change of the settings.
	settings(l *Loop) error
	// stopListening gives up the listener, which is closed next. False: the driver does not know how.
	stopListening(l *Loop) bool
	// watches reports whether the driver can handle a descriptor that is neither a connection nor the listener. If so, watch has
	// it handled whenever it is readable (data says whose it is), until unwatch is called because it is being closed.
	watches() bool
	watch(fd int, gen uint32, data uint64) error
	unwatch(fd int)
}

// registering is what a driver can do besides that registers descriptors with the kernel or passes it a set of them. It is
// not part of driver because the others have no registrations: each of these would be an empty function there, or a lie.
type registering interface {
	// release registers every connection that is held.
	release(l *Loop) error
	// retrigger gives the listener and every connection the loop's triggering.
	retrigger(l *Loop) error
	// retriggerListener and retriggerOne give one of them its own.
	retriggerListener(l *Loop) error
	retriggerOne(l *Loop, c *conn) error
	// removeStale tries to take out a registration by a number that may not be its own any more. The kernel knows better,
	// and that is what is to be seen.
	removeStale(fd int, gen uint32)
	// instance is the descriptor that a child can share, -1 when there is none.
	instance() int
}

// asking is the part of a driver that registers nothing: it asks the descriptors themselves.
type asking struct{}

func (asking) attach(l *Loop) error {
	for c := range l.table.each() {
		l.registry.letIn(c)
		c.registered, c.state = false, drained
	}
	return nil
}

func (asking) detach(*Loop)               {}
func (asking) added(*Loop, *conn) error   { return nil }
func (asking) changed(*Loop, *conn) error { return nil }
func (asking) closing(*Loop, *conn)       {}
func (asking) leaked(*Loop, *conn)        {}
func (asking) readDone(*Loop, *conn)      {}
func (asking) canHold() bool              { return false }
func (asking) settings(*Loop) error       { return nil }
func (asking) stopListening(*Loop) bool   { return true }
func (asking) watches() bool              { return false }
func (asking) unwatch(int)                {}

func (asking) send(l *Loop, c *conn, p []byte) { l.conns.echo(c, p) }

func (asking) watch(int, uint32, uint64) error { return nil }

// attach makes the driver of the present mode and registers everything that is open. After an error the loop has no
// driver that works.
func (l *Loop) attach() error {
	switch l.b.Driver {
	case trace.DriverBlocking:
		l.drv = &blocking{}
	case trace.DriverSleepPoll:
		l.drv = &polling{}
	case trace.DriverGo:
		l.drv = &netpoller{}
	case trace.DriverSelect:
		l.drv = &readiness{p: poll.NewSelect(l.tr.Ring, l.TID())}
	case trace.DriverPoll:
		l.drv = &readiness{p: poll.NewPoll(l.tr.Ring, l.TID(), &l.b.Rounding)}
	case trace.DriverEpoll:
		p, err := poll.NewEpoll(l.tr.Ring, &l.b.Rounding, l.instances())
		if err != nil {
			return fmt.Errorf("make an epoll instance: %w", err)
		}
		l.drv = &readiness{p: p}
		l.registry.open(p)
	case trace.DriverURing:
		l.drv = &completion{}
	}
	l.reach.polling.Store(l.b.Driver == trace.DriverSleepPoll || l.b.Driver == trace.DriverBlocking || l.b.Driver == trace.DriverGo || l.b.oneInstance())
	l.resting = false
	if err := l.setBlocking(); err != nil {
		return err
	}
	if err := l.drv.attach(l); err != nil {
		l.drv.detach(l)
		return err
	}
	return nil
}

// instances keeps account of the descriptors of epoll instances and rings, for package poll.
type instances struct {
	kernel kernel
	gone   *atomic.Bool // the loop ends
}

// InstanceOpened gives the descriptor of an epoll instance, which is one of the server's, its generation.
func (i instances) InstanceOpened(fd int) (gen uint32) {
	return i.kernel.opened(fd, trace.TypeEpoll, trace.OriginEpollCreate, 0, 0, unix.EPOLL_CLOEXEC)
}

// CloseInstance closes an instance when the mechanism changes or the server ends.
func (i instances) CloseInstance(fd int, gen uint32) error {
	why := uint32(trace.CloseSwitch)
	if i.gone.Load() {
		why = trace.CloseShutdown
	}
	return i.kernel.close(fd, gen, why)
}

func (l *Loop) instances() instances { return instances{l.kernel, &l.gone} }

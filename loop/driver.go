package loop

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// driver is a way to run the loop. Above the system calls stand four of them; this package has two: polling asks every
// descriptor in every round and sleeps in between, readiness asks the kernel which descriptors are worth asking.
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
}

// attach makes the driver of the present mode and registers everything that is open.
func (l *Loop) attach() error {
	switch l.b.Driver {
	case trace.DriverSleepPoll:
		l.drv = &polling{}
	case trace.DriverPoll:
		l.drv = &readiness{p: newPollPoller(l.tr, l.tid, &l.b.Rounding)}
	case trace.DriverEpoll:
		p, err := newEpollPoller(l.tr, &l.b.Rounding, func(fd int) uint32 {
			return l.opened(fd, trace.TypeEpoll, trace.OriginEpollCreate, 0, 0, unix.EPOLL_CLOEXEC)
		})
		if err != nil {
			return fmt.Errorf("make an epoll instance: %w", err)
		}
		l.drv = &readiness{p: p}
		l.registry.open(p)
	}
	l.polling.Store(l.b.Driver == trace.DriverSleepPoll)
	return l.drv.attach(l)
}

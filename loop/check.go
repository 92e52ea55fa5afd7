package loop

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// Check says why a combination of settings cannot run, nil when it can. What one mode cannot do is refused with its
// reason, never silently different.
func (b *Behaviour) Check() error {
	mode := trace.DriverNames.Word(b.Driver)
	if !supported(b.Driver) {
		return fmt.Errorf("the lab cannot run as %s in this version; see --mode in evviz --help", mode)
	}
	switch {
	case b.Driver == trace.DriverEpoll && trace.TriggerNames.Word(b.Trigger) == "":
		return fmt.Errorf("epoll needs a trigger: level, edge or oneshot")
	case b.Driver == trace.DriverSelect && b.RDHUP:
		return fmt.Errorf("select reports readable, writable and exceptional only, not rdhup; leave --rdhup out or use poll or epoll")
	case b.Threads > 1 && b.Driver != trace.DriverEpoll:
		return fmt.Errorf("%d threads need epoll: a set of %s belongs to one call of one thread; use --mode epoll", b.Threads, mode)
	case b.Threads > 1 && b.Listeners == ListenersExclusive && b.Trigger == trace.TriggerOneshot:
		return fmt.Errorf("the kernel refuses EPOLLEXCLUSIVE together with EPOLLONESHOT; use --listeners shared, or level or edge")
	case (b.Threads > 1 || b.Split) && b.Connect != "":
		return fmt.Errorf("streams are connected by a server of one thread; use --threads 1 without --split, or no --connect")
	case b.Driver == trace.DriverURing && b.Connect != "":
		return fmt.Errorf("this version of the lab does not connect through io_uring; use another mode for --connect")
	case b.Driver == trace.DriverGo && (b.Serve != ServeEcho || b.Echo != EchoExact || b.Connect != ""):
		return fmt.Errorf("mode go is an echo server, for comparison; use another mode for --serve, --echo and --connect")
	case b.Split && b.Driver != trace.DriverSleepPoll:
		return fmt.Errorf("split is for sleep-poll; under %s the loop is woken for the listener anyway, and threads share the work (--threads)", mode)
	case b.Child == ChildShares && b.Driver != trace.DriverEpoll:
		return fmt.Errorf("a child can share an epoll instance only, and %s has none; use --mode epoll, or --child holds or own", mode)
	case b.Child != ChildNone && b.Driver == trace.DriverGo:
		return fmt.Errorf("mode go starts no child: Go's runtime owns its sockets; use another mode")
	case b.Driver == trace.DriverURing:
		_, _, err := canRing(b)
		return err
	}
	return nil
}

// triggerBits are the event bits that a triggering adds to a registration.
func triggerBits(trigger uint32) uint32 {
	switch trigger {
	case trace.TriggerEdge:
		return unix.EPOLLET
	case trace.TriggerOneshot:
		return unix.EPOLLONESHOT
	}
	return 0
}

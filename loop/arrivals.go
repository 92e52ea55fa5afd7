package loop

import "evviz/trace"

// arrivals is how the loop hands over to the observer what it is to look at, when there is an observer.
type arrivals struct {
	obs *observer

	b      *Behaviour
	tr     *recorder
	server *shared
}

// start starts the thread when arrivals are to be recorded or a connection may be held.
func (a *arrivals) start(l *Loop) {
	if a.obs != nil {
		a.obs.emit.Store(a.wanted())
		return
	}
	if !a.wanted() && a.b.Hold == 0 {
		return
	}
	o := &observer{server: l.shared, pid: l.reach.pid, tr: l.cfg.NewRing(trace.RoleObserver), reg: make(chan watch, 4096), hold: map[uint64]watch{},
		lis: watch{fd: l.lis.fd, gen: l.lis.gen, listener: true}}
	o.emit.Store(a.wanted())
	ready := make(chan error)
	o.gone.Add(1)
	l.guard(func() { o.run(ready) })
	if <-ready != nil {
		o.gone.Wait()
		return // arrivals stay unknown, and their absence says so; connections are registered at once
	}
	o.gone.Add(1)
	l.guard(o.register)
	a.obs = o
	o.reg <- o.lis
	for c := range l.table.each() {
		a.watch(c)
	}
}

func (a *arrivals) stop() {
	if a.obs != nil {
		a.obs.stop()
		a.obs = nil
	}
}

func (a *arrivals) wanted() bool {
	return a.tr.On() && (a.b.Arrival == ArrivalObserver || a.b.Arrival == ArrivalBoth)
}

// watch hands a connection to the observer. The loop never waits for it: when the queue is full the arrivals of
// this connection stay unknown, and it is not held.
func (a *arrivals) watch(c *conn) {
	if a.obs == nil {
		return
	}
	c.asked = new(asked)
	w := watch{fd: c.fd, gen: c.gen, asked: c.asked}
	if c.held {
		w.hold, w.via, w.guard, w.pause = a.b.Hold, a.b.Registry, a.b.Guard, a.b.GuardPause
	}
	select {
	case a.obs.reg <- w:
	default:
		a.server.registry.letIn(c)
	}
}

// watchNumber asks for the arrivals of a descriptor that is not one of the loop's connections. Any goroutine may call it
// between attach and detach of a driver.
func (a *arrivals) watchNumber(fd int, gen uint32) {
	if a.obs == nil {
		return
	}
	select {
	case a.obs.reg <- watch{fd: fd, gen: gen}:
	default:
	}
}

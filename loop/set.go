package loop

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// Set applies settings by name, all in one task, so that what belongs together changes together. Nothing is changed when
// one of them is wrong.
func (l *Loop) Set(pairs ...trace.Pair) error {
	b := Default()
	for _, p := range pairs {
		k, ok := FindKnob(p.Key)
		if !ok {
			return fmt.Errorf("there is no setting %q", p.Key)
		}
		if err := k.Set(&b, p.Value); err != nil {
			return err
		}
	}
	if b.URing != URingAuto || b.Resubmit != ResubmitAlways {
		b.Driver = trace.DriverURing
		if err := b.Check(); err != nil {
			return err
		}
	}
	var err error
	if e := l.Do("set", func(l *Loop) { err = l.set(pairs) }); e != nil {
		return e
	}
	return err
}

func (l *Loop) set(pairs []trace.Pair) error {
	b := l.b
	for _, p := range pairs {
		k, _ := FindKnob(p.Key)
		k.Set(&b, p.Value)
	}
	if err := b.Check(); err != nil {
		return err
	}
	if b.Listeners == ListenersReuseport && b.Threads > 1 && !l.lis.reuseport {
		return fmt.Errorf("reuseport must be chosen before the listener is opened: start with --listeners reuseport")
	}
	// Other threads have their own copies of the settings, and live as long as the driver.
	if l.crowd || b.Threads != l.b.Threads || b.Listeners != l.b.Listeners || b.Split != l.b.Split {
		l.drv.detach(l)
		l.drv = nil
	}
	for _, p := range pairs {
		k, _ := FindKnob(p.Key)
		old := k.Get(&l.b)
		if err := k.Set(&l.b, p.Value); err != nil {
			return err
		}
		l.tr.knob(p.Key, old, k.Get(&l.b))
		l.settle(p.Key)
	}
	if l.drv == nil { // before anything is connected, which needs a driver
		l.arrivals.start(l) // the other threads take it over
		if err := l.attach(); err != nil {
			return err
		}
	}
	if l.dialer.changed {
		l.dialer.changed = false
		l.dialer.start()
	}
	l.arrivals.start(l)
	return l.drv.settings(l)
}

// settle does what a changed setting needs beyond its value.
func (l *Loop) settle(knob string) {
	switch knob {
	case "waits":
		l.waits = l.b.Waits
		if l.waits > 0 && l.wake.inBatch {
			l.waits++ // the wait that brought this task is not one of them
		}
	case "fds-free":
		if err := l.fdLimit.limit(l.b.FDsFree, l.guard); err != nil {
			l.tr.say("fds-free: " + err.Error())
		}
	case "child":
		l.children.end(l.drv)
		l.children.begin(&l.b, l.drv, l.lis.fd)
	case "dup":
		if !l.b.Dup {
			l.dups.drop(l.kernel, l.drv)
		}
	case "nonblock":
		l.setBlocking()
	case "serve":
		l.serves.Store(uint32(l.b.Serve))
	case "idle-timeout":
		l.conns.idleChanged()
	case "resolve-delay", "resolve-cache":
		l.names.changed()
	case "connect", "streams", "stream-delay", "register-order", "heartbeat":
		l.dialer.changed = true
	case "tick", "tick-rearm":
		l.ticker.stop(&l.timers)
		if !l.ending.draining {
			l.ticker.start(&l.timers, &l.b)
		}
	case "backlog":
		l.lis.listen()
	case "rcvbuf": // for the connections to come; open ones keep what they have
		if n := l.b.RcvBuf; n > 0 {
			l.kernel.sockopt(l.lis.fd, l.lis.gen, unix.SOL_SOCKET, unix.SO_RCVBUF, n)
		}
	case "sndbuf":
		if n := l.b.SndBuf; n > 0 {
			l.kernel.sockopt(l.lis.fd, l.lis.gen, unix.SOL_SOCKET, unix.SO_SNDBUF, n)
		}
	case "arrival":
		if l.b.stamping() {
			for c := range l.table.each() {
				l.kernel.sockopt(c.fd, c.gen, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
			}
		}
	}
}

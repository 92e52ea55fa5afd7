package loop

import (
	"errors"
	"fmt"

	"evviz/trace"
)

// Switch changes the mechanism or the triggering of the running loop and waits until that is done. Connections are kept:
// a change of trigger is one EPOLL_CTL_MOD for each connection and the listener, never for the wake-fd; a change of
// mechanism registers everything that is open anew.
func (l *Loop) Switch(driver, trigger uint32) error {
	if driver == trace.DriverURing { // the kernel is asked here and not on the loop's thread
		if err := (&Behaviour{Driver: driver}).Check(); err != nil {
			return err
		}
	}
	var err error
	if e := l.Do("switch", func(l *Loop) { err = l.switchTo(driver, trigger) }); e != nil {
		return e
	}
	return err
}

func (l *Loop) switchTo(driver, trigger uint32) error {
	if driver == l.b.Driver && (driver != trace.DriverEpoll || trigger == l.b.Trigger) {
		return nil
	}
	same := driver == l.b.Driver
	old, b := l.b, l.b
	b.Driver = driver
	if driver == trace.DriverEpoll {
		b.Trigger = trigger // elsewhere it is kept for when the loop comes back
	}
	if err := b.Check(); err != nil {
		return err
	}
	if driver != old.Driver && (driver == trace.DriverGo || old.Driver == trace.DriverGo) {
		return fmt.Errorf("start with --mode to enter or leave go: Go's runtime must have a socket from its birth")
	}
	l.b = b
	l.sameTrigger()
	l.tellMode(trace.CauseSwitch)
	if same && !l.crowd {
		return l.drv.(registering).retrigger(l) // only epoll has a trigger
	}
	l.drv.detach(l)
	if err := l.attach(); err != nil {
		l.b.Driver, l.b.Trigger = old.Driver, old.Trigger
		l.sameTrigger()
		l.tellMode(trace.CauseSwitch)
		return errors.Join(err, l.attach())
	}
	if l.b.Child == ChildShares { // the instance that it shared is gone
		l.children.end(l.drv)
		l.children.begin(&l.b, l.drv, l.lis.fd)
	}
	if d, ok := l.drv.(registering); ok && l.b.Hold == 0 {
		return d.release(l)
	}
	return nil
}

// sameTrigger gives the listener and every connection the loop's triggering, whatever they had of their own.
func (l *Loop) sameTrigger() {
	for c := range l.table.each() {
		c.own, c.trigger = false, l.b.trigger()
	}
	l.lis.own, l.lis.trigger = false, l.b.trigger()
}

// SwitchOne changes the triggering of one descriptor alone, found by its number and generation; generation 0 takes
// whoever has the number now.
func (l *Loop) SwitchOne(fd int32, gen, trigger uint32) error {
	var err error
	if e := l.Do("switch one", func(l *Loop) { err = l.switchOne(int(fd), gen, trigger) }); e != nil {
		return e
	}
	return err
}

// TriggerOf is the triggering of one descriptor, asked on the loop's thread.
func (l *Loop) TriggerOf(fd int32, gen uint32) (trigger uint32, err error) {
	e := l.Do("ask trigger", func(l *Loop) {
		if int(fd) == l.lis.fd {
			trigger = l.lis.trigger
			return
		}
		c := l.table.find(int(fd), gen)
		if c == nil {
			err = fmt.Errorf("fd %d is not an open connection", fd)
			return
		}
		trigger = c.trigger
	})
	return trigger, errors.Join(e, err)
}

func (l *Loop) switchOne(fd int, gen, trigger uint32) error {
	d, ok := l.drv.(registering)
	if l.crowd && !l.b.oneInstance() {
		return fmt.Errorf("fd %d may be registered with another thread's instance; switch all of them with t", fd)
	}
	if !ok || l.b.Driver != trace.DriverEpoll {
		return fmt.Errorf("%s has no trigger to switch; only epoll has", trace.DriverNames.Word(l.b.Driver))
	}
	if trigger == trace.TriggerNone || trace.TriggerNames.Word(trigger) == "" {
		return fmt.Errorf("a trigger is level, edge or oneshot")
	}
	if fd == l.lis.fd {
		l.lis.own, l.lis.trigger = true, trigger
		l.stats.Modified.Add(1)
		return d.retriggerListener(l)
	}
	c := l.table.find(fd, gen)
	if c == nil {
		return fmt.Errorf("fd %d is not an open connection any more", fd)
	}
	c.own, c.trigger = true, trigger
	if !c.registered {
		return nil
	}
	return d.retriggerOne(l, c)
}

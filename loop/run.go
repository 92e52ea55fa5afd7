package loop

import (
	"golang.org/x/sys/unix"

	"evviz/trace"
)

// run is the life of the loop, on its thread.
func (l *Loop) run() {
	l.reach.tid.Store(int64(unix.Gettid()))
	l.tr = newRecorder(l.cfg.NewRing(trace.RoleLoop))
	defer close(l.done)
	defer l.tr.Close()
	if err := l.open(); err != nil {
		l.err = err
		l.end()
		l.startErr <- err
		return
	}
	l.startErr <- nil
	l.err = l.loop()
	l.end()
	l.tr.usage()
	now := l.tr.Now()
	e := l.tr.Next(trace.Stop, now)
	e.Aux = l.stopWhy
	if l.err != nil {
		e.A, e.Aux = 1, trace.StopError
	}
}

// role is what the first thread is for: under Go's netpoller it serves nobody.
func (l *Loop) role() uint32 {
	if l.b.Driver == trace.DriverGo {
		return trace.RoleOther
	}
	return trace.RoleLoop
}

// end refuses tasks from here on, and closes everything. The other threads go first, then the observer: what it watches is
// still open then.
func (l *Loop) end() {
	l.gone.Store(true)
	l.tasks.abandon()
	l.dismiss()
	l.arrivals.stop()
	l.closeAll()
}

// Ending reports whether the loop closes what is open, or has: its clients lose their connections.
func (l *Loop) Ending() bool { return l.gone.Load() }

// open does what happens once: threads and settings are told, then the listener and the wake-fd come into being.
func (l *Loop) open() error {
	title := l.tr.name(l.cfg.Title)
	word := "loop"
	if l.cfg.Inherited {
		word = "child"
	}
	loopName := l.tr.name(word)
	e := l.tr.Next(trace.Start, l.tr.Now())
	e.A, e.Aux = int64(l.reach.pid), title
	l.tr.sync()
	e = l.tr.Next(trace.Thread, l.tr.Now())
	e.A, e.B, e.Gen, e.Mask, e.Aux = int64(l.reach.pid), int64(l.TID()), uint32(l.reach.pid), l.role(), loopName
	l.tr.usage() // the thread is not new
	l.tellMode(trace.CauseStart)
	for i := range Knobs {
		l.tr.knob(Knobs[i].Name, "", Knobs[i].Get(&l.b))
	}
	if err := l.lis.open(&l.cfg); err != nil {
		return err
	}
	if err := l.wake.open(l.kernel, &l.tasks); err != nil {
		return err
	}
	l.reserve.open(l.kernel)
	if l.b.FDsFree >= 0 {
		defer l.fdLimit.limit(l.b.FDsFree, l.guard)
	}
	l.arrivals.start(l)
	if err := l.attach(); err != nil {
		return err
	}
	l.ticker.start(&l.timers, &l.b)
	l.dialer.start()
	l.children.begin(&l.b, l.drv, l.lis.fd)
	return nil
}

// loop is the iteration. Each turn of a driver is one sleep and round, or one wait and its batch:
//
//  1. timers that are due fire
//  2. tasks posted from other threads run
//  3. the driver sleeps or waits, no longer than until the next timer
//  4. what it found is handled
func (l *Loop) loop() error {
	for !l.quit {
		l.tr.Turn()
		if l.crowd && (l.timers.due(clock()) || l.tasks.waiting.Load() != 0) {
			l.locks.takeWorld()
		}
		l.timers.fire(l)
		drv := l.drv
		l.tasks.run(l)
		l.locks.releaseWorld()
		if l.quit {
			break
		}
		if l.drv != drv {
			continue // a task posted just before the switch knew only the old way to wake the loop: look again
		}
		if l.waits == parked {
			l.rest()
			continue
		}
		if err := l.drv.turn(l); err != nil {
			return err
		}
		if l.ending.draining {
			l.drainMore()
		}
	}
	return nil
}

// countWait ends the loop after as many waits or rounds as the waits knob says.
func (l *Loop) countWait() {
	if l.waits > 0 {
		if l.waits--; l.waits == 0 {
			if l.crowd {
				l.waits = parked
				return
			}
			l.quit, l.stopWhy = true, trace.StopAsked
		}
	}
}

// parked is the number of waits left of a thread of several that has made all it was to make.
const parked = -1

// closeAll closes what is open, in an order in which each part still finds what it needs.
func (l *Loop) closeAll() {
	for len(l.table.order) > 0 {
		l.conns.close(l.table.order[len(l.table.order)-1], trace.CloseShutdown)
	}
	l.names.end(l.drv)
	l.children.end(l.drv) // while there is still an instance to try to take registrations out of, as duplicates.drop needs, too
	l.dups.drop(l.kernel, l.drv)
	if l.drv != nil {
		l.drv.detach(l)
		l.drv = nil
	}
	l.work.close()
	if l.fdLimit.on {
		l.fdLimit.limit(-1, l.guard)
	}
	for _, fd := range []*int{&l.lis.fd, &l.wake.fd, &l.reserve.fd} {
		if *fd >= 0 {
			l.kernel.close(*fd, l.table.gens[*fd], trace.CloseShutdown)
			*fd = -1
		}
	}
}

// tellMode records the mechanism and the triggering, and lets other threads ask for them.
func (l *Loop) tellMode(cause uint32) {
	l.mode.Store(l.b.Driver | l.b.trigger()<<8)
	e := l.tr.Next(trace.Mode, l.tr.Now())
	e.Aux = trace.ModeAux(l.b.Driver, l.b.trigger(), cause)
	if l.b.Driver == trace.DriverSleepPoll {
		e.A = int64(l.b.Interval)
	}
}

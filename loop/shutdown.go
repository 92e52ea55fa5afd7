package loop

import (
	"os"
	"sync"
	"time"

	"evviz/trace"
)

// Ending says how the loop ends.
type Ending uint8

// Ways to end.
const (
	EndClose Ending = iota // close everything at once
	EndDrain               // accept no more, send what is owed, then close
)

// drainFor bounds how long a draining loop waits for peers that do not read and for answers that are not due yet.
const drainFor = 2 * time.Second

// ending is whether the server is about to end, which every thread of it may ask.
type ending struct {
	asked    chan struct{} // closed when the end has been asked for
	once     sync.Once
	draining bool // no more connections; ends when nothing is owed. Changes only while there is one thread
}

// ask asks for the end.
func (e *ending) ask() { e.once.Do(func() { close(e.asked) }) }

// now reports whether the end of the server has been asked for, which no work may hold up: a minute's sleep in a handler must
// not make SIGTERM wait for a minute. While a server drains, what it still owes is handled with all its work.
func (e *ending) now() bool {
	select {
	case <-e.asked:
		return !e.draining
	default:
		return false
	}
}

// holdUp waits for d, or until the end has been asked for. It is for the goroutines that hold up the loop's thread, which may have
// been let go already: it is false then.
func (e *ending) holdUp(d time.Duration, free <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-e.asked:
	case <-free:
		return false
	}
	return true
}

// Stop ends the loop and waits for it.
func (l *Loop) Stop() error { return l.StopFor(trace.StopAsked) }

// StopFor ends the loop with a reason that is recorded (trace.Stop*).
func (l *Loop) StopFor(why uint32) error {
	l.reach.stopping.Store(true)
	l.ending.ask()
	err := l.Post("stop", func(l *Loop) { l.stop(why) })
	if err != nil && l.gone.Load() {
		err = nil
	}
	select {
	case <-l.done:
	case <-time.After(10 * time.Second):
		return os.ErrDeadlineExceeded
	}
	return err
}

// stop ends the loop for a reason (trace.Stop*), at once or after draining. The first reason is the reason.
func (l *Loop) stop(why uint32) {
	if l.quit || l.ending.draining {
		return
	}
	l.stopWhy = why
	if l.b.Shutdown != EndDrain || l.crowd || !l.stopAccepting() { // other threads accept for themselves
		l.quit = true
		return
	}
	l.ending.draining = true
	l.timers.after(drainFor, 0, func(l *Loop) { l.quit = true })
	l.ticker.stop(&l.timers)
	l.dialer.stop()
	l.drainMore()
}

// stopAccepting closes the listener, so that new clients are refused by the kernel instead of waiting for nothing. It
// reports false when the driver does not know how.
func (l *Loop) stopAccepting() bool {
	if !l.drv.stopListening(l) {
		return false
	}
	fd, gen := l.lis.fd, l.lis.gen
	l.lis.fd = -1
	l.kernel.close(fd, gen, trace.CloseShutdown)
	return true
}

// drainMore closes the connections that are owed nothing any more, and ends the loop when none is left. It runs once a
// turn and looks at every connection, which only matters in the last two seconds of a loop.
func (l *Loop) drainMore() {
	for c := range l.table.each() {
		if len(c.out) == 0 && (c.svc == nil || !c.svc.busy()) && !c.linger {
			l.conns.close(c, trace.CloseShutdown)
		}
	}
	if len(l.table.order) == 0 {
		l.quit = true
	}
}

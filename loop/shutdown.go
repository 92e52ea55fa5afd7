package loop

import (
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

// stop ends the loop for a reason (trace.Stop*), at once or after draining. The first reason is the reason.
func (l *Loop) stop(why uint32) {
	if l.quit || l.draining {
		return
	}
	l.stopWhy = why
	if l.b.Shutdown != EndDrain || l.crowd || !l.stopAccepting() { // other threads accept for themselves
		l.quit = true
		return
	}
	l.draining = true
	l.timers.after(drainFor, 0, func(l *Loop) { l.quit = true })
	l.ticker.stop(&l.timers)
	l.stopOutbound()
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
			l.closeConn(c, trace.CloseShutdown)
		}
	}
	if len(l.table.order) == 0 {
		l.quit = true
	}
}

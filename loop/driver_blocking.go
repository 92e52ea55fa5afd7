package loop

import (
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// blocking is the naive server of every first lesson: it waits in accept, then it waits in read for this one client until
// the client is done, and whoever else has come waits in the kernel's queue meanwhile. The thread is always inside a call,
// so nothing else happens on it: no timer, no second client.
//
// Connections that were open when the loop was switched to this mode are served one after the other, before the next
// accept.
type blocking struct{ asking }

// turn is one accept, or one read of the only client that is served, and the answer to it.
func (*blocking) turn(l *Loop) error {
	c := l.served()
	if c == nil {
		l.acceptMany(Count{N: 1})
		l.countWait()
		return nil
	}
	switch {
	case c.dialing != dialDone:
		if l.connectCall(c) == unix.EALREADY {
			l.nap(time.Millisecond)
		}
		return nil
	case c.dialer == nil && c.svc != nil && len(c.out) == 0 && (c.full || c.svc.busy()):
		l.nap(time.Hour) // a server that waits for the time to answer reads nothing meanwhile
		return nil
	}
	start, fd, gen := l.tr.tick(), c.fd, c.gen
	if len(c.out) > 0 {
		l.flush(c)
	} else {
		l.readMany(c)
	}
	l.tr.handled(trace.HandlerConn, trace.PhaseComplete, fd, gen, start, l.tr.tick())
	l.countWait()
	return nil
}

// served is the connection that has its turn: the oldest that there is something to do for.
func (l *Loop) served() *conn {
	for _, c := range l.table.order {
		if !c.leaked && (!c.eof || len(c.out) > 0) {
			return c
		}
	}
	return nil
}

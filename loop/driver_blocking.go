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
func (d *blocking) turn(l *Loop) error {
	c := d.served(l)
	if c == nil {
		l.accept.many(Count{N: 1})
		l.countWait()
		return nil
	}
	switch {
	case c.dialing != dialDone:
		if l.dialer.connect(c) == unix.EALREADY {
			nap(l, time.Millisecond)
		}
		return nil
	case c.dialer == nil && c.svc != nil && len(c.out) == 0 && (c.full || c.svc.busy()):
		nap(l, time.Hour) // a server that waits for the time to answer reads nothing meanwhile
		return nil
	}
	start, fd, gen := l.tr.tick(), c.fd, c.gen
	if len(c.out) > 0 {
		l.conns.flush(c)
	} else {
		l.conns.read(c)
	}
	l.tr.handled(trace.HandlerConn, trace.PhaseComplete, fd, gen, start, l.tr.tick())
	l.countWait()
	return nil
}

// served is the connection that has its turn: the oldest that there is something to do for.
func (*blocking) served(l *Loop) *conn {
	for _, c := range l.table.order {
		if !c.leaked && (!c.eof || len(c.out) > 0) {
			return c
		}
	}
	return nil
}

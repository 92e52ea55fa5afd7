package loop

import (
	"slices"
	"time"
)

// service is what a server says on one connection. Each connection has a value of its own (conn.svc), made when it is
// accepted or connected; nil is the echo server, which has no state and answers inside connections.read.
//
// A service knows nothing of sockets, readiness or completions. It is told what happened and acts through an outlet, so
// the same service runs behind every driver. The driver's side of the contract:
//
//   - All calls for one connection, timers and look-ups included, come one after the other, never two at a time and never
//     from inside another. A driver with several threads holds the connection's lock, or runs them on one thread.
//   - opened comes first and once. An inbound connection is told at its accept, an outbound one when it is established.
//   - received hands over bytes that are valid until it returns. After hold(true) it may come once more, with what was
//     read before the driver knew.
//   - ended says that the peer will send no more; it may still be reading. It comes at most once and the service ends the
//     connection with finish when it owes nothing more.
//   - writable says that everything that was sent has been taken by the kernel after it had not been.
//   - released comes last, whoever ended the connection; the outlet is dead by then.
type service interface {
	opened(o outlet)
	received(o outlet, p []byte)
	ended(o outlet)
	writable(o outlet)
	released(l *Loop)
	// busy reports whether the service still owes an answer that has not been sent. An orderly shutdown waits for it.
	busy() bool
}

// outlet is everything that a service may do. It is a value, two words, and is used inside the calls of service and
// inside the functions given to after and lookup, nowhere else: those run one at a time for a connection, on the thread
// that serves it just then, so an outlet is never kept. When the connection has ended every method does nothing.
type outlet struct {
	l *Loop
	c *conn
}

// alive reports whether the connection is still there and not about to end. Sending may end it: a write can fail.
func (o outlet) alive() bool { return o.c.fd >= 0 && o.c.finish == 0 }

// send sends p behind everything sent before. What the kernel does not take at once is copied and sent later.
func (o outlet) send(p []byte) {
	if !o.alive() || len(p) == 0 {
		return
	}
	o.l.drv.send(o.l, o.c, p)
}

// clogged reports whether something that was sent still waits for room in the kernel. A service that makes much out of
// little should then wait for writable.
func (o outlet) clogged() bool { return len(o.c.out) > 0 }

// hold stops reading from the peer, or goes on: back-pressure for a service that cannot take more.
func (o outlet) hold(on bool) {
	if !o.alive() || o.c.full == on {
		return
	}
	o.c.full = on
	o.l.conns.interestChanged(o.c)
}

// finish closes the connection for the given reason (trace.Close*) once everything that was sent has been taken. The
// service is not called again but for released.
func (o outlet) finish(why uint32) { o.end(why, false) }

// refuse is finish for a service that no longer understands what comes: closing a socket with unread bytes in it resets
// the connection, and the reset destroys an answer that the peer has not read yet (RFC 9112, 9.6). So first only the
// sending side is shut, and what comes is thrown away until the peer has finished or lingerFor is over.
func (o outlet) refuse(why uint32) { o.end(why, true) }

func (o outlet) end(why uint32, linger bool) {
	if !o.alive() {
		return
	}
	c := o.c
	c.finish, c.linger = why, linger
	c.full = !linger // what still comes would be for nobody
	if len(c.out) > 0 {
		o.l.conns.interestChanged(c)
		return
	}
	o.l.conns.finished(c)
}

// connTimer is a timer of a connection, and the thread whose heap it is in.
type connTimer struct {
	t *timer
	l *Loop
}

// after calls fn once, after d, unless the connection has ended by then. fn gets an outlet of the thread that it runs on,
// which need not be the one that armed the timer.
func (o outlet) after(d time.Duration, fn func(outlet)) *connTimer {
	c := o.c
	x := &connTimer{l: o.l}
	x.t = o.l.timers.after(d, 0, func(l *Loop) {
		if !l.locks.take(c) {
			return
		}
		defer l.locks.give(c)
		c.timers = slices.DeleteFunc(c.timers, func(y *connTimer) bool { return y == x })
		fn(outlet{l, c})
	})
	c.timers = append(c.timers, x)
	return x
}

// cancel stops a timer of a connection. One in another thread's heap stays there; it will find its connection closed.
func (cs *connections) cancel(c *conn, x *connTimer) {
	if !cs.l.crowd || x.l == cs.l {
		cs.l.timers.stop(x.t)
	}
	c.timers = slices.DeleteFunc(c.timers, func(y *connTimer) bool { return y == x })
}

// lookup finds the addresses of a name the way the resolve knob says and calls fn once, unless the connection has ended
// by then. fn may be called before lookup returns. What is known of names belongs to one thread, so several refuse.
func (o outlet) lookup(name string, fn func(outlet, answer)) {
	l, c := o.l, o.c
	if l.crowd {
		fn(o, answer{name: name, problem: "a server of several threads looks no names up"})
		return
	}
	l.names.lookup(l.drv, name, func(a answer) {
		if !l.locks.take(c) {
			return
		}
		defer l.locks.give(c)
		if o.alive() {
			fn(o, a)
		}
	})
}

// lingerFor bounds how long a connection that was refused is read from and thrown away.
const lingerFor = time.Second

// Serve says what the server does with what it reads.
type Serve uint8

// The servers. docs/serve.md has them.
const (
	ServeEcho Serve = iota
	ServeCommands
	ServeDelay
)

// Echo says how much the echo server answers.
type Echo uint8

// Ways to echo. Whole is the mistake of many a tutorial: the length of the buffer instead of what read returned.
const (
	EchoExact Echo = iota
	EchoWhole
)

// newService makes the service of a connection that was accepted just now.
func (cs *connections) newService() service {
	switch cs.b.Serve {
	case ServeCommands:
		return &commands{}
	case ServeDelay:
		return &delay{}
	}
	return nil
}

// welcome gives an accepted connection its service and its idle timer.
func (cs *connections) welcome(c *conn) {
	c.svc = cs.newService()
	cs.watchIdle(c)
	if c.svc != nil {
		c.svc.opened(outlet{cs.l, c})
	}
}

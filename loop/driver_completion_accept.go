package loop

import (
	"golang.org/x/sys/unix"

	"evviz/internal/sys"
	"evviz/trace"
)

// accept submits an accept unless one is in flight.
func (d *completion) accept(l *Loop) {
	if d.ending || d.accepting || d.polling {
		return
	}
	d.accepting = true
	e := d.entry(l, trace.OpAccept, l.lis.fd, l.lis.gen, 0)
	if d.plan.many && !d.shedding && !d.waits {
		d.single = false
		sys.PrepAcceptMany(e, l.lis.fd, unix.SOCK_CLOEXEC)
		return
	}
	d.single = true
	d.fromSize = unix.SizeofSockaddrAny
	sys.PrepAccept(e, l.lis.fd, &d.from, &d.fromSize, unix.SOCK_CLOEXEC)
}

// accepted takes a connection in, or reacts to the lack of descriptors.
func (d *completion) accepted(l *Loop, c *sys.CQE) {
	if !c.More() {
		d.accepting = false
	}
	shed, waits := d.shedding, d.waits
	d.shedding, d.waits = false, false
	switch errno := unix.Errno(-c.Res); {
	case c.Res >= 0:
		conn := l.accept.newConn(int(c.Res), d.peerOf(l, int(c.Res)), unix.SOCK_CLOEXEC, true)
		switch {
		case shed:
			l.conns.close(conn, trace.CloseShed)
		case l.gone.Load():
			l.conns.close(conn, trace.CloseShutdown)
		default:
			l.accept.admit(conn)
		}
	case errno == unix.EMFILE || errno == unix.ENFILE || errno == unix.ENOBUFS || errno == unix.ENOMEM:
		// The kernel looks for a free number before it looks for a connection. So the accept fails at once, again and again,
		// also when nobody connects: to shed, somebody has to be waited for first.
		switch {
		case l.b.OnEMFILE != EMFILEShed || l.reserve.fd < 0 || d.ending:
		case waits:
			l.reserve.giveUp(l.kernel)
			d.shedding = true
		default:
			d.polling = true
			sys.PrepPoll(d.entry(l, trace.OpPoll, l.lis.fd, l.lis.gen, 0), l.lis.fd, unix.POLLIN)
		}
	}
	if shed {
		l.reserve.open(l.kernel)
	}
	d.accept(l)
}

// somebodyWaits tries again to accept, when there is a connection; if there is still no descriptor the reserve goes.
func (d *completion) somebodyWaits(l *Loop) {
	d.polling = false
	d.waits = true
	d.accept(l)
}

// peerOf is the address of a new connection. A single accept has filled it in; a multishot one has no place for it, and the
// server does not need it: asking is evviz's own call, as asking what is unread is, and not recorded.
func (d *completion) peerOf(l *Loop, fd int) string {
	if d.single {
		return peerString(&d.from)
	}
	if !l.tr.On() {
		return ""
	}
	sa, err := unix.Getpeername(fd)
	if err != nil {
		return ""
	}
	return addrString(sa)
}

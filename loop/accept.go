package loop

import (
	"errors"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// acceptMany accepts as often as the rule says. It returns how many calls were made and how many got a connection.
func (l *Loop) acceptMany(rule Count) (asked, useful int) {
	again := false
	for n := 0; !l.draining && rule.more(n, again, false); n++ {
		asked++
		c, errno := l.acceptOne()
		switch errno {
		case 0:
			useful++
			if !l.quit {
				l.admit(c)
			}
			if l.give(c); l.quit {
				return
			}
		case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			if l.b.OnEMFILE == EMFILEIgnore || !l.shed() {
				return
			}
		case errNotMade:
			asked--
			return
		case unix.EINTR:
			if l.interrupted() { // a blocking accept that was ended for a task
				return
			}
		case unix.ECONNABORTED:
		default:
			again = true
		}
	}
	return
}

// acceptOne is one accept4, recorded. A connection's descriptor is recorded as opened, too; with several threads the caller
// has the connection and must give it back.
func (l *Loop) acceptOne() (*conn, unix.Errno) {
	_, blocking := l.b.blocks()
	flags := openFlags
	if blocking {
		flags = unix.SOCK_CLOEXEC
	}
	var fd int
	var t0, t1 int64
	var errno unix.Errno
	rsa := &l.rsa
	phase := trace.PhaseComplete
	if l.lis.blocking {
		phase = trace.PhaseExit
		if fd, t0, t1, errno = l.acceptBlocking(rsa, flags); errno == errNotMade {
			return nil, errno
		}
	} else {
		t0 = l.tr.Now()
		fd, errno = acceptFD(l.lis.fd, rsa, flags)
		t1 = l.tr.tick()
	}
	e := l.tr.Next(trace.Accept, t1)
	e.Phase, e.FD, e.Gen, e.Aux, e.A, e.Mask, e.Dur, e.Errno = phase, int32(l.lis.fd), l.lis.gen, trace.CallAccept4, int64(fd), uint32(flags), t1-t0, uint16(errno)
	if errno != 0 {
		return nil, errno
	}
	return l.newConn(fd, peerString(rsa), flags, blocking), 0
}

// newConn takes note of an accepted connection. With several threads the caller has it and must give it back.
func (l *Loop) newConn(fd int, peer string, flags int, blocking bool) *conn {
	id := l.tr.peerName(fd, peer)
	gen := l.kernel.opened(fd, trace.TypeStream, trace.OriginAccept, id, 0, uint32(flags))
	c := &conn{fd: fd, id: lifeID(fd, gen), gen: gen, peer: peer, left: -1, blocking: blocking}
	if l.crowd {
		c.mu.Lock() // its caller gives it back
	}
	l.table.enter(c)
	l.stats.Accepted.Add(1)
	return c
}

// admit takes a new connection into the loop, or turns it away.
func (l *Loop) admit(c *conn) {
	fd := c.fd
	if l.b.MaxFD > 0 && fd >= l.b.MaxFD {
		l.closeConn(c, trace.CloseRefused)
		return
	}
	l.kernel.sockopt(fd, c.gen, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if c.blocking {
		l.kernel.limitBlocking(fd, c.gen)
	}
	if l.b.Dup {
		l.duplicate(c)
	}
	if l.b.Child == ChildHolds && !l.hand {
		l.fork(ChildHolds, fd)
	}
	if l.stamping() {
		l.kernel.sockopt(fd, c.gen, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if l.drv.canHold() && l.b.Hold > 0 && l.obs != nil {
		l.hold(c)
	}
	if l.welcome(c); c.fd < 0 {
		return
	}
	if l.watchArrival(c); c.held {
		return
	}
	if err := l.drv.added(l, c); err != nil {
		why := uint32(trace.CloseError)
		if errors.Is(err, poll.ErrDoesNotFit) {
			why = trace.CloseRefused
			l.tr.say(err.Error() + ": the connection was turned away")
		}
		l.closeConn(c, why)
	}
}

// shed gives up the reserve descriptor to accept one connection and close it, and takes the reserve back. Without it the
// connection would stay queued and the listener readable for ever (K23).
func (l *Loop) shed() bool {
	fd := -1
	l.table.locked(func() { fd, l.shared.reserve = l.shared.reserve, -1 })
	if fd < 0 {
		return false
	}
	l.kernel.close(fd, l.table.genOf(fd), trace.CloseShed)
	c, errno := l.acceptOne()
	if errno == 0 {
		l.closeConn(c, trace.CloseShed)
		l.give(c)
	}
	l.openReserve()
	return errno == 0
}

// closeConn ends a connection and forgets it.
func (l *Loop) closeConn(c *conn, why uint32) {
	if c.fd < 0 {
		return
	}
	l.letIn(c)
	l.letGo(c)
	if l.drv != nil {
		l.drv.closing(l, c)
	}
	l.table.leave(c)
	if len(l.children) > 0 && l.b.Child == ChildHolds {
		l.outlived = append(l.outlived, c.id)
	}
	c.asked.close()
	fd := c.fd
	c.fd = -1
	l.stats.Closed.Add(1)
	l.kernel.close(fd, c.gen, why)
}

// peerString formats the address that accept4 filled in.
func peerString(rsa *unix.RawSockaddrAny) string {
	switch rsa.Addr.Family {
	case unix.AF_INET:
		a := (*unix.RawSockaddrInet4)(unsafe.Pointer(rsa))
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), ntohs(a.Port)).String()
	case unix.AF_INET6:
		a := (*unix.RawSockaddrInet6)(unsafe.Pointer(rsa))
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), ntohs(a.Port)).String()
	}
	return ""
}

// ntohs reads a port, which is in network order in memory.
func ntohs(p uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&p))
	return uint16(b[0])<<8 | uint16(b[1])
}

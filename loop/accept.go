package loop

import (
	"errors"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// acceptor takes connections in. Like connections it has a way back to the loop: a new connection concerns nearly every part of it.
type acceptor struct {
	l   *Loop
	rsa unix.RawSockaddrAny // of one accept, so that it allocates nothing
}

// many accepts as often as the rule says. It returns how many calls were made and how many got a connection.
func (a *acceptor) many(rule Count) (asked, useful int) {
	l := a.l
	again := false
	for n := 0; !l.ending.draining && rule.more(n, again, false); n++ {
		asked++
		c, errno := a.one()
		switch errno {
		case 0:
			useful++
			if !l.quit {
				a.admit(c)
			}
			if l.locks.give(c); l.quit {
				return
			}
		case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			if l.b.OnEMFILE == EMFILEIgnore || !a.shed() {
				return
			}
		case errNotMade:
			asked--
			return
		case unix.EINTR:
			if l.reach.interrupted() { // a blocking accept that was ended for a task
				return
			}
		case unix.ECONNABORTED:
		default:
			again = true
		}
	}
	return
}

// one is one accept4, recorded. A connection's descriptor is recorded as opened, too; with several threads the caller
// has the connection and must give it back.
func (a *acceptor) one() (*conn, unix.Errno) {
	l := a.l
	_, blocking := l.b.blocks()
	flags := openFlags
	if blocking {
		flags = unix.SOCK_CLOEXEC
	}
	var fd int
	var t0, t1 int64
	var errno unix.Errno
	rsa := &a.rsa
	phase := trace.PhaseComplete
	if l.lis.blocking {
		phase = trace.PhaseExit
		if fd, t0, t1, errno = l.block.accept(l.lis.fd, l.lis.gen, rsa, flags); errno == errNotMade {
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
	return a.newConn(fd, peerString(rsa), flags, blocking), 0
}

// newConn takes note of an accepted connection. With several threads the caller has it and must give it back.
func (a *acceptor) newConn(fd int, peer string, flags int, blocking bool) *conn {
	l := a.l
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
func (a *acceptor) admit(c *conn) {
	l := a.l
	fd := c.fd
	if l.b.MaxFD > 0 && fd >= l.b.MaxFD {
		l.conns.close(c, trace.CloseRefused)
		return
	}
	l.kernel.sockopt(fd, c.gen, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if c.blocking {
		l.kernel.limitBlocking(fd, c.gen)
	}
	if l.b.Dup {
		l.dups.keep(l.kernel, c)
	}
	if l.b.Child == ChildHolds && !l.reach.hand {
		l.children.fork(ChildHolds, fd)
	}
	if l.b.stamping() {
		l.kernel.sockopt(fd, c.gen, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if l.b.Hold > 0 && l.arrivals.obs != nil && l.drv.canHold() {
		l.registry.holdBack(c, &l.b)
	}
	if l.conns.welcome(c); c.fd < 0 {
		return
	}
	if l.arrivals.watch(c); c.held {
		return
	}
	if err := l.drv.added(l, c); err != nil {
		why := uint32(trace.CloseError)
		if errors.Is(err, poll.ErrDoesNotFit) {
			why = trace.CloseRefused
			l.tr.say(err.Error() + ": the connection was turned away")
		}
		l.conns.close(c, why)
	}
}

// shed gives up the reserve descriptor to accept one connection and close it, and takes the reserve back. Without it the
// connection would stay queued and the listener readable for ever (K23).
func (a *acceptor) shed() bool {
	l := a.l
	if !l.reserve.giveUp(l.kernel) {
		return false
	}
	c, errno := a.one()
	if errno == 0 {
		l.conns.close(c, trace.CloseShed)
		l.locks.give(c)
	}
	l.reserve.open(l.kernel)
	return errno == 0
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

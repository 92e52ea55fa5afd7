package loop

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// RegisterOrder says when a socket that connects is registered.
type RegisterOrder uint8

// Orders. Early is the mistake: a socket that has no connection and is not making one is hung up, so the kernel reports
// OUT|HUP at once (K07). The loop then calls connect when that report has come, to show it.
const (
	RegisterLate RegisterOrder = iota
	RegisterEarly
)

// phases of a connection that the loop makes itself.
type dialing uint8

const (
	dialDone dialing = iota // established, or not made by the loop
	dialNew                 // registered, connect not called yet
	dialWait                // connect is under way
)

// outbound is one stream that the loop connects, over all its attempts.
type outbound struct {
	l      *Loop
	token  int           // which stream
	target string        // host:port as it was asked for
	c      *conn         // of the present attempt, nil between attempts
	tries  int           // in a row that failed
	wait   time.Duration // before the next attempt
	timer  *timer
	done   bool // nothing more to do for this stream
	over   bool // replaced by other settings
}

// Bounds of the wait between attempts: it doubles from the first to the last.
const (
	backoffFirst = 100 * time.Millisecond
	backoffLast  = 3200 * time.Millisecond
)

// dialer has the streams that the loop connects itself. It has a way back to the loop for the same reason as connections: what
// it makes are connections.
type dialer struct {
	l       *Loop
	streams []*outbound
	counted int  // answers to them
	changed bool // a setting of the streams
}

// start makes the streams of the connect knob; those of an earlier setting are closed.
func (x *dialer) start() {
	l := x.l
	x.stop()
	if l.b.Connect == "" || l.ending.draining {
		return
	}
	x.counted = 0
	for i := range l.b.Streams {
		x.streams = append(x.streams, &outbound{l: l, token: i, target: l.b.Connect, wait: backoffFirst})
	}
	for _, d := range x.streams {
		d.dial()
	}
}

func (x *dialer) stop() {
	l := x.l
	old := x.streams
	x.streams = nil
	for _, d := range old {
		d.over = true
		if d.timer != nil {
			l.timers.stop(d.timer)
		}
		if d.c != nil {
			l.conns.close(d.c, trace.CloseShutdown)
		}
	}
}

// dial begins an attempt: the name first, when there is one.
func (d *outbound) dial() {
	d.timer = nil
	target := d.target
	if target == "self" {
		target = d.l.lis.addr
	}
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		d.failed(err)
		return
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		d.failed(fmt.Errorf("%q is not a port", port))
		return
	}
	d.l.names.lookup(d.l.drv, host, func(a answer) {
		switch {
		case d.over:
		case a.problem != "":
			d.failed(fmt.Errorf("look up %s: %s", host, a.problem))
		default:
			d.connectTo(netip.AddrPortFrom(a.addrs[0], uint16(p)))
		}
	})
}

// errNotLoopback refuses an address outside the machine.
var errNotLoopback = errors.New("it is not a loopback address; the lab connects to others only when it is allowed to")

// connectTo makes a socket and connects it without waiting.
func (d *outbound) connectTo(addr netip.AddrPort) {
	l := d.l
	if !addr.Addr().IsLoopback() && !l.cfg.AllowRemote {
		d.done = true // no later attempt would go better
		l.tr.tell("connect to %s: %v", addr, errNotLoopback)
		return
	}
	family := unix.AF_INET
	if addr.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|openFlags, 0)
	if err != nil {
		d.failed(fmt.Errorf("socket: %w", err))
		return
	}
	peer := addr.String()
	id := l.tr.peerName(fd, peer)
	gen := l.kernel.opened(fd, trace.TypeStream, trace.OriginSocket, id, 0, openFlags)
	c := &conn{fd: fd, id: lifeID(fd, gen), gen: gen, peer: peer, left: -1, dialer: d, addr: addr, dialing: dialNew, trigger: l.b.trigger()}
	l.table.enter(c)
	d.c = c
	if l.b.RegisterOrder == RegisterEarly {
		if err := l.drv.added(l, c); err != nil {
			l.conns.close(c, trace.CloseError)
		}
		return
	}
	if l.dialer.connect(c); c.fd < 0 {
		return
	}
	if err := l.drv.added(l, c); err != nil {
		l.conns.close(c, trace.CloseError)
	}
}

// connect is connect(2) on a non-blocking socket, recorded. Called again while the connection is being made it says
// how far that is, which is how a loop asks that nobody tells.
func (x *dialer) connect(c *conn) unix.Errno {
	l := x.l
	var sa unix.Sockaddr
	if a := c.addr.Addr(); a.Is4() {
		sa = &unix.SockaddrInet4{Addr: a.As4(), Port: int(c.addr.Port())}
	} else {
		sa = &unix.SockaddrInet6{Addr: a.As16(), Port: int(c.addr.Port())}
	}
	t0 := l.tr.Now()
	err := unix.Connect(c.fd, sa)
	t1 := l.tr.tick()
	errno := unix.Errno(errnoOf(err))
	e := l.tr.Next(trace.Connect, t1)
	e.FD, e.Gen, e.Dur, e.Errno = int32(c.fd), c.gen, t1-t0, uint16(errno)
	if l.tr.On() {
		e.Aux = peerNames + uint32(c.fd)
	}
	switch errno {
	case 0, unix.EISCONN:
		x.established(c)
		return 0
	case unix.EINPROGRESS, unix.EALREADY, unix.EINTR:
		c.dialing = dialWait
	default:
		c.problem = fmt.Errorf("connect: %w", errno)
		l.conns.close(c, trace.CloseError)
	}
	return errno
}

// reported handles a report about a connection that is not made yet. Afterwards it may be established or closed.
func (x *dialer) reported(c *conn, mask uint32) {
	l := x.l
	if c.dialing == dialNew {
		x.connect(c) // the report of a socket that was registered too early
		return
	}
	if mask&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) == 0 {
		return
	}
	// Writable means that the attempt is over; SO_ERROR says how (connect(2), EINPROGRESS).
	sys := l.tr.name("getsockopt")
	t0 := l.tr.Now()
	v, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	t1 := l.tr.tick()
	e := l.tr.Next(trace.Sys, t1)
	e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = int32(c.fd), c.gen, sys, unix.SO_ERROR, int64(v), t1-t0, errnoOf(err)
	if err == nil && v != 0 {
		err = unix.Errno(v)
	}
	if err != nil {
		c.problem = fmt.Errorf("connect: %w", err)
		l.conns.close(c, trace.CloseError)
		return
	}
	x.established(c)
}

// established begins the conversation on a connection that the loop has made.
func (x *dialer) established(c *conn) {
	l := x.l
	c.dialing = dialDone
	l.stats.Connected.Add(1)
	d := c.dialer
	d.wait = backoffFirst
	l.kernel.sockopt(c.fd, c.gen, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if l.b.stamping() {
		l.kernel.sockopt(c.fd, c.gen, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if _, blocks := l.b.blocks(); blocks != c.blocking && l.kernel.setBlocking(c.fd, c.gen, blocks) == nil {
		c.blocking = blocks
	}
	l.arrivals.watch(c)
	if l.b.Heartbeat > 0 {
		c.svc = &heartbeat{d: d}
	} else {
		c.svc = &tokenStream{d: d}
	}
	if c.svc.opened(outlet{l, c}); c.fd >= 0 {
		l.conns.interestChanged(c)
	}
}

// lost learns that the connection of the present attempt has been closed, for whatever reason.
func (d *outbound) lost(c *conn) {
	d.c = nil
	if d.over || d.done || d.l.gone.Load() || d.l.ending.draining || d.l.quit {
		return
	}
	if c.problem == nil {
		c.problem = errors.New("the connection has ended")
	}
	d.failed(c.problem)
}

// failed ends an attempt: there will be another one after a while, or the operator is told that there will not.
func (d *outbound) failed(err error) {
	l := d.l
	d.tries++
	switch limit := l.b.ReconnectTries; {
	case !l.b.Reconnect:
		l.tr.tell("stream %d to %s: %v", d.token, d.target, err)
	case limit > 0 && d.tries >= limit:
		l.tr.tell("stream %d to %s: given up after %d attempts, the last one: %v", d.token, d.target, d.tries, err)
	default:
		d.timer = l.timers.after(d.wait, 0, func(*Loop) { d.dial() })
		d.wait = min(2*d.wait, backoffLast)
		return
	}
	d.done = true
}

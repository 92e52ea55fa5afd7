package loop

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// listener is the server's listening socket.
type listener struct {
	fd        int
	gen       uint32
	addr      string
	trigger   uint32
	own       bool // trigger was chosen for the listener alone
	reuseport bool // opened with SO_REUSEPORT
	blocking  bool // without O_NONBLOCK

	tr     *recorder
	kernel kernel
	b      *Behaviour
}

// ErrListenAddress is wrapped by what New and Start say of an address that cannot be one: nothing was tried.
var ErrListenAddress = errors.New("listen address")

// resolve turns host:port into a socket address without leaving the machine's own tables.
func resolve(hostport string) (unix.Sockaddr, int, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, 0, fmt.Errorf("%w %q: want host:port, for example 127.0.0.1:4201", ErrListenAddress, hostport)
	}
	p, err := net.LookupPort("tcp", port)
	if err != nil {
		return nil, 0, fmt.Errorf("%w %q: %q is not a port", ErrListenAddress, hostport, port)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip := net.ParseIP(host)
	if ip == nil {
		return nil, 0, fmt.Errorf("%w %q: %q is neither an IP address nor localhost", ErrListenAddress, hostport, host)
	}
	if v4 := ip.To4(); v4 != nil {
		sa := &unix.SockaddrInet4{Port: p}
		copy(sa.Addr[:], v4)
		return sa, unix.AF_INET, nil
	}
	sa := &unix.SockaddrInet6{Port: p}
	copy(sa.Addr[:], ip.To16())
	return sa, unix.AF_INET6, nil
}

// open opens, binds and listens on the loop's own thread, so that a recording has the calls.
func (l *listener) open(cfg *Config) error {
	if cfg.Inherited {
		return l.inherit()
	}
	sa, family, err := resolve(cfg.Listen)
	if err != nil {
		return err
	}
	fail := func(call string, err error) error {
		return fmt.Errorf("listen on %s: %w", cfg.Listen, os.NewSyscallError(call, err))
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|openFlags, 0)
	if err != nil {
		return fail("socket", err)
	}
	l.fd = fd
	l.gen = l.kernel.opened(fd, trace.TypeListener, trace.OriginSocket, 0, 0, openFlags)
	if err := l.kernel.sockopt(fd, l.gen, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fail("setsockopt", err)
	}
	if l.b.Listeners == ListenersReuseport {
		if err := l.kernel.sockopt(fd, l.gen, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return fail("setsockopt", err)
		}
		l.reuseport = true
	}
	// Buffer sizes are inherited by accepted connections, and must be set before the handshake to bound the window.
	if n := l.b.RcvBuf; n > 0 {
		l.kernel.sockopt(fd, l.gen, unix.SOL_SOCKET, unix.SO_RCVBUF, n)
	}
	if n := l.b.SndBuf; n > 0 {
		l.kernel.sockopt(fd, l.gen, unix.SOL_SOCKET, unix.SO_SNDBUF, n)
	}
	if err := unix.Bind(fd, sa); err != nil {
		return fail("bind", err)
	}
	if err := l.listen(); err != nil {
		return fail("listen", err)
	}
	if !l.own {
		l.trigger = l.b.trigger()
	}
	return nil
}

// inherit takes over descriptor 3, a listener that the parent has opened.
func (l *listener) inherit() error {
	l.fd = 3
	unix.CloseOnExec(3)
	l.gen = l.kernel.opened(3, trace.TypeListener, trace.OriginInherited, 0, 0, openFlags)
	got, err := unix.Getsockname(3)
	if err != nil {
		return fmt.Errorf("serve an inherited listener: %w", os.NewSyscallError("getsockname", err))
	}
	l.addr = addrString(got)
	l.trigger = l.b.trigger()
	return nil
}

// listen is listen(2), recorded. Called again it changes the backlog.
func (l *listener) listen() error {
	t0 := l.tr.Now()
	err := unix.Listen(l.fd, l.b.Backlog)
	t1 := l.tr.Now()
	if err == nil && l.addr == "" {
		if got, err := unix.Getsockname(l.fd); err == nil {
			l.addr = addrString(got)
		}
	}
	id := l.tr.name(l.addr)
	e := l.tr.Next(trace.Listen, l.tr.Now())
	e.FD, e.Gen, e.A, e.Aux, e.Dur, e.Errno = int32(l.fd), l.gen, int64(l.b.Backlog), id, t1-t0, errnoOf(err)
	return err
}

// mask is the event mask that the listener is registered with.
func (l *listener) mask() uint32 {
	m := uint32(unix.EPOLLIN)
	if l.b.Threads > 1 && l.b.Listeners == ListenersExclusive {
		m |= unix.EPOLLEXCLUSIVE
	}
	if l.b.Driver == trace.DriverEpoll {
		m |= triggerBits(l.trigger)
	}
	return m
}

// addrString is host:port.
func addrString(sa unix.Sockaddr) string {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return net.JoinHostPort(net.IP(a.Addr[:]).String(), fmt.Sprint(a.Port))
	case *unix.SockaddrInet6:
		return net.JoinHostPort(net.IP(a.Addr[:]).String(), fmt.Sprint(a.Port))
	}
	return ""
}

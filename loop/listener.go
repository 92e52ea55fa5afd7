package loop

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// listener is the server's listening socket and the wake-fd's bookkeeping beside it.
type listener struct {
	fd        int
	gen       uint32
	addr      string
	trigger   uint32
	own       bool // trigger was chosen for the listener alone
	reuseport bool // opened with SO_REUSEPORT
	blocking  bool // without O_NONBLOCK

	wakeUnread bool
	wakePosts  uint64
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

// openListener opens, binds and listens on the loop's own thread, so that a recording has the calls.
func (l *Loop) openListener() error {
	if l.cfg.Inherited {
		return l.inheritListener()
	}
	sa, family, err := resolve(l.cfg.Listen)
	if err != nil {
		return err
	}
	fail := func(call string, err error) error {
		return fmt.Errorf("listen on %s: %w", l.cfg.Listen, os.NewSyscallError(call, err))
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|openFlags, 0)
	if err != nil {
		return fail("socket", err)
	}
	l.lis.fd = fd
	l.lis.gen = l.kernel.opened(fd, trace.TypeListener, trace.OriginSocket, 0, 0, openFlags)
	if err := l.kernel.sockopt(fd, l.lis.gen, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fail("setsockopt", err)
	}
	if l.b.Listeners == ListenersReuseport {
		if err := l.kernel.sockopt(fd, l.lis.gen, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return fail("setsockopt", err)
		}
		l.lis.reuseport = true
	}
	// Buffer sizes are inherited by accepted connections, and must be set before the handshake to bound the window.
	if n := l.b.RcvBuf; n > 0 {
		l.kernel.sockopt(fd, l.lis.gen, unix.SOL_SOCKET, unix.SO_RCVBUF, n)
	}
	if n := l.b.SndBuf; n > 0 {
		l.kernel.sockopt(fd, l.lis.gen, unix.SOL_SOCKET, unix.SO_SNDBUF, n)
	}
	if err := unix.Bind(fd, sa); err != nil {
		return fail("bind", err)
	}
	if err := l.listen(); err != nil {
		return fail("listen", err)
	}
	if !l.lis.own {
		l.lis.trigger = l.b.trigger()
	}
	return nil
}

// inheritListener takes over descriptor 3, a listener that the parent has opened.
func (l *Loop) inheritListener() error {
	l.lis.fd = 3
	unix.CloseOnExec(3)
	l.lis.gen = l.kernel.opened(3, trace.TypeListener, trace.OriginInherited, 0, 0, openFlags)
	got, err := unix.Getsockname(3)
	if err != nil {
		return fmt.Errorf("serve an inherited listener: %w", os.NewSyscallError("getsockname", err))
	}
	l.lis.addr = addrString(got)
	l.lis.trigger = l.b.trigger()
	return nil
}

// listen is listen(2), recorded. Called again it changes the backlog.
func (l *Loop) listen() error {
	t0 := l.tr.Now()
	err := unix.Listen(l.lis.fd, l.b.Backlog)
	t1 := l.tr.Now()
	if err == nil && l.lis.addr == "" {
		if got, err := unix.Getsockname(l.lis.fd); err == nil {
			l.lis.addr = addrString(got)
		}
	}
	id := l.tr.name(l.lis.addr)
	e := l.tr.Next(trace.Listen, l.tr.Now())
	e.FD, e.Gen, e.A, e.Aux, e.Dur, e.Errno = int32(l.lis.fd), l.lis.gen, int64(l.b.Backlog), id, t1-t0, errnoOf(err)
	return err
}

// openWake makes the eventfd by which other threads wake a waiting loop.
func (l *Loop) openWake() error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("make the wakeup descriptor: %w", os.NewSyscallError("eventfd2", err))
	}
	l.wakeFD = fd
	l.wakeGen = l.kernel.opened(fd, trace.TypeEventfd, trace.OriginEventfd, 0, 0, openFlags)
	l.tasks.setFD(fd)
	return nil
}

// openReserve keeps a descriptor in hand, to be given up when there are no others (OnEMFILE).
func (l *Loop) openReserve() {
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		l.kernel.opened(fd, trace.TypeOther, trace.OriginOpen, 0, 0, unix.O_CLOEXEC)
		l.table.locked(func() { l.shared.reserve = fd })
	}
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

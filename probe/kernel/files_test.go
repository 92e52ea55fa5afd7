//go:build linux && (amd64 || arm64)

package kernel

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
)

func init() { roles["files"] = makeFiles }

// truth is what a child knows of one of its descriptors: what system calls say of it, and what the child has done.
type truth struct {
	Is      string // what it was made as
	FD      int
	Kind    Kind
	Inode   uint64
	Device  uint64
	Mode    uint32
	Flags   int
	Cloexec bool
	Poll    int16 // what poll(2) says now

	Family, Type, Protocol int
	Local, Peer            netip.AddrPort
	Path, PeerPath         string // hex
	FIONREAD               int    // Unknown: not asked
	SIOCOUTQ               int    // TCP: bytes that are not acknowledged
	PeerInode              uint64

	Want map[string]int64 // more, by name
}

// maker makes descriptors and remembers them. The first error stays.
type maker struct {
	out []truth
	err error
}

func (m *maker) must(what string, err error) bool {
	if err != nil && m.err == nil {
		m.err = fmt.Errorf("%s: %w", what, err)
	}
	return m.err == nil
}

func (m *maker) add(is string, fd int, kind Kind, want map[string]int64) {
	if m.err == nil {
		m.out = append(m.out, truth{Is: is, FD: fd, Kind: kind, Want: want, FIONREAD: Unknown})
	}
}

func (m *maker) until(what string, done func() bool) {
	for end := time.Now().Add(2 * time.Minute); m.err == nil && !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			m.err = fmt.Errorf("it does not happen: %s", what)
		}
	}
}

func ioctl(fd int, req uint) int {
	n, err := unix.IoctlGetInt(fd, req)
	if err != nil {
		return Unknown
	}
	return n
}

// ask is what system calls say of every descriptor when all is done.
func (m *maker) ask() {
	for i := range m.out {
		t := &m.out[i]
		var st unix.Stat_t
		if !m.must("fstat "+t.Is, unix.Fstat(t.FD, &st)) {
			return
		}
		t.Inode, t.Device, t.Mode = st.Ino, uint64(st.Dev), st.Mode
		var err error
		t.Flags, err = unix.FcntlInt(uintptr(t.FD), unix.F_GETFL, 0)
		m.must("F_GETFL "+t.Is, err)
		fd, err := unix.FcntlInt(uintptr(t.FD), unix.F_GETFD, 0)
		m.must("F_GETFD "+t.Is, err)
		t.Cloexec = fd&unix.FD_CLOEXEC != 0
		if t.Kind == KindPipe && t.Flags&unix.O_ACCMODE == unix.O_RDONLY {
			t.FIONREAD = ioctl(t.FD, fionread)
		}
		if t.Kind == KindSocket {
			m.askSocket(t)
		}
	}
	for i := range m.out {
		t := &m.out[i]
		p := []unix.PollFd{{Fd: int32(t.FD), Events: unix.POLLIN | unix.POLLOUT | unix.POLLRDHUP}}
		if _, err := unix.Poll(p, 0); m.must("poll "+t.Is, err) {
			t.Poll = p[0].Revents
		}
	}
}

func (m *maker) askSocket(t *truth) {
	get := func(opt int) int {
		n, err := unix.GetsockoptInt(t.FD, unix.SOL_SOCKET, opt)
		m.must("getsockopt "+t.Is, err)
		return n
	}
	t.Family, t.Type, t.Protocol = get(unix.SO_DOMAIN), get(unix.SO_TYPE), get(unix.SO_PROTOCOL)
	if sa, err := unix.Getsockname(t.FD); err == nil {
		t.Local, t.Path = addressOf(sa)
	}
	if sa, err := unix.Getpeername(t.FD); err == nil {
		t.Peer, t.PeerPath = addressOf(sa)
	}
	if t.Want["accept"] == 0 {
		t.FIONREAD = ioctl(t.FD, fionread)
	}
	if t.Type == unix.SOCK_STREAM && t.Family != unix.AF_UNIX {
		t.SIOCOUTQ = ioctl(t.FD, unix.TIOCOUTQ)
	}
}

func addressOf(sa unix.Sockaddr) (netip.AddrPort, string) {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), ""
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)), ""
	case *unix.SockaddrUnix:
		name := a.Name
		if name == "@" { // as package unix writes that there is none
			name = ""
		} else if len(name) > 0 && name[0] == '@' { // and an abstract one
			name = "\x00" + name[1:]
		}
		return netip.AddrPort{}, hex.EncodeToString([]byte(name))
	}
	return netip.AddrPort{}, ""
}

const fionread = unix.TIOCINQ // the same number

const nonblock = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC

// tcp is a listener, a connection to it and its accepted end.
func (m *maker) tcp(sa unix.Sockaddr, family int) (listener, conn, accepted int) {
	l, err := unix.Socket(family, unix.SOCK_STREAM|nonblock, 0)
	m.must("socket", err)
	m.must("bind", unix.Bind(l, sa))
	m.must("listen", unix.Listen(l, 7))
	at, err := unix.Getsockname(l)
	m.must("getsockname", err)
	c, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	m.must("socket", err)
	m.must("connect", unix.Connect(c, at))
	a := -1
	m.until("a connection comes", func() bool {
		a, _, err = unix.Accept4(l, unix.SOCK_NONBLOCK)
		return err == nil
	})
	return l, c, a
}

func (m *maker) write(fd, n int) {
	_, err := unix.Write(fd, make([]byte, n))
	m.must("write", err)
}

func makeFiles() (any, error) {
	m := &maker{}
	m.sockets()
	m.unixSockets()
	m.others()
	m.ask()
	return m.out, m.err
}

func (m *maker) sockets() {
	loop4 := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	l, c, a := m.tcp(loop4, unix.AF_INET)
	m.write(c, 4900)
	m.until("4,900 bytes come", func() bool { return ioctl(a, fionread) == 4900 })
	m.add("tcp listener", l, KindSocket, map[string]int64{"backlog": 7, "accept": 0, "state": 10})
	m.add("tcp client", c, KindSocket, map[string]int64{"state": 1})
	m.add("tcp with 4,900 unread bytes", a, KindSocket, map[string]int64{"unread": 4900, "state": 1})

	_, c, a = m.tcp(&unix.SockaddrInet6{Addr: [16]byte(net.IPv6loopback)}, unix.AF_INET6)
	m.write(c, 100)
	m.must("shutdown", unix.Shutdown(c, unix.SHUT_WR))
	m.until("a FIN comes", func() bool { return polled(a)&unix.POLLRDHUP != 0 })
	m.add("tcp6 with 100 unread bytes and a FIN", a, KindSocket, map[string]int64{"unread": 100, "state": 8, "readshut": 1})
	m.until("the FIN is acknowledged", func() bool { return ioctl(c, unix.TIOCOUTQ) == 0 })
	m.add("tcp6 that has sent a FIN", c, KindSocket, map[string]int64{"state": 5, "writeshut": 1})

	_, c, a = m.tcp(loop4, unix.AF_INET)
	m.must("shutdown", unix.Shutdown(c, unix.SHUT_WR))
	m.until("a FIN comes", func() bool { return polled(a)&unix.POLLRDHUP != 0 })
	m.add("tcp with a FIN and nothing else", a, KindSocket, map[string]int64{"unread": 0, "state": 8, "readshut": 1})

	_, c, a = m.tcp(loop4, unix.AF_INET)
	m.must("nonblock", unix.SetNonblock(c, true))
	m.until("the send buffer is full", func() bool {
		_, err := unix.Write(c, make([]byte, 1<<16))
		return err == unix.EAGAIN && polled(c)&unix.POLLOUT == 0
	})
	m.add("tcp with a full send buffer", c, KindSocket, map[string]int64{"state": 1})
	m.add("tcp whose peer cannot send", a, KindSocket, map[string]int64{"state": 1})

	m.queue(loop4)
	m.reuseport()

	// Nobody listens on a port that was bound and let go.
	gone, _, _ := m.tcp(loop4, unix.AF_INET)
	at, err := unix.Getsockname(gone)
	m.must("getsockname", err)
	m.must("close", unix.Close(gone))
	e, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|nonblock, 0)
	m.must("socket", err)
	if err := unix.Connect(e, at); err != unix.EINPROGRESS && err != unix.ECONNREFUSED {
		m.must("connect", err)
	} else if err == unix.EINPROGRESS {
		m.until("the connection is refused", func() bool { return polled(e)&unix.POLLERR != 0 })
		m.add("tcp with a pending error", e, KindSocket, map[string]int64{"state": 7, "err": int64(unix.ECONNREFUSED)})
	}

	u, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	m.must("socket", err)
	m.must("bind", unix.Bind(u, loop4))
	at, err = unix.Getsockname(u)
	m.must("getsockname", err)
	for _, n := range []int{10, 0, 25} {
		m.must("sendto", unix.Sendto(u, make([]byte, n), 0, at))
	}
	m.add("udp with three packets", u, KindSocket, map[string]int64{"unread": 35, "packets": 3})
	// A reader takes the queue over to a second one.
	u2, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	m.must("socket", err)
	m.must("bind", unix.Bind(u2, loop4))
	at, err = unix.Getsockname(u2)
	m.must("getsockname", err)
	for _, n := range []int{7, 8, 9} {
		m.must("sendto", unix.Sendto(u2, make([]byte, n), 0, at))
	}
	if _, err = unix.Read(u2, make([]byte, 100)); m.must("read", err) {
		m.must("sendto", unix.Sendto(u2, make([]byte, 1), 0, at))
	}
	m.add("udp with one packet read", u2, KindSocket, map[string]int64{"unread": 18, "packets": 3})
}

// queue fills a listener's accept queue: it holds one more than its backlog.
func (m *maker) queue(sa unix.Sockaddr) {
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	m.must("socket", err)
	m.must("bind", unix.Bind(l, sa))
	m.must("listen", unix.Listen(l, 3))
	at, err := unix.Getsockname(l)
	m.must("getsockname", err)
	for range 4 {
		c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		m.must("socket", err)
		m.must("connect", unix.Connect(c, at))
	}
	m.until("four connections wait", func() bool {
		info, err := unix.GetsockoptTCPInfo(l, unix.IPPROTO_TCP, unix.TCP_INFO)
		return err == nil && info.Unacked == 4
	})
	m.add("tcp listener with a full accept queue", l, KindSocket, map[string]int64{"backlog": 3, "accept": 4, "state": 10})
}

// reuseport is two listeners with one address.
func (m *maker) reuseport() {
	var at unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	for i := range 2 {
		l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		m.must("socket", err)
		m.must("SO_REUSEPORT", unix.SetsockoptInt(l, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		m.must("bind", unix.Bind(l, at))
		m.must("listen", unix.Listen(l, 5))
		at, err = unix.Getsockname(l)
		m.must("getsockname", err)
		m.add(fmt.Sprintf("tcp listener with SO_REUSEPORT %d", i), l, KindSocket, map[string]int64{"backlog": 5, "accept": 0, "reuseport": 1, "state": 10})
	}
}

func polled(fd int) int16 {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT | unix.POLLRDHUP}}
	unix.Poll(p, 0)
	return p[0].Revents
}

func (m *maker) unixSockets() {
	pair := func(kind int) (a, b int) {
		p, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
		m.must("socketpair", err)
		return p[0], p[1]
	}
	inode := func(fd int) int64 {
		var st unix.Stat_t
		m.must("fstat", unix.Fstat(fd, &st))
		return int64(st.Ino)
	}
	a, b := pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	m.write(a, 200)
	m.write(a, 100)
	_, err := unix.Read(b, make([]byte, 50))
	m.must("read", err)
	m.add("unix stream with 250 unread bytes, of a packet a part", b, KindSocket, map[string]int64{"unread": 250, "packets": 2, "state": 1, "peer": inode(a)})
	m.add("unix stream", a, KindSocket, map[string]int64{"unread": 0, "packets": 0, "state": 1, "peer": inode(b)})
	a, b = pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	m.until("the send buffer is full", func() bool {
		_, err := unix.Write(a, make([]byte, 1<<12))
		return err == unix.EAGAIN
	})
	m.add("unix stream with a full send buffer", a, KindSocket, nil)
	m.add("unix stream with many unread bytes", b, KindSocket, nil)
	a, b = pair(unix.SOCK_STREAM)
	m.write(a, 5)
	m.must("close", unix.Close(a))
	m.add("unix stream whose peer has gone", b, KindSocket, map[string]int64{"unread": 5, "readshut": 1, "peer": 0})

	dir, err := os.MkdirTemp("", "evviz-kernel")
	m.must("mkdir", err)
	defer os.RemoveAll(dir)
	names := []string{filepath.Join(dir, "named"), fmt.Sprintf("@evviz-kernel-test-%d", os.Getpid())}
	for _, name := range names {
		d, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		m.must("socket", err)
		m.must("bind", unix.Bind(d, &unix.SockaddrUnix{Name: name}))
		c, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		m.must("socket", err)
		m.must("connect", unix.Connect(c, &unix.SockaddrUnix{Name: name}))
		for _, n := range []int{20, 0, 40} {
			m.must("send", unix.Send(c, make([]byte, n), 0))
		}
		m.add("unix datagrams at "+name[:1], d, KindSocket, map[string]int64{"unread": 60, "packets": 3, "peer": 0})
		m.add("unix datagrams to "+name[:1], c, KindSocket, map[string]int64{"unread": 0, "packets": 0, "peer": inode(d)})
	}
	l, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	m.must("socket", err)
	name := &unix.SockaddrUnix{Name: filepath.Join(dir, "listener")}
	m.must("bind", unix.Bind(l, name))
	m.must("listen", unix.Listen(l, 6))
	for range 2 {
		c, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		m.must("socket", err)
		m.must("connect", unix.Connect(c, name))
	}
	m.add("unix listener", l, KindSocket, map[string]int64{"backlog": 6, "accept": 2, "state": 10})
}

func (m *maker) others() {
	var p [2]int
	m.must("pipe", unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC))
	m.write(p[1], 700)
	m.write(p[1], 77)
	m.add("pipe with 777 unread bytes", p[0], KindPipe, map[string]int64{"unread": 777, "reads": 1, "writes": 0, "readers": 1, "writers": 1})
	m.add("pipe", p[1], KindPipe, map[string]int64{"unread": 777, "reads": 0, "writes": 1, "readers": 1, "writers": 1})
	dup, err := unix.Dup(p[0])
	m.must("dup", err)
	m.add("duplicate", dup, KindPipe, map[string]int64{"unread": 777, "same": int64(p[0])})
	var q [2]int
	m.must("pipe", unix.Pipe(q[:]))
	m.write(q[1], 3)
	m.must("close", unix.Close(q[1]))
	m.add("pipe without a writer", q[0], KindPipe, map[string]int64{"unread": 3, "readers": 1, "writers": 0})
	var big [2]int
	m.must("pipe", unix.Pipe2(big[:], unix.O_NONBLOCK))
	size, err := unix.FcntlInt(uintptr(big[0]), unix.F_SETPIPE_SZ, 1<<20)
	m.must("F_SETPIPE_SZ", err)
	m.until("the pipe is full", func() bool { _, err := unix.Write(big[1], make([]byte, 4096)); return err == unix.EAGAIN })
	m.add("full pipe of 1 MiB", big[1], KindPipe, map[string]int64{"unread": int64(size), "full": 1})

	e, err := unix.Eventfd(42, unix.EFD_NONBLOCK)
	m.must("eventfd", err)
	m.add("eventfd", e, KindEventfd, map[string]int64{"count": 42})

	timer := func(is string, interval, value time.Duration, want map[string]int64) int {
		f, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK)
		m.must("timerfd_create", err)
		spec := unix.ItimerSpec{Interval: unix.NsecToTimespec(int64(interval)), Value: unix.NsecToTimespec(int64(value))}
		m.must("timerfd_settime", unix.TimerfdSettime(f, 0, &spec, nil))
		m.add(is, f, KindTimerfd, want)
		return f
	}
	timer("timerfd", 5*time.Second, 9*time.Hour, map[string]int64{"armed": 1, "interval": 5e9, "ticks": 0, "clock": unix.CLOCK_MONOTONIC})
	timer("timerfd that is not set", 0, 0, map[string]int64{"armed": 0, "interval": 0, "ticks": 0, "clock": unix.CLOCK_MONOTONIC})
	f := timer("timerfd that has expired", 0, time.Nanosecond, map[string]int64{"armed": 0, "interval": 0, "ticks": 1, "clock": unix.CLOCK_MONOTONIC})
	m.until("a timer expires", func() bool { return polled(f)&unix.POLLIN != 0 })
	f = timer("interval timerfd that has expired", 9*time.Hour, time.Nanosecond, map[string]int64{"armed": 1, "interval": int64(9 * time.Hour), "ticks": 1, "clock": unix.CLOCK_MONOTONIC})
	m.until("a timer expires", func() bool { return polled(f)&unix.POLLIN != 0 })

	s, err := unix.Signalfd(-1, &unix.Sigset_t{}, unix.SFD_CLOEXEC)
	m.must("signalfd", err)
	m.add("signalfd", s, KindSignalfd, nil)
	i, err := unix.InotifyInit1(unix.IN_NONBLOCK)
	m.must("inotify_init1", err)
	m.add("inotify", i, KindInotify, nil)
	if fd, errno := (sys.Linux{}).Setup(4, &sys.Params{}); errno == 0 {
		m.add("io_uring", fd, KindUring, nil)
	}
	n, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_APPEND|unix.O_CLOEXEC, 0)
	m.must("open", err)
	m.add("/dev/null", n, KindOther, nil)
	o, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY, 0)
	m.must("open", err)
	m.add("folder, O_PATH", o, KindOther, nil)
}

// TestFiles: every descriptor of a child is in the state as the child's own system calls have it.
func TestFiles(t *testing.T) {
	for _, o := range []options{{}, {ring: os.Getpagesize()}, {withoutOneProcess: true}, {withoutLoop: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			r := needBPF(t, o)
			c := start(t, "files", nil)
			truths := known[[]truth](t, c)
			s := read(t, r, c.pid)
			if s.PID != c.pid || s.Parent != os.Getpid() {
				t.Errorf("process %d, parent %d: it is %d of %d", s.PID, s.Parent, c.pid, os.Getpid())
			}
			for i := range truths {
				t.Run(truths[i].Is, func(t *testing.T) { compareFile(t, s, file(t, s, truths[i].FD), &truths[i], r.objects.lists) })
			}
			numbers(t, s)
			group(t, s, truths)
			if o.withoutLoop {
				missesLists(t, r)
			}
		})
	}
}

// missesLists: without bpf_loop a state has no registrations, and the reader says so.
func missesLists(t *testing.T, r *Reader) {
	c := start(t, "lists", nil)
	s := read(t, r, c.pid)
	if e := file(t, s, known[lists](t, c).EPFD).Epoll; len(s.Regs) != 0 || len(s.Watched) != 0 || e.Entries != Unknown {
		t.Errorf("%d registrations, %+v", len(s.Regs), *e)
	}
	if m := r.Missing(); len(m) != 1 || !strings.Contains(m[0], "interest lists") || !strings.Contains(m[0], "bpf_loop, which came with Linux 5.17") {
		t.Errorf("missing: %q", m)
	}
}

// numbers: the state has exactly the numbers that /proc has.
func numbers(t *testing.T, s *State) {
	var got, want []string
	for _, f := range s.Files {
		if f.Table != s.PID {
			t.Errorf("descriptor %d is in the table of thread %d", f.FD, f.Table)
		}
		got = append(got, fmt.Sprint(f.FD))
	}
	es, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.PID))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		want = append(want, e.Name())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("descriptors %v, and /proc has %v", got, want)
	}
}

// group: listeners with one address are in one group, and others are in none of it.
func group(t *testing.T, s *State, truths []truth) {
	groups := map[Key]int{}
	for i := range truths {
		if truths[i].Kind != KindSocket {
			continue
		}
		k := file(t, s, truths[i].FD).Socket
		if want := truths[i].Want["reuseport"] != 0; (k.Group != 0) != want || k.ReusePort != want {
			t.Errorf("%s: group %v, SO_REUSEPORT %v", truths[i].Is, k.Group, k.ReusePort)
		}
		groups[k.Group]++
	}
	delete(groups, 0)
	if len(groups) != 1 {
		t.Errorf("%d groups of SO_REUSEPORT: there is one", len(groups))
	}
}

func compareFile(t *testing.T, s *State, f *File, w *truth, withLoop bool) {
	if f.Kind != w.Kind || f.Inode != w.Inode || f.Device != w.Device || f.Mode != w.Mode || int(f.Flags) != w.Flags || f.CloseOnExec != w.Cloexec {
		t.Errorf("%v, inode %d of %#x, mode %#o, flags %#o, close on exec %v\nit is %v, inode %d of %#x, mode %#o, flags %#o, close on exec %v",
			f.Kind, f.Inode, f.Device, f.Mode, f.Flags, f.CloseOnExec, w.Kind, w.Inode, w.Device, w.Mode, w.Flags, w.Cloexec)
	}
	if f.Nonblocking() != (w.Flags&unix.O_NONBLOCK != 0) {
		t.Errorf("nonblocking %v", f.Nonblocking())
	}
	got := map[string]int64{}
	num := func(b bool) int64 {
		if b {
			return 1
		}
		return 0
	}
	switch {
	case f.Socket != nil:
		compareSocket(t, f.Socket, w, withLoop)
		k := f.Socket
		got = map[string]int64{"unread": int64(k.Unread), "packets": int64(k.Packets), "state": int64(k.State), "backlog": int64(k.Backlog), "accept": int64(k.Accept),
			"readshut": num(k.ReadShut), "writeshut": num(k.WriteShut), "err": int64(k.Err), "peer": int64(k.PeerInode), "reuseport": num(k.ReusePort)}
		if !withLoop && k.Packets != Unknown && k.Packets > 0 {
			got["unread"] = w.Want["unread"] // it cannot be known; compareSocket has looked that it is not said
		}
	case f.Pipe != nil:
		k := f.Pipe
		got = map[string]int64{"unread": int64(k.Unread), "reads": num(k.Reads), "writes": num(k.Writes), "readers": int64(k.Readers), "writers": int64(k.Writers), "full": num(k.Slots == k.Size)}
		if w.FIONREAD != Unknown && k.Unread != w.FIONREAD {
			t.Errorf("unread %d, FIONREAD says %d", k.Unread, w.FIONREAD)
		}
	case f.Eventfd != nil:
		got = map[string]int64{"count": int64(f.Eventfd.Count)}
	case f.Timerfd != nil:
		k := f.Timerfd
		got = map[string]int64{"armed": num(k.Armed), "interval": k.Interval, "ticks": int64(k.Ticks), "clock": int64(k.Clock)}
	}
	for name, want := range w.Want {
		if name == "same" {
			if file(t, s, int(want)).File != f.File {
				t.Errorf("it is not the open file of %d", want)
			}
			continue
		}
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %d, want %d", name, v, want)
		}
	}
}

func compareSocket(t *testing.T, k *Socket, w *truth, withLoop bool) {
	if k.Family != w.Family || k.Type != w.Type || k.Protocol != w.Protocol {
		t.Errorf("family %d, type %d, protocol %d; getsockopt says %d, %d, %d", k.Family, k.Type, k.Protocol, w.Family, w.Type, w.Protocol)
	}
	if k.Local != w.Local || k.Peer != w.Peer && w.Peer.IsValid() {
		t.Errorf("%v to %v; getsockname and getpeername say %v and %v", k.Local, k.Peer, w.Local, w.Peer)
	}
	if got := hex.EncodeToString([]byte(k.Path)); got != w.Path {
		t.Errorf("path %q; getsockname says %s", k.Path, w.Path)
	}
	if got := hex.EncodeToString([]byte(k.PeerPath)); got != w.PeerPath {
		t.Errorf("path of the peer %q; getpeername says %s", k.PeerPath, w.PeerPath)
	}
	if ns := namespaceOf(t, "net"); k.NetNS != ns {
		t.Errorf("network namespace %d, it is %d", k.NetNS, ns)
	}
	bytesInPackets := k.Packets != Unknown
	switch {
	case !withLoop && bytesInPackets && k.Packets > 0:
		if k.Unread != Unknown {
			t.Errorf("unread %d, which cannot be known without bpf_loop", k.Unread)
		}
	case w.FIONREAD != Unknown && w.Type == unix.SOCK_STREAM && k.Unread != w.FIONREAD && !k.Listening: // of datagrams FIONREAD tells the first
		t.Errorf("unread %d, FIONREAD says %d", k.Unread, w.FIONREAD)
	}
	if k.isTCP() && !k.Listening && k.Unacked != w.SIOCOUTQ {
		t.Errorf("%d bytes not acknowledged, SIOCOUTQ says %d", k.Unacked, w.SIOCOUTQ)
	}
	out, known := k.Writable()
	if !known || out != (w.Poll&unix.POLLOUT != 0) {
		t.Errorf("writable %v (known: %v), and poll says %#x; %d of %d queued, %d unsent", out, known, w.Poll, k.SendQueued, k.SendBuffer, k.Unsent)
	}
	if k.ReadShut != (w.Poll&unix.POLLRDHUP != 0) && k.Family != unix.AF_UNIX {
		t.Errorf("shut for reading %v, and poll says %#x", k.ReadShut, w.Poll)
	}
}

// namespaceOf is the inode of a namespace of this process.
func namespaceOf(t *testing.T, name string) uint64 {
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/"+name, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

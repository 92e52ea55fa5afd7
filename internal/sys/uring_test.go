//go:build linux

package sys

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// ring is a ring on a kernel that has it; a kernel that refuses skips the test, visibly.
func ring(t *testing.T) *Ring {
	t.Helper()
	r, err := NewRing(Linux{}, 8, 32)
	if err != nil {
		t.Skipf("SKIPPED, not tested: %v", err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// many is a ring on a kernel that has multishot operations too.
func many(t *testing.T) *Ring {
	t.Helper()
	f, err := Probe(Linux{})
	if err != nil {
		t.Skipf("SKIPPED, not tested: %v", err)
	}
	if f.Multishot != nil {
		t.Skipf("SKIPPED, not tested: %v", f.Multishot)
	}
	return ring(t)
}

func pair(t *testing.T) (a, b int) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(ends[0]); unix.Close(ends[1]) })
	return ends[0], ends[1]
}

// enter hands everything over and waits for a completion.
func enter(t *testing.T, r *Ring) CQE {
	t.Helper()
	for {
		if c, ok := r.Take(); ok {
			return c
		}
		if _, errno := r.Enter(20 * time.Second); errno != 0 && errno != unix.EINTR {
			t.Fatalf("io_uring_enter: %v", errno)
		}
	}
}

func entry(t *testing.T, r *Ring) *SQE {
	t.Helper()
	e := r.Next()
	if e == nil {
		t.Fatal("the ring is full")
	}
	return e
}

// TestOperations: recv, send, read and poll, each completing once with what the call of that name would return.
func TestOperations(t *testing.T) {
	r := ring(t)
	a, b := pair(t)
	buf := make([]byte, 16)
	e := entry(t, r)
	PrepRecv(e, a, buf)
	e.UserData = 1
	if n, errno := r.Enter(0); n != 1 || errno != 0 || r.Ready() != 0 {
		t.Fatalf("%d taken, %v, %d completed: nothing was there to receive", n, errno, r.Ready())
	}
	e = entry(t, r)
	PrepSend(e, b, []byte("hello"))
	e.UserData = 2
	got := map[uint64]int32{}
	for range 2 {
		c := enter(t, r)
		got[c.UserData] = c.Res
	}
	if got[1] != 5 || got[2] != 5 || string(buf[:5]) != "hello" {
		t.Errorf("completions %v, buffer %q", got, buf[:5])
	}
	efd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(efd)
	e = entry(t, r)
	PrepRead(e, efd, buf[:8])
	e.UserData = 3
	e = entry(t, r)
	PrepPoll(e, efd, unix.POLLIN)
	e.UserData = 4
	r.Submit()
	unix.Write(efd, []byte{7, 0, 0, 0, 0, 0, 0, 0})
	if c := enter(t, r); c.Res <= 0 {
		t.Errorf("an eventfd with news completed %d with %d", c.UserData, c.Res)
	}
	unix.Write(efd, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	if c := enter(t, r); c.Res <= 0 {
		t.Errorf("an eventfd with more news completed %d with %d", c.UserData, c.Res)
	}
	unix.Close(b)
	e = entry(t, r)
	PrepRecv(e, a, buf)
	e.UserData = 5
	if c := enter(t, r); c.UserData != 5 || c.Res != 0 {
		t.Errorf("the end of file: %+v", c)
	}
}

// TestTimeouts: a wait in vain ends after its time and not before, by either means.
func TestTimeouts(t *testing.T) {
	r := ring(t)
	if r.TakesTimeout() {
		begin := time.Now()
		for errno := unix.EINTR; errno == unix.EINTR; {
			if _, errno = r.Enter(15 * time.Millisecond); errno != unix.ETIME && errno != unix.EINTR {
				t.Errorf("%v", errno)
			}
		}
		if d := time.Since(begin); d < 15*time.Millisecond {
			t.Errorf("waited %v of 15 ms", d)
		}
	}
	begin := time.Now()
	e := entry(t, r)
	r.PrepTimeout(e, 15*time.Millisecond, 1)
	e.UserData = 9
	r.features &^= featExtArg
	if c := enter(t, r); c.UserData != 9 || c.Res != -int32(unix.ETIME) {
		t.Errorf("%+v", c)
	}
	if d := time.Since(begin); d < 15*time.Millisecond {
		t.Errorf("waited %v of 15 ms", d)
	}
}

// TestCancel: what is cancelled completes with ECANCELED, and the cancel says that it found it.
func TestCancel(t *testing.T) {
	r := ring(t)
	a, _ := pair(t)
	buf := make([]byte, 8)
	e := entry(t, r)
	PrepRecv(e, a, buf)
	e.UserData = 1
	r.Submit()
	e = entry(t, r)
	PrepCancel(e, 1)
	e.UserData = 2
	got := map[uint64]int32{}
	for range 2 {
		c := enter(t, r)
		got[c.UserData] = c.Res
	}
	if got[1] != -int32(unix.ECANCELED) || got[2] != 0 {
		t.Errorf("%v", got)
	}
}

// TestSubmissionRingIsBounded: a full ring says so, and is free again when the kernel has taken what was in it.
func TestSubmissionRingIsBounded(t *testing.T) {
	r := ring(t)
	for i := range 3 * 8 {
		e := r.Next()
		if e == nil {
			if r.Unsubmitted() != 8 {
				t.Fatalf("full with %d", r.Unsubmitted())
			}
			if n, errno := r.Submit(); n != 8 || errno != 0 {
				t.Fatal(n, errno)
			}
			e = entry(t, r)
		}
		e.op, e.UserData = opNop, uint64(i)
	}
	r.Submit()
	for i := range 24 {
		if c := enter(t, r); c.UserData != uint64(i) || c.Res != 0 {
			t.Fatalf("completion %d is %+v", i, c)
		}
	}
}

// TestNothingIsDropped: more completions than the ring has room for are kept and come later.
func TestNothingIsDropped(t *testing.T) {
	r := ring(t)
	const n = 100
	for i := 0; i < n; {
		e := r.Next()
		if e == nil {
			r.Submit()
			continue
		}
		e.op, e.UserData = opNop, uint64(i)
		i++
	}
	r.Submit()
	for i := range n {
		if c := enter(t, r); c.UserData != uint64(i) {
			t.Fatalf("completion %d is %+v", i, c)
		}
	}
}

// TestMultishot: one submission, many completions; each names the buffer that its bytes are in; a group without buffers
// ends it with ENOBUFS.
func TestMultishot(t *testing.T) {
	r := many(t)
	b, err := r.NewBuffers(3, 4, 32)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Unmap()
	in, out := pair(t)
	e := entry(t, r)
	PrepRecvMany(e, in, b.Group())
	e.UserData = 1
	r.Submit()
	for i := range 10 {
		unix.Write(out, []byte{byte('a' + i), 'x'})
		c := enter(t, r)
		id, ok := c.Buffer()
		if !ok || !c.More() || c.Res != 2 || b.Bytes(id)[0] != byte('a'+i) {
			t.Fatalf("completion %d: %+v", i, c)
		}
		b.Give(id)
	}
	for range 4 {
		unix.Write(out, []byte("zz"))
		if c := enter(t, r); !c.More() {
			t.Fatalf("%+v", c)
		}
	}
	unix.Write(out, []byte("zz"))
	if c := enter(t, r); c.Res != -int32(unix.ENOBUFS) || c.More() {
		t.Errorf("without a buffer: %+v", c)
	}
}

// TestAccept: single with the peer's address, and multishot.
func TestAccept(t *testing.T) {
	r := many(t)
	lis, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(lis)
	if err := errors.Join(unix.Bind(lis, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(lis, 16)); err != nil {
		t.Fatal(err)
	}
	addr, _ := unix.Getsockname(lis)
	dial := func() int {
		c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(c) })
		if err := unix.Connect(c, addr); err != nil {
			t.Fatal(err)
		}
		return c
	}
	from, size := new(unix.RawSockaddrAny), new(uint32)
	*size = unix.SizeofSockaddrAny
	e := entry(t, r)
	PrepAccept(e, lis, from, size, unix.SOCK_CLOEXEC)
	e.UserData = 1
	dial()
	c := enter(t, r)
	if c.Res < 0 || c.More() || from.Addr.Family != unix.AF_INET {
		t.Fatalf("%+v, family %d", c, from.Addr.Family)
	}
	unix.Close(int(c.Res))
	e = entry(t, r)
	PrepAcceptMany(e, lis, unix.SOCK_CLOEXEC)
	e.UserData = 2
	for range 5 {
		dial()
		c := enter(t, r)
		if c.Res < 0 || !c.More() {
			t.Fatalf("%+v", c)
		}
		unix.Close(int(c.Res))
	}
}

// TestRings closes and opens many, which must leave nothing behind; testkit looks.
func TestRings(t *testing.T) {
	for range 50 {
		r, err := NewRing(Linux{}, 4, 8)
		if err != nil {
			t.Skipf("SKIPPED, not tested: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// refusing is a kernel that says no.
type refusing struct {
	Linux
	setup, register unix.Errno
	only            uint32 // the register operation that is refused; 0 every one
	release, sysctl string
	features        uint32 // taken away
	noOp            int    // an operation that it does not have
}

func (k refusing) Setup(n uint32, p *Params) (int, unix.Errno) {
	if k.setup != 0 {
		return -1, k.setup
	}
	fd, errno := k.Linux.Setup(n, p)
	p.Features &^= k.features
	return fd, errno
}

func (k refusing) Register(fd int, op uint32, arg unsafe.Pointer, n uint32) unix.Errno {
	if k.register != 0 && (k.only == 0 || k.only == op) {
		return k.register
	}
	errno := k.Linux.Register(fd, op, arg, n)
	if op == registerProbe && k.noOp != 0 {
		(*probe)(arg).ops[k.noOp].flags = 0
	}
	return errno
}

func (k refusing) Release() string      { return k.release }
func (k refusing) Sysctl(string) string { return k.sysctl }

// TestRefusals: what a kernel lacks is one sentence that says what to do about it.
func TestRefusals(t *testing.T) {
	ring(t) // the rest of the kernel is the real one
	for _, c := range []struct {
		name string
		k    refusing
		want string
		is   error
	}{
		{"old", refusing{setup: unix.ENOSYS, release: "4.19.0-17-amd64"}, "io_uring is not in this kernel: it is 4.19.0-17-amd64, and 5.7 or newer is needed", unix.ENOSYS},
		{"hidden", refusing{setup: unix.ENOSYS, release: "6.1.0"}, "although the kernel is 6.1.0", unix.ENOSYS},
		{"switched off", refusing{setup: unix.EPERM, sysctl: "2"}, "kernel.io_uring_disabled is 2", unix.EPERM},
		{"privileged", refusing{setup: unix.EPERM, sysctl: "1"}, "kernel.io_uring_group", unix.EPERM},
		{"filter", refusing{setup: unix.EPERM, sysctl: "0"}, "seccomp", unix.EPERM},
		{"filter of another sort", refusing{setup: unix.EACCES}, "seccomp", unix.EACCES},
		{"no memory", refusing{setup: unix.ENOMEM}, "RLIMIT_MEMLOCK", unix.ENOMEM},
		{"no descriptors", refusing{setup: unix.EMFILE}, "io_uring_setup failed with EMFILE", unix.EMFILE},
		{"no fast poll", refusing{features: featFastPoll, release: "5.6.1"}, "it is 5.6.1, and 5.7 or newer", nil},
		{"no recv", refusing{noOp: opRecv, release: "5.5"}, "has no recv operation", nil},
		{"no probe", refusing{register: unix.EINVAL}, "io_uring_register failed with EINVAL", unix.EINVAL},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Probe(c.k)
			var u *Unsupported
			if !errors.As(err, &u) || !strings.Contains(u.Error(), c.want) {
				t.Fatalf("%v, want a sentence with %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v does not wrap %v", err, c.is)
			}
			if strings.Contains(u.Error(), "\n") || u.What == "" {
				t.Errorf("not one sentence: %q", u.Error())
			}
		})
	}
	f, err := Probe(refusing{register: unix.EINVAL, only: registerPbufRing, features: featExtArg, release: "5.10.0"})
	if err != nil {
		t.Fatal(err)
	}
	if f.Timeout || f.Multishot == nil || f.Multishot.MinKernel != "5.19" {
		t.Errorf("a kernel of 2020: %+v", f)
	}
}

// TestProbe asks the running kernel twice.
func TestProbe(t *testing.T) {
	ring(t)
	f, err := Probe(Linux{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Probe(Linux{})
	if err != nil || again != f {
		t.Errorf("asked again: %v, %v", again, err)
	}
	if !older((Linux{}).Release(), "6.0") && f.Multishot != nil {
		t.Errorf("the kernel is %s, and: %v", (Linux{}).Release(), f.Multishot)
	}
	if (Linux{}).Sysctl("kernel.ostype") != "Linux" || (Linux{}).Sysctl("kernel.no_such_thing") != "" {
		t.Error("sysctl")
	}
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		release, version string
		want             bool
	}{{"5.4.0-42", "5.7", true}, {"5.10", "5.7", false}, {"6.0.1", "5.19", false}, {"4.19", "5.1", true}, {"5.7.0", "5.7", false}, {"strange", "5.7", false}} {
		if got := older(c.release, c.version); got != c.want {
			t.Errorf("%s older than %s: %v", c.release, c.version, got)
		}
	}
}

// TestClosedPeer: a send to a peer that is gone is an error and no signal.
func TestClosedPeer(t *testing.T) {
	r := ring(t)
	a, b := pair(t)
	unix.Shutdown(b, unix.SHUT_RDWR)
	e := entry(t, r)
	PrepSend(e, a, []byte("x"))
	e.UserData = 1
	if c := enter(t, r); c.Res != -int32(unix.EPIPE) {
		t.Errorf("%+v", c)
	}
}

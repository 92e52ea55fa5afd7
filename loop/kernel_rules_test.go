package loop

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
)

// Rules of docs/kernel-rules.md that no case of the lab can show by itself: the bare system calls.

// must ends the test when a system call failed.
func must(t *testing.T, call string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
}

// poll1 is what poll says of a descriptor now.
func poll1(t *testing.T, fd int, events int16) int16 {
	t.Helper()
	set := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		_, err := unix.Poll(set, 0)
		if err == unix.EINTR {
			continue
		}
		must(t, "poll", err)
		return set[0].Revents
	}
}

// TestK08NotReadyAnyMore: what is taken away before the wait is not reported by it, under either triggering.
func TestK08NotReadyAnyMore(t *testing.T) {
	for _, trigger := range []uint32{0, unix.EPOLLET} {
		ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		must(t, "epoll_create1", err)
		defer unix.Close(ep)
		fd := testkit.Eventfd(t, false)
		must(t, "epoll_ctl", unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | trigger}))
		b := []byte{1, 0, 0, 0, 0, 0, 0, 0}
		_, err = unix.Write(fd, b)
		must(t, "write", err)
		if poll1(t, fd, unix.POLLIN) != unix.POLLIN {
			t.Fatal("an eventfd that was written to is not readable")
		}
		_, err = unix.Read(fd, b)
		must(t, "read", err)
		n, err := unix.EpollWait(ep, make([]unix.EpollEvent, 4), 0)
		must(t, "epoll_wait", err)
		check(t, "events", n, 0)
	}
}

// TestK26ClosedListener: of two listeners on one port one is closed. What it had queued is reset, and what the other had is not.
func TestK26ClosedListener(t *testing.T) {
	if b, err := os.ReadFile("/proc/sys/net/ipv4/tcp_migrate_req"); err == nil && strings.TrimSpace(string(b)) != "0" {
		t.Skip("SKIPPED, not tested: what becomes of a closed listener's queue; net.ipv4.tcp_migrate_req is set here, and gives it to the others")
	}
	at := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	listener := func() int {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		must(t, "socket", err)
		must(t, "setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		must(t, "bind", unix.Bind(fd, at))
		must(t, "listen", unix.Listen(fd, 128))
		sa, err := unix.Getsockname(fd)
		must(t, "getsockname", err)
		at = sa.(*unix.SockaddrInet4)
		return fd
	}
	closed, open := listener(), listener()
	defer unix.Close(open)
	clients := map[int]bool{}
	defer func() {
		for c := range clients {
			unix.Close(c)
		}
	}()
	for len(clients) < 100 && (poll1(t, closed, unix.POLLIN) == 0 || poll1(t, open, unix.POLLIN) == 0) {
		c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		must(t, "socket", err)
		clients[c] = true
		must(t, "connect", unix.Connect(c, at))
	}
	must(t, "close", unix.Close(closed))

	// A handshake may still be under way: each connection is one or the other in the end.
	accepted, reset := 0, map[int]bool{}
	for deadline := time.Now().Add(time.Minute); accepted+len(reset) < len(clients) && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for {
			c, _, err := unix.Accept4(open, unix.SOCK_CLOEXEC)
			if err == unix.EAGAIN {
				break
			}
			must(t, "accept4", err)
			defer unix.Close(c)
			accepted++
		}
		for c := range clients {
			if reset[c] || poll1(t, c, unix.POLLIN)&unix.POLLERR == 0 {
				continue
			}
			if _, err := unix.Read(c, make([]byte, 1)); err != unix.ECONNRESET {
				t.Errorf("read: %v, want ECONNRESET", err)
			}
			reset[c] = true
		}
	}
	if len(reset) == 0 || accepted == 0 || len(reset)+accepted != len(clients) {
		t.Errorf("of %d connections %d were accepted and %d reset", len(clients), accepted, len(reset))
	}
}

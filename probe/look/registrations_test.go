package look

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"evviz/probe"
)

// TestRegistrations: what this process registers is read back from the kernel: a plain entry, one that has fired and is
// disarmed, and one whose number was given to another file.
func TestRegistrations(t *testing.T) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ep)
	event := func() int {
		fd, err := unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			t.Fatal(err)
		}
		return fd
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	plain, once := event(), event()
	defer unix.Close(plain)
	defer unix.Close(once)
	add := func(fd int, mask uint32) {
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: mask, Fd: int32(fd)}); err != nil {
			t.Fatal(err)
		}
	}
	add(plain, unix.EPOLLIN)
	add(once, unix.EPOLLIN|unix.EPOLLONESHOT)
	add(pair[0], unix.EPOLLIN|1<<31)
	buf := make([]unix.EpollEvent, 4)
	if n, err := unix.EpollWait(ep, buf, 0); err != nil || n != 2 {
		t.Fatalf("%d reports, %v", n, err)
	}
	keep, err := unix.FcntlInt(uintptr(pair[0]), unix.F_DUPFD_CLOEXEC, 0) // the file lives on, its number does not
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(keep)
	unix.Close(pair[0])

	all, err := Registrations(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]probe.Registration{}
	for _, r := range all {
		if r.EPFD == ep {
			found[r.FD] = r
		}
	}
	if r := found[plain]; !r.Armed() || r.Events != 0x19 || r.Data&0xffffffff != uint64(plain) || r.Stale {
		t.Errorf("plain: %+v", r)
	}
	if r := found[once]; r.Armed() || r.Events != 1<<30 {
		t.Errorf("oneshot that has fired: %+v", r)
	}
	if r := found[pair[0]]; !r.Armed() || !r.Stale || r.Inode == 0 {
		t.Errorf("closed, and alive as a duplicate: %+v", r)
	}
	if _, err := Registrations(1 << 30); err == nil {
		t.Error("a process that there is not has descriptors")
	}
}

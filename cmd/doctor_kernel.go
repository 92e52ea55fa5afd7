package cmd

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
)

// examineKernel tries each mechanism. Versions are compared by nobody: distributions carry features back, and sandboxes take
// them away.
func examineKernel() (w ward) {
	w.Name = "Kernel"
	w.ok("kernel", system())
	if s, ok := ownStatus("Seccomp"); ok && s == "2" {
		w.note("sandbox", "a seccomp filter is on this process", "it may refuse system calls; what it refuses shows below", "docker run --security-opt seccomp=unconfined, for a look without it")
	}
	for _, t := range []struct {
		what, value string
		needed      bool
		since, for_ string
		try         func() error
	}{
		{"select, poll", "work", true, "", "--mode select and poll", trySelectPoll},
		{"epoll level", "reports again what is not drained", true, "", "the lab", tryLevel},
		{"epoll edge", "reports an arrival once", true, "", "--trigger edge, and the lab's observer", tryEdge},
		{"epoll oneshot", "reports once, until it is armed again", true, "", "--trigger oneshot", tryOneshot},
		{"EPOLLEXCLUSIVE", "works", false, "4.5", "--listeners exclusive", tryExclusive},
		{"epoll_pwait2", "works (nothing of this version needs it)", false, "5.11", "", tryPwait2},
		{"eventfd", "works", true, "", "tasks that other threads hand to the loop", tryEventfd},
		{"timerfd", "works (the lab has its own timers; strace logs may show them)", false, "", "", tryTimerfd},
		{"signalfd", "works (strace logs may show them)", false, "", "", trySignalfd},
	} {
		err := t.try()
		switch {
		case err == nil:
			w.ok(t.what, t.value)
		case t.needed:
			w.needed(t.what, "does not work", err.Error()+"; needed for "+t.for_, "a kernel that has it, or a sandbox that allows it")
		default:
			why := err.Error()
			if t.since != "" {
				why += "; Linux has it since " + t.since
			}
			if t.for_ != "" {
				why += "; needed for " + t.for_
			} else {
				why += "; nothing of this version needs it"
			}
			w.note(t.what, "does not work", why, "")
		}
	}
	examineURing(&w)
	examineTCP(&w)
	if b, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource"); err != nil {
		w.note("clock source", "unknown", err.Error(), "")
	} else if s := strings.TrimSpace(string(b)); s == "tsc" || s == "kvm-clock" || s == "arch_sys_counter" || strings.HasPrefix(s, "hyperv") {
		w.ok("clock source", s+", read without a system call")
	} else {
		w.note("clock source", s, "reading it may be a system call, or slow, so every event costs more and short times look longer",
			"clocksource=tsc on the kernel's command line, where the processor's is reliable (dmesg | grep -i tsc)")
	}
	return w
}

// epollOf is an instance with one registration: an eventfd that is readable.
func epollOf(mask uint32) (ep, ev int, err error) {
	if ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return -1, -1, os.NewSyscallError("epoll_create1", err)
	}
	if ev, err = unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(ep)
		return -1, -1, os.NewSyscallError("eventfd2", err)
	}
	if err = unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, ev, &unix.EpollEvent{Events: mask, Fd: int32(ev)}); err != nil {
		unix.Close(ep)
		unix.Close(ev)
		return -1, -1, os.NewSyscallError("epoll_ctl", err)
	}
	return ep, ev, nil
}

// reports is how many reports each of several waits brings, without waiting. between, when there is one, is done before the last.
func reports(mask uint32, between func(ep, ev int) error, want ...int) error {
	ep, ev, err := epollOf(mask)
	if err != nil {
		return err
	}
	defer unix.Close(ep)
	defer unix.Close(ev)
	for i, n := range want {
		if between != nil && i == len(want)-1 {
			if err := between(ep, ev); err != nil {
				return err
			}
		}
		got, err := unix.EpollWait(ep, make([]unix.EpollEvent, 2), 0)
		for err == unix.EINTR {
			got, err = unix.EpollWait(ep, make([]unix.EpollEvent, 2), 0)
		}
		if err != nil {
			return os.NewSyscallError("epoll_wait", err)
		}
		if got != n {
			return fmt.Errorf("wait %d of a readable descriptor returned %d events, not %d", i+1, got, n)
		}
	}
	return nil
}

func tryLevel() error { return reports(unix.EPOLLIN, nil, 1, 1) }
func tryEdge() error  { return reports(unix.EPOLLIN|unix.EPOLLET, nil, 1, 0) }

func tryOneshot() error {
	return reports(unix.EPOLLIN|unix.EPOLLONESHOT, func(ep, ev int) error {
		return os.NewSyscallError("epoll_ctl", unix.EpollCtl(ep, unix.EPOLL_CTL_MOD, ev, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT}))
	}, 1, 0, 1)
}

func tryExclusive() error { return reports(unix.EPOLLIN|unix.EPOLLEXCLUSIVE, nil, 1) }

func tryPwait2() error {
	ep, ev, err := epollOf(unix.EPOLLIN)
	if err != nil {
		return err
	}
	defer unix.Close(ep)
	defer unix.Close(ev)
	var out [2]unix.EpollEvent
	var zero unix.Timespec
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(&out[0])), 2, uintptr(unsafe.Pointer(&zero)), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("epoll_pwait2", errno)
	}
	if n != 1 {
		return fmt.Errorf("epoll_pwait2 of a readable descriptor returned %d events, not 1", n)
	}
	return nil
}

func trySelectPoll() error {
	fd, err := unix.Eventfd(1, unix.EFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("eventfd2", err)
	}
	defer unix.Close(fd)
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	if err != nil || n != 1 {
		return errors.Join(os.NewSyscallError("poll", err), wrong(n, 1))
	}
	if fd >= unix.FD_SETSIZE {
		return nil
	}
	var set unix.FdSet
	set.Set(fd)
	if n, err = unix.Select(fd+1, &set, nil, nil, &unix.Timeval{}); err != nil || n != 1 {
		return errors.Join(os.NewSyscallError("select", err), wrong(n, 1))
	}
	return nil
}

func wrong(got, want int) error {
	if got == want || got < 0 {
		return nil
	}
	return fmt.Errorf("a readable descriptor returned %d events, not %d", got, want)
}

func tryEventfd() error {
	fd, err := unix.Eventfd(3, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("eventfd2", err)
	}
	defer unix.Close(fd)
	_, err = unix.Read(fd, make([]byte, 8))
	return os.NewSyscallError("read", err)
}

func tryTimerfd() error {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("timerfd_create", err)
	}
	return unix.Close(fd)
}

func trySignalfd() error {
	fd, err := unix.Signalfd(-1, &unix.Sigset_t{}, unix.SFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("signalfd4", err)
	}
	return unix.Close(fd)
}

// examineURing: the lab's other modes do without it, so it is never what evviz needs.
func examineURing(w *ward) {
	f, err := sys.Probe(sys.Linux{})
	var u *sys.Unsupported
	switch {
	case errors.As(err, &u):
		what, mend := "not to be had", "another kernel; every mode but --mode io-uring works"
		why, ok := strings.CutSuffix(u.Error(), "; sysctl kernel.io_uring_disabled=0, as root, allows it")
		switch {
		case ok || strings.Contains(why, "io_uring_disabled is"):
			mend = "sudo sysctl kernel.io_uring_disabled=0"
		case strings.Contains(why, "seccomp"):
			mend = "docker run --security-opt seccomp=unconfined, or a profile that allows io_uring_setup, io_uring_enter and io_uring_register"
		}
		w.missing("io_uring", what, why, mend)
	case err != nil:
		w.missing("io_uring", "not to be had", err.Error(), "every mode but --mode io-uring works")
	case f.Multishot != nil:
		w.note("io_uring", "works: accept, recv, send, read, timeout, poll, cancel", f.Multishot.Error()+"; --mode io-uring submits one recv at a time (--uring single)", "")
	default:
		w.ok("io_uring", "works: accept, recv, send, read, timeout, poll, cancel; multishot accept and recv")
	}
}

// examineTCP tries what arrivals are learned by, on one connection over loopback.
func examineTCP(w *ward) {
	fail := func(err error) {
		w.needed("TCP", "a connection over loopback fails", err.Error(), "sudo ip link set lo up")
	}
	lis, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		fail(os.NewSyscallError("socket", err))
		return
	}
	defer unix.Close(lis)
	cl, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		fail(os.NewSyscallError("socket", err))
		return
	}
	defer unix.Close(cl)
	patience := unix.Timeval{Sec: 2}
	unix.SetsockoptTimeval(lis, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience)
	unix.SetsockoptTimeval(cl, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &patience)
	if err := unix.Bind(lis, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		fail(os.NewSyscallError("bind", err))
		return
	}
	if err := unix.Listen(lis, 4); err != nil {
		fail(os.NewSyscallError("listen", err))
		return
	}
	addr, err := unix.Getsockname(lis)
	if err == nil {
		err = unix.Connect(cl, addr)
	}
	if err != nil {
		fail(os.NewSyscallError("connect", err))
		return
	}
	info, err := unix.GetsockoptTCPInfo(lis, unix.IPPROTO_TCP, unix.TCP_INFO)
	switch {
	case err != nil:
		w.missing("TCP_INFO", "refused", os.NewSyscallError("getsockopt", err).Error()+"; how many connections wait for accept stays unknown", "")
	case info.Unacked != 1:
		w.note("TCP_INFO", "does not report the accept queue", fmt.Sprintf("one connection waits, and it says %d; how many wait for accept stays unknown", info.Unacked), "")
	default:
		w.ok("TCP_INFO", "reports how many connections wait for accept")
	}
	fd, _, err := unix.Accept4(lis, unix.SOCK_CLOEXEC)
	if err != nil {
		fail(os.NewSyscallError("accept4", err))
		return
	}
	defer unix.Close(fd)
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience)
	stampErr := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if _, err := unix.Write(cl, []byte("milk")); err != nil {
		fail(os.NewSyscallError("write", err))
		return
	}
	unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 2000)
	if n, err := unix.IoctlGetInt(fd, unix.TIOCINQ); err != nil || n != 4 {
		w.missing("FIONREAD", "does not work", fmt.Sprintf("4 bytes wait, and it says %d (%v); how much is unread stays unknown where it is asked for", n, err), "")
	} else {
		w.ok("FIONREAD", "reports the unread bytes")
	}
	switch stamped, err := tryStamp(cl, fd); {
	case errors.Join(stampErr, err) != nil:
		w.missing("SO_TIMESTAMPNS", "refused", errors.Join(stampErr, err).Error()+"; --arrival stamp does not work, --arrival observer does", "")
	case !stamped:
		w.missing("SO_TIMESTAMPNS", "brings no stamp", "--arrival stamp does not work, --arrival observer does", "")
	default:
		w.ok("SO_TIMESTAMPNS", "stamps data as it arrives")
	}
}

// tryStamp reads until a read brings a stamp. When nobody on the machine wanted stamps before, the kernel begins to take them
// some moments after it was asked (net_enable_timestamp, net/core/dev.c), so what was sent at once has none.
func tryStamp(from, to int) (bool, error) {
	buf, oob := make([]byte, 8), make([]byte, 128)
	for range 50 {
		_, n, _, _, err := unix.Recvmsg(to, buf, oob, 0)
		if err != nil {
			return false, os.NewSyscallError("recvmsg", err)
		}
		if list, err := unix.ParseSocketControlMessage(oob[:n]); err == nil && len(list) > 0 {
			return true, nil
		}
		time.Sleep(2 * time.Millisecond)
		if _, err := unix.Write(from, buf[:1]); err != nil {
			return false, os.NewSyscallError("write", err)
		}
	}
	return false, nil
}

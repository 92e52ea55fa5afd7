package poll

import (
	"errors"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls are made here where x/sys would allocate or hide which path is taken. The rule: a call that may block goes
// through Syscall, which tells the Go scheduler that the thread is away (a blocking RawSyscall would hold up the garbage
// collector); one that cannot goes through RawSyscall, which is cheaper. None is made again after a signal: EINTR is the
// caller's.

// EpollWait is epoll_wait(2) on an instance by its number, for who waits on one without a Poller; nothing is recorded. It may
// block unless ms is 0. Architectures without the old call get epoll_pwait. evs has room for at least one.
func EpollWait(epfd int, evs []unix.EpollEvent, ms int) (int, unix.Errno) {
	if ms == 0 {
		n, _, err := syscall.RawSyscall6(sysEpollWait, uintptr(epfd), uintptr(unsafe.Pointer(&evs[0])), uintptr(len(evs)), 0, 0, 0)
		return count(n, err)
	}
	n, _, err := syscall.Syscall6(sysEpollWait, uintptr(epfd), uintptr(unsafe.Pointer(&evs[0])), uintptr(len(evs)), uintptr(ms), 0, 0)
	return count(n, err)
}

// pollCall is poll(2), by its newer form ppoll where the old one does not exist.
func pollCall(set []unix.PollFd, ms int) (int, unix.Errno) {
	n, err := unix.Poll(set, ms)
	if err != nil {
		var errno unix.Errno
		if errors.As(err, &errno) {
			return 0, errno
		}
		return 0, unix.EINVAL
	}
	return n, 0
}

// selectCall is pselect6(2) without a signal mask; it may block unless the timeout is 0.
func selectCall(nfds int, in, out, pri *unix.FdSet, timeout time.Duration) (int, unix.Errno) {
	var ts *unix.Timespec
	if timeout >= 0 {
		t := unix.NsecToTimespec(int64(timeout))
		ts = &t
	}
	n, _, err := syscall.Syscall6(unix.SYS_PSELECT6, uintptr(nfds), uintptr(unsafe.Pointer(in)), uintptr(unsafe.Pointer(out)),
		uintptr(unsafe.Pointer(pri)), uintptr(unsafe.Pointer(ts)), 0)
	return count(n, err)
}

func count(n uintptr, err syscall.Errno) (int, unix.Errno) {
	if err != 0 {
		return -1, err
	}
	return int(n), 0
}

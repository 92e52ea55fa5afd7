package loop

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The loop calls the kernel itself where x/sys would allocate or hide which path is taken. The rule: a call that may
// block goes through Syscall, which tells the Go scheduler that the thread is away (a blocking RawSyscall would hold up
// the garbage collector); a call on a non-blocking descriptor goes through RawSyscall, which is cheaper.

// readFD reads from a non-blocking descriptor.
func readFD(fd int, p []byte) (int, unix.Errno) {
	n, _, err := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return count(n, err)
}

// writeFD writes to a non-blocking descriptor. SIGPIPE is harmless: the Go runtime turns it into EPIPE for every
// descriptor but 1 and 2.
func writeFD(fd int, p []byte) (int, unix.Errno) {
	n, _, err := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return count(n, err)
}

// acceptFD accepts from a non-blocking listener.
func acceptFD(fd int, rsa *unix.RawSockaddrAny, flags int) (int, unix.Errno) {
	l := uint32(unix.SizeofSockaddrAny)
	n, _, err := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(rsa)), uintptr(unsafe.Pointer(&l)), uintptr(flags), 0, 0)
	return count(n, err)
}

// unread asks how many bytes wait in a descriptor. It is evviz's own call, never the watched server's, so it is not
// recorded as one. ok is false for descriptors that cannot say.
func unread(fd int) (n int64, ok bool) {
	var v int32
	_, _, err := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCINQ, uintptr(unsafe.Pointer(&v)))
	return int64(v), err == 0
}

// sleepFor is clock_nanosleep(CLOCK_MONOTONIC), relative. It may block; a signal ends it with EINTR.
func sleepFor(ns int64) unix.Errno {
	req := unix.NsecToTimespec(ns)
	_, _, err := syscall.Syscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(&req)), 0, 0, 0)
	return err
}

func count(n uintptr, err syscall.Errno) (int, unix.Errno) {
	if err != 0 {
		return -1, err
	}
	return int(n), 0
}

func errnoOf(err error) uint16 {
	var e unix.Errno
	if errors.As(err, &e) {
		return uint16(e)
	}
	return 0
}

// openFlags are the flags of a descriptor in the form that events carry.
const openFlags = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC

// readBlocking reads from a descriptor that may hold the thread.
func readBlocking(fd int, p []byte) (int, unix.Errno) {
	n, _, err := syscall.Syscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return count(n, err)
}

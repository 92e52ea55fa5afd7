//go:build linux

package sys

import (
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kernel is what decides whether there is an io_uring. [Linux] is the real one; tests put another in front of it that
// refuses or that is older than it is.
type Kernel interface {
	Setup(entries uint32, p *Params) (fd int, errno unix.Errno)
	Register(fd int, op uint32, arg unsafe.Pointer, n uint32) unix.Errno
	Release() string           // as uname -r tells it
	Sysctl(name string) string // "" when it cannot be read
}

// Linux is the running kernel.
type Linux struct{}

// Setup is io_uring_setup(2).
func (Linux) Setup(entries uint32, p *Params) (int, unix.Errno) {
	n, _, errno := syscall.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(p)), 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), 0
}

// Register is io_uring_register(2).
func (Linux) Register(fd int, op uint32, arg unsafe.Pointer, n uint32) unix.Errno {
	_, _, errno := syscall.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(fd), uintptr(op), uintptr(arg), uintptr(n), 0, 0)
	return errno
}

// Release is the kernel's release.
func (Linux) Release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// Sysctl reads a kernel setting.
func (Linux) Sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

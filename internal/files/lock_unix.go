//go:build unix

package files

import (
	"os"
	"syscall"
)

// Lock locks a file, or says who has it. Where files cannot be locked (some network file systems) there is no lock.
func Lock(f *os.File) error {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
	case nil, syscall.ENOSYS, syscall.ENOTSUP, syscall.EINVAL, syscall.ENOLCK:
		return nil
	case syscall.EWOULDBLOCK:
		return ErrBusy
	default:
		return os.NewSyscallError("flock", err)
	}
}

package files

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Lock locks a file, or says who has it. A lock of Windows keeps others from reading, too, so it is one of a byte that no file has.
func Lock(f *os.File) error {
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return ErrBusy
	}
	return os.NewSyscallError("LockFileEx", err)
}

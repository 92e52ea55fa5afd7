package loop

import (
	"os"

	"golang.org/x/sys/unix"
)

// fdLimit keeps the process's own limit, to be put back.
type fdLimit struct {
	was unix.Rlimit
	on  bool
}

// limit lets exactly n more descriptors be opened, or as many as before when n is negative. It is evviz's own doing and
// not the server's, so it happens on another thread and is not recorded but as the knob.
func (f *fdLimit) limit(n int, guard func(func())) error {
	done := make(chan error, 1)
	guard(func() { done <- f.set(n) })
	return <-done
}

func (f *fdLimit) set(n int) error {
	if n < 0 && !f.on {
		return nil
	}
	if !f.on {
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &f.was); err != nil {
			return os.NewSyscallError("getrlimit", err)
		}
		f.on = true
	}
	limit := f.was
	if n >= 0 {
		limit.Cur = firstWithout(n)
	} else {
		f.on = false
	}
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
}

// firstWithout is the smallest limit under which exactly n numbers are free.
func firstWithout(n int) uint64 {
	for fd := 0; ; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
			if n--; n < 0 {
				return uint64(fd)
			}
		}
	}
}

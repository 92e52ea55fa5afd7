//go:build linux

package sys

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// Unsupported says that the kernel refuses something, and why. It is an error; errors.As finds it.
type Unsupported struct {
	What      string     // "io_uring", "multishot recv"
	MinKernel string     // the first kernel that has it, "" when the kernel's age is not the matter
	Why       string     // the rest of the sentence that begins with What
	Errno     unix.Errno // what the kernel answered, 0 when it did not come to that
}

func (u *Unsupported) Error() string { return u.What + " " + u.Why }

func (u *Unsupported) Unwrap() error {
	if u.Errno == 0 {
		return nil
	}
	return u.Errno
}

// minKernel is the first kernel in which sockets are waited for without a helper thread for each (FEAT_FAST_POLL).
const minKernel = "5.7"

// refused explains why io_uring_setup or io_uring_register failed.
func refused(k Kernel, call string, errno unix.Errno) *Unsupported {
	u := &Unsupported{What: "io_uring", Errno: errno}
	switch errno {
	case unix.ENOSYS:
		u.MinKernel = minKernel
		if older(k.Release(), minKernel) {
			u.Why = fmt.Sprintf("is not in this kernel: it is %s, and %s or newer is needed", k.Release(), minKernel)
		} else {
			u.Why = fmt.Sprintf("is not there (ENOSYS) although the kernel is %s: it was built without it, or a sandbox hides it", k.Release())
		}
	case unix.EPERM, unix.EACCES:
		switch k.Sysctl("kernel.io_uring_disabled") {
		case "2":
			u.Why = "is switched off on this machine: kernel.io_uring_disabled is 2; sysctl kernel.io_uring_disabled=0, as root, allows it"
		case "1":
			u.Why = "is reserved for privileged processes on this machine: kernel.io_uring_disabled is 1; sysctl kernel.io_uring_disabled=0, as root, or the group in kernel.io_uring_group allows it"
		default:
			u.Why = fmt.Sprintf("is forbidden to this process (%s) although kernel.io_uring_disabled does not forbid it: a seccomp filter does, as containers have by default", errnoWord(errno))
		}
	case unix.ENOMEM:
		u.Why = "gets no memory for its rings: kernels before 5.12 count it against RLIMIT_MEMLOCK, which ulimit -l shows and raises"
	default:
		u.Why = fmt.Sprintf("does not work here: %s failed with %s", call, errnoWord(errno))
	}
	return u
}

func errnoWord(e unix.Errno) string {
	if n := unix.ErrnoName(e); n != "" {
		return n
	}
	return strconv.Itoa(int(e))
}

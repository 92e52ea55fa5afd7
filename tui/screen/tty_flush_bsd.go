//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package screen

import "golang.org/x/sys/unix"

// discardOutput throws away what the terminal has not read yet: FWRITE of <sys/fcntl.h> is the queue of output.
func discardOutput(fd int) error {
	const fwrite = 2
	return unix.IoctlSetPointerInt(fd, unix.TIOCFLUSH, fwrite)
}

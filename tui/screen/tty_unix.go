//go:build unix

package screen

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// notifySizes has a channel told when the terminal has another size.
func notifySizes(c chan<- os.Signal) { signal.Notify(c, syscall.SIGWINCH) }

// takesOutput reports whether a write would not wait.
func takesOutput(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	return n > 0 || err != nil && err != unix.EINTR // a terminal that is gone is ready for everything
}

// hasInput reports whether something has been typed that was not read.
func hasInput(fd int) (bool, error) {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(p, 0)
	return n > 0 && p[0].Revents&unix.POLLIN != 0, err
}

// ofAnotherJob reports whether the terminal belongs to another job than ours.
func ofAnotherJob(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group != unix.Getpgrp()
}

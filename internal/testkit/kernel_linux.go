package testkit

import (
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Interrupt sends a thread of this process a signal again and again, until stop is called, which may be done twice. It is SIGURG: Go's own
// handlers carry SA_RESTART.
func Interrupt(t testing.TB, tid int, every time.Duration) (stop func()) {
	done := make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(every):
				unix.Tgkill(os.Getpid(), tid, unix.SIGURG)
			}
		}
	})
	stop = sync.OnceFunc(func() { close(done); sender.Wait() })
	t.Cleanup(stop)
	return stop
}

// Eventfd is an eventfd for the time of a test; a ready one is readable.
func Eventfd(t testing.TB, ready bool) int {
	t.Helper()
	v := uint(0)
	if ready {
		v = 1
	}
	fd, err := unix.Eventfd(v, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

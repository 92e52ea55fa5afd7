package show

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// WatchSignals reports the signals that ask for an end.
func WatchSignals() (<-chan os.Signal, func()) {
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	return ch, func() { signal.Stop(ch) }
}

// SignalCode is the exit code of a program that a signal has ended: 128 and its number.
func SignalCode(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 1
}

// EndAtNext makes the next signal end the program at once: whoever sends a second one does not want to wait until everything
// has been ended in order. Child processes end with their parent. It is called when the first signal has come; it is over
// when done is closed.
func EndAtNext(sigs <-chan os.Signal, done <-chan struct{}) {
	Go(func() {
		select {
		case s := <-sigs:
			fmt.Fprintln(os.Stderr, "evviz: a second signal: ended at once")
			os.Exit(SignalCode(s))
		case <-done:
		}
	})
}

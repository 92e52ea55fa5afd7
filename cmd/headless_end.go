package cmd

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// output notes since when somebody writes to standard output, which may be a terminal or a pipe that nobody reads.
type output struct{ since atomic.Int64 }

func (o *output) Write(p []byte) (int, error) {
	o.since.Store(time.Now().UnixNano())
	defer o.since.Store(0)
	return os.Stdout.Write(p)
}

// stuck reports whether one write has taken longer than a screen may take to close.
func (o *output) stuck() bool {
	if o == nil {
		return false
	}
	at := o.since.Load()
	return at != 0 && time.Since(time.Unix(0, at)) > closesWithin
}

// endHeadless is the last resort of a run without a screen that has come to its end, like onScreen.watch: once a signal has come it
// waits for over, but not for an output that is stuck, nor for ever. code is that of the signal that came already, 0 none; save closes
// the recording.
func endHeadless(sigs <-chan os.Signal, over <-chan struct{}, out *output, save func(), code int) {
	exit := func(code int, why string) {
		within(closesWithin, save)
		within(closesWithin, func() { fmt.Fprintln(os.Stderr, "evviz: "+why) })
		os.Exit(code)
	}
	if code == 0 {
		select {
		case <-over:
			return
		case sig := <-sigs:
			code = signalCode(sig)
		}
	}
	limit := time.NewTimer(endsWithin)
	defer limit.Stop()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-over:
			return
		case sig := <-sigs:
			if sig == syscall.SIGINT || sig == syscall.SIGQUIT {
				exit(signalCode(sig), "ended by a second signal")
			}
		case <-look.C:
			if out.stuck() {
				exit(code, "standard output is not read; the last events are not printed")
			}
		case <-limit.C:
			exit(code, fmt.Sprintf("did not end in good order within %v of the signal", endsWithin))
		}
	}
}

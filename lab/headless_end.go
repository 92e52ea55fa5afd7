package lab

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"evviz/show"
)

// endHeadless is the last resort of a run without a screen that has come to its end, as show's is of one with a screen: once a signal has
// come it waits for over, but not for an output that is stuck, nor for ever. code is that of the signal that came already, 0 none; save
// closes the recording.
func (h *Headless) endHeadless(sigs <-chan os.Signal, over <-chan struct{}, save func(), code int) {
	exit := func(code int, why string) {
		show.Within(show.ClosesWithin, save)
		show.Within(show.ClosesWithin, func() { fmt.Fprintln(os.Stderr, "evviz: "+why) })
		os.Exit(code)
	}
	if code == 0 {
		select {
		case <-over:
			return
		case sig := <-sigs:
			code = show.SignalCode(sig)
		}
	}
	limit := time.NewTimer(show.EndsWithin)
	defer limit.Stop()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-over:
			return
		case sig := <-sigs:
			if sig == syscall.SIGINT || sig == syscall.SIGQUIT {
				exit(show.SignalCode(sig), "a second signal: ended at once")
			}
		case <-look.C:
			if h.Stuck() {
				exit(code, "standard output is not read; the last events are not printed")
			}
		case <-limit.C:
			exit(code, fmt.Sprintf("did not end in good order within %v of the signal", show.EndsWithin))
		}
	}
}

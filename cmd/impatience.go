package cmd

import (
	"fmt"
	"os"
)

// endAtNext makes the next signal end the program at once: whoever sends a second one does not want to wait until everything
// has been ended in order. Child processes end with their parent. It is called when the first signal has come; it is over
// when done is closed.
func endAtNext(sigs <-chan os.Signal, done <-chan struct{}) {
	spawn(func() {
		select {
		case s := <-sigs:
			fmt.Fprintln(os.Stderr, "evviz: a second signal: ended at once")
			os.Exit(signalCode(s))
		case <-done:
		}
	})
}

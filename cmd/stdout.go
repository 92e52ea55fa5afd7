package cmd

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"evviz/show"
)

// stdout is standard output, which remembers that something could not be written to it: a result that nobody got must not end
// with exit code 0, and most of what prints has no use for an error in the middle of a table.
var stdout = &output{}

var programBegun = time.Now() // so that no change of the wall clock is taken for a long write

type output struct {
	since atomic.Int64 // when the write that has not come back began, ns after programBegun; 0 none is on its way

	mu  sync.Mutex
	err error // the first
}

func (o *output) Write(b []byte) (int, error) {
	o.since.Store(int64(time.Since(programBegun)))
	defer o.since.Store(0)
	n, err := os.Stdout.Write(b)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
		}
	}
	return n, err
}

// stuck reports whether one write has taken longer than a screen may take to close: standard output is a terminal or a pipe that
// nobody reads.
func (o *output) stuck() bool {
	at := o.since.Load()
	return at != 0 && time.Since(programBegun)-time.Duration(at) > show.ClosesWithin
}

// printed adds to what a command ended with that its result could not be printed, unless it says something else already.
func printed(err error) error {
	stdout.mu.Lock()
	defer stdout.mu.Unlock()
	if stdout.err == nil || err != nil && codeOf(err) != exitFine {
		return err
	}
	return failure(fmt.Errorf("print the result: %w", stdout.err))
}

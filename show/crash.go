package show

import (
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// ExitBug is the exit code of a panic: a mistake of ours.
const ExitBug = 70

// crash holds what must happen before a panic is told: the terminal is given back, children are ended.
var crash struct {
	mu    sync.Mutex
	begun bool // somebody has panicked
	hooks []func()
}

// hookLimit is how long each of them is waited for. Giving the terminal back by force takes two seconds at most.
const hookLimit = 3 * time.Second

// OnCrash registers something to be done before a panic is told. The function it returns takes it back.
func OnCrash(f func()) (undo func()) {
	crash.mu.Lock()
	defer crash.mu.Unlock()
	i := len(crash.hooks)
	crash.hooks = append(crash.hooks, f)
	return func() {
		crash.mu.Lock()
		defer crash.mu.Unlock()
		if !crash.begun {
			crash.hooks[i] = nil
		}
	}
}

// Guard runs f and, when it panics, gives the terminal back, tells the panic where it can be read, and ends with 70. A
// panic in a goroutine that is not guarded would leave the terminal raw, with the message lost in it.
func Guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			stack := debug.Stack()
			crash.mu.Lock()
			if crash.begun { // what the first panic tears down may make others panic; they must not exit before the terminal is given back
				crash.mu.Unlock()
				select {}
			}
			crash.begun = true
			hooks := crash.hooks
			crash.mu.Unlock()
			for i := len(hooks) - 1; i >= 0; i-- {
				if hooks[i] != nil {
					Within(hookLimit, hooks[i])
				}
			}
			Within(hookLimit, func() { fmt.Fprintf(os.Stderr, "evviz: this is a bug in evviz: %v\n\n%s\n", p, stack) })
			os.Exit(ExitBug)
		}
	}()
	f()
}

// Spawned runs first in each goroutine that Go starts, and is nothing but in tests, which make it panic.
var Spawned = func() {}

// Go starts a goroutine that is guarded.
func Go(f func()) {
	go Guard(func() {
		Spawned()
		f()
	})
}

// Within does something that may be stuck for ever, and waits no longer than that.
func Within(d time.Duration, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	limit := time.NewTimer(d)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
}

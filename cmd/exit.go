package cmd

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// Exit codes. A signal ends with 128 plus its number.
const (
	exitFine    = 0
	exitFailure = 1  // findings, or something failed while running
	exitUsage   = 2  // flags, names, scripts: nothing was started
	exitEnv     = 3  // the environment lacks something, or a file cannot be read
	exitBug     = 70 // a mistake of ours
)

// coded is an error with the exit code that belongs to it.
type coded struct {
	code int
	err  error
}

func (c *coded) Error() string { return c.err.Error() }
func (c *coded) Unwrap() error { return c.err }

func usage(format string, a ...any) error { return &coded{exitUsage, fmt.Errorf(format, a...)} }
func env(err error) error                 { return &coded{exitEnv, err} }
func failure(err error) error             { return &coded{exitFailure, err} }

// quiet is an exit code whose reason has been told already.
type quiet int

func (q quiet) Error() string { return fmt.Sprintf("exit %d", int(q)) }

func codeOf(err error) int {
	var c *coded
	var q quiet
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &q):
		return int(q)
	case errors.As(err, &c):
		return c.code
	}
	return exitFailure
}

// crash holds what must happen before a panic is told: the terminal is given back, children are ended.
var crash struct {
	mu    sync.Mutex
	begun bool // somebody has panicked
	hooks []func()
}

// hookLimit is how long each of them is waited for. Giving the terminal back by force takes two seconds at most.
const hookLimit = 3 * time.Second

// onCrash registers something to be done before a panic is told. The function it returns takes it back.
func onCrash(f func()) (undo func()) {
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

// guard runs f and, when it panics, gives the terminal back, tells the panic where it can be read, and ends with 70. A
// panic in a goroutine that is not guarded would leave the terminal raw, with the message lost in it.
func guard(f func()) {
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
					within(hookLimit, hooks[i])
				}
			}
			within(hookLimit, func() { fmt.Fprintf(os.Stderr, "evviz: this is a bug in evviz: %v\n\n%s\n", p, stack) })
			os.Exit(exitBug)
		}
	}()
	f()
}

// spawned runs first in each goroutine that spawn starts, and is nothing but in tests, which make it panic.
var spawned = func() {}

// spawn starts a goroutine that is guarded.
func spawn(f func()) {
	go guard(func() {
		spawned()
		f()
	})
}

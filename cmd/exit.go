package cmd

import (
	"errors"
	"fmt"

	"evviz/show"
)

// Exit codes. A signal ends with 128 plus its number.
const (
	exitFine    = 0
	exitFailure = 1 // findings, or something failed while running
	exitUsage   = 2 // flags, names, scripts: nothing was started
	exitEnv     = 3 // the environment lacks something, or a file cannot be read
	exitBug     = show.ExitBug
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

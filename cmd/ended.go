package cmd

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/loop"
	"evviz/scenarios"
	"evviz/show"
)

// ended gives what a run came to its exit code. A signal's says nothing: whoever sent it knows.
func ended(code int, err error) error {
	if no, ok := errors.AsType[*show.NotStarted](err); ok {
		return notStarted(no.Err)
	}
	switch {
	case err != nil:
		return failure(err)
	case code != 0:
		return quiet(code)
	}
	return nil
}

// notStarted gives why nothing ran its exit code, and says which flag helps.
func notStarted(err error) error {
	switch {
	case errors.Is(err, loop.ErrListenAddress):
		return usage("--listen: %v", err)
	case errors.Is(err, unix.EADDRINUSE):
		return env(fmt.Errorf("%w; choose another with --listen, for example --listen 127.0.0.1:0 for a free one", err))
	}
	return env(takenName(err))
}

// scriptError gives the error of a story the exit code that belongs to it.
func scriptError(err error) error {
	var bad *scenarios.BadScript
	if errors.As(err, &bad) || errors.Is(err, scenarios.ErrUnknown) {
		return &coded{exitUsage, err}
	}
	return env(err)
}

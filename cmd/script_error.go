package cmd

import (
	"errors"

	"evviz/scenarios"
)

// scriptError gives the error of a story the exit code that belongs to it.
func scriptError(err error) error {
	var bad *scenarios.BadScript
	if errors.As(err, &bad) || errors.Is(err, scenarios.ErrUnknown) {
		return &coded{exitUsage, err}
	}
	return env(err)
}

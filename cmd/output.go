package cmd

import (
	"errors"
	"fmt"

	"evviz/internal/files"
	"evviz/show"
)

// takenName adds to the error of a file that cannot be written because of what is there what to do about it, where --force is a thing
// that one can do.
func takenName(err error) error {
	if is, ok := errors.AsType[*files.Exists](err); ok && is.Replaceable {
		return fmt.Errorf("%w; choose another name, or replace it with --force", err)
	}
	return show.AnotherName(err)
}

package screen

import (
	"errors"
	"os"
)

// A console of Windows is no file with deadlines, so openTTY finds none there and Open says that there is no usable terminal. The rest of
// this package, which draws, is the same; what is below is never reached with a descriptor.

func notifySizes(chan<- os.Signal) {}

func takesOutput(int) bool { return true }

func hasInput(int) (bool, error) { return false, errors.ErrUnsupported }

func ofAnotherJob(int) bool { return false }

func discardOutput(int) error { return errors.ErrUnsupported }

//go:build !linux || !(amd64 || arm64)

package kernel

import (
	"errors"
	"fmt"
	"runtime"
)

// Reader reads processes. On this system there is none.
type Reader struct{}

// Open says that there are no programs for this system.
func Open() (*Reader, error) {
	return nil, fmt.Errorf("read a process by BPF iterators: %w: they are Linux's, on amd64 and arm64, and this is %s on %s", errors.ErrUnsupported, runtime.GOOS, runtime.GOARCH)
}

// Close does nothing.
func (*Reader) Close() error { return nil }

// Missing is empty.
func (*Reader) Missing() []string { return nil }

// Read says the same as Open.
func (*Reader) Read(int) (*State, error) {
	_, err := Open()
	return nil, err
}

// Hooks says the same as Open.
func Hooks() ([]Hook, error) {
	_, err := Open()
	return nil, err
}

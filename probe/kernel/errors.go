package kernel

import (
	"errors"
	"fmt"
	"strings"

	"evviz/internal/sys"
)

// Why a process cannot be read; errors.Is finds them. They are found by /proc, before the kernel's programs are asked.
var (
	ErrNoProcess    = errors.New("no such process")
	ErrKernelThread = errors.New("it is a thread of the kernel: it has no descriptors")
	ErrZombie       = errors.New("it has ended (zombie): only its parent's wait is missing")
)

// ErrThread says that a number is that of a thread which is not the first of its process. errors.As finds it.
type ErrThread struct {
	TID     int
	Process int // whose thread it is
}

func (e *ErrThread) Error() string {
	return fmt.Sprintf("%d is a thread of process %d", e.TID, e.Process)
}

// Refused says why the programs cannot be loaded. Its text names what is missing; what to type is for the command to say, from Causes.
type Refused struct {
	Causes []sys.Cause // at least one; those that forbid for certain first
	Errno  error       // what bpf(2) answered; nil when it was not asked, because a cause forbids it for certain
	Log    string      // what the kernel's verifier wrote, for a bug report; "" when it wrote nothing
}

func (r *Refused) Error() string {
	words := make([]string, len(r.Causes))
	for i, c := range r.Causes {
		words[i] = c.String()
	}
	return "BPF programs cannot be loaded: " + strings.Join(words, "; ")
}

// Unwrap is what bpf(2) answered.
func (r *Refused) Unwrap() error { return r.Errno }

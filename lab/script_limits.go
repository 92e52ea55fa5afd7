package lab

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What a scenario keeps in memory is bounded by the process that it runs in: one line of it may ask for gigabytes, and no
// interpreter can say so before it tries. The process ends then, and its parent says what happened and where (storyAt).

// Memory in bytes that a scenario may take beside what its process has at its start.
const (
	clientMemory = 1 << 30   // its clients, all together
	topMemory    = 256 << 20 // the top of its file, which is data
)

// stackOf is how much of a scenario's memory the stack of one of its clients may take. A stack that grows is copied to one of twice
// the size, and those before it are garbage for a while: all of them together must fit, or it is a matter of luck which limit
// is met.
func stackOf(memory uint64) uint64 { return memory / 4 }

// limitMemory bounds this process's memory: RLIMIT_DATA counts private writable mappings (Linux 4.7 and later), and not the
// address space that Go only reserves.
func limitMemory(more uint64) error {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return fmt.Errorf("limit the memory of the scenario: %w", err)
	}
	f := bytes.Fields(b)
	if len(f) < 6 {
		return fmt.Errorf("limit the memory of the scenario: /proc/self/statm has %d fields", len(f))
	}
	pages, err := strconv.ParseUint(string(f[5]), 10, 64)
	if err != nil {
		return fmt.Errorf("limit the memory of the scenario: /proc/self/statm: %w", err)
	}
	most := pages*uint64(os.Getpagesize()) + more
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_DATA, &lim); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	lim.Cur = min(most, lim.Max)
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &lim); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}
	debug.SetMemoryLimit(int64(more / 8 * 7)) // collect in earnest before the limit is met
	debug.SetMaxStack(int(stackOf(more)))
	return nil
}

// overLimit are the words with which Go ends a process that is refused memory, or whose stack has grown too far.
var overLimit = regexp.MustCompile(`(?m)^(fatal error: .*(out of memory|cannot allocate memory|failed to create new OS thread)|runtime: (goroutine stack exceeds|.*out of memory|mmap.*ENOMEM))`)

// crashed is what an ended scenario process is to be told of: at its limit, a sentence with the place.
func crashed(said, file string, at *storyAt, memory uint64) string {
	m := overLimit.FindString(said)
	if m == "" {
		return strings.TrimPrefix(said, "evviz: ")
	}
	what := fmt.Sprintf("what the scenario does next needs more than %d MiB of memory", memory>>20)
	if strings.Contains(m, "stack") {
		what = fmt.Sprintf("what the scenario does next is nested too deeply: it needs more than %d MiB of stack", stackOf(memory)>>20)
	}
	return at.place(file) + what
}

package cmd

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"evviz/scenarios"
)

// What a scenario keeps in memory is bounded by the process that it runs in: one line of it may ask for gigabytes, and no
// interpreter can say so before it tries. The process ends then, and its parent says what happened and where (storyAt).

// Memory in bytes that a scenario may take beside what its process has at its start.
const (
	clientMemory = 1 << 30   // its clients, all together
	topMemory    = 256 << 20 // the top of its file, which is data
	clientStack  = 128 << 20 // nesting and recursion of one client
)

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
	debug.SetMaxStack(clientStack)
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
		what = fmt.Sprintf("what the scenario does next is nested too deeply: it needs more than %d MiB of stack", clientStack>>20)
	}
	return at.place(file) + what
}

// storyAt is where a scenario in another process is at, in memory that both share; see scenarios.Position.
type storyAt struct {
	file *os.File
	mem  []byte
}

// newStoryAt makes one; its file is for the other process.
func newStoryAt() (*storyAt, error) {
	fd, err := unix.MemfdCreate("scenario", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	a := &storyAt{file: os.NewFile(uintptr(fd), "scenario")}
	if err := a.file.Truncate(scenarios.PositionSize); err != nil {
		a.close()
		return nil, err
	}
	if err := a.mapIt(); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// inheritedStoryAt is the other process's end: the file that it has under the number fd. The error says that there is none.
func inheritedStoryAt(fd int) (*storyAt, error) {
	a := &storyAt{file: os.NewFile(uintptr(fd), "scenario")}
	return a, a.mapIt()
}

func (a *storyAt) mapIt() (err error) {
	a.mem, err = unix.Mmap(int(a.file.Fd()), 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return os.NewSyscallError("mmap", err)
}

func (a *storyAt) position() scenarios.Position { return scenarios.PositionIn(a.mem) }

// place is "file:line:column: ", or the file alone when nothing has been done.
func (a *storyAt) place(file string) string {
	if line, col := a.position().Get(); line > 0 {
		return fmt.Sprintf("%s:%d:%d: ", file, line, col)
	}
	return file + ":1:1: "
}

// close gives back what the parent holds. A place that was asked for later would fault, so it is asked for before.
func (a *storyAt) close() {
	if a.mem != nil {
		unix.Munmap(a.mem)
		a.mem = nil
	}
	a.file.Close()
}

package lab

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"evviz/scenarios"
)

// storyAt is where a scenario in another process is at, in memory that both share; see scenarios.Position. Without it (a limit of file
// sizes holds for memfd_create(2), too) places are not told, and nothing else is amiss.
type storyAt struct {
	file *os.File // for the other process
	mem  []byte   // nil: not shared
}

// newStoryAt makes one.
func newStoryAt() (*storyAt, error) {
	fd, err := unix.MemfdCreate("scenario", unix.MFD_CLOEXEC)
	if err == nil {
		a := &storyAt{file: os.NewFile(uintptr(fd), "scenario")}
		if a.file.Truncate(scenarios.PositionSize) == nil && a.mapIt() {
			return a, nil
		}
		a.close()
	}
	f, err := os.Open(os.DevNull)
	return &storyAt{file: f}, err
}

// inheritedStoryAt is the other process's end: the file that it has under the number fd. The error says that there is none.
func inheritedStoryAt(fd int) (*storyAt, error) {
	a := &storyAt{file: os.NewFile(uintptr(fd), "scenario")}
	st, err := a.file.Stat()
	if err == nil && st.Mode().IsRegular() {
		a.mapIt()
	}
	return a, err
}

func (a *storyAt) mapIt() (ok bool) {
	mem, err := unix.Mmap(int(a.file.Fd()), 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err == nil {
		a.mem = mem
	}
	return err == nil
}

func (a *storyAt) position() (p scenarios.Position) {
	if a.mem != nil {
		p = scenarios.PositionIn(a.mem)
	}
	return p
}

// place is "file:line:column: ", or the beginning of the file when nothing is known.
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

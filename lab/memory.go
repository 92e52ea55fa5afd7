package lab

import (
	"os"
	"runtime/debug"

	"evviz/timeline"
)

// Memory is how much of it a session may take, bytes. It bounds what is kept to be looked at: the picture in memory and, where there is
// one, the flight recorder. What is given up for want of it is said: on the screen from when on the picture is exact, and by the flight
// recorder how far back it reaches. What --ring takes comes on top.
type Memory int64

const (
	DefaultMemory Memory = 256 << 20
	LeastMemory   Memory = 96 << 20

	// programMemory is for everything else: code, rings of the usual size, encoders, a recording on its way to the disk, frames.
	programMemory = 64 << 20

	markBytes  = 33 // of a mark, with the bars, turns and samples that come with it; measured on 12 million events
	eventBytes = 64
)

// kept is what of it may be live; the rest is what the garbage collector needs to work at ease.
func (m Memory) kept() int64 {
	if m == 0 {
		m = DefaultMemory
	}
	return int64(m-programMemory) * 7 / 10
}

// picture is what a timeline may keep.
func (m Memory) picture() timeline.Options {
	bytes := m.kept() * 3 / 4
	events := min(bytes/8/eventBytes, 200_000)
	return timeline.Options{MaxEvents: int(events), MaxMarks: int((bytes - events*eventBytes) / markBytes)}
}

// flight is how many bytes the flight recorder may keep.
func (m Memory) flight() int64 { return m.kept() / 4 }

// Enforce makes the garbage collector keep this process below it. Who has set GOMEMLIMIT has decided already.
func (m Memory) Enforce() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(m) - 16<<20) // the limit does not count the program itself
	}
}

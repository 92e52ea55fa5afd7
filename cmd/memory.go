package cmd

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"evviz/timeline"
)

// memory is how much of it a session may take, bytes. It bounds what is kept to be looked at: the picture in memory and, where there is
// one, the flight recorder. What is given up for want of it is said: on the screen from when on the picture is exact, and by the flight
// recorder how far back it reaches. What --ring takes comes on top.
type memory int64

const (
	defaultMemory memory = 256 << 20
	leastMemory   memory = 96 << 20

	// programMemory is for everything else: code, rings of the usual size, encoders, a recording on its way to the disk, frames.
	programMemory = 64 << 20

	markBytes  = 33 // of a mark, with the bars, turns and samples that come with it; measured on 12 million events
	eventBytes = 64
)

var _ pflag.Value = (*memory)(nil)

// String writes it as Set reads it.
func (m *memory) String() string { return fmt.Sprintf("%dMiB", int64(*m)>>20) }

// Type is the word of the help.
func (m *memory) Type() string { return "size" }

// Set reads "256MiB", "1GiB" or a number of bytes.
func (m *memory) Set(s string) error {
	digits, unit := s, int64(1)
	for suffix, u := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			digits, unit = rest, u
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > 1<<40/unit {
		return fmt.Errorf("want a size, for example 256MiB")
	}
	if memory(n*unit) < leastMemory {
		least := leastMemory
		return fmt.Errorf("want %s at least", least.String())
	}
	*m = memory(n * unit)
	return nil
}

// kept is what of it may be live; the rest is what the garbage collector needs to work at ease.
func (m memory) kept() int64 {
	if m == 0 {
		m = defaultMemory
	}
	return int64(m-programMemory) * 7 / 10
}

// picture is what a timeline may keep.
func (m memory) picture() timeline.Options {
	bytes := m.kept() * 3 / 4
	events := min(bytes/8/eventBytes, 200_000)
	return timeline.Options{MaxEvents: int(events), MaxMarks: int((bytes - events*eventBytes) / markBytes)}
}

// flight is how many bytes the flight recorder may keep.
func (m memory) flight() int64 { return m.kept() / 4 }

// enforce makes the garbage collector keep this process below it. Who has set GOMEMLIMIT has decided already.
func (m memory) enforce() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(m) - 16<<20) // the limit does not count the program itself
	}
}

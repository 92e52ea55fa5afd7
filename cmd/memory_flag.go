package cmd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"evviz/lab"
)

// memoryFlag is --memory.
type memoryFlag lab.Memory

var _ pflag.Value = (*memoryFlag)(nil)

// String writes it as Set reads it.
func (m *memoryFlag) String() string { return fmt.Sprintf("%dMiB", int64(*m)>>20) }

// Type is the word of the help.
func (m *memoryFlag) Type() string { return "size" }

// Set reads "256MiB", "1GiB" or a number of bytes.
func (m *memoryFlag) Set(s string) error {
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
	if lab.Memory(n*unit) < lab.LeastMemory {
		least := memoryFlag(lab.LeastMemory)
		return fmt.Errorf("want %s at least", least.String())
	}
	*m = memoryFlag(n * unit)
	return nil
}

package kernel

import (
	"os"
	"strconv"
	"strings"
)

// clock is what the reader's clocks are ahead of the kernel's own, ns: in a time namespace (time_namespaces(7), Linux 5.6) CLOCK_MONOTONIC and
// CLOCK_BOOTTIME begin elsewhere, and programs in the kernel do not know of it. Zero everywhere else.
type clock struct{ monotonic, boot int64 }

// readClock reads the offsets of this process's time namespace.
func readClock() clock {
	b, err := os.ReadFile("/proc/self/timens_offsets")
	if err != nil {
		return clock{}
	}
	return parseClock(string(b))
}

// parseClock reads lines of a clock's name, seconds and nanoseconds.
func parseClock(text string) (c clock) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		s, err1 := strconv.ParseInt(f[1], 10, 64)
		ns, err2 := strconv.ParseInt(f[2], 10, 64)
		if err1 != nil || err2 != nil || s > 1<<33 || s < -(1<<33) {
			continue
		}
		switch f[0] {
		case "monotonic":
			c.monotonic = s*1e9 + ns
		case "boottime":
			c.boot = s*1e9 + ns
		}
	}
	return c
}

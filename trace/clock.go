package trace

import (
	"time"
	_ "unsafe" // for go:linkname
)

// nanotime reads CLOCK_MONOTONIC through the vDSO. time.Now would read the wall clock as well and cost twice as much
// (48 ns against 25); the runtime keeps this name linkable for exactly that reason.
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64

// Now is CLOCK_MONOTONIC in ns: the clock of every event, the same one that other processes and BPF programs of this
// machine read, so that their events can be merged by time.
func Now() int64 { return nanotime() }

// Clock ties the monotonic clock to the wall clock once. The tie holds as long as nobody sets the wall clock, and a
// machine that sleeps does not advance CLOCK_MONOTONIC: after a suspend, wall times computed from it are early.
type Clock struct {
	Mono int64 // CLOCK_MONOTONIC, ns
	Wall int64 // Unix time, ns, at Mono; 0 unknown
}

// ReadClock reads both clocks back to back.
func ReadClock() Clock {
	return Clock{Mono: Now(), Wall: time.Now().UnixNano()}
}

// WallAt converts a monotonic time. ok is false when the trace carried no tie.
func (c Clock) WallAt(mono int64) (t time.Time, ok bool) {
	if c.Wall == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, c.Wall+(mono-c.Mono)), true
}

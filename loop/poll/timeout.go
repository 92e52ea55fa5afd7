package poll

import "time"

// Rounding turns a timeout into the milliseconds that epoll_wait and poll take.
type Rounding uint8

// Roundings. Floor is the mistake of K30: a burst of zero waits before every timer.
const (
	Ceil Rounding = iota
	Floor
)

// millis turns a timeout into the argument of poll and epoll_wait.
func millis(d time.Duration, r Rounding) int {
	if d < 0 {
		return -1
	}
	if r == Ceil {
		d += time.Millisecond - 1
	}
	ms := int64(d / time.Millisecond)
	if ms > 1<<31-1 {
		ms = 1<<31 - 1
	}
	return int(ms)
}

// passedNanos is what a millisecond argument means, for the record.
func passedNanos(ms int) int64 {
	if ms < 0 {
		return -1
	}
	return int64(ms) * int64(time.Millisecond)
}

// nanosOf is a timeout as it was asked for, for the record.
func nanosOf(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return int64(d)
}

package loop

import (
	"time"

	"evviz/trace"
)

// Poller is the seam between a readiness loop and the system call that it waits with. The contract, for every
// implementation (select, poll, epoll, and the scripted fake of the tests):
//
//   - Add, Modify and Remove take a descriptor that is open; mask is a set of epoll event bits, data comes back with every
//     report. Adding twice and changing what was never added are errors that wrap EEXIST and ENOENT. A poller without
//     triggers refuses EPOLLET and EPOLLONESHOT with an error that says so; it never ignores them.
//   - Forget is for a registered descriptor that is being closed: the poller drops what it remembers of it without a
//     system call of its own.
//   - Wait with a negative timeout waits for ever, with zero it returns at once, with a positive one it returns at the
//     latest after that time rounded to the call's unit (up, or down when the Rounding knob says so). It fills out from the
//     front and returns how many reports there are: more ready descriptors than room is not an error, the rest comes with
//     the next Wait. A signal ends the wait with EINTR and no report; the caller decides how long to go on waiting.
//   - Error and hang-up (EPOLLERR, EPOLLHUP) are reported whether asked for or not.
//   - All verbs belong to the loop's thread. Only an epoll instance may be added to by another thread (registry.go).
//   - The begin and end of waiting are recorded inside Wait, tight around the system call, so that copying a descriptor set
//     shows as work and not as idleness.
//   - After Close every verb returns an error that wraps EBADF.
type Poller interface {
	// Instance names the object that is asked: an epoll instance or this thread's descriptor set.
	Instance() trace.InstanceID
	Add(fd int, gen uint32, mask uint32, data uint64) error
	Modify(fd int, gen uint32, mask uint32, data uint64) error
	Remove(fd int, gen uint32) error
	Forget(fd int)
	Wait(timeout time.Duration, out []Report) (int, error) // out has room for at least one
	// Watched is how many descriptors are registered.
	Watched() int
	Close() error
}

// Report is one descriptor that a Wait found ready.
type Report struct {
	Mask uint32
	Data uint64
}

// limited is a Poller that records which timer limits its waits. It is told before each Wait; 0 means that none does.
type limited interface{ limitedBy(timer uint32) }

// waitLimit is embedded by the pollers that are limited; what they have to do is to put timer into their Wait events.
type waitLimit struct{ timer int32 }

func (w *waitLimit) limitedBy(timer uint32) { w.timer = int32(timer) }

// millis turns a timeout into the argument of poll and epoll_wait.
func millis(d time.Duration, r Rounding) int {
	if d < 0 {
		return -1
	}
	if r == RoundCeil {
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

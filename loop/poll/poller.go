package poll

import (
	"time"

	"evviz/trace"
)

// Poller is the seam between a readiness loop and the system call that it waits with. The contract, for every
// implementation (Select, Poll, Epoll, and the fake of the tests):
//
//   - Add, Modify and Remove take a descriptor that is open; mask is a set of epoll event bits, data comes back with every
//     report. Adding twice and changing what was never added are errors that wrap EEXIST and ENOENT. A poller without
//     triggers refuses EPOLLET and EPOLLONESHOT with an error that says so; it never ignores them.
//   - Forget is for a registered descriptor that is being closed: the poller drops what it remembers of it without a
//     system call of its own.
//   - Wait with a negative timeout waits for ever, with zero it returns at once, with a positive one it returns at the
//     latest after that time rounded to the call's unit (up, or down when Rounding says so). It fills out from the
//     front and returns how many reports there are: more ready descriptors than room is not an error, the rest comes with
//     the next Wait. A signal ends the wait with EINTR and no report; the caller decides how long to go on waiting.
//   - Error and hang-up (EPOLLERR, EPOLLHUP) are reported whether asked for or not.
//   - All verbs belong to the loop's thread. Only an epoll instance may be added to by another thread (AddTo).
//   - The begin and end of waiting are recorded inside Wait, tight around the system call, so that copying a descriptor set
//     shows as work and not as idleness.
//   - After Close every verb returns an error that wraps EBADF.
type Poller interface {
	// Instance names the object that is asked: an epoll instance or this thread's descriptor set.
	Instance() trace.InstanceID
	// Add registers a descriptor in one of its generations.
	Add(fd int, gen uint32, mask uint32, data uint64) error
	// Modify changes the mask and the data of a registered one.
	Modify(fd int, gen uint32, mask uint32, data uint64) error
	// Remove takes a registered one out that stays open.
	Remove(fd int, gen uint32) error
	// Forget takes one out that is being closed.
	Forget(fd int)
	// Wait waits and reports. out has room for at least one.
	Wait(timeout time.Duration, out []Report) (int, error)
	// LimitedBy says which timer limits the waits from now on, for their events; 0 means that none does.
	LimitedBy(timer uint32)
	// Watched is how many descriptors are registered.
	Watched() int
	// Close ends the poller and what the kernel keeps for it.
	Close() error
}

// Report is one descriptor that a Wait found ready.
type Report struct {
	Mask uint32 // what it is ready for, error and hang-up included
	Data uint64 // as it was registered
}

// waitLimit is embedded by the pollers; what they have to do is to put timer into their Wait events.
type waitLimit struct{ timer int32 }

// LimitedBy says which timer limits the waits from now on.
func (w *waitLimit) LimitedBy(timer uint32) { w.timer = int32(timer) }

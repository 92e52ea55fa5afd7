package loop

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// reach is how other threads get through to a thread of the server: what it is in just now, and its number to signal it by.
// A signal is SIGURG, which Go's runtime uses for itself and therefore ignores when it finds nothing to do.
type reach struct {
	pid      int
	tid      atomic.Int64
	polling  atomic.Bool // the thread does not wait for the wake-fd
	asleep   atomic.Bool // it is inside a call that only a signal ends
	stuck    atomic.Bool // blocks in a call where a loop should not; only the end gets through, by a signal
	stopping atomic.Bool // the end has been asked for

	hand   bool // not the first thread; see crew
	server *shared
}

// signal ends the call that the thread is in, if it is in one that a signal ends.
func (r *reach) signal() { unix.Tgkill(r.pid, int(r.tid.Load()), unix.SIGURG) }

// interrupted reports whether somebody waits for this thread to leave what it is in.
func (r *reach) interrupted() bool {
	if r.hand {
		c := r.server.crew
		return c == nil || c.stopping.Load() || c.wanted.Load()
	}
	return r.server.tasks.waiting.Load() != 0
}

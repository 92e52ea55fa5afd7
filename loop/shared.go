package loop

import "sync"

// shared is what the threads of one server have in common. A server has one thread unless the threads or the split knob
// says otherwise, and then nothing here is ever locked.
//
// With several threads (crowd), three locks order them, always taken in this order:
//
//   - world: a thread holds it for reading while it handles what a wait brought; the first thread takes it for writing
//     while it runs tasks, which may change anything. Nobody holds it while waiting for readiness or sleeping.
//   - conn.mu: one thread at a time does I/O for a connection. It is given up during the work of a handler, so that two
//     threads that got the same descriptor are really inside its handler at once (K29).
//   - table.mu: for the few instructions that find, enter or remove a connection.
type shared struct {
	table   table
	dups    []dup
	fdLimit fdLimit
	reserve int // descriptor given up when there are no others (OnEMFILE)

	crowd bool // more than one thread; changes only while there is one
	world sync.RWMutex
	crew  *crew // the other threads

	asked    chan struct{} // closed when the end has been asked for
	askedFor sync.Once

	tasks    tasks
	registry registry
	stats    Stats
}

// setCrowd says whether the server has several threads. There is one when it changes.
func (s *shared) setCrowd(on bool) { s.crowd, s.table.crowd = on, on }

// begin is called by a thread that is going to handle something. What it returns is to be called when the thread goes to
// wait again.
func (l *Loop) begin() (end func()) {
	if !l.crowd || l.holdsWorld {
		return func() {}
	}
	if !l.world.TryRLock() {
		l.tr.contended(lockWorld, l.world.RLock)
	}
	return l.world.RUnlock
}

// take takes a connection for this thread. It is false when the connection has been closed meanwhile.
func (l *Loop) take(c *conn) bool {
	if !l.crowd {
		return c.fd >= 0
	}
	if !c.mu.TryLock() {
		l.tr.contended(lockConn|c.id, c.mu.Lock)
	}
	if c.fd < 0 {
		c.mu.Unlock()
		return false
	}
	return true
}

func (l *Loop) give(c *conn) {
	if l.crowd {
		c.mu.Unlock()
	}
}

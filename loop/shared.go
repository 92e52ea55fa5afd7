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
//   - table: for the few instructions that find, enter or remove a connection.
type shared struct {
	conns   []*conn  // by descriptor
	gens    []uint32 // by descriptor: how often the number was used
	order   []*conn  // open connections, in the order a polling round asks them
	dups    []dup
	fdLimit fdLimit
	reserve int // descriptor given up when there are no others (OnEMFILE)
	table   sync.Mutex

	crowd bool // more than one thread; changes only while there is one
	world sync.RWMutex
	crew  *crew // the other threads

	asked    chan struct{} // closed when the end has been asked for
	askedFor sync.Once

	tasks    tasks
	registry registry
	stats    Stats
}

// locked runs f with the table to itself.
func (s *shared) locked(f func()) {
	if s.crowd {
		s.table.Lock()
		defer s.table.Unlock()
	}
	f()
}

// enter takes a new connection into the table.
func (s *shared) enter(c *conn) {
	s.locked(func() {
		c.at = len(s.order)
		s.conns[c.fd] = c
		s.order = append(s.order, c)
	})
}

// leave takes it out; its descriptor is still open, so that the number cannot be somebody else's yet.
func (s *shared) leave(c *conn) {
	s.locked(func() {
		s.conns[c.fd] = nil
		last := len(s.order) - 1
		s.order[c.at] = s.order[last]
		s.order[c.at].at = c.at
		s.order[last] = nil
		s.order = s.order[:last]
	})
}

// born counts a new life of a descriptor number and returns which it is.
func (s *shared) born(fd int) (gen uint32) {
	s.locked(func() {
		for len(s.gens) <= fd {
			s.gens = append(s.gens, 0)
			s.conns = append(s.conns, nil)
		}
		s.gens[fd]++
		gen = s.gens[fd]
	})
	return gen
}

func (s *shared) genOf(fd int) (gen uint32) {
	s.locked(func() { gen = s.gens[fd] })
	return gen
}

// lifeID names a descriptor number in one of its lives.
func lifeID(fd int, gen uint32) uint64 { return uint64(uint32(fd)) | uint64(gen)<<32 }

// connOf finds the connection that a report's data means, nil when it is gone.
func (s *shared) connOf(data uint64) (c *conn) {
	if s.crowd {
		s.table.Lock()
		defer s.table.Unlock()
	}
	fd := int(uint32(data))
	if fd >= len(s.conns) {
		return nil
	}
	if c = s.conns[fd]; c == nil || c.gen != uint32(data>>32) {
		return nil
	}
	return c
}

// numbered is the connection that has a number now, whichever that is.
func (s *shared) numbered(fd int) (c *conn) {
	s.locked(func() {
		if fd < len(s.conns) {
			c = s.conns[fd]
		}
	})
	return c
}

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

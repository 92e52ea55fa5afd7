package loop

import (
	"iter"
	"sync"
)

// table is the account of a server's descriptors: which life of each number it is, and which connection has it. With several
// threads they share it.
type table struct {
	conns []*conn  // by descriptor
	gens  []uint32 // by descriptor: how often the number was used
	order []*conn  // open connections, in the order a polling round asks them
	crowd bool     // several threads use it; else nothing here is locked
	mu    sync.Mutex
}

// locked runs f with the table to itself.
func (t *table) locked(f func()) {
	if t.crowd {
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	f()
}

// enter takes a new connection into the table.
func (t *table) enter(c *conn) {
	t.locked(func() {
		c.at = len(t.order)
		t.conns[c.fd] = c
		t.order = append(t.order, c)
	})
}

// leave takes it out; its descriptor is still open, so that the number cannot be somebody else's yet.
func (t *table) leave(c *conn) {
	t.locked(func() {
		t.conns[c.fd] = nil
		last := len(t.order) - 1
		t.order[c.at] = t.order[last]
		t.order[c.at].at = c.at
		t.order[last] = nil
		t.order = t.order[:last]
	})
}

// born counts a new life of a descriptor number and returns which it is.
func (t *table) born(fd int) (gen uint32) {
	t.locked(func() {
		for len(t.gens) <= fd {
			t.gens = append(t.gens, 0)
			t.conns = append(t.conns, nil)
		}
		t.gens[fd]++
		gen = t.gens[fd]
	})
	return gen
}

// genOf is the present life of a descriptor number.
func (t *table) genOf(fd int) (gen uint32) {
	t.locked(func() { gen = t.gens[fd] })
	return gen
}

// lifeID names a descriptor number in one of its lives.
func lifeID(fd int, gen uint32) uint64 { return uint64(uint32(fd)) | uint64(gen)<<32 }

// connOf finds the connection that a report's data means, nil when it is gone.
func (t *table) connOf(data uint64) (c *conn) {
	if t.crowd {
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	fd := int(uint32(data))
	if fd >= len(t.conns) {
		return nil
	}
	if c = t.conns[fd]; c == nil || c.gen != uint32(data>>32) {
		return nil
	}
	return c
}

// numbered is the connection that has a number now, whichever that is.
func (t *table) numbered(fd int) (c *conn) {
	t.locked(func() {
		if fd < len(t.conns) {
			c = t.conns[fd]
		}
	})
	return c
}

// find is the connection that has a number now, in one of its lives; generation 0 takes any. Only with the world to itself may a
// thread of several call it.
func (t *table) find(fd int, gen uint32) *conn {
	if fd < 0 || fd >= len(t.conns) || t.conns[fd] == nil {
		return nil
	}
	if c := t.conns[fd]; gen == 0 || c.gen == gen {
		return c
	}
	return nil
}

// each yields the open connections. The one that was yielded may be closed meanwhile, no other.
func (t *table) each() iter.Seq[*conn] {
	return func(yield func(*conn) bool) {
		for i := 0; i < len(t.order); {
			c := t.order[i]
			if !yield(c) {
				return
			}
			if c.fd >= 0 { // closed: another connection has taken its place
				i++
			}
		}
	}
}

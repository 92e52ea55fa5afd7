package loop

import (
	"sync"

	"evviz/trace"
)

// registry is where another thread may register held connections with the loop's epoll instance while the loop waits on
// it. Its mutex keeps two races out: a registration under way while the loop closes the descriptor, whose number may then
// be somebody else's, and one under way while the loop closes the instance. The loop takes it only for connections that
// are held; the other thread holds it for one epoll_ctl.
type registry struct {
	mu      sync.Mutex
	p       Registrar                 // nil: only the loop may register
	waiting map[watchKey]registration // held connections and what became of them
}

// watchKey names a descriptor number in one of its lives.
type watchKey struct {
	fd  int
	gen uint32
}

type registration struct {
	mask uint32
	done bool
}

// open lets another thread register with p; nil lets nobody.
func (r *registry) open(p Registrar) {
	r.mu.Lock()
	r.p = p
	r.mu.Unlock()
}

// hold notes a connection that waits to be registered, or the mask that it is to be registered with from now on.
func (r *registry) hold(c *conn, mask uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = map[watchKey]registration{}
	}
	k := watchKey{c.fd, c.gen}
	if w := r.waiting[k]; !w.done {
		r.waiting[k] = registration{mask: mask}
	}
}

// register registers a held connection from the calling thread. False means that only the loop can do it.
func (r *registry) register(tr *trace.Ring, k watchKey, data uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, ok := r.waiting[k]
	if !ok || w.done || r.p == nil {
		return ok && w.done
	}
	if r.p.AddFrom(tr, k.fd, k.gen, w.mask, data) != nil {
		return false
	}
	w.done = true
	r.waiting[k] = w
	return true
}

// take ends the holding of a connection and says whether another thread has registered it, and with which mask.
func (r *registry) take(c *conn) (registered bool, mask uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := watchKey{c.fd, c.gen}
	w := r.waiting[k]
	delete(r.waiting, k)
	return w.done, w.mask
}

// isDone reports whether another thread has registered a held connection.
func (r *registry) isDone(c *conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting[watchKey{c.fd, c.gen}].done
}

// hold keeps a connection out of the wait until enough bytes are there for it.
func (l *Loop) hold(c *conn) {
	c.held = true
	c.trigger = l.b.trigger()
	l.registry.hold(c, l.interest(c))
}

// letIn ends the holding of a connection. Afterwards c.registered tells whether another thread has registered it.
func (l *Loop) letIn(c *conn) {
	if !c.held {
		return
	}
	c.held = false
	if c.registered, c.mask = l.registry.take(c); c.registered {
		c.state, c.left, c.rearmed = drained, -1, false
	}
}

// adopt takes in the held connections that another thread has registered and that have not been reported yet.
func (l *Loop) adopt() {
	for c := range l.each() {
		if c.held && l.registry.isDone(c) {
			l.letIn(c)
		}
	}
}

// release registers every connection that is held.
func (l *Loop) release(d *readiness) error {
	for c := range l.each() {
		if !c.held {
			continue
		}
		if l.letIn(c); c.registered {
			continue
		}
		if err := d.register(l, c); err != nil {
			return err
		}
	}
	return nil
}

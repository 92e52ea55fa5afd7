package loop

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"evviz/loop/poll"
	"evviz/trace"
)

// registry is where another thread may register held connections with the loop's epoll instance while the loop waits on
// it. mu guards what is known of the held connections; the other thread may not hold it while it registers, unless the guard
// is the mutex.
//
// There is a race in it. The loop may close the instance between the other thread's look at it and its call; the
// number may then be nobody's, or already another instance's, and the registration is lost: its connection is never
// reported. How the two are kept apart is a setting, so that the race can be seen, and a pause between look and call
// makes it certain:
//
//   - none: nothing; the error of the call, if there is one, is not looked at either
//   - flag: the loop says that it has closed; who looked before that is as late as without it
//   - spin: who registers says so, and the loop waits for it before it closes
//   - mutex: one at a time
//
// With spin and mutex a registration that comes too late fails with an error that wraps os.ErrClosed, and neither side
// ever waits longer than one registration takes.
type registry struct {
	epfd   atomic.Int64 // the instance to register with, -1 none
	closed atomic.Bool  // for flag and spin
	users  atomic.Int32 // for spin

	borrow sync.Mutex // held by the loop for as long as it waits, when its poll must be borrowed for every change

	mu      sync.Mutex
	p       *poll.Epoll               // nil: only the loop may register
	waiting map[watchKey]registration // held connections and what became of them
}

// watchKey names a descriptor number in one of its lives.
type watchKey struct {
	fd  int
	gen uint32
}

type registration struct {
	mask    uint32
	done    bool
	leaving bool // the loop is about to take it
}

// RegisterGuard says how a registration from another thread is kept apart from the closing of the instance.
type RegisterGuard uint8

// Guards; see registry.
const (
	GuardMutex RegisterGuard = iota
	GuardSpin
	GuardFlag
	GuardNone
)

// errRegistryClosed is what a guarded registration gets that comes too late.
var errRegistryClosed = fmt.Errorf("the loop has closed what it waits on: %w", os.ErrClosed)

// open lets another thread register with p; nil lets nobody, and returns when nobody is at it any more - if the guard sees
// to that.
func (r *registry) open(p *poll.Epoll) {
	if p == nil {
		r.closed.Store(true)
		for r.users.Load() != 0 {
			runtime.Gosched()
		}
	}
	r.mu.Lock()
	r.p = p
	r.epfd.Store(-1)
	if p != nil {
		r.epfd.Store(int64(p.FD()))
		r.closed.Store(false)
	}
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

// register registers a held connection from the calling thread, guarded or not. An error that wraps os.ErrClosed says that
// the loop was faster; errNotHeld that there is nothing to register.
func (r *registry) register(tr *trace.Ring, guard RegisterGuard, pause time.Duration, k watchKey, data uint64) error {
	switch guard {
	case GuardMutex:
		r.mu.Lock()
		defer r.mu.Unlock()
		w, err := r.look(k)
		if err != nil || w.done {
			return err
		}
		if r.p == nil {
			return errRegistryClosed
		}
		time.Sleep(pause)
		if err := poll.AddTo(r.p.FD(), tr, k.fd, k.gen, w.mask, data); err != nil {
			return err
		}
		r.did(k, w)
		return nil
	case GuardSpin:
		r.users.Add(1)
		defer r.users.Add(-1)
		if r.closed.Load() {
			return errRegistryClosed
		}
	case GuardFlag:
		if r.closed.Load() {
			return errRegistryClosed
		}
	}
	r.mu.Lock()
	w, err := r.look(k)
	epfd := int(r.epfd.Load())
	r.mu.Unlock()
	if err != nil || w.done {
		return err
	}
	time.Sleep(pause) // the loop may close the instance meanwhile
	err = poll.AddTo(epfd, tr, k.fd, k.gen, w.mask, data)
	if guard != GuardSpin {
		err = nil // nobody looks
	}
	if err == nil {
		r.mu.Lock()
		r.did(k, w)
		r.mu.Unlock()
	}
	return err
}

// errNotHeld says that a connection does not wait for its registration.
var errNotHeld = fmt.Errorf("the connection is not held: %w", os.ErrNotExist)

func (r *registry) look(k watchKey) (registration, error) {
	w, ok := r.waiting[k]
	if !ok || w.leaving {
		return w, errNotHeld
	}
	return w, nil
}

// did notes a registration, of a connection that is still held.
func (r *registry) did(k watchKey, w registration) {
	if now, ok := r.waiting[k]; ok {
		w.done, w.leaving = true, now.leaving
		r.waiting[k] = w
		if r.p != nil {
			r.p.Added()
		}
	}
}

// take ends the holding of a connection and says whether another thread has registered it, and with which mask. With a
// guard that waits, no registration of it is under way any more.
func (r *registry) take(c *conn) (registered bool, mask uint32) {
	k := watchKey{c.fd, c.gen}
	r.mu.Lock()
	w := r.waiting[k]
	w.leaving = true
	if r.waiting == nil {
		r.waiting = map[watchKey]registration{}
	}
	r.waiting[k] = w
	for r.users.Load() != 0 {
		r.mu.Unlock()
		runtime.Gosched()
		r.mu.Lock()
	}
	defer r.mu.Unlock()
	w = r.waiting[k]
	delete(r.waiting, k)
	return w.done, w.mask
}

// isDone reports whether another thread has registered a held connection.
func (r *registry) isDone(c *conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting[watchKey{c.fd, c.gen}].done
}

// holdBack keeps a connection out of the wait until enough bytes are there for it.
func (r *registry) holdBack(c *conn, b *Behaviour) {
	c.held = true
	c.trigger = b.trigger()
	r.hold(c, c.interest(b))
}

// letIn ends the holding of a connection. Afterwards c.registered tells whether another thread has registered it.
func (r *registry) letIn(c *conn) {
	if !c.held {
		return
	}
	c.held = false
	if c.registered, c.mask = r.take(c); c.registered {
		c.state, c.left, c.rearmed = drained, -1, false
	}
}

// adopt takes in the held connections that another thread has registered and that have not been reported yet.
func (r *registry) adopt(t *table) {
	for c := range t.each() {
		if c.held && r.isDone(c) {
			r.letIn(c)
		}
	}
}

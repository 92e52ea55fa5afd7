package loop

import "time"

// locks are those that the threads of a server order themselves by, as one thread uses them: shared has what each is for. In a
// server of one thread none is ever taken.
type locks struct {
	holdsWorld bool // the first thread has the world to itself

	server *shared
	tr     *recorder
	reach  *reach
}

// begin is called by a thread that is going to handle something. What it returns is to be called when the thread goes to
// wait again.
func (k *locks) begin() (end func()) {
	if !k.server.crowd || k.holdsWorld {
		return func() {}
	}
	if !k.server.world.TryRLock() {
		k.tr.contended(lockWorld, k.server.world.RLock)
	}
	return k.server.world.RUnlock
}

// take takes a connection for this thread. It is false when the connection has been closed meanwhile.
func (k *locks) take(c *conn) bool {
	if !k.server.crowd {
		return c.fd >= 0
	}
	if !c.mu.TryLock() {
		k.tr.contended(lockConn|c.id, c.mu.Lock)
	}
	if c.fd < 0 {
		c.mu.Unlock()
		return false
	}
	return true
}

// give lets others have a connection that this thread has taken.
func (k *locks) give(c *conn) {
	if k.server.crowd {
		c.mu.Unlock()
	}
}

// takeWorld gives the first thread the world for its tasks. A hand that is inside a blocking call is signalled until it
// has left it.
func (k *locks) takeWorld() {
	if !k.server.crowd || k.reach.hand || k.holdsWorld {
		return
	}
	c := k.server.crew
	if !k.server.world.TryLock() {
		k.tr.contended(lockWorld, func() {
			c.wanted.Store(true)
			got := make(chan struct{})
			k.server.guard(func() {
				for {
					select {
					case <-got:
						return
					case <-time.After(nudgeEvery):
					}
					for _, h := range c.hands {
						if h.reach.asleep.Load() || h.reach.stuck.Load() && h.ending.now() {
							h.reach.signal()
						}
					}
				}
			})
			k.server.world.Lock()
			close(got)
			c.wanted.Store(false)
		})
	}
	k.holdsWorld = true
}

// releaseWorld lets the hands go on.
func (k *locks) releaseWorld() {
	if k.holdsWorld {
		k.holdsWorld = false
		k.server.world.Unlock()
	}
}

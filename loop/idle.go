package loop

import (
	"time"

	"evviz/trace"
)

// watchIdle arms the timer that closes a connection from which nothing comes for IdleTimeout. A message does not touch
// the heap of timers: it only leaves its moment in conn.heard, and when the timer is due it looks there and is armed
// again for the rest. So a busy connection costs one timer a timeout, not one a message.
func (cs *connections) watchIdle(c *conn) {
	if cs.b.IdleTimeout <= 0 || c.dialer != nil {
		return
	}
	c.heard = clock()
	cs.armIdle(c, cs.b.IdleTimeout)
}

func (cs *connections) armIdle(c *conn, d time.Duration) {
	c.idle = outlet{cs.l, c}.after(d, func(o outlet) {
		cs := &o.l.conns // of the thread that the timer is on now
		c.idle = nil
		limit := cs.b.IdleTimeout
		if limit <= 0 {
			return // switched off meanwhile
		}
		if left := limit - time.Duration(clock()-c.heard); left > 0 {
			cs.armIdle(c, left)
			return
		}
		// A peer that waits for an answer is not idle, however long the answer takes.
		if len(c.out) > 0 || c.svc != nil && c.svc.busy() {
			c.heard = clock()
			cs.armIdle(c, limit)
			return
		}
		cs.close(c, trace.CloseIdle)
	})
}

// idleChanged puts a changed timeout into force for the connections that are open.
func (cs *connections) idleChanged() {
	for c := range cs.l.table.each() {
		if c.idle != nil {
			cs.cancel(c, c.idle)
			c.idle = nil
		}
		cs.watchIdle(c)
	}
}

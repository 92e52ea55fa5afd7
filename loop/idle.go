package loop

import (
	"time"

	"evviz/trace"
)

// watchIdle arms the timer that closes a connection from which nothing comes for IdleTimeout. A message does not touch
// the heap of timers: it only leaves its moment in conn.heard, and when the timer is due it looks there and is armed
// again for the rest. So a busy connection costs one timer a timeout, not one a message.
func (l *Loop) watchIdle(c *conn) {
	if l.b.IdleTimeout <= 0 || c.dialer != nil {
		return
	}
	c.heard = clock()
	l.armIdle(c, l.b.IdleTimeout)
}

func (l *Loop) armIdle(c *conn, d time.Duration) {
	c.idle = outlet{l, c}.after(d, func(o outlet) {
		l := o.l
		c.idle = nil
		limit := l.b.IdleTimeout
		if limit <= 0 {
			return // switched off meanwhile
		}
		if left := limit - time.Duration(clock()-c.heard); left > 0 {
			l.armIdle(c, left)
			return
		}
		// A peer that waits for an answer is not idle, however long the answer takes.
		if len(c.out) > 0 || c.svc != nil && c.svc.busy() {
			c.heard = clock()
			l.armIdle(c, limit)
			return
		}
		l.closeConn(c, trace.CloseIdle)
	})
}

// idleChanged puts a changed timeout into force for the connections that are open.
func (l *Loop) idleChanged() {
	for c := range l.table.each() {
		if c.idle != nil {
			l.cancel(c, c.idle)
			c.idle = nil
		}
		l.watchIdle(c)
	}
}

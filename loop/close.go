package loop

import "golang.org/x/sys/unix"

// peerEnded tells the service of a connection that the peer sends no more.
func (cs *connections) peerEnded(c *conn) {
	if c.finish != 0 {
		if len(c.out) == 0 {
			cs.close(c, c.finish)
			return
		}
	} else {
		c.svc.ended(outlet{cs.l, c})
	}
	if c.fd >= 0 {
		cs.interestChanged(c)
	}
}

// finished closes a connection that has been ended by its service and owes nothing any more, or shuts its sending side
// first when the peer may still be sending.
func (cs *connections) finished(c *conn) {
	if !c.linger || c.eof {
		cs.close(c, c.finish)
		return
	}
	if c.lingering {
		return
	}
	c.lingering = true
	if cs.l.kernel.shutdown(c, unix.SHUT_WR) != nil {
		cs.close(c, c.finish)
		return
	}
	outlet{cs.l, c}.after(lingerFor, func(o outlet) { o.l.conns.close(c, c.finish) })
	cs.interestChanged(c)
}

// close ends a connection and forgets it.
func (cs *connections) close(c *conn, why uint32) {
	if c.fd < 0 {
		return
	}
	cs.l.registry.letIn(c)
	cs.letGo(c)
	if cs.l.drv != nil {
		cs.l.drv.closing(cs.l, c)
	}
	cs.l.table.leave(c)
	if cs.b.Child == ChildHolds {
		cs.l.children.closed(c)
	}
	c.asked.close()
	fd := c.fd
	c.fd = -1
	cs.l.stats.Closed.Add(1)
	cs.l.kernel.close(fd, c.gen, why)
}

// letGo gives back what a connection has beside its descriptor.
func (cs *connections) letGo(c *conn) {
	c.idle = nil
	for len(c.timers) > 0 {
		cs.cancel(c, c.timers[0])
	}
	if c.svc != nil {
		c.svc.released(cs.l)
	}
	if c.dialer != nil {
		c.dialer.lost(c)
	}
}

package loop

import (
	"golang.org/x/sys/unix"

	"evviz/trace"
)

// read reads as often as the rule says and answers what came. It returns how many calls were made and how many of
// them moved bytes or learned of the end.
func (cs *connections) read(c *conn) (asked, useful int) {
	if len(cs.io.buf) != cs.b.ReadSize {
		cs.io.buf = make([]byte, cs.b.ReadSize)
	}
	rule := cs.b.Reads
	again, short, got := false, false, false
	for n := 0; rule.more(n, again, short); n++ {
		if cs.b.Budget > 0 && n == cs.b.Budget {
			if c.mask&unix.EPOLLET != 0 && !c.unfinished { // level will tell of it again
				cs.postponed.add(c)
			}
			break
		}
		asked++
		last := rule.Kind <= CountUpTo && n+1 >= rule.N
		ret, errno := cs.io.read(c, last)
		switch {
		case errno == unix.EAGAIN:
			again = true
			c.state, c.left = drained, 0
		case errno == errNotMade:
			return asked - 1, useful
		case errno == unix.EINTR && cs.l.reach.interrupted(): // a blocking read that was ended for a task
			if got {
				cs.workOnce(c)
			}
			return
		case errno == unix.EINTR:
			asked--
			n--
		case errno != 0:
			cs.failed(c)
			return asked, useful + 1
		case ret == 0:
			useful++
			if cs.ended(c); got {
				cs.workOnce(c)
			}
			return
		default:
			useful++
			got = true
			short = ret < len(cs.io.buf)
			c.state = maybeLeft
			if short {
				c.state, c.left = drained, 0
			} else if c.left >= 0 {
				c.left -= int64(ret)
				if c.left <= 0 {
					// The buffer was emptied by a read that filled it exactly: whatever comes now is new.
					c.state, c.left = drained, 0
				}
			}
			if cs.answer(c, ret); c.fd < 0 {
				return
			}
			if cs.b.WorkPer == WorkPerRead {
				if cs.workOn(c); c.fd < 0 {
					return
				}
			}
			if c.stalled() {
				cs.workOnce(c)
				return
			}
		}
	}
	if got {
		cs.workOnce(c)
	}
	return
}

// answer hands what was read to the service, or echoes it.
func (cs *connections) answer(c *conn, n int) {
	switch {
	case c.svc == nil:
		p := cs.io.buf[:n]
		if cs.b.Echo == EchoWhole {
			p = cs.io.buf
		}
		cs.echo(c, p)
	case c.finish == 0:
		c.svc.received(outlet{cs.l, c}, cs.io.buf[:n])
	}
}

// ended reacts to end of file. A peer that only shut its sending side still gets what it is owed.
func (cs *connections) ended(c *conn) {
	c.state, c.left = drained, 0
	if cs.b.OnEOF == EOFIgnore {
		return
	}
	first := !c.eof
	c.eof = true
	if cs.b.OnEOF == EOFLeak {
		cs.leak(c)
		return
	}
	if c.svc != nil {
		if first {
			cs.peerEnded(c)
		} else if s, ok := c.svc.(*tokenStream); ok && c.rereads && c.finish == 0 {
			s.again(outlet{cs.l, c})
		}
		return
	}
	if len(c.out) == 0 {
		cs.close(c, trace.CloseEOF)
		return
	}
	cs.interestChanged(c)
}

// leak stops watching a connection without closing it.
func (cs *connections) leak(c *conn) {
	c.leaked = true
	cs.l.drv.leaked(cs.l, c)
}

// failed reacts to a read that failed for good.
func (cs *connections) failed(c *conn) {
	switch cs.b.OnError {
	case ErrorIgnore:
		return
	case ErrorInsist:
		cs.io.read(c, false)
		cs.io.write(c, []byte{'?'}, 0)
	}
	cs.close(c, trace.CloseError)
}

// workOnce is the work of a handler that got data, unless it was done after each read.
func (cs *connections) workOnce(c *conn) {
	if cs.b.WorkPer == WorkPerHandler {
		cs.workOn(c)
	}
}

// workOn is what a handler does besides I/O for a connection. Meanwhile another thread may have the connection.
func (cs *connections) workOn(c *conn) {
	if cs.b.Work.Kind == WorkNone {
		return
	}
	if !cs.l.crowd || cs.l.locks.holdsWorld {
		cs.l.work.do(cs.b.Work)
		return
	}
	c.mu.Unlock()
	cs.l.work.do(cs.b.Work)
	c.mu.Lock()
}

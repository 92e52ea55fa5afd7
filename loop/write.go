package loop

import (
	"golang.org/x/sys/unix"

	"evviz/trace"
)

// echo answers with what was read. What the kernel does not take is kept, and only then is write interest asked for.
func (cs *connections) echo(c *conn, p []byte) {
	if len(c.out) == 0 && (cs.b.WriteOut != WriteFirst || !c.registered) {
		n, errno := cs.io.write(c, p, 0)
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR || errno == errNotMade:
			n = 0
		case errno != 0:
			cs.close(c, trace.CloseError)
			return
		}
		p = p[n:]
	}
	if len(p) == 0 || cs.b.Unsent == UnsentDrop {
		return
	}
	c.out = append(c.out, p...)
	if len(c.out) > outHigh {
		c.paused = true
	}
	cs.interestChanged(c)
}

// flush writes what is owed. It returns the bytes that the kernel took.
func (cs *connections) flush(c *conn) int {
	total := 0
	for len(c.out) > 0 {
		n, errno := cs.io.write(c, c.out, len(c.out))
		if errno == unix.EINTR {
			continue
		}
		if errno == unix.EAGAIN || errno == errNotMade {
			break
		}
		if errno != 0 {
			cs.close(c, trace.CloseError)
			return total
		}
		total += n
		c.out = c.out[n:]
	}
	if len(c.out) == 0 {
		c.out = nil
	}
	if c.paused && len(c.out) < outLow {
		c.paused = false
	}
	if c.svc != nil {
		if cs.outputTaken(c); c.fd < 0 {
			return total
		}
	} else if c.eof && len(c.out) == 0 && cs.b.OnEOF == EOFClose {
		cs.close(c, trace.CloseEOF)
		return total
	}
	cs.interestChanged(c)
	return total
}

// outputTaken tells the service of a connection that its output has been taken. It follows a flush.
func (cs *connections) outputTaken(c *conn) {
	if len(c.out) > 0 || c.svc == nil {
		return
	}
	if c.finish != 0 {
		cs.finished(c)
		return
	}
	c.svc.writable(outlet{cs.l, c})
}

func (cs *connections) interestChanged(c *conn) {
	if err := cs.l.drv.changed(cs.l, c); err != nil {
		cs.close(c, trace.CloseError)
	}
}

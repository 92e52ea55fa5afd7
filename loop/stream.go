package loop

import (
	"golang.org/x/sys/unix"

	"evviz/trace"
)

// readMany reads as often as the rule says and echoes what came. It returns how many calls were made and how many of
// them moved bytes or learned of the end.
func (l *Loop) readMany(c *conn) (asked, useful int) {
	if len(l.buf) != l.b.ReadSize {
		l.buf = make([]byte, l.b.ReadSize)
	}
	rule := l.b.Reads
	again, short, got := false, false, false
	for n := 0; rule.more(n, again, short); n++ {
		if l.b.Budget > 0 && n == l.b.Budget {
			if c.mask&unix.EPOLLET != 0 && !c.unfinished { // level will tell of it again
				c.unfinished = true
				l.unfinished = append(l.unfinished, c)
			}
			break
		}
		asked++
		last := rule.Kind <= CountUpTo && n+1 >= rule.N
		ret, errno := l.readOne(c, last)
		switch {
		case errno == unix.EAGAIN:
			again = true
			c.state, c.left = drained, 0
		case errno == errNotMade:
			return asked - 1, useful
		case errno == unix.EINTR && l.interrupted(): // a blocking read that was ended for a task
			if got {
				l.workOnce(c)
			}
			return
		case errno == unix.EINTR:
			asked--
			n--
		case errno != 0:
			l.failed(c)
			return asked, useful + 1
		case ret == 0:
			useful++
			if l.ended(c); got {
				l.workOnce(c)
			}
			return
		default:
			useful++
			got = true
			short = ret < len(l.buf)
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
			if l.answer(c, ret); c.fd < 0 {
				return
			}
			if l.b.WorkPer == WorkPerRead {
				if l.workOn(c); c.fd < 0 {
					return
				}
			}
			if c.stalled() {
				l.workOnce(c)
				return
			}
		}
	}
	if got {
		l.workOnce(c)
	}
	return
}

// workOnce is the work of a handler that got data, unless it was done after each read.
func (l *Loop) workOnce(c *conn) {
	if l.b.WorkPer == WorkPerHandler {
		l.workOn(c)
	}
}

// readOne is one read, recorded. When the rule allows no further read and this one got all it asked for, the kernel is
// asked what is left, so that stranded bytes are known and not guessed.
func (l *Loop) readOne(c *conn, last bool) (int, unix.Errno) {
	var stamp int64
	t0 := l.tr.since()
	var n int
	var errno unix.Errno
	var t1 int64
	call, phase := uint32(trace.CallRead), trace.PhaseComplete
	switch {
	case c.blocking:
		phase = trace.PhaseExit
		if n, t0, t1, errno = l.ioBlocking(trace.Read, call, unix.SYS_READ, c, l.buf); errno == errNotMade {
			return n, errno
		}
	case l.stamping():
		call = trace.CallRecvmsg
		n, stamp, errno = l.recvStamped(c.fd, l.buf)
		t1 = l.tr.tick()
	default:
		n, errno = readFD(c.fd, l.buf)
		t1 = l.tr.tick()
	}
	if n > 0 {
		l.stats.BytesIn.Add(int64(n))
		if c.idle != nil {
			c.heard = clock()
		}
	}
	if !l.tr.On() {
		return n, errno
	}
	if stamp != 0 && stamp != c.stamp && stamp < t1 { // every read of one long segment carries its stamp
		c.stamp = stamp
		a := l.tr.Next(trace.Arrive, t1)
		a.FD, a.Gen, a.Mask, a.Aux, a.Dur = int32(c.fd), c.gen, unix.EPOLLIN, trace.ArriveStamp, t1-stamp
	}
	var left int64 // value+1
	if n == len(l.buf) && c.left >= int64(n) {
		left = c.left - int64(n) + 1
	} else if n == len(l.buf) && last {
		if u, ok := unread(c.fd); ok {
			left = u + 1
			c.left = u + int64(n)
		}
	}
	e := l.tr.Next(trace.Read, t1)
	e.Phase = phase
	e.FD, e.Gen, e.Aux, e.A, e.B, e.Inst, e.Dur, e.Errno = int32(c.fd), c.gen, call, int64(len(l.buf)), int64(n), uint32(left), t1-t0, uint16(errno)
	return n, errno
}

// echo answers with what was read. What the kernel does not take is kept, and only then is write interest asked for.
func (l *Loop) echo(c *conn, p []byte) {
	if len(c.out) == 0 && (l.b.WriteOut != WriteFirst || !c.registered) {
		n, errno := l.writeOne(c, p, 0)
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR || errno == errNotMade:
			n = 0
		case errno != 0:
			l.closeConn(c, trace.CloseError)
			return
		}
		p = p[n:]
	}
	if len(p) == 0 || l.b.Unsent == UnsentDrop {
		return
	}
	c.out = append(c.out, p...)
	if len(c.out) > outHigh {
		c.paused = true
	}
	l.interestChanged(c)
}

// flush writes what is owed. It returns the bytes that the kernel took.
func (l *Loop) flush(c *conn) int {
	total := 0
	for len(c.out) > 0 {
		n, errno := l.writeOne(c, c.out, len(c.out))
		if errno == unix.EINTR {
			continue
		}
		if errno == unix.EAGAIN || errno == errNotMade {
			break
		}
		if errno != 0 {
			l.closeConn(c, trace.CloseError)
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
		if l.outputTaken(c); c.fd < 0 {
			return total
		}
	} else if c.eof && len(c.out) == 0 && l.b.OnEOF == EOFClose {
		l.closeConn(c, trace.CloseEOF)
		return total
	}
	l.interestChanged(c)
	return total
}

// writeOne is one write, recorded. owed is what the program holds for this peer before the call, besides p when p is new.
func (l *Loop) writeOne(c *conn, p []byte, owed int) (int, unix.Errno) {
	t0 := l.tr.since()
	var n int
	var t1 int64
	var errno unix.Errno
	var before unix.Rusage
	if l.b.MeasureWrites {
		before = usage()
		t0 = l.tr.tick()
	}
	phase := trace.PhaseComplete
	if c.blocking {
		phase = trace.PhaseExit
		if n, t0, t1, errno = l.ioBlocking(trace.Write, trace.CallWrite, unix.SYS_WRITE, c, p); errno == errNotMade {
			return n, errno
		}
	} else {
		n, errno = writeFD(c.fd, p)
		t1 = l.tr.tick()
	}
	if n > 0 {
		l.stats.BytesOut.Add(int64(n))
	}
	rest := max(owed, len(p)) - max(n, 0)
	if l.b.Unsent == UnsentDrop && owed == 0 {
		rest = 0 // the program forgets it, and so holds nothing
	}
	e := l.tr.Next(trace.Write, t1)
	e.Phase = phase
	e.FD, e.Gen, e.Aux, e.A, e.B, e.Inst, e.Dur, e.Errno = int32(c.fd), c.gen, trace.CallWrite, int64(len(p)), int64(n), uint32(rest)+1, t1-t0, uint16(errno)
	if l.b.MeasureWrites {
		l.measured(c, len(p), n, errno, t1-t0, before)
	}
	return n, errno
}

// ended reacts to end of file. A peer that only shut its sending side still gets what it is owed.
func (l *Loop) ended(c *conn) {
	c.state, c.left = drained, 0
	if l.b.OnEOF == EOFIgnore {
		return
	}
	first := !c.eof
	c.eof = true
	if l.b.OnEOF == EOFLeak {
		l.leak(c)
		return
	}
	if c.svc != nil {
		if first {
			l.peerEnded(c)
		} else if s, ok := c.svc.(*tokenStream); ok && c.rereads && c.finish == 0 {
			s.again(outlet{l, c})
		}
		return
	}
	if len(c.out) == 0 {
		l.closeConn(c, trace.CloseEOF)
		return
	}
	l.interestChanged(c)
}

// leak stops watching a connection without closing it.
func (l *Loop) leak(c *conn) {
	c.leaked = true
	l.drv.leaked(l, c)
}

func (l *Loop) interestChanged(c *conn) {
	if err := l.drv.changed(l, c); err != nil {
		l.closeConn(c, trace.CloseError)
	}
}

// workOn is what a handler does besides I/O for a connection. Meanwhile another thread may have the connection.
func (l *Loop) workOn(c *conn) {
	if l.b.Work.Kind == WorkNone {
		return
	}
	if !l.crowd || l.holdsWorld {
		l.workFor(l.b.Work)
		return
	}
	c.mu.Unlock()
	l.workFor(l.b.Work)
	c.mu.Lock()
}

package loop

import (
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// transfer makes the reads and writes of connections, one call at a time, and records each. It decides nothing: what is read and
// how often is said in read.go, what is written in write.go.
type transfer struct {
	buf     []byte // of one read, for the whole thread
	stamped stamped

	tr    *recorder
	b     *Behaviour
	block *blocker
	stats *Stats
}

// read is one read, recorded. When the rule allows no further read and this one got all it asked for, the kernel is
// asked what is left, so that stranded bytes are known and not guessed.
func (x *transfer) read(c *conn, last bool) (int, unix.Errno) {
	var stamp int64
	t0 := x.tr.since()
	var n int
	var errno unix.Errno
	var t1 int64
	call, phase := uint32(trace.CallRead), trace.PhaseComplete
	switch {
	case c.blocking:
		phase = trace.PhaseExit
		if n, t0, t1, errno = x.block.transfer(trace.Read, call, unix.SYS_READ, c, x.buf); errno == errNotMade {
			return n, errno
		}
	case x.b.stamping():
		call = trace.CallRecvmsg
		n, stamp, errno = x.stamped.recv(c.fd, x.buf)
		t1 = x.tr.tick()
	default:
		n, errno = readFD(c.fd, x.buf)
		t1 = x.tr.tick()
	}
	if n > 0 {
		x.stats.BytesIn.Add(int64(n))
		if c.idle != nil {
			c.heard = clock()
		}
	}
	if !x.tr.On() {
		return n, errno
	}
	if stamp != 0 && stamp != c.stamp && stamp < t1 { // every read of one long segment carries its stamp
		c.stamp = stamp
		a := x.tr.Next(trace.Arrive, t1)
		a.FD, a.Gen, a.Mask, a.Aux, a.Dur = int32(c.fd), c.gen, unix.EPOLLIN, trace.ArriveStamp, t1-stamp
	}
	var left int64 // value+1
	if n == len(x.buf) && c.left >= int64(n) {
		left = c.left - int64(n) + 1
	} else if n == len(x.buf) && last {
		if u, ok := unread(c.fd); ok {
			left = u + 1
			c.left = u + int64(n)
		}
	}
	e := x.tr.Next(trace.Read, t1)
	e.Phase = phase
	e.FD, e.Gen, e.Aux, e.A, e.B, e.Inst, e.Dur, e.Errno = int32(c.fd), c.gen, call, int64(len(x.buf)), int64(n), uint32(left), t1-t0, uint16(errno)
	return n, errno
}

// write is one write, recorded. owed is what the program holds for this peer before the call, besides p when p is new.
func (x *transfer) write(c *conn, p []byte, owed int) (int, unix.Errno) {
	t0 := x.tr.since()
	var n int
	var t1 int64
	var errno unix.Errno
	var before unix.Rusage
	if x.b.MeasureWrites {
		before = usage()
		t0 = x.tr.tick()
	}
	phase := trace.PhaseComplete
	if c.blocking {
		phase = trace.PhaseExit
		if n, t0, t1, errno = x.block.transfer(trace.Write, trace.CallWrite, unix.SYS_WRITE, c, p); errno == errNotMade {
			return n, errno
		}
	} else {
		n, errno = writeFD(c.fd, p)
		t1 = x.tr.tick()
	}
	if n > 0 {
		x.stats.BytesOut.Add(int64(n))
	}
	rest := max(owed, len(p)) - max(n, 0)
	if x.b.Unsent == UnsentDrop && owed == 0 {
		rest = 0 // the program forgets it, and so holds nothing
	}
	e := x.tr.Next(trace.Write, t1)
	e.Phase = phase
	e.FD, e.Gen, e.Aux, e.A, e.B, e.Inst, e.Dur, e.Errno = int32(c.fd), c.gen, trace.CallWrite, int64(len(p)), int64(n), uint32(rest)+1, t1-t0, uint16(errno)
	if x.b.MeasureWrites {
		x.measured(c, len(p), n, errno, t1-t0, before)
	}
	return n, errno
}

// usage is what this thread has used so far. It is a question of evviz's own.
func usage() (u unix.Rusage) {
	unix.Getrusage(unix.RUSAGE_THREAD, &u)
	return u
}

// measured says what a write cost and where its bytes are now: taken by the kernel is not arrived at the peer. SIOCOUTQ tells
// what the peer has not acknowledged yet (tcp(7)).
func (x *transfer) measured(c *conn, asked, n int, errno unix.Errno, took int64, before unix.Rusage) {
	after := usage()
	result := strconv.Itoa(n)
	if errno != 0 {
		result = trace.ErrnoName(uint16(errno))
	}
	queued := "unknown"
	if q, err := unix.IoctlGetInt(c.fd, unix.SIOCOUTQ); err == nil {
		queued = strconv.Itoa(q)
	}
	x.tr.said = ""
	x.tr.say(fmt.Sprintf("write(%d, %d) = %s: %v, %d voluntary and %d involuntary context switches, %s bytes in the socket's send queue",
		c.fd, asked, result, time.Duration(took), after.Nvcsw-before.Nvcsw, after.Nivcsw-before.Nivcsw, queued))
}

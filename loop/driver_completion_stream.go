package loop

import (
	"golang.org/x/sys/unix"

	"evviz/internal/sys"
	"evviz/trace"
)

// stream is what the ring has to do with a connection. It outlives the connection while an operation is in flight.
type stream struct {
	c         *conn // nil: closed
	fd        int
	gen       uint32
	buf       []byte // a single recv goes here, each time
	out       []byte // what the kernel is sending; c.out may have grown into other memory meanwhile
	spare     []byte // memory for c.out when nothing is owed, so that a message costs none
	receiving bool
	sending   bool
	stopping  bool // the recv is being cancelled because the peer does not read
	cancelled bool // everything is
	got       bool // a recv has brought something
}

// serve begins to serve a connection.
func (d *completion) serve(l *Loop, c *conn) {
	s := &stream{c: c, fd: c.fd, gen: c.gen}
	d.streams[ownerOf(c)] = s
	d.sendOwed(l, s)
	d.recv(l, s)
}

// recv submits a recv unless one is in flight or none is wanted.
func (d *completion) recv(l *Loop, s *stream) {
	c := s.c
	if d.ending || c == nil || s.receiving || c.stalled() || c.leaked || c.eof || c.held || d.plan.once && s.got {
		return
	}
	s.receiving = true
	e := d.entry(l, trace.OpRecv, s.fd, s.gen, d.plan.size)
	if d.plan.many {
		sys.PrepRecvMany(e, s.fd, d.pool.Group())
		return
	}
	if s.buf == nil {
		s.buf = make([]byte, d.plan.size) // kept by s until the completion: see sys
	}
	sys.PrepRecv(e, s.fd, s.buf)
}

// sendOwed submits a send of all that is owed unless one is in flight. What is appended to c.out meanwhile goes behind it.
func (d *completion) sendOwed(l *Loop, s *stream) {
	if d.ending || s.c == nil || s.sending || len(s.c.out) == 0 {
		return
	}
	s.sending, s.out = true, s.c.out
	sys.PrepSend(d.entry(l, trace.OpSend, s.fd, s.gen, len(s.out)), s.fd, s.out)
}

// cancelStream takes back what is in flight for a connection.
func (d *completion) cancelStream(l *Loop, s *stream) {
	if s.cancelled {
		return
	}
	s.cancelled = true
	if s.receiving {
		d.cancel(l, newTicket(trace.OpRecv, s.fd, s.gen))
	}
	if s.sending {
		d.cancel(l, newTicket(trace.OpSend, s.fd, s.gen))
	}
}

// forget drops a closed connection's stream when the kernel has no business with its buffers any more.
func (d *completion) forget(s *stream) {
	if s.c == nil && !s.receiving && !s.sending {
		delete(d.streams, newTicket(0, s.fd, s.gen).owner())
	}
}

// streamed is the handler of a connection's completion.
func (d *completion) streamed(l *Loop, s *stream, op uint32, c *sys.CQE) {
	if s.c == nil || d.ending {
		d.finish(l, s, op, c)
		d.forget(s)
		return
	}
	start := l.tr.since()
	busy := l.b.Work.Kind != WorkNone && op == trace.OpRecv && c.Res > 0
	if busy {
		e := l.tr.Next(trace.Call, start)
		e.Phase, e.FD, e.Gen, e.Aux = trace.PhaseEnter, int32(s.fd), s.gen, trace.HandlerConn
	}
	d.finish(l, s, op, c)
	phase := trace.PhaseComplete
	if busy {
		if s.c != nil {
			d.submit(l) // the answer does not wait for the work
			l.conns.workOn(s.c)
		}
		phase = trace.PhaseExit
		l.tr.tick()
	}
	l.tr.handled(trace.HandlerConn, phase, s.fd, s.gen, start, l.tr.tick())
}

func (d *completion) finish(l *Loop, s *stream, op uint32, c *sys.CQE) {
	if op == trace.OpSend {
		d.sent(l, s, int(c.Res))
	} else {
		d.received(l, s, c)
	}
}

// received takes what a recv brought and hands the next one over, and the answer.
func (d *completion) received(l *Loop, s *stream, c *sys.CQE) {
	if !c.More() {
		s.receiving, s.stopping = false, false
	}
	id, picked := c.Buffer()
	switch errno := unix.Errno(-c.Res); {
	case c.Res > 0:
		s.got = true
		p := s.buf
		if picked {
			p = d.pool.Bytes(id)
		}
		l.stats.BytesIn.Add(int64(c.Res))
		if s.c != nil {
			if s.c.idle != nil {
				s.c.heard = clock()
			}
			if s.c.svc == nil && l.b.Echo == EchoWhole {
				s.owe(p)
			} else if s.c.svc == nil {
				s.owe(p[:c.Res])
			} else if s.c.finish == 0 {
				s.c.svc.received(outlet{l, s.c}, p[:c.Res])
			}
		}
		if s.c != nil { // its service may have closed it
			s.c.paused = s.c.paused || len(s.c.out) > outHigh
		}
	case s.c == nil || d.ending && c.Res == 0:
		// The end of file is still there for whoever asks next.
	case c.Res == 0:
		l.conns.ended(s.c)
	case errno == unix.ECANCELED || errno == unix.ENOBUFS || errno == unix.EINTR || errno == unix.EAGAIN:
		// Taken back, or the buffers were all in use: it is handed over again below, when it is wanted.
	default:
		l.conns.close(s.c, trace.CloseError)
	}
	if picked {
		d.pool.Give(id)
	}
	if s.c == nil || d.ending {
		return
	}
	d.sendOwed(l, s)
	if s.c.stalled() && s.receiving && d.plan.many && !s.stopping {
		s.stopping = true // a multishot recv goes on by itself
		d.cancel(l, newTicket(trace.OpRecv, s.fd, s.gen))
		d.submit(l) // what it brings until then has to be kept
	}
	d.recv(l, s)
}

// maxSpare bounds the memory that a connection keeps while nothing is owed to it.
const maxSpare = 64 << 10

// owe appends to what is owed. The spare memory is used only when nothing is owed, so nothing of it is being sent.
func (s *stream) owe(p []byte) {
	fresh := len(s.c.out) == 0
	if fresh {
		s.c.out = s.spare[:0]
	}
	s.c.out = append(s.c.out, p...)
	if fresh && cap(s.c.out) <= maxSpare {
		s.spare = s.c.out[:0]
	}
}

// sent takes note of what the kernel took.
func (d *completion) sent(l *Loop, s *stream, n int) {
	s.sending, s.out = false, nil
	if n > 0 {
		l.stats.BytesOut.Add(int64(n))
	}
	c := s.c
	if c == nil {
		return
	}
	if errno := unix.Errno(-n); n < 0 && errno != unix.ECANCELED && errno != unix.EINTR && errno != unix.EAGAIN {
		l.conns.close(c, trace.CloseError)
		return
	}
	c.out = c.out[max(n, 0):]
	if len(c.out) == 0 {
		c.out = nil
	}
	if len(c.out) < outLow {
		c.paused = false
	}
	if d.ending {
		return
	}
	if c.svc != nil {
		if l.conns.outputTaken(c); s.c == nil {
			return
		}
	} else if c.eof && len(c.out) == 0 && l.b.OnEOF == EOFClose {
		l.conns.close(c, trace.CloseEOF)
		return
	}
	d.sendOwed(l, s)
	d.recv(l, s)
}

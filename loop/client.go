package loop

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// tokenStream is the client of a delay server: stream i of n asks for token-i after (n-i) times the stream-delay knob, so that
// the last one is answered first. The answer is read to its end, which the server marks by closing.
type tokenStream struct {
	d     *outbound
	in    []byte
	delay time.Duration
	at    int64
	ends  int // ends of file seen
}

// answerLimit is how much of an answer is kept to be told; the rest is only counted.
const answerLimit = 4 << 10

func (s *tokenStream) opened(o outlet) {
	l := o.l
	s.delay = time.Duration(l.b.Streams-s.d.token) * l.b.StreamDelay
	s.at = clock()
	o.send(fmt.Appendf(nil, "GET /%d/token-%d HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", s.delay.Milliseconds(), s.d.token, o.c.peer))
}

func (s *tokenStream) received(o outlet, p []byte) {
	s.in = append(s.in, p[:min(len(p), max(answerLimit-len(s.in), 0))]...)
	o.c.got += int64(len(p))
}

func (s *tokenStream) ended(o outlet) {
	if o.c.got == 0 {
		o.c.problem = fmt.Errorf("the server closed without an answer")
		o.finish(trace.CloseEOF)
		return
	}
	s.count(o)
	if s.d.l.b.CountEOF {
		o.c.rereads = true // it stays registered, and so will be reported and counted again
		return
	}
	o.finish(trace.CloseEOF)
}

// again is an end of file that is read again.
func (s *tokenStream) again(o outlet) {
	s.count(o)
	o.finish(trace.CloseEOF)
}

// count tells of an answer, and of the end of the exercise when as many have been counted as there are streams.
func (s *tokenStream) count(o outlet) {
	l := o.l
	s.d.done = true
	status, body, _ := bytes.Cut(s.in, []byte("\r\n\r\n"))
	status, _, _ = bytes.Cut(status, []byte("\r\n"))
	if s.ends++; s.ends == 1 {
		l.tr.tell("token %d: asked to wait %v, answered after %v, %d bytes: %.40s: %.80q", s.d.token, s.delay,
			time.Duration(clock()-s.at).Round(time.Millisecond), o.c.got, status, body)
	} else {
		l.tr.tell("token %d: its end of file was read again, and counted again", s.d.token)
	}
	if l.dialer.counted++; l.dialer.counted != len(l.dialer.streams) {
		return
	}
	open := ""
	for _, d := range l.dialer.streams {
		if !d.done {
			open += " " + strconv.Itoa(d.token)
		}
	}
	if open == "" {
		l.tr.tell("all %d streams have answered", l.dialer.counted)
	} else {
		l.tr.tell("counted %d answers of %d streams, but these have not answered:%s", l.dialer.counted, len(l.dialer.streams), open)
	}
}

func (s *tokenStream) writable(outlet) {}
func (s *tokenStream) released(*Loop)  {}
func (s *tokenStream) busy() bool      { return !s.d.done }

// heartbeat says ping to a commands server at every heartbeat. It does not wait for the answer, unless the knob
// heartbeat-wait makes the mistake: then the thread blocks until pong has come, and every timer of the loop slips.
type heartbeat struct {
	d       *outbound
	timer   *timer
	waiting int // pings without a pong
	beats   int
	in      []byte
}

func (h *heartbeat) opened(o outlet) {
	h.d.tries = 0
	every := o.l.b.Heartbeat
	c := o.c
	h.timer = o.l.timers.after(every, every, func(l *Loop) { h.beat(outlet{l, c}) })
}

// ping is what a beat sends.
var ping = []byte("ping\n")

func (h *heartbeat) beat(o outlet) {
	if !o.alive() {
		return
	}
	h.beats++
	h.waiting++
	o.send(ping)
	if o.l.b.HeartbeatWait && o.alive() && !o.clogged() {
		h.await(o)
	}
}

// await makes the socket blocking and reads until everything has been acknowledged.
func (h *heartbeat) await(o outlet) {
	l, c := o.l, o.c
	was := c.blocking
	if !was && l.kernel.setBlocking(c.fd, c.gen, true) != nil {
		return
	}
	buf := make([]byte, 512)
	for o.alive() && h.waiting > 0 {
		n, errno := l.block.readStuck(c.fd, c.gen, buf, clock()+int64(time.Hour))
		switch {
		case errno == unix.ECANCELED:
			return // the loop ends, and closes it
		case errno != 0:
			c.problem = fmt.Errorf("read: %w", errno)
			l.conns.close(c, trace.CloseError)
		case n == 0:
			l.conns.close(c, trace.CloseEOF)
		default:
			l.stats.BytesIn.Add(int64(n))
			h.received(o, buf[:n])
		}
	}
	if c.fd >= 0 && !was {
		l.kernel.setBlocking(c.fd, c.gen, false)
	}
}

func (h *heartbeat) received(_ outlet, p []byte) {
	h.in = append(h.in, p...)
	for {
		line, rest, ok := bytes.Cut(h.in, []byte{'\n'})
		if !ok {
			break
		}
		if h.in = rest; string(line) == "pong" && h.waiting > 0 {
			h.waiting--
		}
	}
	if len(h.in) > lineLimit {
		h.in = nil // not a commands server; what it says is of no interest
	}
}

func (h *heartbeat) ended(o outlet)  { o.finish(trace.CloseEOF) }
func (h *heartbeat) writable(outlet) {}

func (h *heartbeat) released(l *Loop) {
	if h.timer != nil {
		l.timers.stop(h.timer)
	}
}

func (h *heartbeat) busy() bool { return false }

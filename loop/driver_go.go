package loop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// netpoller is the same server written as Go programs are: a goroutine that accepts and one for each connection, each in
// code that looks blocking. Go's runtime has an event loop of its own beneath (edge-triggered epoll, which reads first and
// parks the goroutine at EAGAIN), on threads that are not ours, so its system calls are not seen here: what is recorded is
// what a connection gets done. A call's duration is not known either, as the time from its start to its end is mostly the
// goroutine's being parked; it is recorded as 0.
//
// The goroutines take turns at one ring. It is a stream that belongs to no thread.
//
// The mode cannot be entered or left while connections are open: the runtime must have a socket from its birth.
type netpoller struct {
	asking

	l  *Loop
	ln net.Listener
	wg sync.WaitGroup

	mu    sync.Mutex // guards the rest, the ring and the loop's table of lives
	tr    *trace.Ring
	conns map[*net.TCPConn]goConn
	over  bool
}

// goConn is a connection by its number.
type goConn struct {
	fd  int
	gen uint32
}

func (n *netpoller) attach(l *Loop) error {
	dup, err := unix.FcntlInt(uintptr(l.lis.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("give the listener to Go's runtime: %w", os.NewSyscallError("fcntl", err))
	}
	f := os.NewFile(uintptr(dup), "listener")
	ln, err := net.FileListener(f)
	f.Close()
	if err != nil {
		return fmt.Errorf("give the listener to Go's runtime: %w", err)
	}
	n.l, n.ln, n.conns = l, ln, map[*net.TCPConn]goConn{}
	n.tr = l.cfg.NewRing(trace.RoleOther)
	now := n.tr.Now()
	n.tr.Name(1, "goroutines", now)
	e := n.tr.Next(trace.Thread, now)
	e.A, e.Gen, e.Mask, e.Aux = int64(l.reach.pid), uint32(l.reach.pid), trace.RoleOther, 1
	n.tr.Publish(now)
	n.wg.Add(1)
	l.guard(n.accept)
	return nil
}

// detach ends every goroutine and waits for it.
func (n *netpoller) detach(*Loop) {
	if n.ln == nil {
		return
	}
	n.ln.Close()
	n.mu.Lock()
	n.over = true
	for c := range n.conns {
		c.SetDeadline(time.Unix(1, 0))
	}
	n.mu.Unlock()
	n.wg.Wait()
	n.tr.Close()
}

// turn is the first thread's: it has nothing to do but timers and tasks.
func (*netpoller) turn(l *Loop) error {
	left := int64(time.Hour)
	if d, ok := l.timers.next(clock()); ok {
		left = min(left, d)
	}
	l.reach.asleep.Store(true)
	if left > 0 && l.tasks.waiting.Load() == 0 {
		sleepFor(left) // evviz's own idling, not the server's
	}
	l.reach.asleep.Store(false)
	return nil
}

// stopListening is refused: the goroutine that accepts has the listener.
func (*netpoller) stopListening(*Loop) bool { return false }

// tell records an event of a goroutine.
func (n *netpoller) tell(kind trace.Kind, fill func(e *trace.Event)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.tr.Now()
	fill(n.tr.Next(kind, now))
	n.tr.Publish(now)
}

// accept is the goroutine that accepts.
func (n *netpoller) accept() {
	defer n.wg.Done()
	for {
		c, err := n.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			n.tell(trace.Accept, func(e *trace.Event) {
				e.FD, e.Gen, e.Aux, e.A, e.Errno = int32(n.l.lis.fd), n.l.lis.gen, trace.CallAccept4, -1, errnoOf(err)
			})
			time.Sleep(5 * time.Millisecond) // as net/http does when descriptors run out
			continue
		}
		n.admit(c.(*net.TCPConn))
	}
}

func (n *netpoller) admit(c *net.TCPConn) {
	fd := -1
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(p uintptr) { fd = int(p) })
	}
	peer := c.RemoteAddr().String()
	n.mu.Lock()
	if n.over || fd < 0 {
		n.mu.Unlock()
		c.Close()
		return
	}
	gen := n.l.table.born(fd)
	now := n.tr.Now()
	e := n.tr.Next(trace.Accept, now)
	e.FD, e.Gen, e.Aux, e.A, e.Mask = int32(n.l.lis.fd), n.l.lis.gen, trace.CallAccept4, int64(fd), openFlags
	id := uint32(peerNames + fd)
	n.tr.Name(id, peer, now)
	e = n.tr.Next(trace.Open, now)
	e.FD, e.Gen, e.Aux, e.A, e.Mask = int32(fd), gen, trace.OpenAux(trace.TypeStream, trace.OriginAccept), int64(id), openFlags
	n.tr.Publish(now)
	n.conns[c] = goConn{fd, gen}
	n.mu.Unlock()
	n.l.stats.Accepted.Add(1)
	n.l.arrivals.watchNumber(fd, gen)
	n.wg.Add(1)
	n.l.guard(func() { n.serve(c, goConn{fd, gen}) })
}

// serve is the goroutine of a connection: the echo server of every Go tutorial.
func (n *netpoller) serve(c *net.TCPConn, id goConn) {
	defer n.wg.Done()
	buf := make([]byte, n.l.cfg.Behaviour.ReadSize)
	why := uint32(trace.CloseEOF)
	for {
		k, err := c.Read(buf)
		if k > 0 {
			n.l.stats.BytesIn.Add(int64(k))
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			why = trace.CloseShutdown
			break
		}
		n.tell(trace.Read, func(e *trace.Event) { n.io(e, id, trace.CallRead, len(buf), k, err) })
		if k > 0 {
			n.work()
			var m int
			m, err = c.Write(buf[:k])
			n.l.stats.BytesOut.Add(int64(m))
			n.tell(trace.Write, func(e *trace.Event) { n.io(e, id, trace.CallWrite, k, m, err) })
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				why = trace.CloseError
			}
			break
		}
	}
	// The number may be somebody else's as soon as it is closed, so the record comes first.
	n.tell(trace.Close, func(e *trace.Event) { e.FD, e.Gen, e.Aux = int32(id.fd), id.gen, why })
	n.mu.Lock()
	delete(n.conns, c)
	n.mu.Unlock()
	n.l.stats.Closed.Add(1)
	c.Close()
}

// io fills in a read or write.
func (n *netpoller) io(e *trace.Event, id goConn, call uint32, asked, got int, err error) {
	e.FD, e.Gen, e.Aux, e.A, e.B = int32(id.fd), id.gen, call, int64(asked), int64(got)
	if call == trace.CallRead && got == asked {
		if u, ok := unread(id.fd); ok { // open: this goroutine alone closes it
			e.Inst = trace.InstanceID(u + 1)
		}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		e.B, e.Errno = -1, uint16(errno)
	} else if err != nil && !errors.Is(err, io.EOF) {
		e.B, e.Errno = -1, uint16(unix.EIO)
	}
}

// work is what a handler does besides I/O. A goroutine that sleeps keeps nobody from anything.
func (n *netpoller) work() {
	w := n.l.cfg.Behaviour.Work
	switch w.Kind {
	case WorkCPU:
		for end := trace.Now() + int64(w.For); trace.Now() < end && !n.l.ending.now(); {
		}
	case WorkSleep:
		n.l.ending.holdUp(w.For, nil)
	}
}

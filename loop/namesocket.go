package loop

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// nameSocket is the evented way to look names up: a non-blocking UDP socket that is one more descriptor of the loop.
// All queries share it and are told apart by their ids.
type nameSocket struct {
	fd      int
	gen     uint32
	pending map[uint16]*nameWait
	buf     [1500]byte
	names   *names
}

type nameWait struct {
	found func(answer)
	timer *timer
}

// dataResolver is the name socket's data in an epoll instance.
const dataResolver = uint64(1)<<63 | 3

func (n *names) lookupEvented(drv driver, id uint16, q []byte, found func(answer)) {
	if n.sock == nil {
		if !drv.watches() {
			found(answer{problem: fmt.Sprintf("resolve=evented needs a mode that watches descriptors, and %s does not; use pool", trace.DriverNames.Word(n.b.Driver))})
			return
		}
		fd, gen, err := n.openSocket(unix.SOCK_NONBLOCK)
		if err != nil {
			found(answer{problem: err.Error()})
			return
		}
		s := &nameSocket{fd: fd, gen: gen, pending: map[uint16]*nameWait{}, names: n}
		n.sock = s
		if err := s.register(drv); err != nil {
			n.sock = nil
			s.close(drv)
			found(answer{problem: err.Error()})
			return
		}
	}
	s := n.sock
	if s.pending[id] != nil {
		found(answer{problem: "too many look-ups are under way"})
		return
	}
	if errno := n.sendQuery(s.fd, s.gen, q); errno != 0 {
		found(answer{problem: "send the query: " + errno.Error()})
		return
	}
	w := &nameWait{found: found}
	w.timer = n.timers.after(lookupTimeout, 0, func(*Loop) {
		delete(s.pending, id)
		found(answer{problem: fmt.Sprintf("no answer within %v", lookupTimeout)})
	})
	s.pending[id] = w
}

func (s *nameSocket) register(drv driver) error {
	if err := drv.watch(s.fd, s.gen, dataResolver); err != nil {
		return fmt.Errorf("register the socket for look-ups: %w", err)
	}
	return nil
}

func (s *nameSocket) close(drv driver) {
	for _, w := range s.pending {
		s.names.timers.stop(w.timer)
	}
	if drv != nil {
		drv.unwatch(s.fd)
	}
	s.names.kernel.close(s.fd, s.gen, trace.CloseShutdown)
}

// ready reads every answer that is there. It returns how many reads were made and how many brought something.
func (s *nameSocket) ready() (asked, useful int) {
	for {
		t0 := s.names.tr.Now()
		n, errno := readFD(s.fd, s.buf[:])
		t1 := s.names.tr.tick()
		e := s.names.tr.Next(trace.Read, t1)
		e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = int32(s.fd), s.gen, trace.CallRead, int64(len(s.buf)), int64(n), t1-t0, uint16(errno)
		asked++
		if errno != 0 {
			return
		}
		useful++
		id, addrs, ttl, problem := readReply(s.buf[:n])
		w := s.pending[id]
		if w == nil {
			continue // too late, or not asked for
		}
		delete(s.pending, id)
		s.names.timers.stop(w.timer)
		w.found(answer{addrs: addrs, ttl: ttl, problem: problem})
	}
}

// reported is the handler of the name socket's reports.
func (n *names) reported() {
	if s := n.sock; s != nil {
		start := n.tr.since()
		s.ready()
		n.tr.handled(trace.HandlerConn, trace.PhaseComplete, s.fd, s.gen, start, n.tr.tick())
	}
}

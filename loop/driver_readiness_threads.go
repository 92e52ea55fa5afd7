package loop

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/loop/poll"
	"evviz/trace"
)

// Several threads share a server's work in one of two ways. On one instance (--listeners one) whoever waits gets the next
// report: level wakes a crowd for one byte, edge wakes one thread for each edge and so may run two handlers of one
// connection at once, oneshot keeps a connection to one thread until it is armed again. With an instance each, what they
// share is the listener: all are told of one new connection (shared), or mostly one (exclusive), or the kernel deals the
// connections out among listeners of their own (reuseport); a connection then stays with the thread that accepted it.

// hire starts the other threads.
func (d *readiness) hire(l *Loop) error {
	own, ok := d.p.(*poll.Epoll)
	if !ok {
		return fmt.Errorf("only epoll can be waited on by several threads")
	}
	return l.muster(l.b.Threads-1, func(i int) string { return fmt.Sprintf("loop %d", i+2) }, func(h *Loop) error {
		if l.b.oneInstance() {
			h.drv = &readiness{p: own.Share(h.tr.Ring, &h.b.Rounding), shares: true}
			return nil
		}
		p, err := poll.NewEpoll(h.tr.Ring, &h.b.Rounding, h.instances())
		if err != nil {
			return fmt.Errorf("make an epoll instance: %w", err)
		}
		h.drv = &readiness{p: p}
		if l.b.Listeners == ListenersReuseport {
			h.lis.fd, h.lis.addr = -1, l.lis.addr
			h.cfg.Listen = l.lis.addr
			if err := h.lis.open(&h.cfg); err != nil {
				return err
			}
		}
		if err := p.Add(h.lis.fd, h.lis.gen, h.lis.mask(), dataListener); err != nil {
			return fmt.Errorf("register the listener: %w", err)
		}
		return nil
	}, func(h *Loop) {
		h.serve()
		h.drv.(*readiness).retire(h, l)
	})
}

// retire closes what a thread had of its own. Connections that wait on its own listener would be reset by closing it
// (K26), so they are accepted first; they will be registered with everything else by whoever comes next.
func (d *readiness) retire(h, first *Loop) {
	if d.shares {
		return
	}
	if h.lis.fd >= 0 && h.lis.fd != first.lis.fd {
		for {
			c, errno := h.accept.one()
			if errno == unix.EINTR || errno == unix.ECONNABORTED {
				continue
			}
			if errno != 0 {
				break
			}
			h.kernel.sockopt(c.fd, c.gen, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
			h.arrivals.watch(c)
			h.locks.give(c)
		}
		h.kernel.close(h.lis.fd, h.lis.gen, trace.CloseSwitch)
	}
	d.p.Close()
}

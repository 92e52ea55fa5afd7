package loop

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// epollPoller waits with epoll_wait(2).
//
// Its character: the set lives in the kernel, so a wait costs what is ready and not what is watched, and another thread
// may change it while the loop waits. Level-triggered entries go back to the ready list at every delivery and are polled
// again; edge-triggered ones leave it until the file is woken anew (fs/eventpoll.c).
//
// Several threads may wait on one instance. Each has a poller of its own for it (share), which records on its own ring.
type epollPoller struct {
	*epollInstance
	tr     *trace.Ring
	round  *Rounding
	events []unix.EpollEvent

	waitLimit
}

// epollInstance is what the pollers of one instance have in common. Its descriptor changes only while one thread uses it.
type epollInstance struct {
	fd      int
	gen     uint32
	books   instanceBooks
	watched atomic.Int64
}

// instanceBooks are told of the descriptor of an epoll instance. They record it and give it its generation, and they
// close it.
type instanceBooks interface {
	instanceOpened(fd int) (gen uint32)
	instanceClosed(fd int, gen uint32) error
}

func newEpollPoller(tr *trace.Ring, round *Rounding, books instanceBooks) (*epollPoller, error) {
	t0 := tr.Now()
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	t1 := tr.Now()
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	gen := books.instanceOpened(fd)
	e := tr.Next(trace.Instance, tr.Now())
	e.Inst, e.FD, e.Gen, e.Mask, e.Dur = trace.EpollInstance(fd), int32(fd), gen, unix.EPOLL_CLOEXEC, t1-t0
	return &epollPoller{epollInstance: &epollInstance{fd: fd, gen: gen, books: books}, tr: tr, round: round}, nil
}

// share is a poller of the same instance for another thread. Its owner alone closes the instance.
func (p *epollPoller) share(tr *trace.Ring, round *Rounding) *epollPoller {
	return &epollPoller{epollInstance: p.epollInstance, tr: tr, round: round}
}

func (p *epollPoller) Instance() trace.InstanceID { return trace.EpollInstance(p.fd) }

func (p *epollPoller) Watched() int { return int(p.watched.Load()) }

func (p *epollPoller) Add(fd int, gen uint32, mask uint32, data uint64) error {
	return p.ctl(p.tr, trace.Register, unix.EPOLL_CTL_ADD, fd, gen, mask, data)
}

func (p *epollPoller) Modify(fd int, gen uint32, mask uint32, data uint64) error {
	return p.ctl(p.tr, trace.Modify, unix.EPOLL_CTL_MOD, fd, gen, mask, data)
}

func (p *epollPoller) Remove(fd int, gen uint32) error {
	return p.ctl(p.tr, trace.Deregister, unix.EPOLL_CTL_DEL, fd, gen, 0, 0)
}

// Forget only counts: the kernel takes an entry out when the last descriptor of its file is closed.
func (p *epollPoller) Forget(int) {
	if p.fd >= 0 {
		p.watched.Add(-1)
	}
}

func (p *epollPoller) ctl(tr *trace.Ring, kind trace.Kind, op, fd int, gen, mask uint32, data uint64) error {
	if p.fd < 0 {
		return os.NewSyscallError("epoll_ctl", unix.EBADF)
	}
	ev := unix.EpollEvent{Events: mask, Fd: int32(data), Pad: int32(data >> 32)}
	t0 := tr.Now()
	err := unix.EpollCtl(p.fd, op, fd, &ev)
	t1 := tr.Now()
	e := tr.Next(kind, t1)
	e.Inst, e.FD, e.Gen, e.Mask, e.A, e.Dur = p.Instance(), int32(fd), gen, mask, int64(data), t1-t0
	if err != nil {
		e.Errno = errnoOf(err)
		return fmt.Errorf("epoll_ctl(%s) of fd %d: %w", [...]string{"", "ADD", "DEL", "MOD"}[op], fd, err)
	}
	switch op {
	case unix.EPOLL_CTL_ADD:
		p.watched.Add(1)
	case unix.EPOLL_CTL_DEL:
		p.watched.Add(-1)
	}
	return nil
}

func (p *epollPoller) Wait(timeout time.Duration, out []Report) (int, error) {
	if p.fd < 0 {
		return 0, os.NewSyscallError("epoll_wait", unix.EBADF)
	}
	if len(p.events) < len(out) {
		p.events = make([]unix.EpollEvent, len(out))
	}
	evs := p.events[:len(out)]
	ms := millis(timeout, *p.round)
	aux := uint32(trace.CallEpollWait) | uint32(len(out))<<8
	watched := uint32(p.watched.Load()) + 1

	t0 := p.tr.Now()
	if ms != 0 { // a wait that cannot block has no beginning worth an event
		e := p.tr.Next(trace.Wait, t0)
		e.Phase, e.Inst, e.Gen, e.Aux, e.A, e.B, e.FD = trace.PhaseEnter, p.Instance(), watched, aux, nanosOf(timeout), passedNanos(ms), p.timer
		p.tr.Publish(t0)
	}
	n, err := epollWait(p.fd, evs, ms)
	t1 := p.tr.Now()

	e := p.tr.Next(trace.Wait, t1)
	e.Inst, e.Gen, e.Aux, e.A, e.B, e.Dur, e.FD = p.Instance(), watched, aux, nanosOf(timeout), passedNanos(ms), t1-t0, p.timer
	if ms != 0 {
		e.Phase = trace.PhaseExit
	}
	if err != 0 {
		e.Errno = uint16(err)
		return 0, os.NewSyscallError("epoll_wait", err)
	}
	e.Mask = uint32(n)
	for i := 0; i < n; i++ {
		out[i] = Report{Mask: evs[i].Events, Data: uint64(uint32(evs[i].Fd)) | uint64(uint32(evs[i].Pad))<<32}
	}
	return n, nil
}

func (p *epollPoller) Close() error {
	if p.fd < 0 {
		return os.NewSyscallError("close", unix.EBADF)
	}
	fd := p.fd
	p.fd = -1
	p.watched.Store(0)
	return p.books.instanceClosed(fd, p.gen)
}

func nanosOf(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return int64(d)
}

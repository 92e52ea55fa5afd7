package poll

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// Epoll is a Poller that waits with epoll_wait(2).
//
// Its character: the set lives in the kernel, so a wait costs what is ready and not what is watched, and another thread
// may change it while the loop waits. Level-triggered entries go back to the ready list at every delivery and are polled
// again; edge-triggered ones leave it until the file is woken anew (fs/eventpoll.c).
//
// Several threads may wait on one instance. Each has a poller of its own for it (Share), which records on its own ring.
type Epoll struct {
	*instance
	tr     *trace.Ring
	round  *Rounding
	events []unix.EpollEvent

	waitLimit
}

// instance is what the pollers of one instance have in common. Its descriptor changes only while one thread uses it.
type instance struct {
	fd      int
	gen     uint32
	fds     Descriptors
	watched atomic.Int64
}

// Descriptors keeps account of a program's descriptors, of which an epoll instance is one.
type Descriptors interface {
	// InstanceOpened records a new descriptor and returns the generation of its number.
	InstanceOpened(fd int) (gen uint32)
	// CloseInstance closes the descriptor and records that.
	CloseInstance(fd int, gen uint32) error
}

// NewEpoll makes an instance with epoll_create1(2).
func NewEpoll(tr *trace.Ring, round *Rounding, fds Descriptors) (*Epoll, error) {
	t0 := tr.Now()
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	t1 := tr.Now()
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	gen := fds.InstanceOpened(fd)
	e := tr.Next(trace.Instance, tr.Now())
	e.Inst, e.FD, e.Gen, e.Mask, e.Dur = trace.EpollInstance(fd), int32(fd), gen, unix.EPOLL_CLOEXEC, t1-t0
	return &Epoll{instance: &instance{fd: fd, gen: gen, fds: fds}, tr: tr, round: round}, nil
}

// Share is a poller of the same instance for another thread, which records on that thread's ring. Who made the instance closes
// it, when nobody waits on it any more.
func (p *Epoll) Share(tr *trace.Ring, round *Rounding) *Epoll {
	return &Epoll{instance: p.instance, tr: tr, round: round}
}

// FD is the instance's descriptor, -1 after Close.
func (p *Epoll) FD() int { return p.fd }

// Instance is named after the descriptor.
func (p *Epoll) Instance() trace.InstanceID { return trace.EpollInstance(p.fd) }

// Watched is counted here; the kernel does not say. A registration that outlives its descriptor (K01) is not in it.
func (p *Epoll) Watched() int { return int(p.watched.Load()) }

// Add is EPOLL_CTL_ADD.
func (p *Epoll) Add(fd int, gen uint32, mask uint32, data uint64) error {
	return p.ctl(p.tr, trace.Register, unix.EPOLL_CTL_ADD, fd, gen, mask, data)
}

// Modify is EPOLL_CTL_MOD. What is ready already is reported anew by it, whatever the triggering.
func (p *Epoll) Modify(fd int, gen uint32, mask uint32, data uint64) error {
	return p.ctl(p.tr, trace.Modify, unix.EPOLL_CTL_MOD, fd, gen, mask, data)
}

// Remove is EPOLL_CTL_DEL.
func (p *Epoll) Remove(fd int, gen uint32) error {
	return p.ctl(p.tr, trace.Deregister, unix.EPOLL_CTL_DEL, fd, gen, 0, 0)
}

// Forget only counts: the kernel takes an entry out when the last descriptor of its file is closed.
func (p *Epoll) Forget(int) {
	if p.fd >= 0 {
		p.watched.Add(-1)
	}
}

func (p *Epoll) ctl(tr *trace.Ring, kind trace.Kind, op, fd int, gen, mask uint32, data uint64) error {
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

// Wait records a begin of its own only when it may block.
func (p *Epoll) Wait(timeout time.Duration, out []Report) (int, error) {
	if p.fd < 0 {
		return 0, os.NewSyscallError("epoll_wait", unix.EBADF)
	}
	if len(p.events) < len(out) {
		p.events = make([]unix.EpollEvent, len(out))
	}
	evs := p.events[:len(out)]
	ms := millis(timeout, *p.round)
	aux := trace.WaitAux(trace.CallEpollWait, uint32(len(out)))
	watched := uint32(p.watched.Load()) + 1

	t0 := p.tr.Now()
	if ms != 0 { // a wait that cannot block has no beginning worth an event
		e := p.tr.Next(trace.Wait, t0)
		e.Phase, e.Inst, e.Gen, e.Aux, e.A, e.B, e.FD = trace.PhaseEnter, p.Instance(), watched, aux, nanosOf(timeout), passedNanos(ms), p.timer
		p.tr.Publish(t0)
	}
	n, err := EpollWait(p.fd, evs, ms)
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

// Close closes the descriptor, by the program's account of it.
func (p *Epoll) Close() error {
	if p.fd < 0 {
		return os.NewSyscallError("close", unix.EBADF)
	}
	fd := p.fd
	p.fd = -1
	p.watched.Store(0)
	return p.fds.CloseInstance(fd, p.gen)
}

// AddTo is EPOLL_CTL_ADD on an instance by its number, recorded on the ring of the thread that makes the call. It is for a thread
// that registers with the instance of another: the kernel allows that at any time, also while the other waits. What it does
// not have is the certainty that the number is still that instance's; who needs it must see to it. After a success the
// owner's Epoll has to count it (Added).
func AddTo(epfd int, tr *trace.Ring, fd int, gen, mask uint32, data uint64) error {
	ev := unix.EpollEvent{Events: mask, Fd: int32(data), Pad: int32(data >> 32)}
	t0 := tr.Now()
	err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &ev)
	t1 := tr.Now()
	e := tr.Next(trace.Register, t1)
	e.Inst, e.FD, e.Gen, e.Mask, e.A, e.Dur, e.Errno = trace.EpollInstance(max(epfd, 0)), int32(fd), gen, mask, int64(data), t1-t0, errnoOf(err)
	if err != nil {
		return fmt.Errorf("epoll_ctl(ADD) of fd %d from another thread: %w", fd, err)
	}
	return nil
}

// Added counts a registration that AddTo has made. Any thread may call it.
func (p *Epoll) Added() { p.watched.Add(1) }

// errnoOf is the number in an error of x/sys, 0 when there is none.
func errnoOf(err error) uint16 {
	e, _ := err.(unix.Errno)
	return uint16(e)
}

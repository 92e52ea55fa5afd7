package poll

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// Select is a Poller that waits with select(2), by its form pselect6, which every architecture has.
//
// Its character: three bitmaps go in, the same bitmaps come out overwritten, so they are built anew for every call and
// searched after it, bit by bit. The C library's fd_set has room for 1,024 descriptors, and FD_SET on a larger number
// writes beside it; this poller refuses such a descriptor instead (the kernel itself would take a longer bitmap). Only
// "readable", "writable" and "exceptional" can be asked: an error or a hang-up shows as readable, and when only writing was
// asked for an error shows as writable.
type Select struct {
	interestSet
	in, out, pri unix.FdSet
}

// NewSelect makes an empty set for the thread tid, after which it is named.
func NewSelect(tr *trace.Ring, tid int) *Select {
	return &Select{interestSet: interestSet{call: "select", limit: unix.FD_SETSIZE, masks: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLPRI,
		tr: tr, tid: tid, at: map[int]int{}}}
}

// build fills the bitmaps. It returns the highest descriptor plus one, which is how far the kernel looks.
func (p *Select) build() (nfds int) {
	p.in.Zero()
	p.out.Zero()
	p.pri.Zero()
	for i := range p.set {
		fd, ev := int(p.set[i].Fd), p.set[i].Events
		nfds = max(nfds, fd+1)
		if ev&unix.POLLIN != 0 {
			p.in.Set(fd)
		}
		if ev&unix.POLLOUT != 0 {
			p.out.Set(fd)
		}
		if ev&unix.POLLPRI != 0 {
			p.pri.Set(fd)
		}
	}
	return nfds
}

// search finds the bits that the kernel left, and returns how many descriptors they belong to.
func (p *Select) search() (n int) {
	for i := range p.set {
		fd := int(p.set[i].Fd)
		var r int16
		if p.in.IsSet(fd) {
			r |= unix.POLLIN
		}
		if p.out.IsSet(fd) {
			r |= unix.POLLOUT
		}
		if p.pri.IsSet(fd) {
			r |= unix.POLLPRI
		}
		if p.set[i].Revents = r; r != 0 {
			n++
		}
	}
	return n
}

// Wait passes a timespec, so nothing is rounded.
func (p *Select) Wait(timeout time.Duration, out []Report) (int, error) {
	if p.closed {
		return 0, p.bad()
	}
	nfds := p.build()
	passed := nanosOf(timeout)
	aux := trace.WaitAux(trace.CallPselect6, uint32(nfds))
	watched := uint32(len(p.set)) + 1

	t0 := p.tr.Now()
	p.differences(t0)
	if passed != 0 {
		e := p.tr.Next(trace.Wait, t0)
		e.Phase, e.Inst, e.Gen, e.Aux, e.A, e.B, e.FD = trace.PhaseEnter, p.Instance(), watched, aux, passed, passed, p.timer
		p.tr.Publish(t0)
	}
	n, err := selectCall(nfds, &p.in, &p.out, &p.pri, timeout)
	t1 := p.tr.Now()

	e := p.tr.Next(trace.Wait, t1)
	e.Inst, e.Gen, e.Aux, e.A, e.B, e.Dur, e.FD = p.Instance(), watched, aux, passed, passed, t1-t0, p.timer
	if passed != 0 {
		e.Phase = trace.PhaseExit
	}
	if err != 0 {
		e.Errno = uint16(err)
		return 0, os.NewSyscallError("pselect6", err)
	}
	if n == 0 {
		return 0, nil
	}
	ready := p.search()
	e.Mask = uint32(ready) // descriptors; the call's own number counts bits
	return p.collect(ready, out), nil
}

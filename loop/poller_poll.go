package loop

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// pollPoller waits with poll(2).
//
// Its character: the whole set goes to the kernel with every call and comes back whole, so a wait costs what is watched
// (about 30 ns a descriptor) and not what is ready. The set is a snapshot: a change while a call is under way is seen by
// the next one. There is no trigger: readiness is reported for as long as it lasts.
//
// The program makes no call to change its set, so what a trace shows as Register, Modify and Deregister here are the
// differences between one call's set and the next one's, marked diff.
type pollPoller struct {
	tr     *trace.Ring
	tid    int
	round  *Rounding
	set    []unix.PollFd
	about  []entry     // beside set
	at     map[int]int // fd to index
	dirty  []int       // descriptors that were added or changed since the last call
	gone   []life      // descriptors that the last call had and the next one will not
	from   int         // where the next batch is collected from
	closed bool
}

// entry is what the poller knows of a descriptor besides what the kernel is passed.
type entry struct {
	gen  uint32
	data uint64
	told bool   // the last call had it,
	mask uint32 // with this mask
	was  uint64 // and this data
}

// life is a descriptor number in one of its generations.
type life struct {
	fd  int
	gen uint32
}

func newPollPoller(tr *trace.Ring, tid int, round *Rounding) *pollPoller {
	return &pollPoller{tr: tr, tid: tid, round: round, at: map[int]int{}}
}

func (p *pollPoller) Instance() trace.InstanceID { return trace.SetInstance(p.tid) }

func (p *pollPoller) Watched() int { return len(p.set) }

func (p *pollPoller) check(mask uint32) error {
	if p.closed {
		return os.NewSyscallError("poll", unix.EBADF)
	}
	if mask&(unix.EPOLLET|unix.EPOLLONESHOT|unix.EPOLLEXCLUSIVE) != 0 {
		return fmt.Errorf("poll has no triggers: it reports readiness for as long as it lasts; use epoll for edge or oneshot: %w", unix.EINVAL)
	}
	return nil
}

func (p *pollPoller) Add(fd int, gen uint32, mask uint32, data uint64) error {
	if err := p.check(mask); err != nil {
		return err
	}
	if _, have := p.at[fd]; have {
		return fmt.Errorf("add fd %d to the poll set: %w", fd, unix.EEXIST)
	}
	p.at[fd] = len(p.set)
	p.set = append(p.set, unix.PollFd{Fd: int32(fd), Events: int16(mask)})
	p.about = append(p.about, entry{gen: gen, data: data})
	p.dirty = append(p.dirty, fd)
	return nil
}

func (p *pollPoller) Modify(fd int, gen uint32, mask uint32, data uint64) error {
	if err := p.check(mask); err != nil {
		return err
	}
	i, have := p.at[fd]
	if !have {
		return fmt.Errorf("change fd %d in the poll set: %w", fd, unix.ENOENT)
	}
	p.set[i].Events, p.about[i].data, p.about[i].gen = int16(mask), data, gen
	p.dirty = append(p.dirty, fd)
	return nil
}

func (p *pollPoller) Remove(fd int, gen uint32) error {
	if p.closed {
		return os.NewSyscallError("poll", unix.EBADF)
	}
	if _, have := p.at[fd]; !have {
		return fmt.Errorf("remove fd %d from the poll set: %w", fd, unix.ENOENT)
	}
	p.Forget(fd)
	return nil
}

// Forget drops a descriptor that is being closed: left in the set it would be reported as POLLNVAL at once, for ever.
func (p *pollPoller) Forget(fd int) {
	i, have := p.at[fd]
	if !have {
		return
	}
	if p.about[i].told {
		p.gone = append(p.gone, life{fd, p.about[i].gen})
	}
	last := len(p.set) - 1
	p.set[i], p.about[i] = p.set[last], p.about[last]
	p.at[int(p.set[i].Fd)] = i
	p.set, p.about = p.set[:last], p.about[:last]
	delete(p.at, fd)
}

// differences records how the set of the next call differs from that of the last one.
func (p *pollPoller) differences(now int64) {
	for _, g := range p.gone {
		e := p.tr.Next(trace.Deregister, now)
		e.Inst, e.FD, e.Gen, e.Aux = p.Instance(), int32(g.fd), g.gen, trace.InterestDiff
	}
	p.gone = p.gone[:0]
	for _, fd := range p.dirty {
		i, have := p.at[fd]
		if !have {
			continue
		}
		a, mask := &p.about[i], uint32(uint16(p.set[i].Events))
		if a.told && a.mask == mask && a.was == a.data {
			continue
		}
		kind := trace.Register
		if a.told {
			kind = trace.Modify
		}
		a.told, a.mask, a.was = true, mask, a.data
		e := p.tr.Next(kind, now)
		e.Inst, e.FD, e.Gen, e.Mask, e.A, e.Aux = p.Instance(), int32(fd), a.gen, mask, int64(a.data), trace.InterestDiff
	}
	p.dirty = p.dirty[:0]
}

func (p *pollPoller) Wait(timeout time.Duration, out []Report) (int, error) {
	if p.closed {
		return 0, os.NewSyscallError("poll", unix.EBADF)
	}
	ms := millis(timeout, *p.round)
	aux := uint32(trace.CallPoll) | uint32(len(p.set))<<8
	watched := uint32(len(p.set)) + 1

	t0 := p.tr.Now()
	p.differences(t0)
	if ms != 0 {
		e := p.tr.Next(trace.Wait, t0)
		e.Phase, e.Inst, e.Gen, e.Aux, e.A, e.B = trace.PhaseEnter, p.Instance(), watched, aux, nanosOf(timeout), passedNanos(ms)
		p.tr.Publish(t0)
	}
	n, err := pollCall(p.set, ms)
	t1 := p.tr.Now()

	e := p.tr.Next(trace.Wait, t1)
	e.Inst, e.Gen, e.Aux, e.A, e.B, e.Dur = p.Instance(), watched, aux, nanosOf(timeout), passedNanos(ms), t1-t0
	if ms != 0 {
		e.Phase = trace.PhaseExit
	}
	if err != 0 {
		e.Errno = uint16(err)
		return 0, os.NewSyscallError("poll", err)
	}
	e.Mask = uint32(n)
	// When more are ready than there is room for, the next call looks further on: poll itself would always favour the front.
	if p.from >= len(p.set) {
		p.from = 0
	}
	k, i := 0, p.from
	for range p.set {
		if k == n || k == len(out) {
			break
		}
		if r := p.set[i].Revents; r != 0 {
			out[k] = Report{Mask: uint32(uint16(r)), Data: p.about[i].data}
			k++
		}
		if i++; i == len(p.set) {
			i = 0
		}
	}
	p.from = 0
	if k < n {
		p.from = i
	}
	return k, nil
}

func (p *pollPoller) Close() error {
	if p.closed {
		return os.NewSyscallError("poll", unix.EBADF)
	}
	for len(p.set) > 0 {
		p.Forget(int(p.set[len(p.set)-1].Fd))
	}
	p.differences(p.tr.Now())
	p.closed = true
	return nil
}

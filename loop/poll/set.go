package poll

import (
	"fmt"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// interestSet is what poll and select share: a set of descriptors that the program keeps itself and passes with every
// call, whole. The set is a snapshot: a change while a call is under way is seen by the next one. There is no trigger:
// readiness is reported for as long as it lasts.
//
// The program makes no call to change its set, so what a trace shows as Register, Modify and Deregister here are the
// differences between one call's set and the next one's, marked diff.
type interestSet struct {
	call   string // the system call that the set is for
	limit  int    // descriptors of this number or above do not fit; 0 no limit
	masks  uint32 // the event bits that the call knows
	tr     *trace.Ring
	tid    int
	set    []unix.PollFd
	about  []entry     // beside set
	at     map[int]int // fd to index
	dirty  []int       // descriptors that were added or changed since the last call
	gone   []life      // descriptors that the last call had and the next one will not
	from   int         // where the next batch is collected from
	closed bool

	waitLimit
}

// entry is what the set knows of a descriptor besides what the kernel is passed.
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

// ErrDoesNotFit is wrapped by what Add says when a descriptor's number is too large for the set.
var ErrDoesNotFit = fmt.Errorf("the number does not fit into the set: %w", unix.EINVAL)

// Instance is named after the thread: its set is an object of the program, not of the kernel.
func (s *interestSet) Instance() trace.InstanceID { return trace.SetInstance(s.tid) }

// Watched is the size of the set.
func (s *interestSet) Watched() int { return len(s.set) }

func (s *interestSet) bad() error { return fmt.Errorf("%s: the set is closed: %w", s.call, unix.EBADF) }

func (s *interestSet) check(fd int, mask uint32) error {
	switch {
	case s.closed:
		return s.bad()
	case mask&(unix.EPOLLET|unix.EPOLLONESHOT|unix.EPOLLEXCLUSIVE) != 0:
		return fmt.Errorf("%s has no triggers: it reports readiness for as long as it lasts; use epoll for edge or oneshot: %w", s.call, unix.EINVAL)
	case mask&^s.masks != 0:
		return fmt.Errorf("%s cannot ask for event bits %#x; it knows %#x only: %w", s.call, mask, s.masks, unix.EINVAL)
	case s.limit > 0 && fd >= s.limit:
		return fmt.Errorf("fd %d: %s takes descriptors up to %d only (FD_SETSIZE is %d): %w", fd, s.call, s.limit-1, s.limit, ErrDoesNotFit)
	}
	return nil
}

// Add puts a descriptor into the set of the next call.
func (s *interestSet) Add(fd int, gen uint32, mask uint32, data uint64) error {
	if err := s.check(fd, mask); err != nil {
		return err
	}
	if _, have := s.at[fd]; have {
		return fmt.Errorf("add fd %d to the set of %s: %w", fd, s.call, unix.EEXIST)
	}
	s.at[fd] = len(s.set)
	s.set = append(s.set, unix.PollFd{Fd: int32(fd), Events: int16(mask)})
	s.about = append(s.about, entry{gen: gen, data: data})
	s.dirty = append(s.dirty, fd)
	return nil
}

// Modify changes the set of the next call.
func (s *interestSet) Modify(fd int, gen uint32, mask uint32, data uint64) error {
	if err := s.check(fd, mask); err != nil {
		return err
	}
	i, have := s.at[fd]
	if !have {
		return fmt.Errorf("change fd %d in the set of %s: %w", fd, s.call, unix.ENOENT)
	}
	s.set[i].Events, s.about[i].data, s.about[i].gen = int16(mask), data, gen
	s.dirty = append(s.dirty, fd)
	return nil
}

// Remove takes a descriptor out of the set of the next call.
func (s *interestSet) Remove(fd int, gen uint32) error {
	if s.closed {
		return s.bad()
	}
	if _, have := s.at[fd]; !have {
		return fmt.Errorf("remove fd %d from the set of %s: %w", fd, s.call, unix.ENOENT)
	}
	s.Forget(fd)
	return nil
}

// Forget drops a descriptor that is being closed: left in the set it would be reported as POLLNVAL by poll at once, for
// ever, and fail every select with EBADF.
func (s *interestSet) Forget(fd int) {
	i, have := s.at[fd]
	if !have {
		return
	}
	if s.about[i].told {
		s.gone = append(s.gone, life{fd, s.about[i].gen})
	}
	last := len(s.set) - 1
	s.set[i], s.about[i] = s.set[last], s.about[last]
	s.at[int(s.set[i].Fd)] = i
	s.set, s.about = s.set[:last], s.about[:last]
	delete(s.at, fd)
}

// differences records how the set of the next call differs from that of the last one.
func (s *interestSet) differences(now int64) {
	for _, g := range s.gone {
		e := s.tr.Next(trace.Deregister, now)
		e.Inst, e.FD, e.Gen, e.Aux = s.Instance(), int32(g.fd), g.gen, trace.InterestDiff
	}
	s.gone = s.gone[:0]
	for _, fd := range s.dirty {
		i, have := s.at[fd]
		if !have {
			continue
		}
		a, mask := &s.about[i], uint32(uint16(s.set[i].Events))
		if a.told && a.mask == mask && a.was == a.data {
			continue
		}
		kind := trace.Register
		if a.told {
			kind = trace.Modify
		}
		a.told, a.mask, a.was = true, mask, a.data
		e := s.tr.Next(kind, now)
		e.Inst, e.FD, e.Gen, e.Mask, e.A, e.Aux = s.Instance(), int32(fd), a.gen, mask, int64(a.data), trace.InterestDiff
	}
	s.dirty = s.dirty[:0]
}

// collect copies the reports of a call, n descriptors, to out. When more are ready than there is room for, the next call
// looks further on: the calls themselves would always favour the front.
func (s *interestSet) collect(n int, out []Report) int {
	if s.from >= len(s.set) {
		s.from = 0
	}
	k, i := 0, s.from
	for range s.set {
		if k == n || k == len(out) {
			break
		}
		if r := s.set[i].Revents; r != 0 {
			out[k] = Report{Mask: uint32(uint16(r)), Data: s.about[i].data}
			k++
		}
		if i++; i == len(s.set) {
			i = 0
		}
	}
	s.from = 0
	if k < n {
		s.from = i
	}
	return k
}

// Close empties the set and records that.
func (s *interestSet) Close() error {
	if s.closed {
		return s.bad()
	}
	for len(s.set) > 0 {
		s.Forget(int(s.set[len(s.set)-1].Fd))
	}
	s.differences(s.tr.Now())
	s.closed = true
	return nil
}

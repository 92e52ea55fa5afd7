package timeline

import (
	"testing"

	"evviz/trace"
)

// script writes event lists the way a source would. Times are in microseconds for the reader's sake.
type script struct {
	evs []trace.Event
	seq map[uint32]uint32
}

const us = 1000

const (
	in    = 0x1
	out   = 0x4
	rdhup = 0x2000
	et    = 1 << 31
	one   = 1 << 30
	ep    = 4 // instance of epoll descriptor 3
)

func (s *script) ev(at int64, e trace.Event) *trace.Event {
	if s.seq == nil {
		s.seq = map[uint32]uint32{}
	}
	if e.Stream == 0 {
		e.Stream = 1
	}
	s.seq[e.Stream]++
	e.Seq, e.Time = s.seq[e.Stream], at*us
	s.evs = append(s.evs, e)
	return &s.evs[len(s.evs)-1]
}

func (s *script) loop() *script {
	s.ev(1, trace.Event{Kind: trace.Thread, A: 100, B: 100, Mask: trace.RoleLoop})
	s.ev(1, trace.Event{Kind: trace.Thread, Stream: 2, A: 100, B: 101, Mask: trace.RoleObserver})
	return s
}

func (s *script) epoll() *script {
	s.loop()
	s.ev(2, trace.Event{Kind: trace.Instance, FD: 3, Inst: ep})
	return s
}

func (s *script) open(at int64, fd int32, typ uint32) {
	from := uint32(trace.OriginSocket)
	if typ == trace.TypeStream {
		from = trace.OriginAccept
	}
	s.ev(at, trace.Event{Kind: trace.Open, FD: fd, Aux: trace.OpenAux(typ, from)})
}

func (s *script) conn(at int64, fd int32, mask uint32) {
	s.open(at, fd, trace.TypeStream)
	s.ev(at, trace.Event{Kind: trace.Register, FD: fd, Inst: ep, Mask: mask, A: int64(fd)})
}

func (s *script) mod(at int64, fd int32, mask uint32) {
	s.ev(at, trace.Event{Kind: trace.Modify, FD: fd, Inst: ep, Mask: mask, A: int64(fd)})
}

func (s *script) enter(at int64) {
	s.ev(at, trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: ep, FD: -1, A: -1, B: -1})
}

func (s *script) exit(at int64, n uint32) {
	s.ev(at, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ep, FD: -1, A: -1, B: -1, Mask: n})
}

func (s *script) ready(at int64, fd int32, mask uint32, unread int64) {
	s.ev(at, trace.Event{Kind: trace.Ready, FD: fd, Inst: ep, Mask: mask, A: int64(fd), B: unread + 1})
}

func (s *script) again(at int64, fd int32, unread int64, why uint32) {
	s.ev(at, trace.Event{Kind: trace.Renotify, FD: fd, Inst: ep, Mask: in, B: unread + 1, Aux: why})
}

// read with left < 0: not asked.
func (s *script) read(at int64, fd int32, asked, ret, left int64) {
	s.ev(at, trace.Event{Kind: trace.Read, FD: fd, A: asked, B: ret, Inst: uint32(left + 1)})
}

func (s *script) readErr(at int64, fd int32, errno uint16) {
	s.ev(at, trace.Event{Kind: trace.Read, FD: fd, A: 4096, B: -1, Errno: errno})
}

func (s *script) write(at int64, fd int32, asked, ret int64) {
	s.ev(at, trace.Event{Kind: trace.Write, FD: fd, A: asked, B: ret})
}

func (s *script) accept(at int64, fd int32, got int64, errno uint16) {
	s.ev(at, trace.Event{Kind: trace.Accept, FD: fd, A: got, Errno: errno})
}

func (s *script) close(at int64, fd int32) { s.ev(at, trace.Event{Kind: trace.Close, FD: fd}) }

// arrive as the observer tells it; unread < 0: not known.
func (s *script) arrive(at int64, fd int32, gen uint32, unread int64) {
	s.ev(at, trace.Event{Kind: trace.Arrive, Stream: 2, FD: fd, Gen: gen, Mask: in, B: unread + 1, Aux: trace.ArriveObserver})
}

func (s *script) fold() *Snapshot { return s.foldAs(trace.Info{Kinds: trace.AllKinds(), Timed: true}) }

// outside folds as if a program were watched that tells no re-notifications.
func (s *script) outside() *Snapshot {
	return s.foldAs(trace.Info{Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify), Timed: true})
}

func (s *script) foldAs(info trace.Info) *Snapshot {
	t := New(Options{Info: info})
	t.Add(s.evs)
	return t.Snapshot(0)
}

// lane finds the newest lane of a number.
func lane(t *testing.T, s *Snapshot, fd int32) *Lane {
	t.Helper()
	for i := len(s.Lanes) - 1; i >= 0; i-- {
		if s.Lanes[i].FD == fd {
			return s.Lanes[i]
		}
	}
	t.Fatalf("no lane of fd %d", fd)
	return nil
}

func wantClasses(t *testing.T, s *Snapshot, want map[Class]int64) {
	t.Helper()
	var sum int64
	for c := Class(0); c < ClassCount; c++ {
		if s.Stats.Class[c] != want[c] {
			t.Errorf("class %v: %d, want %d", c, s.Stats.Class[c], want[c])
		}
		sum += s.Stats.Class[c]
	}
	if sum != s.Stats.Reports {
		t.Errorf("classes add up to %d, reports are %d", sum, s.Stats.Reports)
	}
}

func eq[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func counts(cells []Cell) (sum [MarkCount]uint32) {
	for i := range cells {
		for m, n := range cells[i].Counts {
			sum[m] += n
		}
	}
	return
}

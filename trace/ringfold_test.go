package trace

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

// spinner emits iterations on a clock of its own, and remembers them.
type spinner struct {
	r     *Ring
	plain bool // the ring is not told of turns
	at    int64
	want  []Event
}

func (s *spinner) emit(k Kind, e Event) {
	s.at += 100
	p := s.r.Next(k, s.at)
	seq := p.Seq
	*p = e
	p.Time, p.Seq, p.Stream, p.Kind = s.at, seq, s.r.Stream(), k
	s.want = append(s.want, *p)
}

// iteration waits, is told of some descriptors, and makes calls that bring n bytes.
func (s *spinner) iteration(fds int, n int64) {
	if !s.plain {
		s.r.Turn()
	}
	s.emit(Wait, Event{Phase: PhaseEnter, Inst: 5, A: -1, B: -1})
	s.r.Publish(s.at)
	s.emit(Wait, Event{Phase: PhaseExit, Inst: 5, A: -1, B: -1, Mask: uint32(fds), Dur: 100})
	for fd := range fds {
		s.emit(Ready, Event{Inst: 5, FD: int32(7 + fd), Mask: 4})
	}
	for fd := range fds {
		e := Event{FD: int32(7 + fd), A: 100, B: n}
		if n < 0 {
			e.Errno = 11
		}
		s.emit(Read, e)
	}
}

// expanded writes out what Repeats count.
func expanded(t *testing.T, evs []Event) (out []Event, times int64) {
	t.Helper()
	for i := range evs {
		if evs[i].Kind != Repeat {
			out = append(out, evs[i])
			continue
		}
		r := RepeatOf(&evs[i])
		if r.N < 1 || r.Of < 1 || r.Of > i {
			t.Fatalf("event %d: %+v", i, r)
		}
		of := evs[i-r.Of : i]
		if r.Span < 0 || evs[i].Start() < of[len(of)-1].Time || r.Waited > r.Span || r.Longest > r.Span {
			t.Fatalf("event %d: %+v", i, r)
		}
		for range r.N {
			out = append(out, of...)
		}
		times += r.N
	}
	return out, times
}

// equal compares what happened, not when.
func equal(t *testing.T, got, want []Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range got {
		if !same(&got[i], &want[i]) {
			t.Fatalf("event %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

func taken(r *Ring, evs []Event) []Event {
	for at, end := r.head.Load(), r.published.Load(); at < end; at++ {
		evs = append(evs, r.slots[at&r.mask])
		r.head.Store(at + 1)
	}
	return evs
}

func TestFold(t *testing.T) {
	const iterations = 30_000
	r := NewRing(3, 1024)
	s := &spinner{r: r, at: 1e9}
	var got []Event
	for i := range iterations {
		s.iteration(1, -1)
		if i%50 == 0 {
			got = taken(r, got)
		}
	}
	r.Close()
	got = taken(r, got)
	if r.Lost() != 0 {
		t.Errorf("%d events dropped", r.Lost())
	}
	all, times := expanded(t, got)
	equal(t, all, s.want)
	// 40 ms of spin: some iterations in full at the begin, then 5 events each 10 ms.
	if len(got) > 100 || times < iterations-50 {
		t.Errorf("%d events, %d iterations counted", len(got), times)
	}
	if err := Validate(got); err != nil {
		t.Error(err)
	}
}

// TestFoldAfterLong: a thread that has no CPU for a while, again and again, writes the iteration in which that was in full, and the next;
// it does not begin anew to look whether iterations are equal.
func TestFoldAfterLong(t *testing.T) {
	const pauses = 100
	var got []Event
	r := NewRing(3, 1024)
	s := &spinner{r: r, at: 1e9}
	for range pauses {
		for range 100 {
			s.iteration(1, -1)
		}
		s.at += 5 * longIteration
		got = taken(r, got)
	}
	r.Close()
	got = taken(r, got)
	all, _ := expanded(t, got)
	equal(t, all, s.want)
	if err := Validate(got); err != nil {
		t.Error(err)
	}
	full := 0
	for _, e := range got {
		if e.Kind == Wait && e.Phase == PhaseEnter {
			full++
		}
	}
	if full > repeatFrom+3*pauses {
		t.Errorf("%d iterations in full for %d pauses", full, pauses)
	}
}

// TestFoldNeverWork: iterations that move a byte are written in full, however equal and fast they are.
func TestFoldNeverWork(t *testing.T) {
	r := NewRing(3, 1<<16)
	s := &spinner{r: r, at: 1e9}
	for range 10_000 {
		s.iteration(1, 1)
	}
	r.Close()
	for _, e := range taken(r, nil) {
		if e.Kind == Repeat {
			t.Fatal("work was folded")
		}
	}
}

// TestFoldRandom: whatever comes, what is counted and what is written make up what was emitted.
func TestFoldRandom(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := NewRing(3, 4096)
		s := &spinner{r: r, at: 1e9}
		var got []Event
		for range 60 {
			fds, n := rnd.IntN(5), int64(rnd.IntN(3)-1)
			for range rnd.IntN(40) {
				s.iteration(fds, n)
				switch rnd.IntN(60) {
				case 0:
					s.at += 3e6
				case 1:
					s.emit(TimerFire, Event{Mask: 1})
				case 2:
					r.Publish(s.at)
					r.reveal(math.MaxInt64) // what the merge does while the thread is in a call for long
				case 3:
					if !s.plain {
						s.r.Turn()
					}
					s.emit(Wait, Event{Phase: PhaseEnter, Inst: 5, A: -1, B: -1})
					s.r.Publish(s.at)
					r.reveal(math.MaxInt64)
					s.emit(Wait, Event{Phase: PhaseExit, Inst: 5, A: -1, B: -1, Dur: 100})
				}
				if rnd.IntN(4) == 0 {
					got = taken(r, got)
				}
			}
		}
		r.Close()
		got = taken(r, got)
		if r.Lost() != 0 {
			t.Fatalf("seed %d: %d events dropped", seed, r.Lost())
		}
		all, times := expanded(t, got)
		equal(t, all, s.want)
		if err := Validate(got); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if times == 0 {
			t.Errorf("seed %d: nothing was counted", seed)
		}
	}
}

// TestFoldStuck: a thread that spins and then stays in its wait is seen there.
func TestFoldStuck(t *testing.T) {
	r := NewRing(3, 1024)
	s := &spinner{r: r, at: 1e9}
	for range 20 {
		s.iteration(1, -1)
	}
	r.Turn()
	s.emit(Wait, Event{Phase: PhaseEnter, Inst: 5, A: -1, B: -1})
	r.Publish(s.at)
	got := taken(r, nil)
	if !r.Holds() || got[len(got)-1].Phase == PhaseEnter {
		t.Fatal("nothing is held back")
	}
	r.reveal(s.at)
	got = taken(r, got)
	if last := got[len(got)-1]; r.Holds() || last.Kind != Wait || last.Phase != PhaseEnter {
		t.Fatalf("%v", last)
	}
	s.emit(Wait, Event{Phase: PhaseExit, Inst: 5, A: -1, B: -1, Dur: 100})
	r.Close()
	all, _ := expanded(t, taken(r, got))
	equal(t, all, s.want)
}

// TestFoldRace: the reader publishes for a producer that spins on.
func TestFoldRace(t *testing.T) {
	r := NewRing(3, 4096)
	s := &spinner{r: r, at: 1e9}
	var got []Event
	var wg sync.WaitGroup
	wg.Add(1)
	stop := make(chan struct{})
	go func() {
		defer wg.Done()
		for {
			r.reveal(math.MaxInt64)
			got = taken(r, got)
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for i := range 20_000 {
		s.iteration(1+i/5000, -1)
		for r.Len() > 2000 { // the reader is on its way
		}
	}
	r.Close()
	close(stop)
	wg.Wait()
	got = taken(r, got)
	all, _ := expanded(t, got)
	equal(t, all, s.want)
	if r.Lost() != 0 {
		t.Errorf("%d events dropped", r.Lost())
	}
	if err := Validate(got); err != nil {
		t.Error(err)
	}
}

package loop

import (
	"container/heap"
	"math"
	"time"

	"evviz/trace"
)

// timer is a callback that is due at a moment. A repeating one is re-armed from the moment it was due, not from when it
// ran, so it does not drift.
type timer struct {
	id    uint32
	due   int64
	every int64
	drift bool // repeating, re-armed from when the callback ended
	fn    func(*Loop)
	at    int // index in the heap, -1 when not armed
}

type timerHeap []*timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h timerHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].at, h[j].at = i, j }
func (h *timerHeap) Push(x any)        { t := x.(*timer); t.at = len(*h); *h = append(*h, t) }
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	t.at = -1
	*h = old[:len(old)-1]
	return t
}

// timers are those of one thread, which alone touches them.
type timers struct {
	h    timerHeap
	last uint32 // id
	tr   *recorder
}

// next is how long until the first timer is due, not negative.
func (s *timers) next(now int64) (int64, bool) {
	if len(s.h) == 0 {
		return 0, false
	}
	return max(s.h[0].due-now, 0), true
}

// due reports whether a timer is.
func (s *timers) due(now int64) bool { return len(s.h) > 0 && s.h[0].due <= now }

// inherit takes over the timers of a thread that has ended.
func (s *timers) inherit(of *timers) {
	for _, t := range of.h {
		s.last++
		t.id = s.last
		heap.Push(&s.h, t)
		e := s.tr.Next(trace.TimerSet, s.tr.Now())
		e.Aux, e.A, e.B = t.id, t.due, t.every
	}
	of.h = nil
}

// after arms a timer that fires once after d, or, when every is positive, again each time every has passed.
func (s *timers) after(d, every time.Duration, fn func(*Loop)) *timer {
	return s.arm(&timer{due: clock() + int64(d), every: int64(every), fn: fn})
}

// afterDrifting arms a timer that fires every d after its last callback ended.
func (s *timers) afterDrifting(d time.Duration, fn func(*Loop)) *timer {
	return s.arm(&timer{due: clock() + int64(d), every: int64(d), drift: true, fn: fn})
}

func (s *timers) arm(t *timer) *timer {
	s.last++
	t.id = s.last
	heap.Push(&s.h, t)
	s.tell(t)
	return t
}

// tell records that a timer was armed. One that is armed anew by hand after each callback has no period of its own.
func (s *timers) tell(t *timer) {
	e := s.tr.Next(trace.TimerSet, s.tr.Now())
	e.Aux, e.A, e.B = t.id, t.due, t.every
	if t.drift {
		e.B = 0
	}
}

// stop disarms a timer. It reports whether the timer was still armed.
func (s *timers) stop(t *timer) bool {
	if t.at < 0 {
		return false
	}
	heap.Remove(&s.h, t.at)
	t.at = -1
	e := s.tr.Next(trace.TimerStop, s.tr.Now())
	e.Aux = t.id
	return true
}

// fire runs the callbacks that are due. A repeating timer that missed periods fires once and says how many
// expirations it stands for.
func (s *timers) fire(l *Loop) {
	if len(s.h) == 0 {
		return
	}
	now := clock()
	for len(s.h) > 0 && s.h[0].due <= now {
		t := s.h[0]
		late := now - t.due
		times := uint32(1)
		due := t.due
		switch {
		case t.drift:
			t.due = math.MaxInt64 // it stays in the heap, so that the callback can stop it
			heap.Fix(&s.h, 0)
		case t.every > 0:
			times += uint32(late / t.every)
			t.due += int64(times) * t.every
			heap.Fix(&s.h, 0)
		default:
			heap.Pop(&s.h)
		}
		start := s.tr.Now()
		e := s.tr.Next(trace.TimerFire, start)
		e.Aux, e.A, e.B, e.Mask = t.id, due, late, times
		t.fn(l)
		end := s.tr.Now()
		s.tr.handled(trace.HandlerTimer, trace.PhaseComplete, -1, 0, start, end).A = int64(t.id)
		if t.drift && t.at >= 0 {
			t.due = clock() + t.every
			heap.Fix(&s.h, t.at)
			s.tell(t)
		}
	}
}

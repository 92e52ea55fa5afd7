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

// Timer is a handle to stop a timer with, on the loop's thread.
type Timer struct{ t *timer }

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

type timers struct {
	h    timerHeap
	last uint32
}

// next is how long until the first timer is due, not negative.
func (t *timers) next(now int64) (int64, bool) {
	if len(t.h) == 0 {
		return 0, false
	}
	return max(t.h[0].due-now, 0), true
}

// due reports whether a timer is.
func (t *timers) due(now int64) bool { return len(t.h) > 0 && t.h[0].due <= now }

// rearmTimer takes over a timer of another thread.
func (l *Loop) rearmTimer(t *timer) {
	l.timers.last++
	t.id = l.timers.last
	heap.Push(&l.timers.h, t)
	e := l.tr.Next(trace.TimerSet, l.tr.Now())
	e.Aux, e.A, e.B = t.id, t.due, t.every
}

// After arms a timer that fires once after d, or, when every is positive, again each time every has passed. It must be
// called on the loop's thread (from a task or a callback).
func (l *Loop) After(d, every time.Duration, fn func(*Loop)) *Timer {
	return l.arm(&timer{due: clock() + int64(d), every: int64(every), fn: fn})
}

// afterDrifting arms a timer that fires every d after its last callback ended.
func (l *Loop) afterDrifting(d time.Duration, fn func(*Loop)) *Timer {
	return l.arm(&timer{due: clock() + int64(d), every: int64(d), drift: true, fn: fn})
}

func (l *Loop) arm(t *timer) *Timer {
	l.timers.last++
	t.id = l.timers.last
	heap.Push(&l.timers.h, t)
	l.tellTimer(t)
	return &Timer{t}
}

// tellTimer records that a timer was armed. One that is armed anew by hand after each callback has no period of its own.
func (l *Loop) tellTimer(t *timer) {
	e := l.tr.Next(trace.TimerSet, l.tr.Now())
	e.Aux, e.A, e.B = t.id, t.due, t.every
	if t.drift {
		e.B = 0
	}
}

// StopTimer disarms a timer. It reports whether the timer was still armed.
func (l *Loop) StopTimer(t *Timer) bool {
	if t.t.at < 0 {
		return false
	}
	heap.Remove(&l.timers.h, t.t.at)
	t.t.at = -1
	e := l.tr.Next(trace.TimerStop, l.tr.Now())
	e.Aux = t.t.id
	return true
}

// fireTimers runs the callbacks that are due. A repeating timer that missed periods fires once and says how many
// expirations it stands for.
func (l *Loop) fireTimers() {
	if len(l.timers.h) == 0 {
		return
	}
	now := clock()
	for len(l.timers.h) > 0 && l.timers.h[0].due <= now {
		t := l.timers.h[0]
		late := now - t.due
		times := uint32(1)
		due := t.due
		switch {
		case t.drift:
			t.due = math.MaxInt64 // it stays in the heap, so that the callback can stop it
			heap.Fix(&l.timers.h, 0)
		case t.every > 0:
			times += uint32(late / t.every)
			t.due += int64(times) * t.every
			heap.Fix(&l.timers.h, 0)
		default:
			heap.Pop(&l.timers.h)
		}
		start := l.tr.Now()
		e := l.tr.Next(trace.TimerFire, start)
		e.Aux, e.A, e.B, e.Mask = t.id, due, late, times
		t.fn(l)
		end := l.tr.Now()
		l.tr.handled(trace.HandlerTimer, trace.PhaseComplete, -1, 0, start, end).A = int64(t.id)
		if t.drift && t.at >= 0 {
			t.due = clock() + t.every
			heap.Fix(&l.timers.h, t.at)
			l.tellTimer(t)
		}
	}
}

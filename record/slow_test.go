package record

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"evviz/trace"
)

const second = int64(time.Second)

// handful is a source of some events at a time, and then of no more.
type handful struct {
	info trace.Info
	next [][]trace.Event
}

func (h *handful) Info() trace.Info { return h.info }
func (h *handful) Close() error     { return nil }
func (h *handful) Read(_ context.Context, buf []trace.Event) (int, error) {
	if len(h.next) == 0 {
		return 0, io.EOF
	}
	n := copy(buf, h.next[0])
	h.next = h.next[1:]
	return n, nil
}

// slowed is a Slow with a clock of the test.
type slowed struct {
	*Slow
	t   *testing.T
	tap trace.Source
	now time.Time
	got []trace.Event
}

func newSlowed(t *testing.T, plan SlowPlan, events ...[]trace.Event) *slowed {
	x := &slowed{Slow: NewSlow(plan), t: t, now: time.Unix(1000, 0)}
	x.Slow.now = func() time.Time { return x.now }
	x.tap = x.Tap(&handful{trace.Info{Title: "t"}, events})
	return x
}

// read reads the tap once, or until it ends.
func (x *slowed) read(all bool) {
	x.t.Helper()
	buf := make([]trace.Event, 64)
	for {
		_, err := x.tap.Read(context.Background(), buf)
		if err != nil && !errors.Is(err, io.EOF) {
			x.t.Fatal(err)
		}
		if err != nil || !all {
			return
		}
	}
}

// after lets time pass, and takes what has become due; over says that there is no more.
func (x *slowed) after(d time.Duration) (times []int64, over bool) {
	x.t.Helper()
	x.now = x.now.Add(d)
	buf := make([]trace.Event, 64)
	for {
		x.mu.Lock()
		x.tick()
		n, _ := x.due(buf)
		over = x.ended && x.next == len(x.events)
		x.mu.Unlock()
		if n == 0 {
			return times, over
		}
		for _, e := range buf[:n] {
			times = append(times, e.Time)
			x.got = append(x.got, e)
		}
	}
}

func at(kind trace.Kind, times ...int64) (out []trace.Event) {
	for _, t := range times {
		out = append(out, trace.Event{Kind: kind, Time: t})
	}
	return out
}

func of(kind trace.Kind, nth int, after time.Duration) *SlowMoment {
	return &SlowMoment{Is: func(e *trace.Event) bool { return e.Kind == kind }, Nth: nth, After: after}
}

func same(a []int64, b ...int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestSlow: real time up to the plan's beginning, slow from there to its end, real time after it, and a stop. What the tap hands on is not held up.
func TestSlow(t *testing.T) {
	const s = second
	events := append(at(trace.Wait, 100*s, 101*s), at(trace.Read, 102*s, 102*s+s/10, 102*s+s/5)...)
	events = append(events, at(trace.Wait, 103*s, 104*s)...)
	x := newSlowed(t, SlowPlan{From: of(trace.Read, 1, 0), To: of(trace.Read, 3, time.Second), Pace: 0.1}, events)
	x.read(true)
	if got, _ := x.after(0); len(got) != 0 {
		t.Errorf("before the lag is over: %v", got)
	}
	if got, _ := x.after(time.Duration(slowLag)); !same(got, 100*s) {
		t.Errorf("after the lag: %v", got)
	}
	if got, _ := x.after(time.Second); !same(got, 101*s) || x.Speed() != 1 || x.From() != 0 {
		t.Errorf("a second later: %v at %v", got, x.Speed())
	}
	x.after(time.Second) // to the first read
	if x.Speed() != 0.1 || x.From() != 102*s-1 || x.Until() != 102*s+s/5+1 {
		t.Errorf("at the beginning: pace %v, from %d, until %d", x.Speed(), x.From(), x.Until())
	}
	if got, _ := x.after(999 * time.Millisecond); !same(got, 102*s) {
		t.Errorf("0.999 s of slow motion: %v", got)
	}
	if got, _ := x.after(10 * time.Millisecond); !same(got, 102*s+s/10) {
		t.Errorf("1.009 s of slow motion: %v", got)
	}
	if got, _ := x.after(time.Second); !same(got, 102*s+s/5) || x.Speed() != 1 || x.Until() != 103*s+s/5+1 || x.Halted() != 0 {
		t.Errorf("at its end: %v, pace %v, until %d, halted %d", got, x.Speed(), x.Until(), x.Halted())
	}
	if got, _ := x.after(time.Hour); !same(got, 103*s) || !x.Paused() || x.Halted() != 103*s+s/5+1 || x.Position() != x.Halted() || x.AtEnd() {
		t.Errorf("at the stop: %v, paused %v, halted %d, at %d", got, x.Paused(), x.Halted(), x.Position())
	}
	x.Step(1)
	if got, _ := x.after(0); !same(got, 104*s) || !x.AtEnd() || !x.Paused() {
		t.Errorf("a step: %v", got)
	}
	if len(x.got) != len(events) {
		t.Errorf("%d of %d events", len(x.got), len(events))
	}
}

// TestSlowWaits: with a question it waits at the beginning, until it goes on; then a stop can be gone on from.
func TestSlowWaits(t *testing.T) {
	const s = second
	x := newSlowed(t, SlowPlan{From: of(trace.Read, 1, 0), To: of(trace.Write, 1, 0), Pace: 0.5, Asks: true}, at(trace.Wait, s), append(at(trace.Read, 2*s), at(trace.Write, 3*s, 4*s)...))
	x.read(true)
	if got, _ := x.after(time.Hour); !same(got, s) || !x.Asks() || !x.Paused() {
		t.Errorf("%v, asks %v", got, x.Asks())
	}
	x.Pause(false)
	if got, _ := x.after(time.Millisecond); !same(got, 2*s) || x.Asks() || x.Speed() != 0.5 {
		t.Errorf("%v, asks %v, pace %v", got, x.Asks(), x.Speed())
	}
	x.SetSpeed(2)
	if got, _ := x.after(time.Hour); !same(got, 3*s) || x.Halted() != 3*s+1 {
		t.Errorf("%v, halted %d", got, x.Halted())
	}
	x.Pause(false)
	if got, over := x.after(time.Second); !same(got, 4*s) || !over || x.Position() != 4*s {
		t.Errorf("%v, over %v, at %d", got, over, x.Position())
	}
}

// TestSlowLateEvents: a clock that is past the beginning when that becomes known goes back to it, and a long slow motion is made as short as a person
// waits.
func TestSlowLateEvents(t *testing.T) {
	const s = second
	x := newSlowed(t, SlowPlan{From: of(trace.Read, 1, 0), To: of(trace.Read, 2, 0), Pace: 0.0001}, at(trace.Wait, s), at(trace.Read, 2*s, 4*s))
	x.read(false)
	if got, _ := x.after(10 * time.Second); !same(got, s) {
		t.Errorf("%v", got)
	}
	x.read(true)
	if x.Position() > 2*s {
		t.Errorf("at %d, past what is to be seen", x.Position())
	}
	if got, _ := x.after(11 * time.Second); !same(got, 2*s, 4*s) || x.Halted() == 0 {
		t.Errorf("%v, halted %d", got, x.Halted())
	}
}

// TestSlowStop: what a picture of the stop is made of; a plan that stops nowhere stops at the end.
func TestSlowStop(t *testing.T) {
	const s = second
	for _, c := range []struct {
		plan SlowPlan
		at   int64
		n    int
	}{{SlowPlan{To: of(trace.Read, 1, 0)}, 2*s + 1, 2}, {SlowPlan{To: of(trace.Read, 1, 1500*time.Millisecond)}, 3*s + s/2 + 1, 3}, {SlowPlan{}, 4 * s, 4}} {
		x := newSlowed(t, c.plan, append(at(trace.Wait, s), append(at(trace.Read, 2*s), at(trace.Wait, 3*s, 4*s)...)...))
		x.read(true)
		src, when, ok := x.Stop()
		if !ok || when != c.at {
			t.Fatalf("stop at %d, %v, want %d", when, ok, c.at)
		}
		n, _ := src.Read(context.Background(), make([]trace.Event, 64))
		if p, _ := src.(trace.Positioner); n != c.n || p.Position() != c.at {
			t.Errorf("%d events, want %d; at %d", n, c.n, p.Position())
		}
	}
}

// TestSlowReads: Read blocks until something is due, and ends with the source, with its context and with Close.
func TestSlowReads(t *testing.T) {
	x := NewSlow(SlowPlan{})
	tap := x.Tap(&handful{trace.Info{Title: "t"}, [][]trace.Event{at(trace.Wait, 5, 6)}})
	if x.Info().Title != "t" {
		t.Error("its info is not the source's")
	}
	buf := make([]trace.Event, 8)
	done := make(chan int)
	go func() {
		n := 0
		for {
			k, err := x.Read(context.Background(), make([]trace.Event, 8))
			if n += k; err != nil {
				done <- n
				return
			}
		}
	}()
	if n, err := tap.Read(context.Background(), buf); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := tap.Read(context.Background(), buf); err != io.EOF {
		t.Fatal(err)
	}
	if n := <-done; n != 2 {
		t.Errorf("%d events", n)
	}
	y := NewSlow(SlowPlan{})
	y.Tap(&handful{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := y.Read(ctx, buf); err == nil {
		t.Error("it reads without a context")
	}
	y.Close()
	if _, err := y.Read(context.Background(), buf); err != io.EOF {
		t.Error(err)
	}
}

// TestSlowLeast: what takes a microsecond is seen for a second all the same.
func TestSlowLeast(t *testing.T) {
	x := newSlowed(t, SlowPlan{From: of(trace.Read, 1, 0), To: of(trace.Write, 1, 0), Pace: 0.5}, append(at(trace.Wait, 1, second), append(at(trace.Read, second+1000), at(trace.Write, second+101_000)...)...))
	x.read(true)
	x.after(time.Second + time.Duration(slowLag) + 2000)
	if v := x.Speed(); v < 0.00009 || v > 0.00011 {
		t.Errorf("pace %v for 100 µs", v)
	}
	if got, _ := x.after(900 * time.Millisecond); !same(got, second+1000) || x.Paused() {
		t.Errorf("%v, paused %v", got, x.Paused())
	}
	if got, _ := x.after(200 * time.Millisecond); !same(got, second+101_000) || !x.Paused() {
		t.Errorf("%v, paused %v", got, x.Paused())
	}
}

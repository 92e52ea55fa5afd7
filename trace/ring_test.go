package trace

import (
	"context"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"
)

// drain reads a source to its end in its own goroutine.
func drain(src Source) <-chan []Event {
	c := make(chan []Event, 1)
	go func() {
		var out []Event
		buf := make([]Event, 100)
		for {
			n, err := src.Read(context.Background(), buf)
			out = append(out, buf[:n]...)
			if err != nil {
				c <- out
				return
			}
		}
	}()
	return c
}

func valid(t *testing.T, evs []Event, opt ValidateOptions) {
	t.Helper()
	v := NewValidator(opt)
	for i := range evs {
		v.Add(&evs[i])
	}
	if err := v.Err(); err != nil {
		t.Error(err)
	}
}

func TestRingWrap(t *testing.T) {
	r := NewRing(1, 64)
	m := NewMerge(Info{}, r)
	buf := make([]Event, 64)
	var got []Event
	for i := range 1000 {
		r.Next(Bookmark, int64(i+1)).A = int64(i)
		if i%40 == 39 {
			r.Publish(int64(i + 1))
			n, _ := m.Read(context.Background(), buf)
			got = append(got, buf[:n]...)
		}
	}
	r.Close()
	got = append(got, <-drain(m)...)
	if len(got) != 1000 || r.Lost() != 0 {
		t.Fatalf("%d events, %d lost", len(got), r.Lost())
	}
	for i, e := range got {
		if e.A != int64(i) || e.Seq != uint32(i+1) {
			t.Fatalf("event %d is %+v", i, e)
		}
	}
	valid(t, got, ValidateOptions{Whole: true})
}

func TestRingOff(t *testing.T) {
	r := NoRing()
	r.Next(Read, r.Now()).A = 5
	r.Name(1, "x", 0)
	r.Publish(0)
	r.Close()
	if r.On() || r.Lost() != 0 || r.Len() != 0 || r.Now() != 0 {
		t.Error(r)
	}
}

// A flood through a ring of 64: what is missing is told, to the event.
func TestRingLoss(t *testing.T) {
	r := NewRing(1, 64)
	c := drain(NewMerge(Info{}, r))
	const n = 200_000
	for i := range n {
		r.Next(Bookmark, r.Now()).A = int64(i)
		if i%1000 == 0 {
			runtime.Gosched()
		}
	}
	r.Close()
	evs := <-c
	var lost int64
	marks := 0
	for _, e := range evs {
		if e.Kind == Lost {
			lost += e.A
		} else {
			marks++
		}
	}
	if uint64(lost) != r.Lost() || marks+int(lost) != n || lost == 0 {
		t.Errorf("%d arrived, Lost events say %d, the ring says %d", marks, lost, r.Lost())
	}
	valid(t, evs, ValidateOptions{Whole: true})
}

// Rings that lost something right before they were closed both say so, also to a reader with room for one event.
func TestRingLossAtClose(t *testing.T) {
	a, b := NewRing(1, 64), NewRing(2, 64)
	for i := range 100 {
		a.Next(Bookmark, int64(i+1)).A = 1
		b.Next(Bookmark, int64(i+1)).A = 1
	}
	a.Close()
	b.Close()
	m := NewMerge(Info{}, a, b)
	var evs []Event
	buf := make([]Event, 1)
	for {
		n, err := m.Read(context.Background(), buf)
		if err == io.EOF {
			break
		}
		evs = append(evs, buf[:n]...)
	}
	lost := int64(0)
	for _, e := range evs {
		if e.Kind == Lost {
			lost += e.A
		}
	}
	if len(evs) != 130 || lost != 72 {
		t.Errorf("%d events, %d lost", len(evs), lost)
	}
	for _, e := range evs {
		if e.Phase.IsLate() {
			t.Errorf("late: %+v", e)
		}
	}
	valid(t, evs, ValidateOptions{Whole: true})
}

func TestMergeOrder(t *testing.T) {
	const producers, n = 2, 30_000
	var rings []*Ring
	for i := range producers {
		rings = append(rings, NewRing(uint32(i+1), 1<<14))
	}
	m := NewMerge(Info{}, rings...)
	c := drain(m)
	var wg sync.WaitGroup
	for _, r := range rings {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range n {
				for r.Len() > 1<<13 { // a test of order, not of loss
					runtime.Gosched()
				}
				r.Next(Bookmark, r.Now()).A = int64(i)
				if i%100 == 0 {
					r.Publish(r.Now())
				}
			}
			r.Close()
		}()
	}
	wg.Wait()
	evs := <-c
	if len(evs) != producers*n || m.Lost() != 0 {
		t.Errorf("%d events, %d lost", len(evs), m.Lost())
	}
	valid(t, evs, ValidateOptions{Whole: true})
}

// A producer that sits in a call for longer than the merge holds back: its older events come late, and marked.
func TestMergeLate(t *testing.T) {
	a, b := NewRing(1, 64), NewRing(2, 64)
	m := NewMerge(Info{}, a, b)
	now := Now()
	a.Next(Bookmark, now) // not published: its producer is stuck
	b.Next(Bookmark, now+1)
	b.Publish(now + 1)
	buf := make([]Event, 8)
	n, err := m.Read(context.Background(), buf)
	if n != 1 || err != nil || buf[0].Stream != 2 {
		t.Fatal(n, err, buf[0])
	}
	a.Next(Bookmark, now+2)
	a.Publish(now + 2)
	a.Close()
	b.Close()
	evs := append([]Event{buf[0]}, <-drain(m)...)
	if len(evs) != 3 || !evs[1].Phase.IsLate() || evs[2].Phase.IsLate() {
		t.Errorf("%+v", evs)
	}
	valid(t, evs, ValidateOptions{Whole: true})
}

func TestMergeCloseAndContext(t *testing.T) {
	m := NewMerge(Info{}, NewRing(1, 64))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := m.Read(ctx, make([]Event, 1)); err != context.DeadlineExceeded {
		t.Error(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { m.Close() })
	if _, err := m.Read(context.Background(), make([]Event, 1)); err != io.EOF {
		t.Error(err)
	}
}

// One producer, one reader, every size of burst: nothing is torn and nothing comes twice.
func TestRingStress(t *testing.T) {
	r := NewRing(1, 256)
	c := drain(NewMerge(Info{}, r))
	for i := range 100_000 {
		e := r.Next(Bookmark, r.Now())
		e.A, e.B, e.Dur = int64(i), int64(i)*3, int64(i)*7
		if i%37 == 0 {
			r.Publish(e.Time)
		}
		if i%64 == 0 {
			runtime.Gosched()
		}
	}
	r.Close()
	last := int64(-1)
	for _, e := range <-c {
		if e.Kind != Bookmark {
			continue
		}
		if e.A <= last || e.B != e.A*3 || e.Dur != e.A*7 {
			t.Fatalf("after %d: %+v", last, e)
		}
		last = e.A
	}
}

func benchEmit(b *testing.B, r *Ring, clock bool) {
	done := make(chan struct{})
	m := NewMerge(Info{}, r)
	go func() {
		defer close(done)
		buf := make([]Event, 4096)
		for {
			if _, err := m.Read(context.Background(), buf); err != nil {
				return
			}
		}
	}()
	now := Now()
	b.ReportAllocs()
	for b.Loop() {
		if clock {
			now = r.Now()
		}
		e := r.Next(Read, now)
		e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur = 7, 1, CallRead, 4096, 64, 700
	}
	b.StopTimer()
	r.Close()
	<-done
	b.ReportMetric(float64(r.Lost())/float64(b.N), "lost/op")
}

// benchKeptUp emits in bursts and lets the reader catch up in between, so that what is measured is neither the price of
// dropping nor a race between two cores for the same lines: a loop emits some events and then waits.
func benchKeptUp(b *testing.B, emit func(r *Ring)) {
	const burst = 1024
	r := NewRing(1, 1<<12)
	m := NewMerge(Info{}, r)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]Event, 4096)
		for {
			if _, err := m.Read(context.Background(), buf); err != nil {
				return
			}
		}
	}()
	var spent, n int64
	b.ReportAllocs()
	for b.Loop() {
		t0 := Now()
		for range burst {
			emit(r)
		}
		spent += Now() - t0
		n += burst
		r.Publish(Now())
		for r.Len() > 0 {
			time.Sleep(50 * time.Microsecond)
		}
	}
	r.Close()
	<-done
	b.ReportMetric(float64(spent)/float64(n), "ns/event")
	b.ReportMetric(float64(r.Lost()), "lost")
}

func BenchmarkEmit(b *testing.B) {
	b.Run("kept-up", func(b *testing.B) {
		benchKeptUp(b, func(r *Ring) {
			e := r.Next(Read, r.Now())
			e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur = 7, 1, CallRead, 4096, 64, 700
		})
	})
	b.Run("kept-up-clock-alone", func(b *testing.B) { benchKeptUp(b, func(r *Ring) { r.Now() }) })
	b.Run("clock", func(b *testing.B) { benchEmit(b, NewRing(1, 1<<16), true) })
	b.Run("no-clock", func(b *testing.B) { benchEmit(b, NewRing(1, 1<<16), false) })
	b.Run("full", func(b *testing.B) { // nobody reads
		r := NewRing(1, 64)
		b.ReportAllocs()
		for b.Loop() {
			e := r.Next(Read, 1)
			e.FD, e.A = 7, 4096
		}
	})
	b.Run("off", func(b *testing.B) {
		r := NoRing()
		b.ReportAllocs()
		for b.Loop() {
			e := r.Next(Read, r.Now())
			e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur = 7, 1, CallRead, 4096, 64, 700
		}
	})
	b.Run("clock-alone", func(b *testing.B) {
		for b.Loop() {
			Now()
		}
	})
}

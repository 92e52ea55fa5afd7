package timeline

import (
	"reflect"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"evviz/trace"
)

// randomEvents draws a stream that is allowed to be nonsense, with late events among it.
func randomEvents(rt *rapid.T, n int) []trace.Event {
	return eventsOf(func() uint64 { return rapid.Uint64().Draw(rt, "e") }, n)
}

func eventsOf(draw func() uint64, n int) []trace.Event {
	evs := make([]trace.Event, 0, n)
	now := int64(1_000_000)
	kinds := []trace.Kind{trace.Open, trace.Close, trace.Dup, trace.Register, trace.Modify, trace.Deregister, trace.Wait, trace.Wait, trace.Ready,
		trace.Ready, trace.Ready, trace.Renotify, trace.Read, trace.Read, trace.Read, trace.Write, trace.Accept, trace.Arrive, trace.Arrive,
		trace.Queue, trace.Sleep, trace.Round, trace.Lost, trace.Instance, trace.State, trace.Fork, trace.Thread, trace.Mode}
	for i := 0; i < n; i++ {
		r := draw()
		now += int64(r % 5000)
		e := trace.Event{Time: now, Stream: 1 + uint32(r>>13%3), Kind: kinds[r>>16%uint64(len(kinds))], FD: int32(r >> 24 % 6), Inst: 4 + uint32(r>>28%2)}
		if r>>61 == 7 {
			e.Time -= int64(r >> 40 % 100_000)
			e.Phase = trace.PhaseLate
		}
		switch e.Kind {
		case trace.Wait, trace.Sleep:
			e.Phase |= trace.Phase(r >> 32 % 3)
			e.Mask = uint32(r >> 34 % 3)
			e.Dur = int64(r >> 36 % 2000)
		case trace.Ready, trace.Arrive, trace.Register, trace.Modify:
			e.Mask = []uint32{in, in, in | rdhup, out, in | et, in | one}[r>>32%6]
			e.B = int64(r >> 36 % 40)
			e.A = int64(e.FD)
			if e.Kind == trace.Arrive {
				e.Stream, e.Dur = 2, int64(r>>40%20_000)
			}
			if e.Kind == trace.Ready {
				e.Inst = 4
			}
		case trace.Read, trace.Write:
			e.A, e.B, e.Inst = 16, int64(r>>32%17), uint32(r>>38%3)
			if r>>42%5 == 0 {
				e.B, e.Errno = -1, eAGAIN
			}
		case trace.Accept:
			e.A, e.Inst = int64(r>>32%6), 0
			if r>>42%3 == 0 {
				e.A, e.Errno = -1, []uint16{eAGAIN, eMFILE}[r>>44%2]
			}
		case trace.Open:
			e.Aux, e.Inst, e.Gen = uint32(r>>32%11), 0, uint32(r>>42%3)
		case trace.Thread, trace.Fork:
			e.A, e.B, e.Mask = 100+int64(r>>32%3), 100, 0
		case trace.Queue, trace.Lost:
			e.A = int64(r >> 32 % 4)
		case trace.Dup:
			e.A = int64(r >> 32 % 6)
		case trace.State:
			e.Aux = uint32(1+r>>32%2) | uint32(r>>34%11)<<8
		}
		evs = append(evs, e)
	}
	return evs
}

// look takes everything from a snapshot that a view could.
func look(s *Snapshot) any {
	var all []any
	all = append(all, s.Stats, s.First, s.Last, s.Now, s.EventCount(), s.Modes)
	for _, n := range []int{1, 23} {
		for _, l := range s.Lanes {
			all = append(all, l.ID, l.Kind, l.Opened, l.Closed, l.Trigger, l.Drain, l.Unread, l.Stats, l.Cells(s.First, s.Now+1, n))
		}
		for _, l := range s.Loops {
			all = append(all, l.State, l.Since, l.Cells(s.First, s.Now+1, n))
		}
	}
	return append(all, s.Window(s.First, s.Now))
}

// TestBatchesDoNotMatter: one batch, single events, random batches with snapshots between them: all the same.
func TestBatchesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		evs := randomEvents(rt, rapid.IntRange(1, 250).Draw(rt, "n"))
		info := trace.Info{Kinds: trace.AllKinds(), Timed: true}
		if rapid.Bool().Draw(rt, "outside") {
			info.Kinds &^= trace.Kinds(trace.Renotify)
		}
		one := New(Options{Info: info})
		one.Add(evs)
		want := look(one.Snapshot(0))
		cut := New(Options{Info: info})
		for rest := evs; len(rest) > 0; {
			n := min(len(rest), rapid.IntRange(1, 40).Draw(rt, "batch"))
			cut.Add(rest[:n])
			rest = rest[n:]
			if n%2 == 0 {
				cut.Snapshot(0)
			}
		}
		if got := look(cut.Snapshot(0)); !reflect.DeepEqual(got, want) {
			rt.Fatalf("batches changed the result")
		}
	})
}

// TestInvariants: classes partition the reports, cells hold every mark at every zoom, states fill the time.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		evs := randomEvents(rt, rapid.IntRange(1, 200).Draw(rt, "n"))
		tl := New(Options{Info: trace.Info{Timed: true}, MaxClosed: 1 << 20})
		tl.Add(evs)
		s := tl.Snapshot(0)
		var sum int64
		for _, n := range s.Stats.Class {
			if n < 0 {
				rt.Fatalf("negative class: %v", s.Stats.Class)
			}
			sum += n
		}
		if sum != s.Stats.Reports {
			rt.Fatalf("classes %d, reports %d", sum, s.Stats.Reports)
		}
		if s.Stats.UsefulWakeups < 0 || s.Stats.Renotify > s.Stats.Reports+int64(len(evs)) {
			rt.Fatalf("useful %d", s.Stats.UsefulWakeups)
		}
		first, end := int64(0), s.Now+1
		for _, l := range s.Lanes {
			for _, n := range []int{1, 3, 97} {
				cells := l.Cells(first, end, n)
				got := counts(cells)
				for m := range got {
					if int64(got[m]) != l.Stats.Counts[m] {
						rt.Fatalf("lane %d, %d cells, %v: %d, want %d", l.ID, n, Mark(m), got[m], l.Stats.Counts[m])
					}
				}
				var cover float64
				for i := range cells {
					if c := cells[i].Cover; c < 0 || c > 1.0001 {
						rt.Fatalf("cover %v", c)
					}
					cover += float64(cells[i].Cover) * float64(edge(first, end, i+1, n)-edge(first, end, i, n))
				}
				want := float64(l.Stats.Waited)
				if l.Pending {
					want = float64(l.bars.cover(end))
				}
				if d := cover - want; d > 1000 || d < -1000 {
					rt.Fatalf("cover adds up to %v, want %v", cover, want)
				}
			}
		}
		for _, l := range s.Loops {
			var total, sums int64
			whole := l.Cells(first, end, 1)[0]
			for _, d := range whole.Dur {
				total += d
			}
			for _, c := range l.Cells(first, end, 311) {
				for _, d := range c.Dur {
					if d < 0 {
						rt.Fatalf("negative time")
					}
					sums += d
				}
			}
			if total != sums {
				rt.Fatalf("time %d, in cells %d", total, sums)
			}
		}
	})
}

// TestMarkStore compares the store, late marks and snapshots included, with a plain list.
func TestMarkStore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := &keeper{max: 1 << 30}
		st := &markStore{keep: k}
		var times []int64
		now := int64(0)
		type old struct {
			v markView
			n int
		}
		var kept []old
		for i, n := 0, rapid.IntRange(1, 700).Draw(rt, "n"); i < n; i++ {
			r := rapid.Uint32().Draw(rt, "r")
			now += int64(r % 4)
			at := now
			if r>>8%9 == 0 {
				at -= int64(r >> 12 % 600)
			}
			st.add(at, uint8(MarkRead), 1, 1)
			times = append(times, at)
			if r>>26 == 0 && len(kept) < 6 {
				kept = append(kept, old{st.view(), len(times)})
			}
		}
		kept = append(kept, old{st.view(), len(times)})
		for _, o := range kept {
			sorted := slices.Clone(times[:o.n])
			slices.Sort(sorted)
			before := func(t int64) int { i, _ := slices.BinarySearch(sorted, t); return i }
			for _, cells := range []int{1, 13, 100} {
				l := &Lane{marks: o.v}
				t0, t1 := int64(-700), now+5
				for i, c := range l.Cells(t0, t1, cells) {
					if want := uint32(before(edge(t0, t1, i+1, cells)) - before(edge(t0, t1, i, cells))); c.Counts[MarkRead] != want {
						rt.Fatalf("%d of %d cells: %d, want %d", i, cells, c.Counts[MarkRead], want)
					}
				}
			}
			var d tally
			o.v.end(&d)
			if int(d.n[MarkRead]) != o.n || int(d.sum[sumIn]) != o.n {
				rt.Fatalf("total %d, want %d", d.n[MarkRead], o.n)
			}
		}
	})
}

// TestBoundedMarks: the old marks are forgotten, their number is not.
func TestBoundedMarks(t *testing.T) {
	tl := New(Options{MaxMarks: 10_000, MaxEvents: 1000})
	s := new(script).loop()
	s.open(5, 7, trace.TypeStream)
	tl.Add(s.evs)
	const n = 500_000
	evs := make([]trace.Event, 0, 1000)
	for i := int64(0); i < n; i++ {
		evs = append(evs, trace.Event{Kind: trace.Read, Stream: 1, Time: (10 + i) * us, FD: 7, A: 10, B: 1})
		if len(evs) == cap(evs) {
			tl.Add(evs)
			evs = evs[:0]
		}
	}
	if tl.keep.total > 11_000 {
		t.Errorf("%d marks kept", tl.keep.total)
	}
	sn := tl.Snapshot(0)
	l := lane(t, sn, 7)
	for _, cells := range []int{1, 10, 333} {
		eq(t, "marks in all cells", counts(l.Cells(0, sn.Now+1, cells))[MarkRead], n)
	}
	half := l.Window(0, sn.Now/2).Counts[MarkRead]
	if half < n/2-n/50 || half > n/2+n/50 {
		t.Errorf("first half holds %d of %d", half, n)
	}
	first, end := sn.EventRange()
	if end-first < 1000 || end-first > 3000 {
		t.Errorf("%d events kept", end-first)
	}
	e, ok := sn.Event(end - 1)
	eq(t, "newest event", ok && e.Time == sn.Last, true)
	_, ok = sn.Event(first - 1)
	eq(t, "forgotten event", ok, false)
	eq(t, "found by time", sn.EventAt(sn.Last), end-1)
	eq(t, "found before all", sn.EventAt(0), first)
	eq(t, "found after all", sn.EventAt(sn.Last+1), end)
}

// TestReadersWhileAdding is for the race detector: snapshots are read while the writer goes on, with late marks.
func TestReadersWhileAdding(t *testing.T) {
	tl := New(Options{MaxMarks: 5000, MaxEvents: 2000, MaxClosed: 50})
	ch := make(chan *Snapshot, 4)
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for s := range ch {
				look(s)
				f, e := s.EventRange()
				for i := f; i < e; i += 97 {
					s.Event(i)
				}
				s.EventAt((s.First + s.Now) / 2)
				s.Name(1, 1)
				s.LatencyBars()
			}
		}()
	}
	x := uint64(1)
	now := int64(1000)
	for i := 0; i < 60; i++ {
		evs := make([]trace.Event, 500)
		for j := range evs {
			x = x*6364136223846793005 + 1442695040888963407
			r := x >> 20
			now += int64(r % 300)
			evs[j] = trace.Event{Time: now, Stream: 1, FD: int32(r >> 8 % 10), Kind: []trace.Kind{trace.Read, trace.Ready, trace.Arrive, trace.Wait, trace.Read, trace.Close, trace.Accept}[r>>16%7],
				Inst: 4, Mask: 1, A: int64(r >> 24 % 10), B: int64(r >> 24 % 10)}
			if evs[j].Kind == trace.Arrive {
				evs[j].Dur = int64(r >> 30 % 5000)
			}
			if evs[j].Kind == trace.Read {
				evs[j].Inst = 0
			}
		}
		trace.NamePieces(1, string(rune('a'+i%26)), func(e trace.Event) { e.Stream, e.Time = 1, now; evs = append(evs, e) })
		tl.Add(evs)
		ch <- tl.Snapshot(now)
	}
	close(ch)
	wg.Wait()
}

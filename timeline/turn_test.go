package timeline

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"evviz/record"
	"evviz/trace"
)

// recorded folds a recording.
func recorded(t testing.TB, path string) *Snapshot {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tl := New(Options{Info: f.Info()})
	buf := make([]trace.Event, 512)
	for {
		n, err := f.Read(context.Background(), buf)
		tl.Add(buf[:n])
		if errors.Is(err, io.EOF) {
			return tl.Snapshot(0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// recordings are the lab in each of its modes (testdata/turns/make.sh), and what other tests have recorded.
func recordings(t testing.TB) (paths []string) {
	t.Helper()
	for _, glob := range []string{"testdata/turns/*.evt", "../tui/testdata/*.evt"} {
		p, err := filepath.Glob(glob)
		if err != nil || len(p) == 0 {
			t.Fatalf("no recording: %s, %v", glob, err)
		}
		paths = append(paths, p...)
	}
	return paths
}

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface{ Fatalf(string, ...any) }

// holdTurns holds the turns of a stream to what they promise: each event of the stream is in one turn, and in it either in
// the rest or in one item; times do not go back; going back gives the same turns.
func holdTurns(t fataler, s *Snapshot, stream uint32) (turns []Turn) {
	first, end := s.EventRange()
	u, ok := s.Turn(stream, first)
	if !ok {
		return nil
	}
	seen := map[int64]int{}
	for ok {
		turns = append(turns, u)
		for _, i := range u.Rest.Events {
			seen[i]++
		}
		for k := range u.Items {
			x := &u.Items[k]
			if len(x.Events) == 0 || x.In == k || x.In < -1 || x.In >= len(u.Items) {
				t.Fatalf("turn at %d: item %d (%v) has %d events and runs in %d", u.First, k, x.Kind, len(x.Events), x.In)
			}
			for _, i := range x.Events {
				seen[i]++
				if i < u.First || i > u.Last {
					t.Fatalf("turn %d..%d has event %d", u.First, u.Last, i)
				}
			}
			if x.Begin > x.End {
				t.Fatalf("turn at %d: item %d (%v) goes from %d to %d", u.First, k, x.Kind, x.Begin, x.End)
			}
		}
		if u.Begin > u.End || u.Waited < 0 || u.Working < 0 || u.Slept < 0 || u.Waited+max(u.Overrun, 0)+u.Slept+u.Working != u.Took() {
			t.Fatalf("turn at %d: %d..%d is %d waiting, %d too long, %d working", u.First, u.Begin, u.End, u.Waited, u.Overrun, u.Working)
		}
		u, ok = s.NextTurn(&u)
	}
	for i := first; i < end; i++ {
		if e, _ := s.Event(i); e.Stream == stream && seen[i] != 1 {
			t.Fatalf("event %d (%v of stream %d) is in %d items", i, e.Kind, stream, seen[i])
		}
	}
	last := turns[len(turns)-1]
	for k := len(turns) - 2; k >= 0; k-- {
		u, ok := s.PrevTurn(&last)
		if !ok || u.First != turns[k].First || u.Last != turns[k].Last {
			t.Fatalf("back from %d: %d..%d, want %d..%d", last.First, u.First, u.Last, turns[k].First, turns[k].Last)
		}
		last = u
	}
	if u, ok := s.PrevTurn(&last); ok {
		t.Fatalf("before the first turn there is one from %d to %d", u.First, u.Last)
	}
	return turns
}

func streamsOf(s *Snapshot) (ids []uint32) {
	known := map[uint32]bool{}
	first, end := s.EventRange()
	for i := first; i < end; i++ {
		if e, _ := s.Event(i); !known[e.Stream] {
			known[e.Stream] = true
			ids = append(ids, e.Stream)
		}
	}
	return ids
}

// TestTurnsOfRecordings: the lab's own recordings fall into turns without a rest.
func TestTurnsOfRecordings(t *testing.T) {
	for _, path := range recordings(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			s := recorded(t, path)
			reports, waits, orphans := 0, int64(0), 0
			for _, id := range streamsOf(s) {
				turns := holdTurns(t, s, id)
				for i := range turns {
					u := &turns[i]
					reports += u.Reports
					if u.Rest.Kind == RestWait && !u.Rest.Interrupt && u.Rest.End != 0 {
						waits++
						if u.Rest.Count != int64(u.Reports) {
							t.Errorf("turn at %d: the wait says %d reports, %d are there", u.First, u.Rest.Count, u.Reports)
						}
					}
					for k := range u.Items {
						x := &u.Items[k]
						if x.Kind == ItemReport && (!x.Classified || x.Class >= ClassCount || x.Lane == 0) {
							t.Errorf("turn at %d: report of fd %d has no class, or no lane", u.First, x.FD)
						}
						if x.Handler >= 0 && x.Kind == ItemCalls && u.Rest.Kind == RestWait && x.Earlier < 0 {
							orphans++
						}
					}
					// The moment in the middle of a turn leads to it.
					if v, ok := s.TurnAt(id, u.Begin+u.Took()/2); u.Took() > 1 && (!ok || v.First != u.First) {
						t.Errorf("turn %d..%d is not found by time, but %d", u.First, u.Last, v.First)
					}
				}
			}
			if int64(reports) != s.Stats.Reports || waits != s.Stats.Waits && s.Stats.Enters == 0 {
				t.Errorf("%d reports in %d waits; %d in %d were counted", reports, waits, s.Stats.Reports, s.Stats.Waits)
			}
			if orphans > 0 {
				t.Errorf("%d handlers without a report", orphans)
			}
		})
	}
}

// TestTurnsOfAnything: whatever comes, no event is lost and none is in two items.
func TestTurnsOfAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		evs := randomEvents(rt, rapid.IntRange(1, 200).Draw(rt, "n"))
		kinds := []trace.Kind{trace.Call, trace.Task, trace.TimerFire, trace.Submit, trace.Complete, trace.Sys, trace.Lock, trace.Wake, trace.TimerSet}
		for i := range evs {
			if rapid.IntRange(0, 3).Draw(rt, "other") == 0 {
				e := trace.Event{Kind: kinds[rapid.IntRange(0, len(kinds)-1).Draw(rt, "kind")], Time: evs[i].Time, Stream: evs[i].Stream, FD: evs[i].FD,
					Phase: trace.Phase(rapid.IntRange(0, 2).Draw(rt, "phase")), Dur: int64(rapid.IntRange(0, 9000).Draw(rt, "dur")), Aux: uint32(rapid.IntRange(0, 3).Draw(rt, "aux"))}
				evs = append(evs, e)
				copy(evs[i+1:], evs[i:])
				evs[i] = e
			}
		}
		tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
		tl.Add(evs)
		s := tl.Snapshot(0)
		for _, id := range streamsOf(s) {
			holdTurns(rt, s, id)
		}
	})
}

// TestLookingWhileAdding is for the race detector, and for what must not change: a snapshot says the same of its turns,
// reports and delays however much is added after it was taken.
func TestLookingWhileAdding(t *testing.T) {
	said := func(s *Snapshot) (n int64) {
		first, end := s.EventRange()
		for i := first; i < end; i++ {
			if v, ok := s.Verdict(i); ok {
				n = n*31 + int64(v.Class) + v.Lane
			}
		}
		for m := range MeasureCount {
			d := s.Delays(m)
			n = n*31 + d.Count + d.P90 + s.Heat(m, s.First, s.Now, 50, 20).Total
		}
		for _, l := range s.Lanes {
			d := l.Delays(MeasureRead)
			n = n*31 + d.Count + d.Max
		}
		u, ok := s.TurnAt(1, (s.First+s.Now)/2)
		for k := 0; ok && k < 20; k++ {
			n = n*31 + u.First + int64(len(u.Items)) + u.Working
			u, ok = s.NextTurn(&u)
		}
		return n
	}
	tl := New(Options{MaxEvents: 3000, Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
	evs := busy(700)
	span := evs[len(evs)-1].Time
	type look struct {
		s *Snapshot
		n int64
	}
	ch := make(chan look, 4)
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for x := range ch {
				if got := said(x.s); got != x.n {
					t.Errorf("a snapshot of %d events says something else now", x.s.EventCount())
				}
			}
		}()
	}
	for k := range 60 {
		tl.Add(evs[:300+k])
		s := tl.Snapshot(0)
		x := look{s, said(s)}
		tl.Add(evs[300+k:]) // reports that the snapshot has are settled here
		ch <- x
		for j := range evs {
			evs[j].Time += span
		}
	}
	close(ch)
	wg.Wait()
}

// TestDeferredReads: a descriptor that is read in a later turn than it was reported in is found there, with its report.
func TestDeferredReads(t *testing.T) {
	s := recorded(t, "testdata/turns/deferred.evt")
	found := 0
	u, ok := s.Turn(1, 0)
	for ; ok; u, ok = s.NextTurn(&u) {
		for i := range u.Items {
			x := &u.Items[i]
			if x.Kind != ItemCalls || x.Earlier < 0 || !x.Got {
				continue
			}
			found++
			if e, ok := s.Event(x.Earlier); !ok || e.Kind != trace.Ready || e.FD != x.FD || e.Time > x.Begin {
				t.Errorf("calls on fd %d at %d: report %d is %v of fd %d", x.FD, x.Begin, x.Earlier, e.Kind, e.FD)
			}
		}
	}
	if found == 0 {
		t.Error("nothing was deferred")
	}
}

// TestNestedItems: what a task does belongs to the task, and the task to the wake-up whose handler ran it.
func TestNestedItems(t *testing.T) {
	s := recorded(t, "testdata/turns/level.evt")
	u, _ := s.TurnAt(1, s.Now)
	for i := range u.Items {
		x := &u.Items[i]
		if x.Kind != ItemTask {
			continue
		}
		if x.In < 0 || u.Items[x.In].What != trace.HandlerWake || x.Task != "stop" || x.Who == 0 || x.Queued <= 0 {
			t.Errorf("task %+v", *x)
		}
		return
	}
	t.Error("no task in the last turn")
}

// TestBusyTurns: stepping over idle turns finds every busy one.
func TestBusyTurns(t *testing.T) {
	s := recorded(t, "testdata/turns/sleep-poll.evt")
	want := 0
	all := holdTurns(t, s, 1)
	for i := range all[1:] {
		if all[i+1].Busy() {
			want++
		}
	}
	got := 0
	for u, ok := s.NextBusy(&all[0]); ok; u, ok = s.NextBusy(&u) {
		got++
	}
	if got != want || want == 0 || want == len(all)-1 {
		t.Errorf("%d busy turns found, %d of %d are", got, want, len(all))
	}
}

package timeline

import (
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"evviz/trace"
)

// TestOrder: in each kept recording, and in traces of any sort, a list has causes before effects and everything where it began.
func TestOrder(t *testing.T) {
	for _, path := range recordings(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			s := recorded(t, path)
			checkOrder(t.Fatalf, s)
			first, end := s.EventRange()
			for i := first; i < end; i += 1 + (end-first)/50 {
				checkAround(t.Fatalf, s, i, 20, 7, everything)
			}
		})
	}
	rapid.Check(t, func(rt *rapid.T) {
		tl := New(Options{Info: trace.Info{Timed: rapid.IntRange(0, 5).Draw(rt, "timed") > 0}})
		evs := randomEvents(rt, rapid.IntRange(1, 300).Draw(rt, "n"))
		for i := range evs {
			if evs[i].Kind == trace.Queue && rapid.Bool().Draw(rt, "handler") {
				evs[i] = trace.Event{Time: evs[i].Time, Stream: evs[i].Stream, Kind: trace.Call, FD: evs[i].FD, Dur: rapid.Int64Range(0, 20_000).Draw(rt, "dur")}
			}
		}
		tl.Add(evs)
		s := tl.Snapshot(0)
		checkOrder(rt.Fatalf, s)
		keep := everything
		if rapid.Bool().Draw(rt, "some") {
			keep = func(i int64, e *trace.Event) bool { return i%3 != 0 }
		}
		checkAround(rt.Fatalf, s, rapid.Int64Range(0, int64(len(evs))-1).Draw(rt, "i"), rapid.IntRange(1, 30).Draw(rt, "before"), rapid.IntRange(0, 30).Draw(rt, "after"), keep)
	})
}

func everything(int64, *trace.Event) bool { return true }

// checkOrder holds the rules against the whole list.
func checkOrder(fail func(string, ...any), s *Snapshot) {
	first, end := s.EventRange()
	list := s.InOrder(first, end, everything)
	if sorted := slices.Sorted(slices.Values(list)); int64(len(list)) != end-first || len(sorted) > 0 && (sorted[0] != first || slices.Compact(sorted)[len(list)-1] != end-1) {
		fail("%d of %d events", len(list), end-first)
	}
	where := make([]int, end-first)
	for k, i := range list {
		where[i-first] = k
	}
	if !s.Info.Timed {
		if !slices.IsSorted(list) {
			fail("without times the order of the source is changed")
		}
		return
	}
	last := int64(-1)
	for _, i := range list {
		e, _ := s.Event(i)
		at := StandsAt(&e)
		if e.Kind != trace.Read && e.Kind != trace.Accept || e.Time == at { // it may stand behind its cause
			if at < last {
				fail("event %d (%v) stands at %d, behind %d", i, e.Kind, at, last)
			}
			last = at
		}
		if at < e.Start() || at > e.Time {
			fail("event %d (%v) of %d..%d stands at %d", i, e.Kind, e.Start(), e.Time, at)
		}
	}
	for i := first; i < end; i++ {
		e, _ := s.Event(i)
		switch {
		case e.Kind == trace.Call && e.Phase.Base() != trace.PhaseEnter && e.Dur > 0:
			for j := i - 1; j >= first; j-- {
				x, _ := s.Event(j)
				if x.Stream != e.Stream {
					continue
				}
				if handledBy(&x, &e) || StandsAt(&x) < e.Start() {
					if handledBy(&x, &e) && x.Time <= e.Start() && where[j-first] > where[i-first] {
						fail("handler %d stands before what it handles (%v)", i, x.Kind)
					}
					break
				}
				if where[j-first] < where[i-first] {
					fail("%d (%v) in the handler %d stands before it", j, x.Kind, i)
				}
			}
		case e.Kind == trace.Read && e.Errno == 0 && e.B > 0:
			who := s.peerOf(&e)
			for j := first; j < end && who != ""; j++ {
				x, _ := s.Event(j)
				if x.Kind == trace.Step && trace.StepOf(&x).What() == trace.StepSend && x.B > 0 && s.Name(x.Stream, x.Inst) == who && x.Start() <= e.Time && where[j-first] > where[i-first] {
					fail("the read %d stands before the send %d", i, j)
				}
			}
		}
	}
}

// checkAround holds a piece of the list against the whole.
func checkAround(fail func(string, ...any), s *Snapshot, i int64, before, after int, keep func(int64, *trace.Event) bool) {
	first, end := s.EventRange()
	list := s.InOrder(first, end, func(k int64, e *trace.Event) bool { return k == i || keep(k, e) })
	pos := slices.Index(list, i)
	e, _ := s.Event(i)
	to := pos + 1
	if !keep(i, &e) {
		to = pos
	}
	wantUp, wantBehind := list[max(pos-before, 0):to], list[pos+1:min(pos+1+after, len(list))]
	up, behind := s.Around(i, before, after, 1<<20, keep)
	if len(up) > len(wantUp) { // where the event itself is not listed one more may be there
		up = up[len(up)-len(wantUp):]
	}
	if !slices.Equal(up, wantUp[len(wantUp)-len(up):]) || len(up) < min(len(wantUp), before) || !slices.Equal(behind, wantBehind) {
		fail("around %d: %v and %v, want %v and %v", i, up, behind, wantUp, wantBehind)
	}
}

// TestOrderOfOneMessage: the send, the wait, the event, the handler, the read, the answer.
func TestOrderOfOneMessage(t *testing.T) {
	s := new(script).epoll()
	s.conn(10, 7, in)
	s.ev(12, trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: ep, FD: -1, B: -1})
	s.ev(100, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ep, FD: -1, B: -1, Mask: 1, Dur: 88 * us})
	s.ready(100, 7, in, -1)
	s.ev(105, trace.Event{Kind: trace.Read, Phase: trace.PhaseComplete, FD: 7, A: 100, B: 10, Dur: 5 * us})
	s.write(108, 7, 10, 10)
	s.ev(110, trace.Event{Kind: trace.Call, FD: 7, Aux: trace.HandlerConn, Dur: 10 * us})
	s.ev(130, trace.Event{Kind: trace.Step, Stream: 5, Aux: trace.StepSend, A: 10, B: 10, Dur: 40 * us}) // told late
	sn := s.fold()
	var kinds []trace.Kind
	first, end := sn.EventRange()
	for _, i := range sn.InOrder(first, end, func(_ int64, e *trace.Event) bool {
		return e.Time > 10*us && e.Phase.Base() != trace.PhaseEnter
	}) {
		e, _ := sn.Event(i)
		kinds = append(kinds, e.Kind)
	}
	if want := []trace.Kind{trace.Wait, trace.Step, trace.Ready, trace.Call, trace.Read, trace.Write}; !slices.Equal(kinds, want) {
		t.Errorf("%v, want %v", kinds, want)
	}
}

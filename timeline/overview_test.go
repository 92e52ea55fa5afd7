package timeline

import (
	"math/rand/v2"
	"slices"
	"testing"

	"evviz/record"
	"evviz/trace"
)

// The overview counts what is in the file, at any zoom: exactly, where the window holds whole chunks.
func TestOverview(t *testing.T) {
	evs := server(40_000, 8)
	f := filed(t, evs, 1000)
	feed := NewFeed(record.NewPlayer(f), Options{})
	if _, ready := feed.OverviewNow(); ready {
		t.Error("it is there before anybody asked")
	}
	o := feed.Overview()
	if again, ready := feed.OverviewNow(); again != o || !ready || feed.Overview() != o {
		t.Error("it is made anew")
	}
	if o.Events != int64(len(evs)) || o.Chunks != 40 || o.Unknown != 0 {
		t.Fatalf("%d events, %d chunks, %d unknown", o.Events, o.Chunks, o.Unknown)
	}
	var want OverviewCell
	reads := map[int32]int64{}
	for _, e := range evs {
		want.Events++
		switch {
		case e.Phase.Base() == trace.PhaseEnter:
		case e.Kind == trace.Wait:
			want.Waits++
		case e.Kind == trace.Ready:
			want.Reports++
		case e.Kind == trace.Read:
			want.Reads++
			want.BytesIn += e.B
			reads[e.FD]++
		case e.Kind == trace.Write:
			want.Writes++
			want.BytesOut += e.B
		case e.Kind == trace.Accept:
			want.Accepts++
		case e.Kind == trace.Arrive:
			want.Arrivals++
		}
	}
	sum := func(cells []OverviewCell) (s OverviewCell) {
		for _, c := range cells {
			s.Events += c.Events
			s.Waits += c.Waits
			s.Reports += c.Reports
			s.Reads += c.Reads
			s.Writes += c.Writes
			s.Accepts += c.Accepts
			s.Arrivals += c.Arrivals
			s.BytesIn += c.BytesIn
			s.BytesOut += c.BytesOut
		}
		return s
	}
	for _, n := range []int{1, 2, 7, 180, 5000} {
		cells := o.Cells(o.First, o.Last+1, n)
		if got := sum(cells); got != want {
			t.Errorf("%d cells:\n got %+v\nwant %+v", n, got, want)
		}
		for fd, k := range reads {
			if got := sum(o.Lane(1, fd).Cells(o.First, o.Last+1, n)); got.Reads != k {
				t.Errorf("%d cells, fd %d: %d reads, want %d", n, fd, got.Reads, k)
			}
		}
		coarse := slices.ContainsFunc(cells, func(c OverviewCell) bool { return c.Coarse })
		if coarse != (n > 1) {
			t.Errorf("%d cells: coarse %v", n, coarse)
		}
	}
	if o.Lane(1, 99) != nil || o.Lane(2, -1) == nil {
		t.Error("lanes")
	}

	// Neighbouring windows share what lies across their edge, and nothing is counted twice.
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		a := o.First + r.Int64N(o.Last-o.First)
		b := a + 1 + r.Int64N(o.Last-a)
		n := 1 + r.IntN(50)
		got := sum(o.Cells(o.First, a, 3)).Events + sum(o.Cells(a, b, n)).Events + sum(o.Cells(b, o.Last+1, 9)).Events
		if got != want.Events {
			t.Fatalf("cut at %d and %d: %d events", a, b, got)
		}
	}
}

// However many chunks and lanes there are, memory is bounded and sums stay exact.
func TestOverviewBounded(t *testing.T) {
	var sums []trace.ChunkSummary
	var all int64
	for i := range 3000 {
		at := int64(i) * 1000
		s := trace.ChunkSummary{Chunk: i, First: at, Last: at + 999, Known: i%7 != 0, Events: 2000}
		all += s.Events
		for fd := range 200 {
			if s.Known {
				s.Lanes = append(s.Lanes, trace.LaneSummary{Stream: 1, FD: int32(fd), First: at, Last: at + int64(fd),
					Counts: []trace.KindCountOf{{Kind: trace.Read, N: 10}}})
			}
		}
		sums = append(sums, s)
	}
	o := NewOverview(sums)
	kept := 0
	for _, l := range o.Lanes {
		kept += len(l.pieces.p)
	}
	if kept > maxOverview || o.Unknown != 429 {
		t.Errorf("%d pieces, %d unknown", kept, o.Unknown)
	}
	var events, reads int64
	for _, c := range o.Cells(o.First, o.Last+1, 180) {
		events += c.Events
		if !c.Unknown {
			t.Error("a cell hides that something in it is unknown")
		}
	}
	for _, c := range o.Lane(1, 77).Cells(o.First, o.Last+1, 180) {
		reads += c.Reads
	}
	if events != all || reads != 10*(3000-429) {
		t.Errorf("%d events, %d reads", events, reads)
	}
	if e := NewOverview(nil); e.Events != 0 || len(e.Cells(0, 10, 3)) != 3 {
		t.Error("nothing is something")
	}
}

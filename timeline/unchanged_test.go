package timeline

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"evviz/trace"
)

// grown hands pictures of made-up traces to each as they grow, whatever comes in between: late events, gaps, blocks that were forgotten, a present that
// goes on alone. All pictures of one seed are drawn over one window, in n cells.
func grown(seeds, stream uint64, events int, each func(seed uint64, s *Snapshot, t0, t1 int64, n int)) {
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, stream))
		evs := eventsOf(r.Uint64, events)
		last := evs[len(evs)-1].Time
		most := []int{700, 3000, 1 << 20}[seed%3]
		tl := New(Options{Info: trace.Info{Kinds: trace.AllKinds(), Timed: true, Live: seed%2 == 0}, MaxMarks: most, MaxEvents: 1000})
		t0 := evs[0].Time + r.Int64N(last-evs[0].Time)/2
		t1 := t0 + 1 + r.Int64N(last-t0)
		n := 1 + r.IntN(90)
		for len(evs) > 0 {
			k := min(len(evs), 1+r.IntN(60))
			tl.Add(evs[:k])
			now := evs[k-1].Time + r.Int64N(3000)
			evs = evs[k:]
			each(seed, tl.Snapshot(now), t0, t1, n)
		}
	}
}

// spared counts how many of n cells over [t0, t1) end before a moment.
func spared(t0, t1 int64, n int, same int64) (k int) {
	for i := range n {
		if edge(t0, t1, i+1, n) <= same {
			k++
		}
	}
	return k
}

// TestUpdatedCells: cells of a loop that are brought up to date are those that are drawn anew.
func TestUpdatedCells(t *testing.T) {
	type drawn struct {
		loop  *LoopLane
		cells []LoopCell
	}
	old := map[[2]uint64]*drawn{}
	kept, all := 0, 0
	grown(24, 1, 6000, func(seed uint64, s *Snapshot, t0, t1 int64, n int) {
		for _, l := range s.Loops {
			fresh, id := l.Cells(t0, t1, n), [2]uint64{seed, uint64(l.Stream)}
			d := old[id]
			if d == nil {
				old[id] = &drawn{l, fresh}
				continue
			}
			kept, all = kept+spared(t0, t1, n, l.sameBefore(d.loop)), all+n
			l.UpdateCells(d.cells, d.loop, t0, t1)
			d.loop = l
			if !reflect.DeepEqual(d.cells, fresh) {
				t.Fatalf("seed %d: cells are %+v, drawn anew %+v", seed, d.cells, fresh)
			}
		}
	})
	if kept < all/3 {
		t.Errorf("%d of %d cells spared", kept, all)
	}
}

// TestUpdatedLanes: the same of lanes, with what is in service and what waits to be sent.
func TestUpdatedLanes(t *testing.T) {
	type drawn struct {
		lane   *Lane
		cells  []Cell
		shares []Shares
	}
	old := map[[2]uint64]*drawn{}
	kept, all := 0, 0
	grown(9, 2, 1500, func(seed uint64, s *Snapshot, t0, t1 int64, n int) {
		for _, l := range s.Lanes {
			fresh, shares, id := l.Cells(t0, t1, n), l.AppendShares(nil, t0, t1, n), [2]uint64{seed, uint64(l.ID)}
			d := old[id]
			if d == nil {
				old[id] = &drawn{l, fresh, shares}
				continue
			}
			kept, all = kept+spared(t0, t1, n, l.sameBefore(d.lane)), all+n
			l.UpdateCells(d.cells, d.shares, d.lane, t0, t1)
			d.lane = l
			if !reflect.DeepEqual(d.cells, fresh) || !slices.Equal(d.shares, shares) {
				t.Fatalf("seed %d, lane %d: cells are %+v, drawn anew %+v; shares %v, anew %v", seed, l.ID, d.cells, fresh, d.shares, shares)
			}
		}
	})
	if kept < all/3 {
		t.Errorf("%d of %d cells spared", kept, all)
	}
}

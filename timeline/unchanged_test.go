package timeline

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"evviz/trace"
)

// TestUpdatedCells: cells that are brought up to date are those that are drawn anew, whatever came in between: late events,
// gaps, blocks that were forgotten, a present that goes on alone.
func TestUpdatedCells(t *testing.T) {
	spared, all := 0, 0
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 1))
		evs := eventsOf(r.Uint64, 6000)
		last := evs[len(evs)-1].Time
		most := []int{700, 3000, 1 << 20}[seed%3]
		tl := New(Options{Info: trace.Info{Kinds: trace.AllKinds(), Timed: true, Live: seed%2 == 0}, MaxMarks: most, MaxEvents: 1000})
		t0 := evs[0].Time + r.Int64N(last-evs[0].Time)/2
		t1 := t0 + 1 + r.Int64N(last-t0)
		n := 1 + r.IntN(90)
		type drawn struct {
			loop  *LoopLane
			cells []LoopCell
		}
		old := map[uint32]*drawn{}
		for len(evs) > 0 {
			k := min(len(evs), 1+r.IntN(60))
			tl.Add(evs[:k])
			now := evs[k-1].Time + r.Int64N(3000)
			evs = evs[k:]
			s := tl.Snapshot(now)
			for _, l := range s.Loops {
				fresh := l.Cells(t0, t1, n)
				d := old[l.Stream]
				if d == nil {
					old[l.Stream] = &drawn{l, fresh}
					continue
				}
				same := l.sameBefore(d.loop)
				l.UpdateCells(d.cells, d.loop, t0, t1)
				d.loop = l
				for i := range fresh {
					all++
					if edge(t0, t1, i+1, n) <= same {
						spared++
					}
					if !reflect.DeepEqual(d.cells[i], fresh[i]) {
						t.Fatalf("seed %d: cell %d of %d is %+v, drawn anew %+v", seed, i, n, d.cells[i], fresh[i])
					}
				}
			}
		}
	}
	if spared < all/3 {
		t.Errorf("%d of %d cells spared", spared, all)
	}
}

// TestUpdatedLanes: the same of lanes, with what is in service and what waits to be sent.
func TestUpdatedLanes(t *testing.T) {
	spared, all := 0, 0
	for seed := range uint64(9) {
		r := rand.New(rand.NewPCG(seed, 2))
		evs := eventsOf(r.Uint64, 1500)
		last := evs[len(evs)-1].Time
		most := []int{700, 3000, 1 << 20}[seed%3]
		tl := New(Options{Info: trace.Info{Kinds: trace.AllKinds(), Timed: true, Live: seed%2 == 0}, MaxMarks: most, MaxEvents: 1000})
		t0 := evs[0].Time + r.Int64N(last-evs[0].Time)/2
		t1 := t0 + 1 + r.Int64N(last-t0)
		n := 1 + r.IntN(90)
		type drawn struct {
			lane   *Lane
			cells  []Cell
			shares []Shares
		}
		old := map[int64]*drawn{}
		for len(evs) > 0 {
			k := min(len(evs), 1+r.IntN(60))
			tl.Add(evs[:k])
			now := evs[k-1].Time + r.Int64N(3000)
			evs = evs[k:]
			s := tl.Snapshot(now)
			for _, l := range s.Lanes {
				fresh, shares := l.Cells(t0, t1, n), l.AppendShares(nil, t0, t1, n)
				d := old[l.ID]
				if d == nil {
					old[l.ID] = &drawn{l, fresh, shares}
					continue
				}
				same := l.sameBefore(d.lane)
				l.UpdateCells(d.cells, d.shares, d.lane, t0, t1)
				d.lane = l
				for i := range fresh {
					all++
					if edge(t0, t1, i+1, n) <= same {
						spared++
					}
					if !reflect.DeepEqual(d.cells[i], fresh[i]) {
						t.Fatalf("seed %d: lane %d, cell %d of %d is %+v, drawn anew %+v", seed, l.ID, i, n, d.cells[i], fresh[i])
					}
					if d.shares[i] != shares[i] {
						t.Fatalf("seed %d: lane %d, shares %d of %d are %+v, drawn anew %+v", seed, l.ID, i, n, d.shares[i], shares[i])
					}
				}
			}
		}
	}
	if spared < all/3 {
		t.Errorf("%d of %d cells spared", spared, all)
	}
}

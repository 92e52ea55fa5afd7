package timeline

import (
	"math"
	"sort"
)

// What did not change from one snapshot to the next
//
// Of a loop that runs, one picture differs from the picture before only at its end. Both share the blocks that lie before
// (marks.go), so two pictures can be held against each other without a look into the blocks: the same block holds the same
// marks, and the last one has at most grown. Cells that end before the first difference need not be computed again.

// always is a moment after everything; never one before everything.
const (
	always = int64(math.MaxInt64)
	never  = int64(math.MinInt64)
)

// sameBefore is the moment before which v and an earlier view of the same store hold the same marks.
func (v *markView) sameBefore(old *markView) int64 {
	n := len(old.blocks)
	if len(v.points) != len(old.points) || len(v.blocks) < n || n == 0 {
		return never // old blocks were forgotten, or there were none
	}
	if p := len(v.points); p > 0 && (v.points[0] != old.points[0] || v.points[p-1] != old.points[p-1]) {
		return never
	}
	if &v.blocks[0] != &old.blocks[0] { // the list has been moved; a late mark replaces blocks in the new one
		for i, b := range old.blocks {
			if v.blocks[i] != b {
				return min(v.blocks[i].first, b.first)
			}
		}
	}
	if b := v.marks(n - 1); len(b) > len(old.tail) {
		return b[len(old.tail)].t
	}
	if n < len(v.blocks) {
		return v.blocks[n].first
	}
	return always
}

// sameBefore is the moment before which v and an earlier view of the same store tell the same. Turns that were open may have
// been settled otherwise, and what was open lasted until then.
func (v *stateView) sameBefore(old *stateView) int64 {
	n := len(old.blocks)
	if len(v.points) != len(old.points) || len(v.blocks) < n {
		return never
	}
	if p := len(v.points); p > 0 && (v.points[0] != old.points[0] || v.points[p-1] != old.points[p-1]) {
		return never
	}
	if n > 0 && &v.blocks[0] != &old.blocks[0] {
		for i, b := range old.blocks {
			if v.blocks[i] != b {
				return never
			}
		}
	}
	same := old.now
	if old.nopen > 0 {
		same = min(same, old.open[0].t)
	}
	if n == 0 && len(v.blocks) > 0 {
		same = min(same, v.blocks[0].first)
	}
	return same
}

// sameBefore is the moment before which l is what old, an earlier picture of the same loop, was.
func (l *LoopLane) sameBefore(old *LoopLane) int64 {
	if l.Stream != old.Stream || len(l.gaps) < len(old.gaps) {
		return never
	}
	same := min(l.counts.sameBefore(&old.counts), l.states.sameBefore(&old.states))
	for _, t := range l.gaps[len(old.gaps):] {
		same = min(same, t)
	}
	return same
}

// UpdateCells brings cells up to date that were drawn over [t0, t1) of old, an earlier picture of the same loop. The cost
// follows what has changed.
func (l *LoopLane) UpdateCells(cells []LoopCell, old *LoopLane, t0, t1 int64) {
	n := len(cells)
	if n == 0 || t1 <= t0 {
		return
	}
	same := l.sameBefore(old)
	l.fill(cells, t0, t1, sort.Search(n, func(i int) bool { return edge(t0, t1, i+1, n) > same }))
}

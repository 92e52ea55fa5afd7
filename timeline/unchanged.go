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

// samePoints says whether nothing was forgotten between an earlier list of points and v: they are added at the end, or thinned.
func samePoints[P comparable](v, old []P) bool {
	n := len(v)
	return n == len(old) && (n == 0 || v[0] == old[0] && v[n-1] == old[n-1])
}

// sameBlocks is how many blocks at the beginning of an earlier list are in v, too, which is not shorter. A list that has not been
// moved holds what it held; a late mark replaces blocks in a new one.
func sameBlocks[B any](v, old []*B) int {
	if len(old) == 0 || &v[0] == &old[0] {
		return len(old)
	}
	for i, b := range old {
		if v[i] != b {
			return i
		}
	}
	return len(old)
}

// sameBefore is the moment before which v and an earlier view of the same store hold the same marks.
func (v *markView) sameBefore(old *markView) int64 {
	n := len(old.blocks)
	if n == 0 || len(v.blocks) < n || !samePoints(v.points, old.points) {
		return never // there were no blocks, or some were forgotten
	}
	if i := sameBlocks(v.blocks, old.blocks); i < n {
		return min(v.blocks[i].first, old.blocks[i].first)
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
	if len(v.blocks) < n || !samePoints(v.points, old.points) {
		return never
	}
	if sameBlocks(v.blocks, old.blocks) < n {
		return never
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

// sameBefore is the moment before which v and an earlier view of the same store cover the same. What was open then may have ended otherwise.
func (v *barView) sameBefore(old *barView) int64 {
	n := len(old.spans)
	if len(v.spans) < n || !samePoints(v.points, old.points) || n > 0 && (v.spans[0] != old.spans[0] || v.spans[n-1] != old.spans[n-1]) {
		return never // some were forgotten
	}
	same := always
	if old.nopen > 0 {
		same = old.open[0].start
	}
	if v.len() > n {
		same = min(same, v.at(n).start)
	}
	return same
}

// sameBefore is the moment before which l is what old, an earlier picture of the same lane, was.
func (l *Lane) sameBefore(old *Lane) int64 {
	k := len(old.levels)
	if l.ID != old.ID || l.Opened != old.Opened || old.Closed != 0 && l.Closed != old.Closed || len(l.gaps) < len(old.gaps) || len(l.trigger) < len(old.trigger) ||
		len(old.gaps) > 0 && l.gaps[0] != old.gaps[0] || len(old.trigger) > 0 && l.trigger[0] != old.trigger[0] ||
		len(l.levels) < k || k > 0 && (l.levels[0] != old.levels[0] || l.levels[k-1] != old.levels[k-1]) {
		return never
	}
	same := min(l.marks.sameBefore(&old.marks), l.bars.sameBefore(&old.bars))
	if old.Closed == 0 && l.Closed != 0 {
		same = min(same, l.Closed)
	}
	if len(l.levels) > k {
		same = min(same, l.levels[k].t)
	}
	for _, t := range l.gaps[len(old.gaps):] {
		same = min(same, t)
	}
	for _, x := range l.trigger[len(old.trigger):] {
		same = min(same, x.t)
	}
	return same
}

// UpdateCells brings cells and shares up to date that were drawn over [t0, t1) of old, an earlier picture of the same lane. The cost follows what
// has changed.
func (l *Lane) UpdateCells(cells []Cell, shares []Shares, old *Lane, t0, t1 int64) {
	n := len(cells)
	if n == 0 || t1 <= t0 {
		return
	}
	from := func(same int64) int {
		return sort.Search(n, func(i int) bool { return edge(t0, t1, i+1, n) > same })
	}
	l.fill(cells, t0, t1, n, from(l.sameBefore(old)))
	if l.ID != old.ID {
		l.fillShares(shares, t0, t1, n, 0)
		return
	}
	l.fillShares(shares, t0, t1, n, from(min(l.service.sameBefore(&old.service), l.output.sameBefore(&old.output))))
}

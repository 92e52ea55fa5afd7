package tui

import (
	"cmp"
	"slices"

	"evviz/timeline"
)

// laneOrder is how the lanes are sorted.
type laneOrder int

// The orders. Listeners stay first in all but the last two.
const (
	byAge laneOrder = iota
	byActivity
	byFD
	byFindings
	laneOrders
)

var orderNames = [laneOrders]string{"age", "activity", "descriptor", "findings"}

// sort sorts a list that is the caller's own. The orders are stable, so that equal lanes do not dance.
func (c *laneOptions) sort(f *frame, lanes []*timeline.Lane) {
	var by func(a, b *timeline.Lane) int
	switch c.sorted {
	case byActivity:
		_, t1 := f.seen()
		by = func(a, b *timeline.Lane) int { return -cmp.Compare(min(a.LastActivity, t1), min(b.LastActivity, t1)) }
	case byFD:
		by = func(a, b *timeline.Lane) int { return cmp.Or(cmp.Compare(a.FD, b.FD), cmp.Compare(a.ID, b.ID)) }
	case byFindings:
		weight := map[int64]int{}
		for i, x := range f.found {
			if _, ok := weight[x.Lane]; !ok {
				weight[x.Lane] = len(f.found) - i
			}
		}
		by = func(a, b *timeline.Lane) int { return -cmp.Compare(weight[a.ID], weight[b.ID]) }
	default:
		return
	}
	slices.SortStableFunc(lanes, by)
}

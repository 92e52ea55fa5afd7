package tui

import "evviz/timeline"

// sort sorts a list that is the caller's own.
func (c *laneOptions) sort(f *frame, lanes []*timeline.Lane) {
	_, now := f.seen()
	var weights map[int64]int
	c.sorted.Sort(lanes, now, func(id int64) int {
		if weights == nil {
			weights = f.weights()
		}
		return weights[id]
	})
}

// weights is how much was found of each lane: the more, the earlier its weightiest finding stands in the list.
func (f *frame) weights() map[int64]int {
	weights := map[int64]int{}
	for i, x := range f.found {
		if _, ok := weights[x.Lane]; !ok {
			weights[x.Lane] = len(f.found) - i
		}
	}
	return weights
}

package timeline

import (
	"sort"

	"evviz/trace"
)

// Levels: how much waits on a lane, over time
//
// The ledger knows at some moments how many bytes wait (connections, for a listener): an arrival that was measured, a report
// with its unread bytes, a read that took a part. Each change is kept as a point, so that a view can draw a bar as high as
// what waits. Between two points it is as at the first; unknown is -1.
//
// The points of all lanes together are bounded (maxLevels); a lane that has more than its share forgets its older half, and
// what is older than its first point is unknown.

// levelPoint says how much waits from t on.
type levelPoint struct{ t, n int64 }

const (
	maxLevels     = 400_000 // points of all lanes together, 16 bytes each
	maxLaneLevels = 4_096
	minLaneLevels = 64
)

// levelled notes how much waits on the lane that the last event was about.
func (ls *laneSet) levelled(e *trace.Event) {
	l := ls.about
	if l == nil || ls.lean {
		return
	}
	ls.about = nil
	n := l.ledger
	switch {
	case l.since == 0 && n <= 0:
		n = 0
	case l.since != 0 && n == 0 && !l.ended:
		n = -1 // something is there, and nobody has said how much
	}
	if k := len(l.levels); k > 0 && l.levels[k-1].n == n || k == 0 && n <= 0 {
		return
	}
	share := min(max(maxLevels/(len(ls.all)+1), minLaneLevels), maxLaneLevels)
	if len(l.levels) >= share {
		l.levels = append(make([]levelPoint, 0, share), l.levels[len(l.levels)-share/2:]...)
	}
	at := e.Time
	if k := len(l.levels); k > 0 {
		at = max(at, l.levels[k-1].t)
	}
	l.levels = append(l.levels, levelPoint{at, n})
}

// fillLevels gives the cells in which data waits the most that waited in each, as far as it looks: the first few changes.
func (l *Lane) fillLevels(cells []Cell, edges []int64) {
	levels := l.levels
	i := sort.Search(len(levels), func(i int) bool { return levels[i].t >= edges[0] })
	for k := range cells {
		most := int64(-1)
		if i > 0 {
			most = levels[i-1].n
		}
		b := edges[k+1]
		for end := i + 64; i < len(levels) && levels[i].t < b; i++ {
			if i == end { // a cell that holds many changes shows the most of the first few
				i += sort.Search(len(levels)-i, func(n int) bool { return levels[i+n].t >= b })
				break
			}
			most = max(most, levels[i].n)
		}
		if c := &cells[k]; c.Cover > 0 {
			c.Level = most
		} else {
			c.Level = -1
		}
	}
}

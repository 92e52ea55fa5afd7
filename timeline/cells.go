package timeline

import (
	"slices"
	"sort"

	"evviz/trace"
)

// Cell is what a lane did during one cell of the screen.
type Cell struct {
	Counts   [MarkCount]uint32 // every mark in it; the sum over the cells is the number of marks in the window
	Top      Mark              // the one to show: highest precedence, not the last
	Cover    float32           // share of the cell during which data waited
	Since    int64             // arrival of what waits at the end of the covered part; 0: nothing waits in this cell
	Oldest   int64             // the greatest age that anything unread reaches in it, ns; what merges two cells has the greater of theirs
	Stranded bool              // ... and nobody will be told of it
	Level    int64             // the most that waited while something did, bytes (a listener: connections); -1 unknown, or nothing waits
	Trigger  uint32            // trace.Trigger*, at the end of the cell
	Alive    bool              // the lane existed; true beyond Snapshot.Now for an open lane
	Lost     bool              // events are missing here
}

// edge is the left edge of cell i of n cells over [t0, t1).
func edge(t0, t1 int64, i, n int) int64 {
	d := t1 - t0
	return t0 + d/int64(n)*int64(i) + d%int64(n)*int64(i)/int64(n)
}

// Cells draws [t0, t1) in n cells of equal width. The cost follows n, not the number of marks.
func (l *Lane) Cells(t0, t1 int64, n int) []Cell { return l.AppendCells(nil, t0, t1, n) }

// AppendCells is Cells into a slice that is used again.
func (l *Lane) AppendCells(dst []Cell, t0, t1 int64, n int) []Cell {
	if n <= 0 || t1 <= t0 {
		return dst
	}
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	cells := dst[at:]
	l.fill(cells, t0, t1, n, 0)
	return dst
}

// fill computes the cells of [t0, t1), n of them, from one of them on.
func (l *Lane) fill(cells []Cell, t0, t1 int64, n, from int) {
	if from >= n {
		return
	}
	cells = cells[from:]
	clear(cells)
	var few [512]int64 // the edges; a screen is rarely wider
	edges := few[:0]
	for i := from; i <= n; i++ {
		edges = append(edges, edge(t0, t1, i, n))
	}
	t0 = edges[0]
	l.fillMarks(cells, edges)
	l.fillBars(cells, edges)
	l.fillLevels(cells, edges)
	gap := sort.Search(len(l.gaps), func(i int) bool { return l.gaps[i] >= t0 })
	turn := sort.Search(len(l.trigger), func(i int) bool { return l.trigger[i].t >= t0 })
	for i := range cells {
		a, b := edges[i], edges[i+1]
		c := &cells[i]
		c.Alive = b > l.Opened && (l.Closed == 0 || a <= l.Closed)
		for turn < len(l.trigger) && l.trigger[turn].t < b {
			turn++
		}
		if turn > 0 && c.Alive {
			c.Trigger = l.trigger[turn-1].trigger
		}
		for gap < len(l.gaps) && l.gaps[gap] < b {
			c.Lost = c.Lost || c.Alive
			gap++
		}
	}
}

func (l *Lane) fillMarks(cells []Cell, edges []int64) {
	cur := markCursor{v: &l.marks}
	cur.seek(edges[0])
	for i := range cells {
		if cur.done() {
			return
		}
		c := &cells[i]
		c.Top = topOf(cur.nextMarks(edges[i+1], &c.Counts))
	}
}

func (l *Lane) fillBars(cells []Cell, edges []int64) {
	v := &l.bars
	if v.len() == 0 && len(v.points) == 0 {
		return
	}
	before := v.cover(edges[0])
	next := sort.Search(v.len(), func(i int) bool { return v.at(i).start >= edges[0] })
	for i := range cells {
		a, b := edges[i], edges[i+1]
		first := next
		if first > 0 && v.at(first-1).end > a {
			first-- // it goes on from the cell before
		}
		next = v.after(next, b)
		var s *span // the youngest that begins before the right edge
		to := before
		if next > 0 {
			s = v.at(next - 1)
			to = s.before + min(b, s.end) - s.start
		} else {
			to = v.cover(b)
		}
		if to > before && b > a {
			c := &cells[i]
			c.Cover = float32(float64(to-before) / float64(b-a))
			if s != nil && s.end > a {
				c.Since, c.Stranded = s.since, s.stranded
			}
			if first < next {
				c.Oldest = max(v.oldest(first, next-1), min(v.at(next-1).end, b)-v.at(next-1).since)
			}
		}
		before = to
	}
}

// Window is what a lane did in [t0, t1).
func (l *Lane) Window(t0, t1 int64) LaneWindow {
	var d tally
	l.marks.window(t0, t1, &d)
	w := LaneWindow{BytesIn: int64(d.sum[sumIn]), BytesOut: int64(d.sum[sumOut])}
	copy(w.Counts[:], d.n[:MarkCount])
	if l.bars.len() > 0 || len(l.bars.points) > 0 {
		w.Waited = l.bars.cover(t1) - l.bars.cover(t0)
		w.Longest = l.bars.longest(t0, t1)
	}
	return w
}

// LaneWindow counts what a lane did in a window.
type LaneWindow struct {
	Counts            [MarkCount]uint32
	BytesIn, BytesOut int64
	Waited            int64 // ns during which data waited
	Longest           int64 // longest wait that touches the window, from its arrival, ns
}

// WaitedIn reports whether data waited at some time in [t0, t1).
func (l *Lane) WaitedIn(t0, t1 int64) bool { return l.bars.lastIn(t0, t1) != nil }

// TriggerAt is how the lane was registered at t.
func (l *Lane) TriggerAt(t int64) uint32 {
	i := sort.Search(len(l.trigger), func(i int) bool { return l.trigger[i].t > t })
	if i == 0 {
		return trace.TriggerNone
	}
	return l.trigger[i-1].trigger
}

// WaitingAt tells whether data waited at t, since when, and whether it was stranded.
func (l *Lane) WaitingAt(t int64) (since int64, stranded, ok bool) {
	s := l.bars.lastIn(t, t+1)
	if s == nil {
		return 0, false, false
	}
	return s.since, s.stranded, true
}

// LoopCell is what a loop did during one cell.
type LoopCell struct {
	Dur      Durations // time per state, ns
	Wakeups  uint32
	Reports  uint32
	Renotify uint32
	Rounds   uint32
	Eagain   uint32
	Top      LoopState // the one to show: see below
	Lost     bool
}

// Cells draws [t0, t1) of a loop in n cells. A cell in which the loop woke shows its work, however short: re-notified when
// at least half of its reports told what was known, working otherwise. A cell in which nothing happened shows the state
// that lasted longest.
func (l *LoopLane) Cells(t0, t1 int64, n int) []LoopCell {
	if n <= 0 || t1 <= t0 {
		return nil
	}
	cells := make([]LoopCell, n)
	l.fill(cells, t0, t1, 0)
	return cells
}

// fill computes the cells from one on; those before it are right.
func (l *LoopLane) fill(cells []LoopCell, t0, t1 int64, from int) {
	n := len(cells)
	begin := edge(t0, t1, from, n)
	cur := markCursor{v: &l.counts}
	cur.seek(begin)
	before := l.states.upTo(begin)
	gap := sort.Search(len(l.gaps), func(i int) bool { return l.gaps[i] >= begin })
	var d tally
	for i := from; i < n; i++ {
		c := &cells[i]
		*c = LoopCell{}
		b := edge(t0, t1, i+1, n)
		if !cur.done() {
			d = tally{}
			cur.next(b, &d)
			c.Wakeups, c.Reports, c.Renotify, c.Rounds = d.n[cntWakeup], d.n[MarkReport], d.n[MarkRenotify], d.n[cntRound]
			c.Eagain = d.n[MarkReadAgain] + d.n[MarkWriteAgain] + d.n[MarkAcceptAgain]
		}
		to := l.states.upTo(b)
		longest := LoopUnknown
		for s := range c.Dur {
			c.Dur[s] = to[s] - before[s]
			if c.Dur[s] > c.Dur[longest] {
				longest = LoopState(s)
			}
		}
		before = to
		for gap < len(l.gaps) && l.gaps[gap] < b {
			c.Lost = true
			gap++
		}
		switch {
		case c.Reports > 0 && 2*c.Renotify >= c.Reports:
			c.Top = LoopRenotified
		case c.Wakeups > 0 || c.Rounds > 0:
			c.Top = LoopWorking
		default:
			c.Top = longest
		}
	}
}

// StateAt is what the loop did at t.
func (l *LoopLane) StateAt(t int64) LoopState { return l.states.stateAt(t) }

package tui

import "evviz/timeline"

// Most lanes are in one frame what they were in the last: nothing has happened on them, and the window moves on in steps
// (stepsPerSpan). A lane of a snapshot is immutable and keeps its address while nothing changes, so what was computed of it
// for a window still holds. This is what makes a frame in which little has changed cheap, and one with ten thousand idle
// connections possible at all.

// cellCache keeps the cells of lanes for one window.
type cellCache struct {
	t0, t1 int64
	n      int
	lanes  map[int64]*cachedLane
	loops  map[loopKey]*cachedLoop
}

type cachedLane struct {
	lane   *timeline.Lane // what it is about
	old    *timeline.Lane // an earlier picture of it, of which the cells are; nil: there are none
	cells  []timeline.Cell
	shares []timeline.Shares
	hasAll bool // cells are there
	active bool // something happened on it in the window
}

// loopKey is a loop, drawn in so many cells.
type loopKey struct {
	stream uint32
	n      int
}

type cachedLoop struct {
	loop  *timeline.LoopLane
	cells []timeline.LoopCell
}

// forWindow forgets what belongs to another window.
func (c *cellCache) forWindow(t0, t1 int64, n int) {
	if c.t0 != t0 || c.t1 != t1 || c.n != n || c.lanes == nil || len(c.lanes) > 100_000 {
		c.t0, c.t1, c.n = t0, t1, n
		if c.lanes == nil || len(c.lanes) > 1000 {
			c.lanes = map[int64]*cachedLane{}
		}
		for _, l := range c.lanes { // the slices are used again
			l.lane, l.old, l.hasAll = nil, nil, false
		}
		clear(c.loops)
	}
}

func (c *cellCache) of(l *timeline.Lane) *cachedLane {
	x := c.lanes[l.ID]
	if x == nil {
		x = &cachedLane{}
		c.lanes[l.ID] = x
	}
	if x.lane != l {
		if x.hasAll {
			x.old = x.lane
		}
		x.lane, x.hasAll = l, false
		x.active = activeIn(l, c.t0, c.t1)
	}
	return x
}

// cells are a lane's cells in the frame's window. They are the cache's: the caller does not change them.
func (c *cellCache) cells(f *frame, l *timeline.Lane) []timeline.Cell {
	c.forWindow(f.t0, f.t1, f.cells())
	x := c.of(l)
	switch {
	case x.hasAll:
	case x.old != nil:
		l.UpdateCells(x.cells, x.shares, x.old, f.t0, f.t1)
		x.old, x.hasAll = nil, true
	default:
		x.cells = l.AppendCells(x.cells[:0], f.t0, f.t1, c.n)
		x.shares = l.AppendShares(x.shares[:0], f.t0, f.t1, c.n)
		x.hasAll = true
	}
	return x.cells
}

// shares are a lane's requests in service and unsent output in the frame's window. They are the cache's, as its cells are.
func (c *cellCache) shares(f *frame, l *timeline.Lane) []timeline.Shares {
	c.cells(f, l)
	return c.of(l).shares
}

// active reports whether anything happened on a lane in the frame's window.
func (c *cellCache) active(f *frame, l *timeline.Lane) bool {
	c.forWindow(f.t0, f.t1, f.cells())
	return c.of(l).active
}

// loop is a loop's cells in the frame's window, n of them. They are the cache's: the caller does not change them.
func (c *cellCache) loop(f *frame, l *timeline.LoopLane, n int) []timeline.LoopCell {
	c.forWindow(f.t0, f.t1, f.cells())
	k := loopKey{l.Stream, n}
	x := c.loops[k]
	switch {
	case x == nil:
		if c.loops == nil {
			c.loops = map[loopKey]*cachedLoop{}
		}
		x = &cachedLoop{l, l.Cells(f.t0, f.t1, n)}
		c.loops[k] = x
	case x.loop != l:
		l.UpdateCells(x.cells, x.loop, f.t0, f.t1)
		x.loop = l
	}
	return x.cells
}

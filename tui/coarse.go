package tui

import (
	"slices"

	"evviz/timeline"
)

// What is not held is drawn from the recording's own summaries
//
// A replay holds what it has folded: from where it was sought to, up to where it has come. The rest of a window, before and
// after, is drawn from the summaries at the ends of the file's chunks (timeline.Overview): how much happened on which
// descriptor, spread evenly over the second or so that a chunk takes. It is drawn as shades in the colour of what matters
// less, so that nobody takes it for the sharp picture; the honesty line says so. A descriptor number that has no lane in
// what is held gets a row of shades alone.

// coarse is the overview as one frame needs it.
type coarse struct {
	over   *timeline.Overview
	before int64             // up to here it is drawn from the overview
	after  int64             // and from here on
	tables map[uint32]uint32 // descriptor tables of the loops, by stream
}

// overviews has the coarse picture of the source read.
type overviews struct {
	src   *source
	start func(func())
	asked bool // it was asked for
	drawn bool // a frame was drawn
}

// of is what is drawn from the overview in a frame, nil when there is none or it is not needed for the window. The first call has the
// overview read beside the screen.
func (o *overviews) of(f *frame) *coarse {
	s := f.snap
	if s.Info.Live || f.t0 >= s.Begin && f.t1 <= s.Now {
		return nil
	}
	if f.t0 >= s.Begin && s.Now >= o.src.last(s) {
		return nil
	}
	over, ready := o.src.feed.OverviewNow()
	if !ready && !o.asked {
		o.asked = true
		feed := o.src.feed
		if o.drawn { // the first frame waits for it: that is what it is for
			o.start(func() { feed.Overview() })
			return nil
		}
		over = feed.Overview()
	}
	if over == nil {
		return nil
	}
	c := &coarse{over: over, before: s.Begin, after: s.Now, tables: map[uint32]uint32{}}
	for _, l := range s.Loops {
		c.tables[l.Stream] = l.Table
	}
	return c
}

// drawn reports whether a moment is drawn from the overview.
func (c *coarse) drawn(t int64) bool { return c != nil && (t < c.before || t >= c.after) }

// number is a descriptor's number in a table, by which the overview knows it.
type number struct {
	table uint32 // 0 unknown
	fd    int32
}

// of is the number that a lane of the overview is about; ok is false when no loop's thread has it.
func (c *coarse) of(l *timeline.OverviewLane) (n number, ok bool) {
	table, loop := c.tables[l.Stream]
	return number{table, l.FD}, l.FD >= 0 && (loop || len(c.tables) == 0)
}

// process is whose a number is where there are several processes, 0 elsewhere.
func (c *coarse) process(n number) uint32 {
	for _, t := range c.tables {
		if t != n.table && t != 0 && n.table != 0 {
			return n.table
		}
	}
	return 0
}

// means reports whether two numbers may be the same.
func (n number) means(o number) bool {
	return n.fd == o.fd && (n.table == 0 || o.table == 0 || n.table == o.table)
}

// lanes are the rows of the overview for a descriptor number: one for each thread of its process that touched it.
func (c *coarse) lanes(n number) (out []*timeline.OverviewLane) {
	for _, l := range c.over.Lanes {
		if o, ok := c.of(l); ok && o.means(n) {
			out = append(out, l)
		}
	}
	return out
}

// strangers are the descriptor numbers with activity in the part of the window that is not held, and without a lane.
func (c *coarse) strangers(f *frame) (out []number) {
	if c == nil {
		return nil
	}
	var cells []timeline.OverviewCell
	known := map[int32][]number{}
	for _, l := range f.snap.Lanes {
		if l.Closed == 0 { // another one may have the number of one that is closed
			known[l.FD] = append(known[l.FD], number{l.Table, l.FD})
		}
	}
	for _, l := range c.over.Lanes {
		n, ok := c.of(l)
		if !ok || l.Last < f.t0 || l.First >= f.t1 || slices.ContainsFunc(known[n.fd], n.means) || !c.shows(f, l, &cells) {
			continue
		}
		known[n.fd] = append(known[n.fd], n)
		out = append(out, n)
	}
	return out
}

// shows reports whether a row of the overview has anything to show in the part of the window that is not held. cells is memory.
func (c *coarse) shows(f *frame, l *timeline.OverviewLane, cells *[]timeline.OverviewCell) bool {
	*cells = l.AppendCells((*cells)[:0], f.t0, f.t1, f.cells())
	for i, cell := range *cells {
		if cell.Events > 0 && c.drawn(f.moment(i)) && c.drawn(f.moment(i+1)-1) {
			return true
		}
	}
	return false
}

// drawCoarse draws a row of shades in the columns that are not held. of is the lane whose row it is, nil for none: before it
// was opened and after it was closed its number meant something else.
func drawCoarse(sc *scene, p pane, y int, lanes []*timeline.OverviewLane, all bool, of *timeline.Lane) {
	c := sc.coarse
	if c == nil {
		return
	}
	n := sc.cells()
	sum := make([]int64, n)
	lost := make([]bool, n)
	add := func(cells []timeline.OverviewCell) {
		for i := range cells {
			sum[i] += cells[i].Events
			lost[i] = lost[i] || cells[i].Lost > 0
		}
	}
	if all {
		add(c.over.Cells(sc.t0, sc.t1, n))
	}
	for _, l := range lanes {
		add(l.Cells(sc.t0, sc.t1, n))
	}
	most := int64(1)
	for _, k := range sum {
		most = max(most, k)
	}
	for i, k := range sum {
		if !c.drawn(sc.moment(i)) || !c.drawn(sc.moment(i+1)-1) {
			continue
		}
		if of != nil && (of.Closed != 0 && sc.moment(i) > of.Closed || of.Opened > c.before && sc.moment(i+1) < of.Opened) {
			continue
		}
		switch {
		case lost[i]:
			p.set(sc.gutter()+i, y, '?', sc.theme.warn)
		case k > 0:
			p.set(sc.gutter()+i, y, sc.sym.Shade[1+step(uint32(min(k, 1<<31)), uint32(min(most, 1<<31)), len(sc.sym.Shade)-2)], sc.theme.waiting)
		}
	}
}

package tui

import (
	"time"

	"github.com/gdamore/tcell/v2"

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
	before int64 // up to here it is drawn from the overview
	after  int64 // and from here on
	loops  map[uint32]bool
}

// coarsely is what a screen knows of its overview.
type coarsely struct {
	overAsked, drawnOnce bool      // whether it was asked for; whether a frame was drawn
	onWay                time.Time // since when a replay is on its way to another place
}

// overview is the coarse picture of the source, nil when there is none or it is not needed for a window. The first call has
// it read beside the screen.
func (u *ui) overview(f *frame) *coarse {
	s := f.snap
	if u.half != nil || s.Info.Live || f.t0 >= s.Begin && f.t1 <= s.Now {
		return nil
	}
	last := u.lastMoment()
	if f.t0 >= s.Begin && s.Now >= last {
		return nil
	}
	o, ready := u.opt.Feed.OverviewNow()
	if !ready {
		if !u.overAsked {
			u.overAsked = true
			feed := u.opt.Feed
			if u.drawnOnce { // the first frame waits for it: that is what it is for
				u.opt.Go(func() { feed.Overview() })
				return nil
			}
			o = feed.Overview()
		}
	}
	if o == nil {
		return nil
	}
	c := &coarse{over: o, before: s.Begin, after: s.Now, loops: map[uint32]bool{}}
	for _, l := range s.Loops {
		c.loops[l.Stream] = true
	}
	return c
}

// drawn reports whether a moment is drawn from the overview.
func (c *coarse) drawn(t int64) bool { return c != nil && (t < c.before || t >= c.after) }

// lanes are the rows of the overview for a descriptor number: one for each thread that touched it.
func (c *coarse) lanes(fd int32) (out []*timeline.OverviewLane) {
	for _, l := range c.over.Lanes {
		if l.FD == fd && (len(c.loops) == 0 || c.loops[l.Stream]) {
			out = append(out, l)
		}
	}
	return out
}

// strangers are the descriptor numbers with activity in the part of the window that is not held, and without a lane.
func (c *coarse) strangers(f *frame) (out []int32) {
	if c == nil {
		return nil
	}
	known := map[int32]bool{}
	for _, l := range f.snap.Lanes {
		if l.Closed == 0 { // another one may have the number of one that is closed
			known[l.FD] = true
		}
	}
	for _, l := range c.over.Lanes {
		if l.FD < 0 || known[l.FD] || len(c.loops) > 0 && !c.loops[l.Stream] || l.Last < f.t0 || l.First >= f.t1 {
			continue
		}
		known[l.FD] = true
		out = append(out, l.FD)
	}
	return out
}

// drawCoarse draws a row of shades in the columns that are not held. of is the lane whose row it is, nil for none: before it
// was opened and after it was closed its number meant something else.
func (u *ui) drawCoarse(f *frame, p pane, y int, lanes []*timeline.OverviewLane, all bool, of *timeline.Lane) {
	c := f.coarse
	if c == nil {
		return
	}
	n := f.cells()
	sum := make([]int64, n)
	lost := make([]bool, n)
	add := func(cells []timeline.OverviewCell) {
		for i := range cells {
			sum[i] += cells[i].Events
			lost[i] = lost[i] || cells[i].Lost > 0
		}
	}
	if all {
		add(c.over.Cells(f.t0, f.t1, n))
	}
	for _, l := range lanes {
		add(l.Cells(f.t0, f.t1, n))
	}
	most := int64(1)
	for _, k := range sum {
		most = max(most, k)
	}
	for i, k := range sum {
		if !c.drawn(f.moment(i)) || !c.drawn(f.moment(i+1)-1) {
			continue
		}
		if of != nil && (of.Closed != 0 && f.moment(i) > of.Closed || of.Opened > c.before && f.moment(i+1) < of.Opened) {
			continue
		}
		switch {
		case lost[i]:
			p.set(f.gutter()+i, y, '?', u.theme.warn)
		case k > 0:
			p.set(f.gutter()+i, y, u.sym.shade[1+step(uint32(min(k, 1<<31)), uint32(min(most, 1<<31)), len(u.sym.shade)-2)], u.coarseStyle())
		}
	}
}

func (u *ui) coarseStyle() tcell.Style { return u.theme.waiting }

// seekingFor bounds how long the last picture stays while a replay is on its way to another place.
const seekingFor = 300 * time.Millisecond

// onItsWay reports whether a replay is being sought, so that what it holds is neither here nor there.
func (u *ui) onItsWay() bool {
	s, ok := u.seeker.(interface{ Seeking() bool })
	if !ok || !s.Seeking() || u.frame == nil || u.frame.small {
		u.onWay = time.Time{}
		return false
	}
	if u.onWay.IsZero() {
		u.onWay = time.Now()
	}
	return time.Since(u.onWay) < seekingFor
}

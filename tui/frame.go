package tui

import (
	"math"

	"evviz/diagnostics"
	"evviz/picture"
	"evviz/timeline"
)

// frame is a snapshot, the window of time that is shown of it, and what was found in it. It does not change while it is drawn.
type frame struct {
	snap     *timeline.Snapshot
	found    []*diagnostics.Finding
	problems []*diagnostics.Problem // the same by what they have in common, as they stand at the edge
	whole    bool                   // what was found is of the whole source, not only of what has been played
	t0, t1   int64                  // window; the right part may lie in the future
	live     bool
	w, h     int
	small    bool    // too small to draw
	coarse   *coarse // what draws the part of the window that is not held; nil all is
}

// The smallest screen that is drawn; below, one line says so.
const (
	minWidth  = 40
	minHeight = 10
)

// newFrame is a frame of a size that shows nothing yet.
func newFrame(w, h int) *frame { return &frame{w: w, h: h, small: w < minWidth || h < minHeight} }

// window sets what the frame shows: so much time up to its right edge.
func (f *frame) window(span, right int64) {
	f.t1 = max(right, math.MinInt64+span)
	f.t0 = f.t1 - span
}

// seen is the part of the window that has happened.
func (f *frame) seen() (t0, t1 int64) { return f.t0, min(f.t1, f.snap.Now) }

// edge is the right edge of the window, or the present where that lies within. What stands beside the picture, the mode, how a lane is
// registered, which findings there are, is what was true then.
func (f *frame) edge() int64 { return min(f.t1, f.snap.Now) }

// past reports whether the edge lies before the present.
func (f *frame) past() bool { return f.t1 < f.snap.Now }

// mode is how the loop ran at the edge.
func (f *frame) mode() timeline.Mode {
	if !f.past() {
		return f.snap.Mode
	}
	return f.snap.ModeAt(f.edge())
}

// gutter is how wide the labels left of the timeline are.
func (f *frame) gutter() int {
	switch {
	case f.w >= 140:
		return 31
	case f.w >= 100:
		return 25
	case f.w >= 60:
		return 17
	}
	return 12
}

// cells is how many columns the timeline has.
func (f *frame) cells() int { return max(f.w-f.gutter(), 1) }

// columns is the frame's window of time in cells.
func (f *frame) columns() picture.Window {
	w := picture.Window{T0: f.t0, T1: f.t1, Cells: f.cells()}
	if f.snap != nil {
		w.Now = f.snap.Now
		w.Order, w.UpToNext = !f.snap.Info.Timed, !lasting(f.snap)
	}
	return w
}

// column is where a moment lies, which may be outside.
func (f *frame) column(t int64) int {
	w := f.columns()
	return w.Column(t)
}

// moment is where a column of the timeline begins.
func (f *frame) moment(column int) int64 {
	w := f.columns()
	return w.Moment(column)
}

// findingOf is what a key stands for as it stands now, nil when it is not found any more.
func (f *frame) findingOf(k findingKey) *diagnostics.Finding {
	if k == (findingKey{}) {
		return nil
	}
	for _, x := range f.found {
		if keyOf(x) == k {
			return x
		}
	}
	return nil
}

// worst is the weightiest finding about a lane that touches the window.
func (f *frame) worst(lane int64) *diagnostics.Finding {
	for _, x := range f.found { // in order of weight
		if x.Lane == lane && lane != 0 && f.touches(x) {
			return x
		}
	}
	return nil
}

// touches reports whether what was found was true at some time in the window.
func (f *frame) touches(x *diagnostics.Finding) bool {
	return x.First <= f.edge() && (x.Last >= f.t0 || x.StageAt(f.snap, f.t0) == diagnostics.Now)
}

// counts is how many problems above info there are at the edge, and the worst severity of them.
func (f *frame) counts() (n int, worst diagnostics.Severity) {
	for _, p := range f.problems {
		if p.Stage == diagnostics.Now && p.Severity > diagnostics.Info {
			n++
			worst = max(worst, p.Severity)
		}
	}
	return n, worst
}

// eventAt is the index of the event that a cursor stands on: the one that was picked, or the last one up to the cursor's moment, or,
// without a cursor, the newest in the window.
func (f *frame) eventAt(cursor, picked int64) int64 {
	s := f.snap
	if cursor == 0 {
		_, t1 := f.seen()
		return s.EventAt(t1+1) - 1
	}
	if e, ok := s.Event(picked); ok && e.Time == cursor {
		return picked
	}
	return s.EventAt(cursor+1) - 1
}

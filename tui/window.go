package tui

import (
	"evviz/picture"
	"evviz/timeline"
)

// Moving through time
//
// The view is live (its right edge is the source's present) or frozen (a snapshot is held, and the right edge stands). A
// freeze never stops a recording; of a replay, which can wait, the source stands still instead. Every jump is announced, so
// that undo can go back (undo.go).

// viewport is which time is looked at.
type viewport struct {
	span   int64              // ns in the window
	frozen *timeline.Snapshot // nil: the view is live
	right  int64              // right edge while frozen
	cursor int64              // a moment that was picked; 0 none
	begin  int64              // a live window begins here until it is full; 0 at the first event
}

// window decides which time is shown, and moves it.
type window struct {
	viewport
	dragged bool     // the two were set with the mouse
	anchor  int64    // the other end of what is measured, the cursor being the one; 0 none
	round   [2]int64 // the range that a replay goes round in; 0 none

	scene    *scene // as it was drawn last
	src      *source
	excerpts *excerpts
	worker   *worker
	status   *status
	jumps    func() // is told before a jump
}

// stepsPerSpan is in how many steps the window moves on: a picture that scrolled by a cell with every frame would send
// every cell anew, and no eye could rest on it.
const stepsPerSpan = 8

// show makes the frame of a snapshot: the one that is frozen, or a new one.
func (w *window) show(snap *timeline.Snapshot, width, height int) *frame {
	f := newFrame(width, height)
	f.snap, f.live = snap, w.frozen == nil
	right := w.right
	if f.live {
		step := max(w.span/stepsPerSpan, 1)
		right = picture.Plus(picture.Plus(picture.Minus(snap.Now, snap.First)/step*step, step), snap.First)
		right = max(right, picture.Plus(max(snap.First, w.begin), w.span)) // the beginning stands still until the window is full
	}
	f.window(w.span, right)
	return f
}

// snapshot is what is to be shown: what is frozen, or the present.
func (w *window) snapshot() *timeline.Snapshot {
	if w.frozen != nil {
		return w.frozen
	}
	return w.src.feed.Snapshot()
}

// toggleFreeze stops taking snapshots, or takes them again. A replay stands still instead: its events can wait.
func (w *window) toggleFreeze() {
	if w.src.pauser != nil {
		if w.frozen != nil {
			w.thaw()
			w.src.pauser.Pause(false)
			return
		}
		w.src.pauser.Pause(!w.src.pauser.Paused())
		return
	}
	if w.frozen != nil {
		w.thaw()
		return
	}
	w.freeze()
}

func (w *window) freeze() {
	if f := w.scene.frame; w.frozen == nil && f != nil {
		w.frozen, w.right = f.snap, f.t1
	}
}

func (w *window) thaw() { w.frozen = nil }

// fit shows everything from the beginning.
func (w *window) fit() {
	f := w.scene.frame
	if f == nil {
		return
	}
	w.jumps()
	whole := max(picture.Minus(w.src.last(f.snap), f.snap.First), int64(LeastSpan))
	w.freeze()
	w.span = picture.Plus(whole, whole/50)
	if w.src.seeker == nil {
		w.span = min(w.span, maxSpan)
	}
	w.right = picture.Plus(f.snap.First, w.span)
	w.src.lookBack(w.span)
	w.readPast()
}

// sideways is Left and Right: they move the cursor when there is one, else the window.
func (w *window) sideways(dir int) {
	f := w.scene.frame
	if f == nil {
		return
	}
	if w.cursor == 0 {
		w.pan(dir)
		return
	}
	w.freeze()
	w.cursor = min(max(picture.Plus(w.cursor, int64(dir)*max(w.span/int64(f.cells()), 1)), f.snap.First), f.snap.Now)
	if w.cursor < f.t0 || w.cursor >= f.t1 {
		w.pan(dir)
	}
}

func (w *window) pan(dir int) { w.move(int64(dir) * (w.span / 8)) }

func (w *window) move(by int64) {
	f := w.scene.frame
	if f == nil {
		return
	}
	w.freeze()
	lo, hi := picture.Plus(f.snap.First, w.span/8), picture.Plus(w.src.last(f.snap), w.span/8)
	w.right = min(max(picture.Plus(w.right, by), lo), max(hi, lo))
	w.readPast()
}

// page moves by a screen; a replay seeks there, so that it plays on from that moment.
func (w *window) page(dir int) {
	if w.src.seeker != nil && w.frozen == nil {
		w.leap(picture.Plus(w.scene.snap.Now, int64(dir)*w.span))
		return
	}
	w.move(int64(dir) * w.span)
}

// goTo puts a moment into the middle of the window. A replay is taken there and stands still, so that everything else, what
// is registered and what is still to come, is as it was at that moment, too.
func (w *window) goTo(t int64) {
	if w.scene.frame == nil {
		return
	}
	w.jumps()
	if w.src.seeker != nil && w.src.pauser != nil {
		w.src.pauser.Pause(true)
		lo, hi := w.src.seeker.Bounds()
		w.seek(min(max(picture.Plus(t, w.span/2), picture.Plus(lo, w.span/stepsPerSpan)), hi))
		return
	}
	first := w.scene.snap.First
	w.freeze()
	w.right = max(picture.Plus(t, w.span/2), picture.Plus(first, w.span))
	w.readPast()
}

// leap is a seek to another place. A moment that was picked before lies elsewhere, and what follows the cursor (the turn of
// view 2, the list of events) would stay behind with it; two cursors stay, because what they measure or repeat is meant.
func (w *window) leap(t int64) {
	w.jumps()
	if w.anchor == 0 {
		w.cursor = 0
	}
	w.seek(t)
}

// seek makes a replay play on from a moment.
func (w *window) seek(t int64) {
	w.thaw()
	seeker := w.src.seeker
	lo, hi := seeker.Bounds()
	t = min(max(t, lo), hi)
	w.worker.do(func() (string, error) { return "", seeker.SeekTime(t) })
}

func (w *window) home() {
	if w.src.seeker != nil {
		lo, _ := w.src.seeker.Bounds()
		w.leap(lo)
		return
	}
	w.jumps()
	if f := w.scene.frame; f != nil {
		w.freeze()
		w.right = picture.Plus(f.snap.First, w.span)
		w.readPast()
	}
}

func (w *window) end() {
	if w.src.seeker != nil {
		_, hi := w.src.seeker.Bounds()
		w.leap(hi)
		return
	}
	w.jumps()
	w.cursor, w.anchor = 0, 0
	w.thaw()
}

// reveal moves the window so that a moment lies in it.
func (w *window) reveal(at int64) {
	t0 := w.right - w.span
	switch {
	case at < t0:
		w.right = max(at+w.span*3/4, w.scene.snap.First+w.span)
	case at >= w.right:
		w.right = at + w.span/4
	}
}

// pick puts the cursor on a moment of the window.
func (w *window) pick(at int64) {
	w.freeze()
	w.cursor = at
}

// toggleRound makes a replay go round between the two cursors, or no longer.
func (w *window) toggleRound() {
	if w.round != [2]int64{} {
		w.round = [2]int64{}
		w.status.say("plays on")
		return
	}
	if w.src.seeker == nil || w.anchor == 0 || w.cursor == 0 || w.anchor == w.cursor {
		w.status.say("L: set two cursors first, with v")
		return
	}
	w.round = [2]int64{min(w.anchor, w.cursor), max(w.anchor, w.cursor)}
	w.seek(w.round[0])
	if w.src.pauser != nil {
		w.src.pauser.Pause(false)
	}
	w.status.say("goes round: %s", measured(w.scene.snap, w.anchor, w.cursor))
}

// goRound takes a replay back to the beginning of its range. It is called once a frame.
func (w *window) goRound() {
	if w.round == [2]int64{} || w.frozen != nil || w.src.pauser == nil || w.src.pauser.Paused() {
		return
	}
	if p, ok := w.src.position(); ok && p >= w.round[1] {
		_ = w.src.seeker.SeekTime(w.round[0]) // a source that was closed meanwhile has nothing to go round
	}
}

// measure is v: it sets one cursor, then the other, then takes both away.
func (w *window) measure() {
	f := w.scene.frame
	if f == nil {
		return
	}
	switch {
	case w.cursor == 0:
		w.freeze()
		t0, t1 := f.seen()
		w.cursor = t0 + (t1-t0)/2
	case w.anchor == 0:
		w.anchor = w.cursor
	default:
		w.cursor, w.anchor = 0, 0
	}
	w.dragged = false
}

// drag selects a span with the mouse.
func (w *window) drag(from, to int64) {
	w.freeze()
	w.anchor, w.cursor, w.dragged = from, to, true
}

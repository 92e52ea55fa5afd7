package tui

import (
	"slices"
	"time"

	"evviz/timeline"
)

// Moving through time
//
// The view is live (its right edge is the source's present) or frozen (a snapshot is held and its right edge is u.right). A
// freeze never stops a recording; of a replay, which can wait, the source stands still instead. Every jump remembers
// where the view was, so that u goes back.

// place is what a view shows. Undo goes back to earlier ones.
type place struct {
	view   viewID
	span   int64              // ns in the window
	frozen *timeline.Snapshot // nil: the view is live
	right  int64              // right edge while frozen
	cursor int64              // a moment that was picked; 0 none
	lane   int64              // selected lane, by its identity; 0 none, loopLane the loop
	sought int64              // where a replay was; only in the list of undo
}

const maxUndo = 100

// remember puts the present place on the list of undo.
func (u *ui) remember() {
	p := u.place
	if u.seeker != nil && u.frame != nil {
		p.sought = u.here()
	}
	if n := len(u.undos); n > 0 && u.undos[n-1] == p {
		return
	}
	if len(u.undos) >= maxUndo {
		u.undos = append(u.undos[:0], u.undos[1:]...)
	}
	u.undos = append(u.undos, p)
}

// undo goes back to where the view was before the last jump.
func (u *ui) undo() {
	n := len(u.undos)
	if n == 0 {
		u.say("nothing to undo")
		return
	}
	p := u.undos[n-1]
	u.undos = u.undos[:n-1]
	sought := p.sought
	p.sought = 0
	u.place = p
	u.noteLane()
	u.lookBack()
	if sought != 0 && u.frame != nil && sought != u.here() && p.frozen == nil {
		u.seekTo(sought)
	}
	u.fetchPast()
}

// here is where a replay is. The frame may still show where it was before it was sought.
func (u *ui) here() int64 {
	if p, ok := u.position(); ok {
		return p
	}
	return u.frame.snap.Now
}

// toggleFreeze stops taking snapshots, or takes them again. A replay stands still instead: its events can wait.
func (u *ui) toggleFreeze() {
	if u.pauser != nil {
		if u.frozen != nil {
			u.thaw()
			u.pauser.Pause(false)
			return
		}
		u.pauser.Pause(!u.pauser.Paused())
		return
	}
	if u.frozen != nil {
		u.thaw()
		return
	}
	u.freeze()
}

func (u *ui) freeze() {
	if u.frozen == nil && u.frame != nil {
		u.frozen, u.right = u.frame.snap, u.frame.t1
	}
}

func (u *ui) thaw() { u.frozen = nil }

// escape closes or gives up one thing at a time, what is nearest to the eye first.
func (u *ui) escape() {
	switch {
	case u.helpOn:
		u.helpOn, u.findingOn, u.paged = false, false, nil
	case u.auto.on:
		u.auto.on = false
	case u.anchor != 0:
		u.anchor = 0
	case u.cursor != 0:
		u.cursor = 0
	case u.finding != (findingKey{}):
		u.finding = findingKey{}
	case u.frozen != nil:
		u.thaw()
	case !u.filter.Empty():
		u.filter = timeline.Filter{}
		u.say("the filter is off")
	}
}

// zooms are the spans that + and - step through: 1, 2, 4 times a power of ten, from a millisecond to 40 s, and minutes.
var zooms = func() (z []int64) {
	for d := minSpan; d <= int64(10*time.Second); d *= 10 {
		z = append(z, d, 2*d, 4*d)
	}
	z = append(z, int64(60*time.Second), int64(2*time.Minute), int64(5*time.Minute), int64(10*time.Minute), maxSpan)
	return z
}()

func (u *ui) zoom(by int) {
	span := nextStep(zooms, u.span, by)
	if by > 0 && span < u.span { // what was fitted into the window may be longer than the longest step
		return
	}
	u.zoomTo(span)
}

// nextStep is the value after now in an ascending list of steps, or, with by < 0, the one before it. now may lie between two
// steps, or beyond them.
func nextStep[T int64 | float64](steps []T, now T, by int) T {
	i, exact := slices.BinarySearch(steps, now)
	switch {
	case by < 0:
		i--
	case exact:
		i++
	}
	return steps[min(max(i, 0), len(steps)-1)]
}

// zoomTo sets the span. The cursor keeps its place when it is in sight; else the middle of what is looked at does.
func (u *ui) zoomTo(span int64) {
	if f := u.frame; f != nil && u.frozen != nil {
		mid, share := f.t0+u.span/2, 0.5
		if c := u.cursor; c >= f.t0 && c < f.t1 {
			mid, share = c, float64(c-f.t0)/float64(f.t1-f.t0)
		}
		u.right = plus(mid, int64(float64(span)*(1-share)))
	}
	u.span = span
	u.lookBack()
}

func (u *ui) fit() {
	f := u.frame
	if f == nil {
		return
	}
	u.remember()
	last := f.snap.Now
	if u.seeker != nil {
		_, last = u.seeker.Bounds()
		last = max(last, f.snap.Now)
	}
	whole := max(minus(last, f.snap.First), minSpan)
	u.freeze()
	u.span = plus(whole, whole/50)
	if u.seeker == nil {
		u.span = min(u.span, maxSpan)
	}
	u.right = plus(f.snap.First, u.span)
	u.lookBack()
	u.fetchPast()
}

// sideways is Left and Right: they move the cursor when there is one, else the window.
func (u *ui) sideways(dir int) {
	if u.helpOn || u.frame == nil {
		return
	}
	if u.cursor == 0 {
		u.pan(dir)
		return
	}
	f := u.frame
	u.freeze()
	u.cursor = min(max(plus(u.cursor, int64(dir)*max(u.span/int64(f.cells()), 1)), f.snap.First), f.snap.Now)
	if u.cursor < f.t0 || u.cursor >= f.t1 {
		u.pan(dir)
	}
}

func (u *ui) pan(dir int) { u.move(int64(dir) * (u.span / 8)) }

func (u *ui) move(by int64) {
	if u.frame == nil {
		return
	}
	u.freeze()
	lo, hi := plus(u.frame.snap.First, u.span/8), plus(u.lastMoment(), u.span/8)
	u.right = min(max(plus(u.right, by), lo), max(hi, lo))
	u.fetchPast()
}

// lastMoment is where the picture can go on to: what has been read, and of a recording its end.
func (u *ui) lastMoment() int64 {
	last := u.frame.snap.Now
	if u.seeker != nil {
		_, hi := u.seeker.Bounds()
		last = max(last, hi)
	}
	return last
}

// page moves by a screen; a replay seeks there, so that it plays on from that moment.
func (u *ui) page(dir int) {
	if u.frame == nil || u.helpOn {
		u.helpTop = max(0, u.helpTop+dir*max(u.frame.h-4, 1))
		return
	}
	if u.body().turn(u, dir) {
		return
	}
	if u.seeker != nil && u.frozen == nil {
		u.leap(plus(u.frame.snap.Now, int64(dir)*u.span))
		return
	}
	u.move(int64(dir) * u.span)
}

// goTo puts a moment into the middle of the window. A replay is taken there and stands still, so that everything else, what
// is registered and what is still to come, is as it was at that moment, too.
func (u *ui) goTo(t int64) {
	if u.frame == nil {
		return
	}
	u.remember()
	if u.seeker != nil && u.pauser != nil {
		u.pauser.Pause(true)
		lo, hi := u.seeker.Bounds()
		u.seekTo(min(max(plus(t, u.span/2), plus(lo, u.span/stepsPerSpan)), hi))
		return
	}
	first := u.frame.snap.First
	u.freeze()
	u.right = max(plus(t, u.span/2), plus(first, u.span))
	u.fetchPast()
}

// leap is a seek to another place. A moment that was picked before lies elsewhere, and what follows the cursor (the turn of
// view 2, the list of events) would stay behind with it; two cursors stay, because what they measure or repeat is meant.
func (u *ui) leap(t int64) {
	u.remember()
	if u.anchor == 0 {
		u.cursor = 0
	}
	u.seekTo(t)
}

// seekTo makes a replay play on from a moment.
func (u *ui) seekTo(t int64) {
	u.thaw()
	lo, hi := u.seeker.Bounds()
	t = min(max(t, lo), hi)
	u.ask(func() (string, error) { return "", u.seeker.SeekTime(t) })
}

func (u *ui) home() {
	if u.seeker != nil {
		lo, _ := u.seeker.Bounds()
		u.leap(lo)
		return
	}
	u.remember()
	if u.frame != nil {
		u.freeze()
		u.right = plus(u.frame.snap.First, u.span)
		u.fetchPast()
	}
}

func (u *ui) end() {
	if u.seeker != nil {
		_, hi := u.seeker.Bounds()
		u.leap(hi)
		return
	}
	u.remember()
	u.cursor, u.anchor = 0, 0
	u.thaw()
}

// speeds are the steps of < and >.
var speeds = []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100}

func (u *ui) speed(by int) {
	if u.auto.on {
		u.pace(by)
		return
	}
	x := nextStep(speeds, u.speeder.Speed(), by)
	u.speeder.SetSpeed(x)
	u.say("speed %gx", x)
}

// lookBack tells a replay how much before a moment has to be read when it is sought there: a screen's worth.
func (u *ui) lookBack() {
	if l, ok := u.seeker.(interface{ SetLookback(int64) }); ok {
		l.SetLookback(u.span)
	}
}

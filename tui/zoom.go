package tui

import (
	"slices"
	"time"

	"evviz/picture"
	"evviz/timeline"
)

// zooms are the spans that + and - step through: 1, 2, 4 times a power of ten, from a millisecond to 40 s, and minutes.
var zooms = func() (z []int64) {
	for d := minSpan; d <= int64(10*time.Second); d *= 10 {
		z = append(z, d, 2*d, 4*d)
	}
	z = append(z, int64(60*time.Second), int64(2*time.Minute), int64(5*time.Minute), int64(10*time.Minute), maxSpan)
	return z
}()

// zoom goes to the next span, closer with by < 0. Where a span was selected with the mouse, closer is that span.
func (w *window) zoom(by int) {
	if by < 0 && w.dragged && w.anchor != 0 && w.cursor != 0 {
		w.into(min(w.anchor, w.cursor), max(w.anchor, w.cursor))
		return
	}
	w.zoomAt(by, 0)
}

// into shows a span of time.
func (w *window) into(t0, t1 int64) {
	w.jumps()
	w.freeze()
	w.span = max(picture.Minus(t1, t0), minSpan)
	w.right = picture.Plus(t0, w.span)
	w.anchor, w.cursor, w.dragged = 0, 0, false
	w.src.lookBack(w.span)
	w.readPast()
}

// zoomAt is zoom with a moment that keeps its place on the screen; 0 the cursor, or the middle. A live view whose past is looked at closer stands
// still from then on: the moment would go out of sight.
func (w *window) zoomAt(by int, at int64) {
	span := nextStep(zooms, w.span, by)
	if by > 0 && span < w.span { // what was fitted into the window may be longer than the longest step
		return
	}
	f := w.scene.frame
	if f != nil && at >= f.t0 && at < f.t1 {
		if by < 0 && at < picture.Minus(f.snap.Now, span) {
			w.freeze()
		}
	} else {
		at = 0
	}
	w.spanTo(span, at)
	w.readPast()
}

// zoomTo sets the span. The cursor keeps its place when it is in sight; else the middle of what is looked at does.
func (w *window) zoomTo(span int64) { w.spanTo(span, 0) }

// spanTo is zoomTo with a moment in the window that keeps its place; 0 none.
func (w *window) spanTo(span, at int64) {
	if f := w.scene.frame; f != nil && w.frozen != nil {
		mid, share := f.t0+w.span/2, 0.5
		if at == 0 {
			at = w.cursor
		}
		if c := at; c >= f.t0 && c < f.t1 {
			mid, share = c, float64(c-f.t0)/float64(f.t1-f.t0)
		}
		w.right = picture.Plus(mid, int64(float64(span)*(1-share)))
	}
	w.span = span
	w.src.lookBack(span)
}

// closeTo makes the span as short as a run that is over allows: it would be a few cells otherwise.
func (w *window) closeTo(s *timeline.Snapshot) {
	for _, z := range zooms {
		if z >= s.Now-s.First {
			w.span = min(w.span, z)
			return
		}
	}
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

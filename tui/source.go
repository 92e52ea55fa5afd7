package tui

import (
	"time"

	"evviz/timeline"
	"evviz/trace"
)

// source is what the screen is fed from, and what that can do besides being read: a replay can wait, step, go faster and go elsewhere.
// A nil means that it cannot.
type source struct {
	feed       *timeline.Feed
	pauser     trace.Pauser
	stepper    trace.Stepper
	speeder    trace.Speeder
	seeker     trace.Seeker
	positioner trace.Positioner
	atEnd      interface{ AtEnd() bool }

	onWay time.Time // since when it is on its way to another place; zero it is not
}

// open makes a feed the source, and finds out what it can do: a source that stands around another one hands on what it cannot itself.
func (r *source) open(feed *timeline.Feed) {
	*r = source{feed: feed}
	for src := feed.Source(); src != nil; {
		if p, ok := src.(trace.Pauser); ok && r.pauser == nil {
			r.pauser = p
		}
		if p, ok := src.(trace.Stepper); ok && r.stepper == nil {
			r.stepper = p
		}
		if p, ok := src.(trace.Speeder); ok && r.speeder == nil {
			r.speeder = p
		}
		if p, ok := src.(trace.Seeker); ok && r.seeker == nil && r.speeder != nil {
			r.seeker = p
		}
		if p, ok := src.(trace.Positioner); ok && r.positioner == nil {
			r.positioner = p
		}
		if p, ok := src.(interface{ AtEnd() bool }); ok {
			r.atEnd = p
		}
		w, ok := src.(interface{ Unwrap() trace.Source })
		if !ok {
			return
		}
		src = w.Unwrap()
	}
}

// position is where a replay is.
func (r *source) position() (int64, bool) {
	if r.positioner == nil {
		return 0, false
	}
	return r.positioner.Position(), true
}

// here is where a replay is, elsewhere the present of a snapshot. The snapshot of a replay may still show where it was before it was
// sought.
func (r *source) here(s *timeline.Snapshot) int64 {
	if p, ok := r.position(); ok {
		return p
	}
	return s.Now
}

// last is where the picture can go on to: what has been read, and of a recording its end.
func (r *source) last(s *timeline.Snapshot) int64 {
	last := s.Now
	if r.seeker != nil {
		_, hi := r.seeker.Bounds()
		last = max(last, hi)
	}
	return last
}

// paused reports whether a replay stands still, over whether it has come to its end.
func (r *source) paused() bool { return r.pauser != nil && r.pauser.Paused() }
func (r *source) over() bool   { return r.atEnd != nil && r.atEnd.AtEnd() }

// lookBack tells a replay how much before a moment has to be read when it is sought there: a screen's worth.
func (r *source) lookBack(span int64) {
	if l, ok := r.seeker.(interface{ SetLookback(int64) }); ok {
		l.SetLookback(span)
	}
}

// seekingFor bounds how long the last picture stays while a replay is on its way to another place.
const seekingFor = 300 * time.Millisecond

// onItsWay reports whether a replay is being sought, so that what it holds is neither here nor there. shown says that there is a picture
// to stay with.
func (r *source) onItsWay(shown bool) bool {
	s, ok := r.seeker.(interface{ Seeking() bool })
	if !ok || !s.Seeking() || !shown {
		r.onWay = time.Time{}
		return false
	}
	if r.onWay.IsZero() {
		r.onWay = time.Now()
	}
	return time.Since(r.onWay) < seekingFor
}

// every is how much time of the trace what was found and said is good for: less in slow motion, and none where that stands, for a person would
// read for long what is no longer so.
func (r *source) every() int64 {
	if r.speeder == nil {
		return findEvery
	}
	if r.paused() {
		return 0
	}
	return int64(float64(findEvery) * min(r.speeder.Speed(), 1))
}

// replay is how a replay stands, as far as the source is one.
type replay struct {
	pauses, seeks, speeds bool // what it can do
	paused, over          bool
	at                    int64 // where it is, in time
	placed                bool  // at is known
	lo, hi                int64 // its beginning and its end
	speed                 float64
	every                 int64    // ns that what is said is good for
	round                 [2]int64 // the range that it goes round in; 0 none
}

// replay is how the replay stands now.
func (r *source) replay() (y replay) {
	y.pauses, y.seeks, y.speeds = r.pauser != nil, r.seeker != nil, r.speeder != nil
	y.paused, y.over = r.paused(), r.over()
	y.every = r.every()
	y.at, y.placed = r.position()
	if y.seeks {
		y.lo, y.hi = r.seeker.Bounds()
	}
	if y.speeds {
		y.speed = r.speeder.Speed()
	}
	return y
}

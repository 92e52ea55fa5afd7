package trace

import (
	"errors"
	"fmt"
)

// What a source may be able to do beside being read. A view asks for an ability with As, and greys out what the source lacks.

// Seeker is a source that can go to another moment (CLOCK_MONOTONIC ns of the trace). After SeekTime the next Read begins
// with whatever re-states the world there (Name, State), then the first event at or after t.
type Seeker interface {
	SeekTime(t int64) error
	Bounds() (first, last int64)
}

// Pauser is a source that can stand still.
type Pauser interface {
	Pause(on bool)
	Paused() bool
}

// Stepper is a source that, while paused, can be let go on by n events.
type Stepper interface{ Step(n int) }

// Speeder is a source that runs at a chosen multiple of real time.
type Speeder interface {
	SetSpeed(x float64)
	Speed() float64
}

// Positioner tells where a paced source is, in the time of the trace.
type Positioner interface{ Position() int64 }

// Presenter tells the present of a live source, in the clock of its events (ns). Who shows events asks their source and never
// the clock of the machine that it runs on itself: they may differ, as they do for every recording.
type Presenter interface{ Present() int64 }

// Looker is a source whose seeks begin before their goal, so that something can be seen there at once.
type Looker interface{ SetLookback(ns int64) }

// Beginner tells at which moment what a source has handed on begins (CLOCK_MONOTONIC ns); a seek may change it. It is
// settled when Read has returned ErrRewound.
type Beginner interface{ Begins() int64 }

// Point is a place at which reading can begin without what came before: the beginning of a source, or of a chunk, or a
// moment inside of one, up to which it is decoded but not handed on.
type Point struct {
	Chunk  int   // number, from 0
	Inside bool  // Time lies inside the chunk
	Time   int64 // CLOCK_MONOTONIC ns: from here on everything is read
	Before int64 // about how many events come before it
}

// Whole reports that nothing is left out: the point is the beginning of the source.
func (p Point) Whole() bool { return p.Chunk == 0 && !p.Inside }

// Jumper is a seekable source with many starting points. What it says may be asked by any goroutine; Jump is called by
// the one that reads.
type Jumper interface {
	Seeker
	// Events is how many there are.
	Events() int64
	// EventsBefore is about how many events lie before the moment t.
	EventsBefore(t int64) int64
	// PointBefore is the point that lies lookback (ns) before goal, or, when more than about most events lead from there to
	// goal, the one from which so many do.
	PointBefore(goal, lookback, most int64) Point
	// Jump makes the next Read begin at p: with what re-states the world there, and then with every event from there on.
	Jump(p Point) error
}

// Reopener is a source whose events can be read a second time, beside the first: what Reopen returns begins at the
// beginning, is not live, and is closed by whoever asked for it. Any goroutine may ask.
type Reopener interface {
	Reopen() (Source, error)
}

// ErrNotKept is what Reopen returns (wrapped in a sentence) when the events that were passed on are kept nowhere.
var ErrNotKept = errors.New("the events are not kept")

// As finds an optional ability of a source: of src itself, or of the source that it passes on (Unwrap), and so on.
func As[T any](src Source) (T, bool) {
	for src != nil {
		if a, ok := src.(T); ok {
			return a, true
		}
		w, ok := src.(interface{ Unwrap() Source })
		if !ok {
			break
		}
		src = w.Unwrap()
	}
	var none T
	return none, false
}

// Reopen opens a second reader of a source's events, if some source that it passes on can.
func Reopen(src Source) (Source, error) {
	if r, ok := As[Reopener](src); ok {
		return r.Reopen()
	}
	return nil, fmt.Errorf("read %s again: %w; record it, then one can go back in it", src.Info().Title, ErrNotKept)
}

// Marked is a bookmark that a person set.
type Marked struct {
	At   int64 // CLOCK_MONOTONIC ns, the moment that it marks
	N    int64 // number, from 1
	Text string
}

// Marker is a source that keeps bookmarks: a recorded live one in what it passes on and records, a file in itself. Any
// goroutine may set one.
type Marker interface {
	Bookmark(at int64, text string) (Marked, error)
}

// Bookmarker is a source that can list its bookmarks before they are reached.
type Bookmarker interface{ Bookmarks() []Marked }

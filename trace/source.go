package trace

import (
	"context"
	"errors"
	"time"
)

// Info describes a source. Nothing in it says what kind of thing the source is: a view works from these facts alone.
type Info struct {
	Title   string  // one line for the header
	Origin  string  // file name, address or process; "" unknown
	Live    bool    // events come as they happen
	Clock   Clock   // tie to the wall clock
	Timed   bool    // false: the order is known, the times are not
	Kinds   KindSet // kinds that can occur; a kind that is not here is shown as unknown, never as 0
	Missing []Missing
	Meta    []Pair // kernel, buffer defaults, knobs, scenario, seed: whatever the recorder wrote down
}

// Missing says what a source cannot tell, and why.
type Missing struct{ What, Why string }

// Pair is a line of a header.
type Pair struct{ Key, Value string }

// Source yields events.
//
// Read fills buf with at least one event and returns how many, or blocks until there is one, ctx ends, or the source
// does; then it returns io.EOF. Events of one stream come in order; events of different streams come in time order but
// for those marked PhaseLate. A damaged file is not an error of Read: what was lost is a Lost event.
//
// One goroutine reads. Close may be called from any goroutine and makes a blocked Read return.
type Source interface {
	Info() Info
	Read(ctx context.Context, buf []Event) (int, error)
	Close() error
}

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

// pollEvery is how often a reader of rings looks again when all are empty. A reader that were woken by the producer
// would cost the loop a system call per event.
const pollEvery = 2 * time.Millisecond

// ErrRewound is returned once by Read after a source was taken back to an earlier moment: what was read before is to be
// forgotten, the next Read begins again at a starting point.
var ErrRewound = errors.New("source rewound")

package trace

import (
	"context"
	"errors"
	"time"
)

// Info describes a source. Nothing in it says what kind of thing the source is: a view works from these facts alone.
type Info struct {
	Title      string    // one line for the header
	Origin     string    // file name, address or process; "" unknown
	Live       bool      // events come as they happen
	Clock      Clock     // tie to the wall clock
	Timed      bool      // false: the order is known, the times are not
	Derived    bool      // the times follow from what some calls say of the clock; what lies between them lies between their times
	Kinds      KindSet   // kinds that can occur; a kind that is not here is shown as unknown, never as 0
	Knows      Knowledge // facts that it tells; 0: see Facts
	OS         string    // whose numbers errno, poll bits and open flags are, as GOOS has it; "": Linux's
	Guessed    int64     // threads of which it is not known to which process they belong: they are taken for the first one's
	Filtered   bool      // the source was told to leave calls out: what is not there may have happened
	Handed     int64     // times that a thread woke another by a futex: work may have gone to threads that are not in the trace
	OtherCalls int64     // calls of which no event is made that were seen: what is not there was not left out on purpose
	Calls      Share     // of the lines of a text that look like calls, how many were understood; the zero value: it is no text
	Missing    []Missing
	Meta       []Pair // kernel, buffer defaults, knobs, scenario, seed: whatever the recorder wrote down
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

// pollEvery is how often a reader of rings looks again when all are empty. A reader that were woken by the producer
// would cost the loop a system call per event.
const pollEvery = 2 * time.Millisecond

// ErrRewound is returned once by Read after a source was taken back to an earlier moment: what was read before is to be
// forgotten, the next Read begins again at a starting point.
var ErrRewound = errors.New("source rewound")

package loop

import (
	"fmt"
	"strconv"
	"time"
)

// Faults is the part of a Behaviour that is for breaking a loop on purpose, and for mending it.
type Faults struct {
	FDsFree int // so many descriptors more can be opened by the whole process; -1 no limit of ours
	OnError OnError
	Unsent  Unsent

	Defer      Defer
	DeferQuiet DeferQuiet
	Budget     int // reads of one connection a turn, before others have theirs; 0 no limit
	WorkPer    WorkPer

	Generations   bool // a report for an earlier life of a number reaches nobody
	Dup           bool // keep a duplicate of every accepted connection's descriptor
	MeasureWrites bool
	Child         Child
}

func defaultFaults() Faults { return Faults{FDsFree: -1, Generations: true} }

// OnError says what the loop does when a read or write fails for good.
type OnError uint8

// Reactions to an error.
const (
	ErrorClose  OnError = iota
	ErrorIgnore         // leave everything as it is
	ErrorInsist         // read once more, write a byte, then close: what a program sees that does not look (K19)
)

// Unsent says what becomes of bytes that a write did not take.
type Unsent uint8

// What becomes of them.
const (
	UnsentKeep Unsent = iota
	UnsentDrop        // forgotten: the result of write was not looked at (K22)
)

// Defer says when a reported connection is read: at once, after a time, or after so many more turns.
type Defer struct {
	For   time.Duration
	Turns int
}

func (d Defer) none() bool { return d.For == 0 && d.Turns == 0 }

// String is the form that ParseDefer reads.
func (d Defer) String() string {
	if d.For > 0 {
		return d.For.String()
	}
	return strconv.Itoa(d.Turns)
}

// ParseDefer reads "0", a duration or a number of turns.
func ParseDefer(s string) (Defer, error) {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n <= 1<<20 {
		return Defer{Turns: n}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > time.Hour {
		return Defer{}, fmt.Errorf("%q is neither 0, nor a duration up to 1h like 200ms, nor a number of iterations", s)
	}
	return Defer{For: d}, nil
}

// DeferQuiet says what keeps a level-triggered registration from reporting a connection over and over while its read is
// deferred.
type DeferQuiet uint8

// Ways to keep it quiet.
const (
	QuietNone DeferQuiet = iota
	QuietMod0            // no interest until it has been read
)

// WorkPer says how often a handler does its work.
type WorkPer uint8

// How often.
const (
	WorkPerHandler WorkPer = iota // once, when it got data
	WorkPerRead                   // after every read that got data
)

// Settings that break a loop, for the table Knobs.
var (
	knobFDsFree = Knob{"fds-free", "this many more descriptors can be opened, then EMFILE; -1 no such limit",
		func(b *Behaviour) string { return strconv.Itoa(b.FDsFree) },
		number(func(b *Behaviour) *int { return &b.FDsFree }, -1, 1<<20)}
	knobOnError = Knob{"on-error", "when a read or write fails: close, ignore, insist (read again, write a byte, then close)",
		choice(func(b *Behaviour) *OnError { return &b.OnError }, "close", "ignore", "insist"),
		choose(func(b *Behaviour) *OnError { return &b.OnError }, "close", "ignore", "insist")}
	knobUnsent = Knob{"unsent", "the unsent bytes of a short write: keep, drop (forgotten, the mistake)",
		choice(func(b *Behaviour) *Unsent { return &b.Unsent }, "keep", "drop"),
		choose(func(b *Behaviour) *Unsent { return &b.Unsent }, "keep", "drop")}
	knobDefer = Knob{"defer", "a reported connection is read later: 0 at once, a duration, or a number of iterations",
		func(b *Behaviour) string { return b.Defer.String() },
		func(b *Behaviour, v string) (err error) { b.Defer, err = ParseDefer(v); return }}
	knobDeferQuiet = Knob{"defer-quiet", "what a deferred connection is registered for meanwhile: none (as before), mod0 (nothing)",
		choice(func(b *Behaviour) *DeferQuiet { return &b.DeferQuiet }, "none", "mod0"),
		choose(func(b *Behaviour) *DeferQuiet { return &b.DeferQuiet }, "none", "mod0")}
	knobBudget = Knob{"budget", "reads of one connection per iteration, then the others are served; 0 no limit",
		func(b *Behaviour) string { return strconv.Itoa(b.Budget) },
		number(func(b *Behaviour) *int { return &b.Budget }, 0, 1<<20)}
	knobWorkPer = Knob{"work-per", "when the work is done: handler (once a call of it), read (after each read that got data)",
		choice(func(b *Behaviour) *WorkPer { return &b.WorkPer }, "handler", "read"),
		choose(func(b *Behaviour) *WorkPer { return &b.WorkPer }, "handler", "read")}
	knobGenerations = Knob{"generations", "an event for a closed connection whose number was reused: true dropped, false handled for the connection that has the number now",
		func(b *Behaviour) string { return strconv.FormatBool(b.Generations) },
		boolean(func(b *Behaviour) *bool { return &b.Generations })}
	knobDup = Knob{"dup", "a duplicate of every accepted connection's descriptor stays open: true (its registration outlives a close), false",
		func(b *Behaviour) string { return strconv.FormatBool(b.Dup) },
		boolean(func(b *Behaviour) *bool { return &b.Dup })}
	knobMeasureWrites = Knob{"measure-writes", "say how long each write took, its context switches and what is unsent in the socket: true, false",
		func(b *Behaviour) string { return strconv.FormatBool(b.MeasureWrites) },
		boolean(func(b *Behaviour) *bool { return &b.MeasureWrites })}
)

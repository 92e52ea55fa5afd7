// Package trace is the vocabulary of evviz: events, the table that says what they mean, the text form that people read, and the
// validator that says whether they make sense; and what carries them from where they arise: the rings that take them from a
// running loop, the merge that puts them in order, and a raw pipe between two processes. Files are package record's.
//
// It knows nothing of loops, processes and screens. Whatever can yield events is a [Source]; whatever shows or judges
// them reads a Source and cannot tell whether it is live, a file or a foreign program.
//
// # Events
//
// An [Event] is 64 bytes without pointers: a time, a duration, a kind, a stream (the producing thread) with a running
// number, a descriptor, and slots whose meaning depends on the [Kind]. [Specs] is the one table that says what they
// mean; the text form, the validator and docs/events.md follow from it. Times are CLOCK_MONOTONIC nanoseconds and mark
// the end of what is described; [Event.Start] is its beginning. A call that may block comes as two events, enter and
// exit, so that it is visible while it lasts.
//
// Strings are events too: a Name gives an id of its stream a text, and other events refer to the id. [Names] collects
// them.
//
// # From a thread to a reader
//
//	ring := trace.NewRing(1, 1<<16)          // one for each producing thread
//	e := ring.Next(trace.Read, ring.Now())   // the event's slots are filled in place
//	e.FD, e.A, e.B = 7, 4096, 64
//	ring.Publish(e.Time)                     // before every call that may block
//
//	src := trace.NewMerge(info, ring, other) // a Source: events in the order of their times
//
// A [Ring] never blocks and never grows. When it is full, events are dropped and counted, and a Lost event says how
// many: loss is data, and no figure computed from a trace is wrong without a warning. [Merge] waits at most 10 ms for a
// slow thread; what comes later still is handed on with [PhaseLate].
//
// # Text
//
// [AppendText] and [ParseText] are exact inverses of each other for every event, also for one that makes no sense.
//
// # What every trace keeps
//
// [Invariants] are numbered, and each says what breaks without it. [Validator] checks them in one pass.
package trace

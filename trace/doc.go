// Package trace is the vocabulary of evviz and everything that carries it: events, the rings that take them from a
// running loop, the merge that puts them in order, the file that keeps them, the text form that people read, the
// validator that says whether they make sense, and the player that hands them on at the pace at which they happened.
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
// # Files
//
// [Create] and [Writer] write a trace file, [OpenFile] and [File] read it (the plain name Open is a kind of event). A
// file consists of chunks, each of which begins by re-stating what is open, registered and named, so that reading can
// begin at any of them, and ends with a summary that can be read alone. A process that is killed loses at most the chunk
// in progress; a damaged chunk costs its own events and no others, and the reader says so. docs/file-format.md has
// the bytes.
//
// A restatement (the events that a [Tracker] makes: Sync, Name, Thread, Mode and State with Seq 0) is handed on only
// where a reader begins or where something is missing. Read from its beginning, a file yields exactly what was recorded.
//
// [Tee] records a Source while passing it on. [Player] replays a File: paced, paused, stepped, sought.
//
// # Text
//
// [AppendText] and [ParseText] are exact inverses of each other for every event, also for one that makes no sense.
//
// # What every trace keeps
//
// [Invariants] are numbered, and each says what breaks without it. [Validator] checks them in one pass.
package trace

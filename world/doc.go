// Package world is who is who: which process a thread belongs to, which descriptor table a process uses, which open file a number of that
// table means, and which files an epoll instance watches.
//
// A source of events records raw numbers. A number means something only together with a table and a moment: the same 7 is a
// connection in one worker and a listener in another, and another connection a second later. [World] is the one place where numbers
// become things, for everybody who needs them: the timeline, which draws a lane for each file; a recording, which restates at each
// chunk what is open so that reading can begin there; and the reader of strace text, which has to know what it has told already.
//
// # The model
//
//	Thread        a stream of events; belongs to a process
//	Process       has a descriptor table, which threads and CLONE_FILES share, fork copies, and exec closes CLOEXEC of
//	Table         numbers
//	Number        means a file, or nothing; a source may count its uses (generation)
//	File          an open file description: it ends with its last number
//	Instance      what a wait asks: an epoll instance or io_uring, which is a file too, or the set that a thread passes to poll or select
//	Registration  a file that an instance watches, under the number that it had when it was added (epoll(7), question 6)
//
// A file whose beginning nobody has seen is a file all the same, and so is a registration that only its events tell of; both say so
// ([File.Opened] 0, [Registration.Known] false).
//
// # Use
//
// [World.Add] folds an event. Whoever wants to know more about each step, as the timeline does, calls the verbs that Add consists of
// ([World.Find], [World.Open], [World.Accept], ...) and gets what the event is about; what an event ends besides is told to a
// [Watcher].
//
// A [Tracker] is a World that also remembers names, clocks and modes, and restates all of it as events.
//
// Nothing here is safe for concurrent use, and nothing reads a clock.
package world

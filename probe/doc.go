// Package probe turns the system calls of a foreign program into events of package trace, so that a program that knows
// nothing of evviz is shown on the same screen as the lab.
//
// # The two halves
//
// The table (call.go, table.go, emit.go) knows what a system call means: a [Call] holds its arguments and result as numbers,
// as any tracer can read them from registers and memory, and an [Emitter] makes events of it. It knows no text; whoever
// attaches to a process hands the same Calls to it.
//
// A reader turns something into Calls. There is one so far, for what strace prints (strace*.go). It knows text and leaves
// every meaning to the table.
//
//	strace text ─► line ─► arguments ─► Call ─► Emitter ─► events
//	             prefix    stracecall          table
//	             strace-   straceargs          emit
//	             line
//
// # What the table says
//
// The same events in the same order as the lab: an accept4 that succeeds is an Accept and then an Open with the address of
// the peer; epoll_create1 an Open and then an Instance; epoll_wait a Wait that is entered and left, and then one Ready for
// each report, with the 64 bits that the program attached and no descriptor, because those bits are the program's own
// business: package timeline finds the registration that they belong to. What only the lab can know (Renotify, Arrive, the
// bytes that are left unread) is never said.
//
// A call whose figures contradict each other, such as a read of more bytes than were asked for, is refused with an error.
// A call that is not in the table is counted by its name ([Emitter.Others]).
//
// # strace text
//
//	src, err := probe.OpenStrace("redis.strace")   // strace -f -ttt -T -yy -o redis.strace redis-server
//	n, first := src.Unparsed()                     // lines that were not understood, and the first of them
//
// The whole file is read at once, so the source can go to any moment; see [Strace] for its clocks and bounds. Nothing in a
// file can make the reader fail: what it does not understand it counts and keeps.
package probe

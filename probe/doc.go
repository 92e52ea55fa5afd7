// Package probe turns the system calls of a foreign program into events of package trace, so that a program that knows
// nothing of evviz is shown on the same screen as the lab.
//
// What a program has open and watches at this moment is not asked here: package probe/look looks into running processes.
//
// # The two halves
//
// The table (call.go, table*.go, emit.go) knows what a system call means: a [Call] holds its arguments and result as numbers,
// as any tracer can read them from registers and memory, and an [Emitter] makes events of it. It knows no text; whoever
// attaches to a process hands the same Calls to it. Who is who it asks package world, which it tells every event (known.go).
//
// A reader turns something into Calls. There is one so far, for what strace prints (strace*.go). It knows text and leaves
// every meaning to the table.
//
//	strace text ─► line ─► arguments ─► Call ─► Emitter ─► window ─► events
//	straceinput    prefix   stracecall         table*      strace-
//	stracemany     strace-  straceargs         emit        window
//	(files of -ff) line     stracequick        thread
//	               strace-  stracescan         known
//	               paste    straceflags
//
// A text that has been pasted takes more: stracejoin puts together what was broken, straceforms takes markup off, stracehole says where
// lines were left out and whose lines the next ones are, straceresumed reads ends without a beginning, stracederived finds times that
// stand in the text, stracegzip decompresses, stracetext decodes, stracelabels takes off what loggers put in front, and stracemend makes of
// what cannot be read the lines that it was before a page or another program had it. A log that is whole passes them by.
//
// Lines of other tools come three ways: what another tracer printed is no log, and is recognised as what it is (foreign*.go); what lsof, ss
// and procfs say of descriptors stands beside a log and is told before its first call (beside*.go); everything else is counted as not
// understood, and of that the lines that look like calls apart (straceshare.go). A text that is still being written is a [Live].
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
// A call that is not in the table is counted by its name ([Emitter.Others]), and told as a Sys when it took a millisecond.
// poll and select tell how their set differs from that of the thread's last call (table_set.go).
//
// # strace text
//
//	src, err := probe.Open("redis.strace")         // strace -f -ttt -T -yy -o redis.strace redis-server
//	n, first := src.Unparsed()                     // lines that were not understood, and the first of them
//	st, err := probe.OpenStream("redis.strace")    // the same, not kept: for what only goes through it once
//
// A [Strace] reads the whole file, so it can go to any moment; a [Stream] reads as it goes, in fixed memory. Both give the same
// events. "-" is standard input; a name before the numbers of strace -ff stands for all its files. Nothing in a text can make
// the reader fail: what it does not understand it counts and keeps, and [EachUnparsed] lists it. docs/strace.md is the page for
// whoever has such a log.
package probe

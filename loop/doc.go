// Package loop is the lab: a real event loop behind small servers (echo, commands, delay), instrumented so that everything
// it does is an event of package trace.
//
// # One iteration
//
//  1. timers that are due fire
//  2. tasks posted from other threads run
//  3. the driver sleeps (polling) or waits (readiness), no longer than until the next timer
//  4. what it found is handled: connections are accepted, bytes are read and written back, the wake-fd is drained
//
// # Parts
//
// Loop is the iteration (run.go) and has everything else as a part with a name and a type of its own, in a file of its own. The
// bottom is recorder, which writes events; on it stand kernel and blocker, which make system calls and record them, and
// the parts that do what a server does: listener and acceptor, connections, dialer, names, children, timers, tasks.
// shared is what the threads of one server have in common.
//
// # One read
//
//  1. readiness.turn waits, and dispatch records what the wait brought and calls the handler of each connection
//     (driver_readiness_turn.go)
//  2. postponed.read reads the connection, or puts that off if it is the setting (postponed.go)
//  3. connections.read reads as often as the rule says (read.go); each call is a transfer.read (transfer.go)
//  4. what came goes to the connection's service (serve.go), which answers through an outlet, or to echo (write.go)
//
// The other drivers begin elsewhere and come to the same connections.
//
// # Drivers
//
// blocking sits in accept or read. polling (sleep-poll) asks every descriptor in every round and sleeps in between.
// readiness (select, poll, epoll) asks the kernel which descriptors are worth asking, through a Poller of package poll.
// completion (io_uring) orders the operations themselves. All run the same handlers and services, steered by one Behaviour,
// and can be exchanged while connections stay open (switch.go). netpoller (go) leaves everything to Go's runtime and stays
// for a server's whole life. What a combination of settings cannot do is refused in check.go.
//
// # Habits
//
// Everything about the loop that can be healthy or broken on purpose is a field of Behaviour and a line of the table Knobs:
// how it reads and accepts (behaviour.go), what it serves and connects to (serving.go), the mistakes (faults.go).
//
// # Threads
//
// The loop is locked to one thread and everything in Loop belongs to it; others reach it by Post and Do. A second thread,
// the observer, watches the same descriptors with an epoll instance of its own and records when data arrived. With the
// threads or split knob there are more threads that serve (crew.go), each a Loop that shares the table of connections with
// the first (shared.go has the locks and their order). Each thread has a ring; none ever waits for a reader.
//
// # What is recorded
//
// Every system call that the server makes on the loop's thread, with its arguments and result. evviz's own questions
// (FIONREAD, to know what is unread) are not calls of the server and only appear as knowledge in other events. Whether
// something was good is never recorded, with one exception that the lab can know for certain because it sees both ends:
// Renotify, a level-triggered report about bytes that an earlier report was about.
//
// Comments and tests refer to what the kernel does by the ids of docs/kernel-rules.md: K09 is a rule, T01 a truth case.
//
// The package knows nothing of screens, files or client scripts.
package loop

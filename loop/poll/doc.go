// Package poll waits for descriptors to become ready: select(2), poll(2) and epoll(7) behind one interface, Poller.
//
// # What it is for
//
// A loop registers each descriptor with the events that it is interested in and with data of its own, waits, and gets that
// data back in a Report for each descriptor that is ready:
//
//	p, err := poll.NewEpoll(ring, &round, descriptors)
//	err = p.Add(fd, gen, unix.EPOLLIN, data)
//	n, err := p.Wait(timeout, reports)
//
// The three implementations keep one contract, which is written at Poller; TestPollerContract holds each of them to it. What
// they differ in is not hidden, because it is what evviz is there to show:
//
//   - Select and Poll pass their whole set to the kernel in every call and search the whole set after it. They have no
//     triggering: readiness is reported for as long as it lasts.
//   - Epoll keeps its set in the kernel. It can report an edge once, or disarm a registration with its report, several threads
//     can wait on one instance, and another thread can change it while one waits.
//   - Select takes no descriptor from 1,024 on, and knows readable, writable and exceptional only.
//   - Poll and Epoll take their timeout in milliseconds, so it is rounded (Rounding); Select takes nanoseconds.
//
// # What is recorded
//
// Each Poller writes events of package trace on the ring that it was given: the begin and end of every wait, tight around
// the system call, and what is registered. Epoll records each change when the call is made. A Select or a Poll makes no call
// for a change, so it records, before each wait, how the set differs from that of the wait before (marked as such). Nothing
// here decides whether a report was new or a repeat: that takes both ends of a connection, and a Poller sees neither.
//
// # Threads
//
// A Poller belongs to one thread. The exceptions are Epoll.Share and AddTo, which say what they are for.
//
// Masks are epoll's event bits throughout; those that poll(2) knows have the same values.
package poll

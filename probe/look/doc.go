// Package look looks into running processes: what they have open, what their epoll instances watch, what waits there, and which call each of
// their threads is in. No call of theirs is traced, none is stopped, and no descriptor of theirs is taken.
//
//	m, err := look.At(ctx, []int{4711}, look.Options{})     // one look
//	src := look.Watch([]int{4711}, ...)                      // look after look, as a trace.Source
//
// A [Moment] is one look. It comes from /proc and sock_diag(7), and, where this process may load BPF programs, from iterators
// (package probe/kernel), which alone know the ready list and do not hold the mutex of an instance. What could not be looked at is said
// ([Moment.Missing]) and stays unknown.
//
// A [Source] tells looks as events: State for what is open and registered, Queue for accept queues, InCall and Usage for threads, Close and
// Deregister for what a look no longer finds. So a look is a recording of one moment, and everything that reads a recording reads it.
//
// # Rights
//
// /proc/PID/fd and fdinfo want the same user or CAP_SYS_PTRACE (ptrace(2), PTRACE_MODE_READ); the call that a thread is in wants
// PTRACE_MODE_ATTACH, which Yama may refuse. Reading fdinfo of an epoll instance holds its mutex, so that a loop with thousands of
// registrations stands still for some milliseconds; it is read once for each look, and with a warning where there are many.
//
// pidfd_getfd(2) is never used: the descriptor that it makes keeps the file alive after the program has closed it.
package look

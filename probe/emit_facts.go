package probe

import "evviz/trace"

// What was there before the first call, and what no call says, comes to the Emitter as facts: from whoever looks into the process. A fact belongs
// to the stream of a thread that uses the descriptor table; it has the moment at which it was read.

// Began says which thread there is, what it is called, and whose descriptor table it uses (0: its process's).
func (em *Emitter) Began(pid, tid, files int, comm string, at int64) {
	em.thread(&Call{PID: pid, TID: tid, Files: files, Comm: comm, Time: at})
}

// Fact is what is known of a descriptor at a moment.
type Fact struct {
	FD          int32
	Type        uint32 // trace.Type*
	Flags       uint32 // O_NONBLOCK and O_CLOEXEC
	Peer, Local string // addresses, "" unknown
	Unread      int64  // bytes, or connections that wait to be accepted; -1 unknown
	Backlog     int64  // of a listener; -1 unknown
	Room        trace.Answer
	Finished    trace.Answer
	Unsent      trace.Answer
}

// Descriptor says what is behind a descriptor of a process.
func (em *Emitter) Descriptor(pid, tid int, f *Fact, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at})
	em.state(th, f, at)
	if f.Type == trace.TypeListener && f.Backlog >= 0 {
		em.tell(th, trace.Event{Kind: trace.Queue, Time: th.last, FD: f.FD, A: max(f.Unread, 0), B: f.Backlog})
	}
}

// state tells what is known of a descriptor.
func (em *Emitter) state(th *thread, f *Fact, at int64) {
	at = max(at, th.last)
	e := trace.Event{Kind: trace.State, Time: at, FD: f.FD, Aux: trace.StateAux(trace.StateDescriptor, f.Type, uint32(f.Room), uint32(f.Finished), uint32(f.Unsent)), Mask: f.Flags & openFlags}
	e.A, e.B = int64(em.nameID(th, f.Peer, at)), int64(em.nameID(th, f.Local, at))
	if f.Unread >= 0 {
		e.Dur = f.Unread + 1
	}
	em.tell(th, e)
}

// Registration says what an epoll instance of a process watches. queued: it is on the instance's ready list, and that was looked at.
func (em *Emitter) Registration(pid, tid int, epfd, fd int32, mask uint32, data uint64, queued bool, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at})
	e := trace.Event{Kind: trace.State, Time: max(at, th.last), FD: fd, Inst: trace.EpollInstance(int(epfd)), Mask: mask, Aux: trace.StateRegistration | trace.StateLooked, A: int64(data)}
	if queued {
		e.Aux |= trace.StateQueued
	}
	em.tell(th, e)
}

// Arrived says that data came to a descriptor, or a connection to a listener: unread is what has not been read or accepted then, -1 unknown.
func (em *Emitter) Arrived(pid, tid int, fd int32, unread, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at})
	em.tell(th, trace.Event{Kind: trace.Arrive, Time: max(at, th.last), FD: fd, Mask: 1, B: unread + 1, Aux: trace.ArriveProbe})
}

// Waiting says how many connections wait to be accepted.
func (em *Emitter) Waiting(pid, tid int, fd int32, n, backlog, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at})
	em.tell(th, trace.Event{Kind: trace.Queue, Time: max(at, th.last), FD: fd, A: n, B: backlog})
}

// Delayed says that a thread was ready to run for so long before its last call returned, while no CPU ran it.
func (em *Emitter) Delayed(pid, tid int, ns, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at})
	em.tell(th, trace.Event{Kind: trace.RunDelay, Time: max(at, th.last), A: ns})
}

// Dropped says that records of a process before this moment are missing, n of them; 0 where the number is told of another process.
func (em *Emitter) Dropped(pid, tid int, n, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at})
	em.tell(th, trace.Event{Kind: trace.Lost, Time: max(at, th.last), A: n, Aux: trace.LostKernel})
}

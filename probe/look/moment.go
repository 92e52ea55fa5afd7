package look

import (
	"net/netip"

	"evviz/probe"
	"evviz/trace"
)

// Moment is what one or several processes have open and registered, and what their threads are doing, at one moment. A pass over a process
// takes time; what changed during it may be told as it was before or after.
type Moment struct {
	Time      int64 // CLOCK_MONOTONIC, ns: the beginning of the pass
	Processes []*ProcessMoment
	Missing   []trace.Missing // what could not be looked at, and why
}

// ProcessMoment is a process at that moment.
type ProcessMoment struct {
	PID, Parent int
	Name        string
	Time        int64          // when it was looked at, CLOCK_MONOTONIC (ns)
	Threads     []ThreadMoment // by their numbers, the lowest first
	Files       []FileMoment   // by their numbers, the lowest first
	Regs        []RegMoment
	User        int  // effective user id of the process
	Bits        int  // of its registers: 32 or 64; 0 unknown
	Lists       bool // interest lists could be read
	Queues      bool // ... and which of their entries are on the ready list
	Inside      bool // the calls that threads are in could be read
}

// ThreadMoment is what a thread was doing.
type ThreadMoment struct {
	TID    int
	Name   string
	Doing  trace.Doing
	Call   int64 // number of the system call of the kernel's own architecture; -1 none, -2 unknown
	Args   [6]uint64
	CPU    int64 // time used so far, ns; -1 unknown
	System int64 // the part of it that was spent in the kernel
	// Switches is how often it was given a CPU; -1 unknown. A thread of which that has not changed has not run.
	Switches               int64
	Voluntary, Involuntary int64 // context switches; -1 unknown
	Timeout                int64 // of the wait that it is in, ns: -1 none, 0 at once or unknown
	Set                    []SetMember
	HasSet                 bool // Set is what it passed to poll, ppoll, select or pselect6
}

// SetMember is what a thread has passed to poll or select for one descriptor.
type SetMember struct {
	FD     int32
	Events uint32 // POLLIN and friends
}

// FileMoment is a descriptor.
type FileMoment struct {
	FD     int32
	Type   uint32 // trace.Type*
	Flags  uint32 // of open(2); O_CLOEXEC as fdinfo has it
	Path   string // of what is no socket
	Inode  uint64
	Device uint64 // of the inode, as st_dev; 0 unknown
	// File tells the open file description from every other of the same Moment; 0 unknown. It is good for nothing else.
	File uint64

	// Inherited says of an epoll instance that the parent of the process has it, too, under the same number: it came with a fork.
	Inherited bool

	Family      int            // AF_*, 0 no socket or unknown
	Local, Peer netip.AddrPort // of TCP and UDP
	LocalName   string         // of other sockets
	PeerName    string
	State       int   // TCP_*; 0 unknown
	Unread      int64 // bytes, connections to be accepted for a listener; -1 unknown
	Backlog     int64 // of a listener; -1 unknown
	Unsent      int64 // bytes that the peer has not acknowledged; -1 unknown
	Room        trace.Answer
	Finished    trace.Answer // the peer has finished, or has gone
	FinishedFor int64        // ... so long ago at least, ns; 0 unknown
	UnreadFor   int64        // the newest data came so long ago, ns; -1 unknown
	ReusePort   trace.Answer
	Count       int64 // of an eventfd; expirations of a timerfd that were not read; -1 unknown
}

// counted takes the counter of an eventfd or timerfd: where it is not 0, a read returns its 8 bytes.
func (f *FileMoment) counted(n int64) {
	switch f.Count = n; {
	case n > 0:
		f.Unread = 8
	case n == 0:
		f.Unread = 0
	}
}

// RegMoment is an entry of an interest list.
type RegMoment struct {
	probe.Registration
	Queued trace.Answer // on the ready list
	// Target is FileMoment.File of what it watches, 0 unknown: under another number, or none, when the entry is stale.
	Target uint64
}

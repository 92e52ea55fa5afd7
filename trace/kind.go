package trace

// Kind is what an event describes. The numbers are part of the file format: never renumber, only append.
type Kind uint8

// The kinds, by group. The whole list exists although not every source emits every kind.
const (
	KindNone Kind = iota

	// run
	Start
	Stop
	Thread
	Exec
	Exit
	Fork
	Mode
	Knob

	// descriptor
	Open
	Dup
	Close
	Shutdown
	FdFlags
	SockOpt
	Listen
	Connect

	// interest
	Instance
	Register
	Modify
	Deregister

	// waiting
	Wait
	Sleep
	Round

	// readiness
	Ready
	Renotify

	// handling
	Call

	// I/O
	Accept
	Read
	Write

	// other calls
	Sys
	Lock

	// time
	TimerSet
	TimerFire
	TimerStop

	// threads
	Wake
	Task
	Signal

	// completion
	Submit
	Complete

	// kernel
	Arrive
	Queue
	RunDelay

	// client side
	Step

	// stream
	Sync
	State
	Name
	Lost
	Bookmark

	// what was appended later, in order of its coming
	Usage  // run
	Repeat // stream
	Unread // io
	InCall // run
	Peer   // client

	KindCount
)

// String is the kind's name as the text form writes it.
func (k Kind) String() string {
	if k == KindNone || k >= KindCount {
		return "Kind?"
	}
	return Specs[k].Name
}

// KindSet is a set of kinds, one bit each.
type KindSet uint64

// Kinds builds a set.
func Kinds(ks ...Kind) KindSet {
	var s KindSet
	for _, k := range ks {
		s |= 1 << k
	}
	return s
}

// AllKinds holds every kind.
func AllKinds() KindSet { return (1<<KindCount - 1) &^ 1 }

// Has reports whether k is in the set.
func (s KindSet) Has(k Kind) bool { return s&(1<<k) != 0 }

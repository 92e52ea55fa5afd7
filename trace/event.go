package trace

import "unsafe"

// Event is one fact about a loop: 64 bytes, no pointers, the same layout for every kind.
//
// What a slot means depends on the kind; [Specs] is the one table that says so, with units. A slot that a kind does not
// use is 0. Inside a used slot 0 stands for "unknown" wherever the spec says so, and is never shown as a measured 0.
//
// Events are flat so that a ring of them is one allocation that the garbage collector does not scan, and so that a
// recording can later keep that ring in a shared file mapping.
type Event struct {
	Time   int64  // CLOCK_MONOTONIC, ns, the moment of emission; start = Time - Dur
	Dur    int64  // ns
	A, B   int64  // see the kind's spec
	Seq    uint32 // counts the events of a stream from 1, dropped ones included; wraps
	Stream uint32 // the producing thread, unique in a trace
	FD     int32  // descriptor number as the source saw it; -1 none or unresolved
	Gen    uint32 // generation of that number as far as the source knows it; 0 unknown
	Inst   uint32 // InstanceID: the epoll instance or the poll/select set; 0 unknown
	Mask   uint32 // epoll event bits, call flags, a count: see the spec
	Aux    uint32 // enums and small numbers: see the spec
	Errno  uint16 // 0 success
	Kind   Kind
	Phase  Phase
}

// EventSize is the size of an Event in memory, in bytes.
const EventSize = 64

// Compile-time proof of the size: either line fails to build when Event grows or shrinks.
const (
	_ = uint(EventSize - unsafe.Sizeof(Event{}))
	_ = uint(unsafe.Sizeof(Event{}) - EventSize)
)

// Start is the moment the thing described began, CLOCK_MONOTONIC ns.
func (e *Event) Start() int64 { return e.Time - e.Dur }

// Phase says whether an event describes a whole call, its beginning or its end. A call that may block is emitted as
// enter and exit, so that a thread stuck in it is visible while it is stuck.
type Phase uint8

// Phases. PhaseLate is a flag beside them: the merge sets it on an event that came after younger ones of other streams had
// already been handed on.
const (
	PhaseComplete Phase = 0
	PhaseEnter    Phase = 1
	PhaseExit     Phase = 2

	PhaseLate Phase = 0x80
)

// Base is the phase without the late flag.
func (p Phase) Base() Phase { return p &^ PhaseLate }

// IsLate reports whether the merge had to insert the event behind younger ones.
func (p Phase) IsLate() bool { return p&PhaseLate != 0 }

// String is the word of the text form: complete, enter, exit, with "+late" where it applies.
func (p Phase) String() string {
	s := [...]string{"complete", "enter", "exit"}
	b := p.Base()
	if int(b) >= len(s) {
		return "phase?"
	}
	if p.IsLate() {
		return s[b] + "+late"
	}
	return s[b]
}

// InstanceID names the object that a wait asks: an epoll instance by its descriptor number, or the set that poll and
// select pass with every call, as a pseudo-instance of the calling thread. It is raw: a number closed and opened again
// gives the same InstanceID, and timeline tells the two apart. An io_uring is named by its descriptor number too. 0 is
// unknown.
type InstanceID = uint32

const (
	pseudoInstance = 1 << 31
	ringInstance   = 1 << 30 // above every descriptor number that Linux gives
)

// EpollInstance is the InstanceID of the epoll descriptor epfd.
func EpollInstance(epfd int) InstanceID { return InstanceID(epfd) + 1 }

// SetInstance is the InstanceID of the descriptor set that the thread tid passes to poll or select.
func SetInstance(tid int) InstanceID { return pseudoInstance | InstanceID(tid) }

// RingInstance is the InstanceID of the io_uring descriptor fd.
func RingInstance(fd int) InstanceID { return ringInstance | InstanceID(fd) }

// IsRing reports whether an InstanceID names an io_uring.
func IsRing(id InstanceID) bool { return id&(pseudoInstance|ringInstance) == ringInstance }

// InstanceNumber splits an InstanceID into the descriptor of an epoll instance or io_uring (set false) or the thread id
// (set true).
func InstanceNumber(id InstanceID) (n int, set bool) {
	if id&pseudoInstance != 0 {
		return int(id &^ pseudoInstance), true
	}
	if IsRing(id) {
		return int(id &^ ringInstance), false
	}
	return int(id) - 1, false
}

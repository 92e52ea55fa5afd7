package loop

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"evviz/loop/poll"
	"evviz/trace"
)

// Behaviour is everything about a loop that can be healthy or broken on purpose. One struct stands behind flags,
// scenarios, live keys and tests alike; [Knobs] names its fields. A change reaches the running loop as a posted task
// and is recorded as a Knob event.
type Behaviour struct {
	Driver  uint32 // trace.Driver*
	Trigger uint32 // trace.Trigger*; meaningful for epoll

	Interval   time.Duration // sleep between the rounds of sleep-poll
	ReadSize   int           // bytes asked for by one read
	Reads      Count         // reads per wakeup or round
	Accepts    Count         // accepts per wakeup or round
	MaxEvents  int           // most reports taken from one wait
	Timeout    time.Duration // longest wait; negative: for ever
	Rounding   poll.Rounding // how a timeout becomes milliseconds
	RDHUP      bool          // ask for EPOLLRDHUP too
	WriteOut   WriteInterest
	OnEOF      OnEOF
	OnEMFILE   OnEMFILE
	Rearm      Rearm
	WakeDrain  bool // read the wake-fd when it is reported
	Work       Work
	AcceptWork Work // before the accepts of a wakeup
	Threads    int  // that wait for readiness
	Listeners  Listeners
	Split      bool        // accept on a thread of its own (sleep-poll)
	Hold       int         // register a connection only when so many bytes wait for it; 0 at once
	Registry   RegisterVia // who registers a held connection
	Guard      RegisterGuard
	GuardPause time.Duration // between look and call; makes the race of registry certain
	Nonblock   Nonblock
	MaxFD      int // a connection whose number is this or above is closed at once; 0 no limit
	Backlog    int
	RcvBuf     int // SO_RCVBUF of connections; 0 the kernel's default
	SndBuf     int
	Waits      int // stop after so many more waits or rounds; 0 never
	Arrival    Arrival
	URing      URing    // how operations are handed to io_uring
	Resubmit   Resubmit // whether a recv is handed to it again

	Serving // serving.go
	Faults  // faults.go

	acceptsSet bool // Accepts was set by hand, so an edge-triggered listener is not drained behind the user's back
}

// Default is a healthy loop.
func Default() Behaviour {
	return Behaviour{
		Driver: trace.DriverSleepPoll, Trigger: trace.TriggerLevel,
		Interval: 250 * time.Millisecond, ReadSize: 4096, Reads: Count{Kind: CountCalls, N: 1}, Accepts: Count{Kind: CountDrain},
		MaxEvents: 64, Timeout: -1, WakeDrain: true, Backlog: 511, Threads: 1, Arrival: ArrivalObserver,
		Serving: defaultServing(), Faults: defaultFaults(),
	}
}

// acceptsNow is how the listener is to be served under the present trigger: edge means drain, unless set by hand.
func (b *Behaviour) acceptsNow() Count {
	if b.Driver == trace.DriverEpoll && b.Trigger != trace.TriggerLevel && !b.acceptsSet {
		return Count{Kind: CountDrain}
	}
	return b.Accepts
}

// trigger is the triggering that is really in force: only epoll has one.
func (b *Behaviour) trigger() uint32 {
	if b.Driver == trace.DriverEpoll {
		return b.Trigger
	}
	return trace.TriggerNone
}

// Count says how many calls a handler makes before it goes back to wait.
type Count struct {
	Kind CountKind
	N    int
}

// CountKind is the rule by which a handler stops.
type CountKind uint8

// The rules.
const (
	CountCalls CountKind = iota // N calls, whatever they say; 0 never
	CountUpTo                   // at most N, stops at EAGAIN
	CountShort                  // until a read returns less than was asked for, or EAGAIN
	CountDrain                  // until EAGAIN
)

// String is the form that ParseCount reads.
func (c Count) String() string {
	switch c.Kind {
	case CountUpTo:
		return fmt.Sprintf("upto:%d", c.N)
	case CountShort:
		return "short"
	case CountDrain:
		return "drain"
	}
	return strconv.Itoa(c.N)
}

// ParseCount reads "0", "3", "upto:3", "short" or "drain".
func ParseCount(s string) (Count, error) {
	switch s {
	case "short":
		return Count{Kind: CountShort}, nil
	case "drain":
		return Count{Kind: CountDrain}, nil
	}
	k, t := CountCalls, s
	if rest, ok := strings.CutPrefix(s, "upto:"); ok {
		k, t = CountUpTo, rest
	}
	n, err := strconv.Atoi(t)
	if err != nil || n < 0 || n > 1<<20 {
		return Count{}, fmt.Errorf("%q is not a number of calls: use 0, a number, upto:N, short or drain", s)
	}
	return Count{k, n}, nil
}

// more reports whether another call is due after n calls, the last of which returned ret of asked bytes or EAGAIN.
func (c Count) more(n int, again, short bool) bool {
	switch c.Kind {
	case CountCalls:
		return n < c.N
	case CountUpTo:
		return n < c.N && !again
	case CountShort:
		return !again && !short
	default:
		return !again
	}
}

// WriteInterest says when EPOLLOUT is registered.
type WriteInterest uint8

// Write interests. Always is the write spin of K21.
const (
	WriteOnDemand WriteInterest = iota
	WriteAlways
	WriteFirst // to answer anything: asked for, waited for, given back (K06)
)

// Rearm says when a oneshot registration is armed again.
type Rearm uint8

// Moments to re-arm.
const (
	RearmAfter Rearm = iota // when the handler has done its work
	RearmEarly              // before it has begun: another thread may get the descriptor meanwhile (K12)
	RearmNever              // forgotten
)

// OnEOF says what the loop does when a peer has finished.
type OnEOF uint8

// Reactions to end of file.
const (
	EOFClose  OnEOF = iota // answer what is still owed, then close
	EOFIgnore              // leave everything as it is
	EOFLeak                // stop watching, never close
)

// OnEMFILE says what the loop does when descriptors run out.
type OnEMFILE uint8

// Reactions to EMFILE. Shed gives up a reserve descriptor to accept and close the connection, so that the listener
// does not stay readable for ever.
const (
	EMFILEShed OnEMFILE = iota
	EMFILEIgnore
)

// RegisterVia says which thread registers a connection that was held.
type RegisterVia uint8

// Ways to register.
const (
	ViaTask     RegisterVia = iota // a task on the loop's own thread
	ViaRegistry                    // another thread, while the loop waits (epoll only)
	ViaPoll                        // another thread, which must have the poll to itself for it (epoll only)
)

// Listeners says what several threads wait on.
type Listeners uint8

// Ways to share the work among threads.
const (
	ListenersOne       Listeners = iota // all threads wait on one instance
	ListenersShared                     // an instance a thread, all of them watch the one listener
	ListenersExclusive                  // the same with EPOLLEXCLUSIVE
	ListenersReuseport                  // an instance and a listener a thread (SO_REUSEPORT)
)

// oneInstance reports whether several threads wait on the same instance.
func (b *Behaviour) oneInstance() bool {
	return b.Driver == trace.DriverEpoll && b.Threads > 1 && b.Listeners == ListenersOne
}

// Arrival says how the lab learns when data arrived.
type Arrival uint8

// Ways to learn it.
const (
	ArrivalOff Arrival = iota
	ArrivalObserver
	ArrivalStamp
	ArrivalBoth
)

// Work is what a handler does besides I/O, once for each time it got data.
type Work struct {
	Kind WorkKind
	For  time.Duration
	Size int // bytes, for fsync
}

// WorkKind is a kind of work.
type WorkKind uint8

// Kinds of work.
const (
	WorkNone WorkKind = iota
	WorkCPU
	WorkSleep
	WorkRead  // a blocking read of a pipe
	WorkLock  // a lock that another thread holds
	WorkFsync // a file that must reach the disk
)

// workWords are the words for the kinds of work.
var workWords = []string{"none", "cpu", "sleep", "read", "lock", "fsync"}

// String is the form that ParseWork reads.
func (w Work) String() string {
	switch w.Kind {
	case WorkNone:
		return "none"
	case WorkFsync:
		return "fsync:" + sizeString(w.Size)
	}
	return workWords[w.Kind] + ":" + w.For.String()
}

// ParseWork reads "none", "cpu:3ms", "sleep:50ms", "read:50ms", "lock:60ms" or "fsync:16MiB".
func ParseWork(s string) (Work, error) {
	if s == "none" || s == "" {
		return Work{}, nil
	}
	kind, d, ok := strings.Cut(s, ":")
	k := WorkKind(max(slices.Index(workWords, kind), 0))
	if !ok || k == WorkNone {
		return Work{}, fmt.Errorf("%q is not a kind of work: use none, cpu:DURATION, sleep:, read: or lock:DURATION, or fsync:SIZE, for example cpu:3ms", s)
	}
	if k == WorkFsync {
		n, err := parseSize(d)
		return Work{Kind: k, Size: n}, err
	}
	v, err := time.ParseDuration(d)
	if err != nil || v < 0 || v > time.Minute {
		return Work{}, fmt.Errorf("%q is not a duration between 0 and 1m, for example 3ms", d)
	}
	return Work{Kind: k, For: v}, nil
}

// URing says how accept and recv are handed to io_uring.
type URing uint8

// Ways to hand them over.
const (
	URingAuto      URing = iota // multishot where the kernel has it
	URingSingle                 // one completion for each submission, into a buffer of the connection's own
	URingMultishot              // one submission, many completions, into buffers that the kernel picks
)

// Resubmit says whether a recv is submitted again when it has completed.
type Resubmit uint8

// Habits. Never leaves the rest of a message in the kernel for ever: the lost wake-up of the completion world.
const (
	ResubmitAlways Resubmit = iota
	ResubmitNever
)

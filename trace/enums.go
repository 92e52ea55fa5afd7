package trace

// Enum is a closed list of words for a small number in an event. Index 0 is always "unknown" and not written.
type Enum []string

// Word is the name of v, or "" when the list does not know it.
func (e Enum) Word(v uint32) string {
	if int(v) < len(e) {
		return e[v]
	}
	return ""
}

// Value finds a word.
func (e Enum) Value(word string) (uint32, bool) {
	for i, w := range e {
		if w == word {
			return uint32(i), true
		}
	}
	return 0, false
}

// Drivers of a loop (Mode).
const (
	DriverUnknown = iota
	DriverBlocking
	DriverSleepPoll
	DriverSelect
	DriverPoll
	DriverEpoll
	DriverURing
	DriverGo
)

// DriverNames are the words of --mode.
var DriverNames = Enum{"", "blocking", "sleep-poll", "select", "poll", "epoll", "io-uring", "go"}

// Triggers of a readiness loop (Mode).
const (
	TriggerNone = iota // the mechanism has none, or it is not known
	TriggerLevel
	TriggerEdge
	TriggerOneshot
)

// TriggerNames are the words of --trigger.
var TriggerNames = Enum{"", "level", "edge", "oneshot"}

// Causes of a Mode event.
const (
	CauseUnknown = iota
	CauseStart
	CauseSwitch // a live switch by a person or a scenario
)

// CauseNames are the words for a Mode's cause.
var CauseNames = Enum{"", "start", "switch"}

// Roles of a thread.
const (
	RoleUnknown = iota
	RoleLoop
	RoleObserver
	RoleClient
	RoleWorker
	RoleOther
)

// RoleNames are the words for a thread's role.
var RoleNames = Enum{"", "loop", "observer", "client", "worker", "other"}

// Descriptor types (Open, State).
const (
	TypeUnknown = iota
	TypeStream
	TypeDatagram
	TypeSeqpacket
	TypeListener
	TypePipe
	TypeEventfd
	TypeTimerfd
	TypeSignalfd
	TypeEpoll
	TypeOther
	TypeURing
	TypeInotify
)

// TypeNames are the words for a descriptor's type.
var TypeNames = Enum{"", "stream", "datagram", "seqpacket", "listener", "pipe", "eventfd", "timerfd", "signalfd", "epoll", "other", "io_uring", "inotify"}

// Origins of a descriptor (Open).
const (
	OriginUnknown = iota
	OriginSocket
	OriginAccept
	OriginDup
	OriginFork
	OriginEventfd
	OriginEpollCreate
	OriginPipe
	OriginTimerfd
	OriginSignalfd
	OriginOpen
	OriginInherited
	OriginURing
	OriginReceived // from another process: over a unix socket, or by pidfd_getfd
	OriginPair     // one of two sockets that are connected from the beginning
)

// OriginNames are the words for where a descriptor came from.
var OriginNames = Enum{"", "socket", "accept", "dup", "fork", "eventfd", "epoll_create", "pipe", "timerfd", "signalfd", "open", "inherited", "io_uring_setup", "received", "socketpair"}

// Reasons of a Close, where the source knows them.
const (
	CloseUnknown  = iota
	CloseEOF      // the peer had finished
	CloseError    // a read or write failed
	CloseRefused  // the descriptor number was over the program's own limit
	CloseShutdown // the program is ending
	CloseSwitch   // the loop moved to another mechanism
	CloseShed     // accepted only to be closed, to get rid of a connection when descriptors ran out
	CloseIdle     // nothing came for longer than the server allows
	CloseServed   // the server had said all it had to say
)

// CloseNames are the words for a Close's reason.
var CloseNames = Enum{"", "eof", "error", "refused", "shutdown", "switch", "shed", "idle", "served"}

// Calls, for the kinds that stand for a family of system calls. One list for all, so that a number means one name.
const (
	CallUnknown = iota
	CallEpollWait
	CallEpollPwait
	CallEpollPwait2
	CallPoll
	CallPpoll
	CallSelect
	CallPselect6
	CallURingEnter
	CallNanosleep
	CallClockNanosleep
	CallAccept
	CallAccept4
	CallRead
	CallReadv
	CallPread64
	CallPreadv
	CallRecvfrom
	CallRecvmsg
	CallRecvmmsg
	CallWrite
	CallWritev
	CallPwrite64
	CallPwritev
	CallSendto
	CallSendmsg
	CallSendmmsg
	CallSendfile
	CallSplice
	CallFcntl
	CallIoctl
)

// CallNames are the system calls' own names.
var CallNames = Enum{"", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6", "io_uring_enter",
	"nanosleep", "clock_nanosleep", "accept", "accept4", "read", "readv", "pread64", "preadv", "recvfrom", "recvmsg", "recvmmsg",
	"write", "writev", "pwrite64", "pwritev", "sendto", "sendmsg", "sendmmsg", "sendfile", "splice", "fcntl", "ioctl"}

// Sub-kinds of a Renotify.
const (
	RenotifyUnknown   = iota
	RenotifyUntouched // nobody touched the descriptor since the last report
	RenotifyLeftover  // partly read since the last report
)

// RenotifyNames are the words for a Renotify's sub-kind.
var RenotifyNames = Enum{"", "untouched", "left-over"}

// What a Call handles.
const (
	HandlerUnknown = iota
	HandlerConn
	HandlerListener
	HandlerTimer
	HandlerTask
	HandlerWake
)

// HandlerNames are the words for what a Call handles.
var HandlerNames = Enum{"", "connection", "listener", "timer", "task", "wake"}

// Who saw an arrival.
const (
	ArriveUnknown  = iota
	ArriveObserver // a thread of evviz with an edge-triggered epoll of its own
	ArriveStamp    // the kernel's receive stamp (SO_TIMESTAMPNS)
	ArriveStep     // the client's own report that it has sent
	ArriveProbe    // a kernel probe
)

// ArriveNames are the words for who saw an arrival.
var ArriveNames = Enum{"", "observer", "stamp", "step", "probe"}

// How a thread was woken.
const (
	ViaUnknown = iota
	ViaEventfd
	ViaSignal
	ViaPipe
	ViaRing // a message to its completion queue
)

// ViaNames are the words for how a thread was woken.
var ViaNames = Enum{"", "eventfd", "signal", "pipe", "ring"}

// Steps of a client.
const (
	StepUnknown = iota
	StepConnect
	StepSend
	StepReceive
	StepHalfClose
	StepClose
	StepReset
	StepSleep
	StepNote
)

// StepNames are the words for a client's steps.
var StepNames = Enum{"", "connect", "send", "receive", "half-close", "close", "reset", "sleep", "note"}

// What a State re-states.
const (
	StateUnknown = iota
	StateDescriptor
	StateRegistration
)

// StateNames are the words for what a State re-states.
var StateNames = Enum{"", "descriptor", "registration"}

// Why a run stopped.
const (
	StopUnknown = iota
	StopAsked
	StopTime
	StopSignal
	StopError
)

// StopNames are the words for why a run stopped.
var StopNames = Enum{"", "asked", "time", "signal", "error"}

// Where events were lost.
const (
	LostUnknown = iota
	LostRing
	LostFile
	LostKernel
	LostPipe
	LostPaste // left out by who pasted the text
)

// LostNames are the words for where events were lost.
var LostNames = Enum{"", "ring", "file", "kernel", "pipe", "paste"}

// Whose CPU time a Usage tells.
const (
	UsageThread  = iota
	UsageProcess // all threads of the process together
	UsageTicks   // ... as times(2) counts it, in steps of 10 ms
)

// UsageNames are the words for whose CPU time it is.
var UsageNames = Enum{"", "process", "ticks"}

// Flags of a Register, Modify or Deregister.
const (
	InterestDiff = 1 << 0 // not a call of its own: the set passed to poll or select differs from the last one
)

// Whether something is so, where it need not be known.
const (
	AnswerUnknown = iota
	AnswerYes
	AnswerNo
)

// AnswerNames are the words for that.
var AnswerNames = Enum{"", "yes", "no"}

// What a thread was doing when it was looked at (InCall).
const (
	DoingUnknown = iota
	DoingRunning // on a CPU, or it could be
	DoingWaiting // for something that a signal can end
	DoingBlocked // ... that nothing ends but itself: a disk, mostly
	DoingStopped // by a signal
	DoingTraced  // by a debugger
	DoingEnded   // a zombie
)

// DoingNames are the words for what a thread was doing.
var DoingNames = Enum{"", "running", "waiting", "blocked", "stopped", "traced", "ended"}

// Operations of a completion queue (Submit, Complete).
const (
	OpUnknown = iota
	OpAccept
	OpRecv
	OpSend
	OpRead
	OpWrite
	OpTimeout
	OpPoll
	OpCancel
	OpConnect
	OpClose
	OpBuffers // buffers handed to the kernel to choose from
)

// OpNames are the words for an operation.
var OpNames = Enum{"", "accept", "recv", "send", "read", "write", "timeout", "poll", "cancel", "connect", "close", "buffers"}

// Bits of the aux of a State that says a registration.
const (
	StateQueued   = 1 << 16 // it is on the instance's ready list
	StateInferred = 1 << 17 // it was not seen being made; its events show it
	StateLooked   = 1 << 18 // the ready list was looked at, so StateQueued is known
)

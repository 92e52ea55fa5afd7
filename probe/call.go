package probe

import "evviz/trace"

// Sys names a system call independently of its number, which differs between machines.
type Sys uint8

// The calls of the table.
const (
	SysOther Sys = iota // not in the table: counted by its name

	// table_wait.go
	SysEpollCreate
	SysEpollCreate1
	SysEpollCtl
	SysEpollWait
	SysEpollPwait
	SysEpollPwait2
	SysPoll
	SysPpoll
	SysSelect
	SysPselect6
	SysURingSetup
	SysURingEnter
	SysURingRegister

	// table_socket.go
	SysSocket
	SysSocketpair
	SysBind
	SysListen
	SysAccept
	SysAccept4
	SysConnect
	SysShutdown
	SysGetsockname
	SysGetpeername
	SysGetsockopt
	SysSetsockopt

	// table_io.go
	SysRead
	SysReadv
	SysPread64
	SysPreadv
	SysRecvfrom
	SysRecvmsg
	SysRecvmmsg
	SysWrite
	SysWritev
	SysPwrite64
	SysPwritev
	SysSendto
	SysSendmsg
	SysSendmmsg
	SysSendfile
	SysSplice
	SysFsync
	SysFdatasync
	SysMmap

	// table_files.go
	SysOpen
	SysOpenat
	SysDup
	SysDup2
	SysDup3
	SysFcntl
	SysIoctl
	SysClose
	SysCloseRange
	SysPipe
	SysPipe2
	SysEventfd
	SysEventfd2
	SysTimerfdCreate
	SysTimerfdSettime
	SysSignalfd
	SysSignalfd4
	SysInotifyInit
	SysInotifyInit1

	// table_process.go
	SysNanosleep
	SysClockNanosleep
	SysFutex
	SysClone
	SysClone3
	SysFork
	SysVfork
	SysExecve
	SysExit
	SysExitGroup

	sysCount
)

// SysByName finds a call of the table by its name, SysOther when it is not there. A call that differs from one of the table
// only in the width of its numbers, or by a last argument, goes by that one's name.
func SysByName(name string) Sys { return sysByName[name] }

var sysByName = map[string]Sys{
	"recv": SysRecvfrom, "send": SysSendto, "preadv2": SysPreadv, "pwritev2": SysPwritev, "pread": SysPread64, "pwrite": SysPwrite64,
	"sendfile64": SysSendfile, "fcntl64": SysFcntl, "_newselect": SysSelect, "openat2": SysOpenat, "creat": SysOpen,
	"clock_nanosleep_time64": SysClockNanosleep, "ppoll_time64": SysPpoll, "pselect6_time64": SysPselect6,
	"futex_time64": SysFutex, "recvmmsg_time64": SysRecvmmsg, "timerfd_settime64": SysTimerfdSettime, "execveat": SysExecve,
}

// String is the call's own name.
func (s Sys) String() string {
	if s == SysOther || s >= sysCount {
		return "another call"
	}
	return table[s].name
}

// EpollEvent is a struct epoll_event: what a program registers, and what a wait delivers.
type EpollEvent struct {
	Events uint32
	Data   uint64
}

// PollFD is a descriptor of the set that poll or select is passed, and what is asked or reported of it, in the bits of poll.
type PollFD struct {
	FD     int32
	Events uint32
}

// FDNote is what a tracer can tell about a descriptor that a call mentions, from /proc or from the kernel's tables.
type FDNote struct {
	FD          int32
	Type        uint32 // trace.Type*, 0 unknown
	Peer, Local string // addresses, "" unknown
	Path        string // of a file or device, "" unknown
	Same        uint32 // two notes with the same number here say the same; 0: compare them
	Unsure      bool   // Type is the likeliest of several, and what a call has told is better
}

// Call is a system call as a tracer sees it. Arguments are the registers; what stands behind a pointer is in a field of its
// own, and left empty when the tracer could not read it. The Emitter keeps nothing of it, so it may be used again.
type Call struct {
	PID, TID int    // process and thread; TID 0: unknown
	Files    int    // descriptor table, named by the process that made it; 0: the process has its own
	Comm     string // name of the thread, "" unknown

	Sys  Sys
	Name string // for SysOther

	Headless bool // its beginning was not seen, and not every argument is known

	Phase trace.Phase // complete; or enter, with the arguments alone, and exit
	Time  int64       // the moment of its end (of its beginning, for an enter), ns
	Dur   int64       // how long it took, 0 unknown
	Args  [6]uint64
	Ret   int64
	Errno uint16 // 0 success; Ret is not looked at otherwise

	Event     EpollEvent   // epoll_ctl: what is registered
	Events    []EpollEvent // epoll_wait: what was delivered, as far as it could be read
	Set       []PollFD     // poll, select: what is asked
	SetCut    bool         // not all of Set could be read
	Addressed bool         // the address of whoever sent it came with what was received
	Got       []PollFD     // poll, select: what was reported, as far as it could be read
	Bytes     int64        // calls with several buffers: the bytes of all of them
	Cut       bool         // recvmsg: a message was longer than the room for it (MSG_TRUNC came back)
	Moved     int64        // recvmmsg, sendmmsg: the bytes of all messages
	Peer      string       // accept, connect: the other end's address
	Local     string       // accept, connect, bind: the own address
	Path      string       // execve, open: the file
	Nanos     int64        // timeouts and sleeps: how long; -1 for ever; 0 also when the program named a moment instead
	Every     int64        // timerfd_settime: the period
	Value     uint64       // 8 bytes that were read; a socket option; flags that came back
	Known     bool         // Value could be read
	Pair      [2]int32     // pipe, socketpair: the two descriptors

	FDs      []FDNote
	Received []FDNote // recvmsg: descriptors that came with the message (SCM_RIGHTS)
}

// reset empties a call for the next one, and keeps its memory.
func (c *Call) reset() {
	events, set, got, fds, received := c.Events[:0], c.Set[:0], c.Got[:0], c.FDs[:0], c.Received[:0]
	*c = Call{}
	c.Events, c.Set, c.Got, c.FDs, c.Received = events, set, got, fds, received
}

// clone is a copy that shares no memory with c.
func (c *Call) clone(into *Call) *Call {
	if into == nil {
		into = &Call{}
	}
	events, set, got, fds, received := into.Events[:0], into.Set[:0], into.Got[:0], into.FDs[:0], into.Received[:0]
	*into = *c
	into.Events, into.Set = append(events, c.Events...), append(set, c.Set...)
	into.Got, into.FDs, into.Received = append(got, c.Got...), append(fds, c.FDs...), append(received, c.Received...)
	return into
}

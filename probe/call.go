package probe

import "evviz/trace"

// Sys names a system call independently of its number, which differs between machines.
type Sys uint8

// The calls of the table. The last five are there for identity alone: without them nobody could tell the descriptors of
// two processes apart.
const (
	SysOther Sys = iota // not in the table: counted by its name
	SysEpollCreate1
	SysEpollCtl
	SysEpollWait
	SysAccept4
	SysRead
	SysWrite
	SysRecvfrom
	SysSendto
	SysClose
	SysSocket
	SysConnect
	SysClockNanosleep

	SysClone
	SysClone3
	SysFork
	SysVfork
	SysExecve

	sysCount
)

// SysByName finds a call of the table by its name, SysOther when it is not there.
func SysByName(name string) Sys { return sysByName[name] }

var sysByName = func() map[string]Sys {
	m := map[string]Sys{}
	for s := SysOther + 1; s < sysCount; s++ {
		m[table[s].name] = s
	}
	return m
}()

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

// FDNote is what a tracer can tell about a descriptor that a call mentions, from /proc or from the kernel's tables.
type FDNote struct {
	FD          int32
	Type        uint32 // trace.Type*, 0 unknown
	Peer, Local string // addresses, "" unknown
}

// Call is a system call as a tracer sees it. Arguments are the registers; what stands behind a pointer is in a field of its
// own, and left empty when the tracer could not read it.
type Call struct {
	PID, TID int    // process and thread; TID 0: unknown
	Files    int    // descriptor table, named by the process that made it; 0: the process has its own
	Comm     string // name of the thread, "" unknown

	Sys  Sys
	Name string // for SysOther

	Phase trace.Phase // complete; or enter, with the arguments alone, and exit
	Time  int64       // the moment of its end (of its beginning, for an enter), ns
	Dur   int64       // how long it took, 0 unknown
	Args  [6]uint64
	Ret   int64
	Errno uint16 // 0 success; Ret is not looked at otherwise

	Event   EpollEvent   // epoll_ctl: what is registered
	Events  []EpollEvent // epoll_wait: what was delivered, as far as it could be read
	Peer    string       // accept4, connect: the other end's address
	Local   string       // accept4, connect: the own address
	Program string       // execve
	Nanos   int64        // clock_nanosleep: how long; 0 when the program named a moment instead

	FDs []FDNote
}

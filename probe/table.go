package probe

import (
	"math"

	"evviz/trace"
)

// entry says what a call means. The event's kind, its descriptor and the call's number come from the entry; args and result
// fill in the rest, result only once the call has ended. Either may change the kind; an event of no kind is not told.
type entry struct {
	name   string
	kind   trace.Kind
	call   uint32                         // trace.Call*, where the kind stands for a family
	fd     int                            // which argument is the descriptor, -1 none
	flags  int                            // which argument holds MSG_ flags, 0 none
	blocks bool                           // may hold the thread, so that it is told as enter and exit
	may    func(th *thread, c *Call) bool // whether it may, where that is not a question of the descriptor's mode
	skip   func(c *Call) bool             // the call is of no interest after all: it is counted by its name
	args   func(th *thread, e *trace.Event, c *Call)
	result func(th *thread, e *trace.Event, c *Call)
	before func(em *Emitter, th *thread, c *Call) // events ahead of the call's own, once it has succeeded
	after  func(em *Emitter, th *thread, c *Call) // events behind it
	asked  func(c *Call) int64                    // bytes, for the read and write families
}

// table is the whole knowledge of system calls. Section 2 of the manual has each under its name; socket flags are in
// socket(2), descriptor flags in open(2). It is put together from one part for each subject.
var table [sysCount]entry

func init() {
	for _, part := range []map[Sys]entry{tableWait, tableSocket, tableIO, tableFiles, tableProcess} {
		for s, en := range part {
			table[s] = en
		}
	}
	for s := SysOther + 1; s < sysCount; s++ {
		sysByName[table[s].name] = s
		guesses[guess([]byte(table[s].name))] = s
	}
}

// Numbers of the kernel's interface that the table looks at.
const (
	ctlAdd, ctlDel, ctlMod = 1, 2, 3

	sockTypeMask = 0xf
	openFlags    = oNonblock | oCloexec // socket(2) and accept4(2) use the values of open(2)
	oRdwr        = 0x2
	oNonblock    = 0x800
	oCloexec     = 0x80000

	mapShared   = 0x1 // mmap(2)
	msgTrunc    = 0x20
	msgDontwait = 0x40

	cloneVM     = 0x100
	cloneFiles  = 0x400
	cloneVfork  = 0x4000
	cloneThread = 0x10000

	eINTR        = 4
	eBADF        = 9
	eAGAIN       = 11
	eINPROGRESS  = 115
	restartFirst = 512 // ERESTARTSYS
	restartLast  = 516 // ERESTART_RESTARTBLOCK
)

// size is a size_t.
func size(v uint64) int64 { return int64(min(v, math.MaxInt64)) }

// result is what the call gave back, -1 when it failed.
func (c *Call) result() int64 {
	if c.Errno != 0 {
		return -1
	}
	return c.Ret
}

// newFD is the descriptor that the call made, -1 when it failed.
func (c *Call) newFD() int32 { return int32(c.result()) }

// instance is the InstanceID of an epoll descriptor, 0 for a number that cannot be one.
func instance(fd int32) trace.InstanceID {
	if fd < 0 || fd >= 1<<30-1 {
		return 0
	}
	return trace.EpollInstance(int(fd))
}

// makes is the part of an entry that all calls share that give back a new descriptor and have no other event: the call's own
// event is the Open.
func makes(name string, typ, from uint32, flags func(c *Call) uint32) entry {
	return entry{name: name, kind: trace.Open, fd: -1,
		args: func(_ *thread, e *trace.Event, c *Call) {
			e.FD, e.Aux, e.Mask = -1, trace.OpenAux(typ, from), flags(c)
		},
		result: func(_ *thread, e *trace.Event, c *Call) { e.FD = c.newFD() }}
}

// noFlags are the flags of a call that takes none; flagsOf those in one of its arguments.
func noFlags(*Call) uint32 { return 0 }

func flagsOf(arg int) func(c *Call) uint32 {
	return func(c *Call) uint32 { return uint32(c.Args[arg]) & openFlags }
}

// failed makes a Sys of a call of which only a failure is worth an event.
func failed(_ *thread, e *trace.Event, c *Call) {
	if c.Errno == 0 {
		e.Kind = trace.KindNone
		return
	}
	*e = trace.Event{Kind: trace.Sys, FD: e.FD, B: -1}
}

package probe

import (
	"math"

	"evviz/trace"
)

// entry says what a call means. The event's kind, its descriptor and the call's number come from the entry; args and result
// fill in the rest, result only once the call has ended.
type entry struct {
	name   string
	kind   trace.Kind
	call   uint32 // trace.Call*, where the kind stands for a family
	fd     int    // which argument is the descriptor, -1 none
	blocks bool   // may hold the thread, so that it is told as enter and exit
	args   func(e *trace.Event, c *Call)
	result func(e *trace.Event, c *Call)
	before func(em *Emitter, th *thread, c *Call) // events ahead of the call's own, once it has succeeded
	after  func(em *Emitter, th *thread, c *Call) // events behind it
}

// table is the whole knowledge of system calls. Section 2 of the manual has each under its name; socket flags are in
// socket(2), descriptor flags in open(2).
var table = [sysCount]entry{
	// epoll_create(2): flags. The result is the instance.
	SysEpollCreate1: {name: "epoll_create1", kind: trace.Instance, fd: -1,
		args: func(e *trace.Event, c *Call) { e.FD, e.Mask = -1, uint32(c.Args[0]) },
		result: func(e *trace.Event, c *Call) {
			e.FD = c.newFD()
			e.Inst = instance(e.FD)
		},
		before: func(em *Emitter, th *thread, c *Call) {
			em.opened(th, c, trace.TypeEpoll, trace.OriginEpollCreate, uint32(c.Args[0]))
		}},

	// epoll_ctl(2): instance, operation, descriptor, event.
	SysEpollCtl: {name: "epoll_ctl", kind: trace.Register, fd: 2,
		args: func(e *trace.Event, c *Call) {
			e.Inst = instance(int32(c.Args[0]))
			switch c.Args[1] {
			case ctlDel:
				e.Kind = trace.Deregister
				return
			case ctlMod:
				e.Kind = trace.Modify
			}
			e.Mask, e.A = c.Event.Events, int64(c.Event.Data)
		}},

	// epoll_wait(2): instance, buffer, most reports, milliseconds. What the program wanted is known only as what it passed.
	SysEpollWait: {name: "epoll_wait", kind: trace.Wait, call: trace.CallEpollWait, fd: -1, blocks: true,
		args: func(e *trace.Event, c *Call) {
			e.Inst = instance(int32(c.Args[0]))
			if most := c.Args[2]; most < 1<<24 {
				e.Aux |= uint32(most) << 8
			}
			e.A = -1
			if ms := int32(c.Args[3]); ms >= 0 {
				e.A = int64(ms) * 1e6
			}
			e.B = e.A
		},
		result: func(e *trace.Event, c *Call) {
			if c.Errno == 0 {
				e.Mask = uint32(c.Ret)
			}
		},
		after: (*Emitter).reports},

	// accept(2): listener, address, its length, flags. The result is the connection.
	SysAccept4: {name: "accept4", kind: trace.Accept, call: trace.CallAccept4, fd: 0, blocks: true,
		args:   func(e *trace.Event, c *Call) { e.Mask = uint32(c.Args[3]) },
		result: func(e *trace.Event, c *Call) { e.A = c.result() },
		after:  (*Emitter).accepted},

	// read(2), write(2): descriptor, buffer, bytes.
	SysRead:  {name: "read", kind: trace.Read, call: trace.CallRead, fd: 0, blocks: true, args: asked, result: moved},
	SysWrite: {name: "write", kind: trace.Write, call: trace.CallWrite, fd: 0, blocks: true, args: asked, result: moved},

	// recv(2), send(2): socket, buffer, bytes, flags, address, its length. recv and send are these two without an address.
	SysRecvfrom: {name: "recvfrom", kind: trace.Read, call: trace.CallRecvfrom, fd: 0, blocks: true, args: askedFlags, result: moved},
	SysSendto:   {name: "sendto", kind: trace.Write, call: trace.CallSendto, fd: 0, blocks: true, args: askedFlags, result: moved},

	// close(2): descriptor.
	SysClose: {name: "close", kind: trace.Close, fd: 0,
		after: func(em *Emitter, th *thread, c *Call) { th.files.forget(int32(c.Args[0])) }},

	// socket(2): family, type with flags, protocol. The result is the socket.
	SysSocket: {name: "socket", kind: trace.Open, fd: -1,
		args: func(e *trace.Event, c *Call) {
			e.FD, e.Aux, e.Mask = -1, socketType(c.Args[1])|trace.OriginSocket<<8, uint32(c.Args[1])&openFlags
		},
		result: func(e *trace.Event, c *Call) { e.FD = c.newFD() },
		after: func(em *Emitter, th *thread, c *Call) {
			th.files.put(int32(c.Ret), fdState{typ: socketType(c.Args[1]), flags: uint32(c.Args[1]) & openFlags})
		}},

	// connect(2): socket, address, its length.
	SysConnect: {name: "connect", kind: trace.Connect, fd: 0, blocks: true},

	// clock_nanosleep(2): clock, flags, time, what is left of it.
	SysClockNanosleep: {name: "clock_nanosleep", kind: trace.Sleep, call: trace.CallClockNanosleep, fd: -1, blocks: true,
		args: func(e *trace.Event, c *Call) { e.A = c.Nanos }},

	// clone(2), fork(2), vfork(2): flags. The result is the child; the child's own return from the call is not told.
	SysClone:  {name: "clone", kind: trace.Fork, fd: -1, args: cloneFlags, result: child, after: (*Emitter).forked},
	SysClone3: {name: "clone3", kind: trace.Fork, fd: -1, args: cloneFlags, result: child, after: (*Emitter).forked},
	SysFork:   {name: "fork", kind: trace.Fork, fd: -1, result: child, after: (*Emitter).forked},
	SysVfork:  {name: "vfork", kind: trace.Fork, fd: -1, result: child, after: (*Emitter).forked},

	// execve(2): program, arguments, environment.
	SysExecve: {name: "execve", kind: trace.Exec, fd: -1,
		args:  func(e *trace.Event, c *Call) { e.A = int64(c.PID) },
		after: func(em *Emitter, th *thread, c *Call) { th.files.exec() }},
}

// Numbers of the kernel's interface that the table looks at.
const (
	ctlAdd, ctlDel, ctlMod = 1, 2, 3

	sockTypeMask = 0xf
	openFlags    = oNonblock | oCloexec // socket(2) and accept4(2) use the values of open(2)
	oNonblock    = 0x800
	oCloexec     = 0x80000

	msgTrunc    = 0x20
	msgDontwait = 0x40

	cloneVM      = 0x100
	cloneFiles   = 0x400
	cloneVfork   = 0x4000
	cloneThread  = 0x10000
	eBADF        = 9
	eAGAIN       = 11
	eINPROGRESS  = 115
	eINTR        = 4
	restartFirst = 512 // ERESTARTSYS
	restartLast  = 516 // ERESTART_RESTARTBLOCK
)

func asked(e *trace.Event, c *Call) { e.A = size(c.Args[2]) }

func askedFlags(e *trace.Event, c *Call) { e.A, e.Mask = size(c.Args[2]), uint32(c.Args[3]) }

func moved(e *trace.Event, c *Call) { e.B = c.result() }

func cloneFlags(e *trace.Event, c *Call) { e.Mask = uint32(c.Args[0]) }

func child(e *trace.Event, c *Call) { e.A = max(c.result(), 0) }

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

// socketType is the descriptor type of socket(2)'s second argument.
func socketType(v uint64) uint32 {
	switch v & sockTypeMask {
	case 1:
		return trace.TypeStream
	case 2:
		return trace.TypeDatagram
	case 5:
		return trace.TypeSeqpacket
	}
	return trace.TypeOther
}

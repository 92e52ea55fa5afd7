package probe

import "evviz/trace"

const spliceNonblock = 2 // SPLICE_F_NONBLOCK

// tableIO: what moves bytes. The event says how many were asked for and how many came; a call with several buffers asks for
// the bytes of all of them.
var tableIO = map[Sys]entry{
	// read(2), write(2): descriptor, buffer, bytes; pread and pwrite with an offset; readv and writev with several buffers.
	SysRead:    moves("read", trace.Read, trace.CallRead, 0, bytesAt(2), timerRead),
	SysReadv:   moves("readv", trace.Read, trace.CallReadv, 0, buffers, nil),
	SysPread64: moves("pread64", trace.Read, trace.CallPread64, 0, bytesAt(2), nil),
	SysPreadv:  moves("preadv", trace.Read, trace.CallPreadv, 0, buffers, nil),

	SysWrite:    moves("write", trace.Write, trace.CallWrite, 0, bytesAt(2), nil),
	SysWritev:   moves("writev", trace.Write, trace.CallWritev, 0, buffers, nil),
	SysPwrite64: moves("pwrite64", trace.Write, trace.CallPwrite64, 0, bytesAt(2), nil),
	SysPwritev:  moves("pwritev", trace.Write, trace.CallPwritev, 0, buffers, nil),

	// recv(2), send(2): socket, buffer, bytes, flags, address, its length. recv and send are these two without an address.
	SysRecvfrom: moves("recvfrom", trace.Read, trace.CallRecvfrom, 3, bytesAt(2), nil),
	SysSendto:   moves("sendto", trace.Write, trace.CallSendto, 3, bytesAt(2), nil),
	// recvmsg, sendmsg: socket, message, flags.
	SysRecvmsg: moves("recvmsg", trace.Read, trace.CallRecvmsg, 2, buffers, received),
	SysSendmsg: moves("sendmsg", trace.Write, trace.CallSendmsg, 2, buffers, nil),
	// recvmmsg(2), sendmmsg(2): socket, messages, how many, flags. The result is how many messages went.
	SysRecvmmsg: moves("recvmmsg", trace.Read, trace.CallRecvmmsg, 3, buffers, received),
	SysSendmmsg: moves("sendmmsg", trace.Write, trace.CallSendmmsg, 3, buffers, nil),

	// sendfile(2): to, from, offset, bytes. From is a file on disk, of which no data is used up; where it is something else,
	// that was read too.
	SysSendfile: moves("sendfile", trace.Write, trace.CallSendfile, 0, bytesAt(3), func(em *Emitter, th *thread, c *Call) {
		if typ := th.typ(int32(c.Args[1])); typ != trace.TypeOther && typ != trace.TypeUnknown {
			em.tell(th, trace.Event{Kind: trace.Read, Time: th.last, FD: int32(c.Args[1]), Aux: trace.CallSendfile, A: size(c.Args[3]), B: c.Ret})
		}
	}),

	// splice(2): from, its offset, to, its offset, bytes, flags. One of the two is a pipe. The call's own event is that of
	// the other one, which is where an EAGAIN most likely comes from; the pipe's follows.
	SysSplice: {name: "splice", kind: trace.Read, call: trace.CallSplice, fd: 0, blocks: true, asked: bytesAt(4),
		may: func(th *thread, c *Call) bool {
			fd, _ := spliced(th, c)
			return c.Args[5]&spliceNonblock == 0 && th.flags(fd)&oNonblock == 0
		},
		args: func(th *thread, e *trace.Event, c *Call) {
			fd, out := spliced(th, c)
			e.FD, e.A = fd, size(c.Args[4])
			if out {
				e.Kind = trace.Write
			}
		},
		result: func(_ *thread, e *trace.Event, c *Call) { e.B = c.result() },
		after: func(em *Emitter, th *thread, c *Call) {
			e := trace.Event{Kind: trace.Write, Time: th.last, FD: int32(c.Args[2]), Aux: trace.CallSplice, A: size(c.Args[4]), B: c.Ret}
			if _, out := spliced(th, c); out {
				e.Kind, e.FD = trace.Read, int32(c.Args[0])
			}
			em.tell(th, e)
		}},

	// fsync(2), fdatasync(2): descriptor. They wait for the disk.
	SysFsync:     syncs("fsync"),
	SysFdatasync: syncs("fdatasync"),

	// mmap(2): address, length, protection, flags, descriptor, offset. What is shared with the kernel (a ring of packets, of samples) is
	// read there without a call.
	SysMmap: {name: "mmap", kind: trace.Sys, fd: -1,
		args:   func(_ *thread, e *trace.Event, c *Call) { e.FD = int32(c.Args[4]) },
		skip:   func(c *Call) bool { return c.Args[3] != mapShared || int32(c.Args[4]) < 0 },
		result: func(_ *thread, e *trace.Event, c *Call) { e.B = 0 }},
}

func bytesAt(arg int) func(c *Call) int64 { return func(c *Call) int64 { return size(c.Args[arg]) } }

func buffers(c *Call) int64 { return c.Bytes }

// moved is how many bytes went, -1 when the call failed.
func (c *Call) moved() int64 {
	if c.Errno == 0 && (c.Sys == SysRecvmmsg || c.Sys == SysSendmmsg) {
		return c.Moved
	}
	return c.result()
}

func moves(name string, kind trace.Kind, call uint32, flags int, asked func(c *Call) int64, after func(em *Emitter, th *thread, c *Call)) entry {
	return entry{name: name, kind: kind, call: call, fd: 0, flags: flags, blocks: true, asked: asked, after: after,
		args: func(_ *thread, e *trace.Event, c *Call) {
			e.A = asked(c)
			if flags != 0 {
				e.Mask = uint32(c.Args[flags])
			}
		},
		result: func(_ *thread, e *trace.Event, c *Call) {
			if e.B = c.moved(); kind != trace.Read {
				return
			}
			// Asked for, it makes the call say how long the message was; told, it says that the message was cut.
			cut := c.Cut || e.Mask&msgTrunc != 0 && e.B > e.A
			if e.Mask &^= msgTrunc; cut && c.Errno == 0 {
				e.Mask |= msgTrunc
			}
		}}
}

// msgCmsgCloexec makes descriptors that come with a message CLOEXEC (recvmsg(2)).
const msgCmsgCloexec = 0x40000000

// received tells of the descriptors that came with a message.
func received(em *Emitter, th *thread, c *Call) {
	flags := uint32(0)
	if at := table[c.Sys].flags; c.Args[at]&msgCmsgCloexec != 0 {
		flags = oCloexec
	}
	for i := range c.Received {
		n := &c.Received[i]
		em.openedAs(th, c.Time, n.FD, descriptor{n.Type, flags, n.Peer, n.Local}, trace.OriginReceived)
	}
}

// spliced is the end of a splice that is no pipe, and whether bytes go out there. Once that has been told it stays so,
// whatever other threads do to the descriptors meanwhile.
func spliced(th *thread, c *Call) (fd int32, out bool) {
	if th.told && trace.ReadOf(&th.entered).Call() == trace.CallSplice {
		return th.entered.FD, th.entered.Kind == trace.Write
	}
	if th.typ(int32(c.Args[0])) == trace.TypePipe {
		return int32(c.Args[2]), true
	}
	return int32(c.Args[0]), false
}

func syncs(name string) entry {
	return entry{name: name, kind: trace.Sys, fd: 0, blocks: true,
		may:    func(_ *thread, c *Call) bool { return c.Errno == 0 || c.Dur >= 1e6 },
		result: func(_ *thread, e *trace.Event, c *Call) { e.B = c.result() }}
}

// timerRead: what is read from a timerfd says how often it has fired since it was read last.
func timerRead(em *Emitter, th *thread, c *Call) {
	f := th.file(int32(c.Args[0]))
	if f == nil || f.Type != trace.TypeTimerfd || !c.Known || c.Ret != 8 || c.Value == 0 {
		return
	}
	e := trace.Event{Kind: trace.TimerFire, Time: th.last, Aux: c.timer(0), B: -1, Mask: uint32(min(c.Value, 1<<32-1))}
	if k := knownOf(f); k.due > 0 {
		e.A, e.B = k.due, max(th.last-k.due, 0)
		if k.due += k.every * int64(e.Mask); k.every == 0 || k.due < e.A {
			k.due = 0
		}
	}
	em.tell(th, e)
}

// timer is the number of a timerfd as a timer: its descriptor, one up, as 0 stands for none.
func (c *Call) timer(arg int) uint32 { return uint32(c.Args[arg]) + 1 }

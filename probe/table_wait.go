package probe

import "evviz/trace"

// tableWait: how a program asks what is ready, and says what it wants to be told of.
var tableWait = map[Sys]entry{
	// epoll_create(2): flags. The result is the instance. The first form has a size instead, which means nothing.
	SysEpollCreate:  makesInstance("epoll_create", noFlags),
	SysEpollCreate1: makesInstance("epoll_create1", flagsOf(0)),

	// epoll_ctl(2): instance, operation, descriptor, event.
	SysEpollCtl: {name: "epoll_ctl", kind: trace.Register, fd: 2,
		args: func(_ *thread, e *trace.Event, c *Call) {
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

	// epoll_wait(2): instance, buffer, most reports, milliseconds; epoll_pwait with a signal mask; epoll_pwait2 with a
	// timespec. What the program wanted is known only as what it passed.
	SysEpollWait:   waitsEpoll("epoll_wait", trace.CallEpollWait, millis(3)),
	SysEpollPwait:  waitsEpoll("epoll_pwait", trace.CallEpollPwait, millis(3)),
	SysEpollPwait2: waitsEpoll("epoll_pwait2", trace.CallEpollPwait2, nanos),

	// poll(2): set, how many, milliseconds; ppoll with a timespec and a signal mask.
	SysPoll:  waitsSet("poll", trace.CallPoll, 1, millis(2)),
	SysPpoll: waitsSet("ppoll", trace.CallPpoll, 1, nanos),

	// select(2): highest descriptor plus one, three sets, time; pselect6 with a signal mask.
	SysSelect:   waitsSet("select", trace.CallSelect, 0, nanos),
	SysPselect6: waitsSet("pselect6", trace.CallPselect6, 0, nanos),

	// io_uring_setup(2): entries, parameters. The result is the ring, which the kernel opens for reading and writing and
	// closes on exec.
	SysURingSetup: makes("io_uring_setup", trace.TypeURing, trace.OriginURing, func(*Call) uint32 { return oCloexec | oRdwr }),

	// io_uring_enter(2): ring, how many are handed over, how many completions are waited for, flags, a time. Its result is
	// how many were taken, not how many are complete: what the ring does cannot be seen from its calls.
	SysURingEnter: {name: "io_uring_enter", kind: trace.Wait, call: trace.CallURingEnter, fd: -1, blocks: true,
		may: func(_ *thread, c *Call) bool { return c.Args[2] != 0 && c.Nanos != 0 },
		args: func(_ *thread, e *trace.Event, c *Call) {
			if fd := int32(c.Args[0]); fd >= 0 && fd < 1<<30 {
				e.Inst = trace.RingInstance(int(fd))
			}
			if c.Args[2] != 0 {
				e.A, e.B = c.Nanos, c.Nanos
			}
		}},
	// io_uring_register(2): ring, operation, argument, how many.
	SysURingRegister: {name: "io_uring_register", kind: trace.Sys, fd: 0,
		args:   func(_ *thread, e *trace.Event, c *Call) { e.A = int64(c.Args[1]) },
		result: func(_ *thread, e *trace.Event, c *Call) { e.B = c.result() }},
}

func makesInstance(name string, flags func(c *Call) uint32) entry {
	return entry{name: name, kind: trace.Instance, fd: -1,
		args: func(_ *thread, e *trace.Event, c *Call) { e.FD, e.Mask = -1, flags(c) },
		result: func(_ *thread, e *trace.Event, c *Call) {
			e.FD = c.newFD()
			e.Inst = instance(e.FD)
		},
		before: func(em *Emitter, th *thread, c *Call) {
			em.opened(th, c, int32(c.Ret), trace.TypeEpoll, trace.OriginEpollCreate, flags(c))
		}}
}

// millis and nanos are a call's timeout in ns, -1 for ever.
func millis(arg int) func(c *Call) int64 {
	return func(c *Call) int64 {
		if ms := int32(c.Args[arg]); ms >= 0 {
			return int64(ms) * 1e6
		}
		return -1
	}
}

func nanos(c *Call) int64 { return c.Nanos }

func waitsEpoll(name string, call uint32, timeout func(c *Call) int64) entry {
	return entry{name: name, kind: trace.Wait, call: call, fd: -1, blocks: true,
		may: func(_ *thread, c *Call) bool { return timeout(c) != 0 },
		args: func(_ *thread, e *trace.Event, c *Call) {
			e.Inst = instance(int32(c.Args[0]))
			if most := c.Args[2]; most < 1<<24 {
				e.Aux |= uint32(most) << 8
			}
			e.A = timeout(c)
			e.B = e.A
		},
		result: func(_ *thread, e *trace.Event, c *Call) {
			if c.Errno == 0 {
				e.Mask = uint32(c.Ret)
			}
		},
		after: (*Emitter).reports}
}

// reports tells what a wait delivered. Reports that could not be read are told as lost.
func (em *Emitter) reports(th *thread, c *Call) {
	inst := instance(int32(c.Args[0]))
	for _, r := range c.Events {
		em.tell(th, trace.Event{Kind: trace.Ready, Time: th.last, Inst: inst, FD: -1, Mask: r.Events, A: int64(r.Data)})
	}
	if missing := c.Ret - int64(len(c.Events)); missing > 0 {
		em.tell(th, trace.Event{Kind: trace.Lost, Time: th.last, A: missing})
	}
}

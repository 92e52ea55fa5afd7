package probe

import (
	"evviz/trace"
	"evviz/world"
)

const (
	fDupfd        = 0
	fGetfd        = 1
	fSetfd        = 2
	fGetfl        = 3
	fSetfl        = 4
	fDupfdCloexec = 1030
	fdCloexec     = 1
	fionbio       = 0x5421
	fionread      = 0x541b
	ioctlActs     = 1 << 33 // any request that moves something; no number of the kernel's is so large

	closeRangeCloexec = 4
	timerAbstime      = 1
)

// tableFiles: how descriptors come into being, change and go.
var tableFiles = map[Sys]entry{
	// open(2): path, flags; openat with a directory in front.
	SysOpen:   opens("open", 1),
	SysOpenat: opens("openat", 2),

	// dup(2): descriptor; the second number, for dup2; flags, for dup3.
	SysDup:  dups("dup", noFlags),
	SysDup2: dups("dup2", noFlags),
	SysDup3: dups("dup3", flagsOf(2)),

	// fcntl(2): descriptor, command, argument.
	SysFcntl: {name: "fcntl", kind: trace.FdFlags, call: trace.CallFcntl, fd: 0,
		skip: func(c *Call) bool {
			switch c.Args[1] {
			case fDupfd, fDupfdCloexec, fSetfd, fSetfl, fGetfl:
				return false
			}
			return true
		},
		args: func(th *thread, e *trace.Event, c *Call) {
			switch c.Args[1] {
			case fDupfd, fDupfdCloexec:
				e.Kind, e.Aux, e.A, e.Mask = trace.Dup, 0, -1, dupFlags(c)
			case fGetfl:
				e.Kind = trace.KindNone
			default:
				e.Mask = newFlags(th, c)
			}
		},
		result: func(_ *thread, e *trace.Event, c *Call) {
			if e.Kind == trace.Dup {
				e.A = c.result()
			}
		},
		after: func(em *Emitter, th *thread, c *Call) {
			switch c.Args[1] {
			case fDupfd, fDupfdCloexec:
			case fGetfl:
				em.flagsLearnt(th, c)
			default:
				flagsTold(em, th, c)
			}
		}},
	// ioctl(2): descriptor, request, argument. FIONBIO is the older way to O_NONBLOCK, and devices have requests that read and write.
	SysIoctl: {name: "ioctl", kind: trace.FdFlags, call: trace.CallIoctl, fd: 0,
		skip: func(c *Call) bool {
			return c.Args[1] != ioctlActs && (c.Args[1] != fionbio && c.Args[1] != fionread || !c.Known && c.Errno == 0)
		},
		args: func(th *thread, e *trace.Event, c *Call) {
			if c.Args[1] == ioctlActs {
				e.Kind, e.Aux = trace.Sys, 0
				return
			}
			if c.Args[1] == fionread { // ioctl_tty(2), and of a socket tcp(7): how much is unread
				e.Kind, e.Aux = trace.Unread, 0
				return
			}
			e.Mask = newFlags(th, c)
		},
		result: func(_ *thread, e *trace.Event, c *Call) {
			if e.Kind == trace.Unread && c.Errno == 0 {
				e.A = max(int64(int32(c.Value)), 0) + 1
			}
		},
		after: func(em *Emitter, th *thread, c *Call) {
			if c.Args[1] == fionbio {
				flagsTold(em, th, c)
			}
		}},

	// close(2): descriptor. It is gone also when the call reports an error, but for EBADF.
	SysClose: {name: "close", kind: trace.Close, fd: 0},
	// close_range(2): first, last, flags. Told for those that are known.
	SysCloseRange: {name: "close_range", kind: trace.Sys, fd: -1, result: failed,
		args: func(_ *thread, e *trace.Event, c *Call) { e.FD = -1 },
		after: func(em *Emitter, th *thread, c *Call) {
			if c.Args[2]&closeRangeCloexec != 0 {
				return
			}
			th.who.Table.Each(func(n *world.Number) {
				if fd := uint64(n.FD); n.File != nil && fd >= c.Args[0] && fd <= c.Args[1] {
					em.tell(th, trace.Event{Kind: trace.Close, Time: th.last, FD: n.FD})
				}
			})
		}},

	// pipe(2): where the two descriptors go, flags.
	SysPipe:  makesPair("pipe", trace.OriginPipe, func(*Call) (typ, flags uint32) { return trace.TypePipe, 0 }),
	SysPipe2: makesPair("pipe2", trace.OriginPipe, func(c *Call) (typ, flags uint32) { return trace.TypePipe, uint32(c.Args[1]) & openFlags }),

	// eventfd(2): value, flags. timerfd_create(2): clock, flags. inotify_init(2): flags.
	SysEventfd:       makes("eventfd", trace.TypeEventfd, trace.OriginEventfd, noFlags),
	SysEventfd2:      makes("eventfd2", trace.TypeEventfd, trace.OriginEventfd, flagsOf(1)),
	SysTimerfdCreate: makes("timerfd_create", trace.TypeTimerfd, trace.OriginTimerfd, flagsOf(1)),
	SysInotifyInit:   makes("inotify_init", trace.TypeInotify, trace.OriginOpen, noFlags),
	SysInotifyInit1:  makes("inotify_init1", trace.TypeInotify, trace.OriginOpen, flagsOf(0)),
	// signalfd(2): descriptor or -1 for a new one, signals, their size, flags.
	SysSignalfd:  makesSignalfd("signalfd", noFlags),
	SysSignalfd4: makesSignalfd("signalfd4", flagsOf(3)),

	// timerfd_settime(2): descriptor, flags, time and period. A moment (TFD_TIMER_ABSTIME) is one of a clock that the tracer
	// does not have, so when the timer is due is not known then.
	SysTimerfdSettime: {name: "timerfd_settime", kind: trace.TimerSet, fd: -1,
		result: func(_ *thread, e *trace.Event, c *Call) {
			switch {
			case c.Errno != 0:
				*e = trace.Event{Kind: trace.Sys, FD: int32(c.Args[0]), B: -1}
			case !c.Known:
				e.Kind = trace.KindNone
			case c.Nanos == 0:
				*e = trace.Event{Kind: trace.TimerStop, Aux: c.timer(0)}
			default:
				*e = trace.Event{Kind: trace.TimerSet, Aux: c.timer(0), A: c.due(), B: c.Every}
			}
		},
		after: func(em *Emitter, th *thread, c *Call) {
			if f := th.file(int32(c.Args[0])); f != nil && c.Known {
				k := knownOf(f)
				if k.due, k.every = c.due(), c.Every; em.untimed {
					k.due = 0
				}
			}
		}},
}

// due is when a timer is due that was set to so long from now, 0 unknown.
func (c *Call) due() int64 {
	if c.Args[1]&timerAbstime != 0 || c.Nanos == 0 || c.Time == 0 {
		return 0
	}
	return max(c.Time+c.Nanos, 0)
}

// opens is an entry for opening a file; flags is the argument with the flags.
func opens(name string, flags int) entry {
	return entry{name: name, kind: trace.Open, fd: -1,
		args: func(_ *thread, e *trace.Event, c *Call) {
			e.FD, e.Aux, e.Mask = -1, trace.OpenAux(trace.TypeOther, trace.OriginOpen), uint32(c.Args[flags])&openFlags
		},
		result: func(_ *thread, e *trace.Event, c *Call) { e.FD = c.newFD() }}
}

func dups(name string, flags func(c *Call) uint32) entry {
	return entry{name: name, kind: trace.Dup, fd: 0,
		args: func(_ *thread, e *trace.Event, c *Call) { e.A, e.Mask = -1, flags(c) },
		result: func(_ *thread, e *trace.Event, c *Call) {
			if e.A = c.result(); c.Errno == 0 && c.Sys == SysDup2 && c.Ret == int64(int32(c.Args[0])) {
				e.Kind = trace.KindNone // onto itself: nothing happens
			}
		}}
}

func dupFlags(c *Call) uint32 {
	if c.Args[1] == fDupfdCloexec {
		return oCloexec
	}
	return 0
}

// newFlags are a descriptor's flags after a call that changes one of them.
func newFlags(th *thread, c *Call) uint32 {
	old := th.flags(int32(c.Args[0]))
	switch {
	case c.Sys == SysFcntl && c.Args[1] == fSetfd:
		old &^= oCloexec
		if c.Args[2]&fdCloexec != 0 {
			old |= oCloexec
		}
	case c.Sys == SysFcntl:
		old = old&^oNonblock | uint32(c.Args[2])&oNonblock
	default:
		old &^= oNonblock
		if c.Value != 0 {
			old |= oNonblock
		}
	}
	return old
}

// flagsLearnt: F_GETFL tells how the descriptor is open. It is told again only when that is news.
func (em *Emitter) flagsLearnt(th *thread, c *Call) {
	fd := int32(c.Args[0])
	flags := uint32(c.Ret) & oNonblock
	if th.flags(fd)&oNonblock == flags {
		return
	}
	th.learn(fd, flags)
	if d := th.descriptor(fd); d.typ != trace.TypeUnknown {
		em.restate(th, fd, d, c.Time)
	}
}

// flagsTold: what was learnt of them otherwise is part of what has been told now.
func flagsTold(_ *Emitter, th *thread, c *Call) {
	if f := th.file(int32(c.Args[0])); f != nil {
		if k, ok := f.User.(*known); ok {
			k.mode = modeTold
		}
	}
}

func makesSignalfd(name string, flags func(c *Call) uint32) entry {
	en := makes(name, trace.TypeSignalfd, trace.OriginSignalfd, flags)
	made := en.result
	en.result = func(th *thread, e *trace.Event, c *Call) {
		if made(th, e, c); c.Errno == 0 && int32(c.Args[0]) >= 0 {
			e.Kind = trace.KindNone // only its signals changed
		}
	}
	return en
}

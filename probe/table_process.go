package probe

import "evviz/trace"

// tableProcess: sleeping, locks, and what makes and ends processes and threads. Without the last nobody could tell the
// descriptors of two processes apart.
var tableProcess = map[Sys]entry{
	// nanosleep(2): time, what is left of it; clock_nanosleep(2) with a clock and flags in front.
	SysNanosleep:      sleeps("nanosleep", trace.CallNanosleep),
	SysClockNanosleep: sleeps("clock_nanosleep", trace.CallClockNanosleep),

	// futex(2): word, operation, value, time. Only some operations wait; those that do not are many and say nothing.
	SysFutex: {name: "futex", kind: trace.Sys, fd: -1, blocks: true,
		may:    func(_ *thread, c *Call) bool { return c.futexWaits() },
		skip:   func(c *Call) bool { return !c.futexWaits() },
		args:   func(_ *thread, e *trace.Event, c *Call) { e.FD, e.A = -1, int64(c.Args[1]&futexOp) },
		result: func(_ *thread, e *trace.Event, c *Call) { e.B = c.result() }},

	// clone(2), fork(2), vfork(2): flags. The result is the child; the child's own return from the call is not told.
	SysClone:  {name: "clone", kind: trace.Fork, fd: -1, args: cloneFlags, result: child},
	SysClone3: {name: "clone3", kind: trace.Fork, fd: -1, args: cloneFlags, result: child},
	SysFork:   {name: "fork", kind: trace.Fork, fd: -1, result: child},
	SysVfork:  {name: "vfork", kind: trace.Fork, fd: -1, result: child},

	// execve(2): program, arguments, environment.
	SysExecve: {name: "execve", kind: trace.Exec, fd: -1,
		args: func(_ *thread, e *trace.Event, c *Call) { e.A = int64(c.PID) },
		// A table that other processes share is copied first.
		after: func(_ *Emitter, th *thread, _ *Call) { th.table = int(th.who.Table.ID) }},

	// exit(2), exit_group(2): code. They do not come back; the end itself is told by Exit.
	SysExit:      {name: "exit", kind: trace.KindNone, fd: -1},
	SysExitGroup: {name: "exit_group", kind: trace.KindNone, fd: -1},
}

func sleeps(name string, call uint32) entry {
	return entry{name: name, kind: trace.Sleep, call: call, fd: -1, blocks: true,
		may:  func(*thread, *Call) bool { return true },
		args: func(_ *thread, e *trace.Event, c *Call) { e.A = max(c.Nanos, 0) }}
}

// futexOp is the operation without its flags FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME.
const futexOp = 0x7f

// futexWaits says whether the operation can hold the thread: FUTEX_WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2.
func (c *Call) futexWaits() bool {
	switch c.Args[1] & futexOp {
	case 0, 6, 9, 11, 13:
		return true
	}
	return false
}

// wakes says whether a futex call is one that wakes others (futex(2)): FUTEX_WAKE, FUTEX_WAKE_OP, FUTEX_WAKE_BITSET.
func (c *Call) wakes() bool {
	switch c.Args[1] & futexOp {
	case 1, 5, 10:
		return true
	}
	return false
}

func cloneFlags(_ *thread, e *trace.Event, c *Call) { e.Mask = uint32(c.Args[0]) }

func child(_ *thread, e *trace.Event, c *Call) { e.A = max(c.result(), 0) }

package loop

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// kernel makes the system calls of a thread that are not a connection's reads and writes, and records each.
type kernel struct {
	tr    *recorder
	table *table
}

// blockLimit is how long a call on a blocking socket may last: so long that it plays no part (blocking.go).
const blockLimit = 24 * time.Hour

// opened gives a new descriptor its generation and records it.
func (k kernel) opened(fd int, typ, from, peer, local, flags uint32) uint32 {
	gen := k.table.born(fd)
	e := k.tr.Next(trace.Open, k.tr.Now())
	e.FD, e.Gen, e.Aux, e.A, e.B, e.Mask = int32(fd), gen, trace.OpenAux(typ, from), int64(peer), int64(local), flags
	return gen
}

// close is close(2), recorded.
func (k kernel) close(fd int, gen uint32, why uint32) error {
	t0 := k.tr.Now()
	err := unix.Close(fd)
	t1 := k.tr.Now()
	e := k.tr.Next(trace.Close, t1)
	e.FD, e.Gen, e.Aux, e.Dur, e.Errno = int32(fd), gen, why, t1-t0, errnoOf(err)
	return os.NewSyscallError("close", err)
}

// sockopt is setsockopt(2) with a number, recorded.
func (k kernel) sockopt(fd int, gen uint32, level, opt, v int) error {
	t0 := k.tr.Now()
	err := unix.SetsockoptInt(fd, level, opt, v)
	t1 := k.tr.Now()
	e := k.tr.Next(trace.SockOpt, t1)
	e.FD, e.Gen, e.A, e.B, e.Aux, e.Dur, e.Errno = int32(fd), gen, int64(level), int64(opt), uint32(v), t1-t0, errnoOf(err)
	return err
}

// setBlocking is fcntl(F_SETFL) with or without O_NONBLOCK, recorded, and the time limits of a blocking socket.
func (k kernel) setBlocking(fd int, gen uint32, on bool) error {
	flags := 0
	if !on {
		flags = unix.O_NONBLOCK
	}
	t0 := k.tr.Now()
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags)
	t1 := k.tr.Now()
	e := k.tr.Next(trace.FdFlags, t1)
	e.FD, e.Gen, e.Aux, e.Mask, e.Dur, e.Errno = int32(fd), gen, trace.CallFcntl, uint32(flags|unix.O_CLOEXEC), t1-t0, errnoOf(err)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if on {
		k.limitBlocking(fd, gen)
	}
	return nil
}

// limitBlocking gives a blocking socket its time limits.
func (k kernel) limitBlocking(fd int, gen uint32) {
	tv := unix.NsecToTimeval(int64(blockLimit))
	for _, opt := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		t0 := k.tr.Now()
		err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, opt, &tv)
		t1 := k.tr.Now()
		e := k.tr.Next(trace.SockOpt, t1)
		e.FD, e.Gen, e.A, e.B, e.Aux, e.Dur, e.Errno = int32(fd), gen, unix.SOL_SOCKET, int64(opt), uint32(tv.Sec), t1-t0, errnoOf(err)
	}
}

// receiveTimeout sets SO_RCVTIMEO, recorded with its value in ms.
func (k kernel) receiveTimeout(fd int, gen uint32, ns int64) {
	tv := unix.NsecToTimeval(max(ns, int64(time.Millisecond))) // 0 would mean for ever
	t0 := k.tr.Now()
	err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	t1 := k.tr.tick()
	e := k.tr.Next(trace.SockOpt, t1)
	e.FD, e.Gen, e.A, e.B, e.Aux, e.Dur, e.Errno = int32(fd), gen, unix.SOL_SOCKET, unix.SO_RCVTIMEO, uint32(ns/1e6), t1-t0, errnoOf(err)
}

// shutdown is shutdown(2), recorded.
func (k kernel) shutdown(c *conn, how int) error {
	t0 := k.tr.Now()
	err := unix.Shutdown(c.fd, how)
	t1 := k.tr.tick()
	e := k.tr.Next(trace.Shutdown, t1)
	e.FD, e.Gen, e.Aux, e.Dur, e.Errno = int32(c.fd), c.gen, uint32(how), t1-t0, errnoOf(err)
	return err
}

// sleep is one clock_nanosleep, recorded. It returns what is left until end after a signal, else 0. The kernel's own
// remainder would have the timer slack in it (50 us), and so grow with every signal.
func (k kernel) sleep(ns, end int64) int64 {
	t0 := k.tr.Now()
	e := k.tr.Next(trace.Sleep, t0)
	e.Phase, e.Aux, e.A = trace.PhaseEnter, trace.CallClockNanosleep, ns
	k.tr.Publish(t0)
	err := sleepFor(ns)
	t1 := k.tr.Now()
	e = k.tr.Next(trace.Sleep, t1)
	e.Phase, e.Aux, e.A, e.Dur, e.Errno = trace.PhaseExit, trace.CallClockNanosleep, ns, t1-t0, uint16(err)
	if err != unix.EINTR {
		return 0
	}
	return end - clock()
}

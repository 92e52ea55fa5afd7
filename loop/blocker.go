package loop

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// blocker makes the calls that may hold a thread. A call on a blocking descriptor may do so for ever. It is recorded as enter and exit, so that one sees
// the thread stuck while it is stuck, and it can be ended from outside: whoever posts a task signals the thread (SIGURG,
// tasks.go), and because every blocking socket carries a receive and a send time limit, the kernel returns EINTR instead of
// restarting the call (man 7 signal). The limit itself is so long that it plays no part.
type blocker struct {
	tr     *recorder
	kernel kernel
	reach  *reach
}

// mayBlock is around every call that may hold the thread. begin records that it starts, and must publish it; call is the
// system call. False means that the call was not made, because somebody waits for the thread to do something else: the
// caller goes back to the loop as after EINTR.
//
// The order is that of tasks.post: first the loop says that it is about to block, then it looks whether somebody waits.
func (x *blocker) mayBlock(begin, call func()) bool {
	x.reach.asleep.Store(true)
	defer x.reach.asleep.Store(false)
	if x.reach.interrupted() {
		return false
	}
	begin()
	call()
	return true
}

// accept is accept4 on a blocking listener, recorded as enter and exit.
func (x *blocker) accept(fd int, gen uint32, rsa *unix.RawSockaddrAny, flags int) (n int, t0, t1 int64, errno unix.Errno) {
	n, errno = -1, unix.EINTR
	made := x.mayBlock(func() {
		t0 = x.tr.Now()
		e := x.tr.Next(trace.Accept, t0)
		e.Phase, e.FD, e.Gen, e.Aux, e.Mask = trace.PhaseEnter, int32(fd), gen, trace.CallAccept4, uint32(flags)
		x.tr.Publish(t0)
	}, func() {
		size := uint32(unix.SizeofSockaddrAny)
		r, _, err := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(rsa)), uintptr(unsafe.Pointer(&size)), uintptr(flags), 0, 0)
		n, errno = count(r, err)
	})
	if !made {
		return -1, 0, 0, errNotMade
	}
	t1 = x.tr.tick()
	return n, t0, t1, errno
}

// errNotMade stands for a blocking call that was not made. The kernel never returns it.
const errNotMade = unix.Errno(1 << 12)

// transfer is read(2) or write(2) on a blocking descriptor, recorded as enter and exit up to the fields that the caller
// adds to the exit.
func (x *blocker) transfer(kind trace.Kind, call uint32, nr uintptr, c *conn, p []byte) (n int, t0, t1 int64, errno unix.Errno) {
	n, errno = -1, errNotMade
	x.mayBlock(func() {
		t0 = x.tr.Now()
		e := x.tr.Next(kind, t0)
		e.Phase, e.FD, e.Gen, e.Aux, e.A = trace.PhaseEnter, int32(c.fd), c.gen, call, int64(len(p))
		x.tr.Publish(t0)
	}, func() {
		r, _, err := syscall.Syscall(nr, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		n, errno = count(r, err)
	})
	if errno != errNotMade {
		t1 = x.tr.tick()
	}
	return n, t0, t1, errno
}

// readStuck reads from a blocking socket on the loop's thread: the mistake that event loops exist to avoid, made on
// purpose. It is recorded as enter and exit, so that the thread is seen stuck while it is.
//
// The end of the loop gets through: Stop sets stopping and signals a thread that is stuck (tasks.nudge; a hand: locks.takeWorld). The socket carries
// SO_RCVTIMEO, which makes a signal end the call with EINTR instead of restarting it, although Go installs its handlers
// with SA_RESTART (signal(7)). Then the answer is ECANCELED, and EAGAIN when end has passed.
func (x *blocker) readStuck(fd int, gen uint32, p []byte, end int64) (int, unix.Errno) {
	x.reach.stuck.Store(true)
	defer x.reach.stuck.Store(false)
	for {
		left := end - clock()
		if left <= 0 {
			return -1, unix.EAGAIN
		}
		if x.reach.stopping.Load() || x.reach.server.ending.now() {
			return -1, unix.ECANCELED
		}
		x.kernel.receiveTimeout(fd, gen, left)
		t0 := x.tr.Now()
		e := x.tr.Next(trace.Read, t0)
		e.Phase, e.FD, e.Gen, e.Aux, e.A = trace.PhaseEnter, int32(fd), gen, trace.CallRead, int64(len(p))
		x.tr.Publish(t0)
		n, errno := readBlocking(fd, p)
		t1 := x.tr.tick()
		e = x.tr.Next(trace.Read, t1)
		e.Phase, e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = trace.PhaseExit, int32(fd), gen, trace.CallRead, int64(len(p)), int64(n), t1-t0, uint16(errno)
		if errno != unix.EINTR && errno != unix.EAGAIN {
			return n, errno
		}
	}
}

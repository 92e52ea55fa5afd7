package loop

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// A call on a blocking descriptor may hold the loop's thread for ever. It is recorded as enter and exit, so that one sees
// the thread stuck while it is stuck, and it can be ended from outside: whoever posts a task signals the thread (SIGURG,
// tasks.go), and because every blocking socket carries a receive and a send time limit, the kernel returns EINTR instead of
// restarting the call (man 7 signal). The limit itself is so long that it plays no part.

// Nonblock says which sockets carry O_NONBLOCK. A connection does not inherit it from its listener (K25), so the
// first two are what a beginner gets who asks for none, or for the listener alone.
type Nonblock uint8

// Which sockets are non-blocking.
const (
	NonblockBoth Nonblock = iota
	NonblockListener
	NonblockNone
)

// blocks says whether the listener and the connections are to be blocking.
func (b *Behaviour) blocks() (listener, conns bool) {
	if b.Driver == trace.DriverBlocking || b.Driver == trace.DriverURing {
		return true, true
	}
	return b.Nonblock == NonblockNone, b.Nonblock != NonblockBoth
}

// setBlocking brings the listener and every connection into the mode that the settings ask for.
func (l *Loop) setBlocking() error {
	lis, conns := l.b.blocks()
	if lis != l.lis.blocking && !l.draining {
		if err := l.kernel.setBlocking(l.lis.fd, l.lis.gen, lis); err != nil {
			return err
		}
		l.lis.blocking = lis
	}
	for c := range l.table.each() {
		if c.blocking == conns || c.dialing != dialDone {
			continue
		}
		if err := l.kernel.setBlocking(c.fd, c.gen, conns); err != nil {
			return err
		}
		c.blocking = conns
	}
	return nil
}

// mayBlock is around every call that may hold the thread. begin records that it starts, and must publish it; call is the
// system call. False means that the call was not made, because somebody waits for the thread to do something else: the
// caller goes back to the loop as after EINTR.
//
// The order is that of Loop.post: first the loop says that it is about to block, then it looks whether somebody waits.
func (l *Loop) mayBlock(begin, call func()) bool {
	l.asleep.Store(true)
	defer l.asleep.Store(false)
	if l.interrupted() {
		return false
	}
	begin()
	call()
	return true
}

// acceptBlocking is accept4 on a blocking listener, recorded as enter and exit.
func (l *Loop) acceptBlocking(rsa *unix.RawSockaddrAny, flags int) (fd int, t0, t1 int64, errno unix.Errno) {
	fd, errno = -1, unix.EINTR
	made := l.mayBlock(func() {
		t0 = l.tr.Now()
		e := l.tr.Next(trace.Accept, t0)
		e.Phase, e.FD, e.Gen, e.Aux, e.Mask = trace.PhaseEnter, int32(l.lis.fd), l.lis.gen, trace.CallAccept4, uint32(flags)
		l.tr.Publish(t0)
	}, func() {
		size := uint32(unix.SizeofSockaddrAny)
		n, _, err := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(l.lis.fd), uintptr(unsafe.Pointer(rsa)), uintptr(unsafe.Pointer(&size)), uintptr(flags), 0, 0)
		fd, errno = count(n, err)
	})
	if !made {
		return -1, 0, 0, errNotMade
	}
	t1 = l.tr.tick()
	return fd, t0, t1, errno
}

// errNotMade stands for a blocking call that was not made. The kernel never returns it.
const errNotMade = unix.Errno(1 << 12)

// ioBlocking is read(2) or write(2) on a blocking descriptor, recorded as enter and exit up to the fields that the caller
// adds to the exit.
func (l *Loop) ioBlocking(kind trace.Kind, call uint32, nr uintptr, c *conn, p []byte) (n int, t0, t1 int64, errno unix.Errno) {
	n, errno = -1, errNotMade
	l.mayBlock(func() {
		t0 = l.tr.Now()
		e := l.tr.Next(kind, t0)
		e.Phase, e.FD, e.Gen, e.Aux, e.A = trace.PhaseEnter, int32(c.fd), c.gen, call, int64(len(p))
		l.tr.Publish(t0)
	}, func() {
		r, _, err := syscall.Syscall(nr, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		n, errno = count(r, err)
	})
	if errno != errNotMade {
		t1 = l.tr.tick()
	}
	return n, t0, t1, errno
}

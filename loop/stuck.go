package loop

import (
	"golang.org/x/sys/unix"

	"evviz/trace"
)

// readStuck reads from a blocking socket on the loop's thread: the mistake that event loops exist to avoid, made on
// purpose. It is recorded as enter and exit, so that the thread is seen stuck while it is.
//
// The end of the loop gets through: Stop sets stopping and signals a thread that is stuck (nudge; a hand: takeWorld). The socket carries
// SO_RCVTIMEO, which makes a signal end the call with EINTR instead of restarting it, although Go installs its handlers
// with SA_RESTART (signal(7)). Then the answer is ECANCELED, and EAGAIN when end has passed.
func (l *Loop) readStuck(fd int, gen uint32, p []byte, end int64) (int, unix.Errno) {
	l.stuck.Store(true)
	defer l.stuck.Store(false)
	for {
		left := end - clock()
		if left <= 0 {
			return -1, unix.EAGAIN
		}
		if l.stopping.Load() || l.ending() {
			return -1, unix.ECANCELED
		}
		l.kernel.receiveTimeout(fd, gen, left)
		t0 := l.tr.Now()
		e := l.tr.Next(trace.Read, t0)
		e.Phase, e.FD, e.Gen, e.Aux, e.A = trace.PhaseEnter, int32(fd), gen, trace.CallRead, int64(len(p))
		l.tr.Publish(t0)
		n, errno := readBlocking(fd, p)
		t1 := l.tr.tick()
		e = l.tr.Next(trace.Read, t1)
		e.Phase, e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = trace.PhaseExit, int32(fd), gen, trace.CallRead, int64(len(p)), int64(n), t1-t0, uint16(errno)
		if errno != unix.EINTR && errno != unix.EAGAIN {
			return n, errno
		}
	}
}

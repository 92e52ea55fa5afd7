package loop

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// wake is the eventfd by which other threads wake a loop that waits.
type wake struct {
	fd     int
	gen    uint32
	unread bool   // it was reported and has not been read since
	posts  uint64 // tasks posted when it was reported last

	inBatch bool // tasks run because it was reported
}

// open makes the eventfd, for tasks.post to write to.
func (w *wake) open(k kernel, q *tasks) error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("make the wakeup descriptor: %w", os.NewSyscallError("eventfd2", err))
	}
	w.fd = fd
	w.gen = k.opened(fd, trace.TypeEventfd, trace.OriginEventfd, 0, 0, openFlags)
	q.setFD(fd)
	return nil
}

// reported takes note of a report, and records when it repeats one although nobody posted anything and nobody read it.
func (w *wake) reported(l *Loop, inst trace.InstanceID, now int64) {
	posts := l.tasks.count.Load()
	if w.unread && posts == w.posts {
		x := l.tr.Next(trace.Renotify, now)
		x.Inst, x.FD, x.Gen, x.Mask, x.Aux = inst, int32(w.fd), w.gen, unix.EPOLLIN, trace.RenotifyUntouched
	}
	w.posts = posts
	w.unread = true
}

// drain is its handler: the count is read, if it is the setting to read it, and the tasks run.
func (w *wake) drain(l *Loop) {
	start := l.tr.Now()
	if l.b.WakeDrain {
		var p [8]byte
		t0 := l.tr.Now()
		n, errno := readFD(w.fd, p[:])
		t1 := l.tr.Now()
		e := l.tr.Next(trace.Read, t1)
		e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = int32(w.fd), w.gen, trace.CallRead, 8, int64(n), t1-t0, uint16(errno)
		w.unread = false
	}
	if !l.crowd { // else they run when this thread has the world to itself
		w.runTasks(l)
	}
	l.tr.handled(trace.HandlerWake, trace.PhaseComplete, w.fd, w.gen, start, l.tr.Now())
}

// runTasks runs what was posted, because the descriptor was reported.
func (w *wake) runTasks(l *Loop) {
	w.inBatch = true
	l.tasks.run(l)
	w.inBatch = false
}

package loop

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/files"
	"evviz/trace"
)

// What a handler does besides I/O, by ways in which real handlers stop a loop (T23): it computes, sleeps, reads from
// a pipe that nobody writes to, waits for a lock that another thread holds, or writes a file to the disk.

// elsewhere is what the slow kinds of work need on this thread.
type elsewhere struct {
	pipe [2]int // read end, write end
	open bool
	mu   sync.Mutex
}

// workFor does some work.
func (l *Loop) workFor(w Work) {
	switch w.Kind {
	case WorkNone:
		return
	case WorkCPU:
		end := clock() + int64(w.For)
		l.tr.Publish(l.tr.Now())
		for clock() < end && !l.ending() {
		}
	case WorkSleep:
		left := int64(w.For)
		l.stuck.Store(true)
		for end := clock() + left; left > 0 && !l.ending(); { // the thread is away for the whole time, whatever signals come
			left = l.kernel.sleep(left, end)
		}
		l.stuck.Store(false)
	case WorkRead:
		l.readPipe(w.For)
	case WorkLock:
		l.waitForLock(w.For)
	case WorkFsync:
		l.writeToDisk(w.Size)
	}
	l.tr.tick()
}

// ending reports whether the end of the server has been asked for, which no work may hold up: a minute's sleep in a handler must
// not make SIGTERM wait for a minute. While a server drains, what it still owes is handled with all its work.
func (l *Loop) ending() bool {
	select {
	case <-l.asked:
		return !l.draining
	default:
		return false
	}
}

// holdUp waits for d, or until the end has been asked for. It is for the goroutines that hold up the loop's thread, which may have
// been let go already: it is false then.
func (l *Loop) holdUp(d time.Duration, free <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.asked:
	case <-free:
		return false
	}
	return true
}

// readPipe reads from a blocking pipe into which another thread writes after d, unless somebody else has by then.
func (l *Loop) readPipe(d time.Duration) {
	x := &l.elsewhere
	if !x.open {
		if err := unix.Pipe2(x.pipe[:], unix.O_CLOEXEC); err != nil {
			l.tr.say(fmt.Sprintf("work read: %v", os.NewSyscallError("pipe2", err)))
			return
		}
		x.open = true
		for _, fd := range x.pipe {
			l.kernel.opened(fd, trace.TypePipe, trace.OriginPipe, 0, 0, unix.O_CLOEXEC)
		}
	}
	w := x.pipe[1]
	read, written := make(chan struct{}), make(chan struct{})
	l.guard(func() {
		defer close(written)
		if l.holdUp(d, read) {
			unix.Write(w, []byte{1})
		}
	})
	fd, gen := x.pipe[0], l.table.genOf(x.pipe[0])
	for errno := unix.EINTR; errno == unix.EINTR; {
		t0 := l.tr.Now()
		e := l.tr.Next(trace.Read, t0)
		e.Phase, e.FD, e.Gen, e.Aux, e.A = trace.PhaseEnter, int32(fd), gen, trace.CallRead, 1
		l.tr.Publish(t0)
		var n int
		n, errno = readBlocking(fd, make([]byte, 1))
		t1 := l.tr.tick()
		e = l.tr.Next(trace.Read, t1)
		e.Phase, e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = trace.PhaseExit, int32(fd), gen, trace.CallRead, 1, int64(n), t1-t0, uint16(errno)
	}
	close(read)
	<-written
}

// waitForLock waits for a lock that another thread takes before it returns and keeps for d.
func (l *Loop) waitForLock(d time.Duration) {
	taken := make(chan struct{})
	l.guard(func() {
		l.elsewhere.mu.Lock()
		close(taken)
		l.holdUp(d, nil)
		l.elsewhere.mu.Unlock()
	})
	<-taken
	l.tr.contended(lockWork, l.elsewhere.mu.Lock)
	l.elsewhere.mu.Unlock()
}

// writeToDisk writes so many bytes to a file without a name and waits until the disk has them.
func (l *Loop) writeToDisk(size int) {
	fail := func(call string, err error) { l.tr.say(fmt.Sprintf("work fsync: %v", os.NewSyscallError(call, err))) }
	dir := os.TempDir()
	fd, err := files.Unnamed(dir)
	if err != nil {
		fail("openat", err)
		return
	}
	gen := l.kernel.opened(fd, trace.TypeOther, trace.OriginOpen, l.tr.name(dir+"/(unnamed)"), 0, unix.O_CLOEXEC)
	defer l.kernel.close(fd, gen, trace.CloseUnknown)
	block := make([]byte, 1<<20)
	for size > 0 && !l.ending() {
		p := block[:min(size, len(block))]
		t0 := l.tr.Now()
		n, err := unix.Write(fd, p)
		t1 := l.tr.Now()
		e := l.tr.Next(trace.Write, t1)
		e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = int32(fd), gen, trace.CallWrite, int64(len(p)), int64(n), t1-t0, errnoOf(err)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			fail("write", err)
			return
		}
		size -= n
	}
	id := l.tr.name("fsync")
	t0 := l.tr.Now()
	e := l.tr.Next(trace.Sys, t0)
	e.Phase, e.FD, e.Gen, e.Aux = trace.PhaseEnter, int32(fd), gen, id
	l.tr.Publish(t0)
	err = unix.Fsync(fd)
	t1 := l.tr.tick()
	e = l.tr.Next(trace.Sys, t1)
	e.Phase, e.FD, e.Gen, e.Aux, e.Dur, e.Errno = trace.PhaseExit, int32(fd), gen, id, t1-t0, errnoOf(err)
	if err != nil {
		fail("fsync", err)
	}
}

// closeElsewhere gives back what the work needed.
func (l *Loop) closeElsewhere() {
	if x := &l.elsewhere; x.open {
		for _, fd := range x.pipe {
			l.kernel.close(fd, l.table.genOf(fd), trace.CloseShutdown)
		}
		x.open = false
	}
}

// parseSize reads "16MiB", "64KiB" or a number of bytes.
func parseSize(s string) (int, error) {
	t, unit := s, 1
	for suffix, u := range map[string]int{"KiB": 1 << 10, "MiB": 1 << 20} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			t, unit = rest, u
		}
	}
	n, err := strconv.Atoi(t)
	if err != nil || n < 0 || n > 1<<30/unit {
		return 0, fmt.Errorf("%q is not a size up to 1024MiB, for example 16MiB", s)
	}
	return n * unit, nil
}

func sizeString(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return strconv.Itoa(n)
}

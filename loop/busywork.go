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

// busywork does it, on one thread.
type busywork struct {
	pipe [2]int // read end, write end
	open bool
	mu   sync.Mutex

	tr     *recorder
	kernel kernel
	reach  *reach
}

// do does some work.
func (x *busywork) do(w Work) {
	switch w.Kind {
	case WorkNone:
		return
	case WorkCPU:
		end := clock() + int64(w.For)
		x.tr.Publish(x.tr.Now())
		for clock() < end && !x.reach.server.ending.now() {
		}
	case WorkSleep:
		left := int64(w.For)
		x.reach.stuck.Store(true)
		for end := clock() + left; left > 0 && !x.reach.server.ending.now(); { // the thread is away for the whole time, whatever signals come
			left = x.kernel.sleep(left, end)
		}
		x.reach.stuck.Store(false)
	case WorkRead:
		x.readPipe(w.For)
	case WorkLock:
		x.waitForLock(w.For)
	case WorkFsync:
		x.writeToDisk(w.Size)
	}
	x.tr.tick()
}

// readPipe reads from a blocking pipe into which another thread writes after d, unless somebody else has by then.
func (x *busywork) readPipe(d time.Duration) {
	if !x.open {
		if err := unix.Pipe2(x.pipe[:], unix.O_CLOEXEC); err != nil {
			x.tr.say(fmt.Sprintf("work read: %v", os.NewSyscallError("pipe2", err)))
			return
		}
		x.open = true
		for _, fd := range x.pipe {
			x.kernel.opened(fd, trace.TypePipe, trace.OriginPipe, 0, 0, unix.O_CLOEXEC)
		}
	}
	w := x.pipe[1]
	read, written := make(chan struct{}), make(chan struct{})
	x.reach.server.guard(func() {
		defer close(written)
		if x.reach.server.ending.holdUp(d, read) {
			unix.Write(w, []byte{1})
		}
	})
	fd, gen := x.pipe[0], x.kernel.table.genOf(x.pipe[0])
	for errno := unix.EINTR; errno == unix.EINTR; {
		t0 := x.tr.Now()
		e := x.tr.Next(trace.Read, t0)
		e.Phase, e.FD, e.Gen, e.Aux, e.A = trace.PhaseEnter, int32(fd), gen, trace.CallRead, 1
		x.tr.Publish(t0)
		var n int
		n, errno = readBlocking(fd, make([]byte, 1))
		t1 := x.tr.tick()
		e = x.tr.Next(trace.Read, t1)
		e.Phase, e.FD, e.Gen, e.Aux, e.A, e.B, e.Dur, e.Errno = trace.PhaseExit, int32(fd), gen, trace.CallRead, 1, int64(n), t1-t0, uint16(errno)
	}
	close(read)
	<-written
}

// waitForLock waits for a lock that another thread takes before it returns and keeps for d.
func (x *busywork) waitForLock(d time.Duration) {
	taken := make(chan struct{})
	x.reach.server.guard(func() {
		x.mu.Lock()
		close(taken)
		x.reach.server.ending.holdUp(d, nil)
		x.mu.Unlock()
	})
	<-taken
	x.tr.contended(lockWork, x.mu.Lock)
	x.mu.Unlock()
}

// writeToDisk writes so many bytes to a file without a name and waits until the disk has them.
func (x *busywork) writeToDisk(size int) {
	fail := func(call string, err error) { x.tr.say(fmt.Sprintf("work fsync: %v", os.NewSyscallError(call, err))) }
	dir := os.TempDir()
	fd, err := files.Unnamed(dir)
	if err != nil {
		fail("openat", err)
		return
	}
	gen := x.kernel.opened(fd, trace.TypeOther, trace.OriginOpen, x.tr.name(dir+"/(unnamed)"), 0, unix.O_CLOEXEC)
	defer x.kernel.close(fd, gen, trace.CloseUnknown)
	block := make([]byte, 1<<20)
	for size > 0 && !x.reach.server.ending.now() {
		p := block[:min(size, len(block))]
		t0 := x.tr.Now()
		n, err := unix.Write(fd, p)
		t1 := x.tr.Now()
		e := x.tr.Next(trace.Write, t1)
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
	id := x.tr.name("fsync")
	t0 := x.tr.Now()
	e := x.tr.Next(trace.Sys, t0)
	e.Phase, e.FD, e.Gen, e.Aux = trace.PhaseEnter, int32(fd), gen, id
	x.tr.Publish(t0)
	err = unix.Fsync(fd)
	t1 := x.tr.tick()
	e = x.tr.Next(trace.Sys, t1)
	e.Phase, e.FD, e.Gen, e.Aux, e.Dur, e.Errno = trace.PhaseExit, int32(fd), gen, id, t1-t0, errnoOf(err)
	if err != nil {
		fail("fsync", err)
	}
}

// close gives back what the work needed.
func (x *busywork) close() {
	if x.open {
		for _, fd := range x.pipe {
			x.kernel.close(fd, x.kernel.table.genOf(fd), trace.CloseShutdown)
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

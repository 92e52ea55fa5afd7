package poll

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// Rules of docs/kernel-rules.md that a poller alone can show.

// TestT34ClosedInTheSet: a descriptor that was closed and left in the set. poll reports POLLNVAL at once, every time; select
// fails with EBADF.
func TestT34ClosedInTheSet(t *testing.T) {
	onThread(t, func(t *testing.T) {
		round := Ceil
		closed := func(p Poller) {
			fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Add(fd, 1, unix.EPOLLIN, 5); err != nil {
				t.Fatal(err)
			}
			unix.Close(fd)
		}
		out := make([]Report, 4)
		p := NewPoll(trace.NoRing(), unix.Gettid(), &round)
		closed(p)
		for range 100 {
			if n, err := waitOn(p, time.Hour, out); n != 1 || err != nil || out[0].Mask != unix.POLLNVAL {
				t.Fatalf("%d reports, %v, mask %#x", n, err, out[0].Mask)
			}
		}
		s := NewSelect(trace.NoRing(), unix.Gettid())
		closed(s)
		if _, err := waitOn(s, time.Hour, out); !errors.Is(err, unix.EBADF) {
			t.Errorf("select: %v, want EBADF", err)
		}
	})
}

// TestSetIsASnapshot is K14: an entry that is put into the array of a poll that is under way is not seen by it, however ready it
// is; epoll reports one that is added at once.
func TestSetIsASnapshot(t *testing.T) {
	set := []unix.PollFd{{Fd: int32(testkit.Eventfd(t, false)), Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLIN}} // -1 is ignored
	ready := int32(testkit.Eventfd(t, true))
	tid, done := make(chan int, 1), make(chan int, 1)
	var late unix.PollFd
	go onThread(t, func(t *testing.T) {
		tid <- unix.Gettid()
		begin := time.Now()
		for {
			left := 150*time.Millisecond - time.Since(begin)
			n, errno := pollCall(set[:2:2], millis(max(left, 0), Ceil))
			if errno == unix.EINTR {
				continue
			}
			done <- n
			return
		}
	})
	id := <-tid
	for end := time.Now().Add(patience); !testkit.Sleeping(id); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the thread did not begin to wait")
		}
	}
	late = unix.PollFd{Fd: ready, Events: unix.POLLIN}
	atomic.StoreInt32(&set[1].Fd, late.Fd)
	select {
	case n := <-done:
		t.Errorf("poll saw the change: %d ready", n)
	case <-time.After(50 * time.Millisecond):
	}
	if n := <-done; n != 0 {
		t.Logf("%d ready at the end: a signal made the call be made again, with the changed set", n)
	}
}

// TestT33ClosedUnderAWaiter: closing an instance does not wake who waits on it; the waiter still gets an event that comes
// later, and its next wait fails.
func TestT33ClosedUnderAWaiter(t *testing.T) {
	p, err := NewEpoll(trace.NoRing(), new(Rounding), plain{})
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	if err := p.Add(ends[0], 1, unix.EPOLLIN, 7); err != nil {
		t.Fatal(err)
	}
	type result struct {
		n    int
		err  error
		next error
	}
	got, tid, epfd := make(chan result, 1), make(chan int, 1), p.fd
	go onThread(t, func(t *testing.T) {
		tid <- unix.Gettid()
		evs := make([]unix.EpollEvent, 4)
		var r result
		for {
			n, errno := EpollWait(epfd, evs, 20000)
			if errno == unix.EINTR {
				continue
			}
			r.n = n
			if errno != 0 {
				r.err = errno
			}
			break
		}
		if _, errno := EpollWait(epfd, evs, 0); errno != 0 {
			r.next = errno
		}
		got <- r
	})
	id := <-tid
	for end := time.Now().Add(patience); !inEpollWait(id); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the thread did not begin to wait")
		}
	}
	p.Close()
	select {
	case r := <-got:
		t.Fatalf("woken by the close: %+v", r)
	case <-time.After(50 * time.Millisecond):
	}
	unix.Write(ends[1], []byte{1})
	if r := <-got; r.n != 1 || r.err != nil || r.next != unix.EBADF {
		t.Errorf("%d reports, %v; the next wait: %v, want EBADF", r.n, r.err, r.next)
	}
}

// inEpollWait asks the kernel whether a thread of this process is inside epoll_wait. Reading that needs no privilege for
// one's own threads; where /proc has no such file, being asleep must do.
func inEpollWait(tid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", tid))
	if err != nil {
		return testkit.Sleeping(tid)
	}
	return strings.HasPrefix(string(b), fmt.Sprint(sysEpollWait)+" ")
}

// TestT31Interrupted: a signal whose handler was installed with SA_RESTART ends epoll_wait and poll all the same: ten waits
// of ten, five of five.
func TestT31Interrupted(t *testing.T) {
	onThread(t, func(t *testing.T) {
		tid := unix.Gettid()
		defer testkit.Interrupt(t, tid, 10*time.Millisecond)()
		round := Ceil
		e, err := NewEpoll(trace.NoRing(), &round, plain{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		for _, c := range []struct {
			p Poller
			n int
		}{{e, 10}, {NewPoll(trace.NoRing(), tid, &round), 5}} {
			if err := c.p.Add(testkit.Eventfd(t, false), 1, unix.EPOLLIN, 1); err != nil {
				t.Fatal(err)
			}
			for i := range c.n {
				if n, err := c.p.Wait(time.Minute, make([]Report, 1)); !errors.Is(err, unix.EINTR) {
					t.Errorf("wait %d: %d, %v; want EINTR", i, n, err)
				}
			}
		}
	})
}

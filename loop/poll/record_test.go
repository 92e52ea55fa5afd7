package poll

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// recorded reads what is in a closed ring, as words: kind, descriptor, generation, mask, diff.
func recorded(t *testing.T, r *trace.Ring) (out []string, evs []trace.Event) {
	t.Helper()
	r.Close()
	m := trace.NewMerge(trace.Info{}, r)
	buf := make([]trace.Event, 256)
	for {
		n, err := m.Read(context.Background(), buf)
		evs = append(evs, buf[:n]...)
		if err != nil {
			break
		}
	}
	if err := trace.Validate(evs); err != nil {
		t.Error(err)
	}
	for i := range evs {
		switch e := &evs[i]; e.Kind {
		case trace.Register, trace.Modify, trace.Deregister:
			out = append(out, fmt.Sprintf("%v %d.%d %#x diff=%v", e.Kind, e.FD, e.Gen, e.Mask, e.Aux == trace.InterestDiff))
		case trace.Wait:
			out = append(out, fmt.Sprintf("%v %v watched=%d", e.Kind, e.Phase.Base(), e.Gen-1))
		}
	}
	return
}

// TestPollTellsDifferences: what a program does to its poll set between two calls is no call; only how the set of one call
// differs from that of the next is recorded, with the call.
func TestPollTellsDifferences(t *testing.T) {
	onThread(t, func(t *testing.T) {
		ring, round := trace.NewRing(1, 1024), Ceil
		p := NewPoll(ring, unix.Gettid(), &round)
		a, b, c := eventfd(t, false), eventfd(t, false), eventfd(t, false)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		wait := func() {
			_, err := p.Wait(0, make([]Report, 4))
			must(err)
		}
		must(p.Add(a, 1, unix.EPOLLIN, 1))
		must(p.Add(b, 1, unix.EPOLLIN, 2))
		must(p.Add(c, 1, unix.EPOLLIN, 3))
		must(p.Remove(c, 1)) // came and went: no call ever had it
		wait()
		must(p.Modify(a, 1, unix.EPOLLIN|unix.EPOLLOUT, 1))
		must(p.Modify(a, 1, unix.EPOLLIN, 1)) // there and back: no difference
		must(p.Modify(b, 1, unix.EPOLLOUT, 2))
		must(p.Modify(b, 1, unix.EPOLLPRI, 2))
		wait()
		p.Forget(a)
		must(p.Add(a, 2, unix.EPOLLIN, 4)) // the number again, in another life
		wait()
		wait()
		must(p.Close())
		got, _ := recorded(t, ring)
		want := []string{
			fmt.Sprintf("Register %d.1 0x1 diff=true", a), fmt.Sprintf("Register %d.1 0x1 diff=true", b), "Wait complete watched=2",
			fmt.Sprintf("Modify %d.1 0x2 diff=true", b), "Wait complete watched=2",
			fmt.Sprintf("Deregister %d.1 0x0 diff=true", a), fmt.Sprintf("Register %d.2 0x1 diff=true", a), "Wait complete watched=2",
			"Wait complete watched=2",
			fmt.Sprintf("Deregister %d.2 0x0 diff=true", a), fmt.Sprintf("Deregister %d.1 0x0 diff=true", b),
		}
		if !slices.Equal(got, want) {
			t.Errorf("recorded\n%q\nwant\n%q", got, want)
		}
	})
}

// TestEpollTellsCalls: every verb is a call and recorded as one, also when it fails; a wait that may block has a beginning
// and an end, one that may not is one event.
func TestEpollTellsCalls(t *testing.T) {
	onThread(t, func(t *testing.T) {
		ring, round := trace.NewRing(1, 1024), Ceil
		p, err := NewEpoll(ring, &round, plain{})
		if err != nil {
			t.Fatal(err)
		}
		fd := eventfd(t, true)
		p.Add(fd, 1, unix.EPOLLIN, 1)
		p.Add(fd, 1, unix.EPOLLIN, 1)
		p.Modify(fd, 1, unix.EPOLLIN|unix.EPOLLET, 1)
		waitOn(p, 0, make([]Report, 4))
		p.Modify(fd, 1, unix.EPOLLIN, 1)
		waitOn(p, 1, make([]Report, 4))
		p.Remove(fd, 1)
		p.Remove(fd, 1)
		p.Close()
		got, evs := recorded(t, ring)
		want := []string{
			fmt.Sprintf("Register %d.1 0x1 diff=false", fd), fmt.Sprintf("Register %d.1 0x1 diff=false", fd),
			fmt.Sprintf("Modify %d.1 0x80000001 diff=false", fd), "Wait complete watched=1",
			fmt.Sprintf("Modify %d.1 0x1 diff=false", fd), "Wait enter watched=1", "Wait exit watched=1",
			fmt.Sprintf("Deregister %d.1 0x0 diff=false", fd), fmt.Sprintf("Deregister %d.1 0x0 diff=false", fd),
		}
		if !slices.Equal(got, want) {
			t.Errorf("recorded\n%q\nwant\n%q", got, want)
		}
		var errnos []unix.Errno
		for i := range evs {
			if e := &evs[i]; e.Errno != 0 {
				errnos = append(errnos, unix.Errno(e.Errno))
			}
			if e := &evs[i]; e.Kind == trace.Wait && e.Phase.Base() != trace.PhaseEnter && (e.Aux>>8 != 4 || e.Mask != 1) {
				t.Errorf("%s: want 1 report of at most 4", trace.AppendText(nil, e))
			}
		}
		if !slices.Equal(errnos, []unix.Errno{unix.EEXIST, unix.ENOENT}) {
			t.Errorf("errors %v", errnos)
		}
	})
}

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

// TestT31Interrupted: a signal whose handler was installed with SA_RESTART ends epoll_wait and poll all the same: ten waits
// of ten, five of five.
func TestT31Interrupted(t *testing.T) {
	onThread(t, func(t *testing.T) {
		tid := unix.Gettid()
		stop := make(chan struct{})
		var sender sync.WaitGroup
		sender.Add(1)
		go func() {
			defer sender.Done()
			for {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					unix.Tgkill(os.Getpid(), tid, unix.SIGURG) // Go's own handlers carry SA_RESTART
				}
			}
		}()
		defer func() { close(stop); sender.Wait() }()
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
			if err := c.p.Add(eventfd(t, false), 1, unix.EPOLLIN, 1); err != nil {
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

// TestSetIsASnapshot is K14: an entry that is put into the array of a poll that is under way is not seen by it, however ready it
// is; epoll reports one that is added at once.
func TestSetIsASnapshot(t *testing.T) {
	set := []unix.PollFd{{Fd: int32(eventfd(t, false)), Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLIN}} // -1 is ignored
	ready := int32(eventfd(t, true))
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

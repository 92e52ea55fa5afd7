package poll

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// patience bounds every wait of these tests; nothing is asserted about how much of it is used.
const patience = time.Minute

// onThread runs a test on one OS thread, as a loop does: a set is named after it.
func onThread(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f(t)
}

// pollers is every implementation of the seam.
var pollers = []struct {
	name     string
	triggers bool
	make     func(tr *trace.Ring, r *Rounding) (Poller, error)
}{
	{"epoll", true, func(tr *trace.Ring, r *Rounding) (Poller, error) {
		return NewEpoll(tr, r, plain{})
	}},
	{"poll", false, func(tr *trace.Ring, r *Rounding) (Poller, error) {
		return NewPoll(tr, unix.Gettid(), r), nil
	}},
	{"select", false, func(tr *trace.Ring, r *Rounding) (Poller, error) { return NewSelect(tr, unix.Gettid()), nil }},
	{"fake", true, func(*trace.Ring, *Rounding) (Poller, error) { return newFake(), nil }},
}

// plain closes an instance and records nothing.
type plain struct{}

func (plain) InstanceOpened(int) uint32            { return 1 }
func (plain) CloseInstance(fd int, _ uint32) error { return unix.Close(fd) }

// TestPollerContract is the contract in poller.go, held against every implementation.
func TestPollerContract(t *testing.T) {
	for _, p := range pollers {
		t.Run(p.name, func(t *testing.T) {
			onThread(t, func(t *testing.T) {
				ring := trace.NewRing(1, 4096)
				round := Ceil
				w, err := p.make(ring, &round)
				if err != nil {
					t.Fatal(err)
				}
				idle, ready := testkit.Eventfd(t, false), testkit.Eventfd(t, true)
				out := make([]Report, 8)

				check := func(what string, err, want error) {
					t.Helper()
					if !errors.Is(err, want) {
						t.Errorf("%s: %v, want %v", what, err, want)
					}
				}
				check("add", w.Add(idle, 1, unix.EPOLLIN, 11), nil)
				check("add twice", w.Add(idle, 1, unix.EPOLLIN, 11), unix.EEXIST)
				check("modify what was never added", w.Modify(ready, 1, unix.EPOLLIN, 12), unix.ENOENT)
				check("remove what was never added", w.Remove(ready, 1), unix.ENOENT)
				if !p.triggers {
					check("edge without triggers", w.Add(ready, 1, unix.EPOLLIN|unix.EPOLLET, 12), unix.EINVAL)
					check("oneshot without triggers", w.Add(ready, 1, unix.EPOLLIN|unix.EPOLLONESHOT, 12), unix.EINVAL)
				}
				if n := w.Watched(); n != 1 {
					t.Errorf("watched %d, want 1", n)
				}

				begin := time.Now()
				if n, err := waitOn(w, 0, out); n != 0 || err != nil {
					t.Errorf("a wait of nothing: %d, %v", n, err)
				}
				if n, err := waitOn(w, 15*time.Millisecond, out); n != 0 || err != nil {
					t.Errorf("a wait in vain: %d, %v", n, err)
				}
				if d := time.Since(begin); d < 15*time.Millisecond {
					t.Errorf("waited %v of 15 ms", d)
				}

				check("add a ready one", w.Add(ready, 7, unix.EPOLLIN, 1<<40|12), nil)
				for _, timeout := range []time.Duration{-1, 0, time.Hour} {
					n, err := waitOn(w, timeout, out)
					if n != 1 || err != nil || out[0].Data != 1<<40|12 || out[0].Mask&unix.EPOLLIN == 0 {
						t.Errorf("timeout %v: %d reports, %v, first %+v", timeout, n, err, out[0])
					}
				}
				check("modify", w.Modify(ready, 7, 0, 13), nil)
				if n, err := waitOn(w, 0, out); n != 0 || err != nil {
					t.Errorf("with no interest: %d, %v", n, err)
				}
				check("modify back", w.Modify(ready, 7, unix.EPOLLIN, 14), nil)
				if n, _ := waitOn(w, 0, out); n != 1 || out[0].Data != 14 {
					t.Errorf("data after a change: %d reports, %+v", n, out[0])
				}

				// More are ready than there is room for: all of them get their turn.
				seen := map[uint64]bool{}
				for i := 0; i < 5; i++ {
					check("add", w.Add(testkit.Eventfd(t, true), 1, unix.EPOLLIN, uint64(100+i)), nil)
				}
				for i := 0; i < 6; i++ {
					n, err := waitOn(w, -1, out[:2])
					if err != nil || n != 2 {
						t.Fatalf("%d reports, %v; room for 2 and 6 ready", n, err)
					}
					seen[out[0].Data], seen[out[1].Data] = true, true
				}
				if len(seen) != 6 {
					t.Errorf("reported %v: somebody starves", seen)
				}

				check("remove", w.Remove(ready, 7), nil)
				unix.Close(idle)
				w.Forget(idle)
				if n := w.Watched(); n != 5 {
					t.Errorf("watched %d, want 5", n)
				}
				check("close", w.Close(), nil)
				check("add after close", w.Add(ready, 1, unix.EPOLLIN, 1), unix.EBADF)
				_, err = w.Wait(0, out)
				check("wait after close", err, unix.EBADF)
				check("close twice", w.Close(), unix.EBADF)
			})
		})
	}
}

// waitOn goes on after a signal of Go's own.
func waitOn(w Poller, d time.Duration, out []Report) (int, error) {
	for {
		n, err := w.Wait(d, out)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// fake is the contract with nothing behind it: it keeps its set in maps, looks at each descriptor with a poll of its own, and
// records nothing. What fails for it, too, is asked of the pollers wrongly.
type fake struct {
	order  []int
	mask   map[int]uint32
	data   map[int]uint64
	next   int
	closed bool
}

func newFake() *fake {
	return &fake{mask: map[int]uint32{}, data: map[int]uint64{}}
}

func (f *fake) Instance() trace.InstanceID { return trace.SetInstance(1) }
func (f *fake) Watched() int               { return len(f.mask) }
func (f *fake) LimitedBy(uint32)           {}

func (f *fake) Add(fd int, _, mask uint32, data uint64) error {
	if f.closed {
		return unix.EBADF
	}
	if _, have := f.mask[fd]; have {
		return unix.EEXIST
	}
	f.order = append(f.order, fd)
	f.mask[fd], f.data[fd] = mask, data
	return nil
}

func (f *fake) Modify(fd int, _, mask uint32, data uint64) error {
	if _, have := f.mask[fd]; !have {
		return unix.ENOENT
	}
	f.mask[fd], f.data[fd] = mask, data
	return nil
}

func (f *fake) Remove(fd int, _ uint32) error {
	if _, have := f.mask[fd]; !have {
		return unix.ENOENT
	}
	f.Forget(fd)
	return nil
}

func (f *fake) Forget(fd int) {
	delete(f.mask, fd)
	for i, x := range f.order {
		if x == fd {
			f.order = append(f.order[:i], f.order[i+1:]...)
			return
		}
	}
}

func (f *fake) Wait(timeout time.Duration, out []Report) (int, error) {
	if f.closed {
		return 0, unix.EBADF
	}
	n := 0
	for range f.order {
		if n == len(out) {
			break
		}
		if f.next >= len(f.order) {
			f.next = 0
		}
		fd := f.order[f.next]
		f.next++
		set := []unix.PollFd{{Fd: int32(fd), Events: int16(f.mask[fd])}}
		if k, _ := unix.Poll(set, 0); k > 0 {
			out[n] = Report{Mask: uint32(set[0].Revents), Data: f.data[fd]}
			n++
		}
	}
	if n == 0 && timeout > 0 {
		time.Sleep(timeout)
	}
	return n, nil
}

func (f *fake) Close() error {
	if f.closed {
		return unix.EBADF
	}
	f.closed = true
	return nil
}

// TestHangUpIsReportedUnasked: error and hang-up come whether asked for or not.
func TestHangUpIsReportedUnasked(t *testing.T) {
	for _, p := range pollers[:2] {
		t.Run(p.name, func(t *testing.T) {
			onThread(t, func(t *testing.T) {
				round := Ceil
				w, err := p.make(trace.NewRing(1, 64), &round)
				if err != nil {
					t.Fatal(err)
				}
				defer w.Close()
				var ends [2]int
				if err := unix.Pipe2(ends[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
					t.Fatal(err)
				}
				defer unix.Close(ends[0])
				if err := w.Add(ends[0], 1, 0, 5); err != nil {
					t.Fatal(err)
				}
				unix.Close(ends[1])
				out := make([]Report, 1)
				if n, err := waitOn(w, time.Hour, out); n != 1 || err != nil || out[0].Mask != unix.EPOLLHUP {
					t.Errorf("%d, %v, mask %#x", n, err, out[0].Mask)
				}
			})
		})
	}
}

func TestRounding(t *testing.T) {
	for _, c := range []struct {
		d           time.Duration
		ceil, floor int
	}{{-1, -1, -1}, {0, 0, 0}, {1, 1, 0}, {time.Millisecond, 1, 1}, {10700 * time.Microsecond, 11, 10}, {1 << 62, 1<<31 - 1, 1<<31 - 1}} {
		if got := millis(c.d, Ceil); got != c.ceil {
			t.Errorf("ceil %v: %d, want %d", c.d, got, c.ceil)
		}
		if got := millis(c.d, Floor); got != c.floor {
			t.Errorf("floor %v: %d, want %d", c.d, got, c.floor)
		}
	}
}

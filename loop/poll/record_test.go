package poll

import (
	"context"
	"fmt"
	"slices"
	"testing"

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
		a, b, c := testkit.Eventfd(t, false), testkit.Eventfd(t, false), testkit.Eventfd(t, false)
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
		fd := testkit.Eventfd(t, true)
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

package loop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/loop/poll"
	"evviz/trace"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// TestInterruptedWait: a wait that a signal ends goes on for what is left, each piece a call of its own.
func TestInterruptedWait(t *testing.T) {
	l := &Loop{tr: newRecorder(trace.NoRing()), b: Default(), wake: wake{fd: -1}}
	l.b.Timeout = time.Hour
	f := &interrupted{times: 3}
	d := &readiness{p: f, reports: make([]poll.Report, 1)}
	if n, err := d.wait(l); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if len(f.asked) != 4 {
		t.Fatalf("%d waits, want 4", len(f.asked))
	}
	for i := 1; i < len(f.asked); i++ {
		if f.asked[i] > f.asked[i-1]-10*time.Millisecond || f.asked[i] <= 0 {
			t.Errorf("piece %d asked for %v after %v: not what was left", i, f.asked[i], f.asked[i-1])
		}
	}
}

// interrupted is a poller whose first waits are ended by a signal.
type interrupted struct {
	poll.Select
	times int
	asked []time.Duration
}

func (p *interrupted) Wait(timeout time.Duration, _ []poll.Report) (int, error) {
	p.asked = append(p.asked, timeout)
	if len(p.asked) > p.times {
		return 0, nil
	}
	time.Sleep(10 * time.Millisecond)
	return 0, os.NewSyscallError("pselect6", unix.EINTR)
}

// drivers is every way to run the loop.
var drivers = []struct {
	name string
	set  func(*Behaviour)
}{
	{"blocking", func(b *Behaviour) { b.Driver = trace.DriverBlocking }},
	{"sleep-poll", func(b *Behaviour) { b.Driver, b.Interval = trace.DriverSleepPoll, time.Millisecond }},
	{"select", func(b *Behaviour) { b.Driver = trace.DriverSelect }},
	{"poll", func(b *Behaviour) { b.Driver = trace.DriverPoll }},
	{"epoll level", func(b *Behaviour) { b.Driver, b.Trigger = trace.DriverEpoll, trace.TriggerLevel }},
	{"epoll edge, drained", func(b *Behaviour) {
		b.Driver, b.Trigger, b.Reads = trace.DriverEpoll, trace.TriggerEdge, Count{Kind: CountDrain}
	}},
	{"epoll oneshot", func(b *Behaviour) { b.Driver, b.Trigger = trace.DriverEpoll, trace.TriggerOneshot }},
	{"io-uring single", func(b *Behaviour) { b.Driver, b.URing = trace.DriverURing, URingSingle }},
	{"io-uring multishot", func(b *Behaviour) { b.Driver, b.URing = trace.DriverURing, URingMultishot }},
}

func eachDriver(t *testing.T, f func(t *testing.T, set func(*Behaviour))) {
	for _, d := range drivers {
		t.Run(d.name, func(t *testing.T) {
			b := Default()
			d.set(&b)
			if err := b.Check(); err != nil {
				t.Skipf("SKIPPED, not tested: %v", err)
			}
			f(t, d.set)
		})
	}
}

// crowds is every way to run the loop on several threads.
var crowds = []struct {
	name string
	set  func(*Behaviour)
}{
	{"sleep-poll, split", func(b *Behaviour) { b.Driver, b.Interval, b.Split = trace.DriverSleepPoll, time.Millisecond, true }},
	{"epoll level, 3 threads", func(b *Behaviour) { b.Driver, b.Threads = trace.DriverEpoll, 3 }},
	{"epoll edge, 3 threads", func(b *Behaviour) {
		b.Driver, b.Trigger, b.Threads, b.Reads = trace.DriverEpoll, trace.TriggerEdge, 3, Count{Kind: CountDrain}
	}},
	{"epoll oneshot, 3 threads", func(b *Behaviour) { b.Driver, b.Trigger, b.Threads = trace.DriverEpoll, trace.TriggerOneshot, 3 }},
	{"epoll, 3 instances", func(b *Behaviour) { b.Driver, b.Threads, b.Listeners = trace.DriverEpoll, 3, ListenersShared }},
	{"epoll, 3 instances, exclusive", func(b *Behaviour) { b.Driver, b.Threads, b.Listeners = trace.DriverEpoll, 3, ListenersExclusive }},
	{"epoll edge, 3 listeners", func(b *Behaviour) {
		b.Driver, b.Trigger, b.Threads, b.Listeners, b.Reads = trace.DriverEpoll, trace.TriggerEdge, 3, ListenersReuseport, Count{Kind: CountDrain}
	}},
}

// eachServer is eachDriver and the ways to run it on several threads.
func eachServer(t *testing.T, f func(t *testing.T, set func(*Behaviour))) {
	eachDriver(t, f)
	for _, d := range crowds {
		t.Run(d.name, func(t *testing.T) { f(t, d.set) })
	}
}

// eachFree is eachDriver without the blocking server, which is inside a call whenever something else is due: no timer fires
// then and nothing else is read (driver_blocking_test.go has its own tests).
func eachFree(t *testing.T, f func(t *testing.T, set func(*Behaviour))) {
	for _, d := range drivers[1:] {
		t.Run(d.name, func(t *testing.T) { f(t, d.set) })
	}
}

func (x *lab) dial() *net.TCPConn {
	x.t.Helper()
	c, err := net.Dial("tcp", x.l.Addr())
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// TestEcho: every byte comes back in order, also when the client does not read for a while: short writes and EAGAIN are
// met, EPOLLOUT is asked for while something is owed and not after, and the loop stops reading from who does not read.
func TestEcho(t *testing.T) {
	eachServer(t, func(t *testing.T, set func(*Behaviour)) {
		for _, n := range []int{1, 64 << 10, 8 << 20} {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				x := startLab(t, func(b *Behaviour) { set(b); b.ReadSize = 32 << 10; b.Reads = Count{Kind: CountDrain} })
				c := x.dial()
				want := make([]byte, n)
				for i := range want {
					want[i] = byte(i * 7 / 3)
				}
				sent := make(chan error, 1)
				go func() { _, err := c.Write(want); sent <- err }()
				if n > 4<<20 { // the client reads nothing until the server has met a full buffer
					x.until("a write that found no room", func(evs []trace.Event) bool {
						if x.l.b.Driver == trace.DriverURing { // there a send waits by itself
							return x.l.Stats().BytesIn.Load()-x.l.Stats().BytesOut.Load() > outHigh/2
						}
						for i := range evs {
							if e := &evs[i]; e.Kind == trace.Write && (e.Errno == uint16(unix.EAGAIN) || e.B < e.A) {
								return true
							}
						}
						return false
					})
				}
				got := make([]byte, n)
				if _, err := io.ReadFull(c, got); err != nil {
					t.Fatal(err)
				}
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
				if string(got) != string(want) {
					t.Error("what came back is not what was sent")
				}
				c.Close()
				x.until("the close", func(evs []trace.Event) bool { return x.l.Stats().Closed.Load() == 1 })
				evs := x.stop()
				fd, out := connFD(evs), uint32(0)
				for i := range evs {
					if e := &evs[i]; e.FD == fd && (e.Kind == trace.Register || e.Kind == trace.Modify) {
						out = e.Mask & unix.EPOLLOUT
					}
				}
				if out != 0 {
					t.Error("write interest was left armed")
				}
				if st := x.l.Stats(); st.BytesIn.Load() != int64(n) || st.BytesOut.Load() != int64(n) {
					t.Errorf("the loop counted %d in, %d out of %d", st.BytesIn.Load(), st.BytesOut.Load(), n)
				}
			})
		}
	})
}

// TestHalfClose: a client that has shut its side still gets what it is owed; then the server closes.
func TestHalfClose(t *testing.T) {
	eachServer(t, func(t *testing.T, set func(*Behaviour)) {
		x := startLab(t, set)
		c := x.dial()
		x.send(c, 500)
		c.CloseWrite()
		got, err := io.ReadAll(c)
		if err != nil || len(got) != 500 {
			t.Errorf("%d bytes back, %v", len(got), err)
		}
		x.until("the close", func(evs []trace.Event) bool { return closedWhy(evs, connFD(evs)) == trace.CloseEOF })
	})
}

func closedWhy(evs []trace.Event, fd int32) uint32 {
	for i := range evs {
		if evs[i].Kind == trace.Close && evs[i].FD == fd && fd >= 0 {
			return evs[i].Aux & 0xff
		}
	}
	return 0
}

// TestReset: ECONNRESET ends the connection and nothing else.
func TestReset(t *testing.T) {
	eachServer(t, func(t *testing.T, set func(*Behaviour)) {
		x := startLab(t, set)
		c, other := x.dial(), x.dial()
		x.send(c, 10)
		io.ReadFull(c, make([]byte, 10))
		c.SetLinger(0)
		c.Close()
		x.until("the reset", func(evs []trace.Event) bool {
			for i := range evs {
				if (evs[i].Kind == trace.Read || evs[i].Kind == trace.Complete) && evs[i].Errno == uint16(unix.ECONNRESET) {
					return closedWhy(evs, evs[i].FD) == trace.CloseError
				}
			}
			return false
		})
		x.send(other, 10)
		if _, err := io.ReadFull(other, make([]byte, 10)); err != nil {
			t.Errorf("the other connection: %v", err)
		}
	})
}

// TestEndOfFileHabits: ignore leaves the connection as it is, leak stops watching it and never closes.
func TestEndOfFileHabits(t *testing.T) {
	for _, habit := range []OnEOF{EOFIgnore, EOFLeak} {
		t.Run([]string{"close", "ignore", "leak"}[habit], func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.OnEOF = habit; b.Waits = 200 })
			c := x.dial()
			c.CloseWrite()
			if habit == EOFIgnore { // an end of file that nobody acts upon is reported for ever: 200 waits
				select {
				case <-x.l.Done():
				case <-time.After(patience):
					t.Fatal("no spin")
				}
				x.mu.Lock()
				defer x.mu.Unlock()
				return
			}
			x.until("the end of file", func(evs []trace.Event) bool { return tallyOf(evs, connFD(evs)).eof == 1 })
			x.mu.Lock()
			if why := closedWhy(x.evs, connFD(x.evs)); why != 0 {
				t.Errorf("closed because of %s", trace.CloseNames.Word(why))
			}
			x.mu.Unlock()
		})
	}
}

// TestManyConnections: two hundred at once, each served, all closed, none left.
func TestManyConnections(t *testing.T) {
	eachServer(t, func(t *testing.T, set func(*Behaviour)) {
		x := startLab(t, set)
		errs := make(chan error, 200)
		for i := 0; i < 200; i++ {
			go func() {
				c, err := net.Dial("tcp", x.l.Addr())
				if err != nil {
					errs <- err
					return
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(patience))
				c.Write(make([]byte, 100))
				_, err = io.ReadFull(c, make([]byte, 100))
				errs <- err
			}()
		}
		for i := 0; i < 200; i++ {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		x.until("200 closes", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 200 })
	})
}

// TestNumberLimit: a connection whose number is over the program's own limit is closed at once and recorded as refused.
func TestNumberLimit(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.MaxFD = 1 })
	c := x.dial()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("it was served")
	}
	x.until("the refusal", func(evs []trace.Event) bool { return closedWhy(evs, connFD(evs)) == trace.CloseRefused })
}

// TestTimers: once, in order, cancelled, and repeating without drift; periods that were missed are counted.
func TestTimers(t *testing.T) {
	testkit.Long(t, "each mechanism")
	eachFree(t, func(t *testing.T, set func(*Behaviour)) {
		x := startLab(t, func(b *Behaviour) { set(b); b.Interval = time.Hour })
		var order []string
		done := make(chan struct{})
		x.l.Do("arm", func(l *Loop) {
			l.timers.after(20*time.Millisecond, 0, func(*Loop) { order = append(order, "20") })
			l.timers.after(10*time.Millisecond, 0, func(*Loop) { order = append(order, "10") })
			gone := l.timers.after(15*time.Millisecond, 0, func(*Loop) { order = append(order, "cancelled") })
			if !l.timers.stop(gone) || l.timers.stop(gone) {
				t.Error("a timer is cancelled once")
			}
			n := 0
			var every *timer
			every = l.timers.after(30*time.Millisecond, 30*time.Millisecond, func(l *Loop) {
				if n++; n == 2 { // block over three periods
					time.Sleep(100 * time.Millisecond)
				}
				if n == 4 {
					l.timers.stop(every)
					close(done)
				}
			})
		})
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("the repeating timer did not fire four times")
		}
		evs := x.stop()
		if fmt.Sprint(order) != "[10 20]" {
			t.Errorf("fired %v", order)
		}
		missed, base := uint32(0), int64(0)
		for i := range evs {
			e := &evs[i]
			if e.Kind != trace.TimerFire {
				continue
			}
			if e.Time < e.A {
				t.Error("fired early")
			}
			if e.Aux == 4 { // the repeating one: its due times stay on the grid, however late it ran
				if base == 0 {
					base = e.A
				}
				if (e.A-base)%int64(30*time.Millisecond) != 0 {
					t.Errorf("due %v after the first: it drifts", time.Duration(e.A-base))
				}
				missed = max(missed, e.Mask)
			}
		}
		if missed < 3 {
			t.Errorf("blocked for 100 ms, a 30 ms timer said %d expirations", missed)
		}
	})
}

// TestTasks: from many threads, each runs once; after the end nobody hangs and the error wraps os.ErrClosed.
func TestTasks(t *testing.T) {
	eachServer(t, func(t *testing.T, set func(*Behaviour)) {
		x := startLab(t, func(b *Behaviour) { set(b); b.Interval = time.Hour })
		ran := 0
		errs := make(chan error, 40)
		for i := 0; i < 40; i++ {
			go func() {
				var err error
				for k := 0; k < 25 && err == nil; k++ {
					err = x.l.Do("count", func(*Loop) { ran++ })
				}
				errs <- err
			}()
		}
		for i := 0; i < 40; i++ {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		x.stop()
		if ran != 1000 {
			t.Errorf("%d tasks ran, want 1000", ran)
		}
		if err := x.l.Do("late", func(*Loop) { t.Error("ran after the end") }); !errors.Is(err, os.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestNudge: whatever the loop is in, a task gets to it soon. The time is told; only a generous bound is asserted.
func TestNudge(t *testing.T) {
	testkit.Long(t, "each mechanism")
	eachServer(t, func(t *testing.T, set func(*Behaviour)) {
		x := startLab(t, func(b *Behaviour) { set(b); b.Interval = time.Hour })
		var worst time.Duration
		for i := 0; i < 20; i++ {
			begin := time.Now()
			if err := x.l.Do("nudge", func(*Loop) {}); err != nil {
				t.Fatal(err)
			}
			worst = max(worst, time.Since(begin))
			time.Sleep(3 * time.Millisecond) // let it fall asleep again
		}
		t.Logf("the slowest of 20 took %v", worst)
		if worst > patience { // the loop sleeps for an hour
			t.Errorf("a task took %v to reach the loop", worst)
		}
	})
}

// TestRetrigger: a switch between level and edge is one Modify for each connection and the listener, none for the wake-fd;
// what was stranded is reported by the MOD itself, and that report is no re-notification.
func TestRetrigger(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Trigger, b.ReadSize, b.Hold = trace.TriggerEdge, 1024, 4096 })
	a, idle := x.client(), x.client()
	x.send(a, 4096)
	x.send(idle, 4096)
	x.until("both read once", func(evs []trace.Event) bool { return x.l.Stats().BytesIn.Load() == 2048 })
	x.mu.Lock()
	from := len(x.evs)
	x.mu.Unlock()
	if err := x.l.Switch(trace.DriverEpoll, trace.TriggerLevel); err != nil {
		t.Fatal(err)
	}
	x.until("the rest read", func(evs []trace.Event) bool { return x.l.Stats().BytesIn.Load() == 8192 })
	evs := x.stop()
	mods := map[int32]int{}
	for i := range evs {
		e := &evs[i]
		if i >= from && e.Kind == trace.Modify {
			mods[e.FD]++
		}
	}
	if len(mods) != 3 {
		t.Errorf("modified %v: want the listener and two connections", mods)
	}
	for fd, n := range mods {
		if n != 1 {
			t.Errorf("fd %d was modified %d times", fd, n)
		}
	}
	// Of the three reports that drain a connection after the MOD, two are re-notifications and the first is the MOD's own.
	total := 0
	for fd := range mods {
		total += tallyOf(evs, fd).renotify
	}
	if total != 4 {
		t.Errorf("%d re-notifications, want 4: two connections, three reports each, the first of them the MOD's own", total)
	}
}

// TestSwitchEverywhere walks through every mode while bytes flow; no connection is lost and no byte.
func TestSwitchEverywhere(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Driver, b.Interval, b.Reads = trace.DriverSleepPoll, time.Millisecond, Count{Kind: CountDrain}
	})
	c := x.dial()
	stop := make(chan struct{})
	moved := make(chan int64, 1)
	go func() {
		var n int64
		buf := make([]byte, 777)
		for {
			select {
			case <-stop:
				moved <- n
				return
			default:
			}
			if _, err := c.Write(buf); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(c, buf); err != nil {
				t.Error(err)
			}
			n += 777
		}
	}()
	type mode struct{ driver, trigger uint32 }
	for round := 0; round < 5; round++ {
		for _, m := range []mode{{trace.DriverPoll, 0}, {trace.DriverEpoll, trace.TriggerLevel}, {trace.DriverEpoll, trace.TriggerEdge},
			{trace.DriverSelect, 0}, {trace.DriverEpoll, trace.TriggerOneshot}, {trace.DriverEpoll, trace.TriggerLevel}, {trace.DriverEpoll, trace.TriggerOneshot},
			{trace.DriverSleepPoll, 0}, {trace.DriverEpoll, trace.TriggerEdge}, {trace.DriverPoll, 0}, {trace.DriverSleepPoll, 0}} {
			at := x.l.Stats().BytesIn.Load()
			if err := x.l.Switch(m.driver, m.trigger); err != nil {
				t.Fatal(err)
			}
			x.until("bytes to move in the new mode", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() > at })
		}
	}
	close(stop)
	n := <-moved
	x.stop()
	if st := x.l.Stats(); st.BytesIn.Load() != n || st.BytesOut.Load() != n || st.Accepted.Load() != 1 {
		t.Errorf("client moved %d bytes, server %d in and %d out over %d connections", n, st.BytesIn.Load(), st.BytesOut.Load(), st.Accepted.Load())
	}
}

// TestRefusals: what a mode cannot do is refused with a reason.
func TestRefusals(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Driver = trace.DriverPoll })
	if err := x.l.SwitchOne(5, 0, trace.TriggerEdge); err == nil {
		t.Error("poll switched a trigger")
	}
	x.set("rdhup", "true")
	if err := x.l.Switch(trace.DriverSelect, 0); err == nil {
		t.Error("select was asked for RDHUP")
	}
	x.set("rdhup", "false")
	if err := x.l.Switch(trace.DriverSelect, 0); err != nil {
		t.Error(err)
	}
	if err := x.l.Set(trace.Pair{Key: "rdhup", Value: "true"}); err == nil {
		t.Error("select was asked for RDHUP by a setting")
	}
	if err := x.l.Set(trace.Pair{Key: "reads", Value: "many"}); err == nil {
		t.Error("reads many")
	}
	if _, err := New(Config{Behaviour: Behaviour{Driver: 99}}); err == nil {
		t.Error("a mechanism that nobody knows")
	}
}

// TestKnobsAreSorted: FindKnob searches by halves.
func TestKnobsAreSorted(t *testing.T) {
	for i := range Knobs {
		if k, ok := FindKnob(Knobs[i].Name); !ok || k != &Knobs[i] {
			t.Errorf("%s is not found, or is there twice", Knobs[i].Name)
		}
	}
}

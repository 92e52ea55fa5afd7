package loop

import (
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// TestManyStop: many ask for the end at once; all of them return, the first reason is the recorded one, and nobody who
// asks for something meanwhile hangs.
func TestManyStop(t *testing.T) {
	eachDriver(t, func(t *testing.T, set func(*Behaviour)) {
		x := startLab(t, func(b *Behaviour) { set(b); b.Interval = time.Hour })
		var all sync.WaitGroup
		for i := range 30 {
			all.Add(1)
			go func() {
				defer all.Done()
				var err error
				switch i % 3 {
				case 0:
					err = x.l.StopFor(trace.StopTime)
				case 1:
					err = x.l.Do("something", func(*Loop) {})
				case 2:
					err = x.l.Switch(trace.DriverEpoll, trace.TriggerLevel)
				}
				if err != nil && (i%3 == 0 || !errors.Is(err, os.ErrClosed)) {
					t.Errorf("%d: %v", i%3, err)
				}
			}()
		}
		ended := make(chan struct{})
		go func() { all.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatal("somebody hangs")
		}
		evs := x.stop()
		last := evs[len(evs)-1]
		if last.Kind != trace.Stop || last.Aux != trace.StopTime {
			t.Errorf("the last event is %s", trace.AppendText(nil, &last))
		}
	})
}

// TestNudgeInNap: a handler's nap is not cut short; the task runs right after it, in every mode.
func TestNudgeInNap(t *testing.T) {
	eachDriver(t, func(t *testing.T, set func(*Behaviour)) {
		const nap = 150 * time.Millisecond
		x := startLab(t, func(b *Behaviour) { set(b); b.Work = Work{Kind: WorkSleep, For: nap} })
		c := x.dial()
		x.send(c, 1)
		x.until("the nap", func(evs []trace.Event) bool {
			for i := range evs {
				if evs[i].Kind == trace.Sleep && evs[i].A == int64(nap) {
					return true
				}
			}
			return false
		})
		// From here on the loop sleeps for an hour between its rounds, once it is awake.
		x.set("interval", "1h")
		evs := x.stop()
		naps, slept, woken := 0, int64(0), int64(0)
		for i := range evs {
			switch e := &evs[i]; e.Kind {
			case trace.Sleep:
				if e.Phase.Base() == trace.PhaseExit && e.A <= int64(nap) && e.A > int64(time.Millisecond) {
					naps, slept = naps+1, slept+e.Dur
				}
			case trace.Task:
				if woken == 0 {
					woken = e.B
				}
			}
		}
		if slept < int64(nap) {
			t.Errorf("napped %v of %v", time.Duration(slept), nap)
		}
		if naps > 10 {
			t.Errorf("a nap in %d pieces: somebody signals a loop that cannot act", naps)
		}
		t.Logf("nap of %v in %d pieces, the task waited %v", time.Duration(slept), naps, time.Duration(woken))
	})
}

// TestSignals: signals to the loop's thread end its waits; it goes on for what is left, every piece is recorded, and in all
// it waits no less than was asked for.
func TestSignals(t *testing.T) {
	testkit.Long(t, "each mechanism")
	eachFree(t, func(t *testing.T, set func(*Behaviour)) {
		const asked = 300 * time.Millisecond
		x := startLab(t, func(b *Behaviour) { set(b); b.Interval, b.Timeout = asked, asked })
		x.idle()
		stop := testkit.Interrupt(t, x.l.TID(), time.Millisecond)
		whole := func(evs []trace.Event) (n int) {
			for i := range evs {
				if e := &evs[i]; (e.Kind == trace.Wait || e.Kind == trace.Sleep) && e.Phase.Base() == trace.PhaseExit && !cutShort(e) && e.Mask == 0 {
					n++
				}
			}
			return
		}
		x.until("two whole waits", func(evs []trace.Event) bool { return whole(evs) >= 2 })
		stop()
		evs := x.stop()
		// The time counts from when the loop looked at its clock, which is between its event before and the first piece: whoever
		// takes the processor away in between makes that piece begin late.
		var begin, left int64
		before := map[uint32]int64{} // by stream
		pieces, longest := 0, 0
		for i := range evs {
			e := &evs[i]
			if e.Kind == trace.Round {
				begin = 0 // a sleep that a task ended is not gone on with
			}
			if e.Kind != trace.Wait && e.Kind != trace.Sleep {
				before[e.Stream] = e.Time
				continue
			}
			switch {
			case e.Phase.Base() == trace.PhaseEnter && begin == 0:
				begin, left, pieces = before[e.Stream], e.A, 1
				if e.A != int64(asked) {
					t.Errorf("asked for %v", time.Duration(e.A))
				}
			case e.Phase.Base() == trace.PhaseEnter:
				if e.A > left {
					t.Errorf("piece %d asks for %v after %v: not what was left", pieces, time.Duration(e.A), time.Duration(left))
				}
				left, pieces = e.A, pieces+1
			case !cutShort(e):
				if d := e.Time - begin; d < int64(asked) && e.Mask == 0 {
					t.Errorf("waited %v of %v in %d pieces", time.Duration(d), asked, pieces)
				}
				longest = max(longest, pieces)
				before[e.Stream], begin = e.Time, 0
			}
		}
		if longest < 10 {
			t.Errorf("%d pieces at most: the signals did not arrive", longest)
		}
		t.Logf("up to %d pieces", longest)
	})
}

// TestFailedStart: a loop that cannot listen says why and leaves nothing behind.
func TestFailedStart(t *testing.T) {
	x := startLab(t, nil)
	l, err := New(Config{Listen: x.l.Addr(), Behaviour: Default()})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start(nil); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("an address in use: %v", err)
	}
	if err := l.Do("late", func(*Loop) {}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a task for a loop that never ran: %v", err)
	}
	if err := l.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	bad := Default()
	bad.ReadSize = 0
	if _, err := New(Config{Listen: "127.0.0.1:0", Behaviour: bad}); err == nil {
		t.Error("reads of 0 bytes")
	}
	for _, addr := range []string{"nowhere", "256.1.1.1:80", "127.0.0.1:http:", "example.org:80"} {
		l, err := New(Config{Listen: addr, Behaviour: Default()})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Start(nil); err == nil {
			t.Errorf("listens on %q", addr)
			l.Stop()
		}
	}
}

// TestNoAllocation: a message costs no memory, whether anybody watches or not.
func TestNoAllocation(t *testing.T) {
	testkit.Long(t, "measured for each mechanism")
	if raceEnabled {
		t.Skip("SKIPPED, not tested: allocations cannot be counted under the race detector, which allocates itself; the run without it tests this")
	}
	eachDriver(t, func(t *testing.T, set func(*Behaviour)) {
		for _, watched := range []bool{false, true} {
			b := Default()
			set(&b)
			b.Interval = 50 * time.Microsecond
			cfg := Config{Listen: "127.0.0.1:0", Behaviour: b}
			if watched {
				cfg.NewRing = func(uint32) *trace.Ring { return trace.NewRing(1, 1<<10) } // full after a moment: also free of charge
			}
			l, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Start(nil); err != nil {
				t.Fatal(err)
			}
			x := &lab{t: t, l: l}
			c := x.dial()
			buf := make([]byte, 64)
			ping := func() {
				c.Write(buf)
				if _, err := io.ReadFull(c, buf); err != nil {
					t.Fatal(err)
				}
			}
			for range 100 {
				ping()
			}
			if n := testing.AllocsPerRun(500, ping); n >= 1 {
				t.Errorf("watched=%v: %v allocations a message", watched, n)
			}
			if err := l.Stop(); err != nil {
				t.Error(err)
			}
		}
	})
}

// cutShort says whether a signal ended a wait or sleep. The kernel hides that of an io_uring_enter that took entries.
func cutShort(e *trace.Event) bool {
	hidden := e.Kind == trace.Wait && e.Aux&0xff == trace.CallURingEnter && e.Errno == 0 && e.Mask == 0 && e.B > 0 && e.Dur < e.B
	return e.Errno == uint16(unix.EINTR) || hidden
}

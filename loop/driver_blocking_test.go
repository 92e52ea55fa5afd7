package loop

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// stuck is the call that the loop's thread is inside: its last event is the call's beginning.
func stuck(evs []trace.Event) (kind trace.Kind, fd int32, since int64) {
	for i := len(evs) - 1; i >= 0; i-- {
		e := &evs[i]
		switch e.Kind {
		case trace.Accept, trace.Read, trace.Write:
			if e.Phase.Base() == trace.PhaseEnter {
				return e.Kind, e.FD, e.Time
			}
			return 0, 0, 0
		}
	}
	return 0, 0, 0
}

// TestBlockingServesOneByOne: the naive server is seen inside accept, then inside the read of its first client while a second
// one waits in the queue; the second is served when the first has gone.
func TestBlockingServesOneByOne(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Driver = trace.DriverBlocking })
	x.until("the thread in accept", func(evs []trace.Event) bool { k, _, _ := stuck(evs); return k == trace.Accept })
	a := x.dial()
	x.until("the thread in read", func(evs []trace.Event) bool { k, fd, _ := stuck(evs); return k == trace.Read && fd == connFD(evs) })
	b := x.dial()
	x.send(b, 10)
	x.until("the second client waiting in the queue", func(evs []trace.Event) bool {
		for i := range evs {
			if evs[i].Kind == trace.Queue && evs[i].A == 1 {
				return true
			}
		}
		return false
	})
	x.send(a, 7)
	if _, err := io.ReadFull(a, make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	if n := x.l.Stats().Accepted.Load(); n != 1 {
		t.Errorf("%d accepted while the first is being served", n)
	}
	a.Close()
	if _, err := io.ReadFull(b, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	x.stop()
}

// TestNonblockAttempts is the tutorial's two failed attempts and the healthy one: with nothing non-blocking a polling loop is
// stuck in its first accept; with a non-blocking listener alone it is stuck in the first read, because the connection does
// not inherit the flag; with both it polls.
func TestNonblockAttempts(t *testing.T) {
	start := func(n Nonblock) *lab {
		return startLab(t, func(b *Behaviour) {
			b.Driver, b.Interval, b.Nonblock = trace.DriverSleepPoll, time.Millisecond, n
		})
	}
	t.Run("none", func(t *testing.T) {
		x := start(NonblockNone)
		x.until("the thread in accept", func(evs []trace.Event) bool { k, _, _ := stuck(evs); return k == trace.Accept })
		x.dial()
		x.until("one connection, and the thread in accept again", func(evs []trace.Event) bool {
			k, _, _ := stuck(evs)
			return k == trace.Accept && x.l.Stats().Accepted.Load() == 1
		})
	})
	t.Run("listener", func(t *testing.T) {
		x := start(NonblockListener)
		c := x.dial()
		x.until("the thread in read", func(evs []trace.Event) bool { k, fd, _ := stuck(evs); return k == trace.Read && fd == connFD(evs) })
		x.dial()
		evs := x.now()
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Open && e.FD == connFD(evs) && e.Mask&unix.O_NONBLOCK != 0 {
				t.Error("the connection inherited O_NONBLOCK")
			}
		}
		x.send(c, 3)
		if _, err := io.ReadFull(c, make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("both", func(t *testing.T) {
		x := start(NonblockBoth)
		x.dial()
		x.until("rounds", func(evs []trace.Event) bool { return tallyOf(evs, connFD(evs)).again > 3 })
	})
	t.Run("mended live", func(t *testing.T) {
		x := start(NonblockNone)
		x.until("the thread in accept", func(evs []trace.Event) bool { k, _, _ := stuck(evs); return k == trace.Accept })
		c := x.dial()
		x.send(c, 5)
		x.set("nonblock", "both")
		if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBlockingTimerSlips: a thread that is inside a call fires no timer until the call ends.
func TestBlockingTimerSlips(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Driver = trace.DriverBlocking })
	fired := make(chan struct{})
	if err := x.l.Do("arm", func(l *Loop) { l.timers.after(time.Millisecond, 0, func(*Loop) { close(fired) }) }); err != nil {
		t.Fatal(err)
	}
	x.until("the thread in accept", func(evs []trace.Event) bool { k, _, _ := stuck(evs); return k == trace.Accept })
	select {
	case <-fired:
		t.Fatal("a timer fired while the thread was inside accept")
	case <-time.After(50 * time.Millisecond):
	}
	x.dial()
	select {
	case <-fired:
	case <-time.After(patience):
		t.Fatal("the timer never fired")
	}
	late := int64(0)
	evs := x.stop()
	for i := range evs {
		if evs[i].Kind == trace.TimerFire {
			late = evs[i].B
		}
	}
	if late < int64(40*time.Millisecond) {
		t.Errorf("recorded as %v late", time.Duration(late))
	}
}

// TestT36BlockingUnderEdge: a connection that blocks, read until EAGAIN after an edge: the second read does not return until
// the peer closes.
func TestT36BlockingUnderEdge(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Trigger, b.Reads, b.Nonblock = trace.TriggerEdge, Count{Kind: CountDrain}, NonblockListener
	})
	c := x.client()
	x.send(c, 5)
	x.until("the thread in its second read", func(evs []trace.Event) bool {
		k, fd, _ := stuck(evs)
		return k == trace.Read && fd == connFD(evs) && tallyOf(evs, fd).reads == 1
	})
	c.Close()
	x.until("the read to end", func(evs []trace.Event) bool { return tallyOf(evs, connFD(evs)).eof == 1 })
	evs := x.stop()
	s := tallyOf(evs, connFD(evs))
	check(t, "reports", s.reports, 1)
	check(t, "short reads", s.short, 1)
	check(t, "EAGAIN", s.again, 0)
}

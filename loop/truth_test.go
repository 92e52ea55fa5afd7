package loop

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// The truth cases of docs/kernel-rules.md: counts that a real kernel produces, exact wherever the case says exact. "Buffered"
// means that a connection is held until every byte waits for it, so that segmentation cannot change the counts.

// finalTimeout waits until the loop has waited once in vain after fd was reported: nothing more will come by itself.
func (x *lab) finalTimeout() {
	x.t.Helper()
	x.until("a wait that ends without a report after the connection's first", func(evs []trace.Event) bool {
		fd, seen, reported := connFD(evs), false, false
		for i := range evs {
			e := &evs[i]
			if e.Kind == trace.Ready && e.FD == fd && fd >= 0 {
				reported, seen = true, false
			}
			if reported && e.Kind == trace.Wait && e.Phase.Base() == trace.PhaseExit && e.Errno == 0 && e.Mask == 0 {
				seen = true
			}
		}
		return seen
	})
}

func check(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %d, want %d", what, got, want)
	}
}

func bigMessage(trigger uint32) func(*Behaviour) {
	return func(b *Behaviour) {
		b.Trigger, b.ReadSize, b.Hold, b.Timeout = trigger, 1024, 65536, 200*time.Millisecond
	}
}

func TestT01LevelBigMessage(t *testing.T) {
	x := startLab(t, bigMessage(trace.TriggerLevel))
	x.send(x.client(), 65536)
	x.finalTimeout()
	evs := x.stop()
	s := tallyOf(evs, connFD(evs))
	check(t, "reports", s.reports, 64)
	check(t, "full reads", s.full, 64)
	check(t, "renotify", s.renotify, 63)
	check(t, "of them left-over", s.leftover, 63)
	check(t, "EAGAIN", s.again, 0)
	check(t, "left", int(s.left), 0)
}

func TestT02EdgeBigMessage(t *testing.T) {
	x := startLab(t, bigMessage(trace.TriggerEdge))
	x.send(x.client(), 65536)
	x.finalTimeout()
	evs := x.stop()
	s := tallyOf(evs, connFD(evs))
	check(t, "reports", s.reports, 1)
	check(t, "full reads", s.full, 1)
	check(t, "renotify", s.renotify, 0)
	check(t, "left", int(s.left), 64512)
}

// twoSends is the traffic of T03 and T04: 4096 bytes, and 4096 more when the first are as far read as they will be.
func twoSends(t *testing.T, trigger uint32) tally {
	x := startLab(t, func(b *Behaviour) {
		b.Trigger, b.ReadSize, b.Hold, b.Timeout = trigger, 1024, 4096, 100*time.Millisecond
	})
	c := x.client()
	x.send(c, 4096)
	x.finalTimeout()
	x.mu.Lock()
	before := tallyOf(x.evs, connFD(x.evs)).reports
	x.mu.Unlock()
	x.send(c, 4096)
	x.until("a report of the second message", func(evs []trace.Event) bool { return tallyOf(evs, connFD(evs)).reports > before })
	x.finalTimeout()
	evs := x.stop()
	return tallyOf(evs, connFD(evs))
}

func TestT03EdgeTwoMessages(t *testing.T) {
	s := twoSends(t, trace.TriggerEdge)
	check(t, "reports", s.reports, 2)
	check(t, "renotify", s.renotify, 0)
	check(t, "bytes read", int(s.bytes), 2048)
	check(t, "left", int(s.left), 6144)
}

func TestT04LevelTwoMessages(t *testing.T) {
	s := twoSends(t, trace.TriggerLevel)
	check(t, "reports", s.reports, 8)
	check(t, "full reads", s.full, 8)
	check(t, "renotify", s.renotify, 6)
	check(t, "left", int(s.left), 0)
}

// spin runs exactly 1000 waits on a connection that is registered, with n bytes waiting, right before them.
func spin(t *testing.T, trigger uint32, n int, timeout string, set func(*Behaviour)) tally {
	x := startLab(t, func(b *Behaviour) {
		b.Trigger, b.Hold, b.Reads = trigger, 1<<20, Count{}
		if set != nil {
			set(b)
		}
	})
	c := x.client()
	if n > 0 {
		x.send(c, n)
	}
	x.until("the connection and its bytes", func(evs []trace.Event) bool {
		fd := connFD(evs)
		for i := range evs {
			if e := &evs[i]; fd >= 0 && (n == 0 || e.Kind == trace.Arrive && e.FD == fd && e.B == int64(n)+1) {
				return true
			}
		}
		return false
	})
	x.idle()
	x.set("timeout", timeout, "waits", "1000", "hold", "0")
	select {
	case <-x.l.Done():
	case <-time.After(patience):
		t.Fatal("the loop did not end after 1000 waits")
	}
	evs := x.stop()
	fd := connFD(evs)
	// Only what follows the registration counts.
	from := 0
	for i := range evs {
		if evs[i].Kind == trace.Register && evs[i].FD == fd {
			from = i
		}
	}
	return tallyOf(evs[from:], fd)
}

func TestT05LevelUntouched(t *testing.T) {
	s := spin(t, trace.TriggerLevel, 1, "0s", nil)
	check(t, "waits", s.waits, 1000)
	check(t, "reports", s.reports, 1000)
	check(t, "renotify", s.renotify, 999)
	check(t, "of them untouched", s.untouched, 999)
}

func TestT06EdgeUntouched(t *testing.T) {
	s := spin(t, trace.TriggerEdge, 1, "0s", nil)
	check(t, "reports", s.reports, 1)
	check(t, "waits in vain", s.timeouts, 999)
	check(t, "renotify", s.renotify, 0)
}

func TestT07EdgeDrain(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		bigMessage(trace.TriggerEdge)(b)
		b.Reads = Count{Kind: CountDrain}
	})
	c := x.client()
	x.send(c, 65536)
	x.finalTimeout()
	x.send(c, 100)
	x.until("the short read of the second message", func(evs []trace.Event) bool { return tallyOf(evs, connFD(evs)).short == 1 })
	x.finalTimeout()
	evs := x.stop()
	s := tallyOf(evs, connFD(evs))
	check(t, "reports", s.reports, 2)
	check(t, "full reads", s.full, 64)
	check(t, "short reads", s.short, 1)
	check(t, "EAGAIN", s.again, 2)
}

func TestT08EdgeSmallRequests(t *testing.T) {
	testkit.Long(t, "thousands of requests")
	for _, c := range []struct {
		name  string
		reads Count
		again int
	}{{"until EAGAIN", Count{Kind: CountDrain}, 100}, {"stop at a short read", Count{Kind: CountShort}, 0}} {
		t.Run(c.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.Trigger, b.Reads = trace.TriggerEdge, c.reads })
			conn := x.client()
			for i := 1; i <= 100; i++ {
				x.send(conn, 64)
				x.until("the request to be read", func(evs []trace.Event) bool {
					s := tallyOf(evs, connFD(evs))
					return s.short == i && s.again >= i*c.again/100
				})
			}
			evs := x.stop()
			s := tallyOf(evs, connFD(evs))
			check(t, "reports", s.reports, 100)
			check(t, "reads", s.reads, 100+c.again)
			check(t, "EAGAIN", s.again, c.again)
		})
	}
}

func TestT09WriteInterestLevel(t *testing.T) {
	s := spin(t, trace.TriggerLevel, 0, "-1", func(b *Behaviour) { b.WriteOut = WriteAlways })
	check(t, "waits", s.waits, 1000)
	check(t, "reports", s.reports, 1000)
	check(t, "of them EPOLLOUT alone", s.masks[unix.EPOLLOUT], 1000)
}

func TestT10WriteInterestEdge(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Trigger, b.WriteOut, b.Timeout = trace.TriggerEdge, WriteAlways, 20*time.Millisecond
	})
	x.client()
	x.finalTimeout()
	evs := x.stop()
	s := tallyOf(evs, connFD(evs))
	check(t, "reports", s.reports, 1)
	check(t, "of them EPOLLOUT alone", s.masks[unix.EPOLLOUT], 1)
}

func TestT25SleepPoll(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Driver, b.Interval = trace.DriverSleepPoll, 100*time.Millisecond
		b.Accepts, b.Reads = Count{N: 1}, Count{N: 1}
		if testing.Short() {
			b.Interval = 10 * time.Millisecond
		}
	})
	c := x.client()
	gap := 337 * time.Millisecond
	if testing.Short() {
		gap = 33 * time.Millisecond
	}
	for i := 0; i < 10; i++ {
		time.Sleep(gap) // the traffic of the case is spaced by time; the assertions below do not depend on it
		x.send(c, 8)
		x.until("the message to be read", func(evs []trace.Event) bool { return tallyOf(evs, connFD(evs)).short == i+1 })
	}
	evs := x.stop()
	s := tallyOf(evs, connFD(evs))
	check(t, "accepted", s.accepted, 1)
	check(t, "useful reads", s.short, 10)
	check(t, "accept EAGAIN", s.acceptAgain, s.rounds-1)
	if first := firstRound(evs); first >= 0 {
		// From the round that accepted on, every round asks the connection once.
		check(t, "reads", s.reads, s.rounds-first)
	}
	if d := s.rounds - s.sleeps; d < 0 || d > 1 {
		t.Errorf("%d rounds and %d whole sleeps: every round is followed by one sleep, the last by one that was cut short", s.rounds, s.sleeps)
	}
	check(t, "reports in a loop that has none", s.reports, 0)
}

// firstRound is how many rounds had ended when the first connection was accepted.
func firstRound(evs []trace.Event) int {
	n := 0
	for i := range evs {
		if evs[i].Kind == trace.Accept && evs[i].Errno == 0 {
			return n
		}
		if evs[i].Kind == trace.Round {
			n++
		}
	}
	return -1
}

// wakeReports counts reports and reads of the wake-fd after the marked task.
func wakeReports(evs []trace.Event, fd int32) (reports int, values []int64) {
	for i := range evs {
		if e := &evs[i]; e.FD == fd {
			switch e.Kind {
			case trace.Ready:
				reports++
			case trace.Read:
				values = append(values, e.B)
			}
		}
	}
	return
}

func TestT30Eventfd(t *testing.T) {
	t.Run("three posts before one wait", func(t *testing.T) {
		x := startLab(t, nil)
		x.until("the first wait", func(evs []trace.Event) bool { return tallyOf(evs, -2).began > 0 }) // a task that comes earlier needs no report
		held, go_ := make(chan struct{}), make(chan struct{})
		x.l.Post("hold the loop", func(*Loop) { close(held); <-go_ })
		<-held
		ran := make(chan struct{})
		for i := 0; i < 3; i++ {
			if err := x.l.Post("one of three", func(*Loop) { ran <- struct{}{} }); err != nil {
				t.Fatal(err)
			}
		}
		close(go_)
		for i := 0; i < 3; i++ {
			<-ran
		}
		// The loop runs what is queued at the top of its turn, so the report of the three writes comes after.
		x.until("the report of the posts", func(evs []trace.Event) bool { r, _ := wakeReports(evs, int32(x.l.wake.fd)); return r >= 2 })
		x.mu.Lock()
		reports, values := wakeReports(x.evs, int32(x.l.wake.fd))
		x.mu.Unlock()
		check(t, "reports (the first post, then all three at once)", reports, 2)
		check(t, "reads", len(values), 2)
	})
	t.Run("never read", func(t *testing.T) {
		x := startLab(t, func(b *Behaviour) { b.WakeDrain = false })
		x.until("the first wait", func(evs []trace.Event) bool { return tallyOf(evs, -2).began > 0 })
		x.set("timeout", "0s", "waits", "50")
		<-x.l.Done()
		evs := x.stop()
		var fd int32 = -1
		for i := range evs {
			if evs[i].Kind == trace.Open && evs[i].Aux&0xff == trace.TypeEventfd {
				fd = evs[i].FD
			}
		}
		reports, values := wakeReports(evs, fd)
		check(t, "reports (the task's own, then 50 waits)", reports, 51)
		check(t, "reads", len(values), 0)
		check(t, "renotify", tallyOf(evs, fd).renotify, 50)
	})
}

func TestT32AddFromAnotherThread(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Hold, b.Registry, b.Timeout = 5, ViaRegistry, 300*time.Millisecond
	})
	c := x.client()
	x.until("the accept", func(evs []trace.Event) bool { return connFD(evs) >= 0 })
	x.send(c, 5)
	x.finalTimeout()
	evs := x.stop()
	fd := connFD(evs)
	s := tallyOf(evs, fd)
	check(t, "reports", s.reports, 1)
	check(t, "short reads", s.short, 1)
	var loopStream, regStream uint32
	for i := range evs {
		switch e := &evs[i]; {
		case e.Kind == trace.Wait:
			loopStream = e.Stream
		case e.Kind == trace.Register && e.FD == fd:
			regStream = e.Stream
		}
	}
	if regStream == 0 || regStream == loopStream {
		t.Errorf("registered by stream %d, the loop is stream %d: want another thread", regStream, loopStream)
	}
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Wake && e.Stream == loopStream {
			if i > 0 && connFD(evs[:i]) >= 0 && tallyOf(evs[:i], fd).reports == 0 {
				t.Error("the loop was woken by a task: the registration itself was to wake it")
			}
		}
	}
}

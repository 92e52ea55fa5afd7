package loop

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/trace"
)

// TestSwitchOne: one descriptor's trigger is one Modify of that descriptor; the others keep theirs.
func TestSwitchOne(t *testing.T) {
	x := startLab(t, nil)
	for range 3 {
		x.client()
	}
	x.until("three connections", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 3 })
	x.idle()
	fd := connFD(x.now())
	if err := x.l.SwitchOne(fd, 99, trace.TriggerEdge); err == nil {
		t.Error("switched a descriptor in a life that it never had")
	}
	if err := x.l.SwitchOne(fd, 1, trace.TriggerNone); err == nil {
		t.Error("no trigger is no trigger")
	}
	if err := x.l.SwitchOne(fd, 1, trace.TriggerEdge); err != nil {
		t.Fatal(err)
	}
	if got, err := x.l.TriggerOf(fd, 0); got != trace.TriggerEdge || err != nil {
		t.Errorf("trigger %d, %v", got, err)
	}
	if _, err := x.l.TriggerOf(999, 0); err == nil {
		t.Error("fd 999 has a trigger")
	}
	evs := x.stop()
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Modify && (e.FD != fd || e.Mask != unix.EPOLLIN|unix.EPOLLET) {
			t.Errorf("fd %d was modified to %#x", e.FD, e.Mask)
		}
	}
	check(t, "modifies", tallyOf(evs, fd).modifies, 1)
	if _, trigger := x.l.Mode(); trigger != trace.TriggerLevel {
		t.Error("the loop's own trigger changed")
	}
}

// TestStaleReport: a report for a descriptor that an earlier handler of the same batch closed, and whose number has been
// given to a new connection since, is recorded and reaches nobody.
//
// The batch is [a, wake-fd, listener, b]. The handler of a naps; meanwhile a task is posted that closes b. The wake-fd's
// handler runs it, the listener's handler accepts a connection that gets b's number, and then it is b's turn.
func TestStaleReport(t *testing.T) { staleReport(t, true) }

// TestT21MisDispatch: without generations the same report goes to the new connection, whose read finds nothing.
func TestT21MisDispatch(t *testing.T) { staleReport(t, false) }

func staleReport(t *testing.T, generations bool) {
	x := startLab(t, func(b *Behaviour) {
		b.Generations = generations
		b.Work = Work{Kind: WorkRead, For: time.Minute} // until the test writes
	})
	a := x.dial()
	x.until("a", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
	b := x.dial()
	x.until("b", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 2 })
	x.idle()
	var afd, bfd int
	x.l.Do("ask", func(l *Loop) { afd, bfd = l.table.order[0].fd, l.table.order[1].fd })

	held, release := make(chan struct{}), make(chan struct{})
	// By a timer, not by a task: the wake-fd would still be at the head of the kernel's ready list.
	x.l.Do("arm", func(l *Loop) { l.timers.after(10*time.Millisecond, 0, func(*Loop) { close(held); <-release }) })
	<-held
	ready := func(fd int) {
		t.Helper()
		for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			if n, _ := unread(fd); n > 0 {
				return
			}
			if time.Now().After(end) {
				t.Fatal("the bytes do not arrive")
			}
		}
	}
	x.send(a, 1)
	ready(afd)
	x.l.Post("make the wake-fd ready", func(*Loop) {})
	c := x.dial() // established when it returns: the listener is ready
	x.send(b, 1)
	ready(bfd)
	from := len(x.now())
	close(release)
	x.until("a's handler to be held up", func(evs []trace.Event) bool {
		return slices.ContainsFunc(evs[from:], func(e trace.Event) bool { return e.Kind == trace.Read && e.Phase.Base() == trace.PhaseEnter })
	})
	x.l.Post("close b", func(l *Loop) {
		l.b.Work = Work{}
		l.conns.close(l.table.conns[bfd], trace.CloseError)
	})
	if _, err := unix.Write(x.l.work.pipe[1], []byte{1}); err != nil { // the loop's thread is inside the read
		t.Fatal(err)
	}
	if !generations {
		x.until("a read by somebody else's report", func(evs []trace.Event) bool {
			for i := range evs {
				if e := &evs[i]; e.Kind == trace.Read && e.FD == int32(bfd) && e.Gen == 2 {
					return true
				}
			}
			return false
		})
	}
	x.send(c, 1)
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	evs := x.stop()
	closed, stale, reads, misled := false, false, 0, 0
	for i := range evs {
		e := &evs[i]
		switch {
		case e.Kind == trace.Close && e.FD == int32(bfd) && e.Aux == trace.CloseError:
			closed = true
		case e.Kind == trace.Accept && closed && e.Errno == 0:
			if e.A != int64(bfd) {
				t.Skipf("SKIPPED, not tested: the kernel gave number %d, not %d again", e.A, bfd)
			}
		case e.Kind == trace.Ready && i > from:
			if e.FD == int32(bfd) && e.Gen == 1 {
				stale = true
			}
		case e.Kind == trace.Read && e.FD == int32(bfd) && closed:
			if e.Errno == uint16(unix.EAGAIN) && !generations {
				misled++
				continue
			}
			if e.Gen != 2 || e.Errno != 0 {
				t.Errorf("a read of the new connection by somebody else's report: %s", trace.AppendText(nil, e))
			}
			reads++
		}
	}
	if !stale || !closed {
		t.Errorf("the case did not come about: reported %v, closed %v", stale, closed)
	}
	check(t, "reads of the new connection", reads, 1)
	if !generations {
		check(t, "reads by somebody else's report", misled, 1)
	}
}

// TestRegistryIsCounted: a connection that another thread has registered counts as watched, is taken over when the trigger
// is switched before its first report, and is forgotten when it is closed.
func TestRegistryIsCounted(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Hold, b.Registry = 4, ViaRegistry })
	watched := func() (n, held int) {
		x.l.Do("look", func(l *Loop) {
			n = l.drv.(*readiness).p.Watched()
			for _, c := range l.table.order {
				if c.held {
					held++
				}
			}
		})
		return
	}
	var cs []io.Closer
	for i := range 3 {
		c := x.dial()
		cs = append(cs, c)
		if i < 2 {
			x.send(c, 4)
			io.ReadFull(c, make([]byte, 4))
		}
	}
	x.until("the third", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 3 })
	if n, held := watched(); n != 4 || held != 1 {
		t.Errorf("watched %d and held %d: want wake-fd, listener, two connections, and one held", n, held)
	}
	if err := x.l.Switch(trace.DriverEpoll, trace.TriggerEdge); err != nil {
		t.Fatal(err)
	}
	cs[0].Close()
	x.until("a close", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 1 })
	if n, held := watched(); n != 3 || held != 1 {
		t.Errorf("watched %d and held %d after one close", n, held)
	}
	x.set("hold", "0")
	if n, held := watched(); n != 4 || held != 0 {
		t.Errorf("watched %d and held %d after all were let in", n, held)
	}
	cs[1].Close()
	cs[2].Close()
	x.until("all closed", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 3 })
	if n, _ := watched(); n != 2 {
		t.Errorf("watched %d at the end", n)
	}
}

// TestRegistryRace closes and switches while another thread registers; the race detector and the validator judge.
func TestRegistryRace(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Hold, b.Registry = 1, ViaRegistry })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 150 {
			c := x.dial()
			x.send(c, 1)
			if i%3 != 0 {
				io.ReadFull(c, make([]byte, 1))
			}
			c.Close()
		}
	}()
	for i := 0; ; i++ {
		select {
		case <-done:
			x.until("all closed", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 150 })
			x.l.Do("count", func(l *Loop) {
				if n := len(l.registry.waiting); n != 0 {
					t.Errorf("%d connections are still held", n)
				}
			})
			return
		default:
		}
		modes := [][2]uint32{{trace.DriverEpoll, trace.TriggerEdge}, {trace.DriverEpoll, trace.TriggerLevel}, {trace.DriverPoll, 0}, {trace.DriverEpoll, trace.TriggerLevel}}
		if m := modes[i%len(modes)]; x.l.Switch(m[0], m[1]) != nil {
			t.Fatal("switch")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestWaits: the waits knob is exact, at start and later, in every mode.
func TestWaits(t *testing.T) {
	eachFree(t, func(t *testing.T, set func(*Behaviour)) {
		for _, live := range []bool{false, true} {
			t.Run(fmt.Sprint("live=", live), func(t *testing.T) {
				x := startLab(t, func(b *Behaviour) {
					set(b)
					b.Interval = time.Hour
					if !live {
						b.Waits, b.Timeout, b.Interval = 25, 0, time.Millisecond
					}
				})
				if live {
					x.idle()
					x.set("waits", "25", "timeout", "0s", "interval", "1ms")
				}
				select {
				case <-x.l.Done():
				case <-time.After(patience):
					t.Fatal("it goes on")
				}
				evs := x.stop()
				from := 0
				for i := range evs {
					if e := &evs[i]; live && e.Kind == trace.Task {
						from = i
					}
				}
				s := tallyOf(evs[from:], -2)
				check(t, "waits and rounds", s.waits+s.rounds, 25)
			})
		}
	})
}

// TestSettingsReachSockets: settings that the kernel keeps are given to it, and told.
func TestSettingsReachSockets(t *testing.T) {
	x := startLab(t, nil)
	c := x.client()
	x.until("the connection", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
	x.set("sndbuf", "20000", "rcvbuf", "30000", "backlog", "7", "arrival", "stamp")
	x.send(c, 10)
	x.until("the message", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() == 10 })
	var snd int
	x.l.Do("ask", func(l *Loop) { snd, _ = unix.GetsockoptInt(l.lis.fd, unix.SOL_SOCKET, unix.SO_SNDBUF) })
	check(t, "SO_SNDBUF of the listener (the kernel doubles it)", snd, 40000)
	evs := x.stop()
	opts, listens := map[int64]uint32{}, 0
	for i := range evs {
		switch e := &evs[i]; e.Kind {
		case trace.SockOpt:
			opts[e.A<<32|e.B] = e.Aux
		case trace.Listen:
			if listens++; listens == 2 && e.A != 7 {
				t.Errorf("backlog %d", e.A)
			}
		}
	}
	if listens != 2 || opts[unix.SOL_SOCKET<<32|unix.SO_RCVBUF] != 30000 || opts[unix.SOL_SOCKET<<32|unix.SO_TIMESTAMPNS] != 1 {
		t.Errorf("%d listens, options %v", listens, opts)
	}
}

package loop

import (
	"net"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/trace"
)

// waiting counts the threads that are inside a wait which began after a moment.
func waiting(evs []trace.Event, since int64) int {
	in := map[uint32]bool{}
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Wait {
			in[e.Stream] = e.Phase.Base() == trace.PhaseEnter && e.Time >= since
		}
	}
	n := 0
	for _, yes := range in {
		if yes {
			n++
		}
	}
	return n
}

// allWait waits until every one of n threads is inside the kernel's wait, which the kernel says of each.
func (x *lab) allWait(n int, since int64) {
	x.t.Helper()
	x.until("every thread to wait", func(evs []trace.Event) bool { return waiting(evs, since) == n })
	var tids []int
	evs := x.now()
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Thread && e.Mask == trace.RoleLoop {
			tids = append(tids, int(e.B))
		}
	}
	x.until("the kernel to have them all asleep", func([]trace.Event) bool {
		asleep := 0
		for _, tid := range tids {
			if testkit.Sleeping(tid) {
				asleep++
			}
		}
		return asleep >= n
	})
}

// herd is T16: four threads wait on one instance, one byte comes, nobody reads; each thread makes one wait and stops.
func herd(t *testing.T, trigger uint32) (returned int) {
	x := startLab(t, func(b *Behaviour) { b.Trigger, b.Threads, b.Reads, b.Rearm = trigger, 4, Count{}, RearmNever })
	c := x.client()
	x.until("the connection", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
	at := trace.Now()
	x.set("waits", "1")
	x.allWait(4, at)
	x.send(c, 1)
	fd := connFD(x.now())
	threads := func(evs []trace.Event) map[uint32]bool {
		m := map[uint32]bool{}
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Ready && e.FD == fd && e.Time > at {
				m[e.Stream] = true
			}
		}
		return m
	}
	x.until("a report", func(evs []trace.Event) bool { return len(threads(evs)) > 0 })
	if trigger == trace.TriggerLevel {
		x.until("all of them to return", func(evs []trace.Event) bool { return len(threads(evs)) == 4 })
	} else {
		time.Sleep(100 * time.Millisecond) // a second thread that were woken would show now
	}
	evs := x.stop()
	reports := 0
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Ready && e.FD == fd && e.Time > at {
			reports++
		}
	}
	if n := len(threads(evs)); n != reports {
		t.Errorf("%d reports on %d threads, each of which waits once", reports, n)
	}
	return len(threads(evs))
}

func TestT16HerdOnOneInstance(t *testing.T) {
	check(t, "level: threads that return", herd(t, trace.TriggerLevel), 4)
	check(t, "edge: threads that return", herd(t, trace.TriggerEdge), 1)
	check(t, "oneshot: threads that return", herd(t, trace.TriggerOneshot), 1)
}

// TestT17HerdOnOneListener: four instances watch one listener, one client connects, and each handler pauses before it
// accepts, so that the race cannot hide the herd.
func TestT17HerdOnOneListener(t *testing.T) {
	testkit.Long(t, "load")
	for _, c := range []struct {
		name                     string
		trigger                  uint32
		listeners                Listeners
		reports, accepted, again int
	}{
		{"level", trace.TriggerLevel, ListenersShared, 4, 1, 3},
		{"edge", trace.TriggerEdge, ListenersShared, 4, 1, 3},
		{"exclusive", trace.TriggerLevel, ListenersExclusive, 1, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) {
				b.Trigger, b.Threads, b.Listeners = c.trigger, 4, c.listeners
				b.Accepts, b.acceptsSet = Count{Kind: CountCalls, N: 1}, true
				b.AcceptWork = Work{Kind: WorkSleep, For: 250 * time.Millisecond}
			})
			x.allWait(4, 0)
			x.client()
			count := func(evs []trace.Event) (reports, calls int) {
				for i := range evs {
					if e := &evs[i]; e.Kind == trace.Ready && e.FD == listenerFD(evs) {
						reports++
					} else if e.Kind == trace.Accept {
						calls++
					}
				}
				return
			}
			x.until("every accept that follows a report", func(evs []trace.Event) bool {
				reports, calls := count(evs)
				return calls >= c.accepted+c.again && calls == reports
			})
			evs := x.stop()
			reports, _ := count(evs)
			s := tallyOf(evs, connFD(evs))
			check(t, "reports", reports, c.reports)
			check(t, "accepted", s.accepted, c.accepted)
			check(t, "EAGAIN", s.acceptAgain, c.again)
		})
	}
}

func listenerFD(evs []trace.Event) int32 {
	for i := range evs {
		if evs[i].Kind == trace.Listen {
			return evs[i].FD
		}
	}
	return -1
}

// TestOverlap is K29: two edges 10 ms apart, a handler that takes 30 ms. Without oneshot a second thread is inside the
// handler of the same connection; with it, armed again after the work, never.
func TestOverlap(t *testing.T) {
	run := func(trigger uint32) (calls, most int) {
		x := startLab(t, func(b *Behaviour) {
			b.Trigger, b.Threads, b.Reads = trigger, 2, Count{Kind: CountCalls, N: 1}
			b.Work = Work{Kind: WorkSleep, For: 300 * time.Millisecond}
		})
		c := x.client()
		x.until("the connection", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
		x.allWait(2, 0)
		began := func(evs []trace.Event) (calls, most int) {
			in := 0
			for i := range evs {
				if e := &evs[i]; e.Kind == trace.Call && e.FD == connFD(evs) {
					if e.Phase.Base() == trace.PhaseEnter {
						calls++
						in++
						most = max(most, in)
					} else {
						in--
					}
				}
			}
			return
		}
		x.send(c, 5)
		x.until("the first handler", func(evs []trace.Event) bool { n, _ := began(evs); return n == 1 })
		x.send(c, 5)
		x.until("both messages read", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() == 10 })
		evs := x.stop()
		return began(evs)
	}
	calls, most := run(trace.TriggerEdge)
	check(t, "edge: handlers", calls, 2)
	check(t, "edge: at once", most, 2)
	calls, most = run(trace.TriggerOneshot)
	check(t, "oneshot: handlers", calls, 2)
	check(t, "oneshot: at once", most, 1)
}

// TestThreadsLive: the number of threads and what they wait on change while clients talk; no byte is lost.
func TestThreadsLive(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Reads = Count{Kind: CountDrain} })
	stop := x.talk(6)
	for range 3 {
		for _, s := range [][]string{
			{"threads", "3"}, {"listeners", "shared"}, {"listeners", "exclusive"}, {"threads", "2"}, {"listeners", "one"}, {"threads", "1"},
		} {
			at := x.l.Stats().BytesIn.Load()
			x.set(s...)
			x.until("bytes to move", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() > at+1000 })
		}
		x.set("threads", "4")
		for _, trigger := range []uint32{trace.TriggerEdge, trace.TriggerOneshot, trace.TriggerLevel} {
			if err := x.l.Switch(trace.DriverEpoll, trigger); err != nil {
				t.Fatal(err)
			}
			at := x.l.Stats().BytesIn.Load()
			x.until("bytes to move", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() > at+1000 })
		}
		if err := x.l.Switch(trace.DriverPoll, 0); err == nil {
			t.Error("poll ran on four threads")
		}
	}
	n := stop()
	x.stop()
	if st := x.l.Stats(); st.BytesIn.Load() != n || st.BytesOut.Load() != n || st.Accepted.Load() != 6 {
		t.Errorf("clients moved %d bytes, server %d in and %d out over %d connections", n, st.BytesIn.Load(), st.BytesOut.Load(), st.Accepted.Load())
	}
}

// TestSplit: with the work split the acceptor waits for the lock while the reader is in a round, and that is recorded.
func TestSplit(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Driver, b.Split, b.Interval = trace.DriverSleepPoll, true, time.Millisecond
		b.Work = Work{Kind: WorkSleep, For: 20 * time.Millisecond}
	})
	stop := x.talk(2)
	x.until("a lock that was waited for", func(evs []trace.Event) bool {
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Lock && e.Phase.Base() == trace.PhaseExit && e.Dur > int64(time.Millisecond) {
				return true
			}
		}
		return false
	})
	n := stop()
	evs := x.stop()
	if st := x.l.Stats(); st.BytesIn.Load() != n || st.BytesOut.Load() != n {
		t.Errorf("clients moved %d bytes, server %d in and %d out", n, st.BytesIn.Load(), st.BytesOut.Load())
	}
	streams := map[uint32]bool{}
	for i := range evs {
		if evs[i].Kind == trace.Accept {
			streams[evs[i].Stream] = true
		}
		if evs[i].Kind == trace.Read && streams[evs[i].Stream] {
			t.Fatal("the acceptor reads, or the reader accepts")
		}
	}
}

// TestReuseport: the kernel deals connections out among the listeners of four threads; each stays with its thread.
func TestReuseport(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Threads, b.Listeners = 4, ListenersReuseport })
	var cs []net.Conn
	for range 40 {
		c := x.dial()
		x.send(c, 8)
		cs = append(cs, c)
	}
	x.until("all echoed", func([]trace.Event) bool { return x.l.Stats().BytesOut.Load() == 40*8 })
	evs := x.stop()
	by, of := map[uint32]int{}, map[int64]uint32{}
	for i := range evs {
		switch e := &evs[i]; {
		case e.Kind == trace.Accept && e.Errno == 0:
			by[e.Stream]++
			of[e.A] = e.Stream
		case e.Kind == trace.Read && of[int64(e.FD)] != 0 && of[int64(e.FD)] != e.Stream:
			t.Errorf("fd %d was accepted by one thread and read by another", e.FD)
		}
	}
	if len(by) < 2 {
		t.Errorf("one thread got all 40 connections: %v", by)
	}
	for _, c := range cs {
		c.Close()
	}
}

// talk lets n clients send and receive until the result is called, which returns how many bytes they moved one way.
func (x *lab) talk(n int) (stop func() int64) {
	x.t.Helper()
	quit := make(chan struct{})
	moved := make(chan int64, n)
	for range n {
		c := x.dial()
		go func() {
			var sum int64
			buf := make([]byte, 333)
			for {
				select {
				case <-quit:
					moved <- sum
					return
				default:
				}
				k, err := c.Write(buf)
				if err == nil {
					for got := 0; got < k && err == nil; {
						var m int
						m, err = c.Read(buf[got:])
						got += m
					}
				}
				if err != nil {
					x.t.Errorf("a client: %v", err)
					moved <- sum
					return
				}
				sum += int64(k)
			}
		}()
	}
	x.until("all to be accepted", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() >= int64(n) })
	return func() (sum int64) {
		close(quit)
		for range n {
			sum += <-moved
		}
		return sum
	}
}

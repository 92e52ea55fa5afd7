package loop

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/trace"
)

// ready waits until a held connection's bytes, or its end, have arrived.
func (x *lab) arrived(what string, ok func(e *trace.Event) bool) {
	x.t.Helper()
	x.until(what, func(evs []trace.Event) bool {
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Arrive && e.FD == connFD(evs) && connFD(evs) >= 0 && ok(e) {
				return true
			}
		}
		return false
	})
}

// ended waits until the loop has stopped by itself.
func (x *lab) ended() []trace.Event {
	x.t.Helper()
	select {
	case <-x.l.Done():
	case <-time.After(patience):
		x.t.Fatal("the loop did not end after its waits")
	}
	return x.stop()
}

// afterRegister is what followed the registration of a descriptor.
func afterRegister(evs []trace.Event, fd int32) []trace.Event {
	for i := len(evs) - 1; i >= 0; i-- {
		if evs[i].Kind == trace.Register && evs[i].FD == fd {
			return evs[i:]
		}
	}
	return nil
}

// halfClosed runs 200 waits on a connection whose peer has shut its side, which the loop does not act upon.
func halfClosed(t *testing.T, set func(*Behaviour)) tally {
	x := startLab(t, func(b *Behaviour) { b.Hold, b.OnEOF = 1<<20, EOFIgnore; set(b) })
	c := x.dial()
	x.until("the accept", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
	x.idle()
	x.set("waits", "200")
	c.CloseWrite() // which lets it in
	evs := x.ended()
	fd := connFD(evs)
	return tallyOf(afterRegister(evs, fd), fd)
}

func TestT11HangUpSpin(t *testing.T) {
	s := halfClosed(t, func(b *Behaviour) { b.RDHUP, b.Reads = true, Count{} })
	if s.reports < 198 || s.reports != s.masks[unix.EPOLLIN|unix.EPOLLRDHUP] { // the task that let it in took a wait or two
		t.Errorf("%d reports, by mask %v", s.reports, s.masks)
	}
	check(t, "waits in vain", s.timeouts, 0)
}

func TestT12EndOfFileSpin(t *testing.T) {
	s := halfClosed(t, func(*Behaviour) {})
	if s.reports < 198 {
		t.Errorf("%d reports of 200 waits", s.reports)
	}
	check(t, "reads of the end of file", s.eof, s.reports)
}

// outOfDescriptors queues n clients while the process may open none more, then runs waits on the listener.
func outOfDescriptors(t *testing.T, trigger uint32, n int, waits string) (x *lab, tell func(evs []trace.Event) (reports, failed int)) {
	x = startLab(t, func(b *Behaviour) {
		b.Driver, b.Interval, b.Accepts, b.acceptsSet, b.OnEMFILE = trace.DriverSleepPoll, time.Hour, Count{Kind: CountCalls}, true, EMFILEIgnore
		b.Timeout = 20 * time.Millisecond
	})
	for range n {
		x.dial()
	}
	x.until("the queue", func(evs []trace.Event) bool {
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Queue && e.A == int64(n) {
				return true
			}
		}
		return false
	})
	// The instance needs a descriptor, so the switch comes first, with nothing to accept for.
	x.l.Do("go", func(l *Loop) {
		if err := l.switchTo(trace.DriverEpoll, trigger); err != nil {
			t.Error(err)
		}
		l.b.Accepts = Count{Kind: CountCalls, N: 1}
		if err := l.fdLimit.limit(0, l.guard); err != nil {
			t.Error(err)
		}
	})
	if waits != "" {
		x.set("waits", waits)
	}
	return x, func(evs []trace.Event) (reports, failed int) {
		for i := range evs {
			switch e := &evs[i]; {
			case e.Kind == trace.Ready && e.FD == listenerFD(evs):
				reports++
			case e.Kind == trace.Accept && e.Errno == uint16(unix.EMFILE):
				failed++
			}
		}
		return
	}
}

func TestT13DescriptorsSpin(t *testing.T) {
	x, tell := outOfDescriptors(t, trace.TriggerLevel, 1, "200")
	reports, failed := tell(x.ended())
	if reports < 200 || failed != reports {
		t.Errorf("%d reports, %d accepts that failed with EMFILE, of 200 waits", reports, failed)
	}
	check(t, "accepted", int(x.l.Stats().Accepted.Load()), 0)
}

func TestT14DeafListener(t *testing.T) {
	x, tell := outOfDescriptors(t, trace.TriggerEdge, 2, "")
	x.until("a failed accept and a wait in vain after it", func(evs []trace.Event) bool {
		_, failed := tell(evs)
		return failed == 1 && tallyOf(evs, -1).timeouts >= 2
	})
	x.l.Do("look", func(l *Loop) {
		info, err := unix.GetsockoptTCPInfo(l.lis.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil || info.Unacked != 2 {
			t.Errorf("%d connections in the queue, %v; want 2", info.Unacked, err)
		}
		l.fdLimit.limit(-1, l.guard)
	})
	reports, failed := tell(x.stop())
	check(t, "reports", reports, 1)
	check(t, "EMFILE", failed, 1)
}

func TestT15OneAcceptPerWakeup(t *testing.T) {
	for _, c := range []struct {
		name                                    string
		trigger                                 uint32
		accepts                                 string
		reports, accepted, calls, again, behind int
	}{
		{"level, one a report", trace.TriggerLevel, "1", 10, 10, 10, 0, 0},
		{"level, until EAGAIN", trace.TriggerLevel, "drain", 1, 10, 11, 1, 0},
		{"edge, one a report", trace.TriggerEdge, "1", 1, 1, 1, 0, 9},
		{"edge, until EAGAIN", trace.TriggerEdge, "drain", 1, 10, 11, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) {
				b.Driver, b.Interval, b.Accepts, b.acceptsSet, b.Timeout = trace.DriverSleepPoll, time.Hour, Count{Kind: CountCalls}, true, 100*time.Millisecond
			})
			for range 10 {
				x.dial()
			}
			x.until("ten in the queue", func(evs []trace.Event) bool {
				for i := range evs {
					if e := &evs[i]; e.Kind == trace.Queue && e.A == 10 {
						return true
					}
				}
				return false
			})
			x.l.Do("go", func(l *Loop) {
				k, _ := FindKnob("accepts")
				k.Set(&l.b, c.accepts)
				if err := l.switchTo(trace.DriverEpoll, c.trigger); err != nil {
					t.Error(err)
				}
			})
			x.until("a wait in vain", func(evs []trace.Event) bool { return tallyOf(evs, -1).timeouts > 0 })
			evs := x.stop()
			s := tallyOf(evs, listenerFD(evs))
			check(t, "reports", s.reports, c.reports)
			check(t, "accepted", s.accepted, c.accepted)
			check(t, "EAGAIN", s.acceptAgain, c.again)
			check(t, "accept calls", s.accepted+s.acceptAgain, c.calls)
			check(t, "left in the queue", 10-s.accepted, c.behind)
		})
	}
}

func TestT18OneshotForgotten(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Trigger, b.Rearm, b.ReadSize, b.Hold, b.Timeout = trace.TriggerOneshot, RearmNever, 2, 4, 100*time.Millisecond
	})
	c := x.client()
	x.send(c, 4)
	x.until("the read", func(evs []trace.Event) bool { return tallyOf(evs, connFD(evs)).reads == 1 })
	x.send(c, 4)
	x.send(c, 4)
	c.(*net.TCPConn).CloseWrite()
	x.arrived("the end of file", func(e *trace.Event) bool { return e.Mask&unix.EPOLLRDHUP != 0 })
	x.idle()
	fd := connFD(x.now())
	before := tallyOf(x.now(), fd)
	check(t, "reports while disarmed", before.reports, 1)
	check(t, "bytes left", int(mustUnread(t, int(fd))), 10)
	if err := x.l.SwitchOne(fd, 0, trace.TriggerOneshot); err != nil { // a MOD with the same bits
		t.Fatal(err)
	}
	x.until("a report after the MOD", func(evs []trace.Event) bool { return tallyOf(evs, fd).reports == 2 })
	evs := x.stop()
	check(t, "reports", tallyOf(evs, fd).reports, 2)
}

func mustUnread(t *testing.T, fd int) int64 {
	t.Helper()
	n, ok := unread(fd)
	if !ok {
		t.Fatal("the kernel does not say what is unread")
	}
	return n
}

// caughtUp waits until everything that a thread has recorded has been read, however far it was ahead. It is called on that thread.
func caughtUp(l *Loop) {
	l.tr.Publish(l.tr.Now())
	for l.tr.Len() > 0 {
		time.Sleep(time.Millisecond)
	}
}

func TestT19StaleThroughDup(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Dup, b.IdleTimeout = true, 30*time.Millisecond })
	c := x.dial()
	x.until("the close", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 1 })
	x.set("waits", "100")
	if _, err := c.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	<-x.l.Done() // which, before it ends, tries to take the registration out, then closes the duplicate
	evs := x.stop()
	var errs []string
	stale, closed := 0, false
	waits := 0 // from the one on that reported it first: another may have been woken for the setting
	for i := range evs {
		switch e := &evs[i]; {
		case e.Kind == trace.Wait && e.Phase.Base() != trace.PhaseEnter && stale > 0:
			waits++
		case e.Kind == trace.Close && e.FD == connFD(evs):
			closed = true
		case e.Kind == trace.Ready && e.FD == connFD(evs) && closed:
			if stale == 0 {
				waits = 1
			}
			if stale++; int32(uint32(e.A)) != connFD(evs) {
				t.Errorf("a stale report carries data %#x", e.A)
			}
		case e.Kind == trace.Deregister && e.Errno != 0:
			errs = append(errs, trace.ErrnoName(e.Errno))
		}
	}
	check(t, "reports of a descriptor that is closed, in so many waits", stale, waits)
	if waits < 50 {
		t.Errorf("%d of 100 waits", waits)
	}
	if !slices.Equal(errs, []string{"EBADF", "ENOENT"}) {
		t.Errorf("DEL of the old number and of the duplicate ended with %v", errs)
	}
}

func TestT22FullBatches(t *testing.T) {
	testkit.Long(t, "a long story")
	run := func(reads Count, waits int) (batches [][]int32, evs []trace.Event) {
		x := startLab(t, func(b *Behaviour) { b.Hold, b.MaxEvents, b.Reads = 1<<20, 4, reads })
		for i := range 10 {
			x.send(x.client(), 1)
			x.until("the connection", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == int64(i+1) })
		}
		x.idle()
		x.until("ten bytes", func(evs []trace.Event) bool {
			n := 0
			for i := range evs {
				if e := &evs[i]; e.Kind == trace.Arrive && e.B == 2 {
					n++
				}
			}
			return n == 10
		})
		x.l.Do("let them in", func(l *Loop) {
			l.waits, l.b.Timeout, l.b.WakeDrain = waits+1, 0, true
			l.b.Hold = 0
			l.drv.(registering).release(l)
		})
		evs = x.ended()
		conns := map[int32]bool{}
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Accept && e.Errno == 0 {
				conns[int32(e.A)] = true
			}
		}
		first := false
		for i := range evs {
			switch e := &evs[i]; {
			case e.Kind == trace.Register && conns[e.FD]:
				first, batches = true, nil
			case first && e.Kind == trace.Wait && e.Phase.Base() != trace.PhaseEnter:
				batches = append(batches, nil)
			case first && e.Kind == trace.Ready && conns[e.FD]:
				k := len(batches) - 1
				batches[k] = append(batches[k], e.FD)
			}
		}
		return batches, evs
	}
	sizes := func(b [][]int32) (n []int) {
		for _, x := range b {
			n = append(n, len(x))
		}
		return
	}
	b, _ := run(Count{N: 1}, 4)
	if got := sizes(b); len(got) < 4 || !slices.Equal(got[:4], []int{4, 4, 2, 0}) {
		t.Errorf("drained: batches of %v", got)
	}
	b, _ = run(Count{}, 6)
	if len(b) < 6 {
		t.Fatalf("%d batches", len(b))
	}
	order := append(append(slices.Clone(b[0]), b[1]...), b[2]...)[:10]
	for i, batch := range b[:6] {
		for k, fd := range batch {
			if want := order[(i*4+k)%10]; fd != want || len(batch) != 4 {
				t.Errorf("never drained: batch %d is %v, want the ready list to rotate through %v", i, batch, order)
			}
		}
	}
}

// TestT23Blocked: whatever a handler is held up by, the loop's next wait comes that much later, and the call that did it is in
// the record.
func TestT23Blocked(t *testing.T) {
	testkit.Long(t, "a long story")
	const d = 50 * time.Millisecond
	for _, c := range []struct {
		work string
		seen func(e *trace.Event) bool
		min  time.Duration
	}{
		{"sleep:50ms", func(e *trace.Event) bool { return e.Kind == trace.Sleep }, d},
		{"read:50ms", func(e *trace.Event) bool { return e.Kind == trace.Read && e.A == 1 }, d},
		{"lock:60ms", func(e *trace.Event) bool { return e.Kind == trace.Lock }, d},
		{"fsync:16MiB", func(e *trace.Event) bool { return e.Kind == trace.Sys || e.Kind == trace.Write && e.A == 1<<20 }, 0},
		{"cpu:50ms", nil, d},
	} {
		t.Run(c.work, func(t *testing.T) {
			w, err := ParseWork(c.work)
			if err != nil || w.String() != c.work {
				t.Fatal(w, err)
			}
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			x := startLab(t, func(b *Behaviour) { b.Work = w })
			a := x.client()
			x.send(a, 1)
			x.until("the handler", func(evs []trace.Event) bool {
				for i := range evs {
					if e := &evs[i]; e.Kind == trace.Call && e.Aux == trace.HandlerConn && e.Phase.Base() == trace.PhaseExit {
						return true
					}
				}
				return false
			})
			x.idle()
			evs := x.stop()
			var gap, named int64
			calls := 0
			for i := range evs {
				e := &evs[i]
				if e.Kind == trace.Call && e.Aux == trace.HandlerConn && e.Phase.Base() == trace.PhaseExit {
					gap = max(gap, e.Dur)
				}
				if c.seen != nil && c.seen(e) && e.Phase.Base() != trace.PhaseEnter {
					named += e.Dur
					calls++
				}
			}
			if gap < int64(c.min) {
				t.Errorf("the handler took %v", time.Duration(gap))
			}
			// How much of the time it is depends on who has the CPU: a sleep alone is as long as was asked.
			if c.seen != nil && calls == 0 || strings.HasPrefix(c.work, "sleep") && named < int64(d) {
				t.Errorf("%d calls explain %v of %v", calls, time.Duration(named), time.Duration(gap))
			}
			if want := 17; w.String() == "fsync:16MiB" && calls < want {
				t.Errorf("%d calls, want 16 writes and an fsync", calls)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestFsyncFile: in a directory that others write to, the file of the fsync work cannot be foreseen: a link that somebody has
// put where evviz might write leads it nowhere.
func TestFsyncFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	dear := filepath.Join(t.TempDir(), "dear.txt")
	if err := os.WriteFile(dear, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := ParseWork("fsync:4KiB")
	if err != nil {
		t.Fatal(err)
	}
	x := startLab(t, func(b *Behaviour) { b.Work = w })
	trap := filepath.Join(dir, fmt.Sprintf("evviz-fsync-%d-%d", os.Getpid(), x.l.TID()))
	if err := os.Symlink(dear, trap); err != nil {
		t.Fatal(err)
	}
	x.send(x.client(), 1)
	x.until("fsync", func(evs []trace.Event) bool {
		return slices.ContainsFunc(evs, func(e trace.Event) bool { return e.Kind == trace.Sys && e.Phase.Base() == trace.PhaseExit })
	})
	for _, e := range x.stop() {
		if (e.Kind == trace.Sys || e.Kind == trace.Write) && e.Errno != 0 {
			t.Errorf("%+v", e)
		}
	}
	if b, err := os.ReadFile(dear); err != nil || string(b) != "dear" {
		t.Errorf("the link was followed: %.20q, %v", b, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("in the directory: %v, %v", left, err)
	}
}

// TestT24HeadOfLine: two connections in one batch; the first one's handler takes 50 ms, and the second waits for it.
func TestT24HeadOfLine(t *testing.T) {
	testkit.Long(t, "a long story")
	x := startLab(t, func(b *Behaviour) { b.Hold, b.Work = 1<<20, Work{Kind: WorkSleep, For: 50 * time.Millisecond} })
	a, b := x.client(), x.client()
	x.send(a, 1)
	x.send(b, 1)
	x.until("both bytes", func(evs []trace.Event) bool {
		n := 0
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Arrive && e.B == 2 {
				n++
			}
		}
		return n == 2
	})
	x.idle()
	x.set("hold", "0")
	x.until("both read", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() == 2 })
	evs := x.stop()
	var woken, reads []int64
	for i := range evs {
		switch e := &evs[i]; {
		case e.Kind == trace.Wait && e.Mask == 2:
			woken = append(woken, e.Time)
		case e.Kind == trace.Read && e.B == 1:
			reads = append(reads, e.Time)
		}
	}
	if len(woken) != 1 || len(reads) != 2 {
		t.Fatalf("%d batches of two, %d reads", len(woken), len(reads))
	}
	if d := reads[1] - woken[0]; d < int64(50*time.Millisecond) {
		t.Errorf("the second was served after %v", time.Duration(d))
	}
}

func TestT27ModChurn(t *testing.T) {
	for _, c := range []struct {
		name          string
		write         WriteInterest
		reports, mods int
	}{{"OUT armed to answer", WriteFirst, 200, 200}, {"write first", WriteOnDemand, 100, 0}} {
		t.Run(c.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.WriteOut = c.write })
			conn := x.dial()
			buf := make([]byte, 8)
			for range 100 {
				x.send(conn, 8)
				if _, err := io.ReadFull(conn, buf); err != nil {
					t.Fatal(err)
				}
			}
			x.idle()
			evs := x.stop()
			s := tallyOf(evs, connFD(evs))
			check(t, "reports", s.reports, c.reports)
			check(t, "MODs", s.modifies, c.mods)
		})
	}
}

func TestT28Reset(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.RDHUP, b.OnError = true, ErrorInsist })
	c := x.dial()
	x.until("the accept", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
	x.idle()
	c.SetLinger(0)
	c.Close()
	x.until("the close", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 1 })
	evs := x.stop()
	fd := connFD(evs)
	var masks []uint32
	var results []string
	for i := range evs {
		switch e := &evs[i]; {
		case e.FD != fd:
		case e.Kind == trace.Ready:
			masks = append(masks, e.Mask)
		case e.Kind == trace.Read || e.Kind == trace.Write:
			results = append(results, trace.ErrnoName(e.Errno))
		}
	}
	if !slices.Equal(masks, []uint32{0x2019}) {
		t.Errorf("reported %#x, want once 0x2019", masks)
	}
	if !slices.Equal(results, []string{"ECONNRESET", trace.ErrnoName(0), "EPIPE"}) {
		t.Errorf("read, read, write ended with %q", results)
	}
}

// TestT29LostOutput: 4 MiB are answered to a peer that does not read, the results of the writes are not looked at, and the
// connection is closed: the peer gets what the kernel had taken, the rest is lost, and both ends' counts say how much.
func TestT29LostOutput(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Unsent, b.ReadSize, b.Reads, b.SndBuf = UnsentDrop, 64<<10, Count{Kind: CountDrain}, 64<<10
	})
	c := x.dial()
	c.SetReadBuffer(64 << 10)
	for range 64 {
		x.send(c, 64<<10)
	}
	x.until("all of it read", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() == 4<<20 })
	c.CloseWrite()
	got, err := io.Copy(io.Discard, c)
	if err != nil {
		t.Fatal(err)
	}
	evs := x.stop()
	var accepted, refused int64
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Write && e.FD == connFD(evs) {
			accepted += max(e.B, 0)
			if e.B < e.A {
				refused++
			}
		}
	}
	if refused == 0 || got != accepted || accepted >= 4<<20 {
		t.Errorf("%d writes were short or refused; the kernel took %d of %d bytes, the peer got %d", refused, accepted, 4<<20, got)
	}
}

// TestT35Fairness: one client has sent 64 KiB and another 8 bytes, and both are ready. Drained until EAGAIN the second waits for the
// end of the first; with a budget it has its turn after at most so many reads.
func TestT35Fairness(t *testing.T) {
	testkit.Long(t, "load")
	run := func(budget int) (most int, late int64) {
		x := startLab(t, func(b *Behaviour) {
			b.Trigger, b.Reads, b.ReadSize, b.Budget = trace.TriggerEdge, Count{Kind: CountDrain}, 128, budget
			b.Work, b.WorkPer, b.Hold = Work{Kind: WorkCPU, For: 100 * time.Microsecond}, WorkPerRead, 1<<20
		})
		arrives := func(n int64) {
			x.until("the bytes", func(evs []trace.Event) bool {
				return slices.ContainsFunc(evs, func(e trace.Event) bool { return e.Kind == trace.Arrive && e.B == n+1 })
			})
		}
		a := x.client()
		x.until("the first", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
		b := x.client()
		x.until("the second", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 2 })
		x.send(a, 65536)
		arrives(65536)
		x.send(b, 8)
		arrives(8)
		x.idle()
		ready := trace.Now()
		x.set("hold", "0")
		x.until("all of it", func([]trace.Event) bool { return x.l.Stats().BytesIn.Load() == 65536+8 })
		n := 0
		for _, e := range x.stop() {
			switch {
			case e.Kind == trace.Wait && e.Phase.Base() != trace.PhaseEnter:
				n = 0
			case e.Kind == trace.Read && e.B == 8:
				late = e.Time - ready
			case e.Kind == trace.Read && e.B > 8:
				n++
				most = max(most, n)
			}
		}
		return most, late
	}
	most, late := run(0)
	if most != 512 || late < int64(512*100*time.Microsecond) {
		t.Errorf("until EAGAIN: at most %d reads in a wakeup, the other was %v late", most, time.Duration(late))
	}
	most, late = run(16)
	if most > 32 { // the report's share, and the share of what was unfinished
		t.Errorf("with a budget of 16: %d reads of one connection in a wakeup", most)
	}
	if quiet() && late > int64(5*time.Millisecond) {
		t.Errorf("with a budget of 16 the other was %v late", time.Duration(late))
	}
}

// TestT37Segments: a message larger than a segment, sent while the reader sleeps in its wait, comes in as one edge or several.
func TestT37Segments(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Trigger, b.ReadSize = trace.TriggerEdge, 1024 })
	c := x.client()
	x.until("the accept", func([]trace.Event) bool { return x.l.Stats().Accepted.Load() == 1 })
	x.idle()
	x.send(c, 65536)
	x.until("all of it", func(evs []trace.Event) bool {
		fd := connFD(evs)
		n, _ := unread(int(fd))
		return n+x.l.Stats().BytesIn.Load() == 65536
	})
	x.idle()
	fd := connFD(x.now())
	left := mustUnread(t, int(fd))
	evs := x.stop()
	s := tallyOf(evs, fd)
	if s.reports < 1 || s.reports > 3 || left != int64(65536-1024*s.reports) {
		t.Errorf("%d reports, %d bytes left", s.reports, left)
	}
}

func TestT38EdgeDroppedByMod(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Trigger, b.Reads, b.Hold, b.Timeout = trace.TriggerEdge, Count{}, 4096, 50*time.Millisecond
	})
	x.send(x.client(), 4096)
	x.finalTimeout()
	fd := connFD(x.now())
	check(t, "reports under edge", tallyOf(x.now(), fd).reports, 1)
	at := trace.Now()
	x.l.Do("go", func(l *Loop) {
		l.waits = 20
		if l.wake.inBatch {
			l.waits++
		}
		if err := l.switchOne(int(fd), 0, trace.TriggerLevel); err != nil {
			t.Error(err)
		}
	})
	evs := x.ended()
	n := 0
	for i := range evs {
		if e := &evs[i]; e.Kind == trace.Ready && e.FD == fd && e.Time > at {
			n++
		}
	}
	check(t, "reports after the MOD", n, 20)
}

// TestDeferredRead: the handler puts the connection aside and reads it 100 ms later. Level tells of it over and over
// meanwhile; edge once; and level is quiet too when the interest is taken away, or when the registration is oneshot.
func TestDeferredRead(t *testing.T) {
	testkit.Long(t, "a spin")
	for _, c := range []struct {
		name    string
		trigger uint32
		quiet   string
		spins   bool
	}{
		{"level", trace.TriggerLevel, "none", true},
		{"edge", trace.TriggerEdge, "none", false},
		{"level, no interest meanwhile", trace.TriggerLevel, "mod0", false},
		{"oneshot", trace.TriggerOneshot, "none", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := startLab(t, func(b *Behaviour) { b.Trigger = c.trigger })
			x.set("defer", "100ms", "defer-quiet", c.quiet)
			conn := x.dial()
			for range 2 {
				x.send(conn, 10)
				if _, err := io.ReadFull(conn, make([]byte, 10)); err != nil {
					t.Fatal(err)
				}
			}
			evs := x.stop()
			s := tallyOf(evs, connFD(evs))
			if c.spins && s.reports < 10 {
				t.Errorf("%d reports: it should have been told over and over", s.reports)
			}
			if !c.spins && s.reports > 4 { // a MOD may tell once more
				t.Errorf("%d reports of two messages", s.reports)
			}
			check(t, "reads that brought something", s.short, 2)
			check(t, "bytes read", int(x.l.Stats().BytesIn.Load()), 20)
		})
	}
	t.Run("turns", func(t *testing.T) {
		x := startLab(t, func(b *Behaviour) { b.Timeout = time.Millisecond })
		x.set("defer", "3")
		conn := x.dial()
		x.send(conn, 10)
		if _, err := io.ReadFull(conn, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		evs := x.stop()
		check(t, "reports until it was read", tallyOf(evs, connFD(evs)).reports, 3)
	})
}

// TestMeasuredWrites: how long, how many context switches, and what is still in the socket is said in words.
func TestMeasuredWrites(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.MeasureWrites = true })
	c := x.dial()
	x.send(c, 100)
	io.ReadFull(c, make([]byte, 100))
	evs := x.stop()
	for i := range evs {
		if evs[i].Kind == trace.Bookmark {
			return
		}
	}
	t.Error("nothing was said of the write")
}

// startCat starts a child that inherits a descriptor and does nothing with it until its input ends.
func startCat(_ string, fd int) (ChildProcess, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return ChildProcess{}, err
	}
	defer r.Close()
	pid, err := syscall.ForkExec("/bin/cat", []string{"cat"}, &syscall.ProcAttr{Files: []uintptr{r.Fd(), 2, 2, uintptr(fd)}})
	if err != nil {
		w.Close()
		return ChildProcess{}, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if _, err := syscall.Wait4(pid, nil, 0, nil); err != syscall.EINTR {
				return
			}
		}
	}()
	return ChildProcess{PID: pid, Ended: ended, End: func() {
		w.Close()
		<-ended
	}}, nil
}

// TestT20StaleThroughFork: a child holds the connection that its parent closes: the registration lives on and reports, the
// peer sees no close, and the parent cannot take it out; when the child ends all of it is over.
func TestT20StaleThroughFork(t *testing.T) {
	x := startLab(t, func(b *Behaviour) {
		b.Child, b.IdleTimeout, b.Timeout = ChildHolds, 30*time.Millisecond, time.Millisecond
	})
	c := x.dial()
	x.until("the close", func([]trace.Event) bool { return x.l.Stats().Closed.Load() == 1 })
	closed := trace.Now()
	if _, err := c.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	stale := func(evs []trace.Event, since int64) (n int) {
		for i := range evs {
			if e := &evs[i]; e.Kind == trace.Ready && e.FD == connFD(evs) && e.Time > since {
				n++
			}
		}
		return
	}
	x.until("reports of a descriptor that is closed", func(evs []trace.Event) bool { return stale(evs, closed) >= 50 })
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); !os.IsTimeout(err) {
		t.Errorf("the peer sees %v while the child lives", err)
	}
	x.l.Do("mend", func(l *Loop) {
		caughtUp(l)
		l.b.Child = ChildNone
		l.children.end(l.drv)
	})
	c.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("the peer sees %v after the child's end", err)
	}
	ended := trace.Now()
	x.until("waits in vain", func(evs []trace.Event) bool { return tallyOf(evs[len(evs)/2:], -1).timeouts > 5 })
	evs := x.stop()
	if more := stale(evs, ended); more > 0 {
		t.Errorf("%d reports after the child's end", more)
	}
	var forked, exited int64
	refused := ""
	for i := range evs {
		switch e := &evs[i]; e.Kind {
		case trace.Fork:
			forked = e.A
		case trace.Exit:
			exited = e.A
		case trace.Deregister:
			refused = trace.ErrnoName(e.Errno)
		}
	}
	if forked == 0 || forked != exited || refused != "EBADF" {
		t.Errorf("forked %d, exited %d, DEL ended with %q", forked, exited, refused)
	}
}

// TestChildEnds: a child that is killed is missed at once: its end is recorded and said.
func TestChildEnds(t *testing.T) {
	x := startLab(t, func(b *Behaviour) { b.Child = ChildOwn })
	find := func(kind trace.Kind) func([]trace.Event) bool {
		return func(evs []trace.Event) bool {
			for i := range evs {
				if evs[i].Kind == kind {
					return true
				}
			}
			return false
		}
	}
	x.until("the child", func(evs []trace.Event) bool { x.l.Do("", func(*Loop) {}); return find(trace.Fork)(evs) })
	pid := 0
	evs := x.now()
	for i := range evs {
		if evs[i].Kind == trace.Fork {
			pid = int(evs[i].A)
		}
	}
	syscall.Kill(pid, syscall.SIGKILL)
	x.until("its end", find(trace.Exit))
	x.until("the words", find(trace.Bookmark))
}

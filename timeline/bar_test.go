package timeline

import (
	"testing"

	"evviz/trace"
)

// TestBar: when a bar opens and closes.
func TestBar(t *testing.T) {
	report := func(s *script, at int64, unread int64) {
		s.enter(at - 5)
		s.exit(at, 1)
		s.ready(at, 7, in, unread)
	}
	for _, c := range []struct {
		name    string
		do      func(s *script)
		since   int64 // µs; 0: closed
		waited  int64 // µs in finished bars
		unread  int64
		latency int64 // µs, from the arrival to the read that got the last of it; -1: none, or not known
		open    int64 // arrivals that are unread, or never were read
	}{
		{"an arrival opens it", func(s *script) { s.arrive(100, 7, 0, 10) }, 100, 0, 10, -1, 1},
		{"an arrival of which nobody knows the size opens it", func(s *script) { s.arrive(100, 7, 0, -1) }, 100, 0, -1, -1, 1},
		{"the loop was faster than the observer", func(s *script) { s.arrive(100, 7, 0, 0) }, 0, 0, -1, -1, 0},
		{"a report opens it when nobody saw an arrival", func(s *script) { report(s, 100, -1) }, 100, 0, -1, -1, 0},
		{"a report of the write side does not", func(s *script) { s.enter(99); s.exit(100, 1); s.ready(100, 7, out, -1) }, 0, 0, -1, -1, 0},
		{"a short read closes it", func(s *script) { s.arrive(100, 7, 0, 10); s.read(150, 7, 4096, 10, -1) }, 0, 50, 0, 50, 0},
		{"EAGAIN closes it", func(s *script) { s.arrive(100, 7, 0, 10); s.readErr(150, 7, eAGAIN) }, 0, 50, 0, -1, 0},
		{"end of file closes it", func(s *script) { s.arrive(100, 7, 0, -1); s.read(150, 7, 4096, 0, -1) }, 0, 50, 0, -1, 0},
		{"nothing is left behind the end of file, however late somebody saw it", func(s *script) {
			s.arrive(100, 7, 0, 10)
			s.read(150, 7, 4096, 10, -1)
			s.read(160, 7, 4096, 0, -1)
			s.arrive(170, 7, 0, -1)
		}, 170, 50, 0, 50, 0},
		{"an error closes it", func(s *script) { s.arrive(100, 7, 0, -1); s.readErr(150, 7, eCONNRESET) }, 0, 50, 0, -1, 1},
		{"a full read that left nothing closes it", func(s *script) { s.arrive(100, 7, 0, -1); s.read(150, 7, 10, 10, 0) }, 0, 50, 0, 50, 0},
		{"a full read with unknown rest keeps it open", func(s *script) { s.arrive(100, 7, 0, -1); s.read(150, 7, 10, 10, -1) }, 100, 0, -1, -1, 0},
		{"a full read with a known rest keeps it open", func(s *script) { s.arrive(100, 7, 0, -1); s.read(150, 7, 10, 10, 5) }, 100, 0, 5, -1, 0},
		{"the ledger knows the rest", func(s *script) { s.arrive(100, 7, 0, 30); s.read(150, 7, 10, 10, -1) }, 100, 0, 20, -1, 1},
		{"another arrival does not restart it", func(s *script) { s.arrive(100, 7, 0, 10); s.arrive(120, 7, 0, 20) }, 100, 0, 20, -1, 2},
		{"a read that was interrupted says nothing", func(s *script) { s.arrive(100, 7, 0, 10); s.readErr(150, 7, eINTR) }, 100, 0, 10, -1, 1},
		{"a peek takes nothing", func(s *script) {
			s.arrive(100, 7, 0, 10)
			s.read(150, 7, 4096, 10, -1)
			s.evs[len(s.evs)-1].Mask = msgPeek
		}, 100, 0, 10, -1, 1},
		{"close ends it", func(s *script) { s.arrive(100, 7, 0, 10); s.close(150, 7) }, 0, 50, 10, -1, 1},
		{"a short read after which more came opens another", func(s *script) { s.arrive(100, 7, 0, 10); s.read(150, 7, 4096, 10, 3) }, 150, 50, 3, 50, 0},
		{"a stamp known after the read only still draws it", func(s *script) {
			s.read(150, 7, 4096, 10, -1)
			s.ev(151, trace.Event{Kind: trace.Arrive, FD: 7, Mask: in, Aux: trace.ArriveStamp, Dur: 51 * us})
		}, 0, 50, 0, 50, 0},
		{"a stamp beside the observer makes it exact", func(s *script) {
			s.arrive(100, 7, 0, 10)
			s.ev(150, trace.Event{Kind: trace.Arrive, FD: 7, Mask: in, Aux: trace.ArriveStamp, Dur: 60 * us})
			s.read(150, 7, 4096, 10, -1)
		}, 0, 60, 0, 60, 0},
		{"the same stamp with each read counts once", func(s *script) {
			for i := int64(0); i < 3; i++ {
				s.ev(150+i*10, trace.Event{Kind: trace.Arrive, FD: 7, Mask: in, Aux: trace.ArriveStamp, Dur: (50 + i*10) * us})
				s.read(150+i*10, 7, 10, 10, 20-i*10)
			}
		}, 0, 70, 0, 70, 0},
		{"level: going to wait pauses what may be left", func(s *script) {
			s.arrive(100, 7, 0, -1)
			report(s, 110, -1)
			s.read(120, 7, 10, 10, -1)
			s.enter(130)
		}, 0, 30, -1, -1, 0},
		{"level: told at once, it goes on with its old age", func(s *script) {
			s.arrive(100, 7, 0, -1)
			report(s, 110, -1)
			s.read(120, 7, 10, 10, -1)
			report(s, 135, -1)
		}, 100, 30, -1, -1, 0},
		{"a gap ends it", func(s *script) {
			s.arrive(100, 7, 0, 10)
			s.ev(150, trace.Event{Kind: trace.Lost, A: 3, Aux: trace.LostRing})
		}, 0, 50, 10, -1, 0},
		{"after a gap nothing is known", func(s *script) {
			s.arrive(100, 7, 0, 10)
			s.ev(150, trace.Event{Kind: trace.Lost, A: 3, Aux: trace.LostRing})
			s.write(160, 7, 5, 5)
		}, 0, 50, -1, -1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := new(script).epoll()
			s.conn(10, 7, in|rdhup)
			c.do(s)
			sn := s.fold()
			l := lane(t, sn, 7)
			eq(t, "since", l.PendingSince, c.since*us)
			eq(t, "pending", l.Pending, c.since != 0)
			eq(t, "waited", l.Stats.Waited, c.waited*us)
			eq(t, "unread", l.Unread, c.unread)
			want := c.latency * us
			if c.latency < 0 {
				want = -1
			}
			eq(t, "latency", l.Stats.LastLatency, want)
			x := &sn.Stats.Latency
			eq(t, "samples", x.Count-x.Unfinished, map[bool]int64{true: 1}[want >= 0])
			eq(t, "unfinished", x.Unfinished, c.open)
			d := sn.Delays(MeasureServed)
			eq(t, "samples of the measure", [2]int64{d.Count, d.Unfinished}, [2]int64{x.Count, x.Unfinished})
		})
	}
}

// TestMessagesNeverProveEmpty: for datagrams only EAGAIN does.
func TestMessagesNeverProveEmpty(t *testing.T) {
	s := new(script).epoll()
	s.open(10, 7, trace.TypeDatagram)
	s.arrive(20, 7, 0, -1)
	s.read(30, 7, 4096, 10, -1)
	eq(t, "after a message", lane(t, s.fold(), 7).Pending, true)
	s.read(31, 7, 4096, 0, -1)
	eq(t, "after an empty one", lane(t, s.fold(), 7).Pending, true)
	s.readErr(40, 7, eAGAIN)
	eq(t, "after EAGAIN", lane(t, s.fold(), 7).Pending, false)
}

// TestClasses: what the first operation after a report settles.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		name string
		mask uint32
		do   func(s *script)
		want Class
	}{
		{"nothing there", in, func(s *script) { s.readErr(200, 7, eAGAIN) }, ClassNothing},
		{"end of file", in, func(s *script) { s.read(200, 7, 4096, 0, -1) }, ClassEOF},
		{"error", in, func(s *script) { s.readErr(200, 7, eCONNRESET) }, ClassError},
		{"error bit", in | bitErr, func(s *script) { s.enter(200) }, ClassError},
		{"hang-up", in | rdhup, func(s *script) { s.enter(200) }, ClassHangup},
		{"data before the hang-up", in | rdhup, func(s *script) { s.read(200, 7, 4096, 5, -1) }, ClassFresh},
		{"writable", out, func(s *script) { s.write(200, 7, 10, 10) }, ClassWritable},
		{"fresh", in, func(s *script) { s.read(200, 7, 4096, 5, -1) }, ClassFresh},
		{"nothing known", 0, func(s *script) {}, ClassUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := new(script).epoll()
			s.conn(10, 7, in|out|rdhup)
			s.enter(100)
			s.exit(101, 1)
			s.ready(101, 7, c.mask, -1)
			c.do(s)
			sn := s.fold()
			wantClasses(t, sn, map[Class]int64{c.want: 1})
			s.enter(300)
			w := s.fold().Window(0, 1e9)
			eq(t, "class in the window", w.Class[c.want], 1)
		})
	}
	for _, c := range []struct {
		typ  uint32
		want Class
	}{{trace.TypeEventfd, ClassWake}, {trace.TypeTimerfd, ClassTimer}} {
		s := new(script).epoll()
		s.open(10, 7, c.typ)
		s.ev(11, trace.Event{Kind: trace.Register, FD: 7, Inst: ep, Mask: in | et})
		s.enter(100)
		s.exit(101, 1)
		s.ready(101, 7, in, -1)
		s.enter(110)
		sn := s.fold()
		wantClasses(t, sn, map[Class]int64{c.want: 1})
		eq(t, "an unread wake-up under edge is a design", lane(t, sn, 7).Stranded, false)
	}
}

// TestSetsAreLevel: poll and select tell again like level, but have no trigger to show.
func TestSetsAreLevel(t *testing.T) {
	s := new(script).loop()
	set := trace.SetInstance(100)
	s.open(10, 7, trace.TypeStream)
	s.ev(11, trace.Event{Kind: trace.Register, FD: 7, Inst: set, Mask: in, Aux: trace.InterestDiff})
	for i := int64(0); i < 3; i++ {
		s.ev(20+i*10, trace.Event{Kind: trace.Wait, Inst: set, FD: -1, A: -1, B: -1, Mask: 1, Aux: trace.CallPoll})
		s.ev(20+i*10, trace.Event{Kind: trace.Ready, FD: 7, Inst: set, Mask: in})
	}
	sn := s.outside()
	wantClasses(t, sn, map[Class]int64{ClassFresh: 1, ClassUntouched: 2})
	eq(t, "trigger", lane(t, sn, 7).Trigger, trace.TriggerNone)
	eq(t, "registered", lane(t, sn, 7).Registered, true)
	eq(t, "calls", sn.Window(0, 1e9).InterestCalls, 0)
}

// TestInterruptedWaitsAreFolded: they count apart.
func TestInterruptedWaitsAreFolded(t *testing.T) {
	s := new(script).epoll()
	for i := int64(0); i < 5; i++ {
		s.enter(10 + i*10)
		s.ev(15+i*10, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ep, FD: -1, Errno: eINTR})
	}
	s.enter(100)
	s.exit(110, 0)
	sn := s.fold()
	eq(t, "interrupted", sn.Stats.Interrupted, 5)
	eq(t, "waits", sn.Stats.Waits, 1)
	eq(t, "timeouts", sn.Stats.Timeouts, 1)
}

// TestStuckCall: what has no exit yet is open up to now.
func TestStuckCall(t *testing.T) {
	s := new(script).loop()
	s.open(5, 5, trace.TypeListener)
	s.ev(10, trace.Event{Kind: trace.Accept, Phase: trace.PhaseEnter, FD: 5, A: -1})
	tl := New(Options{})
	tl.Add(s.evs)
	sn := tl.Snapshot(5_000_000 * us)
	lp := sn.Loops[0]
	eq(t, "state", lp.State, LoopWaiting)
	eq(t, "call", lp.In, trace.Accept)
	eq(t, "fd", lp.InFD, 5)
	eq(t, "since", lp.Since, 10*us)
	eq(t, "time", sn.Stats.Time[LoopWaiting], (5_000_000-10)*us)
	cells := lp.Cells(0, 10_000_000*us, 10)
	eq(t, "cell now", cells[4].Dur[LoopWaiting], 1_000_000*us)
	eq(t, "cell to come", cells[5].Dur, Durations{})
}

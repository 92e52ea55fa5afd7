package timeline

import (
	"testing"

	"evviz/trace"
)

// The truth cases (docs/kernel-rules.md) as a source emits them; the counts were measured on a real kernel.

// nagging is T01: 64 KiB buffered, level, one read of 1 KiB for each report.
func nagging(told bool) *script {
	s := new(script).epoll()
	s.conn(10, 7, in)
	s.arrive(20, 7, 0, 65536)
	at := int64(30)
	left := int64(65536)
	for i := 0; i < 64; i++ {
		s.enter(at)
		s.exit(at+1, 1)
		if i == 0 {
			s.ready(at+1, 7, in, -1)
		} else {
			s.ready(at+1, 7, in, left)
			if told {
				s.again(at+1, 7, left, trace.RenotifyLeftover)
			}
		}
		left -= 1024
		s.read(at+3, 7, 1024, 1024, left)
		at += 10
	}
	s.enter(at)
	s.exit(at+100_000, 0)
	return s
}

func TestT01NaggingToldAndInferred(t *testing.T) {
	for _, told := range []bool{true, false} {
		sc := nagging(told)
		s := sc.fold()
		if !told {
			s = sc.outside()
		}
		eq(t, "reports", s.Stats.Reports, 64)
		eq(t, "renotify", s.Stats.Renotify, 63)
		eq(t, "reads", s.Stats.Reads, 64)
		eq(t, "again", s.Stats.ReadAgain, 0)
		eq(t, "wakeups", s.Stats.Wakeups, 64)
		eq(t, "useful", s.Stats.UsefulWakeups, 1)
		eq(t, "timeouts", s.Stats.Timeouts, 1)
		eq(t, "inferred", s.Stats.RenotifyInferred, !told)
		wantClasses(t, s, map[Class]int64{ClassFresh: 1, ClassLeftover: 63})
		l := lane(t, s, 7)
		eq(t, "pending", l.Pending, false)
		eq(t, "unread", l.Unread, 0)
		// One bar from the arrival to the last read.
		eq(t, "waited", l.Stats.Waited, int64(30+63*10+3-20)*us)
		eq(t, "latency", s.Stats.Latency.Max, int64(30+63*10+3-20)*us)
		eq(t, "first read", s.Delays(MeasureFirst).Max, int64(13*us))
		// The loop was re-notified from the first repeated report on.
		lp := s.Loops[0]
		eq(t, "first wake", lp.StateAt(32*us), LoopWorking)
		eq(t, "second wake", lp.StateAt(42*us), LoopRenotified)
		eq(t, "its wait", lp.StateAt(40*us+500), LoopRenotified)
		eq(t, "last wait", lp.StateAt(700*us), LoopWaiting)
	}
}

func TestT02EdgeStranded(t *testing.T) {
	s := new(script).epoll()
	s.conn(10, 7, in|et)
	s.arrive(20, 7, 0, 65536)
	s.enter(30)
	s.exit(31, 1)
	s.ready(31, 7, in, -1)
	s.read(33, 7, 1024, 1024, 64512)
	s.enter(40)
	s.exit(300_000, 0)
	sn := s.fold()
	wantClasses(t, sn, map[Class]int64{ClassFresh: 1})
	l := lane(t, sn, 7)
	eq(t, "unread", l.Unread, 64512)
	eq(t, "pending", l.Pending, true)
	eq(t, "pending since", l.PendingSince, 20*us)
	eq(t, "stranded", l.Stranded, true)
	eq(t, "stranded since", l.StrandedSince, 40*us)
	eq(t, "stranded lanes", sn.Stats.Stranded, 1)
	eq(t, "renotify", sn.Stats.Renotify, 0)
	cells := l.Cells(0, 300_000*us, 300)
	eq(t, "cover of the last cell", cells[299].Cover, 1)
	eq(t, "stranded cell", cells[299].Stranded, true)
	eq(t, "its age", cells[299].Since, 20*us)
}

// TestT03And04NewData sends 4 KiB twice, 100 ms apart, and reads 1 KiB for each report.
func TestT03And04NewData(t *testing.T) {
	edge := new(script).epoll()
	edge.conn(10, 7, in|et)
	for i := int64(0); i < 2; i++ {
		at := 1000 + i*100_000
		edge.enter(at - 500)
		edge.arrive(at, 7, 0, 4096+i*3072)
		edge.exit(at+1, 1)
		edge.ready(at+1, 7, in, -1)
		edge.read(at+2, 7, 1024, 1024, 3072+i*3072)
	}
	edge.enter(200_000)
	s := edge.fold()
	eq(t, "reports", s.Stats.Reports, 2)
	eq(t, "renotify", s.Stats.Renotify, 0)
	eq(t, "left", lane(t, s, 7).Unread, 6144)
	eq(t, "stranded", lane(t, s, 7).Stranded, true)
	eq(t, "times", s.Stats.StrandedTimes, 2)
	wantClasses(t, s, map[Class]int64{ClassFresh: 2})
	// Between the second report and going back to wait the data was not stranded.
	_, stranded, ok := lane(t, s, 7).WaitingAt(101_001*us + 500)
	eq(t, "waiting between", ok, true)
	eq(t, "stranded between", stranded, false)

	level := new(script).epoll()
	level.conn(10, 7, in)
	for i := int64(0); i < 2; i++ {
		at := 1000 + i*100_000
		level.enter(at - 500)
		level.arrive(at, 7, 0, 4096)
		level.exit(at+1, 1)
		for k := int64(0); k < 4; k++ {
			left := 4096 - k*1024
			if k > 0 {
				level.enter(at + k*10)
				level.exit(at+k*10+1, 1)
			}
			level.ready(at+k*10+1, 7, in, left)
			level.read(at+k*10+2, 7, 1024, 1024, left-1024)
		}
	}
	s = level.outside()
	eq(t, "reports", s.Stats.Reports, 8)
	eq(t, "renotify", s.Stats.Renotify, 6)
	wantClasses(t, s, map[Class]int64{ClassFresh: 2, ClassLeftover: 6})
}

// TestT05Untouched reads nothing at all.
func TestT05Untouched(t *testing.T) {
	for _, told := range []bool{true, false} {
		s := new(script).epoll()
		s.conn(10, 7, in)
		s.arrive(20, 7, 0, 1)
		for i := int64(0); i < 1000; i++ {
			s.enter(100 + i*10)
			s.exit(101+i*10, 1)
			s.ready(101+i*10, 7, in, 1)
			if told && i > 0 {
				s.again(101+i*10, 7, 1, trace.RenotifyUntouched)
			}
		}
		sn := s.fold()
		if !told {
			sn = s.outside()
		}
		eq(t, "renotify", sn.Stats.Renotify, 999)
		wantClasses(t, sn, map[Class]int64{ClassFresh: 1, ClassUntouched: 999})
		eq(t, "pending since", lane(t, sn, 7).PendingSince, 20*us)
	}
}

// TestT08Avoidable reads until EAGAIN although each read was short.
func TestT08Avoidable(t *testing.T) {
	s := new(script).epoll()
	s.conn(10, 7, in|et)
	for i := int64(0); i < 100; i++ {
		at := 1000 + i*100
		s.enter(at - 50)
		s.arrive(at, 7, 0, 64)
		s.exit(at+1, 1)
		s.ready(at+1, 7, in, -1)
		s.read(at+2, 7, 4096, 64, -1)
		s.readErr(at+3, 7, eAGAIN)
	}
	sn := s.fold()
	eq(t, "reports", sn.Stats.Reports, 100)
	eq(t, "reads", sn.Stats.Reads, 100)
	eq(t, "again", sn.Stats.ReadAgain, 100)
	eq(t, "stranded", sn.Stats.StrandedTimes, 0)
	wantClasses(t, sn, map[Class]int64{ClassFresh: 100})
	eq(t, "share", sn.Stats.UsefulWakeups, 100)
}

// TestT09To12Masks: room to write, a hang-up and an end of file that nobody acts on.
func TestT09To12Masks(t *testing.T) {
	for _, c := range []struct {
		name string
		mask uint32
		read bool
		want map[Class]int64
	}{
		{"T09 writable", out, false, map[Class]int64{ClassWritable: 1, ClassUntouched: 199}},
		{"T11 rdhup", in | rdhup, false, map[Class]int64{ClassHangup: 1, ClassUntouched: 199}},
		{"T12 end of file", in, true, map[Class]int64{ClassEOF: 200}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := new(script).epoll()
			s.conn(10, 7, in|out|rdhup)
			for i := int64(0); i < 200; i++ {
				s.enter(100 + i*10)
				s.exit(101+i*10, 1)
				unread := int64(-1)
				if i > 0 && c.mask != out {
					unread = 0
				}
				s.ready(101+i*10, 7, c.mask, unread)
				if c.read {
					s.read(102+i*10, 7, 4096, 0, -1)
				}
			}
			sn := s.fold()
			wantClasses(t, sn, c.want)
			eq(t, "useful", sn.Stats.UsefulWakeups, 1)
			eq(t, "renotify", sn.Stats.Renotify, 0)
			if c.read {
				eq(t, "pending", lane(t, sn, 7).Pending, false)
			}
		})
	}
}

func listener(mask uint32) *script {
	s := new(script).epoll()
	s.open(5, 5, trace.TypeListener)
	s.ev(6, trace.Event{Kind: trace.Register, FD: 5, Inst: ep, Mask: mask, A: 5})
	return s
}

// TestT13Exhausted: accept fails for want of descriptors, for ever.
func TestT13Exhausted(t *testing.T) {
	s := listener(in)
	for i := int64(0); i < 200; i++ {
		s.enter(100 + i*10)
		s.exit(101+i*10, 1)
		s.ready(101+i*10, 5, in, -1)
		s.accept(102+i*10, 5, -1, eMFILE)
	}
	sn := s.fold()
	eq(t, "exhausted", sn.Stats.Exhausted, 200)
	wantClasses(t, sn, map[Class]int64{ClassExhausted: 200})
	eq(t, "pending", lane(t, sn, 5).Pending, true)
}

// TestT15Listener: ten connections queued.
func TestT15Listener(t *testing.T) {
	queued := func(s *script) {
		s.ev(50, trace.Event{Kind: trace.Queue, Stream: 2, FD: 5, A: 10, B: 128})
	}
	one := func(s *script, reports int64) *Snapshot {
		queued(s)
		for i := int64(0); i < reports; i++ {
			s.enter(100 + i*10)
			s.exit(101+i*10, 1)
			s.ready(101+i*10, 5, in, -1)
			s.accept(102+i*10, 5, 20+i, 0)
		}
		s.enter(500)
		return s.fold()
	}
	level := one(listener(in), 10)
	wantClasses(t, level, map[Class]int64{ClassFresh: 1, ClassLeftover: 9})
	eq(t, "level pending", lane(t, level, 5).Pending, false)
	eq(t, "level waited", lane(t, level, 5).Stats.Waited, int64(192-50)*us)
	eq(t, "connections", level.Stats.Connections, 10)

	edge := one(listener(in|et), 1)
	wantClasses(t, edge, map[Class]int64{ClassFresh: 1})
	eq(t, "edge stranded", lane(t, edge, 5).Stranded, true)
	eq(t, "edge queue", lane(t, edge, 5).Unread, 9)

	drain := listener(in)
	queued(drain)
	drain.enter(100)
	drain.exit(101, 1)
	drain.ready(101, 5, in, -1)
	for i := int64(0); i < 10; i++ {
		drain.accept(102+i, 5, 20+i, 0)
	}
	drain.accept(113, 5, -1, eAGAIN)
	sn := drain.fold()
	eq(t, "accepts", sn.Stats.Accepts, 10)
	eq(t, "again", sn.Stats.AcceptAgain, 1)
	eq(t, "drained pending", lane(t, sn, 5).Pending, false)
}

// TestT18Oneshot: disarmed with data, told after MOD.
func TestT18Oneshot(t *testing.T) {
	s := new(script).epoll()
	s.conn(10, 7, in|one)
	s.arrive(20, 7, 0, 4)
	s.enter(30)
	s.exit(31, 1)
	s.ready(31, 7, in, -1)
	s.read(32, 7, 2, 2, 2)
	s.enter(40)
	s.arrive(50, 7, 0, 6)
	sn := s.fold()
	l := lane(t, sn, 7)
	eq(t, "armed", l.Armed, false)
	eq(t, "stranded", l.Stranded, true)
	eq(t, "unread", l.Unread, 6)
	s.exit(90, 0)
	s.mod(100, 7, in|one)
	sn = s.fold()
	eq(t, "stranded after MOD", lane(t, sn, 7).Stranded, false)
	eq(t, "armed after MOD", lane(t, sn, 7).Armed, true)
	s.enter(101)
	s.exit(102, 1)
	s.ready(102, 7, in, -1)
	sn = s.fold()
	wantClasses(t, sn, map[Class]int64{ClassFresh: 1, ClassRearmed: 1})
	eq(t, "re-armed mark", lane(t, sn, 7).Stats.Counts[MarkRearmed], 1)
}

// TestT19Stale: dup, close the original, and the kernel goes on reporting its number.
func TestT19Stale(t *testing.T) {
	s := new(script).epoll()
	s.open(10, 7, trace.TypeStream)
	s.ev(11, trace.Event{Kind: trace.Register, FD: 7, Inst: ep, Mask: in, A: 0xBEEF})
	s.ev(12, trace.Event{Kind: trace.Dup, FD: 7, A: 8})
	s.close(13, 7)
	for i := int64(0); i < 100; i++ {
		s.enter(100 + i*10)
		s.exit(101+i*10, 1)
		s.ev(101+i*10, trace.Event{Kind: trace.Ready, FD: -1, Inst: ep, Mask: in, A: 0xBEEF})
	}
	sn := s.outside()
	wantClasses(t, sn, map[Class]int64{ClassStale: 100})
	eq(t, "alive", lane(t, sn, 7).Closed, 0)
	s.close(2000, 8)
	sn = s.outside()
	eq(t, "closed", lane(t, sn, 7).Closed, 2000*us)
	eq(t, "registered", lane(t, sn, 7).Registered, false)
}

// TestT21OtherBatch: a number closed and used again within one batch; the second report is about the old connection.
func TestT21OtherBatch(t *testing.T) {
	s := new(script).epoll()
	add := func(at int64, fd int32, gen uint32) {
		s.ev(at, trace.Event{Kind: trace.Open, FD: fd, Gen: gen, Aux: trace.TypeStream})
		s.ev(at, trace.Event{Kind: trace.Register, FD: fd, Gen: gen, Inst: ep, Mask: in, A: int64(gen)<<32 | int64(fd)})
	}
	add(10, 7, 1)
	add(11, 8, 1)
	s.enter(20)
	s.exit(21, 2)
	s.ev(21, trace.Event{Kind: trace.Ready, FD: 7, Gen: 1, Inst: ep, Mask: in, A: 1<<32 | 7})
	s.ev(21, trace.Event{Kind: trace.Ready, FD: 8, Gen: 1, Inst: ep, Mask: in, A: 1<<32 | 8})
	s.ev(22, trace.Event{Kind: trace.Close, FD: 8, Gen: 1})
	add(23, 8, 2)
	s.ev(24, trace.Event{Kind: trace.Ready, FD: 8, Gen: 1, Inst: ep, Mask: in, A: 1<<32 | 8})
	sn := s.fold()
	eq(t, "stale", sn.Stats.Class[ClassStale], 1)
	eq(t, "new lane untouched", lane(t, sn, 8).Stats.Counts[MarkReport], 0)
	eq(t, "new lane not pending", lane(t, sn, 8).Pending, false)
}

// TestT25SleepPoll: columns of EAGAIN and bars as long as the delay.
func TestT25SleepPoll(t *testing.T) {
	s := new(script).loop()
	s.ev(2, trace.Event{Kind: trace.Mode, Aux: trace.DriverSleepPoll | trace.CauseStart<<16, A: 100_000 * us})
	s.open(3, 5, trace.TypeListener)
	at, next := int64(10), int64(350_000)
	ok, got := 0, 0
	open := false
	for i := 0; i < 35; i++ {
		useful := int64(0)
		if !open {
			s.accept(at, 5, 7, 0)
			s.open(at, 7, trace.TypeStream)
			open, useful = true, 1
		} else {
			s.accept(at, 5, -1, eAGAIN)
		}
		if next <= at {
			s.read(at+1, 7, 4096, 5, -1)
			useful++
			ok++
			next += 350_000
			got++
		} else {
			s.readErr(at+1, 7, eAGAIN)
		}
		s.ev(at+2, trace.Event{Kind: trace.Round, Aux: uint32(i + 1), A: 2, B: useful})
		s.ev(at+2, trace.Event{Kind: trace.Sleep, Phase: trace.PhaseEnter, A: 100_000 * us})
		if next > at+2 && next < at+100_002 {
			s.arrive(next, 7, 0, 5)
		}
		at += 100_002
		s.ev(at, trace.Event{Kind: trace.Sleep, Phase: trace.PhaseExit, A: 100_000 * us})
	}
	sn := s.fold()
	st := &sn.Stats
	eq(t, "rounds", st.Rounds, 35)
	eq(t, "sleeps", st.Sleeps, 35)
	eq(t, "accept again", st.AcceptAgain, 34)
	eq(t, "ok + EAGAIN", st.Reads+st.ReadAgain, 35)
	eq(t, "reads", st.Reads, int64(ok))
	eq(t, "asked", st.Asked, 70)
	eq(t, "asked useful", st.AskedUseful, int64(ok)+1)
	eq(t, "renotify known", st.RenotifyKnown, false)
	eq(t, "latency samples", st.Latency.Count-st.Latency.Unfinished, int64(got))
	if st.Latency.Max > 101_000*us || st.Latency.Max < 1000*us {
		t.Errorf("latency %d ns does not fit a period of 100 ms", st.Latency.Max)
	}
	_, useful := st.UsefulShare()
	eq(t, "useful share known", useful, false)
	lp := sn.Loops[0]
	eq(t, "asleep", lp.StateAt(50_000*us), LoopAsleep)
	cells := lp.Cells(0, at*us, 35)
	for i, c := range cells {
		if c.Rounds == 1 && c.Top != LoopWorking {
			t.Errorf("cell %d shows %v although a round ran in it", i, c.Top)
		}
	}
	w := sn.Window(0, at*us+1)
	eq(t, "window asked", w.Asked, 70)
	eq(t, "window rounds", w.Rounds, 35)
	eq(t, "window renotify known", w.RenotifyKnown, false)
	eq(t, "mode", sn.Mode.Driver, trace.DriverSleepPoll)
}

// TestT38TriggerSwitched: an edge with data waiting becomes level; the first report is the MOD's.
func TestT38TriggerSwitched(t *testing.T) {
	s := new(script).epoll()
	s.conn(10, 7, in|et)
	s.arrive(20, 7, 0, 4096)
	s.enter(30)
	s.exit(31, 1)
	s.ready(31, 7, in, -1)
	s.enter(40)
	s.exit(90, 0)
	s.mod(100, 7, in)
	for i := int64(0); i < 20; i++ {
		s.enter(110 + i*10)
		s.exit(111+i*10, 1)
		s.ready(111+i*10, 7, in, 4096)
		if i > 0 {
			s.again(111+i*10, 7, 4096, trace.RenotifyUntouched)
		}
	}
	sn := s.fold()
	wantClasses(t, sn, map[Class]int64{ClassFresh: 1, ClassRearmed: 1, ClassUntouched: 19})
	l := lane(t, sn, 7)
	eq(t, "trigger before", l.TriggerAt(99*us), trace.TriggerEdge)
	eq(t, "trigger after", l.TriggerAt(100*us), trace.TriggerLevel)
	eq(t, "modify mark", l.Stats.Counts[MarkModify], 1)
}

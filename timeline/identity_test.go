package timeline

import (
	"testing"

	"evviz/trace"
)

// Flags of clone(2) and open(2).
const (
	cloneFiles  = 0x400
	cloneThread = 0x10000
	oCloexec    = 0x80000
)

// TestReusedNumber: a late arrival about the old connection must not touch the new one.
func TestReusedNumber(t *testing.T) {
	s := new(script).epoll()
	s.ev(10, trace.Event{Kind: trace.Open, FD: 7, Gen: 1, Aux: trace.TypeStream})
	s.ev(20, trace.Event{Kind: trace.Close, FD: 7, Gen: 1, Aux: trace.CloseEOF})
	s.ev(30, trace.Event{Kind: trace.Open, FD: 7, Gen: 2, Aux: trace.TypeStream})
	s.arrive(35, 7, 1, 10)
	sn := s.fold()
	eq(t, "lanes of fd 7", len(sn.Lanes)-1, 2) // and the epoll instance
	old, now := sn.Lanes[1], sn.Lanes[2]
	eq(t, "old why", old.CloseWhy, trace.CloseEOF)
	eq(t, "old closed", old.Closed, 20*us)
	eq(t, "new pending", now.Pending, false)
	eq(t, "new arrivals", now.Stats.Counts[MarkArrive], 0)
	eq(t, "generations", now.Gen, 2)
	s.arrive(40, 7, 2, 10)
	sn = s.fold()
	eq(t, "its own arrival", lane(t, sn, 7).Pending, true)
	// Late, and the number means nothing at all now.
	s.ev(50, trace.Event{Kind: trace.Close, FD: 7, Gen: 2})
	s.arrive(51, 7, 2, 10)
	s.arrive(52, 7, 0, 10)
	sn = s.fold()
	eq(t, "no lane out of nothing", len(sn.Lanes), 3)
	eq(t, "pending lanes", sn.Stats.Pending, 0)
}

// TestNewerThanKnown: an event may come before the Open that explains it.
func TestNewerThanKnown(t *testing.T) {
	s := new(script).loop()
	s.ev(10, trace.Event{Kind: trace.Open, FD: 7, Gen: 1, Aux: trace.TypeStream})
	s.arrive(20, 7, 2, 10)
	s.ev(21, trace.Event{Kind: trace.Open, FD: 7, Gen: 2, Aux: trace.TypeStream})
	sn := s.fold()
	eq(t, "lanes", len(sn.Lanes), 2)
	eq(t, "first closed", sn.Lanes[0].Closed, 20*us)
	eq(t, "second opened", sn.Lanes[1].Opened, 21*us)
	eq(t, "second pending", sn.Lanes[1].Pending, true)
}

// TestDup: a lane lives as long as any number leads to it.
func TestDup(t *testing.T) {
	s := new(script).loop()
	s.open(10, 7, trace.TypeStream)
	s.ev(11, trace.Event{Kind: trace.Dup, FD: 7, A: 9})
	s.arrive(20, 9, 0, 10)
	s.close(30, 7)
	sn := s.fold()
	eq(t, "one lane", len(sn.Lanes), 1)
	eq(t, "numbers", sn.Lanes[0].FDs, 1)
	eq(t, "still waits", sn.Lanes[0].Pending, true)
	s.read(40, 9, 4096, 10, -1)
	s.ev(41, trace.Event{Kind: trace.Open, FD: 7, Aux: trace.TypeStream})
	sn = s.fold()
	eq(t, "read through the other number", sn.Lanes[0].Stats.Waited, 20*us)
	eq(t, "the number is another lane now", len(sn.Lanes), 2)
	s.ev(50, trace.Event{Kind: trace.Dup, FD: 7, A: 9}) // dup2 closes what 9 meant
	sn = s.fold()
	eq(t, "closed by dup2", sn.Lanes[0].Closed, 50*us)
	eq(t, "two numbers", sn.Lanes[1].FDs, 2)
}

// TestFork: tables are copied, lanes shared; workers of their own do not disturb each other.
func TestFork(t *testing.T) {
	s := new(script)
	s.ev(1, trace.Event{Kind: trace.Thread, A: 100, B: 100})
	s.open(10, 5, trace.TypeListener)
	s.ev(11, trace.Event{Kind: trace.Fork, A: 200})
	s.ev(12, trace.Event{Kind: trace.Thread, Stream: 3, A: 200, B: 200})
	s.ev(20, trace.Event{Kind: trace.Accept, FD: 5, A: 7})
	s.ev(21, trace.Event{Kind: trace.Accept, Stream: 3, FD: 5, A: 7})
	sn := s.fold()
	eq(t, "listener and two connections", len(sn.Lanes), 3)
	eq(t, "the listener is one", sn.Lanes[0].Stats.Counts[MarkAccept], 2)
	s.close(30, 5)
	sn = s.fold()
	eq(t, "open in the child", sn.Lanes[0].Closed, 0)
	s.ev(40, trace.Event{Kind: trace.Exit, Stream: 3, A: 200})
	sn = s.fold()
	eq(t, "ends with the child", sn.Lanes[0].Closed, 40*us)
	eq(t, "the parent's connection lives", sn.Lanes[1].Closed, 0)
	eq(t, "the child's is gone", sn.Lanes[2].Closed, 40*us)
}

func TestThreadsShareATable(t *testing.T) {
	s := new(script)
	s.ev(1, trace.Event{Kind: trace.Thread, A: 100, B: 100})
	s.ev(2, trace.Event{Kind: trace.Fork, A: 101, Mask: cloneThread | cloneFiles})
	s.ev(3, trace.Event{Kind: trace.Thread, Stream: 2, A: 100, B: 101})
	s.open(10, 7, trace.TypeStream)
	s.ev(11, trace.Event{Kind: trace.Read, Stream: 2, FD: 7, A: 10, B: 5})
	eq(t, "lanes", len(s.fold().Lanes), 1)
}

func TestExecClosesCloexec(t *testing.T) {
	s := new(script)
	s.ev(1, trace.Event{Kind: trace.Open, FD: 7, Aux: trace.TypeStream, Mask: oCloexec})
	s.ev(2, trace.Event{Kind: trace.Open, FD: 8, Aux: trace.TypeStream})
	s.ev(3, trace.Event{Kind: trace.Exec, A: 1})
	sn := s.fold()
	eq(t, "cloexec", sn.Lanes[0].Closed, 3*us)
	eq(t, "other", sn.Lanes[1].Closed, 0)
}

// TestExecLeavesASharedTable: what the child closes by its exec stays open in the parent.
func TestExecLeavesASharedTable(t *testing.T) {
	s := new(script)
	s.ev(1, trace.Event{Kind: trace.Thread, A: 100, B: 100})
	s.ev(2, trace.Event{Kind: trace.Open, FD: 7, Aux: trace.TypeStream, Mask: oCloexec})
	s.ev(3, trace.Event{Kind: trace.Fork, A: 200, Mask: cloneFiles})
	s.ev(4, trace.Event{Kind: trace.Thread, Stream: 2, A: 200, B: 200})
	s.ev(5, trace.Event{Kind: trace.Exec, Stream: 2, A: 200})
	sn := s.fold()
	eq(t, "lanes", len(sn.Lanes), 1)
	eq(t, "open", sn.Lanes[0].Closed, 0)
	eq(t, "numbers", sn.Lanes[0].FDs, 1)
}

// TestEpollNumberReused: registrations die with their instance, not with its number.
func TestEpollNumberReused(t *testing.T) {
	s := new(script).epoll()
	s.conn(10, 7, in)
	s.close(20, 3)
	s.ev(30, trace.Event{Kind: trace.Instance, FD: 3, Inst: ep})
	sn := s.fold()
	eq(t, "registered", lane(t, sn, 7).Registered, false)
	s.ev(40, trace.Event{Kind: trace.Register, FD: 7, Inst: ep, Mask: in | et})
	eq(t, "again", lane(t, s.fold(), 7).Trigger, trace.TriggerEdge)
}

// TestAmbiguousData: two registrations with the same data are not guessed at.
func TestAmbiguousData(t *testing.T) {
	s := new(script).epoll()
	for fd := int32(7); fd < 9; fd++ {
		s.open(10, fd, trace.TypeStream)
		s.ev(11, trace.Event{Kind: trace.Register, FD: fd, Inst: ep, Mask: in, A: 0xAA})
	}
	s.ev(20, trace.Event{Kind: trace.Ready, FD: -1, Inst: ep, Mask: in, A: 0xAA})
	sn := s.fold()
	eq(t, "ambiguous", sn.Stats.Ambiguous, 1)
	wantClasses(t, sn, map[Class]int64{ClassUnknown: 1})
	s.close(30, 8)
	s.ev(40, trace.Event{Kind: trace.Ready, FD: -1, Inst: ep, Mask: in, A: 0xAA})
	eq(t, "one left", lane(t, s.fold(), 7).Stats.Counts[MarkReport], 1)
}

// TestRestatement: a chunk's prelude makes lanes with an unknown past, and disturbs nothing that is known.
func TestRestatement(t *testing.T) {
	name := func(s *script, at int64) {
		trace.NamePieces(1, "10.0.0.1:53011", func(e trace.Event) { e.Stream = 1; s.ev(at, e) })
	}
	state := func(s *script, at int64) {
		name(s, at)
		s.ev(at, trace.Event{Kind: trace.State, FD: 7, Aux: trace.StateAux(trace.StateDescriptor, trace.TypeStream, 0, 0, 0), A: 1})
		s.ev(at, trace.Event{Kind: trace.State, FD: 7, Inst: ep, Mask: in | et, Aux: trace.StateRegistration, A: 7})
		s.ev(at, trace.Event{Kind: trace.Mode, Aux: trace.DriverEpoll | trace.TriggerEdge<<8})
	}
	s := new(script).loop()
	state(s, 10)
	sn := s.fold()
	l := lane(t, sn, 7)
	eq(t, "opened", l.Opened, 0)
	eq(t, "peer", l.Peer, "10.0.0.1:53011")
	eq(t, "trigger", l.Trigger, trace.TriggerEdge)
	s.arrive(20, 7, 0, 10)
	state(s, 30)
	sn = s.fold()
	eq(t, "same lane", lane(t, sn, 7).ID, l.ID)
	eq(t, "still pending", lane(t, sn, 7).PendingSince, 20*us)
	eq(t, "modes", len(sn.Modes), 1)
	eq(t, "registers", sn.Stats.Registers, 0)
	eq(t, "name", sn.Name(1, 1), "10.0.0.1:53011")
}

// TestNamesAsTheyWere: an older snapshot keeps the string that an id had.
func TestNamesAsTheyWere(t *testing.T) {
	tl := New(Options{})
	put := func(text string) {
		trace.NamePieces(1, text, func(e trace.Event) { e.Stream = 1; tl.Add([]trace.Event{e}) })
	}
	put("first, and longer than one piece of a name")
	a := tl.Snapshot(0)
	put("second")
	b := tl.Snapshot(0)
	eq(t, "a", a.Name(1, 1), "first, and longer than one piece of a name")
	eq(t, "b", b.Name(1, 1), "second")
	eq(t, "unknown", b.Name(1, 2), "")
	tl.names = tl.names.compact()
	put("third")
	eq(t, "b", b.Name(1, 1), "second")
	eq(t, "c", tl.Snapshot(0).Name(1, 1), "third")
}

// TestSteps: a client's steps meet the server's lane by its address, also those that came before.
func TestSteps(t *testing.T) {
	s := new(script).loop()
	trace.NamePieces(1, "1.2.3.4:5", func(e trace.Event) { e.Stream = 9; s.ev(1, e) })
	trace.NamePieces(4, "1.2.3.4:5", func(e trace.Event) { e.Stream = 1; s.ev(1, e) })
	s.ev(2, trace.Event{Kind: trace.Thread, Stream: 9, A: 500, B: 500, Mask: trace.RoleClient})
	step := func(at int64, what uint32) {
		s.ev(at, trace.Event{Kind: trace.Step, Stream: 9, FD: 3, Aux: what, Inst: 1})
	}
	step(10, trace.StepConnect)
	step(11, trace.StepSend)
	s.ev(12, trace.Event{Kind: trace.Open, FD: 7, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 4})
	step(13, trace.StepSend)
	step(14, trace.StepReceive)
	sn := s.fold()
	l := lane(t, sn, 7)
	eq(t, "sent", l.Stats.Counts[MarkStepSend], 2)
	eq(t, "received", l.Stats.Counts[MarkStepRecv], 1)
	eq(t, "connected", l.Stats.Counts[MarkStepOther], 1)
	eq(t, "steps", sn.Stats.Steps, 4)
	eq(t, "no lane of the client", len(sn.Lanes), 1)
}

// TestHostileNumbers: huge and negative numbers cost no memory and do no harm.
func TestHostileNumbers(t *testing.T) {
	s := new(script).loop()
	for k := trace.KindNone; k < trace.KindCount+3; k++ {
		for _, fd := range []int32{-1, -1 << 31, 1<<31 - 1, 70000} {
			for _, big := range []int64{-1 << 63, -1, 0, 1<<63 - 1} {
				for p := trace.Phase(0); p < 4; p++ {
					e := trace.Event{Kind: k, Phase: p, FD: fd, A: big, B: big, Aux: 0xffffffff, Mask: 0xffffffff, Inst: uint32(big), Gen: uint32(fd), Stream: uint32(fd)}
					s.ev(10, e)
					s.evs[len(s.evs)-1].Time = big
					s.evs[len(s.evs)-1].Dur = -big
				}
			}
		}
	}
	sn := s.fold()
	for _, l := range sn.Lanes {
		l.Cells(sn.First, sn.Now, 7)
		l.Window(sn.First, sn.Now)
	}
	for _, l := range sn.Loops {
		l.Cells(sn.First, sn.Now, 7)
	}
	sn.Window(sn.First, sn.Now)
}

// TestClosedLanesAreForgotten: the oldest first, and the statistics of the run stay.
func TestClosedLanesAreForgotten(t *testing.T) {
	s := new(script).loop()
	for i := int64(0); i < 100; i++ {
		s.open(10+i*10, 7, trace.TypeStream)
		s.read(12+i*10, 7, 10, 5, -1)
		s.close(14+i*10, 7)
	}
	tl := New(Options{MaxClosed: 10})
	tl.Add(s.evs)
	sn := tl.Snapshot(0)
	if n := len(sn.Lanes); n < 10 || n > 13 {
		t.Errorf("%d lanes kept", n)
	}
	eq(t, "newest", sn.Lanes[len(sn.Lanes)-1].Gen, 100)
	eq(t, "opened in all", sn.Stats.Opens, 100)
	eq(t, "bytes", sn.Window(0, 1e12).BytesIn, 500)
}

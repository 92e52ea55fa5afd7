package timeline

import (
	"testing"

	"evviz/trace"
)

// What logs of system calls showed to be wrong: nobody sees arrivals there, and part of what a program does lies before the log.

// logInfo is a log of strace -ttt -T: no arrivals, no repeats.
var logInfo = trace.Info{Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify, trace.Arrive), Knows: trace.KnowsTimes | trace.KnowsDurations, Timed: true}

func (s *script) glance(at int64, n uint32) {
	s.ev(at-1, trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: ep, FD: -1, A: 0, B: 0})
	s.ev(at, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ep, FD: -1, A: 0, B: 0, Mask: n})
}

// TestOneAccept: a program that accepts one connection of an event leaves nothing that is known, whether or not its registration was seen. It is
// another matter where nothing was accepted.
func TestOneAccept(t *testing.T) {
	for _, c := range []struct{ seen, accepted bool }{{false, true}, {true, true}, {false, false}} {
		s := new(script).epoll()
		s.open(3, 9, trace.TypeListener)
		if c.seen {
			s.ev(4, trace.Event{Kind: trace.Register, FD: 9, Inst: ep, Mask: in, A: 9})
		}
		s.enter(10)
		s.exit(1_000, 1)
		s.ev(1_000, trace.Event{Kind: trace.Ready, FD: 9, Inst: ep, Mask: in, A: 9})
		if c.accepted {
			s.accept(1_100, 9, 12, 0)
		}
		s.ev(900_000, trace.Event{Kind: trace.Sys, FD: -1})
		sn := s.foldAs(logInfo)
		if got := lane(t, sn, 9).Pending; got == c.accepted {
			t.Errorf("registration seen %t, accepted %t: a connection waits: %t", c.seen, c.accepted, got)
		}
	}
}

// TestPassedOver: what is registered anew is reported for what waited before only by the next wait. One that comes back without it proves that
// nothing did.
func TestPassedOver(t *testing.T) {
	for _, between := range []bool{false, true} {
		s := new(script).epoll()
		s.conn(3, 7, in)
		s.enter(10)
		s.ev(1_000, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ep, FD: -1, A: -1, B: -1, Mask: 1, Aux: 8 << 8})
		s.ready(1_000, 7, in, -1)
		s.read(1_100, 7, 16, 16, -1) // as much as it asked for
		s.mod(1_200, 7, in|out)
		if between {
			s.glance(1_300, 0)
			s.glance(1_350, 0)
		}
		s.enter(1_400)
		s.exit(1_500, 1)
		s.ready(1_500, 7, in, -1)
		s.enter(1_600)
		sn := s.foldAs(logInfo)
		if got := sn.Stats.Class[ClassRearmed] > 0; got == between {
			t.Errorf("waits came back without it %t: re-armed %t", between, got)
		}
	}
}

// TestSleepInTurn: a loop that rests in its wait sleeps inside its iteration; one that only looks at its instance rests in the sleep.
func TestSleepInTurn(t *testing.T) {
	for _, lasts := range []bool{true, false} {
		s := new(script).epoll()
		if lasts {
			s.enter(5)
			s.exit(10, 0)
		}
		s.glance(100, 0)
		s.ev(1_100, trace.Event{Kind: trace.Sleep, Dur: 900 * us, FD: -1})
		s.ev(1_200, trace.Event{Kind: trace.Sys, FD: -1})
		s.glance(1_300, 0)
		sn := s.foldAs(logInfo)
		u, ok := sn.TurnAt(1, 1_150*us)
		if !ok {
			t.Fatal("no turn")
		}
		if want := map[bool]RestKind{true: RestWait, false: RestSleep}[lasts]; u.Rest.Kind != want {
			t.Errorf("waits last %t: the turn rests in %v", lasts, u.Rest.Kind)
		}
		if want := map[bool]int64{true: 900 * us, false: 0}[lasts]; u.Slept != want {
			t.Errorf("waits last %t: slept %d inside it, want %d", lasts, u.Slept, want)
		}
		if u.Overrun > 0 && u.Rest.Limit == LimitZero {
			t.Errorf("a wait of 0 was %d late", u.Overrun)
		}
	}
}

// TestParked: a thread that waits for another on a futex does not work meanwhile.
func TestParked(t *testing.T) {
	s := new(script).epoll()
	s.ev(3, trace.Event{Kind: trace.Name, Aux: 5, A: 5})
	s.evs = s.evs[:len(s.evs)-1]
	trace.NamePieces(5, "futex", func(e trace.Event) { e.Stream = 1; s.ev(3, e) })
	s.enter(10)
	s.exit(1_000, 0)
	s.ev(9_000, trace.Event{Kind: trace.Sys, FD: -1, Aux: 5, Dur: 7_000 * us})
	s.enter(9_500)
	sn := s.foldAs(logInfo)
	w := sn.Window(1_000*us, 9_500*us)
	eq(t, "working, µs", w.Time[LoopWorking]/us, 1_500)
	eq(t, "waiting, µs", w.Time[LoopWaiting]/us, 7_000)
}

// TestClosedUnseen: a number that means another file all at once was closed at some time that nobody knows.
func TestClosedUnseen(t *testing.T) {
	for _, seen := range []bool{true, false} {
		s := new(script).epoll()
		s.conn(3, 7, in)
		if seen {
			s.close(50, 7)
		}
		s.ev(60, trace.Event{Kind: trace.Open, FD: 7, Gen: 2, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)})
		sn := s.foldAs(logInfo)
		for _, l := range sn.Lanes {
			if l.Closed != 0 && l.ClosedUnseen == seen {
				t.Errorf("seen %t: closed %d, unseen %t", seen, l.Closed, l.ClosedUnseen)
			}
		}
	}
}

// TestUnreadIsNotKnown: where nobody sees arrivals a short read says that nothing was left, and not that nothing has come since.
func TestUnreadIsNotKnown(t *testing.T) {
	for _, arrivals := range []bool{true, false} {
		s := new(script).epoll()
		s.conn(3, 7, in)
		s.enter(10)
		s.exit(20, 1)
		s.ready(20, 7, in, -1)
		s.read(30, 7, 4096, 5, -1)
		info := logInfo
		if arrivals {
			info = trace.Info{Kinds: trace.AllKinds(), Timed: true}
		}
		l := lane(t, s.foldAs(info), 7)
		eq(t, "unread", l.Unread, map[bool]int64{true: 0, false: -1}[arrivals])
		eq(t, "drained", l.Drain, DrainEmpty)
	}
}

package timeline

import (
	"testing"

	"evviz/trace"
)

// TestLateLoser: the kernel has told two threads of one connection. The second gets no processor until the first has accepted
// it, so its wait ends later in the trace than the accept: it has lost all the same. One that began to wait only after the
// accept has not: there was nothing to lose.
func TestLateLoser(t *testing.T) {
	const other = 5 // instance of epoll descriptor 4
	for _, c := range []struct {
		begins int64
		want   Class
	}{{10, ClassHerd}, {35, ClassNothing}} {
		s := new(script).epoll()
		s.ev(2, trace.Event{Kind: trace.Thread, Stream: 3, A: 100, B: 102, Mask: trace.RoleWorker})
		s.ev(3, trace.Event{Kind: trace.Instance, Stream: 3, FD: 4, Inst: other})
		s.open(4, 9, trace.TypeListener)
		s.ev(5, trace.Event{Kind: trace.Register, FD: 9, Inst: ep, Mask: in | et, A: 9})
		s.ev(5, trace.Event{Kind: trace.Register, Stream: 3, FD: 9, Inst: other, Mask: in | et, A: 9})
		s.enter(10)
		s.exit(20, 1)
		s.ready(20, 9, in, -1)
		begin := func() {
			s.ev(c.begins, trace.Event{Kind: trace.Wait, Stream: 3, Phase: trace.PhaseEnter, Inst: other, FD: -1, A: -1, B: -1})
		}
		if c.begins < 30 {
			begin()
		}
		s.accept(30, 9, 12, 0)
		if c.begins > 30 {
			begin()
		}
		s.ev(40, trace.Event{Kind: trace.Wait, Stream: 3, Phase: trace.PhaseExit, Inst: other, FD: -1, A: -1, B: -1, Mask: 1})
		s.ev(40, trace.Event{Kind: trace.Ready, Stream: 3, FD: 9, Inst: other, Mask: in, A: 9})
		s.ev(45, trace.Event{Kind: trace.Accept, Stream: 3, FD: 9, Errno: eAGAIN})
		s.ev(50, trace.Event{Kind: trace.Wait, Stream: 3, Phase: trace.PhaseEnter, Inst: other, FD: -1, A: -1, B: -1})
		wantClasses(t, s.fold(), map[Class]int64{ClassFresh: 1, c.want: 1})
	}
}

// TestZeroWaitsBesideOthers: a thread that looks with a timeout of 0 while others wait on the same instance is a scheduler that
// looks for something to do; the same of a thread that is alone is told as it always was.
func TestZeroWaitsBesideOthers(t *testing.T) {
	for _, others := range []bool{false, true} {
		s := new(script).epoll()
		if others {
			s.ev(2, trace.Event{Kind: trace.Thread, Stream: 3, A: 100, B: 102, Mask: trace.RoleWorker})
			s.ev(3, trace.Event{Kind: trace.Wait, Stream: 3, Phase: trace.PhaseEnter, Inst: ep, FD: -1, A: -1, B: -1})
		}
		for i := int64(0); i < 20; i++ {
			s.ev(100+10*i, trace.Event{Kind: trace.Wait, Inst: ep, FD: -1, Dur: 1 * us, Aux: 64 << 8})
		}
		n, call := int64(0), ""
		for _, lp := range s.fold().Loops {
			if inc := lp.Incident(IncZeroWait); inc != nil {
				n, call = n+inc.N, inc.Call
			}
		}
		want := ""
		if others {
			want = OthersWait
		}
		if n != 20 || call != want {
			t.Errorf("others wait %v: %d zero waits, called %q", others, n, call)
		}
	}
}

// TestFullBatchByArrival: what found no room in a full array was ready before the next wait began. That wait may be long on a
// busy machine; who knows of arrivals knows it all the same.
func TestFullBatchByArrival(t *testing.T) {
	const slow = 9000 // µs that the next wait takes
	for _, c := range []struct {
		arrives int64 // of the second descriptor
		want    int64
	}{{20, 1}, {40 + slow/2, 0}} {
		s := new(script).epoll()
		s.conn(3, 7, in)
		s.conn(4, 8, in)
		s.arrive(10, 7, 0, 5)
		if c.arrives < 40 {
			s.arrive(c.arrives, 8, 0, 5)
		}
		s.ev(30, trace.Event{Kind: trace.Wait, Inst: ep, FD: -1, Dur: 1 * us, A: -1, B: -1, Mask: 1, Aux: 1 << 8})
		s.ready(30, 7, in, -1)
		s.read(31, 7, 10, 5, 0)
		s.ev(40, trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: ep, FD: -1, A: -1, B: -1, Aux: 1 << 8})
		if c.arrives > 40 {
			s.arrive(c.arrives, 8, 0, 5)
		}
		s.ev(40+slow, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ep, FD: -1, Dur: slow * us, A: -1, B: -1, Mask: 1, Aux: 1 << 8})
		s.ready(40+slow, 8, in, -1)
		s.read(41+slow, 8, 10, 5, 0)
		var left int64
		for _, l := range s.fold().Lanes {
			if l.Instance != nil {
				left += l.Instance.FullLeft
			}
		}
		eq(t, "full batches that left something", left, c.want)
	}
}

// TestSlowConnect: a client that needed long to connect was kept waiting by the backlog only where that may have been full.
func TestSlowConnect(t *testing.T) {
	for _, c := range []struct {
		name   string
		queued []int64
		want   bool
	}{{"never looked at", nil, true}, {"had room", []int64{1, 2}, false}, {"was full", []int64{1, 5}, true}} {
		s := new(script).epoll()
		s.open(3, 9, trace.TypeListener)
		for i, n := range c.queued {
			s.ev(10+int64(i), trace.Event{Kind: trace.Queue, Stream: 2, FD: 9, A: n, B: 5})
		}
		s.ev(2_000_000, trace.Event{Kind: trace.Step, Stream: 4, FD: -1, Aux: trace.StepConnect, Dur: 1_300_000 * us})
		if got := lane(t, s.fold(), 9).Incident(IncSlowConnect) != nil; got != c.want {
			t.Errorf("the queue %s: told %v, want %v", c.name, got, c.want)
		}
	}
}

// TestGlances: Go's netpoll leaves its eventfd unread when it only looks, because the thread that waits in earnest will read it. That
// is no wake-up that nobody drains; the same of a loop that is alone is.
func TestGlances(t *testing.T) {
	for _, others := range []bool{false, true} {
		s := new(script).epoll()
		s.open(3, 5, trace.TypeEventfd)
		s.ev(3, trace.Event{Kind: trace.Register, FD: 5, Inst: ep, Mask: in, A: 5})
		if others {
			s.ev(3, trace.Event{Kind: trace.Thread, Stream: 3, A: 100, B: 102, Mask: trace.RoleWorker})
			s.ev(4, trace.Event{Kind: trace.Wait, Stream: 3, Phase: trace.PhaseEnter, Inst: ep, FD: -1, A: -1, B: -1})
		}
		for i := int64(0); i < 20; i++ {
			s.ev(100+10*i, trace.Event{Kind: trace.Wait, Inst: ep, FD: -1, Dur: 1 * us, Mask: 1, Aux: 64 << 8})
			s.ready(100+10*i, 5, in, -1)
		}
		s.ev(400, trace.Event{Kind: trace.Wait, Inst: ep, FD: -1, Dur: 1 * us, Aux: 64 << 8})
		if told := lane(t, s.outside(), 5).Incident(IncUntouched) != nil; told == others {
			t.Errorf("others wait %v: told %v", others, told)
		}
	}
}

// TestLateLook: a look at a listener's queue that comes after what was accepted since does not bring it back.
func TestLateLook(t *testing.T) {
	for _, c := range []struct {
		at   int64
		left int64
	}{{15, 0}, {50, 3}} {
		s := new(script).epoll()
		s.open(3, 9, trace.TypeListener)
		s.ev(10, trace.Event{Kind: trace.Queue, Stream: 2, FD: 9, A: 1, B: 511})
		s.accept(30, 9, 12, 0)
		s.accept(35, 9, -1, eAGAIN)
		s.ev(c.at, trace.Event{Kind: trace.Queue, Stream: 2, Phase: trace.PhaseLate, FD: 9, A: 3, B: 511})
		eq(t, "connections that wait", lane(t, s.fold(), 9).Unread, c.left)
	}
}

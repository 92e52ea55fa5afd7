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

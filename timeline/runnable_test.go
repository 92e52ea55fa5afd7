package timeline

import (
	"testing"

	"evviz/trace"
)

// TestRunnable: a loop that could run and got no CPU is in a state of its own for so long, in a wait and at work, and goes on as it was.
func TestRunnable(t *testing.T) {
	s := new(script).epoll()
	s.enter(10_000)
	s.ev(20_000, trace.Event{Kind: trace.RunDelay, A: 3_000 * us})
	s.exit(20_100, 0)
	s.ev(30_000, trace.Event{Kind: trace.RunDelay, A: 4_000 * us})
	s.ev(31_000, trace.Event{Kind: trace.RunDelay, A: 500_000 * us}) // more than there was time: cut
	s.enter(40_000)
	s.exit(50_000, 0)
	sn := s.fold()
	w := sn.Window(10_000*us, 40_000*us)
	for state, want := range map[LoopState]int64{LoopWaiting: 7_100, LoopWorking: 5_900 + 9_000, LoopRunnable: 3_000 + 4_000 + 1_000} {
		if got := w.Time[state] / us; got != want {
			t.Errorf("%v: %d µs, want %d", state, got, want)
		}
	}
	if got := sn.Loops[0].Cells(26_000*us, 30_000*us, 4)[0].Top; got != LoopRunnable {
		t.Errorf("a cell shows %v", got)
	}
}

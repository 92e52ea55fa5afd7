package timeline

import (
	"testing"

	"evviz/trace"
)

// TestManyDelaysInOneTurn: a thread that was ready without a CPU several times since its last wait is drawn, each time.
func TestManyDelaysInOneTurn(t *testing.T) {
	s := new(script).loop()
	s.ev(10, trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, FD: -1, Inst: ep, A: -1})
	s.ev(20, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, FD: -1, Inst: ep, A: -1, B: 1})
	for i := range int64(12) {
		s.ev(30+10*i, trace.Event{Kind: trace.RunDelay, A: 2 * us})
		sn := s.fold()
		l := sn.Loops[0]
		runnable := int64(0)
		for _, c := range l.Cells(10*us, (31+10*i)*us, 500) {
			runnable += c.Dur[LoopRunnable]
		}
		if want := 2 * us * (i + 1); runnable != want {
			t.Fatalf("after %d delays of 2 µs it was ready for %d ns, want %d", i+1, runnable, want)
		}
	}
}

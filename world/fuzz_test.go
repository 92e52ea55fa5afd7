package world

import (
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// FuzzTracker: a restatement of anything, told to another tracker, is restated the same.
func FuzzTracker(f *testing.F) {
	f.Add(uint64(1), uint16(100))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16) {
		a := NewTracker()
		evs := traces.Random(int(n), seed)
		for i := range evs { // few descriptors and few streams, so that they meet
			e := &evs[i]
			e.Kind, e.FD, e.Stream, e.Inst, e.Errno, e.Phase = trace.Kind(e.Kind%trace.KindCount), e.FD&7, e.Stream&1, e.Inst&3, e.Errno&1, 0
			a.Add(e)
		}
		first := a.Restate(5)
		b := NewTracker()
		for i := range first {
			b.Add(&first[i])
		}
		second := b.Restate(5)
		if len(second) > len(first) {
			t.Fatalf("%d events became %d", len(first), len(second))
		}
	})
}

package timeline

import (
	"testing"

	"pgregory.net/rapid"

	"evviz/trace"
)

// TestClassesPartition: whatever comes, every report has one class, every bit of it one, every wakeup one headline, and the
// totals are the raw counts. A loop's time is split without a rest.
func TestClassesPartition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		evs := randomEvents(rt, rapid.IntRange(1, 400).Draw(rt, "n"))
		tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
		raw, bits := int64(0), [BitCount]int64{}
		for i := range evs {
			tl.Add(evs[i : i+1])
			if evs[i].Kind != trace.Ready {
				continue
			}
			raw++
			for b := range BitCount {
				if evs[i].Mask&bitMasks[b] != 0 {
					bits[b]++
				}
			}
		}
		s := tl.Snapshot(0)
		sum := func(of *[ClassCount]int64) (n int64) {
			for c, k := range of {
				if k < 0 {
					rt.Fatalf("class %v counted %d times", Class(c), k)
				}
				n += k
			}
			return n
		}
		if n := sum(&s.Stats.Class); n != raw || s.Stats.Reports != raw {
			rt.Fatalf("%d reports, %d counted, %d classified", raw, s.Stats.Reports, n)
		}
		for b := range BitCount {
			if n := sum(&s.Stats.BitClass[b]); n != bits[b] {
				rt.Fatalf("bit %v: %d reports, %d classified", b, bits[b], n)
			}
		}
		if n := sum(&s.Stats.WakeClass); n != s.Stats.Wakeups {
			rt.Fatalf("%d wakeups, %d classified", s.Stats.Wakeups, n)
		}
	})
}

// TestSplitAddsUp: the parts of a loop's time are the whole, and each is what was made of it.
func TestSplitAddsUp(t *testing.T) {
	tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
	const ms = int64(1_000_000)
	wait := func(from, to, asked int64, n uint32) {
		tl.Add([]trace.Event{{Kind: trace.Wait, Stream: 1, Time: to, Dur: to - from, A: asked, B: asked, Mask: n, Inst: 4, Aux: trace.CallEpollWait}})
	}
	ev := func(at int64, k trace.Kind, fd int32) {
		tl.Add([]trace.Event{{Kind: k, Stream: 1, Time: at, FD: fd, Inst: 4, Mask: bitIn, A: 16, B: 16}})
	}
	wait(0, 12*ms, 10*ms, 0)  // 10 waiting, 2 too long
	wait(15*ms, 20*ms, -1, 2) // 3 at work, 5 waiting
	ev(20*ms, trace.Ready, 7) // a batch of two
	ev(20*ms, trace.Ready, 8) //
	tl.Add([]trace.Event{{Kind: trace.Read, Stream: 1, Time: 21 * ms, FD: 7, A: 16, B: 8}})
	tl.Add([]trace.Event{{Kind: trace.RunDelay, Stream: 1, Time: 22 * ms, A: ms}})
	tl.Add([]trace.Event{{Kind: trace.Read, Stream: 1, Time: 26 * ms, FD: 8, A: 16, B: 8}})
	wait(30*ms, 31*ms, -1, 0) // 10 at work: 1 not running, 6 while the second waited, 3 the rest
	s := tl.Snapshot(31 * ms)
	want := Split{Waiting: 16 * ms, Overrun: 2 * ms, RunDelay: ms, Queueing: 6 * ms, Handler: 6 * ms}
	if got := s.Stats.Split; got != want {
		t.Errorf("split %+v, want %+v", got, want)
	}
	if got := s.Stats.Split.Total(); got != 31*ms {
		t.Errorf("parts add up to %d ms of 31", got/ms)
	}
}

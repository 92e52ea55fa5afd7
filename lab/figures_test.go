package lab

import (
	"testing"

	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// TestEveryFigureIsAnswered: each name that a story may use has somebody who counts it, of a run and of a descriptor.
func TestEveryFigureIsAnswered(t *testing.T) {
	tl := timeline.New(timeline.Options{Info: trace.Info{Kinds: trace.AllKinds()}})
	tl.Add([]trace.Event{
		{Time: 1, Seq: 1, Stream: 1, Kind: trace.Open, FD: 3, Aux: trace.TypeStream | trace.OriginAccept<<8},
		{Time: 2, Seq: 2, Stream: 1, Kind: trace.Open, FD: 4, Aux: trace.TypeListener},
	})
	f := newFigures(tl.Snapshot(3))
	for _, n := range scenarios.FigureNames {
		for _, prefix := range []string{"", "connection: ", "listener: "} {
			g, err := scenarios.ParseFigure(prefix + n.Name)
			if (err == nil) != (prefix == "" && n.Run || prefix != "" && n.Lane) {
				t.Errorf("%s%s: %v", prefix, n.Name, err)
			}
			if err != nil {
				continue
			}
			if _, unknown := f.value(&g); unknown == notAnswered {
				t.Errorf("%s%s: nobody counts it", prefix, n.Name)
			}
		}
	}
}

// TestDriftOfMissedPeriods: an expiration that stands for several periods, because the thread came late, is no drift of a timer
// that keeps its grid, wherever it stands; one that is armed anew from where it ended drifts.
func TestDriftOfMissedPeriods(t *testing.T) {
	const ms = 1_000_000
	for _, c := range []struct {
		due   []int64  // ms
		times []uint32 // periods that each stands for
		want  float64
	}{
		{[]int64{10, 20, 30, 40}, []uint32{1, 1, 1, 1}, 0},
		{[]int64{10, 30, 40}, []uint32{2, 1, 1}, 0},
		{[]int64{10, 20, 50}, []uint32{1, 3, 1}, 0},
		{[]int64{10, 20, 30}, []uint32{1, 1, 4}, 0},
		{[]int64{10, 23, 36}, []uint32{1, 1, 1}, 6},
	} {
		tl := timeline.New(timeline.Options{Info: trace.Info{Kinds: trace.AllKinds()}})
		evs := []trace.Event{{Time: 1, Seq: 1, Stream: 1, Kind: trace.TimerSet, Aux: 7, A: 10 * ms, B: 10 * ms}}
		for i, due := range c.due {
			evs = append(evs, trace.Event{Time: due*ms + 5, Seq: uint32(i + 2), Stream: 1, Kind: trace.TimerFire, Aux: 7, A: due * ms, B: 5, Mask: c.times[i]})
		}
		tl.Add(evs)
		g, err := scenarios.ParseFigure("drift_ms")
		if err != nil {
			t.Fatal(err)
		}
		if v, unknown := newFigures(tl.Snapshot(0)).value(&g); v != c.want || unknown != "" {
			t.Errorf("due at %v ms for %v periods: drift %v ms, want %v (%s)", c.due, c.times, v, c.want, unknown)
		}
	}
}

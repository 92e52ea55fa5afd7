package figures

import (
	"math"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestPanel: two seconds of a loop, of which the second has a read that leaves data behind.
func TestPanel(t *testing.T) {
	const ms = 1_000_000
	const in = 1
	s := folded(
		trace.Event{Time: 1000 * ms, Kind: trace.Thread, A: 1, B: 1, Mask: trace.RoleLoop},
		trace.Event{Time: 1000 * ms, Kind: trace.Open, FD: 4, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)},
		trace.Event{Time: 1000 * ms, Kind: trace.Register, Inst: 4, FD: 4, Mask: in | 1<<31, A: 4},
		trace.Event{Time: 1000 * ms, Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: 4, FD: -1, B: -1},
		trace.Event{Time: 1900 * ms, Stream: 2, Kind: trace.Arrive, FD: 4, Mask: in, B: 100 + 1},
		trace.Event{Time: 1900 * ms, Kind: trace.Wait, Phase: trace.PhaseExit, Inst: 4, FD: -1, B: -1, Mask: 1, Dur: 900 * ms},
		trace.Event{Time: 1900 * ms, Kind: trace.Ready, Inst: 4, FD: 4, Mask: in, A: 4},
		trace.Event{Time: 1990 * ms, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 4, A: 100, B: 100, Inst: 1},
		trace.Event{Time: 2000 * ms, Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: 4, FD: -1, B: -1},
		trace.Event{Time: 2100 * ms, Stream: 2, Kind: trace.Arrive, FD: 4, Mask: in, B: 100 + 1},
		trace.Event{Time: 2100 * ms, Kind: trace.Wait, Phase: trace.PhaseExit, Inst: 4, FD: -1, B: -1, Mask: 1, Dur: 100 * ms},
		trace.Event{Time: 2100 * ms, Kind: trace.Ready, Inst: 4, FD: 4, Mask: in, A: 4},
		trace.Event{Time: 2150 * ms, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 4, A: 50, B: 50},
		trace.Event{Time: 2200 * ms, Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: 4, FD: -1, B: -1},
		trace.Event{Time: 3000 * ms, Kind: trace.Wait, Phase: trace.PhaseExit, Inst: 4, FD: -1, B: -1, Dur: 800 * ms},
	)
	got := map[string]Gauge{}
	for _, g := range Panel(s, s.Loops[0], 1000*ms, 3000*ms, 2) {
		got[g.Name] = g
	}
	for name, want := range map[string]struct {
		v, a, b float64
		least   bool
	}{
		"wakeups_per_second": {1, 1, 1, false},
		"useful_share":       {1, math.NaN(), 1, false},
		"busy_share":         {0.1, 0.1, 0.1, false},
		"read_p50":           {90 * ms, 90 * ms, 900 * ms, false},
		"read_p99":           {900 * ms, 90 * ms, 900 * ms, true},
		"eagain_per_second":  {0, 0, 0, false},
		"oldest_unread":      {900 * ms, 0, 900 * ms, false},
	} {
		g := got[name]
		if near := func(a, b float64) bool { return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= b*0.02 }; !g.Known || g.AtLeast != want.least || !near(g.Value, want.v) || !near(g.Series[0], want.a) || !near(g.Series[1], want.b) {
			t.Errorf("%s: %+v, want %v", name, g, want)
		}
	}
	if len(got) != 7 || len(PanelNames()) != 7 {
		t.Errorf("%d gauges", len(got))
	}
	tl := timeline.New(timeline.Options{Info: trace.Info{}})
	for _, g := range Panel(tl.Snapshot(0), nil, 0, ms, 3) {
		if g.Known || g.Why == "" || len(g.Series) != 3 || !math.IsNaN(g.Series[1]) {
			t.Errorf("nothing is known: %+v", g)
		}
	}
}

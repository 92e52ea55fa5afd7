package figures

import (
	"regexp"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestTable: names are told apart, in one form, and say what they count.
func TestTable(t *testing.T) {
	form := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for i := range Table {
		f := &Table[i]
		if !form.MatchString(f.Name) || seen[f.Name] || seen[f.StoryName()] {
			t.Errorf("%q: not a name of its own", f.Name)
		}
		seen[f.Name], seen[f.StoryName()] = true, true
		if f.Doc == "" || f.Unit == "" || f.Run == nil && f.Lane == nil {
			t.Errorf("%s: it says %q, its unit is %q, and somebody must read it", f.Name, f.Doc, f.Unit)
		}
		if (f.Column != nil || f.Fault != "") && f.Run == nil {
			t.Errorf("%s: comparisons are of whole runs", f.Name)
		}
		if Find(f.Name) != f || FindStory(f.StoryName()) != f {
			t.Errorf("%s: not found by its name", f.Name)
		}
		run, lane := (Stories{}).Has(f.StoryName())
		if run != (f.Run != nil) || lane != (f.Lane != nil) {
			t.Errorf("%s: a story is told %v, %v", f.Name, run, lane)
		}
	}
	if Find("nothing") != nil || FindStory("latency_max") != nil {
		t.Error("found what there is not")
	}
}

// folded is a picture of events.
func folded(evs ...trace.Event) *timeline.Snapshot {
	tl := timeline.New(timeline.Options{Info: trace.Info{Kinds: trace.AllKinds(), Timed: true}})
	for i := range evs {
		evs[i].Seq, evs[i].Stream = uint32(i+1), max(evs[i].Stream, 1)
	}
	tl.Add(evs)
	return tl.Snapshot(0)
}

func want(t *testing.T, s *timeline.Snapshot, name string, v float64) {
	t.Helper()
	if got, unknown := Find(name).Run(s); got != v || unknown != "" {
		t.Errorf("%s: %v (%s), want %v", name, got, unknown, v)
	}
}

// TestUnknown: what a source cannot know is unknown and not 0; and every figure can be read of a run in which nothing happened.
func TestUnknown(t *testing.T) {
	s := folded(trace.Event{Time: 1, Kind: trace.Open, FD: 3, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)})
	for _, name := range []string{"rounds", "waits", "reports", "re_notifications", "enters", "latency_p50", "round_trip_p99", "messages", "drift", "fairness", "left"} {
		if v, unknown := Find(name).Run(s); unknown == "" {
			t.Errorf("%s: %v, want it to be unknown", name, v)
		}
	}
	for i := range Table {
		f := &Table[i]
		if f.Run != nil {
			f.Run(s)
		}
		if f.Lane != nil {
			f.Lane(s, s.Lanes[0])
		}
	}
}

// TestFacts: what only some sources tell is unknown of the others.
func TestFacts(t *testing.T) {
	tl := timeline.New(timeline.Options{Info: trace.Info{Timed: true, Kinds: trace.Kinds(trace.Read, trace.Open)}})
	tl.Add([]trace.Event{{Time: 1, Seq: 1, Stream: 1, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 4, A: 10, B: 10, Dur: 1}})
	known := tl.Snapshot(0)
	tl = timeline.New(timeline.Options{Info: trace.Info{Kinds: trace.Kinds(trace.Read, trace.Open)}})
	unknown := tl.Snapshot(0)
	for name, s := range map[string]*timeline.Snapshot{"most_at_once": known, "longest_read": unknown, "longest_gap": unknown} {
		if v, why := Find(name).Run(s); why == "" {
			t.Errorf("%s: %v, want it to be unknown", name, v)
		}
	}
	want(t, known, "longest_read", 1)
}

// TestCalls: what single calls came to, of the run and of each descriptor.
func TestCalls(t *testing.T) {
	const ms = 1_000_000
	s := folded(
		trace.Event{Time: 1 * ms, Kind: trace.Open, FD: 4, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)},
		trace.Event{Time: 1 * ms, Kind: trace.Open, FD: 5, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)},
		trace.Event{Time: 5 * ms, Dur: 3 * ms, Kind: trace.Wait, Phase: trace.PhaseComplete, Mask: 2, B: -1},
		trace.Event{Time: 6 * ms, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 4, A: 10, B: 10, Dur: ms / 2},
		trace.Event{Time: 7 * ms, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 4, A: 10, B: 3},
		trace.Event{Time: 8 * ms, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 4, A: 10, B: -1, Errno: 104},
		trace.Event{Time: 9 * ms, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 5, A: 10, B: -1, Errno: 11},
		trace.Event{Time: 12 * ms, Dur: 1 * ms, Kind: trace.Wait, Phase: trace.PhaseComplete, Mask: 1, B: -1},
		trace.Event{Time: 13 * ms, Kind: trace.Read, Phase: trace.PhaseComplete, FD: 5, A: 10, B: 1},
		trace.Event{Time: 40 * ms, Kind: trace.Write, Phase: trace.PhaseComplete, FD: 5, A: 1, B: -1, Errno: 32},
	)
	for name, v := range map[string]float64{"full_reads": 1, "short_reads": 2, "read_errors": 1, "write_errors": 1, "most_reads": 4, "longest_read": ms / 2, "longest_wait": 3 * ms,
		"longest_gap": 28 * ms} { // the run ends before the thread waits again
		want(t, s, name, v)
	}
	for name, v := range map[string]float64{"full_reads": 0, "short_reads": 1, "read_errors": 0, "write_errors": 1, "most_reads": 1} {
		if got, unknown := Find(name).Lane(s, s.Lanes[1]); got != v || unknown != "" {
			t.Errorf("connection: %s: %v (%s), want %v", name, got, unknown, v)
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
		f := FindStory("drift_ms")
		if v, unknown := f.Run(tl.Snapshot(0)); f.StoryValue(v) != c.want || unknown != "" {
			t.Errorf("due at %v ms for %v periods: drift %v ms, want %v (%s)", c.due, c.times, v, c.want, unknown)
		}
	}
}

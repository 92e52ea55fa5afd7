package timeline

import (
	"os"
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
	"evviz/world"
)

// TestOneFold: the timeline, which calls the world's verbs one by one, and a recording, which folds events as a whole, know the same after
// every event.
func TestOneFold(t *testing.T) {
	text := func(name string) []trace.Event {
		b, err := os.ReadFile("../world/testdata/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		evs, err := trace.ReadText(strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		return evs
	}
	few := func(seed uint64) []trace.Event { // numbers, streams and instances that meet
		evs := traces.Random(1500, seed)
		for i := range evs {
			e := &evs[i]
			e.Kind, e.FD, e.Stream, e.Inst, e.Errno, e.Gen = trace.Kind(e.Kind%trace.KindCount), e.FD&7, e.Stream&3, e.Inst&3, e.Errno&1, e.Gen&1
			if e.Phase %= 3; !trace.Specs[e.Kind].Phased {
				e.Phase = trace.PhaseComplete
			}
			e.Time, e.Dur, e.A, e.B = int64(i)*1000, 0, e.A&7, e.B&7
			if e.Kind == trace.Name {
				e.Mask, e.Gen = e.Mask%24, 0
			}
		}
		return evs
	}
	for name, evs := range map[string][]trace.Event{"prefork": text("prefork"), "fork": text("fork"), "session": traces.Session(100),
		"random 1": few(1), "random 2": few(2), "random 3": few(3)} {
		tl, tr := New(Options{}), world.NewTracker()
		for i := range evs {
			tl.Add(evs[i : i+1])
			tr.Add(&evs[i])
			if a, b := tl.who.Dump(), tr.World().Dump(); a != b {
				t.Errorf("%s: after event %d (%s)\nthe timeline knows\n%s\na recording knows\n%s", name, i, trace.AppendText(nil, &evs[i]), a, b)
				break
			}
		}
	}
}

package words

import (
	"strings"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestEveryKindHasALine: no kind of event is shown to a person in the raw form.
func TestEveryKindHasALine(t *testing.T) {
	s := timeline.New(timeline.Options{Info: trace.Info{Kinds: trace.AllKinds(), Timed: true}}).Snapshot(0)
	for k := trace.Kind(1); k < trace.KindCount; k++ {
		for _, aux := range []uint32{0, 1, 2} {
			for _, phase := range []trace.Phase{trace.PhaseComplete, trace.PhaseEnter, trace.PhaseExit} {
				e := trace.Event{Time: 1, Stream: 1, Kind: k, FD: 7, Aux: aux, Phase: phase}
				raw := string(trace.AppendText(nil, &e))
				if f := strings.SplitN(raw, " ", 3); len(f) == 3 {
					raw = f[2]
				}
				if what, note := EventLine(s, 0, &e); what == "" || what == raw || strings.Contains(what+note, "aux=") || strings.Contains(what, k.String()+" ") && k != trace.Kind(0) && strings.Contains(what, "=0x") {
					t.Errorf("%v, %d, phase %v: %q, %q", k, aux, phase, what, note)
				}
			}
		}
	}
}

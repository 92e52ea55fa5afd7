package diagnostics

import (
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestStepInWords: a client's step is a sentence, not a list of fields.
func TestStepInWords(t *testing.T) {
	s := timeline.New(timeline.Options{}).Snapshot(0)
	for _, c := range []struct {
		e    trace.Event
		want string
	}{
		{trace.Event{Kind: trace.Step, Aux: 2<<8 | 3, A: 48, B: 48, Dur: 3_100_000}, "Client 2, step receive: 48 bytes of 48 bytes; it took 3.1 ms."},
		{trace.Event{Kind: trace.Step, Aux: 7<<8 | 1}, "Client 7, step connect."},
		{trace.Event{Kind: trace.Step, Aux: 7<<8 | 2, A: 10, B: -1, Errno: 32}, "Client 7, step send failed with EPIPE."},
		{trace.Event{Kind: trace.Step, Aux: 7<<8 | 2, A: 10, Phase: trace.PhaseEnter}, "Client 7 begins a step: send, 10 bytes."},
	} {
		if got := (&eventWords{s: s, e: &c.e}).say(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

package lab

import (
	"testing"

	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// TestAnswer: the number is the run's, and a guess is held against it as it is shown.
func TestAnswer(t *testing.T) {
	tl := timeline.New(timeline.Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
	for i := range 1199 {
		tl.Add([]trace.Event{{Kind: trace.Bookmark, Time: int64(i + 1)}})
	}
	s := tl.Snapshot(2000)
	q := &scenarios.Question{Ask: "How many?", Says: "{n} marks.", Figure: scenarios.Figure{Kind: trace.Bookmark}}
	for guess, want := range map[string]string{"": "1,199 marks.", "1199": "1,199 marks. You said 1199: right.", "3": "1,199 marks. You said 3.", "x": "1,199 marks."} {
		if got := Answer(q, s, guess); got != want {
			t.Errorf("%q: %q, want %q", guess, got, want)
		}
	}
	q.Figure = scenarios.Figure{Place: scenarios.Connection, Name: "reads"}
	if got := Answer(q, s, "1"); got != "the number is not known here: there was no connection" {
		t.Errorf("%q", got)
	}
}

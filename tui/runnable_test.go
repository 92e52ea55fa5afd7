package tui

import (
	"strings"
	"testing"

	"evviz/trace"
)

// TestRunnableRow: a loop that could run and got no CPU shows it in its row, and the legend says what the letter is where it can occur.
func TestRunnableRow(t *testing.T) {
	const ms = 1_000_000
	t.Setenv("NO_COLOR", "1") // where it is a letter
	evs := []trace.Event{
		{Time: 1 * ms, Kind: trace.Thread, A: 100, B: 100, Mask: trace.RoleLoop},
		{Time: 2 * ms, Kind: trace.Wait, Phase: trace.PhaseEnter, FD: -1, A: -1, B: -1},
		{Time: 900 * ms, Kind: trace.RunDelay, A: 600 * ms},
		{Time: 901 * ms, Kind: trace.Wait, Phase: trace.PhaseExit, FD: -1, A: -1, B: -1, Mask: 1},
		{Time: 1000 * ms, Kind: trace.Wait, Phase: trace.PhaseEnter, FD: -1, A: -1, B: -1},
	}
	for i := range evs {
		evs[i].Seq, evs[i].Stream = uint32(i+1), 1
	}
	for _, kinds := range []trace.KindSet{trace.AllKinds(), trace.AllKinds() &^ trace.Kinds(trace.RunDelay)} {
		known := kinds.Has(trace.RunDelay)
		of := evs
		if !known {
			of = append(evs[:2:2], evs[3:]...)
		}
		text := draw(t, Options{Feed: madeFeed(trace.Info{Title: "x", Timed: true, Kinds: kinds}, of), Symbols: "block", Span: 1e9}, 240, 44, 1<<24).Text()
		row := ""
		for _, l := range strings.Split(text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(l), "loop ") {
				row = l
			}
		}
		if n := strings.Count(row, "R"); known != (n > 30) {
			t.Errorf("known: %v, %d cells of it in\n%s", known, n, text)
		}
		if strings.Contains(text, "ready to run, no CPU") != known {
			t.Errorf("known: %v, and the legend is\n%s", known, text)
		}
	}
}

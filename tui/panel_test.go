package tui

import (
	"testing"

	"evviz/timeline"
)

// TestAPanelIsAsNewAsItsFrame: the numbers may be a quarter of a second old for who reads them. In slow motion that is less time of the trace, and where
// time stands they are those of the frame.
func TestAPanelIsAsNewAsItsFrame(t *testing.T) {
	const begin, ms = int64(1e9), int64(1e6)
	at := func(now int64) *timeline.Snapshot { return &timeline.Snapshot{First: begin, Begin: begin, Now: now} }
	for _, c := range []struct {
		name  string
		every int64
		age   int64
		fresh bool
	}{
		{"at full speed", findEvery, 100 * ms, true},
		{"at full speed, later", findEvery, 250 * ms, false},
		{"in slow motion", ms, ms / 2, true},
		{"in slow motion, later", ms, 2 * ms, false},
		{"stopped", 0, 1, false},
	} {
		was := at(begin + 1000*ms)
		b := &panel{snap: was, t0: was.Now - 500*ms, t1: was.Now}
		now := at(was.Now + c.age)
		sc := &scene{frame: &frame{snap: now, live: true, t0: now.Now - 500*ms, t1: now.Now}, replay: replay{every: c.every}}
		if got := b.fresh(sc, 0); got != c.fresh {
			t.Errorf("%s: numbers that are %d ns old are good: %v", c.name, c.age, got)
		}
	}
}

package picture

import (
	"math/bits"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"evviz/timeline"
	"evviz/trace"
)

// TestLegend: every entry has a glyph of the set, and words that get shorter.
func TestLegend(t *testing.T) {
	for _, name := range []string{"block", "braille", "ascii"} {
		y, _ := SymbolsNamed(name)
		all := y.AppendLegend(nil, UsedAll)
		if len(all) != bits.OnesCount64(uint64(UsedAll)) {
			t.Fatalf("%s: %d entries of %d", name, len(all), bits.OnesCount64(uint64(UsedAll)))
		}
		for _, e := range all {
			for i, w := range e.Words {
				if w == "" || i > 0 && len(w) >= len(e.Words[i-1]) {
					t.Errorf("%s: %q: the longest text is the first", name, e.Words)
				}
			}
			if e.Rune == 0 || name == "ascii" && e.Rune > 0x7e {
				t.Errorf("%s: %q for %s", name, e.Rune, e.Words[0])
			}
		}
	}
}

// TestLegendIsWhatIsShown: the legend of a row has what is in it, and nothing else.
func TestLegendIsWhatIsShown(t *testing.T) {
	w := window(4, AllColours)
	edge := timeline.Cell{Trigger: trace.TriggerEdge}
	read := waits(0, 1)
	read.Top, read.Counts[timeline.MarkRead] = timeline.MarkRead, 1
	work, sleep := lasting(map[timeline.LoopState]int64{timeline.LoopWorking: 1e9}), lasting(map[timeline.LoopState]int64{timeline.LoopAsleep: 1e9})
	both := lasting(map[timeline.LoopState]int64{timeline.LoopWorking: 5e8, timeline.LoopRunnable: 25e7})
	for _, c := range []struct {
		name string
		row  []Cell
		want Used
	}{
		{"nothing", w.Lane(nil, &timeline.Lane{}, make([]timeline.Cell, 4)), 0},
		{"edge-triggered, and a read on a bar", w.Lane(nil, &timeline.Lane{}, []timeline.Cell{read, edge, {}, {}}), usedFresh | usedRead | usedEdge},
		{"a bar that goes on", w.Lane(nil, &timeline.Lane{Pending: true}, []timeline.Cell{{}, {}, waits(2, OldAfter), waits(3, StaleAfter)}), usedOld | usedStale | usedGoesOn},
		{"too short to paint", w.Lane(nil, &timeline.Lane{}, []timeline.Cell{waited(0, 0.01, 1), {}, {}, {}}), usedFresh | usedDot},
		{"dropped", w.Lane(nil, &timeline.Lane{}, []timeline.Cell{{Lost: true}, {}, {}, {}}), usedDropped},
		{"an amount explains itself", w.Lane(nil, &timeline.Lane{}, nil), 0},
		{"a loop", w.Loop(nil, []timeline.LoopCell{work, sleep, both, {}}), usedWorking | usedAsleep | usedReady},
	} {
		if got := w.Uses(c.row); got != c.want {
			t.Errorf("%s: %b, want %b", c.name, got, c.want)
		}
	}
	bar := make([]timeline.Cell, 20)
	for i := range bar {
		bar[i] = waits(i, StaleAfter)
		bar[i].Since, bar[i].Level = at(0), 5000
	}
	if got := window(20, AllColours).Uses(window(20, AllColours).Lane(nil, &timeline.Lane{}, bar)); got != usedStale {
		t.Errorf("an amount is no glyph: %b", got)
	}
}

// TestEveryGlyphIsInTheLegend: whatever a row shows, the legend of the row has an entry with that glyph, or one that fills cells in that role.
func TestEveryGlyphIsInTheLegend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawTrace(t)
		s, w := b.snapshot(), b.drawWindow(t)
		w.Colours = rapid.SampledFrom([]Colours{NoColours, FewColours, AllColours}).Draw(t, "colours")
		rows := [][]Cell{w.Lane(nil, s.Lanes[0], s.Lanes[0].Cells(w.T0, w.T1, w.Cells)), w.Loop(nil, s.Loops[0].Cells(w.T0, w.T1, w.Cells))}
		for _, row := range rows {
			entries := w.Symbols.AppendLegend(nil, w.Uses(row))
			for i, c := range row {
				if c.Rune == 0 || c.Text {
					continue
				}
				role := Role(c.Ink % Ink(RoleCount))
				if !slices.ContainsFunc(entries, func(e Entry) bool {
					return !e.Filled && e.Rune == c.Rune || e.Filled && (e.Role == role || c.Ink >= 3*Ink(RoleCount) && e.Role == RoleReady)
				}) {
					t.Fatalf("cell %d shows %q as %v, and nothing explains it", i, c.Rune, role)
				}
			}
		}
	})
}

// TestGlyphs: what stands for different things that the legend explains differs, in each set.
func TestGlyphs(t *testing.T) {
	for _, name := range []string{"block", "braille", "ascii"} {
		y, ok := SymbolsNamed(name)
		if !ok {
			t.Fatalf("there is no set %s", name)
		}
		seen := map[rune]string{}
		for _, e := range y.AppendLegend(nil, UsedAll) {
			if other := seen[e.Rune]; other != "" && !e.Filled {
				t.Errorf("%s: %q is %s and %s", name, e.Rune, other, e.Words[0])
			}
			if !e.Filled {
				seen[e.Rune] = e.Words[0]
			}
		}
	}
	if _, ok := SymbolsNamed("auto"); ok {
		t.Error("auto is no set: what it means depends on the terminal")
	}
}

// TestRoles: every role has a name, and inks are told apart and have a number below InkCount.
func TestRoles(t *testing.T) {
	names, seen := map[string]bool{}, map[Ink]bool{}
	for r := range RoleCount {
		if s := r.String(); s == "" || strings.Contains(s, "?") || names[s] {
			t.Errorf("role %d is called %q", r, s)
		} else {
			names[s] = true
		}
		for _, k := range []Ink{r.Ink(), r.On(), r.Part(), r.Over(), r.Beside()} {
			if seen[k] || k >= InkCount {
				t.Errorf("%v: ink %d is another one's, or too great", r, k)
			}
			seen[k] = true
		}
	}
	if len(seen) != int(InkCount) {
		t.Errorf("%d inks, InkCount is %d", len(seen), InkCount)
	}
}

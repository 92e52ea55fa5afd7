package picture

import (
	"slices"
	"strings"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestLegend: the legend explains what rows draw, with the glyphs and roles that rows have, and nothing that cannot occur.
func TestLegend(t *testing.T) {
	for _, name := range []string{"block", "ascii"} {
		y, _ := SymbolsNamed(name)
		find := func(list []Entry, words string) *Entry {
			i := slices.IndexFunc(list, func(e Entry) bool { return e.Words[0] == words })
			if i < 0 {
				t.Fatalf("%s: nothing says %q", name, words)
			}
			return &list[i]
		}
		bars := y.AppendBars(nil)
		for i, e := range bars[:3] {
			if f := FillFresh + Fill(i); e.Role != f.Role() || e.Rune != y.Spark[y.Steps()] || !e.Filled {
				t.Errorf("%s: fill %d is %+v", name, f, e)
			}
		}
		states := y.AppendStates(nil, trace.AllKinds())
		if e := find(states, "ready, no CPU"); e.Rune != 'R' || e.Role != RoleReady || !e.Filled {
			t.Errorf("%s: %+v", name, e)
		}
		if n := len(y.AppendStates(nil, trace.AllKinds()&^trace.Kinds(trace.RunDelay))); n != len(states)-1 {
			t.Errorf("%s: %d states without RunDelay, %d with it", name, n, len(states))
		}
		ready, uring := y.AppendMarks(nil, trace.DriverEpoll), y.AppendMarks(nil, trace.DriverURing)
		for _, e := range []*Entry{find(ready, "EAGAIN"), find(ready, "read"), find(uring, "received")} {
			if e.Rune == 0 || e.Filled {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if e := find(ready, "EAGAIN"); e.Rune != y.Glyph(timeline.MarkReadAgain) || e.Role != RoleEagain {
			t.Errorf("%s: %+v", name, e)
		}
		for _, e := range uring {
			if e.Words[0] == "EAGAIN" || e.Words[0] == "told again" || e.Words[0] == "read" {
				t.Errorf("%s: io_uring has no %s", name, e.Words[0])
			}
		}
		for _, e := range slices.Concat(bars, states, ready, uring) {
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

// TestGlyphs: what stands for different things that the legend explains differs, in each set.
func TestGlyphs(t *testing.T) {
	for _, name := range []string{"block", "braille", "ascii"} {
		y, ok := SymbolsNamed(name)
		if !ok {
			t.Fatalf("there is no set %s", name)
		}
		seen := map[rune]string{}
		for _, e := range y.AppendMarks(nil, trace.DriverEpoll) {
			if other := seen[e.Rune]; other != "" {
				t.Errorf("%s: %q is %s and %s", name, e.Rune, other, e.Words[0])
			}
			seen[e.Rune] = e.Words[0]
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

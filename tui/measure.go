package tui

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"evviz/diagnostics"
	"evviz/figures"
	"evviz/timeline"
	"evviz/words"
)

// Two cursors measure: v sets one, moves on with the arrows, v again holds it and sets the other, v once more takes both
// away. While both are set the narration says what lies between them.

// measuredSpan is how long it is from one moment to another, in words.
func measuredSpan(s *timeline.Snapshot, one, other int64) string {
	if !s.Info.Timed {
		return "a part"
	}
	return words.Duration(max(one, other) - min(one, other))
}

// measured says what lies between two cursors.
func measured(s *timeline.Snapshot, one, other int64) string {
	a, b := min(one, other), max(one, other)
	parts := []string{fmt.Sprintf("%s from %s s to %s s", words.Duration(b-a), seconds(a-s.First, 6), seconds(b-s.First, 6))}
	if !s.Info.Timed {
		parts[0] = "between the two cursors"
	}
	w, some := s.Window(a, b), a < s.Begin || b > s.Now // only some of it is known here
	if some {
		parts[0] += ", as far as it is read here"
	}
	io := w.Sockets()
	for _, c := range []struct {
		n    int64
		word string
	}{{w.Wakeups, "wakeup"}, {w.Reports, "report"}, {w.Rounds, "round"}, {w.Accepts, "accept"}, {io.Reads, "read"}, {io.Writes, "write"}} {
		if c.n > 0 {
			parts = append(parts, words.Count(c.n, c.word))
		}
	}
	if n := io.ReadAgain + io.WriteAgain + w.AcceptAgain; n > 0 {
		parts = append(parts, words.Number(n)+" EAGAIN")
	}
	if io.BytesIn > 0 {
		parts = append(parts, words.Bytes(io.BytesIn)+" in")
	}
	parts = append(parts, words.OtherIO(&w)...)
	if len(parts) == 1 && !some {
		parts = append(parts, "nothing was done in between")
	}
	return strings.Join(parts, ", ")
}

// explainMeasured opens the page about what lies between the two cursors: what was done, the numbers of the panel for that span with what each says, and
// the findings that were true in it.
func (g *pages) explainMeasured() {
	sc := g.scene
	a, b := min(sc.anchor, sc.cursor), max(sc.anchor, sc.cursor)
	p := words.Page{Title: "Between the two cursors"}
	p.Parts = append(p.Parts, words.Part{Head: "What happened", Text: clean(measured(sc.snap, a, b))})
	var lines []string
	for _, v := range figures.Panel(sc.snap, nil, a, b, 1) {
		value := gaugeValue(&v)
		if !v.Known && v.Why != "" {
			value = "unknown: " + v.Why
		}
		lines = append(lines, fmt.Sprintf("%s: %s (%s)", v.Title, value, v.Doc))
	}
	p.Parts = append(p.Parts, words.Part{Head: "Numbers", Text: strings.Join(lines, "\n")})
	lines = nil
	for _, x := range sc.found {
		if x.First <= b && (x.Last >= a || x.StageAt(sc.snap, a) == diagnostics.Now) {
			lines = append(lines, x.Rule.ID+" "+x.Rule.Name+": "+clean(x.Sentence))
		}
	}
	if lines == nil {
		lines = []string{"None is about this span."}
	}
	p.Parts = append(p.Parts, words.Part{Head: "Findings", Text: strings.Join(lines, "\n")})
	g.words(p)
}

// drawCursors draws the picked moment, and what is measured, as lines through the lanes.
func drawCursors(sc *scene, p pane, from int) {
	for i, at := range []int64{sc.anchor, sc.cursor} {
		if at == 0 || at < sc.t0 || at >= sc.t1 {
			continue
		}
		x := sc.gutter() + sc.column(at)
		for y := from; y < p.h; y++ {
			text, st, _ := p.s.Get(p.x+x, p.y+y)
			r, _ := utf8.DecodeRuneInString(text)
			if r == ' ' || r == sc.sym.Wait || r == sc.sym.Edge || r == sc.sym.Once {
				_, bg, _ := st.Decompose()
				line := sc.sym.Cursor
				if i == 0 && sc.cursor != 0 {
					line = sc.sym.Anchor
				}
				p.set(x, y, line, sc.theme.cursor.Background(bg))
				continue
			}
			p.set(x, y, r, st.Reverse(true))
		}
	}
}

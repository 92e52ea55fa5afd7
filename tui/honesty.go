package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// drawHonesty is the line that says how far the picture can be believed: what was lost, what evviz itself costs, what was
// observed and what only inferred, what this source cannot tell, and how far back everything is kept. What is not known is
// left out; it is never 0.
//
//	lost 0 · evviz 2.1 % of a core · arrivals observed · told again: by the lab · in full since 12.0 s
func drawHonesty(sc *scene, p pane) {
	t := &sc.theme
	x := 1
	put := func(s string, st tcell.Style) {
		if s == "" {
			return
		}
		sep := 0
		if x > 1 {
			sep = 3
		}
		if x+sep+len([]rune(s)) > p.w {
			return
		}
		if sep > 0 {
			x = p.put(x, 0, " "+string(sc.sym.Dot)+" ", t.dim)
		}
		x = p.put(x, 0, s, st)
	}
	lost, st := fmt.Sprintf("lost %s", words.Number(sc.snap.Stats.Lost)), t.dim
	if sc.snap.Stats.Lost > 0 {
		st = t.warn
	}
	put(lost, st)
	if sc.session.costs {
		put(fmt.Sprintf("evviz itself %.1f %% of a core", sc.session.cores*100), t.dim)
	}
	for _, s := range known(sc.frame) {
		put(s, t.dim)
	}
	put(heldSince(sc.snap), t.dim)
	if sc.coarse != nil {
		put("shades: from the file's own summaries", t.dim)
	}
	if sc.snap.Short {
		put("too much to read at once: the rest is shades; zoom in", t.dim)
	}
	if k := sc.snap.Stats.Late; k > 0 {
		put(words.Number(k)+" came late", t.dim)
	}
	for _, m := range sc.snap.Info.Missing {
		put("no "+text(m.What)+": "+text(m.Why), t.dim)
	}
}

// known says of the two facts that everything hangs on, the moment of arrival and being told again, where they come from.
func known(f *frame) (out []string) {
	facts, st := f.snap.Info.Facts(), &f.snap.Stats
	switch {
	case f.snap.Info.Kinds.Has(trace.InCall) && !f.snap.Info.Kinds.Has(trace.Wait):
		return []string{"looked at now and then: what happens between two looks is not seen"}
	case !facts.Has(trace.KnowsArrivals):
		out = append(out, "arrivals unknown: bars begin at the report")
	case st.Arrivals > 0:
		out = append(out, "arrivals observed")
	}
	switch {
	case !st.RenotifyKnown:
	case st.RenotifyInferred:
		out = append(out, "told again: inferred")
	default:
		out = append(out, "told again: from the source")
	}
	return out
}

// heldSince says from when on the picture is exact, when that is not from the beginning.
func heldSince(s *timeline.Snapshot) string {
	var parts []string
	if s.Begin > s.First {
		parts = append(parts, "counts begin at "+seconds(s.Begin-s.First, 3)+" s")
	}
	if s.Held > s.Begin {
		parts = append(parts, "in full since "+seconds(s.Held-s.First, 3)+" s, coarser before")
	}
	return strings.Join(parts, ", ")
}

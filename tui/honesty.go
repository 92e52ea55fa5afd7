package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// drawHonesty is the line that says how far the picture can be believed: what was dropped, what evviz itself costs, what was
// observed and what only inferred, what this source cannot tell, and how far back everything is kept. What is not known is
// left out; it is never 0.
//
//	dropped 0 · evviz 2.1 % of a core · arrivals measured · repeats exact · full detail since 12.0 s
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
	dropped, st := fmt.Sprintf("dropped %s", words.Number(sc.snap.Stats.Lost)), t.dim
	if sc.snap.Stats.Lost > 0 {
		st = t.warn
	}
	put(dropped, st)
	if sc.session.costs {
		put(fmt.Sprintf("evviz itself %.1f %% of a core", sc.session.cores*100), t.dim)
	}
	for _, s := range known(sc.frame) {
		put(s, t.dim)
	}
	put(heldSince(sc.snap), t.dim)
	if sc.coarse != nil {
		put("overview from the index; zoom in for detail", t.dim)
	}
	if sc.snap.Short {
		put("too many events to read at once; zoom in for detail", t.dim)
	}
	if k := sc.snap.Stats.Late; k > 0 {
		put(words.Number(k)+" reordered", t.dim)
	}
	for _, m := range sc.snap.Info.Missing {
		if m.What == "how long calls took" {
			continue // known says it
		}
		put("unknown: "+text(m.What)+" ("+text(m.Why)+")", t.dim)
	}
}

// known says of the two facts that everything hangs on, the moment of arrival and repeated notifications, where they come from.
func known(f *frame) (out []string) {
	facts, st := f.snap.Info.Facts(), &f.snap.Stats
	switch {
	case f.snap.Info.Kinds.Has(trace.InCall) && !f.snap.Info.Kinds.Has(trace.Wait):
		return []string{"looked at now and then: nothing is known of what happens between two looks"}
	case !facts.Has(trace.KnowsArrivals):
		out = append(out, "arrivals unknown: bars begin at the event")
	case st.Arrivals > 0:
		out = append(out, "arrivals measured")
	}
	if f.snap.Info.Timed && !lasting(f.snap) {
		out = append(out, "waits are drawn up to the next line")
	}
	switch {
	case !st.RenotifyKnown:
	case st.RenotifyInferred:
		out = append(out, "repeats inferred")
	default:
		out = append(out, "repeats exact")
	}
	return out
}

// lasting reports whether the source tells how long calls took.
func lasting(s *timeline.Snapshot) bool { return s.Info.Facts().Has(trace.KnowsDurations) }

// heldSince says from when on the picture is exact, when that is not from the beginning.
func heldSince(s *timeline.Snapshot) string {
	var parts []string
	if s.Begin > s.First {
		parts = append(parts, "counts since "+seconds(s.Begin-s.First, 3)+" s")
	}
	if s.Held > s.Begin {
		parts = append(parts, "full detail since "+seconds(s.Held-s.First, 3)+" s")
	}
	return strings.Join(parts, ", ")
}

package tui

import (
	"slices"

	"evviz/diagnostics"
	"evviz/timeline"
)

// narration says in words what happens in the window, the most important first: a critical finding that is true now. A message of the moment takes its place for a few seconds.
type narration struct{ said narrated }

func (n *narration) draw(sc *scene, p pane) {
	if s, bad := sc.session.message, sc.session.bad; s != "" {
		st := sc.theme.message
		if bad {
			st = sc.theme.warn
		}
		p.put(0, 0, " "+sc.fits(s, p.w-2)+" ", st)
		return
	}
	if sc.anchor != 0 && sc.cursor != 0 {
		p.put(1, 0, sc.fits(clean(measured(sc.snap, sc.anchor, sc.cursor)), p.w-2), sc.theme.bold)
		return
	}
	if s := sc.session.notes; s != "" {
		st := sc.theme.dim
		if sc.session.alarm {
			st = sc.theme.warn
		}
		p.put(0, 0, " "+sc.fits(clean(s), p.w-2)+" ", st)
		return
	}
	t0, t1 := sc.seen()
	if sc.coarse.drawn(t0) && sc.coarse.drawn(t1-1) && (t1 <= sc.snap.Begin || t0 >= sc.snap.Now) {
		p.put(1, 0, sc.fits("overview from the index: what the recording has here is not read yet; Space plays it", p.w-2), sc.theme.bold)
		return
	}
	h := diagnostics.Hint{}
	if sc.session.inLab && (sc.half == nil || sc.half.focus) {
		h.Trigger = "t"
	}
	lead := ""
	if sc.coarse != nil && (sc.t0 < sc.snap.Begin || sc.frozen != nil) { // the rest of the window is shades
		lead = "in what is held: "
	}
	clauses, found := n.words(sc, t0, t1, h), headline(sc)
	where := ""
	if n.said.effect != "" { // it says what is critical in numbers
		at := 0
		if n.said.stuck {
			at = 1
		}
		clauses, found = slices.Insert(slices.Clone(clauses), at, n.said.effect), nil
	}
	if found != nil {
		where = "(" + found.Rule.ID + ", n Enter)"
		if s := found.Headline(); s != "" && !sc.past() {
			clauses = append([]string{s}, clauses...)
		}
	}
	room := p.w - 2
	if where != "" && p.w >= 60 {
		room -= len(where) + 2
	}
	x := p.put(1, 0, sc.fits(lead+clean(diagnostics.Sentence(clauses, room-len(lead))), room), sc.theme.bold)
	if where != "" && x+2+len(where) <= p.w {
		p.put(x+2, 0, where, sc.theme.dim)
	}
}

// headline is the critical finding that is true at the edge, which is said before anything else; nil when there is none.
func headline(sc *scene) *diagnostics.Finding {
	if len(sc.problems) == 0 || sc.coarse != nil {
		return nil
	}
	if p := sc.problems[0]; p.Stage == diagnostics.Now && p.Severity == diagnostics.Critical {
		return p.Findings[0]
	}
	return nil
}

// narrated is what was said last, and of what.
type narrated struct {
	snap    *timeline.Snapshot
	t0      int64
	w       int
	presses uint64
	words   []string
	effect  string // of a live switch
	stuck   bool   // the first words are about a loop that is blocked in a call
}

// upTo is the end of a window, with what happened at the present moment where it ends there.
func upTo(s *timeline.Snapshot, t1 int64) int64 {
	if t1 == s.Now {
		t1++
	}
	return t1
}

// words say what happens in the window. While time goes on in one window the words are good for a moment (findEvery):
// nobody can read faster, and they cost as much as the rest of the frame.
func (x *narration) words(sc *scene, t0, t1 int64, h diagnostics.Hint) []string {
	n := &x.said
	fresh := n.snap == sc.snap || n.snap != nil && sc.live && n.snap.Begin == sc.snap.Begin && sc.snap.Now >= n.snap.Now && sc.snap.Now-n.snap.Now < sc.replay.every
	if !fresh || n.t0 != t0 || n.w != sc.w || n.presses != sc.presses || sc.half != nil {
		*n = narrated{sc.snap, t0, sc.w, sc.presses, diagnostics.Narrate(sc.snap, t0, upTo(sc.snap, t1), h), diagnostics.Effect(sc.snap, sc.edge()), diagnostics.Stuck(sc.snap, upTo(sc.snap, t1))}
	}
	return n.words
}

package tui

import (
	"evviz/diagnostics"
	"evviz/timeline"
)

// wideEnough is from how many columns on the findings are listed beside the events.
const wideEnough = 90

// lowerPanes are what stands below the lanes: the findings and the events, or, when there is no room for both, the events.
type lowerPanes struct {
	findings *findings
	events   *events
	memo     *memo

	of   string // which source the panes were drawn of last, and from when on that knew anything
	from int64
}

func (b *lowerPanes) draw(sc *scene, p pane) {
	if sc.cursor == 0 && b.memo.keepRegion(sc, p, b.key(sc)) {
		return
	}
	if sc.w < wideEnough {
		if b.narrowFindings(sc) {
			b.findings.draw(sc, p)
			p.right(0, " Events (Tab) ", sc.theme.dim)
			return
		}
		b.events.draw(sc, p)
		if len(sc.problems) > 0 {
			p.right(0, " "+findingsTitle(sc)+" (Tab) ", sc.theme.dim)
		}
		return
	}
	left := p
	left.w = p.w*2/5 - 1
	b.findings.draw(sc, left)
	right := p
	right.x, right.w = p.x+left.w+1, p.w-left.w-1
	p.set(left.w, 0, sc.sym.Line, sc.theme.dim)
	for y := 1; y < p.h; y++ {
		p.set(left.w, y, sc.sym.Corner, sc.theme.dim)
	}
	b.events.draw(sc, right)
}

// narrowFindings reports whether a screen that has no room for both shows the findings: when they have the focus, or one is selected.
func (b *lowerPanes) narrowFindings(sc *scene) bool {
	return sc.w < wideEnough && (sc.pane == paneFindings || sc.chosen() != nil && sc.pane != paneEvents)
}

// lowerKey is what the panes depend on.
type lowerKey struct {
	snap  *timeline.Snapshot // only where events may be missing below the newest
	here  int64
	found *diagnostics.Finding
	finds int
	now   int // problems
	loops int // which labels they have

	picked findingKey // whose evidence is marked
}

func (b *lowerPanes) key(sc *scene) lowerKey {
	k := lowerKey{here: sc.eventAt(sc.cursor, sc.event), finds: len(sc.found), loops: sc.loops.version, picked: sc.finding}
	if len(sc.found) > 0 {
		k.found = sc.found[0]
	}
	for _, p := range sc.problems {
		if p.Stage == diagnostics.Now {
			k.now++
		}
	}
	if len(sc.problems) == 0 { // how much has been looked at is said
		k.snap = sc.snap
	}
	if sc.snap.Info.Origin != b.of || sc.snap.Begin != b.from { // another timeline counts its events anew
		b.of, b.from = sc.snap.Info.Origin, sc.snap.Begin
		k.snap = sc.snap
	}
	return k
}

// click selects the finding or the event under the mouse, from the panes' corner.
func (b *lowerPanes) click(sc *scene, x, y, w int) {
	row := y - 1
	if sc.w >= wideEnough && x < w*2/5-1 || b.narrowFindings(sc) {
		b.findings.selected.pane = paneFindings
		if row >= 0 && row < len(b.findings.rows) && b.findings.rows[row] != nil {
			b.findings.show(b.findings.rows[row])
		}
		return
	}
	b.events.selected.pane = paneEvents
	b.events.click(row)
}

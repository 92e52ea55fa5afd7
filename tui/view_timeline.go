package tui

import (
	"evviz/diagnostics"
	"evviz/words"
)

// timelineView is view 1:
//
//	axis       the time, modes as they were switched, bookmarks
//	lanes      loop, listener, connections                        (lanes.go, row.go)
//	detail     the selected lane, finding or event in words
//	findings │ events                                             (finding_list.go, eventlist.go)
//
// Tab gives the arrows to the lanes, the findings or the events.
type timelineView struct {
	rows int // rows that the lanes have needed so far

	layout   *layout
	lanes    *lanes
	events   *events
	findings *findings
	lower    *lowerPanes
	window   *window
	selected *selection
	pages    *pages
}

// The panes of the timeline.
const (
	paneLanes = iota
	paneFindings
	paneEvents
	paneCount
)

func (v *timelineView) draw(sc *scene, p pane) {
	l := v.layout
	h := p.h - 2 // axis, detail
	// The lanes get what they have ever needed, and at least a third; findings and events get the rest. Lanes that come and go must not
	// make the picture jump, so the need only grows.
	v.rows = max(v.rows, v.lanes.needs(sc))
	events := 0
	if h >= 9 {
		events = max(3, h*3/10, min(h*2/3, h-v.rows-1))
	}
	y := p.y
	place := func(r *region, n int) {
		r.SetRect(p.x, y, p.w, n)
		y += n
		if n > 0 {
			r.Draw(p.s)
		}
	}
	place(l.axis, 1)
	place(l.lanes, max(h-events, 0))
	place(l.detail, 1)
	place(l.events, events)
}

func (v *timelineView) state(*scene) string { return "" }

func (v *timelineView) move(_ *scene, by int) {
	switch v.selected.pane {
	case paneFindings:
		v.findings.move(by)
	case paneEvents:
		v.events.step(by)
	default:
		v.lanes.move(by)
	}
}

func (v *timelineView) turn(*scene, int) bool { return false }
func (v *timelineView) step(*scene, int) bool { return false }

// enter explains what lies between two cursors, or else what has the arrows: the finding, the event, or the lane; a lane with a finding is explained by that, and by
// the event under the cursor when one is set.
func (v *timelineView) enter(sc *scene) {
	chosen := sc.chosen()
	switch {
	case sc.anchor != 0 && sc.cursor != 0:
		v.pages.explainMeasured()
	case sc.pane == paneEvents:
		v.pages.explainEvent(v.events.here())
	case chosen != nil:
		v.pages.explainFinding()
	case sc.pane == paneFindings:
		v.findings.next(1)
	case sc.row < 0:
		v.pages.explainLoop()
	case sc.selected() != nil:
		if x := sc.worst(sc.row); x != nil && x.Severity > diagnostics.Info {
			v.selected.finding = keyOf(x)
			v.pages.explainFinding()
			return
		}
		if i, ok := eventOnLane(sc); ok {
			v.pages.words(words.ExplainEvent(sc.snap, i))
			return
		}
		v.pages.explainLane()
	case sc.cursor != 0:
		v.pages.explainEvent(v.events.here())
	case len(sc.found) > 0:
		v.findings.next(1)
	default:
		v.pages.explainLoop()
	}
}

// eventOnLane is the event of the selected lane that the cursor stands on, to the width of a cell; ok is false when there is
// none, or no cursor.
func eventOnLane(sc *scene) (best int64, ok bool) {
	if sc.cursor == 0 {
		return 0, false
	}
	near := (sc.t1-sc.t0)/int64(sc.cells()) + 1
	first, end := sc.snap.EventRange()
	dist := near
	for i := max(sc.snap.EventAt(sc.cursor-near), first); i < end && i-first < maxLooked; i++ {
		e, kept := sc.snap.Event(i)
		if !kept || e.Time > sc.cursor+near {
			break
		}
		d := e.Time - sc.cursor
		if d < 0 {
			d = -d
		}
		if d >= dist || hidden(&e) {
			continue
		}
		if l := sc.snap.LaneOf(i, &e); l != nil && l.ID == sc.row {
			best, dist, ok = i, d, true
		}
	}
	return best, ok
}

// click selects the lane under the mouse, and the moment; in the panes below, the finding or the event.
func (v *timelineView) click(sc *scene, x, y int) {
	x, y = x+sc.body.x, y+sc.body.y
	l := v.layout
	switch {
	case l.lanes.InRect(x, y):
		r := l.lanes.rect()
		v.lanes.click(x-r.x, y-r.y)
	case l.events.InRect(x, y):
		r := l.events.rect()
		v.lower.click(sc, x-r.x, y-r.y, r.w)
	case l.axis.InRect(x, y):
		if g := sc.gutter(); x >= g {
			v.window.pick(sc.moment(x - g))
		}
	}
}

// tab gives the arrows to the next pane.
func (v *timelineView) tab(_ *scene, by int) {
	v.selected.pane = (v.selected.pane + by + paneCount) % paneCount
}

// drawPaneTitle draws the line above a pane, with its name lit when it has the arrows.
func drawPaneTitle(sc *scene, p pane, name string, which int) {
	p.fill(0, 0, p.w, sc.sym.Line, sc.theme.dim)
	st := sc.theme.title
	if sc.view == viewTimeline && sc.pane == which && sc.half == nil {
		st = sc.theme.tab
	}
	p.put(2, 0, " "+name+" ", st)
}

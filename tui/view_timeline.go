package tui

import (
	"slices"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/words"
)

// timelineView is view 1:
//
//	axis       the time, modes as they were switched, bookmarks
//	lanes      loop, listener, connections                        (lanes.go, row.go)
//	detail     the selected lane, finding or event in words
//	findings │ events                                             (findings.go, eventlist.go)
//
// Tab gives the arrows to the lanes, the findings or the events.
type timelineView struct {
	rows int // rows that the lanes have needed so far
}

// The panes of the timeline.
const (
	paneLanes = iota
	paneFindings
	paneEvents
	paneCount
)

func (v *timelineView) draw(u *ui, f *frame, p pane) {
	q := &u.parts
	h := p.h - 2 // axis, detail
	// The lanes get what they have ever needed, and at least half; the events get the rest. Lanes that come and go must not
	// make the picture jump, so the need only grows.
	v.rows = max(v.rows, u.needs(f))
	events := 0
	if h >= 9 {
		events = max(3, min(h*3/10, h-v.rows), min(h/2, h-v.rows-1))
	}
	y := p.y
	place := func(r *region, n int) {
		r.SetRect(p.x, y, p.w, n)
		y += n
		if n > 0 {
			r.Draw(p.s)
		}
	}
	place(q.axis, 1)
	place(q.lanes, max(h-events, 0))
	place(q.detail, 1)
	place(q.events, events)
}

// needs is how many rows the lanes would like.
func (u *ui) needs(f *frame) int {
	lanes, folded := u.visible(f, 1<<20)
	n := len(f.snap.Loops) + len(lanes)
	if len(f.snap.Loops) > 0 {
		n++
	}
	if folded > 0 {
		n++
	}
	return n
}

func (v *timelineView) move(u *ui, by int) {
	switch u.pane {
	case paneFindings:
		u.moveFinding(by)
	case paneEvents:
		u.stepEvent(by)
	default:
		u.selectLane(by)
	}
}

func (v *timelineView) turn(*ui, int) bool { return false }
func (v *timelineView) step(*ui, int) bool { return false }

// enter explains what has the arrows: the finding, the event, or the lane; a lane with a finding is explained by that, and by
// the event under the cursor when one is set.
func (v *timelineView) enter(u *ui) {
	switch {
	case u.pane == paneEvents:
		u.explainEvent()
	case u.pane == paneFindings || u.chosen() != nil:
		u.explainFinding()
	case u.lane == loopLane:
		u.explainLoop()
	case u.selected() != nil:
		if x := u.frame.worst(u.lane); x != nil && x.Severity > diagnostics.Info {
			u.finding = keyOf(x)
			u.explainFinding()
			return
		}
		if i, ok := u.eventOnLane(); ok {
			u.openPage(words.ExplainEvent(u.frame.snap, i))
			return
		}
		u.explainLane()
	case u.cursor != 0:
		u.explainEvent()
	case len(u.frame.found) > 0:
		u.nextFinding(1)
	default:
		u.explainLoop()
	}
}

// eventOnLane is the event of the selected lane that the cursor stands on, to the width of a cell; ok is false when there is
// none, or no cursor.
func (u *ui) eventOnLane() (best int64, ok bool) {
	if u.cursor == 0 {
		return 0, false
	}
	f := u.frame
	near := (f.t1-f.t0)/int64(f.cells()) + 1
	first, end := f.snap.EventRange()
	dist := near
	for i := max(f.snap.EventAt(u.cursor-near), first); i < end && i-first < maxLooked; i++ {
		e, kept := f.snap.Event(i)
		if !kept || e.Time > u.cursor+near {
			break
		}
		d := e.Time - u.cursor
		if d < 0 {
			d = -d
		}
		if d >= dist || hidden(&e) {
			continue
		}
		if l := f.snap.LaneOf(i, &e); l != nil && l.ID == u.lane {
			best, dist, ok = i, d, true
		}
	}
	return best, ok
}

func (v *timelineView) state(*frame, *ui) string { return "" }

// click selects the lane under the mouse, and the moment; in the panes below, the finding or the event.
func (v *timelineView) click(u *ui, x, y int) {
	u.clickLane(x, y)
	if u.parts.events.InRect(x, y) {
		u.clickBelow(x, y)
	}
	if u.parts.axis.InRect(x, y) {
		if g := u.frame.gutter(); x >= g {
			u.freeze()
			u.cursor = u.frame.moment(x - g)
		}
	}
}

// nextPane gives the arrows to the next pane.
func (u *ui) nextPane(by int) {
	if t, ok := u.body().(interface{ tab(u *ui) }); ok && u.frame != nil {
		t.tab(u)
		return
	}
	if u.view != viewTimeline || u.frame == nil {
		u.show1((u.view + viewID(by) + viewCount) % viewCount)
		return
	}
	for {
		u.pane = (u.pane + by + paneCount) % paneCount
		if u.pane != paneFindings || u.frame.w >= wideEnough {
			return
		}
	}
}

// clickLane selects the lane under the mouse; in the picture itself, the moment too.
func (u *ui) clickLane(x, y int) {
	lx, ly, _, lh := u.parts.lanes.GetInnerRect()
	if u.frame == nil || y < ly || y >= ly+lh {
		return
	}
	u.pane = paneLanes
	if g := u.frame.gutter(); u.half == nil && x >= lx+g {
		u.freeze()
		u.cursor = min(u.frame.moment(x-lx-g), u.frame.snap.Now)
	}
	row := y - ly - len(u.frame.snap.Loops)
	if row < 0 {
		u.lane = loopLane
		return
	}
	if lh >= 9 && len(u.frame.snap.Loops) > 0 {
		row--
	}
	if i := row + u.top; row >= 0 && i < len(u.order) {
		u.lane = u.order[i]
		u.noteLane()
		u.letGo()
	}
}

// loopLane is what ui.lane says when the loop is selected.
const loopLane = -1

// selectLane goes through the loop and the lanes.
func (u *ui) selectLane(by int) {
	list := u.order
	if u.half == nil && u.frame != nil && len(u.frame.snap.Loops) > 0 {
		list = append([]int64{loopLane}, u.order...)
	}
	if len(list) == 0 {
		return
	}
	at := slices.Index(list, u.lane)
	switch {
	case at >= 0:
		at = min(max(at+by, 0), len(list)-1)
	case by < 0:
		at = len(list) - 1
	case len(list) > len(u.order) && len(u.order) > 0:
		at = 1 // the first press selects the first lane; the loop is above it
	default:
		at = 0
	}
	u.lane = list[at]
	u.noteLane()
	u.letGo()
}

// letGo gives up the selected finding when another lane has been selected: what is said and explained is about that lane.
func (u *ui) letGo() {
	if x := u.chosen(); x != nil && x.Lane != u.lane {
		u.finding = findingKey{}
	}
}

// laneName is what a lane is recognised by in another timeline of the same source: identities are numbered anew there.
type laneName struct {
	fd          int32
	kind        timeline.LaneKind
	peer, local string
}

func nameOf(l *timeline.Lane) laneName { return laneName{l.FD, l.Kind, l.Peer, l.Local} }

// noteLane remembers who the selected lane is.
func (u *ui) noteLane() {
	u.laneIs = laneName{}
	if l := u.selected(); l != nil {
		u.laneIs = nameOf(l)
	}
}

// reselect finds the selected lane again after the timeline has been made anew, as a seek does.
func (u *ui) reselect(f *frame) {
	if u.lane <= 0 || u.laneIs == (laneName{}) {
		return
	}
	if l := f.snap.Lane(u.lane); l != nil && nameOf(l) == u.laneIs {
		return
	}
	for _, l := range f.snap.Lanes {
		if nameOf(l) == u.laneIs {
			u.lane = l.ID
			return
		}
	}
}

func (u *ui) selected() *timeline.Lane {
	if u.frame == nil || u.lane <= 0 {
		return nil
	}
	return u.frame.snap.Lane(u.lane)
}

// drawPaneTitle draws the line above a pane, with its name lit when it has the arrows.
func (u *ui) drawPaneTitle(p pane, name string, which int) {
	p.fill(0, 0, p.w, u.sym.line, u.theme.dim)
	st := u.theme.title
	if u.view == viewTimeline && u.pane == which && u.half == nil {
		st = u.theme.tab
	}
	p.put(2, 0, " "+name+" ", st)
}

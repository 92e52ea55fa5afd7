package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// wideEnough is from how many columns on the findings are listed beside the events.
const wideEnough = 90

// drawBelow draws what stands below the lanes: the findings and the events, or, when there is no room for both, the events;
// the findings then when Tab has given them the arrows.
func (u *ui) drawBelow(f *frame, p pane) {
	if u.cursor == 0 && u.keepRegion(p, u.below(f)) {
		return
	}
	if f.w < wideEnough {
		u.drawEvents(f, p)
		return
	}
	left := p
	left.w = p.w*2/5 - 1
	u.drawFindings(f, left)
	right := p
	right.x, right.w = p.x+left.w+1, p.w-left.w-1
	p.set(left.w, 0, u.sym.line, u.theme.dim)
	for y := 1; y < p.h; y++ {
		p.set(left.w, y, u.sym.corner, u.theme.dim)
	}
	u.drawEvents(f, right)
}

// belowKey is what the panes below the lanes depend on.
type belowKey struct {
	snap  *timeline.Snapshot // only where events may be missing below the newest
	here  int64
	found *diagnostics.Finding
	finds int
}

func (u *ui) below(f *frame) belowKey {
	k := belowKey{here: u.eventAtCursor(), finds: len(f.found)}
	if len(f.found) > 0 {
		k.found = f.found[0]
	}
	if f.snap.Info.Origin != u.belowOf || f.snap.Begin != u.belowFrom { // another timeline counts its events anew
		u.belowOf, u.belowFrom = f.snap.Info.Origin, f.snap.Begin
		k.snap = f.snap
	}
	return k
}

// clickBelow selects the finding or the event under the mouse.
func (u *ui) clickBelow(x, y int) {
	px, py, w, _ := u.parts.events.GetRect()
	row := y - py - 1
	if u.frame.w >= wideEnough && x < px+w*2/5-1 {
		u.pane = paneFindings
		if i := u.findTop + row; row >= 0 && i < len(u.frame.found) {
			u.showFinding(u.frame.found[i])
		}
		return
	}
	u.pane = paneEvents
	if row >= 0 && row < len(u.eventRows) && u.eventRows[row] >= 0 {
		if e, ok := u.frame.snap.Event(u.eventRows[row]); ok {
			u.pick(u.eventRows[row], e.Time)
		}
	}
}

// drawEvents lists the events up to the cursor, or to the right edge of the window, newest at the bottom. The one under the
// cursor is lit; some that came after it are shown below it.
func (u *ui) drawEvents(f *frame, p pane) {
	u.drawPaneTitle(p, "Events", paneEvents)
	p.y, p.h = p.y+1, p.h-1
	u.drawEventRows(f, p)
}

func (u *ui) drawEventRows(f *frame, p pane) {
	t := &u.theme
	first, end := f.snap.EventRange()
	here := u.eventAtCursor()
	rows := u.eventRows[:0]
	last := here
	if u.cursor != 0 { // a third of the rows is for what came after
		for i, n := here+1, 0; i < end && n < p.h/3; i++ {
			if e, ok := f.snap.Event(i); ok && u.inList(i, &e) {
				last, n = i, n+1
			}
		}
	}
	// From the bottom up. A filter that lets little through must not make a frame walk over everything that is kept.
	looked := 0
	for i := last; i >= first && len(rows) < p.h && looked < maxLooked; i-- {
		looked++
		if e, ok := f.snap.Event(i); ok && u.inList(i, &e) {
			rows = append(rows, i)
		}
	}
	for a, b := 0, len(rows)-1; a < b; a, b = a+1, b-1 {
		rows[a], rows[b] = rows[b], rows[a]
	}
	pad := 0
	if u.view == viewTimeline {
		pad = max(p.h-len(rows), 0) // the newest stays at the bottom
	}
	u.eventRows = rows
	if len(rows) == 0 {
		why := "no event up to here is kept"
		if !u.filter.Empty() {
			why = "no event matches the filter here"
		}
		if f.snap.EventCount() == 0 {
			why = "no event yet"
		}
		p.put(1, 0, why, t.dim)
		return
	}
	for y, i := range rows {
		e, _ := f.snap.Event(i)
		st := t.text
		if i == here && u.cursor != 0 {
			st = t.selected
			p.fill(0, y+pad, p.w, ' ', st)
		}
		u.drawEventLine(f, p, y+pad, i, &e, st, i == here && u.cursor != 0)
	}
	if pad > 0 {
		u.eventRows = append(make([]int64, pad), rows...)
		for i := range pad {
			u.eventRows[i] = -1
		}
	}
}

// maxLooked bounds how many events a list looks at for one frame.
const maxLooked = 20_000

func (u *ui) drawEventLine(f *frame, p pane, y int, i int64, e *trace.Event, st tcell.Style, picked bool) {
	t := &u.theme
	when := seconds(e.Time-f.snap.First, 6)
	what, note := lineOf(f.snap, e)
	if !f.snap.Info.Timed { // the order is all that is known
		when = words.Number(i + 1)
		if e.Dur > 0 {
			note = ""
		}
	}
	dim := t.dim
	if picked {
		dim = st
	}
	x := p.put(0, y, fmt.Sprintf("%12s  ", when), dim)
	if !picked {
		st = u.eventStyle(e)
	}
	x = p.put(x, y, what, st)
	if note != "" {
		x = max(x+2, 52)
		p.put(x, y, u.fits(note, p.w-x), dim)
	}
}

// eventStyle is an event's colour in the list.
func (u *ui) eventStyle(e *trace.Event) tcell.Style {
	t := &u.theme
	switch e.Kind {
	case trace.Lost:
		return t.warn
	case trace.Renotify:
		return t.accept
	case trace.Arrive, trace.Step, trace.Queue, trace.Knob, trace.Register, trace.Open, trace.SockOpt:
		return t.dim
	case trace.Bookmark, trace.Mode:
		return t.bold
	}
	switch trace.ErrnoName(e.Errno) {
	case "":
		return t.text
	case "EAGAIN":
		return t.eagain
	}
	return t.bad
}

// hidden are events that only repeat what the line beside them says.
func hidden(e *trace.Event) bool {
	switch e.Kind {
	case trace.Name, trace.Sync, trace.Call:
		return true
	case trace.Wait, trace.Sleep:
		return e.Phase.Base() == trace.PhaseEnter
	}
	return false
}

// text is a string of the trace made safe for the screen.
func text(s string) string { return clean(strings.TrimSpace(s)) }

// lineOf is an event's line and its note, safe for the screen.
func lineOf(s *timeline.Snapshot, e *trace.Event) (what, note string) {
	what, note = words.EventLine(s, e)
	return clean(what), clean(note)
}

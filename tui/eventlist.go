package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// events are the list of events, and going through it.
type events struct {
	rows []int64 // what was drawn last: their indices, -1 an empty row

	scene    *scene
	selected *selection
	window   *window
	src      *source
	status   *status
	steps    *stepper
}

// step moves the cursor to the next or the last event that the list shows.
func (x *events) step(by int) {
	sc := x.scene
	s := sc.snap
	x.window.freeze()
	i := x.here()
	first, end := s.EventRange()
	for i += int64(by); i >= first && i < end; i += int64(by) {
		e, ok := s.Event(i)
		if !ok || !sc.lists(i, &e) {
			continue
		}
		x.pick(i, e.Time)
		return
	}
	if by > 0 && x.src.stepper != nil {
		x.steps.replay()
		x.window.cursor = 0
		return
	}
	x.status.say("there is no event %s this one", map[bool]string{true: "after", false: "before"}[by > 0])
}

// turn goes on by so many events.
func (x *events) turn(by, rows int) {
	sc := x.scene
	s := sc.snap
	x.window.freeze()
	i := x.here()
	first, end := s.EventRange()
	for n, looked := 0, 0; n < rows && looked < maxLooked; looked++ {
		j := i + int64(by)
		if j < first || j >= end {
			break
		}
		i = j
		if e, ok := s.Event(i); ok && sc.lists(i, &e) {
			n++
		}
	}
	if e, ok := s.Event(i); ok {
		x.pick(i, e.Time)
	}
}

// pick puts the cursor on an event and keeps it in sight.
func (x *events) pick(i, at int64) {
	x.window.pick(at)
	x.selected.event = i
	x.window.reveal(at)
}

// click picks the event of a row.
func (x *events) click(row int) {
	if row < 0 || row >= len(x.rows) || x.rows[row] < 0 {
		return
	}
	if e, ok := x.scene.snap.Event(x.rows[row]); ok {
		x.pick(x.rows[row], e.Time)
	}
}

// here is the index of the event that the cursor stands on.
func (x *events) here() int64 { return x.scene.eventAt(x.window.cursor, x.selected.event) }

// lists reports whether the list of events shows an event.
func (sc *scene) lists(i int64, e *trace.Event) bool {
	return !hidden(e) && sc.filter.EventAt(sc.snap, i, e)
}

// draw lists the events up to the cursor, or to the right edge of the window, newest at the bottom. The one under the
// cursor is lit; some that came after it are shown below it.
func (x *events) draw(sc *scene, p pane) {
	drawPaneTitle(sc, p, "Events", paneEvents)
	p.y, p.h = p.y+1, p.h-1
	x.drawRows(sc, p)
}

// drawRows is the list without its name.
func (x *events) drawRows(sc *scene, p pane) {
	t := &sc.theme
	first, end := sc.snap.EventRange()
	here := sc.eventAt(sc.cursor, sc.event)
	rows := x.rows[:0]
	last := here
	if sc.cursor != 0 { // a third of the rows is for what came after
		for i, n := here+1, 0; i < end && n < p.h/3; i++ {
			if e, ok := sc.snap.Event(i); ok && sc.lists(i, &e) {
				last, n = i, n+1
			}
		}
	}
	// From the bottom up. A filter that lets little through must not make a frame walk over everything that is kept.
	looked := 0
	for i := last; i >= first && len(rows) < p.h && looked < maxLooked; i-- {
		looked++
		if e, ok := sc.snap.Event(i); ok && sc.lists(i, &e) {
			rows = append(rows, i)
		}
	}
	for a, b := 0, len(rows)-1; a < b; a, b = a+1, b-1 {
		rows[a], rows[b] = rows[b], rows[a]
	}
	pad := 0
	if sc.view == viewTimeline {
		pad = max(p.h-len(rows), 0) // the newest stays at the bottom
	}
	x.rows = rows
	if len(rows) == 0 {
		why := "no event up to here is kept"
		if !sc.filter.Empty() {
			why = "no event matches the filter here"
		}
		if sc.snap.EventCount() == 0 {
			why = "no event yet"
		}
		p.put(1, 0, why, t.dim)
		return
	}
	chosen := sc.chosen()
	for y, i := range rows {
		e, _ := sc.snap.Event(i)
		st := t.text
		if i == here && sc.cursor != 0 {
			st = t.selected
			p.fill(0, y+pad, p.w, ' ', st)
		}
		drawEventLine(sc, p, y+pad, i, &e, st, i == here && sc.cursor != 0)
		if chosen != nil && evidence(sc, chosen, i, &e) {
			p.set(0, y+pad, sc.sym.Found, mix(st, sc.severityStyle(chosen.Severity)))
		}
	}
	if pad > 0 {
		x.rows = append(make([]int64, pad), rows...)
		for i := range pad {
			x.rows[i] = -1
		}
	}
}

// evidence reports whether an event is evidence of a finding: at one of its moments, and on its descriptor where it is about one.
func evidence(sc *scene, x *diagnostics.Finding, i int64, e *trace.Event) bool {
	if !slices.Contains(x.Evidence, e.Time) && !slices.Contains(x.Evidence, e.Start()) {
		return false
	}
	if x.Lane == 0 {
		return true
	}
	l := sc.snap.LaneOf(i, e)
	return l != nil && l.ID == x.Lane
}

// maxLooked bounds how many events a list looks at for one frame.
const maxLooked = 20_000

// wideEvents is from how many columns on an event says in which thread it was, where there are several.
const wideEvents = 60

func drawEventLine(sc *scene, p pane, y int, i int64, e *trace.Event, st tcell.Style, picked bool) {
	t := &sc.theme
	when := seconds(e.Time-sc.snap.First, 6)
	what, note := lineOf(sc.snap, i, e)
	if !sc.snap.Info.Timed { // the order is all that is known
		when = words.Number(i + 1)
		if e.Dur > 0 {
			note = ""
		}
	}
	dim := t.dim
	if picked {
		dim = st
	}
	at := p.put(0, y, fmt.Sprintf("%12s  ", when), dim)
	notes := 52                                      // column
	if len(sc.snap.Loops) > 1 && p.w >= wideEvents { // whose it is
		p.put(at, y, sc.threadLabel(e.Stream), dim)
		at, notes = at+loopLabelWidth+1, notes+loopLabelWidth+1
	}
	if !picked {
		st = sc.eventStyle(e)
	}
	at = p.put(at, y, what, st)
	if note != "" {
		at = max(at+2, notes)
		p.put(at, y, sc.fits(note, p.w-at), dim)
	}
}

// eventStyle is an event's colour in the list.
func (k *style) eventStyle(e *trace.Event) tcell.Style {
	t := &k.theme
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
func hidden(e *trace.Event) bool { return words.Aside(e) }

// text is a string of the trace made safe for the screen.
func text(s string) string { return clean(strings.TrimSpace(s)) }

// lineOf is an event's line and its note, safe for the screen.
func lineOf(s *timeline.Snapshot, i int64, e *trace.Event) (what, note string) {
	what, note = words.EventLine(s, i, e)
	return clean(what), clean(note)
}

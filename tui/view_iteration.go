package tui

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// iterationView is view 2: one turn of the loop as a waterfall, from the moment at which it went to wait to the moment at
// which it goes to wait again.
//
//	turn 1,204 at 12.731 s: 2 reports                                          , and . step, a by itself
//	woke because fd 7 had 512 bytes; it could have waited until timer 3, 12 ms later
//	                          0            100 µs          200 µs
//	epoll_wait(21 ms) = 2     ░░░░░░░░░░░░░
//	fd 7 :53011 IN fresh                   ████████
//	  read(7, 4096) = 512                  ██
//	  write(7, 512) = 512                    ████
//	fd 8 :53012 IN again                           ███
//	timer 3, 0.2 ms late                              █
//
// The wait is drawn as long as the rest at most, so that what the loop did stays in sight however long it waited; a mark
// says that it was cut. "." and "," step to the next and the last turn in which there was something to do; the cursor goes
// along. Enter explains the turn, or the selected line.
type iterationView struct {
	at, top int
	rows    []iterRow
	turn0   timeline.Turn
	has     bool
	rowsY   int             // row of the body at which the lines begin
	around  []timeline.Turn // that are listed below
	aroundY int             // row of the body at which they begin
}

// loop is the loop that the view is about: the one that Tab chose, at first the first; nil when there is none.
func (v *iterationView) loop(u *ui, f *frame) *timeline.LoopLane {
	if len(f.snap.Loops) == 0 {
		return nil
	}
	return f.snap.Loops[min(u.loopAt, len(f.snap.Loops)-1)]
}

// current finds the turn at the cursor, or the newest that is over.
func (v *iterationView) current(u *ui, f *frame) (timeline.Turn, bool) {
	l := v.loop(u, f)
	if l == nil {
		return timeline.Turn{}, false
	}
	if u.cursor != 0 {
		return f.snap.TurnAt(l.Stream, u.cursor)
	}
	_, t1 := f.seen()
	t, ok := f.snap.TurnAt(l.Stream, t1)
	if ok && !t.Busy() {
		if b, found := f.snap.PrevBusy(&t); found {
			return b, true
		}
	}
	return t, ok
}

func (v *iterationView) draw(u *ui, f *frame, p pane) {
	t := &u.theme
	turn, ok := v.current(u, f)
	if turn.Begin != v.turn0.Begin || turn.Stream != v.turn0.Stream {
		v.at, v.top = -1, 0
	}
	v.turn0, v.has = turn, ok
	if !ok {
		s := "no turn of the loop is kept of this moment"
		switch {
		case f.snap.EventCount() == 0:
			s = "no event yet"
		case len(f.snap.Loops) == 0:
			s = "up to here no thread waited for anything: there is no loop to look at"
		}
		p.put(2, 1, s, t.dim)
		return
	}
	head := fmt.Sprintf(" turn at %s s: %s", seconds(turn.Begin-f.snap.First, 6), turnTitle(&turn))
	if !turn.Timed {
		head = " turn: " + turnTitle(&turn)
	}
	if l := v.loop(u, f); l != nil && len(f.snap.Loops) > 1 {
		head += fmt.Sprintf(" · thread %d of %d, Tab for the next", u.loopAt+1, len(f.snap.Loops))
	}
	if turn.Running {
		if n := len(turn.Items); n > 0 && v.stopped(f, &turn.Items[n-1]) {
			head += " · the run ended in it"
		} else {
			head += " · not over"
		}
	}
	p.put(0, 0, u.fits(head, p.w), t.bold)
	if turn.Timed && p.w > 90 {
		s := fmt.Sprintf("waited %s, worked %s ", words.Duration(turn.Waited), words.Duration(turn.Working))
		if turn.Overrun > 0 {
			s = fmt.Sprintf("waited %s, %s too long, worked %s ", words.Duration(turn.Waited), words.Duration(turn.Overrun), words.Duration(turn.Working))
		}
		if turn.Repeats > 0 {
			s += fmt.Sprintf("· %s more within %s ", words.Times(turn.Repeats), words.Duration(turn.RepeatedFor))
		}
		p.right(0, s, t.dim)
	}
	y := 1
	for _, l := range wrap(clean(words.WhyWoke(f.snap, &turn)), max(p.w-2, 10)) {
		if y > 2 {
			break
		}
		p.put(1, y, l, t.text)
		y++
	}
	v.fill(u, f, &turn)
	g := min(max(p.w*2/5, 24), 56)
	axis := v.axis(&turn, p.w-g-1)
	v.drawScale(u, p, g, y, axis)
	y++
	room := p.h - y
	v.rowsY, v.around = y, v.around[:0]
	if v.at >= 0 {
		v.top = max(min(v.top, v.at), v.at-room+1)
	}
	v.top = max(0, min(v.top, len(v.rows)-room))
	for i := 0; i < room && v.top+i < len(v.rows); i++ {
		v.drawRow(u, f, p, g, y+i, v.top+i, axis)
	}
	if more := len(v.rows) - v.top - room; more > 0 {
		p.right(p.h-1, fmt.Sprintf(" %d more lines ", more), t.bar)
		return
	}
	v.aroundY = y + len(v.rows) + 2
	p.y, p.h = p.y+y+len(v.rows)+1, p.h-y-len(v.rows)-1
	if p.h >= 5 {
		v.drawAround(u, f, p, &turn)
	}
}

// stopped reports whether the run ended in an item.
func (v *iterationView) stopped(f *frame, x *timeline.Item) bool {
	for _, i := range x.Events {
		if e, ok := f.snap.Event(i); ok && e.Kind == trace.Stop {
			return true
		}
	}
	return false
}

func (v *iterationView) drawRow(u *ui, f *frame, p pane, g, y, i int, a iterAxis) {
	t := &u.theme
	r := &v.rows[i]
	st := t.text
	fill := t.working
	block := u.sym.work
	switch r.style {
	case rowWait:
		fill, block = t.waiting, u.sym.wait
	case rowAgain:
		st, fill = t.accept, t.again
		block = u.sym.again
	case rowCall:
		st = t.dim
		fill = t.fresh
	case rowBad:
		st, fill = t.bad, t.stale
	case rowQuiet:
		st = t.dim
	}
	if r.event >= 0 {
		if e, ok := f.snap.Event(r.event); ok && trace.ErrnoName(e.Errno) == "EAGAIN" {
			st = t.eagain
		}
	}
	if i == v.at {
		st = t.selected
		p.fill(0, y, g, ' ', st)
	}
	p.put(1, y, u.fits(clean(r.label), g-2), st)
	from, to := a.column(r.begin), a.column(r.end)
	if to <= from {
		to = from + 1
	}
	flat := t.mono || u.screen.Colors() < 256
	for x := from; x < to && x < a.w; x++ {
		c := ' '
		if r.style == rowWait || flat {
			c = block
		}
		p.set(g+1+x, y, c, fill)
	}
	if r.style == rowWait && a.cut && a.wait > 4 {
		p.set(g+1+a.wait/2, y, u.sym.more, fill)
	}
	note := r.note
	if v.turn0.Timed && r.end-r.begin > 0 && r.style != rowWait && r.event < 0 {
		note = strings.TrimPrefix(note+", "+words.Duration(r.end-r.begin), ", ")
	}
	if note == "" {
		return
	}
	w := len([]rune(note))
	switch {
	case to+1+w < a.w:
		p.put(g+1+to+1, y, clean(note), t.dim)
	case from-1-w >= 0:
		p.put(g+1+from-1-w, y, clean(note), t.dim)
	case to-from > w+1:
		p.put(g+1+from+1, y, clean(note), on(fill))
	}
}

func (v *iterationView) move(_ *ui, by int) {
	if len(v.rows) > 0 {
		v.at = min(max(v.at+by, 0), len(v.rows)-1)
	}
}

func (v *iterationView) turn(u *ui, by int) bool {
	for range 10 {
		if !v.step(u, by) {
			break
		}
	}
	return true
}

// step goes to the next turn, or the last one, in which there was something to do, and takes the cursor along.
func (v *iterationView) step(u *ui, by int) bool {
	f := u.frame
	turn, ok := v.current(u, f)
	if !ok && by > 0 && u.stepper != nil && len(f.snap.Loops) == 0 { // the first wait is still to come
		u.stepTurn(timeline.Turn{Begin: u.here(), Running: true})
		return true
	}
	if !ok {
		u.auto.on = false
		u.say("no turn of the loop is kept of this moment")
		return true
	}
	u.freeze()
	next, ok := f.snap.NextBusy(&turn)
	if by < 0 {
		next, ok = f.snap.PrevBusy(&turn)
	}
	if !ok {
		if by > 0 && u.stepper != nil {
			u.stepTurn(turn)
			return true
		}
		u.auto.on = false
		if by > 0 && u.cursor == 0 {
			u.say("the newest turn with something to do; , goes back")
			return true
		}
		u.say("there is no turn with something to do %s this one", map[bool]string{true: "after", false: "before"}[by > 0])
		return true
	}
	v.show(u, next)
	return true
}

// show puts the cursor on a turn: where its rest ends, or, when it has not ended, where the turn begins.
func (v *iterationView) show(u *ui, turn timeline.Turn) {
	v.has, v.turn0, v.at, v.top = true, turn, -1, 0
	u.cursor = turn.Begin
	if turn.Rest.End != 0 {
		u.cursor = turn.Rest.End
	}
	u.inSight(u.cursor)
}

// enter explains the selected line, or the whole turn.
func (v *iterationView) enter(u *ui) {
	if !v.has {
		u.explainLoop()
		return
	}
	s := u.frame.snap
	if v.at >= 0 && v.at < len(v.rows) {
		r := &v.rows[v.at]
		at := r.event
		if at < 0 && r.item >= 0 {
			if x := &v.turn0.Items[r.item]; x.Report >= 0 {
				at = x.Report
			} else if len(x.Events) > 0 {
				at = x.Events[0]
			}
		}
		if _, ok := s.Event(at); ok && at >= 0 {
			u.openPage(words.ExplainEvent(s, at))
			return
		}
	}
	u.openPage(words.ExplainTurn(s, &v.turn0))
}

// tab goes to the next thread's loop.
func (v *iterationView) tab(u *ui) {
	if n := len(u.frame.snap.Loops); n > 1 {
		u.loopAt = (u.loopAt + 1) % n
		v.at, v.top = -1, 0
		return
	}
	u.say("there is one loop only")
}

func (v *iterationView) state(*frame, *ui) string { return "" }

// click selects the line under the mouse, or goes to the turn that is listed there.
func (v *iterationView) click(u *ui, _, y int) {
	_, by, _, _ := u.parts.body.GetRect()
	if !v.has {
		return
	}
	if row := y - by - v.rowsY; row >= 0 && v.top+row < len(v.rows) {
		v.at = v.top + row
	} else if i := y - by - v.aroundY; i >= 0 && i < len(v.around) {
		u.freeze()
		v.show(u, v.around[i])
	}
}

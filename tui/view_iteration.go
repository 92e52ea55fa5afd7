package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
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
}

// iterRow is a line of the waterfall.
type iterRow struct {
	item       int   // index of Turn.Items; -1 the wait
	event      int64 // a call inside an item; -1 the item itself
	begin, end int64
	label      string
	note       string
	style      int
}

const (
	rowWait = iota
	rowItem
	rowAgain
	rowCall
	rowBad
	rowQuiet
)

// loopFor is the loop that the view is about: the selected lane's is not known, so the first that is there.
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
		if len(f.snap.Loops) == 0 {
			s = "no thread here waits for anything: there is no loop to look at"
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
		head += " · not over"
	}
	p.put(0, 0, cut(head, p.w), t.bold)
	if turn.Timed && p.w > 90 {
		s := fmt.Sprintf("waited %s, worked %s ", diagnostics.Duration(turn.Waited), diagnostics.Duration(turn.Working))
		if turn.Overrun > 0 {
			s = fmt.Sprintf("waited %s, %s too long, worked %s ", diagnostics.Duration(turn.Waited), diagnostics.Duration(turn.Overrun), diagnostics.Duration(turn.Working))
		}
		p.right(0, s, t.dim)
	}
	y := 1
	for _, l := range wrap(clean(diagnostics.WhyWoke(f.snap, &turn)), max(p.w-2, 10)) {
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
	p.y, p.h = p.y+y+len(v.rows)+1, p.h-y-len(v.rows)-1
	if p.h >= 5 {
		v.drawAround(u, f, p, &turn)
	}
}

// drawAround lists the turns before and after, those in which there was something to do, so that one knows where one is:
//
//	── Turns around it ──────────────────────────
//	  12.700 s  waited 42 ms   worked 1.1 ms  1 report
//	> 12.731 s  waited 21 ms   worked 0.3 ms  2 reports
//	  12.755 s  waited 24 ms   worked 0.2 ms  1 timer
func (v *iterationView) drawAround(u *ui, f *frame, p pane, turn *timeline.Turn) {
	t := &u.theme
	p.fill(0, 0, p.w, u.sym.line, t.dim)
	p.put(2, 0, " Turns around it ", t.title)
	rows := min(p.h-1, 15)
	var before, after []timeline.Turn
	for at := *turn; len(before) < rows/2; {
		x, ok := f.snap.PrevBusy(&at)
		if !ok {
			break
		}
		before = append(before, x)
		at = x
	}
	for at := *turn; len(before)+1+len(after) < rows; {
		x, ok := f.snap.NextBusy(&at)
		if !ok {
			break
		}
		after = append(after, x)
		at = x
	}
	y := 1
	line := func(x *timeline.Turn, st tcell.Style) {
		when := seconds(x.Begin-f.snap.First, 6) + " s"
		s := fmt.Sprintf("%14s  ", when)
		if x.Timed {
			s += fmt.Sprintf("waited %-9s worked %-9s ", diagnostics.Duration(x.Waited), diagnostics.Duration(x.Working))
		} else {
			s = "  "
		}
		end := p.put(2, y, s, st)
		p.put(end, y, turnTitle(x), st)
		y++
	}
	for i := len(before) - 1; i >= 0; i-- {
		line(&before[i], t.dim)
	}
	p.fill(0, y, p.w, ' ', t.selected)
	p.set(0, y, u.sym.goesOn, t.selected)
	line(turn, t.selected)
	for i := range after {
		line(&after[i], t.dim)
	}
}

// fill makes the rows of a turn.
func (v *iterationView) fill(u *ui, f *frame, turn *timeline.Turn) {
	v.rows = v.rows[:0]
	s := f.snap
	rest := &turn.Rest
	if rest.Kind != timeline.RestNone {
		end := rest.End
		if end == 0 {
			end = turn.End
		}
		label := rest.Kind.String()
		if n := len(rest.Events); n > 0 {
			if e, ok := s.Event(rest.Events[n-1]); ok {
				label, _ = eventLine(s, &e)
			}
		}
		v.rows = append(v.rows, iterRow{-1, -1, rest.Begin, end, label, v.restNote(s, turn), rowWait})
	}
	for i := range turn.Items {
		x := &turn.Items[i]
		row := iterRow{i, -1, x.Begin, x.End, v.itemLabel(s, x), v.itemNote(x), rowItem}
		switch {
		case x.Again:
			row.style = rowAgain
		case x.Kind == timeline.ItemNote:
			row.style = rowQuiet
		}
		if x.In >= 0 {
			row.label = "  " + row.label
		}
		v.rows = append(v.rows, row)
		for _, at := range x.Events {
			e, ok := s.Event(at)
			if !ok || at == x.Report || at == x.Handler || e.Phase.Base() == trace.PhaseEnter {
				continue
			}
			switch e.Kind {
			case trace.Ready, trace.Renotify, trace.Name, trace.Call, trace.TimerFire, trace.Complete, trace.Round:
				continue
			}
			what, note := eventLine(s, &e)
			style := rowCall
			if e.Errno != 0 && trace.ErrnoName(e.Errno) != "EAGAIN" {
				style = rowBad
			}
			v.rows = append(v.rows, iterRow{i, at, e.Time - e.Dur, e.Time, "    " + strings.TrimSpace(what), note, style})
		}
	}
}

// restNote says why the wait was as long as it was.
func (v *iterationView) restNote(s *timeline.Snapshot, turn *timeline.Turn) string {
	r := &turn.Rest
	switch r.Limit {
	case timeline.LimitNone:
		return "no limit: until something happens"
	case timeline.LimitZero:
		return "not to wait at all"
	case timeline.LimitTimer:
		if r.Due != 0 && turn.Timed {
			return fmt.Sprintf("until timer %d, due at %s s", r.Timer, seconds(r.Due-s.First, 3))
		}
		return fmt.Sprintf("until timer %d", r.Timer)
	case timeline.LimitAsked:
		return "as long as it asked for"
	}
	return ""
}

func (v *iterationView) itemLabel(s *timeline.Snapshot, x *timeline.Item) string {
	who := ""
	if x.FD >= 0 {
		who = fmt.Sprintf("fd %d", x.FD)
		if x.Peer != "" {
			who += " " + port(x.Peer)
		}
	}
	switch x.Kind {
	case timeline.ItemReport:
		if who == "" {
			who = fmt.Sprintf("data %#x", x.Data)
		}
		return who + "  " + trace.PollString(x.Mask)
	case timeline.ItemComplete:
		return who + "  " + trace.OpNames.Word(x.Op) + " completed"
	case timeline.ItemTimer:
		return fmt.Sprintf("timer %d", x.Timer)
	case timeline.ItemTask:
		return strings.TrimSpace("task " + text(x.Task))
	case timeline.ItemCalls:
		return who
	}
	return strings.TrimSpace(x.Kind.String() + " " + who)
}

// itemNote is what an item's report was worth, or how late a timer was.
func (v *iterationView) itemNote(x *timeline.Item) string {
	var parts []string
	if x.Classified {
		parts = append(parts, x.Class.String())
	}
	if x.Kind == timeline.ItemReport && x.Unread >= 0 {
		parts = append(parts, diagnostics.Bytes(x.Unread)+" waited")
	}
	if x.Kind == timeline.ItemReport && !x.Touched() {
		parts = append(parts, "not touched")
	}
	if x.Kind == timeline.ItemCalls {
		if x.Earlier >= 0 {
			parts = append(parts, "reported in an earlier turn")
		} else {
			parts = append(parts, "no report in this turn")
		}
	}
	if x.Kind == timeline.ItemTimer {
		parts = append(parts, diagnostics.Duration(x.Late)+" late")
		if x.Times > 1 {
			parts = append(parts, fmt.Sprintf("for %d times", x.Times))
		}
	}
	if x.Kind == timeline.ItemTask {
		if x.Who != 0 {
			parts = append(parts, fmt.Sprintf("from thread %d", x.Who))
		}
		if x.Queued >= 0 {
			parts = append(parts, "queued "+diagnostics.Duration(x.Queued))
		}
	}
	return strings.Join(parts, ", ")
}

// iterAxis maps moments of a turn to columns. The wait gets a third of the width at most.
type iterAxis struct {
	begin, woke, end int64
	wait, w          int // columns of the wait, and of all
	cut              bool
}

func (v *iterationView) axis(t *timeline.Turn, w int) iterAxis {
	a := iterAxis{begin: t.Begin, woke: t.Rest.End, end: max(t.End, t.Begin+1), w: max(w, 2)}
	if t.Rest.Kind == timeline.RestNone {
		a.woke = a.begin
	} else if a.woke == 0 {
		a.woke = a.end
	}
	a.woke = min(max(a.woke, a.begin), a.end)
	share := float64(a.woke-a.begin) / float64(a.end-a.begin)
	a.wait = int(share * float64(a.w))
	if limit := a.w / 3; a.wait > limit && a.woke < a.end {
		a.wait, a.cut = limit, true
	}
	return a
}

func (a *iterAxis) column(at int64) int {
	switch {
	case at <= a.begin:
		return 0
	case at < a.woke:
		return int(float64(at-a.begin) / float64(a.woke-a.begin) * float64(a.wait))
	case a.end <= a.woke:
		return a.wait
	}
	return a.wait + int(float64(min(at, a.end)-a.woke)/float64(a.end-a.woke)*float64(a.w-a.wait))
}

// drawScale writes how long the turn worked, counted from the moment at which it woke.
func (v *iterationView) drawScale(u *ui, p pane, g, y int, a iterAxis) {
	t := &u.theme
	p.fill(0, y, p.w, ' ', t.text)
	if !v.turn0.Timed {
		return
	}
	if a.cut {
		p.put(g+1, y, cut(diagnostics.Duration(a.woke-a.begin), a.wait-1), t.dim)
	}
	n := a.w - a.wait
	if n < 12 || a.end <= a.woke {
		return
	}
	every := tickEvery(a.end-a.woke, n)
	if every < 1000 {
		every = 1000
	}
	busy := 0
	for at := int64(0); at <= a.end-a.woke; at += every {
		x := a.column(a.woke + at)
		s := diagnostics.Duration(at)
		if at == 0 {
			s = "woke"
		}
		if x < busy || x+len([]rune(s)) > a.w {
			continue
		}
		p.put(g+1+x, y, s, t.dim)
		busy = x + len([]rune(s)) + 1
	}
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
	p.put(1, y, cut(clean(r.label), g-2), st)
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
		note = strings.TrimPrefix(note+", "+diagnostics.Duration(r.end-r.begin), ", ")
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
			u.thaw()
			u.cursor = 0
			u.stepReplay()
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
	v.has, v.turn0, v.at, v.top = true, next, -1, 0
	u.cursor = next.Begin
	if next.Rest.End != 0 {
		u.cursor = next.Rest.End
	}
	u.inSight(u.cursor)
	return true
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
			u.openPage(diagnostics.ExplainEvent(s, at))
			return
		}
	}
	u.openPage(diagnostics.ExplainTurn(s, &v.turn0))
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

func (v *iterationView) click(u *ui, _, y int) {
	_, by, _, h := u.parts.body.GetRect()
	if row := y - (by + h - min(len(v.rows)-v.top, h)); row >= 0 && v.top+row < len(v.rows) {
		v.at = v.top + row
	}
}

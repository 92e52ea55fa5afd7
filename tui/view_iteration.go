package tui

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// iterationView is view 2: one iteration of the loop as a waterfall, from the moment at which it went to wait to the moment at
// which it goes to wait again.
//
//	iteration at 12.731 s: 2 events                                            , and . step, a by itself
//	woke because fd 7 had 512 bytes; it could have waited until timer 3, 12 ms later
//	                          0            100 µs          200 µs
//	epoll_wait(21 ms) = 2     ░░░░░░░░░░░░░
//	fd 7 :53011 IN fresh                   ████████
//	  handler connection                   ████████ 41 µs
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

	window   *window
	selected *selection
	steps    *stepper
	src      *source
	pages    *pages
	status   *status
}

// currentTurn is the turn of a loop at a cursor, or, without one, the newest that is over.
func currentTurn(f *frame, l *timeline.LoopLane, cursor int64) (timeline.Turn, bool) {
	if l == nil {
		return timeline.Turn{}, false
	}
	if cursor != 0 {
		return f.snap.TurnAt(l.Stream, cursor)
	}
	_, t1 := f.seen()
	t, ok := f.snap.TurnAt(l.Stream, t1)
	if ok && !t.Busy() {
		if b, found := f.snap.PrevBusy(&t); found && b.Rest.Kind != timeline.RestNone { // what came before the first wait is no iteration
			return b, true
		}
	}
	return t, ok
}

func (v *iterationView) draw(sc *scene, p pane) {
	t := &sc.theme
	turn, ok := currentTurn(sc.frame, sc.loop(), sc.cursor)
	if turn.Begin != v.turn0.Begin || turn.Stream != v.turn0.Stream {
		v.at, v.top = -1, 0
	}
	v.turn0, v.has = turn, ok
	if !ok {
		s := "no iteration of the loop is kept of this moment"
		switch {
		case sc.snap.EventCount() == 0:
			s = "no event yet"
		case len(sc.snap.Loops) == 0 && len(sc.snap.Threads) > 0:
			v.drawThreads(sc, p)
			return
		case len(sc.snap.Loops) == 0 && !sc.snap.Info.Kinds.Has(trace.Wait):
			s = "this source does not see waits: there is no iteration to look at"
		case len(sc.snap.Loops) == 0:
			s = "up to here no thread was seen to wait: there is no loop to look at"
		}
		p.put(2, 1, sc.fits(s, p.w-2), t.dim)
		return
	}
	head := fmt.Sprintf(" iteration at %s s: %s", seconds(turn.Begin-sc.snap.First, 6), turnTitle(&turn))
	if !turn.Timed {
		head = " iteration: " + turnTitle(&turn)
	}
	if n := len(sc.snap.Loops); n > 1 {
		i := loopIndex(sc.snap, turn.Stream)
		head += fmt.Sprintf(" · %s, %d of %d, Tab for the next", words.Thread(sc.snap.Loops[i]), i+1, n)
	}
	if turn.Running {
		if n := len(turn.Items); n > 0 && stopped(sc.snap, &turn.Items[n-1]) {
			head += " · the run ended in it"
		} else {
			head += " · not over"
		}
	}
	p.put(0, 0, sc.fits(head, p.w), t.bold)
	if turn.Timed && p.w > 90 {
		s := spent(sc.snap, &turn) + " "
		if turn.Repeats > 0 {
			s += fmt.Sprintf("· %s more within %s ", words.Times(turn.Repeats), words.Duration(turn.RepeatedFor))
		}
		if len([]rune(head))+len([]rune(s)) < p.w { // else it would cover the head
			p.right(0, s, t.dim)
		}
	}
	y := 1
	for _, l := range wrap(clean(words.WhyWoke(sc.snap, &turn)), max(p.w-2, 10)) {
		if y > 2 {
			break
		}
		p.put(1, y, l, t.text)
		y++
	}
	v.fill(sc.snap, &turn)
	g := min(max(p.w*2/5, 24), 56)
	axis := axisOf(&turn, p.w-g-1)
	v.drawScale(sc, p, g, y, axis)
	y++
	room := p.h - y
	v.rowsY, v.around = y, v.around[:0]
	if v.at >= 0 {
		v.top = max(min(v.top, v.at), v.at-room+1)
	}
	v.top = max(0, min(v.top, len(v.rows)-room))
	for i := 0; i < room && v.top+i < len(v.rows); i++ {
		v.drawRow(sc, p, g, y+i, v.top+i, axis)
	}
	if more := len(v.rows) - v.top - room; more > 0 {
		p.right(p.h-1, fmt.Sprintf(" %d more lines ", more), t.bar)
		return
	}
	v.aroundY = y + len(v.rows) + 2
	p.y, p.h = p.y+y+len(v.rows)+1, p.h-y-len(v.rows)-1
	if p.h >= 5 {
		v.drawAround(sc, p, &turn)
	}
}

// spent is where the time of an iteration went. Of one without a wait, and of one that still waits, half of it is nothing. Where nobody says how long
// calls took, a wait reaches up to the next line, which is a bound; and where the lines' own times are not known nothing is said.
func spent(s *timeline.Snapshot, turn *timeline.Turn) string {
	if s.Info.Derived {
		return ""
	}
	if !lasting(s) {
		waited := max(turn.Rest.Took(s.Now), 0)
		if turn.Rest.Kind == timeline.RestNone || waited == 0 {
			return ""
		}
		return "waited up to " + words.Duration(waited)
	}
	var parts []string
	if turn.Rest.Kind != timeline.RestNone {
		parts = append(parts, "waited "+words.Duration(turn.Waited))
	}
	if turn.Overrun > 0 {
		parts = append(parts, "woke "+words.Duration(turn.Overrun)+" late")
	}
	if !stillRests(turn) && !(turn.Running && turn.Working == 0) {
		parts = append(parts, "worked "+words.Duration(turn.Working))
	}
	if turn.Slept > 0 {
		parts = append(parts, "slept "+words.Duration(turn.Slept))
	}
	return strings.Join(parts, ", ")
}

// stillRests reports whether an iteration is in its wait.
func stillRests(turn *timeline.Turn) bool {
	return turn.Rest.Kind != timeline.RestNone && turn.Rest.End == 0
}

// stopped reports whether the run ended in an item.
func stopped(s *timeline.Snapshot, x *timeline.Item) bool {
	for _, i := range x.Events {
		if e, ok := s.Event(i); ok && e.Kind == trace.Stop {
			return true
		}
	}
	return false
}

func (v *iterationView) drawRow(sc *scene, p pane, g, y, i int, a iterAxis) {
	t := &sc.theme
	r := &v.rows[i]
	st := t.text
	fill := t.working
	block := sc.sym.Work
	switch r.style {
	case rowWait:
		fill, block = t.waiting, sc.sym.Wait
	case rowAgain:
		st, fill = t.accept, t.again
		block = sc.sym.Again
	case rowCall:
		st = t.dim
		fill = t.fresh
	case rowBad:
		st, fill = t.bad, t.stale
	case rowQuiet:
		st = t.dim
	case rowHandler:
		fill = t.working
	}
	if r.event >= 0 {
		if e, ok := sc.snap.Event(r.event); ok && trace.ErrnoName(e.Errno) == "EAGAIN" {
			st = t.eagain
		}
	}
	if i == v.at {
		st = t.selected
		p.fill(0, y, g, ' ', st)
	}
	p.put(1, y, sc.fits(clean(r.label), g-2), st)
	from, to := a.column(r.begin), a.column(r.end)
	if to <= from {
		to = from + 1
	}
	flat := sc.flat()
	for x := from; x < to && x < a.w; x++ {
		c := ' '
		if r.style == rowWait || flat {
			c = block
		}
		p.set(g+1+x, y, c, fill)
	}
	if r.style == rowWait && a.cut && a.wait > 4 {
		p.set(g+1+a.wait/2, y, sc.sym.More, fill)
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

func (v *iterationView) state(*scene) string { return "" }

func (v *iterationView) move(_ *scene, by int) {
	if len(v.rows) > 0 {
		v.at = min(max(v.at+by, 0), len(v.rows)-1)
	}
}

func (v *iterationView) turn(sc *scene, by int) bool {
	for range 10 {
		if !v.step(sc, by) {
			break
		}
	}
	return true
}

// step goes to the next turn, or the last one, in which there was something to do, and takes the cursor along.
func (v *iterationView) step(sc *scene, by int) bool {
	turn, ok := currentTurn(sc.frame, sc.loop(), v.window.cursor)
	if !ok && by > 0 && v.src.stepper != nil && len(sc.snap.Loops) == 0 { // the first wait is still to come
		v.steps.turn(timeline.Turn{Begin: v.src.here(sc.snap), Running: true})
		return true
	}
	if !ok {
		v.steps.stop()
		v.status.say("no iteration of the loop is kept of this moment")
		return true
	}
	v.window.freeze()
	next, ok := sc.snap.NextBusy(&turn)
	if by < 0 {
		next, ok = sc.snap.PrevBusy(&turn)
	}
	if !ok {
		if by > 0 && v.src.stepper != nil {
			v.steps.turn(turn)
			return true
		}
		v.steps.stop()
		if by > 0 && v.window.cursor == 0 {
			v.status.say("the newest iteration with something to do; , goes back")
			return true
		}
		v.status.say("there is no iteration with something to do %s this one", map[bool]string{true: "after", false: "before"}[by > 0])
		return true
	}
	v.show(next)
	return true
}

// show puts the cursor on a turn: where its rest ends, or, when it has not ended, where the turn begins.
func (v *iterationView) show(turn timeline.Turn) {
	v.has, v.turn0, v.at, v.top = true, turn, -1, 0
	at := turn.Begin
	if turn.Rest.End != 0 {
		at = turn.Rest.End
	}
	v.window.pick(at)
	v.window.reveal(at)
}

// enter explains the selected line, or the whole turn.
func (v *iterationView) enter(sc *scene) {
	if !v.has {
		v.pages.explainLoop()
		return
	}
	s := sc.snap
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
			v.pages.words(words.ExplainEvent(s, at))
			return
		}
	}
	v.pages.words(words.ExplainTurn(s, &v.turn0))
}

// tab goes to the next thread's loop.
func (v *iterationView) tab(sc *scene, by int) {
	loops := sc.snap.Loops
	n := len(loops)
	if n < 2 {
		v.status.say("there is one loop only")
		return
	}
	i := (loopIndex(sc.snap, sc.loop().Stream) + by + n) % n
	v.selected.choose(loopRow(loops[i].Stream), sc.snap)
	v.at, v.top = -1, 0
}

// click selects the line under the mouse, or goes to the turn that is listed there.
func (v *iterationView) click(_ *scene, _, y int) {
	if !v.has {
		return
	}
	if row := y - v.rowsY; row >= 0 && v.top+row < len(v.rows) {
		v.at = v.top + row
	} else if i := y - v.aroundY; i >= 0 && i < len(v.around) {
		v.window.freeze()
		v.show(v.around[i])
	}
}

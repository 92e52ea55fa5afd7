package tui

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

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
	rowHandler // a handler, with the calls in it below it
)

// fill makes the rows of a turn.
func (v *iterationView) fill(s *timeline.Snapshot, turn *timeline.Turn) {
	v.rows = v.rows[:0]
	rest := &turn.Rest
	if rest.Kind != timeline.RestNone {
		end := rest.End
		if end == 0 {
			end = turn.End
		}
		label := rest.Kind.String()
		if n := len(rest.Events); n > 0 {
			if e, ok := s.Event(rest.Events[n-1]); ok {
				label, _ = lineOf(s, rest.Events[n-1], &e)
			}
		}
		v.rows = append(v.rows, iterRow{-1, -1, rest.Begin, end, label, restNote(s, turn), rowWait})
	}
	for i := range turn.Items {
		x := &turn.Items[i]
		row := iterRow{i, -1, x.Begin, x.End, itemLabel(x), v.itemNote(x), rowItem}
		switch {
		case x.Again:
			row.style = rowAgain
		case x.Kind == timeline.ItemNote:
			row.style = rowQuiet
		}
		if x.In >= 0 {
			row.label = "  " + row.label
		}
		if x.Kind == timeline.ItemOther && v.single(s, x, &row) {
			v.rows = append(v.rows, row)
			continue
		}
		v.rows = append(v.rows, row)
		v.handler(s, turn, i)
		for _, at := range x.Events {
			e, ok := s.Event(at)
			if !ok || at == x.Report || at == x.Handler || e.Phase.Base() == trace.PhaseEnter {
				continue
			}
			switch e.Kind {
			case trace.Ready, trace.Renotify, trace.Name, trace.Call, trace.TimerFire, trace.Complete, trace.Round:
				continue
			}
			what, note := lineOf(s, at, &e)
			style := rowCall
			if e.Errno != 0 && trace.ErrnoName(e.Errno) != "EAGAIN" {
				style = rowBad
			}
			v.rows = append(v.rows, iterRow{i, at, e.Time - e.Dur, e.Time, "    " + strings.TrimSpace(what), note, style})
		}
	}
}

// single makes the row of an item that is one call the call's: its name, what it returned and how long it took.
func (v *iterationView) single(s *timeline.Snapshot, x *timeline.Item, row *iterRow) bool {
	last := x.Events[len(x.Events)-1]
	e, ok := s.Event(last)
	if !ok || len(x.Events) > 2 || len(x.Events) == 2 && e.Phase.Base() != trace.PhaseExit {
		return false
	}
	what, note := lineOf(s, last, &e)
	row.label, row.note, row.event = strings.TrimSpace(what), note, last
	if e.Errno != 0 {
		row.style = rowBad
	}
	return true
}

// handler makes the row of the handler of an item: between the calls in it the program's own code runs, and nowhere else is that to be seen. A
// task is one itself.
func (v *iterationView) handler(s *timeline.Snapshot, turn *timeline.Turn, i int) {
	x := &turn.Items[i]
	if x.Kind == timeline.ItemTask || x.Handler < 0 && !x.Open {
		return
	}
	at, open := x.Handler, false
	if at < 0 { // it runs
		for _, k := range x.Events {
			if e, ok := s.Event(k); ok && e.Kind == trace.Call && e.Phase.Base() == trace.PhaseEnter {
				at, open = k, true
			}
		}
	}
	e, ok := s.Event(at)
	if !ok || at < 0 || e.Kind != trace.Call {
		return
	}
	name := clean(words.HandlerName(s, &e))
	if name == "" {
		name = clean(trace.CallOf(&e).What().String())
	}
	row := iterRow{i, at, e.Start(), e.Time, "    handler " + name, "", rowHandler}
	switch {
	case open:
		row.end, row.note = max(turn.End, e.Time), "runs"
	case turn.Timed && e.Dur > 0:
		row.note = words.Duration(e.Dur)
	}
	v.rows = append(v.rows, row)
}

// restNote says what limited the wait, and whether it ended when it should.
func restNote(s *timeline.Snapshot, turn *timeline.Turn) string {
	r := &turn.Rest
	switch r.Limit {
	case timeline.LimitNone:
		return "no timeout (-1)"
	case timeline.LimitZero:
		return "timeout 0"
	case timeline.LimitTimer:
		if r.Due != 0 && turn.Timed {
			return fmt.Sprintf("until timer %d, due at %s s", r.Timer, seconds(r.Due-s.First, 3))
		}
		return fmt.Sprintf("until timer %d", r.Timer)
	case timeline.LimitAsked:
		asked := "timeout " + words.Duration(r.Asked)
		if r.Kind == timeline.RestSleep {
			asked = "sleep of " + words.Duration(r.Asked)
		}
		switch {
		case !r.TimedOut(): // something ended it before, or it is not over
			return asked
		case !lasting(s):
			return asked
		case turn.Timed && turn.Overrun > 0:
			return asked + ", woke " + words.Duration(turn.Overrun) + " late"
		case turn.Timed:
			return asked + ", on time"
		}
		return asked
	}
	return ""
}

func itemLabel(x *timeline.Item) string {
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
		parts = append(parts, words.Bytes(x.Unread)+" unread")
	}
	if x.Kind == timeline.ItemReport && !x.Touched() {
		parts = append(parts, "not touched")
	}
	if x.Kind == timeline.ItemCalls {
		switch {
		case v.turn0.Rest.Kind != timeline.RestWait: // nobody is told of anything here
		case x.Earlier >= v.turn0.First:
			parts = append(parts, "reported in this iteration")
		case x.Earlier >= 0:
			parts = append(parts, "reported in an earlier iteration")
		default:
			parts = append(parts, "no event in this iteration")
		}
	}
	if x.Kind == timeline.ItemTimer {
		if x.Late >= 0 {
			parts = append(parts, words.Duration(x.Late)+" late")
		}
		if x.Times > 1 {
			parts = append(parts, fmt.Sprintf("for %d times", x.Times))
		}
	}
	if x.Kind == timeline.ItemTask {
		if x.Who != 0 {
			parts = append(parts, fmt.Sprintf("from thread %d", x.Who))
		}
		if x.Queued >= 0 {
			parts = append(parts, "queued "+words.Duration(x.Queued))
		}
	}
	return strings.Join(parts, ", ")
}

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
				label, _ = lineOf(s, &e)
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
			what, note := lineOf(s, &e)
			style := rowCall
			if e.Errno != 0 && trace.ErrnoName(e.Errno) != "EAGAIN" {
				style = rowBad
			}
			v.rows = append(v.rows, iterRow{i, at, e.Time - e.Dur, e.Time, "    " + strings.TrimSpace(what), note, style})
		}
	}
}

// restNote says why the wait was as long as it was.
func restNote(s *timeline.Snapshot, turn *timeline.Turn) string {
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
		if r.Interrupt || r.Count > 0 { // it ended before
			return "at most " + words.Duration(r.Asked)
		}
		return "as long as it asked for"
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
		parts = append(parts, words.Bytes(x.Unread)+" waited")
	}
	if x.Kind == timeline.ItemReport && !x.Touched() {
		parts = append(parts, "not touched")
	}
	if x.Kind == timeline.ItemCalls {
		switch {
		case v.turn0.Rest.Kind != timeline.RestWait: // nobody is told of anything here
		case x.Earlier >= v.turn0.First:
			parts = append(parts, "reported in this turn")
		case x.Earlier >= 0:
			parts = append(parts, "reported in an earlier turn")
		default:
			parts = append(parts, "no report in this turn")
		}
	}
	if x.Kind == timeline.ItemTimer {
		parts = append(parts, words.Duration(x.Late)+" late")
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

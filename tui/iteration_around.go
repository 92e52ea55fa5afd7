package tui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"evviz/timeline"
	"evviz/words"
)

// drawAround lists the iterations before and after, those in which there was something to do, so that one knows where one is:
//
//	── Iterations around it ──────────────────────────
//	  12.700 s  waited 42 ms   worked 1.1 ms  1 report
//	> 12.731 s  waited 21 ms   worked 0.3 ms  2 reports
//	  12.755 s  waited 24 ms   worked 0.2 ms  1 timer
func (v *iterationView) drawAround(sc *scene, p pane, turn *timeline.Turn) {
	t := &sc.theme
	p.fill(0, 0, p.w, sc.sym.Line, t.dim)
	p.put(2, 0, " Iterations around it ", t.title)
	rows := min(p.h-1, 15)
	var before, after []timeline.Turn
	for at := *turn; len(before) < rows/2; {
		x, ok := sc.snap.PrevBusy(&at)
		if !ok {
			break
		}
		before = append(before, x)
		at = x
	}
	for at := *turn; len(before)+1+len(after) < rows; {
		x, ok := sc.snap.NextBusy(&at)
		if !ok {
			break
		}
		after = append(after, x)
		at = x
	}
	late, slept := turn.Overrun > 0, turn.Slept > 0
	for _, list := range [][]timeline.Turn{before, after} {
		for i := range list {
			late, slept = late || list[i].Overrun > 0, slept || list[i].Slept > 0
		}
	}
	y := 1
	line := func(x *timeline.Turn, st tcell.Style) {
		when := seconds(x.Begin-sc.snap.First, 6) + " s"
		s := fmt.Sprintf("%14s  ", when)
		if x.Timed && !lasting(sc.snap) {
			s += fmt.Sprintf("%-24s ", spent(sc.snap, x))
		} else if x.Timed {
			waited, worked := "waited "+words.Duration(x.Waited), "worked "+words.Duration(x.Working)
			if x.Rest.Kind == timeline.RestNone {
				waited = ""
			}
			if stillRests(x) || x.Running && x.Working == 0 {
				worked = ""
			}
			s += fmt.Sprintf("%-16s %-16s ", waited, worked)
			if slept {
				in := ""
				if x.Slept > 0 {
					in = "slept " + words.Duration(x.Slept)
				}
				s += fmt.Sprintf("%-15s ", in)
			}
			if late { // where one of them was: their time is in a column, too
				woke := ""
				if x.Overrun > 0 {
					woke = "woke " + words.Duration(x.Overrun) + " late"
				}
				s += fmt.Sprintf("%-20s ", woke)
			}
		} else {
			s = "  "
		}
		end := p.put(2, y, s, st)
		p.put(end, y, turnTitle(x), st)
		v.around = append(v.around, *x)
		y++
	}
	for i := len(before) - 1; i >= 0; i-- {
		line(&before[i], t.dim)
	}
	p.fill(0, y, p.w, ' ', t.selected)
	p.set(0, y, sc.sym.GoesOn, t.selected)
	line(turn, t.selected)
	for i := range after {
		line(&after[i], t.dim)
	}
}

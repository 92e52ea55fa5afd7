package tui

import (
	"fmt"

	"evviz/diagnostics"
	"evviz/words"
)

// transport is the bar of a replay: how fast it plays, where it is, what lies ahead. Its marks are the findings and the
// bookmarks; a click seeks.
//
//	▶ 1x   12.500 / 60.0 s  ━━━━━━━━━━━◆────◊──────────────
type transport struct {
	barAt  int // column at which the bar begins
	window *window
}

func (r *transport) draw(sc *scene, p pane) {
	t := &sc.theme
	y := &sc.replay
	if !y.seeks {
		return
	}
	lo, hi := y.lo, y.hi
	at := sc.snap.Now
	if y.placed {
		at = y.at
	}
	sign := sc.sym.Play
	if y.pauses && (y.paused || y.over) {
		sign = sc.sym.Still
	}
	x := p.put(1, 0, string(sign), t.good)
	x = p.put(x+1, 0, fmt.Sprintf("%gx", y.speed), t.text)
	if sc.snap.Info.Timed {
		x = p.put(max(x+2, 9), 0, seconds(at-lo, 3), t.bold)
		x = p.put(x, 0, " / "+words.Duration(hi-lo), t.dim)
	}
	if y.round != [2]int64{} {
		x = p.put(x+1, 0, fmt.Sprintf("round %s-%s", seconds(y.round[0]-lo, 2), seconds(y.round[1]-lo, 2)), t.selected)
	}
	r.barAt = max(x+2, 28)
	x0, w := r.barAt, p.w-r.barAt-1
	if w < 4 || hi <= lo {
		return
	}
	col := func(when int64) int { return int(float64(when-lo) / float64(hi-lo) * float64(w-1)) }
	here := col(min(max(at, lo), hi))
	for i := range w {
		switch {
		case i <= here:
			p.set(x0+i, 0, sc.sym.Done, t.good)
		default:
			p.set(x0+i, 0, sc.sym.Todo, t.dim)
		}
	}
	if y.round != [2]int64{} {
		for i := col(y.round[0]); i <= col(y.round[1]); i++ {
			p.set(x0+i, 0, sc.sym.Done, t.accept)
		}
	}
	for i := len(sc.found) - 1; i >= 0; i-- { // the weightiest last, on top
		if x := sc.found[i]; x.Severity > diagnostics.Info && x.First >= lo && x.First <= hi {
			p.set(x0+col(x.First), 0, sc.sym.Found, sc.severityStyle(x.Severity))
		}
	}
	for _, m := range sc.marks {
		if m.At >= lo && m.At <= hi {
			p.set(x0+col(m.At), 0, sc.sym.Flag, t.bold)
		}
	}
	p.set(x0+here, 0, sc.sym.Play, t.bold)
}

// click seeks to where the bar was clicked, from the transport's corner.
func (r *transport) click(x, w int) {
	lo, hi := r.window.src.seeker.Bounds()
	w -= r.barAt + 1
	if i := x - r.barAt; i >= 0 && w > 1 && i < w {
		r.window.leap(lo + int64(float64(hi-lo)*float64(i)/float64(w-1)))
	}
}

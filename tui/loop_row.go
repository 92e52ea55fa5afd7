package tui

import (
	"evviz/picture"
	"evviz/timeline"
)

// drawLoop draws a loop's row: its name, what it does now, and its cells.
func (x *lanes) drawLoop(sc *scene, p pane, y int, l *timeline.LoopLane) {
	t, g := &sc.theme, sc.gutter()
	end := p.put(0, y, sc.loops.labels[loopIndex(sc.snap, l.Stream)], t.bold)
	rows, cells := sc.rows(), x.cache.loop(sc.frame, l, sc.cells())
	p.put(max(end+1, 9), y, cut(rows.LoopDoes(l, sc.mode(), cells, g-10), g-10), t.dim)
	x.row = rows.Loop(x.row, cells)
	x.paint(sc, p, y, &rows)
}

// drawRate is how many events the waits of the loop that is looked at returned, or, where it has no waits, how many of its calls ended in
// EAGAIN.
func (x *lanes) drawRate(sc *scene, p pane, y int, l *timeline.LoopLane) {
	t, g := &sc.theme, sc.gutter()
	rate, rows := picture.RateOf(sc.mode()), sc.rows()
	cells := x.cache.loop(sc.frame, l, rows.RateCells())
	p.put(0, y, rate.String(), t.dim)
	scale := ""
	if peak := rate.Peak(cells); peak > 0 {
		fine := rows // braille has more of them
		fine.Cells = rows.RateCells()
		scale = "to " + fine.PerSecond(peak)
	}
	if !sc.snap.Info.Timed {
		scale = ""
	}
	if len(scale) > g-10 {
		scale = scale[len("to "):]
	}
	if of := sc.threadLabel(l.Stream); of != "" {
		if both := of + " " + scale; len([]rune(both)) <= g-10 {
			scale = both
		} else {
			scale = of
		}
	}
	p.put(9, y, cut(scale, g-10), t.dim)
	x.row = rows.Rate(x.row, rate, cells)
	p.paint(g, y, x.row, &sc.inks)
}

package tui

import (
	"unicode/utf8"

	"evviz/picture"
	"evviz/timeline"
)

// drawLane draws a connection's or the listener's row: its label, the mark of its weightiest finding, and the cells that
// picture.Window.Lane makes of it, with the evidence of findings among them.
func (x *lanes) drawLane(sc *scene, p pane, y int, l *timeline.Lane) {
	t, g := &sc.theme, sc.gutter()
	st := t.text
	if l.Closed != 0 && l.Closed <= sc.edge() {
		st = t.dim
	}
	if l.ID == sc.row {
		p.fill(0, y, g-1, ' ', t.selected)
		st = t.selected
	}
	rows, cells := sc.rows(), x.cache.cells(sc.frame, l)
	x.row = rows.Lane(x.row, l, cells)
	rows.Service(x.row, x.cache.shares(sc.frame, l))
	end := p.put(0, y, wide(rows.LaneLabel(l, x.row, cells, g-1-b2i(g > 17))), st)
	if of := sc.threadLabel(l.Thread); of != "" && end+1+utf8.RuneCountInString(of) < g {
		whose := t.dim
		if l.ID == sc.row {
			whose = st
		}
		p.put(end+1, y, of, whose)
	}
	if w := sc.worst(l.ID); w != nil {
		p.set(g-1, y, sc.mark(w.Severity), sc.severityStyle(w.Severity))
	}
	x.paint(sc, p, y, &rows)
	if drawMoments(sc, p, y, l, x.row) {
		x.uses[y] |= picture.UsedFound
	}
}

package tui

import (
	"fmt"

	"evviz/diagnostics"
	"evviz/picture"
	"evviz/timeline"
)

// draw lists what was found, the worst first, with its name above.
func (x *findings) draw(sc *scene, p pane) {
	t := &sc.theme
	drawPaneTitle(sc, p, "Findings", paneFindings)
	if len(sc.found) == 0 {
		p.put(1, 1, "nothing found so far", t.dim)
		return
	}
	p.y, p.h = p.y+1, p.h-1
	if more := x.drawRows(sc, p); more > 0 {
		p.y--
		p.right(0, fmt.Sprintf(" %d more (n) ", more), t.dim)
	}
}

// drawRows draws one row for each finding, and says how many there are below. The selected one stays in sight.
func (x *findings) drawRows(sc *scene, p pane) (more int) {
	t := &sc.theme
	top := min(x.top, max(len(sc.found)-p.h, 0))
	for i, y := range sc.found {
		if keyOf(y) == sc.finding {
			top = max(min(top, i), i-p.h+1)
		}
	}
	x.top = top
	for y := 0; y < p.h && top+y < len(sc.found); y++ {
		one := sc.found[top+y]
		st := t.text
		if keyOf(one) == sc.finding {
			st = t.selected
			p.fill(0, y, p.w, ' ', st)
		}
		p.set(0, y, sc.mark(one.Severity), mix(st, sc.severityStyle(one.Severity)))
		at := p.put(2, y, one.Rule.ID+" ", st.Bold(true))
		p.put(at, y, sc.fits(clean(one.Short()), p.w-at), st)
	}
	return len(sc.found) - top - p.h
}

// drawMoments marks on a lane where the evidence of its findings lies, in cells of its row that show nothing else. The end of a bar
// that is still open stays. It reports whether there was any.
func drawMoments(sc *scene, p pane, y int, l *timeline.Lane, row []picture.Cell) (any bool) {
	for _, x := range sc.found {
		if x.Lane != l.ID || x.Severity == diagnostics.Info {
			continue
		}
		picked := keyOf(x) == sc.finding
		for _, at := range x.Evidence {
			i := sc.column(at)
			if at < sc.t0 || at >= sc.t1 || i < 0 || i >= len(row) || row[i].Open || row[i].Mark && !picked {
				continue
			}
			p.set(sc.gutter()+i, y, sc.sym.Found, mix(sc.theme.role(row[i].Fill.Role()), sc.severityStyle(x.Severity)))
			any = true
		}
	}
	return any
}

package tui

import (
	"fmt"

	"evviz/diagnostics"
	"evviz/words"
)

// drawTransport is the bar of a replay: how fast it plays, where it is, what lies ahead. Its marks are the findings and the
// bookmarks; a click seeks.
//
//	▶ 1x   12.500 / 60.0 s  ━━━━━━━━━━━◆────◊──────────────
func (u *ui) drawTransport(f *frame, p pane) {
	t := &u.theme
	if u.seeker == nil {
		return
	}
	lo, hi := u.seeker.Bounds()
	at := f.snap.Now
	if pos, ok := u.position(); ok {
		at = pos
	}
	sign := u.sym.play
	if u.pauser != nil && (u.pauser.Paused() || u.atEnd != nil && u.atEnd.AtEnd()) {
		sign = u.sym.still
	}
	x := p.put(1, 0, string(sign), t.good)
	x = p.put(x+1, 0, fmt.Sprintf("%gx", u.speeder.Speed()), t.text)
	if f.snap.Info.Timed {
		x = p.put(max(x+2, 9), 0, seconds(at-lo, 3), t.bold)
		x = p.put(x, 0, " / "+words.Duration(hi-lo), t.dim)
	}
	if u.looped != [2]int64{} {
		x = p.put(x+1, 0, fmt.Sprintf("round %s-%s", seconds(u.looped[0]-lo, 2), seconds(u.looped[1]-lo, 2)), t.mode)
	}
	x0, w := u.track(p, x)
	if w < 4 || hi <= lo {
		return
	}
	col := func(when int64) int { return int(float64(when-lo) / float64(hi-lo) * float64(w-1)) }
	here := col(min(max(at, lo), hi))
	for i := range w {
		switch {
		case i <= here:
			p.set(x0+i, 0, u.sym.done, t.good)
		default:
			p.set(x0+i, 0, u.sym.todo, t.dim)
		}
	}
	if u.looped != [2]int64{} {
		for i := col(u.looped[0]); i <= col(u.looped[1]); i++ {
			p.set(x0+i, 0, u.sym.done, t.accept)
		}
	}
	found, _ := u.everything(f)
	for i := len(found) - 1; i >= 0; i-- { // the weightiest last, on top
		if y := found[i]; y.Severity > diagnostics.Info && y.First >= lo && y.First <= hi {
			p.set(x0+col(y.First), 0, u.sym.found, u.severityStyle(y.Severity))
		}
	}
	for _, m := range u.allMarks() {
		if m.At >= lo && m.At <= hi {
			p.set(x0+col(m.At), 0, u.sym.flag, t.bold)
		}
	}
	p.set(x0+here, 0, u.sym.play, t.bold)
}

// track is where the bar itself lies; x is where the words before it end.
func (u *ui) track(p pane, x int) (x0, w int) {
	u.trackAt = max(x+2, 28)
	return u.trackAt, p.w - u.trackAt - 1
}

// clickTransport seeks to where the bar was clicked.
func (u *ui) clickTransport(x int) {
	rx, _, w, _ := u.parts.transport.GetRect()
	lo, hi := u.seeker.Bounds()
	w -= u.trackAt + 1
	if i := x - rx - u.trackAt; i >= 0 && w > 1 && i < w {
		u.leap(lo + int64(float64(hi-lo)*float64(i)/float64(w-1)))
	}
}

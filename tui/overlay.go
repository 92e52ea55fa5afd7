package tui

import "github.com/gdamore/tcell/v2"

// An overlay is a box over the picture, which goes on living around it. A screen below boxWide or boxHigh has no room for both: there it takes
// all of it.
const (
	boxWide = 96
	boxHigh = 28
)

// place is where an overlay goes.
type boxPlace uint8

const (
	boxMiddle boxPlace = iota
	boxBelow           // over the lists below the lanes: what is explained stays in sight
)

// box draws the frame of an overlay for lines of w columns, h of them, and returns the pane inside it.
func (sc *scene) box(p pane, w, h int, at boxPlace, title, hint string) (inside pane) {
	t := &sc.theme
	title, hint = " "+title+" ", " "+hint+" "
	if p.w < boxWide || p.h < boxHigh {
		p.clear(t.text)
		p.fill(0, 0, p.w, ' ', t.bar)
		p.put(0, 0, sc.fits(title, p.w), t.bar.Bold(true))
		p.fill(0, p.h-1, p.w, ' ', t.bar)
		p.put(0, p.h-1, sc.fits(hint, p.w), t.bar)
		return pane{p.s, p.x + 1, p.y + 1, p.w - 2, p.h - 2}
	}
	w, h = min(max(w, len(hint)+2, 40)+4, p.w-6), min(h+2, p.h-6)
	b := pane{p.s, p.x + (p.w-w)/2, p.y + (p.h-h)/2, w, h}
	if at == boxBelow {
		b.h = min(b.h, max(p.h/2, 12))
		b.y = p.y + p.h - b.h - 2 // the keys stay, and the line above them
	}
	b.clear(t.text)
	y := b.h - 1
	for x := range b.w {
		b.set(x, 0, sc.sym.Line, t.dim)
		b.set(x, y, sc.sym.Line, t.dim)
	}
	for y := range b.h {
		b.set(0, y, sc.sym.Corner, t.dim)
		b.set(b.w-1, y, sc.sym.Corner, t.dim)
	}
	for i, xy := range [4][2]int{{0, 0}, {b.w - 1, 0}, {0, y}, {b.w - 1, y}} {
		b.set(xy[0], xy[1], sc.sym.Corners[i], t.dim)
	}
	b.put(2, 0, sc.fits(title, b.w-4), t.tab)
	b.put(2, y, sc.fits(hint, b.w-4), t.dim)
	return pane{p.s, b.x + 2, b.y + 1, b.w - 4, b.h - 2}
}

// clear makes the pane blank.
func (p pane) clear(st tcell.Style) {
	for y := range p.h {
		p.fill(0, y, p.w, ' ', st)
	}
}

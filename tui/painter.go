package tui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/tui/screen"
)

// pane is a rectangle of the screen to draw into; what falls outside is cut off.
type pane struct {
	s          tcell.Screen
	x, y, w, h int
}

// put draws text at a place inside the pane and returns the column after it. The text is taken as it is: colour tags mean
// nothing here, and text from outside has been through clean.
func (p pane) put(x, y int, s string, st tcell.Style) int {
	if y < 0 || y >= p.h {
		return x
	}
	for _, r := range s {
		w := screen.RuneWidth(r)
		if x < 0 || x+w > p.w {
			return x
		}
		p.s.SetContent(p.x+x, p.y+y, r, nil, st)
		x += w
	}
	return x
}

func (p pane) fill(x, y, w int, r rune, st tcell.Style) {
	for i := 0; i < w; i++ {
		p.set(x+i, y, r, st)
	}
}

func (p pane) set(x, y int, r rune, st tcell.Style) {
	if x >= 0 && y >= 0 && x < p.w && y < p.h {
		p.s.SetContent(p.x+x, p.y+y, r, nil, st)
	}
}

// right draws text that ends at the pane's right edge and returns where it begins.
func (p pane) right(y int, s string, st tcell.Style) int {
	x := p.w - len([]rune(s))
	p.put(x, y, s, st)
	return x
}

// region is a rectangle of the layout whose drawing is a pure function of the frame.
type region struct {
	*tview.Box
	ui   *ui
	draw func(f *frame, p pane)
}

func (u *ui) region(draw func(f *frame, p pane)) *region {
	return &region{Box: tview.NewBox(), ui: u, draw: draw}
}

// Draw implements tview.Primitive. The box's own background is not painted: the screen was cleared just before.
func (r *region) Draw(s tcell.Screen) {
	x, y, w, h := r.GetRect()
	if w > 0 && h > 0 && r.ui.frame != nil {
		r.draw(r.ui.frame, pane{s, x, y, w, h})
	}
}

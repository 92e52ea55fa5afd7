package tui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

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

// cut is the beginning of a text, of at most w characters.
func cut(s string, w int) string {
	r := []rune(s)
	if w < 0 {
		w = 0
	}
	if len(r) > w {
		r = r[:w]
	}
	return string(r)
}

// seconds writes a duration in seconds with so many decimals.
func seconds(ns int64, decimals int) string {
	return fmt.Sprintf("%.*f", decimals, float64(ns)/1e9)
}

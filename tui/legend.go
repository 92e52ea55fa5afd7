package tui

import (
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
)

// legend explains the colours and glyphs that are on the screen, and no others.
type legend struct {
	lanes   []*lanes        // whose rows it explains; they are drawn before it
	entries []picture.Entry // room for them
	memo    *memo
}

func (l *legend) draw(sc *scene, p pane) {
	used := picture.Used(0)
	for _, x := range l.lanes {
		used |= x.used()
	}
	if l.memo.keepRegion(sc, p, used) {
		return
	}
	l.entries = sc.sym.AppendLegend(l.entries[:0], used)
	short := 0
	for short < mostWords-1 && !l.fits(p.w, p.h, short) {
		short++
	}
	x, y := 1, 0
	for i := range l.entries {
		e := &l.entries[i]
		words, glyph := e.Words[min(short, len(e.Words)-1)], glyphWidth(e)
		if x+glyph+1+utf8.RuneCountInString(words) > p.w {
			x, y = 1, y+1
		}
		r, st := sc.legendFill(e)
		p.fill(x, y, glyph, r, st)
		x = p.put(x+glyph+1, y, words, sc.theme.dim) + 2
	}
}

// mostWords is how many texts an entry has at most.
const mostWords = 3

// glyphWidth is how many cells an entry shows.
func glyphWidth(e *picture.Entry) int {
	if e.Filled {
		return 2
	}
	return 1
}

// fits reports whether all entries have room in h rows of w cells, each in its text number short.
func (l *legend) fits(w, h, short int) bool {
	x, y := 1, 0
	for i := range l.entries {
		e := &l.entries[i]
		n := glyphWidth(e) + 1 + utf8.RuneCountInString(e.Words[min(short, len(e.Words)-1)])
		if x+n > w {
			x, y = 1, y+1
		}
		x += n + 2
	}
	return y < h
}

// legendFill is how the legend shows an entry: as it stands in the rows, by the colour of its ground where it has one, else as the glyph.
func (k *style) legendFill(e *picture.Entry) (rune, tcell.Style) {
	st := k.theme.role(e.Role)
	if !e.Filled {
		return e.Rune, st
	}
	if _, ground, _ := st.Decompose(); ground != tcell.ColorDefault {
		return ' ', st
	}
	if e.Rune == k.sym.Spark[k.sym.Steps()] { // what tells blocks apart is an attribute, or a colour of the ink
		st = k.inks.style[e.Role.Part()]
	}
	return e.Rune, st
}

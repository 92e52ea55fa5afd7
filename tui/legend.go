package tui

import (
	"fmt"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
)

// legend explains colours and glyphs.
type legend struct {
	entries []picture.Entry // room for them
	memo    *memo
}

func (l *legend) draw(sc *scene, p pane) {
	driver := sc.snap.ModeAt(sc.t1).Driver
	if l.memo.keepRegion(sc, p, driver) {
		return
	}
	t := &sc.theme
	x := 1
	l.entries = sc.sym.AppendBars(l.entries[:0])
	if p.h > 1 {
		l.entries = sc.sym.AppendStates(l.entries, sc.snap.Info.Kinds)
	}
	for i := range l.entries {
		e := &l.entries[i]
		words := e.Words[legendWords(p.w, len(e.Words))]
		if x+utf8.RuneCountInString(words)+4 > p.w {
			continue
		}
		r, st := sc.legendFill(e)
		p.fill(x, 0, 2, r, st)
		x = p.put(x+3, 0, words, t.dim) + 2
	}
	if p.h > 1 {
		x = 1
	}
	l.entries = sc.sym.AppendMarks(l.entries[:0], driver)
	for i := range l.entries {
		s := fmt.Sprintf("%c %s", l.entries[i].Rune, l.entries[i].Words[0])
		if x+utf8.RuneCountInString(s) > p.w { // a glyph without its words explains nothing
			break
		}
		x = p.put(x, p.h-1, s, t.dim) + 2
	}
}

// legendWords is which of n texts for the same, the longest first, a legend of w cells has room for.
func legendWords(w, n int) int {
	switch {
	case w < 100:
		return n - 1
	case w < 136:
		return min(1, n-1)
	}
	return 0
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

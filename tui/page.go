package tui

import (
	"fmt"

	"evviz/words"
)

// pageKind is what a page is about, by which the key that opened it puts it away again.
type pageKind uint8

const (
	pageNone pageKind = iota
	pageKeys
	pageMode // the mechanism that runs
	pageText // what Enter explains
)

// pages are what lies over the view: the keys, the mechanism, an explanation. There is one at a time.
type pages struct {
	kind pageKind
	top  int // first line shown

	// text is what stands on the page. It is asked for each frame: what a page is about may change while it is read.
	text func(sc *scene, w int) (title string, lines []helpLine)

	scene  *scene
	status *status
}

// open shows a page from its beginning.
func (g *pages) open(kind pageKind, text func(sc *scene, w int) (string, []helpLine)) {
	g.kind, g.text, g.top = kind, text, 0
}

// toggle shows a page, or puts it away when it is the one that is shown.
func (g *pages) toggle(kind pageKind, text func(sc *scene, w int) (string, []helpLine)) {
	if g.kind == kind {
		g.close()
		return
	}
	g.open(kind, text)
}

func (g *pages) close() { g.kind, g.text = pageNone, nil }

// shown reports whether a page lies over the view.
func (g *pages) shown() bool { return g.kind != pageNone }

func (g *pages) scroll(by int) { g.top = max(0, g.top+by) }

// words shows a page of words.
func (g *pages) words(p words.Page) {
	g.open(pageText, func(_ *scene, w int) (string, []helpLine) { return "evviz: " + clean(p.Title), paragraphs(p, w) })
}

// draw draws the page over everything, or says that the screen is too small for anything.
func (g *pages) draw(sc *scene, p pane) {
	t := &sc.theme
	if sc.small {
		lines := []string{fmt.Sprintf("%dx%d is too small", sc.w, sc.h), fmt.Sprintf("evviz needs %dx%d", minWidth, minHeight), "q quits"}
		for i, s := range lines {
			p.put(0, i, s, t.text)
		}
		return
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	title, lines := g.text(sc, p.w-2)
	p.put(1, 0, title, t.bar.Bold(true))
	g.top = min(g.top, max(0, len(lines)-(p.h-2)))
	for i := 0; i < p.h-2 && i+g.top < len(lines); i++ {
		l := lines[i+g.top]
		st := t.text
		if l.off {
			st = t.dim
		}
		if l.whole {
			p.put(1, i+1, l.text, st.Bold(l.keys != ""))
			continue
		}
		x := p.put(1, i+1, fmt.Sprintf("%-14s", l.keys), st.Bold(!l.off))
		p.put(x, i+1, l.text, st)
	}
	p.fill(0, p.h-1, p.w, ' ', t.bar)
	s := " ? or Esc: back"
	if len(lines) > p.h-2 {
		s += "   arrows up and down: more"
	}
	p.put(0, p.h-1, s, t.bar)
}

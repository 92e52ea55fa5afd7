package tui

import (
	"fmt"
	"strings"

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
	top  int    // first line shown
	find string // only lines with it are shown; "" all

	// text is what stands on the page. It is asked for each frame: what a page is about may change while it is read.
	text func(sc *scene, w int) (title string, lines []helpLine)

	inside rect // where its lines were drawn last
	scene  *scene
	status *status
	dialog *dialog
}

// open shows a page from its beginning.
func (g *pages) open(kind pageKind, text func(sc *scene, w int) (string, []helpLine)) {
	g.kind, g.text, g.top, g.find = kind, text, 0, ""
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
	g.open(pageText, func(_ *scene, w int) (string, []helpLine) { return clean(p.Title), paragraphs(p, w) })
}

// search asks for a word, and shows the lines that have it.
func (g *pages) search() {
	was := g.find
	p := &prompt{label: "search: ", done: func(s string) { g.find = strings.TrimSpace(s) }, gaveUp: func() { g.find = was }}
	p.typed = func(s string) { g.find, g.top = strings.TrimSpace(s), 0 }
	p.set(was)
	g.dialog.line = p
}

// pageColumns is from how many columns on the keys stand in two columns, and mostPage how wide a text is made.
const (
	pageColumns = 132
	mostPage    = 110
)

// draw draws the page as a box over the view, or says that the screen is too small for anything.
func (g *pages) draw(sc *scene, p pane) {
	t := &sc.theme
	if sc.small {
		lines := []string{fmt.Sprintf("%dx%d is too small", sc.w, sc.h), fmt.Sprintf("evviz needs %dx%d", minWidth, minHeight), "q quits"}
		for i, s := range lines {
			p.put(0, i, s, t.text)
		}
		return
	}
	columns, at := 1, boxMiddle
	w := min(p.w-10, mostPage)
	if p.w < boxWide || p.h < boxHigh {
		w = p.w - 2
	}
	if g.kind == pageKeys && p.w >= pageColumns && p.h >= boxHigh {
		columns, w = 2, min(p.w-10, 2*mostPage)
	}
	if g.kind == pageText {
		at = boxBelow
	}
	each := (w - 3*(columns-1)) / columns
	title, lines := g.text(sc, each)
	lines = found(lines, g.find)
	rows := (len(lines) + columns - 1) / columns
	hint := "Esc back"
	if g.find != "" {
		title += ": " + clean(g.find)
	}
	if rows > p.h-8 || at == boxBelow && rows > p.h/2-2 {
		hint += "   arrows up and down: more"
	}
	in := sc.box(p, w, max(rows, 3), at, title, hint+"   / search")
	g.inside = rect{in.x, in.y, in.w, in.h}
	if len(lines) == 0 {
		in.put(0, 0, "no line has it", t.dim)
	}
	if columns > 1 && rows <= in.h { // all of it fits
		g.top = 0
		cut := breakAt(lines, rows)
		left, right := lines[:cut], lines[cut:]
		drawHelp(sc, pane{in.s, in.x, in.y, each, in.h}, left)
		drawHelp(sc, pane{in.s, in.x + each + 3, in.y, in.w - each - 3, in.h}, right)
		return
	}
	if columns > 1 {
		_, lines = g.text(sc, in.w)
		lines = found(lines, g.find)
	}
	g.top = min(g.top, max(0, len(lines)-in.h))
	drawHelp(sc, in, lines[g.top:])
	if left := len(lines) - g.top - in.h; left > 0 && in.h > 2 {
		in.right(in.h-1, fmt.Sprintf(" %d more lines ", left), t.bar)
	}
}

// breakAt is where lines are broken into two columns of at most so many: at a blank line, if there is one not far before.
func breakAt(lines []helpLine, rows int) int {
	for i := min(rows, len(lines)); i > rows*3/4 && i < len(lines); i-- {
		if lines[i].blank() {
			return i + 1
		}
	}
	return min(rows, len(lines))
}

// drawHelp draws lines of a page.
func drawHelp(sc *scene, p pane, lines []helpLine) {
	t := &sc.theme
	for i := 0; i < p.h && i < len(lines); i++ {
		l := lines[i]
		st := t.text
		if l.off {
			st = t.dim
		}
		if l.whole {
			p.put(0, i, l.text, st.Bold(l.keys != ""))
			continue
		}
		x := p.put(0, i, fmt.Sprintf("%-14s", l.keys), st.Bold(!l.off))
		p.put(x, i, l.text, st)
	}
}

// found are the lines that have a word, each with the heading above it and the lines of its entry.
func found(lines []helpLine, word string) (out []helpLine) {
	if word == "" {
		return lines
	}
	has := func(l *helpLine) bool {
		return strings.Contains(strings.ToLower(l.keys+" "+l.text), strings.ToLower(word))
	}
	var head *helpLine
	for i := 0; i < len(lines); {
		l := &lines[i]
		if l.blank() || l.whole && l.keys != "" {
			if !l.blank() {
				head = l
			}
			i++
			continue
		}
		j, any := i, false
		for ; j < len(lines) && (j == i || lines[j].continues()); j++ {
			any = any || has(&lines[j])
		}
		if any {
			if head != nil {
				out = append(out, *head)
				head = nil
			}
			out = append(out, lines[i:j]...)
		}
		i = j
	}
	return out
}

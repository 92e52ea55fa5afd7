package tui

import (
	"fmt"

	"evviz/words"
)

// findingsView is view 5: the list of everything that was found, and beside it, or below it on a narrow screen, the selected
// one in full: the sentence, when, how sure, where to look, what to do, and why it matters. Enter goes to its moment in the
// timeline.
type findingsView struct {
	scroll int
	rows   int // of the list

	findings *findings
	views    *views
	window   *window
	status   *status
}

func (v *findingsView) draw(sc *scene, p pane) {
	t := &sc.theme
	list := p
	page := p
	if p.w >= 100 {
		list.w = p.w*2/5 - 1
		page.x, page.w = p.x+list.w+2, p.w-list.w-2
		for y := range p.h {
			p.set(list.w, y, sc.sym.Corner, t.dim)
		}
	} else {
		list.h = min(max(p.h/3, 3), len(sc.problems)+1)
		page.y, page.h = p.y+list.h+1, p.h-list.h-1
		p.fill(0, list.h, p.w, sc.sym.Line, t.dim)
	}
	if len(sc.found) == 0 {
		for i, s := range append(wrap(healthy(sc), max(list.w-2, 10)), scope(sc)) {
			list.put(1, i, s, t.dim)
		}
		return
	}
	head := list
	v.rows = list.h - 1
	list.y, list.h = list.y+1, list.h-1
	more := v.findings.drawCards(sc, list)
	s := scope(sc)
	if more > 0 {
		s = fmt.Sprintf("%d more below · %s", more, s)
	}
	head.put(1, 0, cut(s, head.w-1), t.dim)

	title, lines := findingPage(sc, page.w-1)
	page.put(0, 0, cut(title, page.w), t.bold)
	v.scroll = max(0, min(v.scroll, len(lines)-(page.h-1)))
	for i := 0; i < page.h-1 && i+v.scroll < len(lines); i++ {
		l := lines[i+v.scroll]
		page.put(0, i+1, l.text, t.text.Bold(l.keys != ""))
	}
	if left := len(lines) - v.scroll - (page.h - 1); left > 0 && page.h > 2 {
		page.right(page.h-1, fmt.Sprintf(" %d more lines, PgDn ", left), t.bar)
	}
}

// scope says what the findings are about.
func scope(sc *scene) string {
	if sc.whole {
		return "of the whole recording"
	}
	if share := sc.session.share; share > 0 && share < 1 {
		return fmt.Sprintf("up to here; reading the rest, %.0f %%", share*100)
	}
	return "up to here"
}

func (v *findingsView) state(sc *scene) string {
	if n, _ := sc.counts(); n > 0 {
		return words.Number(int64(n))
	}
	return ""
}

func (v *findingsView) move(_ *scene, by int) {
	v.scroll = 0
	v.findings.move(by)
}

func (v *findingsView) turn(_ *scene, by int) bool {
	v.scroll = max(0, v.scroll+8*by)
	return true
}

func (v *findingsView) step(sc *scene, by int) bool {
	v.move(sc, by)
	return true
}

// enter goes to the moment of the finding.
func (v *findingsView) enter(sc *scene) {
	x := sc.chosen()
	if x == nil {
		v.status.say("nothing has been found")
		return
	}
	v.window.jumps()
	v.views.show(viewTimeline)
	v.findings.show(x)
}

func (v *findingsView) click(sc *scene, x, y int) {
	if sc.body.w >= 100 && x >= sc.body.w*2/5 {
		return
	}
	if rows := v.findings.rows; y > 0 && y <= v.rows && y <= len(rows) && rows[y-1] != nil {
		v.findings.selected.finding, v.scroll = keyOf(rows[y-1]), 0
	}
}

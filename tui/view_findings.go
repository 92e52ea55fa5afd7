package tui

import (
	"fmt"
	"strings"

	"evviz/words"
)

// findingsView is view 5: the list of everything that was found, and beside it, or below it on a narrow screen, the selected
// one in full: the sentence, when, how sure, where to look, what to do, and why it matters. Enter goes to its moment in the
// timeline.
type findingsView struct {
	scroll int
	rows   int // of the list
}

func (v *findingsView) draw(u *ui, f *frame, p pane) {
	t := &u.theme
	list := p
	page := p
	if p.w >= 100 {
		list.w = p.w*2/5 - 1
		page.x, page.w = p.x+list.w+2, p.w-list.w-2
		for y := range p.h {
			p.set(list.w, y, u.sym.corner, t.dim)
		}
	} else {
		list.h = min(max(p.h/3, 3), len(f.found)+1)
		page.y, page.h = p.y+list.h+1, p.h-list.h-1
		p.fill(0, list.h, p.w, u.sym.line, t.dim)
	}
	if len(f.found) == 0 {
		list.put(1, 0, "nothing found so far", t.dim)
		list.put(1, 1, v.scope(u), t.dim)
		return
	}
	if u.chosen() == nil {
		u.finding = keyOf(f.found[0])
	}
	head := list
	v.rows = list.h - 1
	list.y, list.h = list.y+1, list.h-1
	more := u.drawFindingRows(f, list)
	s := v.scope(u)
	if more > 0 {
		s = fmt.Sprintf("%d more below · %s", more, s)
	}
	head.put(1, 0, cut(s, head.w-1), t.dim)

	title, lines := u.findingLines(f, page.w-1)
	page.put(0, 0, cut(strings.TrimPrefix(title, "evviz: "), page.w), t.bold)
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
func (v *findingsView) scope(u *ui) string {
	if u.judgement.whole {
		return "of the whole recording"
	}
	if _, share := u.opt.Feed.Whole(); share > 0 && share < 1 {
		return fmt.Sprintf("up to here; reading the rest, %.0f %%", share*100)
	}
	return "up to here"
}

func (v *findingsView) move(u *ui, by int) {
	v.scroll = 0
	u.moveFinding(by)
}

func (v *findingsView) turn(_ *ui, by int) bool {
	v.scroll = max(0, v.scroll+8*by)
	return true
}

func (v *findingsView) step(u *ui, by int) bool {
	v.scroll = 0
	u.moveFinding(by)
	return true
}

// enter goes to the moment of the finding.
func (v *findingsView) enter(u *ui) {
	if x := u.chosen(); x != nil {
		u.remember()
		u.show1(viewTimeline)
		u.showFinding(x)
		return
	}
	u.say("nothing has been found")
}

func (v *findingsView) state(f *frame, _ *ui) string {
	if n, _ := f.counts(); n > 0 {
		return words.Number(int64(n))
	}
	return ""
}

func (v *findingsView) click(u *ui, x, y int) {
	px, py, w, _ := u.parts.body.GetRect()
	if w >= 100 && x >= px+w*2/5 {
		return
	}
	if i := u.findTop + y - py - 1; y > py && y-py <= v.rows && i < len(u.frame.found) {
		u.finding, v.scroll = keyOf(u.frame.found[i]), 0
	}
}

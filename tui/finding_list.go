package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/picture"
	"evviz/timeline"
	"evviz/words"
)

// Each problem is a card: what is the matter, what to do, and, for scripts, which rule says so and when. Where there is no room for all cards
// the selected one, else the first, is whole, and of the others there is a line each.
//
//	‼ 63 KiB are unread on fd 31 (:53013) and the loop gets no
//	  further notification: it read 1 KiB once under EPOLLET.
//	  fix: read until EAGAIN.   EV03 · certain · since 12.87 s · now
//
//	! 17 threads are woken for one connection ...           EV14 over

// card is a problem as it is listed.
type card struct {
	problem *diagnostics.Problem
	whole   bool
	lines   []cardLine
}

// cardLine is a line of a card.
type cardLine struct {
	text    string
	style   tcell.Style
	finding *diagnostics.Finding // what a click selects
	right   string               // at the right edge
}

// draw lists what was found, with how much there is above.
func (x *findings) draw(sc *scene, p pane) {
	t := &sc.theme
	drawPaneTitle(sc, p, findingsTitle(sc), paneFindings)
	body := p
	body.y, body.h = p.y+1, p.h-1
	if more := x.drawCards(sc, body); more > 0 {
		p.right(0, fmt.Sprintf(" %d more (n) ", more), t.dim)
	}
}

// findingsTitle is the name of the list: how many problems there are now, over and ahead.
func findingsTitle(sc *scene) string {
	var n [3]int
	for _, p := range sc.problems {
		n[p.Stage]++
	}
	var parts []string
	for _, s := range []diagnostics.Stage{diagnostics.Now, diagnostics.Over, diagnostics.Ahead} {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n[s], s))
		}
	}
	if len(parts) == 0 {
		return "Findings"
	}
	return "Findings: " + strings.Join(parts, ", ")
}

// drawCards draws the cards that fit, with the selected one in sight, and says how many problems have none.
func (x *findings) drawCards(sc *scene, p pane) (more int) {
	x.rows = x.rows[:0]
	if p.h <= 0 {
		return 0
	}
	if len(sc.problems) == 0 {
		for i, s := range wrap(healthy(sc), max(p.w-2, 10)) {
			p.put(1, i, s, sc.theme.dim)
		}
		return 0
	}
	cards, at := x.cards(sc, p.w, p.h)
	x.top = min(x.top, at)
	height := func(i int) int {
		n := len(cards[i].lines)
		if cards[i].whole && i+1 < len(cards) {
			n++ // a blank line
		}
		return n
	}
	for used := 0; x.top < at; x.top++ { // scroll until the selected one is in sight
		used = 0
		for i := x.top; i <= at; i++ {
			used += height(i)
		}
		if used <= p.h {
			break
		}
	}
	y := 0
	for i := x.top; i < len(cards); i++ {
		if y >= p.h {
			return len(cards) - i
		}
		for k := range cards[i].lines {
			x.drawCardLine(sc, p, y, &cards[i], k)
			y++
		}
		if cards[i].whole && i+1 < len(cards) {
			x.rows = append(x.rows, nil)
			y++
		}
	}
	return 0
}

// drawCardLine draws a line of a card.
func (x *findings) drawCardLine(sc *scene, p pane, y int, c *card, k int) {
	if y >= p.h {
		return
	}
	l := &c.lines[k]
	x.rows = append(x.rows, l.finding)
	st := l.style
	if l.finding != nil && keyOf(l.finding) == sc.finding {
		p.fill(0, y, p.w, ' ', sc.theme.selected)
		st = mix(sc.theme.selected, sc.theme.selected).Attributes(attributes(l.style))
	}
	room := p.w - 2
	if l.right != "" && len(l.right)+12 < p.w {
		p.put(p.w-len(l.right), y, l.right, st.Bold(false))
		room -= len(l.right) + 1
	}
	if k == 0 {
		sev := sc.severityStyle(c.problem.Severity)
		if c.problem.Stage != diagnostics.Now {
			sev = sc.theme.dim
		}
		p.set(0, y, sc.mark(c.problem.Severity), mix(st, sev))
	}
	p.put(2, y, sc.fits(l.text, room), st)
}

// attributes are those of a style.
func attributes(st tcell.Style) tcell.AttrMask {
	_, _, a := st.Decompose()
	return a
}

// cards makes the cards for a pane of w columns and h rows, and says which one is selected, 0 where none is.
func (x *findings) cards(sc *scene, w, h int) (cards []card, at int) {
	for i, p := range sc.problems {
		for _, f := range p.Findings {
			if keyOf(f) == sc.finding {
				at = i
			}
		}
	}
	total := 0
	for i, p := range sc.problems {
		c := card{problem: p, whole: true, lines: wholeCard(sc, p, w, i == at)}
		total += len(c.lines) + 1
		cards = append(cards, c)
		if total > h+1 {
			break
		}
	}
	if total <= h+1 {
		return cards, at
	}
	cards = cards[:0]
	for i, p := range sc.problems {
		c := card{problem: p, lines: []cardLine{shortCard(sc, p)}}
		if i == at {
			if lines := wholeCard(sc, p, w, true); len(lines) < h {
				c.lines, c.whole = lines, true
			}
		}
		cards = append(cards, c)
	}
	return cards, at
}

// cardStyle is that of a problem's sentence.
func cardStyle(sc *scene, p *diagnostics.Problem) tcell.Style {
	switch {
	case p.Stage != diagnostics.Now:
		return sc.theme.dim
	case p.Severity > diagnostics.Info:
		return sc.theme.bold
	}
	return sc.theme.text
}

// shortCard is a problem in a line.
func shortCard(sc *scene, p *diagnostics.Problem) cardLine {
	f := p.Findings[0]
	return cardLine{text: clean(f.Sentence), style: cardStyle(sc, p), finding: f, right: p.Rule.ID + " " + p.Stage.String()}
}

// mostSubjects is how many subjects a card lists.
const mostSubjects = 6

// wholeCard is a problem in full; its subjects are listed where it is open.
func wholeCard(sc *scene, p *diagnostics.Problem, w int, open bool) (lines []cardLine) {
	f := p.Findings[0]
	if open {
		for _, x := range p.Findings {
			if keyOf(x) == sc.finding {
				f = x
			}
		}
	}
	w = max(w-2, 10)
	for _, s := range wrap(clean(f.Sentence), w) {
		lines = append(lines, cardLine{text: s, style: cardStyle(sc, p), finding: f})
	}
	t := &sc.theme
	script := cardWhen(sc, p, f)
	fix := wrap("fix: "+clean(f.Fix), w)
	if last := fix[len(fix)-1]; f.Fix != "" && len([]rune(last))+3+len([]rune(script)) <= w {
		fix[len(fix)-1] = last + "   " + script
	} else {
		fix = append(fix, script)
	}
	if f.Fix == "" {
		fix = []string{script}
	}
	for _, s := range fix {
		lines = append(lines, cardLine{text: sc.fits(s, w), style: t.dim, finding: f})
	}
	if n := len(p.Findings); n > 1 {
		var others []*diagnostics.Finding
		for _, x := range p.Findings {
			if x != f {
				others = append(others, x)
			}
		}
		if !open {
			return append(lines, cardLine{text: "the same on " + words.Number(int64(n-1)) + " more", style: t.dim, finding: f})
		}
		for i, x := range others {
			if i == mostSubjects {
				lines = append(lines, cardLine{text: "  and " + words.Number(int64(len(others)-i)) + " more", style: t.dim})
				break
			}
			lines = append(lines, cardLine{text: "  " + clean(x.Subject) + ": " + words.Times(x.Count) + ", " + x.StageAt(sc.snap, sc.edge()).String(), style: t.text, finding: x})
		}
	}
	return lines
}

// cardWhen says which rule found it, how sure that is, and when it was, as seen from the window's edge.
func cardWhen(sc *scene, p *diagnostics.Problem, f *diagnostics.Finding) string {
	dot := " " + string(sc.sym.Dot) + " "
	s := f.Rule.ID + dot + f.Verdict.String()
	if !sc.snap.Info.Timed {
		return s
	}
	at := func(t int64) string { return seconds(t-sc.snap.First, 2) + " s" }
	many := ""
	if f.Count > 1 {
		many = words.Times(f.Count) + ", "
	}
	switch f.StageAt(sc.snap, sc.edge()) {
	case diagnostics.Ahead:
		return s + dot + "at " + at(f.First) + dot + "ahead"
	case diagnostics.Over:
		if f.Last <= f.First {
			return s + dot + "at " + at(f.First) + dot + "over"
		}
		return s + dot + many + seconds(f.First-sc.snap.First, 2) + " to " + at(f.Last) + dot + "over"
	}
	if sc.past() { // how often it had happened by then is not known
		many = ""
	}
	return s + dot + many + "since " + at(f.First) + dot + "now"
}

// healthy says that nothing was found, and in how much.
func healthy(sc *scene) string {
	n := sc.snap.EventCount()
	if n == 0 {
		return "nothing to judge yet"
	}
	s := "no problem found in " + words.Count(n, "event")
	if sc.snap.Info.Timed {
		s += " and " + words.Duration(sc.snap.Now-sc.snap.First)
	}
	return s + fmt.Sprintf(": %d rules have looked", len(diagnostics.Rules))
}

// drawMoments marks on a lane where the evidence of its findings lies, in cells of its row that show nothing else. The end of a bar
// that is still open stays. It reports whether there was any.
func drawMoments(sc *scene, p pane, y int, l *timeline.Lane, row []picture.Cell) (any bool) {
	for _, x := range sc.found {
		if x.Lane != l.ID || x.Severity == diagnostics.Info {
			continue
		}
		picked := keyOf(x) == sc.finding
		for _, at := range x.Evidence {
			i := sc.column(at)
			if at < sc.t0 || at >= sc.t1 || i < 0 || i >= len(row) || row[i].Open || row[i].Mark && !picked {
				continue
			}
			p.set(sc.gutter()+i, y, sc.sym.Found, mix(sc.theme.role(row[i].Fill.Role()), sc.severityStyle(x.Severity)))
			any = true
		}
	}
	return any
}

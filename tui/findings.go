package tui

import (
	"fmt"
	"slices"

	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
)

// Findings on the screen
//
//	header    how many there are, in the colour of the worst
//	lanes     a mark between the label and the picture of a lane that has one, and in the picture where it happened
//	list      left of the events, the worst first (a narrow screen has it only in view 5)
//	view 5    all of them, with evidence, explanation and remedy
//	n N       go to the next one: its moment in the middle, its lane selected, its sentence below the lanes
//	Enter     the page about it
//
// They are computed anew for a new snapshot at most every findEvery of the trace's present; a list that changed with every
// frame could not be read. A finding is recognised again by its rule and its subject.

const findEvery = int64(250e6)

// findingKey is what a finding is recognised by in the next snapshot. Lanes are numbered anew in another timeline of the same
// source, so a descriptor is known by what the finding calls it and by when it began.
type findingKey struct {
	rule    string
	thread  int64
	subject string
	first   int64
}

func keyOf(f *diagnostics.Finding) findingKey {
	k := findingKey{f.Rule.ID, f.Thread, f.Subject, 0}
	if f.FD >= 0 {
		k.first = f.First
	}
	return k
}

// judged is what was found, and what of it is selected.
type judged struct {
	judgement
	wholeOf    *timeline.Snapshot // what wholeFound is about
	wholeFound []*diagnostics.Finding
	finding    findingKey // selected; zero none
}

// judgement is what the rules say of a snapshot.
type judgement struct {
	of    *timeline.Snapshot
	found []*diagnostics.Finding
	whole bool // they are those of the whole source, not only of what has been played
}

// findings are those of a snapshot, or of one shortly before it. Of a recording that was read through they are those of the
// whole, so that one can go to what is still to come.
func (u *ui) findings(s *timeline.Snapshot) []*diagnostics.Finding {
	j := &u.judgement
	if j.of == s || j.of != nil && s.Now >= j.of.Now && s.Now-j.of.Now < findEvery && s.First == j.of.First && s.Begin == j.of.Begin && s.Now != s.Last {
		return j.found
	}
	if w, share := u.opt.Feed.Whole(); w != nil && share >= 1 {
		if u.wholeFound == nil || u.wholeOf != w {
			u.wholeOf, u.wholeFound = w, diagnostics.Check(w, u.opt.Findings)
		}
		j.of, j.found, j.whole = s, translated(u.wholeFound, w, s), true
		return j.found
	}
	j.of, j.found, j.whole = s, diagnostics.Check(s, u.opt.Findings), false
	return j.found
}

// translated are the findings of one timeline with the lanes of another: each numbers its own.
func translated(found []*diagnostics.Finding, from, to *timeline.Snapshot) (out []*diagnostics.Finding) {
	type exact struct {
		laneName
		opened int64
	}
	full, rough := map[exact]int64{}, map[laneName]int64{}
	for _, l := range to.Lanes {
		n := nameOf(l)
		full[exact{n, l.Opened}] = l.ID
		rough[n] = l.ID
	}
	for _, f := range found {
		c := *f
		if f.Lane != 0 {
			c.Lane = 0
			if l := from.Lane(f.Lane); l != nil {
				n := nameOf(l)
				id, ok := full[exact{n, l.Opened}]
				if !ok {
					id = rough[n]
				}
				c.Lane = id
			}
		}
		out = append(out, &c)
	}
	return out
}

// everything is what was found, and whether that is of the whole source.
func (u *ui) everything(f *frame) ([]*diagnostics.Finding, bool) { return f.found, u.judgement.whole }

// chosen is the selected finding as it stands now, nil when none is.
func (u *ui) chosen() *diagnostics.Finding {
	if u.finding == (findingKey{}) || u.frame == nil {
		return nil
	}
	for _, f := range u.frame.found {
		if keyOf(f) == u.finding {
			return f
		}
	}
	return nil
}

// nextFinding selects the finding after the selected one and shows its moment.
func (u *ui) nextFinding(by int) {
	if u.frame == nil || len(u.frame.found) == 0 {
		u.say("nothing has been found")
		return
	}
	list := u.frame.found
	i := slices.IndexFunc(list, func(f *diagnostics.Finding) bool { return keyOf(f) == u.finding })
	switch {
	case i < 0 && by < 0:
		i = len(list) - 1
	case i < 0:
		i = 0
	default:
		i = (i + by + len(list)) % len(list)
	}
	u.showFinding(list[i])
}

// showFinding selects a finding and puts its first piece of evidence into the middle of the window. A replay is taken there,
// so that it plays on from that moment.
func (u *ui) showFinding(f *diagnostics.Finding) {
	u.finding = keyOf(f)
	if f.Lane != 0 {
		u.lane = f.Lane
		u.noteLane()
	}
	at := f.First
	if len(f.Evidence) > 0 {
		at = f.Evidence[0]
	}
	u.goTo(at)
	if u.cursor != 0 || u.view == viewIteration || u.view == viewEvents { // those two are about the cursor's moment, not about a window
		u.cursor = at
	}
}

// moveFinding selects the finding above or below.
func (u *ui) moveFinding(by int) {
	list := u.frame.found
	if len(list) == 0 {
		return
	}
	i := slices.IndexFunc(list, func(f *diagnostics.Finding) bool { return keyOf(f) == u.finding })
	if i < 0 && by < 0 {
		i = len(list)
	}
	u.finding = keyOf(list[min(max(i+by, 0), len(list)-1)])
}

// explainFinding opens the page about the selected finding, or selects the first.
func (u *ui) explainFinding() {
	if u.chosen() == nil {
		u.nextFinding(1)
		return
	}
	u.helpOn, u.pageOn, u.findingOn, u.helpTop, u.paged = true, false, true, 0, nil
}

// severityStyle is a finding's colour; the mark doubles it.
func (u *ui) severityStyle(s diagnostics.Severity) tcell.Style {
	switch s {
	case diagnostics.Critical:
		return u.theme.bad
	case diagnostics.Warn:
		return u.theme.accept
	}
	return u.theme.dim
}

// severityMark is the glyph of a severity, in every set of symbols.
func severityMark(s diagnostics.Severity) rune { return [...]rune{'i', '!', '‼'}[min(int(s), 2)] }

func (u *ui) mark(s diagnostics.Severity) rune {
	if r := severityMark(s); r < 0x80 || u.sym.line != '-' {
		return r
	}
	return 'X'
}

// worst is the weightiest finding about a lane.
func (f *frame) worst(lane int64) *diagnostics.Finding {
	for _, x := range f.found { // in order of weight
		if x.Lane == lane && lane != 0 {
			return x
		}
	}
	return nil
}

// counts is how many findings there are above info, and the worst severity of all.
func (f *frame) counts() (n int, worst diagnostics.Severity) {
	for _, x := range f.found {
		if x.Severity > diagnostics.Info {
			n++
		}
		worst = max(worst, x.Severity)
	}
	return n, worst
}

// drawFindings lists what was found, the worst first.
func (u *ui) drawFindings(f *frame, p pane) {
	t := &u.theme
	u.drawPaneTitle(p, "Findings", paneFindings)
	if len(f.found) == 0 {
		p.put(1, 1, "nothing found so far", t.dim)
		return
	}
	p.y, p.h = p.y+1, p.h-1
	if more := u.drawFindingRows(f, p); more > 0 {
		p.y--
		p.right(0, fmt.Sprintf(" %d more (n) ", more), t.dim)
	}
}

// drawFindingRows draws one row for each finding, and says how many there are below. The selected one stays in sight.
func (u *ui) drawFindingRows(f *frame, p pane) (more int) {
	t := &u.theme
	top := min(u.findTop, max(len(f.found)-p.h, 0))
	for i, x := range f.found {
		if keyOf(x) == u.finding {
			top = max(min(top, i), i-p.h+1)
		}
	}
	u.findTop = top
	for y := 0; y < p.h && top+y < len(f.found); y++ {
		x := f.found[top+y]
		st := t.text
		if keyOf(x) == u.finding {
			st = t.selected
			p.fill(0, y, p.w, ' ', st)
		}
		p.set(0, y, u.mark(x.Severity), mix(st, u.severityStyle(x.Severity)))
		at := p.put(2, y, x.Rule.ID+" ", st.Bold(true))
		p.put(at, y, u.fits(clean(x.Short()), p.w-at), st)
	}
	return len(f.found) - top - p.h
}

// drawMoments marks on a lane where the evidence of its findings lies, in cells that show nothing else.
func (u *ui) drawMoments(f *frame, p pane, y int, l *timeline.Lane, glyphs []rune, fills []fill) {
	for _, x := range f.found {
		if x.Lane != l.ID || x.Severity == diagnostics.Info {
			continue
		}
		picked := keyOf(x) == u.finding
		for _, at := range x.Evidence {
			i := f.column(at)
			if at < f.t0 || at >= f.t1 || i < 0 || i >= len(glyphs) || glyphs[i] != 0 && !picked {
				continue
			}
			p.set(f.gutter()+i, y, u.sym.found, mix(u.theme.fillStyle(fills[i]), u.severityStyle(x.Severity)))
		}
	}
}

// findingLines is the page about a finding: what was found, then the rule's own page.
func (u *ui) findingLines(f *frame, w int) (title string, lines []helpLine) {
	x := u.chosen()
	if x == nil {
		return "evviz: the finding is gone", nil
	}
	para := func(head, s string) {
		lines = append(lines, helpLine{keys: "#", text: head, whole: true})
		for _, l := range wrap(clean(s), w) {
			lines = append(lines, helpLine{text: l, whole: true})
		}
		lines = append(lines, helpLine{whole: true})
	}
	para("What was found", x.Sentence)
	para("What to do", x.Fix)
	when := fmt.Sprintf("%s s", seconds(x.First-f.snap.First, 6))
	if x.Last > x.First {
		when += fmt.Sprintf(" to %s s", seconds(x.Last-f.snap.First, 6))
	}
	if !f.snap.Info.Timed {
		when = "this source knows the order of things, not their times"
	}
	para("When, and how sure", fmt.Sprintf("%s; %s, %s", when, x.Severity, x.Verdict))
	rest := pageLines(x.Rule.Page(), w)
	for len(rest) > 0 && rest[0].text == "" {
		rest = rest[1:]
	}
	return "evviz: " + x.Rule.ID + " " + x.Rule.Name, append(lines, rest...)
}

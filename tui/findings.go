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
//	list      left of the events, the worst first (below it when the screen is narrow there is none: n and Enter still work)
//	n N       go to the next one: its moment in the middle, its lane selected, its sentence below the lanes
//	Enter     the page about it
//
// They are computed anew for a new snapshot at most every findEvery of the trace's present; a list that changed with every
// frame could not be read. A finding is recognised again by its rule and its subject.

const findEvery = int64(250e6)

// findingKey is what a finding is recognised by in the next snapshot.
type findingKey struct {
	rule         string
	lane, thread int64
	subject      string
}

func keyOf(f *diagnostics.Finding) findingKey {
	return findingKey{f.Rule.ID, f.Lane, f.Thread, f.Subject}
}

// judgement is what the rules say of a snapshot.
type judgement struct {
	snap  *timeline.Snapshot
	found []*diagnostics.Finding
}

// findings are those of a snapshot, or of one shortly before it.
func (u *ui) findings(s *timeline.Snapshot) []*diagnostics.Finding {
	j := &u.judged
	if j.snap == s || j.snap != nil && s.Now >= j.snap.Now && s.Now-j.snap.Now < findEvery && s.First == j.snap.First && s.Now != s.Last {
		return j.found
	}
	j.snap, j.found = s, diagnostics.Check(s, u.opt.Findings)
	return j.found
}

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

// showFinding selects a finding and puts its first piece of evidence into the middle of the window.
func (u *ui) showFinding(f *diagnostics.Finding) {
	u.finding = keyOf(f)
	if f.Lane != 0 {
		u.lane = f.Lane
	}
	at := f.First
	if len(f.Evidence) > 0 {
		at = f.Evidence[0]
	}
	u.freeze()
	u.right = max(at+u.span/2, u.frame.snap.First+u.span)
}

// explain opens the page about the selected finding, or about the first one of the selected lane.
func (u *ui) explain() {
	if u.helpOn {
		return
	}
	if u.chosen() == nil && u.frame != nil {
		for _, f := range u.frame.found {
			if f.Lane != 0 && f.Lane == u.lane {
				u.finding = keyOf(f)
				break
			}
		}
	}
	if u.chosen() == nil {
		if u.frame != nil && len(u.frame.found) > 0 {
			u.nextFinding(1)
			return
		}
		u.say("nothing has been found")
		return
	}
	u.helpOn, u.pageOn, u.findingOn, u.helpTop = true, false, true, 0
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
	p.fill(0, 0, p.w, u.sym.line, t.dim)
	p.put(2, 0, " Findings ", t.title)
	if len(f.found) == 0 {
		p.put(1, 1, "nothing found so far", t.dim)
		return
	}
	top := 0
	for i, x := range f.found {
		if keyOf(x) == u.finding && i >= p.h-1 {
			top = i - (p.h - 2)
		}
	}
	for y := 1; y < p.h && top+y-1 < len(f.found); y++ {
		x := f.found[top+y-1]
		st := t.text
		if keyOf(x) == u.finding {
			st = t.selected
			p.fill(0, y, p.w, ' ', st)
		}
		p.set(0, y, u.mark(x.Severity), mix(st, u.severityStyle(x.Severity)))
		at := p.put(2, y, x.Rule.ID+" ", st.Bold(true))
		p.put(at, y, clean(x.Short()), st)
	}
	if more := len(f.found) - top - (p.h - 1); more > 0 {
		p.right(0, fmt.Sprintf(" %d more (n) ", more), t.dim)
	}
}

// drawMoments marks on a lane where the evidence of its findings lies, in cells that show nothing else.
func (u *ui) drawMoments(f *frame, p pane, y int, l *timeline.Lane, glyphs []rune, fills []tcell.Style) {
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
			p.set(f.gutter()+i, y, u.sym.found, mix(fills[i], u.severityStyle(x.Severity)))
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
	return "evviz: " + x.Rule.ID + " " + x.Rule.Name, append(lines, pageLines(x.Rule.Page(), w)...)
}

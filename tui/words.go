package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/timeline"
	"evviz/trace"
)

// drawNarration says in words what happens in the window. A message of the moment takes its place for a few seconds.
func (u *ui) drawNarration(f *frame, p pane) {
	if s, bad := u.message(); s != "" {
		st := u.theme.mode
		if bad {
			st = u.theme.warn
		}
		p.put(0, 0, " "+s+" ", st)
		return
	}
	if u.anchor != 0 && u.cursor != 0 {
		p.put(1, 0, cut(clean(u.measured()), p.w-2), u.theme.bold)
		return
	}
	if u.opt.Notes != nil {
		if s, bad := u.opt.Notes(); s != "" {
			st := u.theme.dim
			if bad {
				st = u.theme.warn
			}
			p.put(0, 0, " "+clean(s)+" ", st)
			return
		}
	}
	t0, t1 := f.seen()
	h := diagnostics.Hint{}
	if u.opt.Lab != nil && (u.half == nil || u.half.focus) {
		h.Trigger = "t"
	}
	lead := ""
	if f.coarse != nil { // the rest of the window is shades
		lead = "in what is held: "
	}
	p.put(1, 0, u.fits(lead+clean(diagnostics.Sentence(diagnostics.Narrate(f.snap, t0, t1, h), p.w-2-len(lead))), p.w-1), u.theme.bold)
}

// drawDetail explains what is selected, or the most interesting lane when nothing is.
func (u *ui) drawDetail(f *frame, p pane) {
	p.fill(0, 0, p.w, u.sym.line, u.theme.dim)
	t0, t1 := f.seen()
	if x := u.chosen(); x != nil {
		at := p.put(2, 0, fmt.Sprintf(" %c %s ", u.mark(x.Severity), x.Rule.ID), u.severityStyle(x.Severity))
		p.put(at, 0, u.fits(clean(x.Sentence), p.w-at-1)+" ", u.theme.text)
		return
	}
	l := u.selected()
	if l == nil {
		l = interesting(f, t0, t1)
	}
	if l == nil {
		return
	}
	if u.cursor != 0 {
		t1 = min(u.cursor+1, t1)
	}
	p.put(2, 0, " "+u.fits(clean(diagnostics.Explain(l, min(t0, t1-1), t1)), p.w-4)+" ", u.theme.text)
}

// fits cuts a text that is too long, and shows that it was cut.
func (u *ui) fits(s string, w int) string {
	if r := []rune(s); len(r) > w && w > 1 {
		return string(r[:w-1]) + string(u.sym.more)
	}
	return s
}

// interesting is the lane to explain while none is selected: one that is stranded, else the one that waits longest, else the
// one on which something happened last.
func interesting(f *frame, t0, t1 int64) (best *timeline.Lane) {
	bestScore := int64(-1 << 62)
	for _, l := range f.snap.Lanes {
		if l.Kind != timeline.KindConn || l.Closed != 0 && l.Closed < t0 || l.Opened > t1 {
			continue
		}
		score := l.LastActivity - t0
		if since, stranded, ok := l.WaitingAt(t1 - 1); ok {
			score = 1<<40 + t1 - since
			if stranded {
				score += 1 << 50
			}
		}
		if score > bestScore {
			best, bestScore = l, score
		}
	}
	return best
}

// drawLegend explains colours and glyphs.
func (u *ui) drawLegend(f *frame, p pane) {
	if u.keepRegion(p, f.snap.ModeAt(f.t1).Driver) {
		return
	}
	t := &u.theme
	x := 1
	swatch := func(y int, r rune, words string, fill bool, st tcell.Style) {
		if x+len([]rune(words))+4 > p.w {
			return
		}
		if fill && !t.mono {
			p.put(x, y, "  ", st)
		} else {
			p.put(x, y, string([]rune{r, r}), st)
		}
		x = p.put(x+3, y, words, t.dim) + 2
	}
	first := "data waits: its length is the delay, its height how much"
	switch {
	case p.w < 100:
		first = "data waits"
	case p.w < 136:
		first = "data waits: its length is the delay"
	}
	swatch(0, u.sym.fill[0], first, true, t.fresh)
	swatch(0, u.sym.fill[1], "waits long", true, t.old)
	swatch(0, u.sym.fill[2], "too long", true, t.stale)
	swatch(0, u.sym.again, "told again", true, t.again)
	if p.h > 1 {
		swatch(0, u.sym.work, "working", true, t.working)
		swatch(0, 'z', "asleep", false, t.asleep)
		swatch(0, u.sym.wait, "waiting", false, t.waiting)
		swatch(0, u.sym.edge, "ET", false, t.waiting)
		swatch(0, u.sym.once, "oneshot", false, t.waiting)
		x = 1
	}
	var b strings.Builder
	marks := []timeline.Mark{timeline.MarkArrive, timeline.MarkRead, timeline.MarkWrite, timeline.MarkReadAgain, timeline.MarkRenotify,
		timeline.MarkAccept, timeline.MarkOpen, timeline.MarkClose, timeline.MarkReadEOF, timeline.MarkReset, timeline.MarkModify}
	if f.snap.ModeAt(f.t1).Driver == trace.DriverURing { // no calls, no EAGAIN, nothing told again
		marks = []timeline.Mark{timeline.MarkArrive, timeline.MarkRecvDone, timeline.MarkSendDone, timeline.MarkAccept, timeline.MarkOpen,
			timeline.MarkClose, timeline.MarkReadEOF, timeline.MarkReset}
	}
	for _, m := range marks {
		fmt.Fprintf(&b, "%c %s  ", u.sym.glyph(m), glyphWords[m])
	}
	p.put(x, p.h-1, b.String(), t.dim)
}

// glyphWords are the legend's words, shorter than the marks' own.
var glyphWords = map[timeline.Mark]string{timeline.MarkArrive: "arrived", timeline.MarkRead: "read", timeline.MarkWrite: "write",
	timeline.MarkReadAgain: "EAGAIN", timeline.MarkRenotify: "told again", timeline.MarkAccept: "accept", timeline.MarkOpen: "opened",
	timeline.MarkClose: "closed", timeline.MarkReadEOF: "end of file", timeline.MarkReset: "reset", timeline.MarkModify: "modified",
	timeline.MarkRecvDone: "received", timeline.MarkSendDone: "sent"}

// drawFooter is the keys that matter most; those without an ability behind them are dimmed.
func (u *ui) drawFooter(f *frame, p pane) {
	t := &u.theme
	if u.prompt != nil {
		u.drawPrompt(p)
		return
	}
	if u.keepRegion(p, u.abilitiesNow()) {
		return
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	x := 1
	last := u.lastKeys()
	for i := range u.keys {
		k := &u.keys[i]
		if k.Short == "" || strings.Contains(last, k.Short) || !u.available(k) && u.opt.Lab == nil && k.When != "" && k.When != "lab" {
			continue
		}
		if k.When != "" && k.When != "lab" && k.When != "record" && !u.available(k) {
			continue
		}
		if len(k.Keys) == 0 {
			continue
		}
		name, words := k.Keys[0], k.Short
		if a, b, ok := strings.Cut(k.Short, " "); ok {
			name, words = a, b
		}
		name = strings.NewReplacer("←", u.sym.left, "→", u.sym.right).Replace(lowerSpace(name))
		if x+len([]rune(name+words))+3 > p.w-len(last)-1 {
			break
		}
		ks, ws := t.bar.Bold(true), t.bar
		if !u.available(k) {
			ks, ws = t.bar.Dim(true), t.bar.Dim(true)
		}
		x = p.put(x, 0, name, ks)
		x = p.put(x+1, 0, words, ws) + 2
	}
	p.put(x, 0, last, t.bar)
}

// lastKeys is the end of the footer: how to get help and how to get out.
func (u *ui) lastKeys() string {
	var parts []string
	for _, name := range []string{"help", "quit"} {
		for i := range u.keys {
			if k := &u.keys[i]; k.Name == name && len(k.Keys) > 0 {
				parts = append(parts, k.Keys[0]+" "+name)
			}
		}
	}
	return strings.Join(parts, "  ")
}

// lowerSpace writes the space bar as a word among single keys.
func lowerSpace(k string) string {
	if k == "Space" {
		return "space"
	}
	return k
}

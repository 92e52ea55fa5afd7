package tui

import (
	"fmt"

	"evviz/timeline"
	"evviz/words"
)

// drawDetail explains what is selected, or the most interesting lane when nothing is.
func (u *ui) drawDetail(f *frame, p pane) {
	p.fill(0, 0, p.w, u.sym.line, u.theme.dim)
	t0, t1 := f.seen()
	if x := u.chosen(); x != nil {
		at := p.put(2, 0, fmt.Sprintf(" %c %s ", u.mark(x.Severity), x.Rule.ID), u.severityStyle(x.Severity))
		p.put(at, 0, u.fits(clean(x.Sentence), p.w-at-1)+" ", u.theme.text)
		return
	}
	if u.lane == loopLane && len(f.snap.Loops) > 0 {
		p.put(2, 0, " "+u.fits(loopLine(f), p.w-4)+" ", u.theme.text)
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
	p.put(2, 0, " "+u.fits(clean(words.Explain(l, min(t0, t1-1), t1, f.snap.Info.Timed)), p.w-4)+" ", u.theme.text)
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

// loopLine is the detail line of the loop.
func loopLine(f *frame) string {
	l := f.snap.Loops[0]
	s := "loop"
	if l.TID != 0 {
		s += fmt.Sprintf(", thread %d", l.TID)
	}
	if l.Ended != 0 {
		return s + " · ended"
	}
	s += " · " + l.State.String()
	if f.snap.Info.Timed && l.Since > 0 && f.snap.Now > l.Since {
		s += " for " + words.Duration(f.snap.Now-l.Since)
	}
	if l.Watched >= 0 {
		s += fmt.Sprintf(" · asks about %s", words.Count(l.Watched, "descriptor"))
	}
	return s + " · Enter explains it, 2 shows its turns"
}

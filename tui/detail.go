package tui

import (
	"fmt"

	"evviz/timeline"
	"evviz/words"
)

// drawDetail explains what is selected, or the most interesting lane when nothing is.
func drawDetail(sc *scene, p pane) {
	p.fill(0, 0, p.w, sc.sym.Line, sc.theme.dim)
	t0, t1 := sc.seen()
	if x := sc.chosen(); x != nil {
		at := p.put(2, 0, fmt.Sprintf(" %c %s ", sc.mark(x.Severity), x.Rule.ID), sc.severityStyle(x.Severity))
		p.put(at, 0, sc.fits(clean(x.Sentence), p.w-at-1)+" ", sc.theme.text)
		return
	}
	if l := sc.loop(); sc.row < 0 && l != nil {
		p.put(2, 0, " "+sc.fits(loopLine(sc.frame, l), p.w-4)+" ", sc.theme.text)
		return
	}
	l := sc.selected()
	if l == nil {
		l = interesting(sc.frame, t0, t1)
	}
	if l == nil {
		return
	}
	if sc.cursor != 0 {
		t1 = min(sc.cursor+1, t1)
	}
	line := clean(words.Explain(l, min(t0, t1-1), t1, sc.snap.Info.Timed))
	if i := loopIndex(sc.snap, l.Thread); i >= 0 && len(sc.snap.Loops) > 1 {
		line += " · in " + words.Thread(sc.snap.Loops[i])
	}
	p.put(2, 0, " "+sc.fits(line, p.w-4)+" ", sc.theme.text)
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

// loopLine is the detail line of a loop.
func loopLine(f *frame, l *timeline.LoopLane) string {
	s := "loop"
	if l.TID != 0 {
		s += fmt.Sprintf(", thread %d", l.TID)
	}
	if len(f.snap.Loops) > 1 {
		s = "loop of " + words.Thread(l)
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
	return s + " · Enter explains it, 2 shows its iterations"
}

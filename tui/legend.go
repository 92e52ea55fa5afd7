package tui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"evviz/timeline"
	"evviz/trace"
)

// legend explains colours and glyphs.
type legend struct{ memo *memo }

func (l *legend) draw(sc *scene, p pane) {
	if l.memo.keepRegion(sc, p, sc.snap.ModeAt(sc.t1).Driver) {
		return
	}
	t := &sc.theme
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
	swatch(0, sc.sym.fill[0], first, true, t.fresh)
	swatch(0, sc.sym.fill[1], "waits long", true, t.old)
	swatch(0, sc.sym.fill[2], "too long", true, t.stale)
	swatch(0, sc.sym.again, "told again", true, t.again)
	if p.h > 1 {
		swatch(0, sc.sym.work, "working", true, t.working)
		swatch(0, 'z', "asleep", false, t.asleep)
		swatch(0, sc.sym.wait, "waiting", false, t.waiting)
		if sc.snap.Info.Kinds.Has(trace.RunDelay) {
			swatch(0, 'R', "runnable", false, t.old)
		}
		swatch(0, sc.sym.edge, "ET", false, t.waiting)
		swatch(0, sc.sym.once, "oneshot", false, t.waiting)
		x = 1
	}
	marks := []timeline.Mark{timeline.MarkArrive, timeline.MarkRead, timeline.MarkWrite, timeline.MarkReadAgain, timeline.MarkRenotify,
		timeline.MarkAccept, timeline.MarkOpen, timeline.MarkClose, timeline.MarkReadEOF, timeline.MarkReset, timeline.MarkModify}
	if sc.snap.ModeAt(sc.t1).Driver == trace.DriverURing { // no calls, no EAGAIN, nothing told again
		marks = []timeline.Mark{timeline.MarkArrive, timeline.MarkRecvDone, timeline.MarkSendDone, timeline.MarkAccept, timeline.MarkOpen,
			timeline.MarkClose, timeline.MarkReadEOF, timeline.MarkReset}
	}
	for _, m := range marks {
		s := fmt.Sprintf("%c %s", sc.sym.glyph(m), glyphWords[m])
		if x+len([]rune(s)) > p.w { // a glyph without its words explains nothing
			break
		}
		x = p.put(x, p.h-1, s, t.dim) + 2
	}
}

// glyphWords are the legend's words, shorter than the marks' own.
var glyphWords = map[timeline.Mark]string{timeline.MarkArrive: "arrived", timeline.MarkRead: "read", timeline.MarkWrite: "write",
	timeline.MarkReadAgain: "EAGAIN", timeline.MarkRenotify: "told again", timeline.MarkAccept: "accept", timeline.MarkOpen: "opened",
	timeline.MarkClose: "closed", timeline.MarkReadEOF: "end of file", timeline.MarkReset: "reset", timeline.MarkModify: "modified",
	timeline.MarkRecvDone: "received", timeline.MarkSendDone: "sent"}

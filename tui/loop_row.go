package tui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/timeline"
	"evviz/trace"
)

// waitName is the call that a mechanism waits in.
var waitName = map[uint32]string{trace.DriverSelect: "select", trace.DriverPoll: "poll", trace.DriverEpoll: "epoll_wait", trace.DriverURing: "uring_enter"}

func (x *lanes) drawLoop(sc *scene, p pane, y int, l *timeline.LoopLane) {
	t, g, n := &sc.theme, sc.gutter(), sc.cells()
	end := p.put(0, y, sc.loops.labels[loopIndex(sc.snap, l.Stream)], t.bold)
	what := l.State.String()
	switch {
	case l.Ended != 0:
		what = "ended"
	case l.State == timeline.LoopWaiting && l.In != trace.Wait && l.In != trace.KindNone:
		what = "in " + strings.ToLower(l.In.String()) // a call that blocks
		if on := fmt.Sprintf(" %d", l.InFD); l.InFD >= 0 && l.In != trace.Accept && len(what)+len(on) <= g-10 {
			what += on
		}
	case sc.snap.Mode.Known && l.State == timeline.LoopWaiting:
		if what = waitName[sc.snap.Mode.Driver]; len(what) > g-10 {
			what = "waiting"
		}
	case l.State == timeline.LoopLocked:
		what = "locked out"
	case l.State == timeline.LoopRenotified:
		what = "again" // the legend's words, shortened to what a narrow screen has room for
	}
	p.put(max(end+1, 9), y, cut(what, g-10), t.dim)
	cells := x.cache.loop(sc.frame, l, n)
	now := sc.snap.Now
	for i := range cells {
		c := &cells[i]
		at := g + i
		if sc.moment(i) > now {
			break
		}
		switch {
		case c.Lost:
			p.set(at, y, '?', t.warn)
		case c.Renotify > 0:
			p.set(at, y, sc.sym.again, t.again)
		case c.Dur[timeline.LoopLocked] > 0 && c.Dur[timeline.LoopLocked]*2 >= c.Dur[timeline.LoopWorking]:
			p.set(at, y, 'L', t.old)
		case c.Dur[timeline.LoopRunnable] > 0 && c.Dur[timeline.LoopRunnable]*2 >= c.Dur[timeline.LoopWorking]:
			p.set(at, y, 'R', t.old)
		case c.Dur[timeline.LoopWorking] > 0:
			st := t.working
			r := ' '
			if sc.flat() || st == (tcell.Style{}) {
				r = sc.sym.work
			}
			p.set(at, y, r, st)
		case c.Top == timeline.LoopAsleep:
			r := ' '
			if i%3 == 1 || t.mono {
				r = 'z'
			}
			p.set(at, y, r, t.asleep)
		case c.Top == timeline.LoopWaiting:
			p.set(at, y, sc.sym.wait, t.waiting)
		case c.Top == timeline.LoopLocked:
			p.set(at, y, 'L', t.old)
		}
	}
}

// drawRate is how often the loop that is looked at was told something, or, where it asks instead of being told, how often it asked in vain.
func (x *lanes) drawRate(sc *scene, p pane, y int, l *timeline.LoopLane) {
	t, g := &sc.theme, sc.gutter()
	asks := sc.snap.Mode.Known && sc.snap.Mode.Driver == trace.DriverSleepPoll
	count := func(c *timeline.LoopCell) uint32 {
		if asks {
			return c.Eagain
		}
		return c.Reports
	}
	per := 1
	if sc.sym.dots { // braille has two columns of dots to a cell
		per = 2
	}
	cells := x.cache.loop(sc.frame, l, per*sc.cells())
	var peak uint32
	for i := range cells {
		peak = max(peak, count(&cells[i]))
	}
	name := "reports"
	if asks {
		name = "EAGAIN"
	}
	p.put(0, y, name, t.dim)
	scale := ""
	if peak > 0 {
		scale = fmt.Sprintf("%d/cell", peak)
	}
	if of := sc.threadLabel(l.Stream); of != "" {
		if both := of + " " + scale; len([]rune(both)) <= g-10 {
			scale = both
		} else {
			scale = of
		}
	}
	p.put(9, y, cut(scale, g-10), t.dim)
	if peak == 0 {
		return
	}
	style := func(c *timeline.LoopCell) tcell.Style {
		if asks || c.Renotify*2 > c.Reports {
			return t.eagain
		}
		return t.good
	}
	if per == 2 {
		for i := 0; i+1 < len(cells); i += 2 {
			a, b := &cells[i], &cells[i+1]
			if r := dots(height(count(a), peak), height(count(b), peak)); r != 0x2800 {
				p.set(g+i/2, y, r, style(map[bool]*timeline.LoopCell{true: a, false: b}[count(a) >= count(b)]))
			}
		}
		return
	}
	top := len(sc.sym.spark) - 1
	for i := range cells {
		if k := count(&cells[i]); k > 0 {
			p.set(g+i, y, sc.sym.spark[max(1, int(k)*top/int(peak))], style(&cells[i]))
		}
	}
}

// height is how many of four dots a count gets: one at least when there is something.
func height(k, peak uint32) int {
	if k == 0 {
		return 0
	}
	return max(1, int(k)*4/int(peak))
}

// dots is the braille character with two columns of so many dots, from below (Unicode, block U+2800).
func dots(left, right int) rune {
	r := rune(0x2800)
	for i, bit := range []rune{0x40, 0x04, 0x02, 0x01} {
		if i < left {
			r |= bit
		}
	}
	for i, bit := range []rune{0x80, 0x20, 0x10, 0x08} {
		if i < right {
			r |= bit
		}
	}
	return r
}

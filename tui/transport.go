package tui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/picture"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// transport is the whole run in a line: how busy the loops were as far as that is held, which part of it is on the screen, and where switches,
// findings and bookmarks are. A click goes there. Of a replay it says besides how fast it plays and where it is.
//
//	▶ 1x   12.500 / 60.0 s  ▁▂▁▁▁▁▂▅▃▁▁━━━━━━◆────◊──────────────
type transport struct {
	barAt  int // column at which the bar begins
	window *window

	of   *timeline.Snapshot // what busy was computed from
	n    int                // ... and in how many columns
	lo   int64              // ... from where
	hi   int64              // ... to where
	busy []timeline.Gauges
}

// liveMap is how many rows a screen of a live view needs to have a line for it.
const liveMap = 30

// bounds are the moments between which the bar is.
func (r *transport) bounds(sc *scene) (lo, hi int64) {
	if y := &sc.replay; y.seeks {
		return y.lo, y.hi
	}
	return sc.snap.First, max(sc.snap.Now, picture.Plus(sc.snap.First, 1))
}

func (r *transport) draw(sc *scene, p pane) {
	t, y := &sc.theme, &sc.replay
	lo, hi := r.bounds(sc)
	x := r.drawPlace(sc, p, lo, hi)
	r.barAt = max(x+2, 28)
	x0, w := r.barAt, p.w-r.barAt-1
	if w < 4 || hi <= lo {
		return
	}
	col := func(when int64) int {
		return int(float64(min(max(when, lo), hi)-lo) / float64(hi-lo) * float64(w-1))
	}
	here := w
	if y.seeks {
		here = col(r.at(sc))
	}
	r.measure(sc, lo, hi, w)
	from, to := col(sc.t0), col(min(sc.t1, hi))
	for i := range w {
		rune, st := sc.sym.Todo, t.dim
		if y.seeks && i <= here {
			rune, st = sc.sym.Done, t.good
		}
		if g := &r.busy[i]; g.Seen > 0 {
			if h := sc.sym.Height(float64(g.Busy) / float64(g.Seen)); h > 0 {
				rune, st = sc.sym.Spark[h], sc.inks.style[picture.RoleWorking.Part()]
			}
		}
		if i >= from && i <= to && to-from < w-2 {
			st = mix(t.selected, st)
		}
		p.set(x0+i, 0, rune, st)
	}
	mark := func(when int64, rune rune, st tcell.Style) {
		if when >= lo && when <= hi {
			p.set(x0+col(when), 0, rune, st)
		}
	}
	if y.round != [2]int64{} {
		for i := col(y.round[0]); i <= col(y.round[1]); i++ {
			p.set(x0+i, 0, sc.sym.Done, t.accept)
		}
	}
	for _, m := range sc.snap.Modes[max(len(sc.snap.Modes)-64, 0):] {
		if m.Cause == trace.CauseSwitch {
			mark(m.At, sc.sym.Mark, t.good)
		}
	}
	for i := len(sc.found) - 1; i >= 0; i-- { // the weightiest last, on top
		if x := sc.found[i]; x.Severity > diagnostics.Info {
			mark(x.First, sc.sym.Found, sc.severityStyle(x.Severity))
		}
	}
	for _, m := range sc.marks {
		mark(m.At, sc.sym.Flag, t.bold)
	}
	if y.seeks {
		p.set(x0+here, 0, sc.sym.Play, t.bold)
	}
}

// at is where a replay is.
func (r *transport) at(sc *scene) int64 {
	if sc.replay.placed {
		return sc.replay.at
	}
	return sc.snap.Now
}

// drawPlace says before the bar how a replay plays, and where in the run one is. It returns where that ends.
func (r *transport) drawPlace(sc *scene, p pane, lo, hi int64) int {
	t, y := &sc.theme, &sc.replay
	if !y.seeks {
		if !sc.snap.Info.Timed {
			return p.put(1, 0, "the whole run", t.dim)
		}
		x := p.put(1, 0, seconds(picture.Minus(sc.t0, lo), 1), t.bold)
		return p.put(x, 0, " of "+words.Duration(hi-lo), t.dim)
	}
	sign := sc.sym.Play
	if y.pauses && (y.paused || y.over) {
		sign = sc.sym.Still
	}
	x := p.put(1, 0, string(sign), t.good)
	x = p.put(x+1, 0, pace(y.speed), t.text)
	if sc.snap.Info.Timed {
		x = p.put(max(x+2, 9), 0, seconds(r.at(sc)-lo, 3), t.bold)
		x = p.put(x, 0, " / "+words.Duration(hi-lo), t.dim)
	}
	if y.round != [2]int64{} {
		x = p.put(x+1, 0, fmt.Sprintf("round %s-%s", seconds(y.round[0]-lo, 2), seconds(y.round[1]-lo, 2)), t.selected)
	}
	return x
}

// measure computes how busy the loops were in each column, unless that was done a moment ago.
func (r *transport) measure(sc *scene, lo, hi int64, n int) {
	fresh := r.of == sc.snap || r.of != nil && sc.live && r.of.First == sc.snap.First && r.of.Begin == sc.snap.Begin && sc.snap.Now >= r.of.Now && sc.snap.Now-r.of.Now < sc.replay.every
	if fresh && r.n == n && r.lo == lo && (r.hi == hi || sc.live) {
		return
	}
	r.of, r.n, r.lo, r.hi = sc.snap, n, lo, hi
	_, r.busy = sc.snap.Gauges(nil, lo, hi, n)
}

// click goes to the place of the bar that was clicked, from the transport's corner: a replay seeks there, a live view looks there.
func (r *transport) click(sc *scene, x, w int) {
	lo, hi := r.bounds(sc)
	w -= r.barAt + 1
	i := x - r.barAt
	if i < 0 || w <= 1 || i >= w {
		return
	}
	at := lo + int64(float64(hi-lo)*float64(i)/float64(w-1))
	if sc.replay.seeks {
		r.window.leap(at)
		return
	}
	r.window.goTo(at)
}

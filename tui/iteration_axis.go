package tui

import (
	"evviz/picture"
	"evviz/timeline"
	"evviz/words"
)

// iterAxis maps moments of a turn to columns. The wait gets a third of the width at most.
type iterAxis struct {
	begin, woke, end int64
	wait, w          int // columns of the wait, and of all
	cut              bool
}

// axisOf is the axis of a turn, in w columns.
func axisOf(t *timeline.Turn, w int) iterAxis {
	a := iterAxis{begin: t.Begin, woke: t.Rest.End, end: max(t.End, picture.Plus(t.Begin, 1)), w: max(w, 2)}
	if t.Rest.Kind == timeline.RestNone {
		a.woke = a.begin
	} else if a.woke == 0 {
		a.woke = a.end
	}
	a.woke = min(max(a.woke, a.begin), a.end)
	share := float64(picture.Minus(a.woke, a.begin)) / float64(picture.Minus(a.end, a.begin))
	a.wait = int(share * float64(a.w))
	if limit := a.w / 3; a.wait > limit && a.woke < a.end {
		a.wait, a.cut = limit, true
	}
	return a
}

func (a *iterAxis) column(at int64) int {
	switch {
	case at <= a.begin:
		return 0
	case at < a.woke:
		return int(float64(picture.Minus(at, a.begin)) / float64(picture.Minus(a.woke, a.begin)) * float64(a.wait))
	case a.end <= a.woke:
		return a.wait
	}
	return a.wait + int(float64(picture.Minus(min(at, a.end), a.woke))/float64(picture.Minus(a.end, a.woke))*float64(a.w-a.wait))
}

// drawScale writes how long the turn worked, counted from the moment at which it woke.
func (v *iterationView) drawScale(sc *scene, p pane, g, y int, a iterAxis) {
	t := &sc.theme
	p.fill(0, y, p.w, ' ', t.text)
	if !v.turn0.Timed {
		return
	}
	if a.cut {
		p.put(g+1, y, cut(words.Duration(a.woke-a.begin), a.wait-1), t.dim)
	}
	n := a.w - a.wait
	if n < 12 || a.end <= a.woke {
		return
	}
	every := tickEvery(picture.Minus(a.end, a.woke), n)
	if every < 1000 {
		every = 1000
	}
	busy := 0
	ticks(0, picture.Plus(picture.Minus(a.end, a.woke), 1), every, a.w+1, func(at int64) {
		x := a.column(picture.Plus(a.woke, at))
		s := words.Duration(at)
		if at == 0 {
			s = "woke"
		}
		if x < busy || x+len([]rune(s)) > a.w {
			return
		}
		p.put(g+1+x, y, s, t.dim)
		busy = x + len([]rune(s)) + 1
	})
}

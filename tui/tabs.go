package tui

import (
	"fmt"
	"strconv"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
	"evviz/words"
)

// tabs name the views, and says at the right what the window shows and whether it is the present:
//
//	1 Timeline  2 Iteration  3 Registered  4 Latency  5 Findings 2  6 Events          4.0 s  40 ms a cell   LIVE
type tabs struct {
	at    [viewCount][2]int // columns of the names
	views *views
}

func (b *tabs) draw(sc *scene, p pane) {
	t := &sc.theme
	p.fill(0, 0, p.w, ' ', t.bar)
	state, st := liveness(sc)
	right := p.w - len([]rune(state))
	p.put(right, 0, state, st)
	x := 0
	b.at = [viewCount][2]int{}
	for v, name := range b.names(sc, p.w, right) {
		st := t.bar
		if viewID(v) == sc.view {
			st = t.tab
		}
		if x+len([]rune(name)) > right {
			break
		}
		from := x
		x = p.put(x, 0, name, st)
		b.at[v] = [2]int{from, x}
	}
	words := ""
	if !sc.filter.Empty() {
		words += "  filter " + clean(sc.filter.String())
	}
	if sc.sorted != picture.ByAge && sc.view == viewTimeline {
		words += "  by " + sc.sorted.String()
	}
	if sc.view != viewFindings {
		words += "  " + scale(sc)
	}
	if r := []rune(words); len(r) > 0 && right-x-2 >= len(r) {
		p.put(right-len(r)-1, 0, words, t.bar.Dim(t.mono))
	} else if room := right - x - 2; room >= 8 && !sc.filter.Empty() {
		p.put(x+1, 0, cut("  filter "+clean(sc.filter.String()), room), t.bar.Bold(true))
	}
}

// click goes to the view whose name was clicked.
func (b *tabs) click(x int) {
	for v, at := range b.at {
		if x >= at[0] && x < at[1] {
			b.views.show(viewID(v))
		}
	}
}

// names are the views' names as the tabs write them, with less around them, and then less of them, where there is no room.
func (b *tabs) names(sc *scene, w, right int) (out [viewCount]string) {
	for _, before := range []string{" ", ""} {
		all := 0
		for v := range viewCount {
			out[v] = fmt.Sprintf("%s%d %s ", before, v+1, viewNames[v])
			if s := b.views.bodies[v].state(sc); s != "" && w >= 90 {
				out[v] += s + " "
			}
			if before == "" && v == viewCount-1 { // the state stands apart by itself
				out[v] = out[v][:len(out[v])-1]
			}
			all += len([]rune(out[v]))
		}
		if all <= right {
			return out
		}
	}
	for v := range viewCount {
		out[v] = fmt.Sprintf(" %d ", v+1)
		if v == sc.view {
			out[v] = fmt.Sprintf(" %d %s ", v+1, viewNames[v])
		}
	}
	return out
}

// scale is what the window and a cell are worth.
func scale(sc *scene) string {
	if !sc.snap.Info.Timed {
		return "order, no times"
	}
	return fmt.Sprintf("%s, %s a cell", words.Duration(sc.span), words.Duration(sc.span/int64(sc.cells())))
}

// pace is how fast a source plays, in words.
func pace(x float64) string {
	if x >= 1 {
		return fmt.Sprintf("%gx", x)
	}
	two := fmt.Sprintf("%.2g", x) // of which 3e-05 is not for people
	if y, err := strconv.ParseFloat(two, 64); err == nil {
		two = strconv.FormatFloat(y, 'f', -1, 64)
	}
	return two + "x"
}

// liveness is whether the right edge is the present.
func liveness(sc *scene) (string, tcell.Style) {
	state, st := " LIVE ", mix(sc.theme.bar, sc.theme.good)
	if !sc.tabbed {
		st = sc.theme.good
	}
	r := &sc.replay
	switch {
	case sc.frozen != nil && (sc.t1 < sc.snap.Now || r.pauses):
		state, st = " BROWSING ", sc.theme.halted
	case sc.frozen != nil:
		state, st = " PAUSED ", sc.theme.halted
	case r.pauses && r.over:
		state, st = " ENDED ", sc.theme.halted
	case r.pauses && r.paused:
		state, st = " PAUSED ", sc.theme.halted
	case r.pauses:
		state = " LIVE " + pace(r.speed) + " "
	case sc.session.moment:
		digits := 1
		if sc.t1-sc.t0 < 2e9 { // a tenth of a second would be cells away
			digits = 3
		}
		state, st = fmt.Sprintf(" at %s s ", seconds(sc.snap.Now-sc.snap.First, digits)), sc.theme.dim
		if sc.tabbed {
			st = sc.theme.bar
		}
	case sc.session.ended:
		state, st = " ENDED ", sc.theme.halted
	}
	return state, st
}

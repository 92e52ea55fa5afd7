package tui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"evviz/trace"
	"evviz/words"
)

// drawTabs names the views, and says at the right what the window shows and whether it is the present:
//
//	1 Timeline  2 Iteration  3 Interests  4 Latency  5 Findings 2  6 Events          4.0 s  40 ms a cell   LIVE
func (u *ui) drawTabs(f *frame, p pane) {
	t := &u.theme
	p.fill(0, 0, p.w, ' ', t.bar)
	state, st := u.liveness(f)
	right := p.w - len([]rune(state))
	p.put(right, 0, state, st)
	x := 0
	u.tabAt = [viewCount][2]int{}
	for v, name := range u.tabNames(f, p.w, right) {
		st := t.bar
		if viewID(v) == u.view {
			st = t.tab
		}
		if x+len([]rune(name)) > right {
			break
		}
		from := x
		x = p.put(x, 0, name, st)
		u.tabAt[v] = [2]int{from, x}
	}
	words := ""
	if !u.filter.Empty() {
		words += "  filter " + clean(u.filter.String())
	}
	if u.sorted != byAge && u.view == viewTimeline {
		words += "  by " + orderNames[u.sorted]
	}
	if u.view != viewFindings {
		words += "  " + u.scale(f)
	}
	if r := []rune(words); len(r) > 0 && right-x-2 >= len(r) {
		p.put(right-len(r)-1, 0, words, t.bar.Dim(t.mono))
	} else if room := right - x - 2; room >= 8 && !u.filter.Empty() {
		p.put(x+1, 0, cut("  filter "+clean(u.filter.String()), room), t.bar.Bold(true))
	}
}

// tabNames are the views' names as the tabs write them, with less around them, and then less of them, where there is no room.
func (u *ui) tabNames(f *frame, w, right int) (names [viewCount]string) {
	for _, before := range []string{" ", ""} {
		all := 0
		for v := range viewCount {
			names[v] = fmt.Sprintf("%s%d %s ", before, v+1, viewNames[v])
			if s := u.bodies[v].state(f, u); s != "" && w >= 90 {
				names[v] += s + " "
			}
			if before == "" && v == viewCount-1 { // the state stands apart by itself
				names[v] = names[v][:len(names[v])-1]
			}
			all += len([]rune(names[v]))
		}
		if all <= right {
			return names
		}
	}
	for v := range viewCount {
		names[v] = fmt.Sprintf(" %d ", v+1)
		if v == u.view {
			names[v] = fmt.Sprintf(" %d %s ", v+1, viewNames[v])
		}
	}
	return names
}

// scale is what the window and a cell are worth.
func (u *ui) scale(f *frame) string {
	if !f.snap.Info.Timed {
		return "order, no times"
	}
	return fmt.Sprintf("%s, %s a cell", words.Duration(u.span), words.Duration(u.span/int64(f.cells())))
}

// liveness is whether the right edge is the present.
func (u *ui) liveness(f *frame) (string, tcell.Style) {
	state, st := " LIVE ", mix(u.theme.bar, u.theme.good)
	if _, _, _, tabs := u.parts.tabs.GetRect(); tabs == 0 || u.half != nil {
		st = u.theme.good
	}
	switch {
	case u.frozen != nil && u.pauser == nil:
		state, st = " PAUSED ", u.theme.mode
	case u.frozen != nil:
		state, st = " LOOKING AROUND ", u.theme.mode
	case u.pauser != nil && u.atEnd != nil && u.atEnd.AtEnd():
		state, st = " END ", u.theme.mode
	case u.pauser != nil && u.pauser.Paused():
		state, st = " STANDS STILL ", u.theme.mode
	case u.pauser != nil:
		state = fmt.Sprintf(" %gx ", u.speeder.Speed())
	default:
		if ended, _ := u.opt.Feed.Ended(); ended {
			state, st = " ENDED ", u.theme.mode
			if _, ok := u.opt.Feed.Source().(trace.Positioner); ok { // a picture of a moment
				state, st = fmt.Sprintf(" at %s s ", seconds(f.snap.Now-f.snap.First, 1)), u.theme.dim
				if _, _, _, tabs := u.parts.tabs.GetRect(); tabs > 0 {
					st = u.theme.bar
				}
			}
		}
	}
	return state, st
}

package tui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// mouse: the wheel zooms in the timeline and scrolls where there are lines; a click selects what is under it, a second one
// there is Enter. The event is handed on: tview makes a click of a press and a release only when both were.
func (u *ui) mouse(e *tcell.EventMouse, a tview.MouseAction) (*tcell.EventMouse, tview.MouseAction) {
	if u.frame == nil || u.frame.small {
		return e, a
	}
	by := 0
	u.presses++
	switch a {
	case tview.MouseScrollUp:
		by = -1
	case tview.MouseScrollDown:
		by = 1
	case tview.MouseScrollLeft:
		u.sideways(-1)
	case tview.MouseScrollRight:
		u.sideways(1)
	case tview.MouseLeftClick, tview.MouseLeftDoubleClick:
		x, y := e.Position()
		twice := a == tview.MouseLeftDoubleClick && u.clicked == [2]int{x, y} // tview looks at the time only
		u.clicked = [2]int{x, y}
		u.click(x, y)
		switch c := u.chooser; {
		case !twice || u.prompt != nil:
		case c != nil:
			if y >= 1 && c.top+y-1 == c.at {
				c.press(u, "Enter")
			}
		case u.parts.body.InRect(x, y):
			u.enter()
		}
	}
	switch {
	case by == 0:
	case u.chooser != nil:
		u.chooser.press(u, map[int]string{-1: "Up", 1: "Down"}[by])
	case u.helpOn:
		u.helpTop = max(0, u.helpTop+3*by)
	case u.view == viewTimeline || u.view == viewLatency:
		u.zoom(by)
	default:
		u.vertical(by)
	}
	return e, a
}

// click selects what is under the mouse.
func (u *ui) click(x, y int) {
	switch {
	case u.chooser != nil:
		if i := u.chooser.top + y - 1; y >= 1 && i < len(u.chooser.items) {
			u.chooser.at = i
		}
	case u.helpOn || u.prompt != nil:
	case u.parts.tabs.InRect(x, y):
		u.clickTab(x)
	case u.parts.transport.InRect(x, y) && u.seeker != nil:
		u.clickTransport(x)
	case u.parts.body.InRect(x, y):
		u.body().click(u, x, y)
	}
}

// clickTab goes to the view whose name was clicked.
func (u *ui) clickTab(x int) {
	for v, at := range u.tabAt {
		if x >= at[0] && x < at[1] {
			u.show1(viewID(v))
		}
	}
}

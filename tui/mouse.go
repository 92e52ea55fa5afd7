package tui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// mouse: the wheel zooms in the timeline and scrolls where there are lines; a click selects what is under it, a second one
// there is Enter. The event is handed on: tview makes a click of a press and a release only when both were.
func (u *ui) mouse(e *tcell.EventMouse, a tview.MouseAction) (*tcell.EventMouse, tview.MouseAction) {
	if u.scene.frame == nil || u.scene.small {
		return e, a
	}
	u.touched()
	switch a {
	case tview.MouseScrollUp:
		u.wheel(-1)
	case tview.MouseScrollDown:
		u.wheel(1)
	case tview.MouseScrollLeft:
		u.sideways(-1)
	case tview.MouseScrollRight:
		u.sideways(1)
	case tview.MouseLeftClick, tview.MouseLeftDoubleClick:
		x, y := e.Position()
		twice := a == tview.MouseLeftDoubleClick && u.clicked == [2]int{x, y} // tview looks at the time only
		u.clicked = [2]int{x, y}
		u.click(x, y)
		switch c := u.dialog.list; {
		case !twice || u.dialog.line != nil:
		case c != nil:
			if c.hit(y) {
				c.press(&u.dialog, "Enter")
			}
		case u.layout.body.InRect(x, y):
			u.update()
			u.enter()
		}
	}
	return e, a
}

// wheel is the mouse's wheel, by a notch.
func (u *ui) wheel(by int) {
	switch {
	case u.dialog.list != nil:
		u.dialog.list.press(&u.dialog, map[int]string{-1: "Up", 1: "Down"}[by])
	case u.pages.shown():
		u.pages.scroll(3 * by)
	case u.views.at == viewTimeline || u.views.at == viewLatency:
		u.window.zoom(by)
	default:
		u.vertical(by)
	}
}

// click selects what is under the mouse.
func (u *ui) click(x, y int) {
	l := &u.layout
	switch {
	case u.dialog.list != nil:
		u.dialog.list.click(y)
	case u.pages.shown() || u.dialog.line != nil:
	case l.tabs.InRect(x, y):
		u.tabs.click(x)
	case l.transport.InRect(x, y) && u.source.seeker != nil:
		r := l.transport.rect()
		u.transport.click(x-r.x, r.w)
	case l.body.InRect(x, y):
		r := l.body.rect()
		u.views.body().click(&u.scene, x-r.x, y-r.y)
	}
}

package tui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// mouse: the wheel zooms in the timeline, at the pointer, and scrolls where there are lines; a click selects what is under it, a second one
// there is Enter; what is dragged over in the timeline is a span that is selected. The event is handed on: tview makes a click of a press and a release only when both were.
func (u *ui) mouse(e *tcell.EventMouse, a tview.MouseAction) (*tcell.EventMouse, tview.MouseAction) {
	if u.scene.frame == nil || u.scene.small {
		return e, a
	}
	if a == tview.MouseMove && u.pressed == 0 { // nothing follows from it
		return e, a
	}
	u.touched()
	switch a {
	case tview.MouseScrollUp:
		u.wheel(-1, u.pointed(e))
	case tview.MouseScrollDown:
		u.wheel(1, u.pointed(e))
	case tview.MouseLeftDown:
		u.pressed = u.pointed(e)
	case tview.MouseMove:
		if at := u.pointed(e); at != 0 && at != u.pressed {
			u.window.drag(u.pressed, min(at, u.scene.snap.Now))
		}
	case tview.MouseLeftUp:
		if u.window.dragged && u.pressed != 0 {
			u.status.say("%s selected: + zooms in, Esc gives it up", measuredSpan(u.scene.snap, u.window.anchor, u.window.cursor))
		}
		u.pressed = 0
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
		case !twice || u.dialog.line != nil || u.dialog.quiz != nil:
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

// pointed is the moment under the mouse in the timeline, 0 elsewhere.
func (u *ui) pointed(e *tcell.EventMouse) int64 {
	x, y := e.Position()
	l := &u.layout
	if u.views.at != viewTimeline || u.pages.shown() || u.dialog.open() || !l.lanes.InRect(x, y) && !l.axis.InRect(x, y) {
		return 0
	}
	if x -= l.lanes.rect().x + u.scene.gutter(); x < 0 {
		return 0
	}
	return u.scene.moment(x)
}

// wheel is the mouse's wheel, by a notch, at a moment of the timeline; 0 none.
func (u *ui) wheel(by int, at int64) {
	switch {
	case u.dialog.list != nil:
		u.dialog.list.press(&u.dialog, map[int]string{-1: "Up", 1: "Down"}[by])
	case u.dialog.quiz != nil:
	case u.pages.shown():
		u.pages.scroll(3 * by)
	case u.views.at == viewTimeline || u.views.at == viewLatency:
		u.window.zoomAt(by, at)
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
	case u.dialog.line != nil, u.dialog.quiz != nil:
	case u.pages.shown():
		if in := u.pages.inside; x < in.x || x >= in.x+in.w || y < in.y || y >= in.y+in.h {
			u.pages.close()
		}
	case l.tabs.InRect(x, y):
		u.tabs.click(x)
	case l.transport.InRect(x, y):
		r := l.transport.rect()
		u.transport.click(&u.scene, x-r.x, r.w)
	case l.body.InRect(x, y):
		r := l.body.rect()
		u.views.body().click(&u.scene, x-r.x, y-r.y)
	}
}

package tui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// layout is the regions of the screen. A region without height is not drawn.
type layout struct {
	header, tabs, card, narration, panel, body, legend, honesty, transport, offered, footer *region
	axis, lanes, detail, events                                                             *region // of the timeline's body
	page                                                                                    *region // over everything
}

// stack is the regions that lie one below the other, and what is offered over the last of them.
func (l *layout) stack() [11]*region {
	return [...]*region{l.header, l.tabs, l.card, l.narration, l.panel, l.body, l.legend, l.honesty, l.transport, l.footer, l.offered}
}

// optionalRows are what decides how many rows the regions get, besides the size of the screen.
type optionalRows struct{ lesson, replay, legend, offered bool }

// arrange gives each region its rows: those of the top and the bottom what they need, as far as the screen is high enough for
// them, and the body the rest.
func (l *layout) arrange(w, h int, want optionalRows) {
	y := 0
	top := func(r *region, n int) {
		r.SetRect(0, y, w, n)
		y += n
	}
	tabs := 0
	if h >= 16 {
		tabs = 1
	}
	card := 0
	if want.lesson {
		card = 1 // the title
		if h >= 20 {
			card = cardRows
		}
		if h >= 20 && w < 110 {
			card++
		}
	}
	top(l.header, 1)
	top(l.tabs, tabs)
	top(l.card, card)
	top(l.narration, 1)
	top(l.panel, b2i(w >= panelWide && h >= panelHigh))
	end := h
	bottom := func(r *region, n int) {
		end -= n
		r.SetRect(0, end, w, n)
	}
	bottom(l.footer, 1)
	transport, honesty, legend := 0, 0, 0
	if want.replay && h >= 12 || h >= liveMap {
		transport = 1
	}
	if h >= 20 {
		honesty = 1
	}
	if want.legend {
		if h >= 18 {
			legend = 1
		}
		if h >= 22 {
			legend = 2
		}
	}
	bottom(l.transport, transport)
	bottom(l.honesty, honesty)
	bottom(l.legend, legend)
	l.body.SetRect(0, y, w, max(end-y, 0))
	offered := 0
	if want.offered {
		offered = 1
	}
	l.offered.SetRect(0, h-2, w, offered)
}

// region is a rectangle of the layout whose drawing is a pure function of the scene.
type region struct {
	*tview.Box
	scene *scene
	draw  func(sc *scene, p pane)
}

func newRegion(sc *scene, draw func(sc *scene, p pane)) *region {
	return &region{Box: tview.NewBox(), scene: sc, draw: draw}
}

// Draw implements tview.Primitive. The box's own background is not painted: the screen was cleared just before.
func (r *region) Draw(s tcell.Screen) {
	x, y, w, h := r.GetRect()
	if w > 0 && h > 0 && r.scene.frame != nil {
		r.draw(r.scene, pane{s, x, y, w, h})
	}
}

// rect is where the region lies.
func (r *region) rect() rect {
	x, y, w, h := r.GetRect()
	return rect{x, y, w, h}
}

package tui

import (
	"fmt"
	"math"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"evviz/diagnostics"
	"evviz/timeline"
)

// frame is everything that one draw needs: a snapshot and the window of time. It does not change while it is drawn.
type frame struct {
	snap   *timeline.Snapshot
	found  []*diagnostics.Finding
	t0, t1 int64 // window; the right part may lie in the future
	live   bool
	w, h   int
	small  bool    // too small to draw
	coarse *coarse // what draws the part of the window that is not held; nil all is
}

// The smallest screen that is drawn; below, one line says so.
const (
	minWidth  = 40
	minHeight = 10
)

// stepsPerSpan is in how many steps the window moves on: a picture that scrolled by a cell with every frame would send
// every cell anew, and no eye could rest on it.
const stepsPerSpan = 8

// newFrame takes the snapshot and decides the window, the layout, and nothing else.
func (u *ui) newFrame(w, h int) {
	u.takeOver()
	u.arrived()
	f := &frame{w: w, h: h, small: w < minWidth || h < minHeight}
	if u.frozen == nil && u.onItsWay() && u.frame.w == w && u.frame.h == h {
		u.arrange(u.frame) // what is open over the view may have changed
		return
	}
	if u.frozen != nil {
		f.snap, f.t1 = u.frozen, u.right
	} else {
		f.snap, f.live = u.opt.Feed.Snapshot(), true
		u.fitLesson(f.snap)
		step := max(u.span/stepsPerSpan, 1)
		f.t1 = plus(plus(minus(f.snap.Now, f.snap.First)/step*step, step), f.snap.First)
		f.t1 = max(f.t1, plus(f.snap.First, u.span)) // the beginning stands still until the window is full
	}
	f.t1 = max(f.t1, math.MinInt64+u.span)
	f.t0 = f.t1 - u.span
	u.frame = f
	u.reselect(f)
	f.found = u.findings(f.snap)
	f.coarse = u.overview(f)
	u.drawnOnce = true
	u.arrange(f)
	u.message() // the time for which it is shown begins with a frame, whatever that draws
	u.goRound()
	u.autoNext()
}

// seen is the part of the window that has happened.
func (f *frame) seen() (t0, t1 int64) { return f.t0, min(f.t1, f.snap.Now) }

// parts are the regions of the layout. A region without height is not drawn.
type parts struct {
	header, tabs, card, narration, body, legend, honesty, transport, offered, footer *region
	axis, lanes, detail, events                                                      *region // of the timeline's body
	help                                                                             *region // a page over everything
}

// layout builds the regions once; arrange gives them their places for each frame.
func (u *ui) layout() {
	p := &u.parts
	p.header, p.tabs, p.card, p.narration = u.region(u.drawHeader), u.region(u.drawTabs), u.region(u.drawCard), u.region(u.drawNarration)
	p.body = u.region(func(f *frame, p pane) { u.body().draw(u, f, p) })
	p.axis, p.lanes, p.detail, p.events = u.region(u.drawAxis), u.region(u.drawLanes), u.region(u.drawDetail), u.region(u.drawBelow)
	p.legend, p.honesty, p.transport = u.region(u.drawLegend), u.region(u.drawHonesty), u.region(u.drawTransport)
	p.offered = u.region(func(_ *frame, p pane) { u.drawOffered(p) })
	p.footer, p.help = u.region(u.drawFooter), u.region(u.drawHelp)
	u.root = &root{tview.NewBox(), u}
}

// root is the layout as tview sees it: the regions, with a page in their place while one is open.
type root struct {
	*tview.Box
	ui *ui
}

// Draw implements tview.Primitive.
func (r *root) Draw(s tcell.Screen) {
	u := r.ui
	p := &u.parts
	x, y, w, h := r.GetRect()
	switch {
	case u.frame == nil || u.same(s):
		return
	case u.frame.small || u.helpOn && u.prompt == nil && u.chooser == nil:
		p.help.SetRect(x, y, w, h)
		p.help.Draw(s)
		return
	case u.chooser != nil:
		u.drawChooser(pane{s, x, y, w, h})
		if u.prompt != nil {
			u.drawPrompt(pane{s, x, y + h - 1, w, 1})
		}
		return
	}
	for _, g := range []*region{p.header, p.tabs, p.card, p.narration, p.body, p.legend, p.honesty, p.transport, p.footer, p.offered} {
		if _, _, _, h := g.GetRect(); h > 0 {
			g.Draw(s)
		}
	}
}

// arrange gives each region its rows: those of the top and the bottom what they need, as far as the screen is high enough for
// them, and the body the rest.
func (u *ui) arrange(f *frame) {
	if f.small {
		return
	}
	p := &u.parts
	y := 0
	top := func(r *region, n int) {
		r.SetRect(0, y, f.w, n)
		y += n
	}
	tabs := 0
	if f.h >= 16 {
		tabs = 1
	}
	card := 0
	if u.opt.Lessons != nil {
		card = 1 // the title
		if f.h >= 20 {
			card = cardRows
		}
		if f.h >= 20 && f.w < 110 {
			card++
		}
	}
	top(p.header, 1)
	top(p.tabs, tabs)
	top(p.card, card)
	top(p.narration, 1)
	end := f.h
	bottom := func(r *region, n int) {
		end -= n
		r.SetRect(0, end, f.w, n)
	}
	bottom(p.footer, 1)
	transport, honesty, legend := 0, 0, 0
	if u.speeder != nil && f.h >= 12 {
		transport = 1
	}
	if f.h >= 20 {
		honesty = 1
	}
	if u.view == viewTimeline {
		if f.h >= 18 {
			legend = 1
		}
		if f.h >= 26 {
			legend = 2
		}
	}
	bottom(p.transport, transport)
	bottom(p.honesty, honesty)
	bottom(p.legend, legend)
	p.body.SetRect(0, y, f.w, max(end-y, 0))
	offered := 0
	if u.prompt != nil && len(u.prompt.offered) > 0 {
		offered = 1
	}
	p.offered.SetRect(0, f.h-2, f.w, offered)
}

// gutter is how wide the labels left of the timeline are.
func (f *frame) gutter() int {
	switch {
	case f.w >= 140:
		return 24
	case f.w >= 100:
		return 20
	case f.w >= 60:
		return 17
	}
	return 12
}

// cells is how many columns the timeline has.
func (f *frame) cells() int { return max(f.w-f.gutter(), 1) }

// column is where a moment lies, which may be outside.
func (f *frame) column(t int64) int {
	return int(scaled(minus(t, f.t0), int64(f.cells()), f.t1-f.t0))
}

// moment is where a column of the timeline begins.
func (f *frame) moment(column int) int64 {
	return plus(f.t0, scaled(f.t1-f.t0, int64(column), int64(f.cells())))
}

// seconds writes a duration in seconds with so many decimals.
func seconds(ns int64, decimals int) string {
	return fmt.Sprintf("%.*f", decimals, float64(ns)/1e9)
}

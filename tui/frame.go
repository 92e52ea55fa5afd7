package tui

import (
	"fmt"

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
	small  bool // too small to draw
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
	f := &frame{w: w, h: h, small: w < minWidth || h < minHeight}
	if u.frozen != nil {
		f.snap, f.t1 = u.frozen, u.right
	} else {
		f.snap, f.live = u.opt.Feed.Snapshot(), true
		step := u.span / stepsPerSpan
		f.t1 = (f.snap.Now-f.snap.First)/step*step + step + f.snap.First
		if f.t1 < f.snap.First+u.span {
			f.t1 = f.snap.First + u.span // the beginning stands still until the window is full
		}
	}
	f.t0 = f.t1 - u.span
	f.found = u.findings(f.snap)
	u.frame = f
	u.arrange(f)
}

// seen is the part of the window that has happened.
func (f *frame) seen() (t0, t1 int64) { return f.t0, min(f.t1, f.snap.Now) }

// layout builds the regions once; arrange gives them their heights for each frame.
func (u *ui) layout() {
	p := &u.parts
	p.header, p.narration, p.axis = u.region(u.drawHeader), u.region(u.drawNarration), u.region(u.drawAxis)
	p.lanes, p.detail, p.events = u.region(u.drawLanes), u.region(u.drawDetail), u.region(u.drawBelow)
	p.legend, p.footer, p.help = u.region(u.drawLegend), u.region(u.drawFooter), u.region(u.drawHelp)
	p.card = u.region(u.drawCard)
	u.flex = tview.NewFlex().SetDirection(tview.FlexRow)
	for _, r := range []*region{p.header, p.card, p.narration, p.axis, p.lanes, p.detail, p.events, p.legend, p.footer} {
		u.flex.AddItem(r, 1, 0, false)
	}
	u.root = &root{u.flex, u}
}

// root is the layout, with the help page in its place while that is open. tview's Pages cannot be switched inside a draw:
// it takes the lock that the draw holds.
type root struct {
	*tview.Flex
	ui *ui
}

// Draw implements tview.Primitive.
func (r *root) Draw(s tcell.Screen) {
	if r.ui.helpOn || r.ui.frame.small {
		x, y, w, h := r.GetRect()
		r.ui.parts.help.SetRect(x, y, w, h)
		r.ui.parts.help.Draw(s)
		return
	}
	r.Flex.Draw(s)
}

func (u *ui) arrange(f *frame) {
	if u.helpOn || f.small {
		return
	}
	p := &u.parts
	size := func(r *region, n int) { u.flex.ResizeItem(r, n, 0) }
	h := f.h - 4 // header, narration, axis, footer
	size(p.header, 1)
	size(p.narration, 1)
	size(p.axis, 1)
	size(p.footer, 1)
	legend, detail := 0, 1
	if f.h >= 16 {
		legend = 1
	}
	if f.h >= 22 {
		legend = 2
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
	size(p.card, card)
	h -= legend + detail + card
	// The lanes get what they have ever needed, and at least half; the events get the rest. Lanes that come and go must not
	// make the picture jump, so the need only grows.
	u.rows = max(u.rows, u.needs(f))
	events := 0
	if h >= 9 {
		events = max(3, min(h*3/10, h-u.rows), min(h/2, h-u.rows-1))
	}
	size(p.legend, legend)
	size(p.detail, detail)
	size(p.events, events)
	size(p.lanes, h-events)
}

// needs is how many rows the lanes would like.
func (u *ui) needs(f *frame) int {
	lanes, folded := u.visible(f, 1<<20)
	n := len(f.snap.Loops) + len(lanes)
	if len(f.snap.Loops) > 0 {
		n++
	}
	if folded > 0 {
		n++
	}
	return n
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
	return int((t - f.t0) * int64(f.cells()) / (f.t1 - f.t0))
}

// seconds writes a duration in seconds with so many decimals.
func seconds(ns int64, decimals int) string {
	return fmt.Sprintf("%.*f", decimals, float64(ns)/1e9)
}

package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/rivo/tview"

	"evviz/timeline"
)

// frame is everything that one draw needs: a snapshot and the window of time. It does not change while it is drawn.
type frame struct {
	snap   *timeline.Snapshot
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
	u.frame = f
	u.arrange(f)
}

// seen is the part of the window that has happened.
func (f *frame) seen() (t0, t1 int64) { return f.t0, min(f.t1, f.snap.Now) }

// layout builds the regions once; arrange gives them their heights for each frame.
func (u *ui) layout() {
	p := &u.parts
	p.header, p.narration, p.axis = u.region(u.drawHeader), u.region(u.drawNarration), u.region(u.drawAxis)
	p.lanes, p.detail, p.events = u.region(u.drawLanes), u.region(u.drawDetail), u.region(u.drawEvents)
	p.legend, p.footer, p.help = u.region(u.drawLegend), u.region(u.drawFooter), u.region(u.drawHelp)
	u.flex = tview.NewFlex().SetDirection(tview.FlexRow)
	for _, r := range []*region{p.header, p.narration, p.axis, p.lanes, p.detail, p.events, p.legend, p.footer} {
		u.flex.AddItem(r, 1, 0, false)
	}
	u.pages = tview.NewPages().AddPage("main", u.flex, true, true).AddPage("help", p.help, true, false)
}

func (u *ui) arrange(f *frame) {
	if u.helpOn || f.small {
		u.pages.ShowPage("help")
		u.pages.SwitchToPage("help")
		return
	}
	u.pages.SwitchToPage("main")
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
	if f.h >= 30 {
		legend = 2
	}
	h -= legend + detail
	events := 0
	if h >= 9 {
		events = max(3, h*3/10)
	}
	size(p.legend, legend)
	size(p.detail, detail)
	size(p.events, events)
	size(p.lanes, h-events)
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

// span writes a duration the way a person says it.
func span(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d < 0:
		return "-" + span(-ns)
	case d < 10*time.Microsecond:
		return fmt.Sprintf("%.1f µs", float64(ns)/1e3)
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", ns/1e3)
	case d < 10*time.Millisecond:
		return strings.Replace(fmt.Sprintf("%.1f ms", float64(ns)/1e6), ".0 ", " ", 1)
	case d < time.Second:
		return fmt.Sprintf("%d ms", ns/1e6)
	case d < time.Minute:
		return strings.Replace(fmt.Sprintf("%.1f s", float64(ns)/1e9), ".0 ", " ", 1)
	}
	return fmt.Sprintf("%.1f min", d.Minutes())
}

// size writes a number of bytes the way a person says it.
func size(n int64) string {
	switch {
	case n < 1024:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return strings.Replace(fmt.Sprintf("%.1f KiB", float64(n)/1024), ".0 ", " ", 1)
	}
	return strings.Replace(fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)), ".0 ", " ", 1)
}

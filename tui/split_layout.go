package tui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// The layout of a split screen, one half above the other:
//
//	header     of the upper half; the one that has the selection is marked
//	narration  of the upper half
//	lanes      of the upper half
//	axis       the time of both: ▴ a switch of the upper half, ▾ of the lower
//	contrast   what differs in the window, in words                             (split_words.go)
//	header     of the lower half
//	narration  of the lower half
//	lanes      of the lower half
//	detail     the selected lane in words
//	legend     the glyphs
//	footer     keys
//
// or, from wideSplit columns on, side by side:
//
//	header     │ header
//	narration  │ narration
//	axis       │ axis
//	lanes      │ lanes
//	contrast
//	detail
//	legend
//	footer
const (
	minSplitWidth  = 80
	minSplitHeight = 24
	wideSplit      = 200
)

func (s *split) small() bool { return s.w < minSplitWidth || s.h < minSplitHeight }

// wide says whether the halves stand side by side.
func (s *split) wide() bool { return s.w >= wideSplit }

// arrange gives the regions of both halves their rectangles, and the frames their widths.
func (s *split) arrange() {
	if s.small() {
		return
	}
	legend := 0
	if s.h >= 28 {
		legend = 1
	}
	if s.h >= 34 {
		legend = 2
	}
	bottom := s.h - 2 - legend // detail, legend, footer
	if s.wide() {
		w := (s.w - 1) / 2
		for i, u := range s.halves {
			x := i * (s.w - w)
			u.scene.w, u.half.above = w, false
			u.layout.header.SetRect(x, 0, w, 1)
			u.layout.narration.SetRect(x, 1, w, 1)
			u.layout.axis.SetRect(x, 2, w, 1)
			u.layout.lanes.SetRect(x, 3, w, bottom-4)
		}
	} else {
		lanes := (bottom - 6) / 2 // two headers, two narrations, axis, contrast
		for i, u := range s.halves {
			y := i * (bottom - 2 - lanes)
			u.half.above = i == 0
			u.layout.header.SetRect(0, y, s.w, 1)
			u.layout.narration.SetRect(0, y+1, s.w, 1)
			u.layout.lanes.SetRect(0, y+2, s.w, lanes)
			u.layout.axis.SetRect(0, 2+lanes, s.w, 1)
		}
	}
	for _, u := range s.halves {
		u.layout.detail.SetRect(0, bottom, s.w, 1)
		u.layout.legend.SetRect(0, bottom+1, s.w, legend)
		u.layout.footer.SetRect(0, s.h-1, s.w, 1)
		u.layout.page.SetRect(0, 0, s.w, s.h)
	}
}

// draw draws the frame.
func (s *split) draw(screen tcell.Screen) {
	whole := pane{screen, 0, 0, s.w, s.h}
	a, b := s.active(), s.other()
	switch {
	case s.small():
		for i, t := range []string{fmt.Sprintf("%dx%d is too small", s.w, s.h), fmt.Sprintf("two halves need %dx%d", minSplitWidth, minSplitHeight), "q quits"} {
			whole.put(0, i, t, a.style.theme.text)
		}
		return
	}
	// The half with the selection first: it decides how far both are scrolled.
	for _, u := range []*ui{a, b} {
		p := &u.layout
		p.header.Draw(screen)
		p.narration.Draw(screen)
		p.lanes.Draw(screen)
		b.lanes.top = a.lanes.top
	}
	contrast := pane{screen, 0, s.h, s.w, 1}
	up, down := s.halves[0], s.halves[1]
	up.half.under = nil
	if !s.wide() {
		up.half.under = switchWords(&down.scene)
	}
	up.layout.axis.Draw(screen)
	_, top, _, lanes := up.layout.lanes.GetRect()
	if s.wide() {
		down.layout.axis.Draw(screen)
		contrast.y = top + lanes
		for y := 0; y < contrast.y; y++ {
			whole.set(up.scene.w, y, up.style.sym.Corner, up.style.theme.dim)
		}
	} else {
		contrast.y = top + lanes + 1
	}
	s.drawContrast(contrast)
	a.layout.detail.Draw(screen)
	if _, _, _, h := a.layout.legend.GetRect(); h > 0 {
		a.layout.legend.Draw(screen)
	}
	a.layout.footer.Draw(screen)
	if a.pages.shown() {
		a.layout.page.Draw(screen)
	}
}

// splitRoot is the split screen as tview sees it.
type splitRoot struct {
	*tview.Box
	split *split
}

// Draw implements tview.Primitive.
func (r *splitRoot) Draw(screen tcell.Screen) { r.split.draw(screen) }

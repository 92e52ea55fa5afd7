package tui

import (
	"github.com/gdamore/tcell/v2"

	"evviz/timeline"
)

// fill is what a cell of a lane is filled with; it says why.
type fill uint8

const (
	fillNone  fill = iota
	fillFresh      // data waits
	fillOld        // ... long
	fillStale      // ... too long
	fillAgain      // told again of what was known
	fillCount
)

// ink is a style by its number. A tcell.Style has 80 bytes, strings among them, and a dense frame has 6,700 cells of lanes:
// handing whole styles on and finding them again was a third of what such a frame cost.
type ink uint8

// The inks of a lane's row. For each fill there is one for the empty cell, for a glyph on it, and for a bar of less height.
const (
	inkFill   = ink(0)
	inkOn     = inkFill + ink(fillCount)
	inkHeight = inkOn + ink(fillCount)
	inkMark   = inkHeight + ink(fillCount) // by timeline.Mark: a glyph on a cell that is not filled
	inkWait   = inkMark + ink(timeline.MarkCount)
	inkWarn   = inkWait + 1
	inkCount  = inkWarn + 1
)

// inks are the styles of a theme by number, and the numbers that the screen has for them.
type inks struct {
	style [inkCount]tcell.Style
	no    [inkCount]uint16
}

// fillStyle is the style of an empty cell that is filled.
func (t *theme) fillStyle(f fill) tcell.Style {
	switch f {
	case fillFresh:
		return t.fresh
	case fillOld:
		return t.old
	case fillStale:
		return t.stale
	case fillAgain:
		return t.again
	}
	return t.text
}

// dip sets the inks of a theme.
func (k *inks) dip(t *theme) {
	for f := range fillCount {
		st := t.fillStyle(f)
		_, ground, _ := st.Decompose()
		k.style[inkFill+ink(f)], k.style[inkOn+ink(f)], k.style[inkHeight+ink(f)] = st, on(st), t.text.Foreground(ground)
	}
	for m := range timeline.MarkCount {
		k.style[inkMark+ink(m)] = t.style(m)
	}
	k.style[inkWait], k.style[inkWarn] = t.waiting, t.warn
}

// inker is a screen that numbers styles.
type inker interface {
	Number(tcell.Style) uint16
	SetNumbered(x, y int, r rune, no uint16)
}

// number asks a screen for its numbers. They are good for this frame.
func (k *inks) number(s tcell.Screen) {
	if d, ok := s.(inker); ok {
		for i := range k.style {
			k.no[i] = d.Number(k.style[i])
		}
	}
}

// inked is a line of a pane that is drawn with inks.
type inked struct {
	p    pane
	y    int
	inks *inks
	to   inker // nil: the screen has no numbers
}

func (p pane) inked(y int, k *inks) inked {
	to, _ := p.s.(inker)
	return inked{p, y, k, to}
}

func (l *inked) set(x int, r rune, k ink) {
	switch {
	case x < 0 || x >= l.p.w || l.y < 0 || l.y >= l.p.h:
	case l.to != nil:
		l.to.SetNumbered(l.p.x+x, l.p.y+l.y, r, l.inks.no[k])
	default:
		l.p.s.SetContent(l.p.x+x, l.p.y+l.y, r, nil, l.inks.style[k])
	}
}

package tui

import (
	"github.com/gdamore/tcell/v2"

	"evviz/picture"
)

// inks are the styles of a theme by the number of an ink, and the numbers that the screen has for them. A tcell.Style has 80 bytes,
// strings among them, and a dense frame has 6,700 cells of lanes: handing whole styles on and finding them again was a third of what such a
// frame cost.
type inks struct {
	style [picture.InkCount]tcell.Style
	no    [picture.InkCount]uint16
}

// role is the style of a role.
func (t *theme) role(r picture.Role) tcell.Style {
	switch r {
	case picture.RoleDim:
		return t.dim
	case picture.RoleBold:
		return t.bold
	case picture.RoleWaiting:
		return t.waiting
	case picture.RoleWorking:
		return t.working
	case picture.RoleAsleep:
		return t.asleep
	case picture.RoleAgain:
		return t.again
	case picture.RoleFresh:
		return t.fresh
	case picture.RoleOld:
		return t.old
	case picture.RoleStale:
		return t.stale
	case picture.RoleEagain:
		return t.eagain
	case picture.RoleAccept:
		return t.accept
	case picture.RoleBad:
		return t.bad
	case picture.RoleGood:
		return t.good
	case picture.RoleWarn:
		return t.warn
	case picture.RoleReady:
		return t.ready
	case picture.RoleService:
		return t.service
	case picture.RoleUnsent:
		return t.unsent
	}
	return t.text
}

// dip sets the inks of a theme.
func (k *inks) dip(t *theme) {
	ready := colourOf(t.ready)
	_, asleep, _ := t.asleep.Decompose()
	for r := range picture.RoleCount {
		st := t.role(r)
		part := t.text.Foreground(colourOf(st))
		if t.mono {
			part = t.text.Attributes(monoParts[r])
		}
		k.style[r.Ink()], k.style[r.On()], k.style[r.Part()] = st, on(st), part
		k.style[r.Over()], k.style[r.Beside()] = part.Background(ready), part.Background(asleep)
		if t.mono {
			k.style[r.Over()], k.style[r.Beside()] = part.Underline(true), part
		}
	}
}

// colourOf is what a role's fill has as its colour; of a role that is a glyph, the glyph's.
func colourOf(st tcell.Style) tcell.Color {
	fg, bg, _ := st.Decompose()
	if bg == tcell.ColorDefault {
		return fg
	}
	return bg
}

// monoParts tell blocks of different meanings apart where there are no colours: their height is taken.
var monoParts = [picture.RoleCount]tcell.AttrMask{picture.RoleOld: tcell.AttrBold, picture.RoleStale: tcell.AttrBold | tcell.AttrItalic, picture.RoleAgain: tcell.AttrBold | tcell.AttrUnderline,
	picture.RoleReady: tcell.AttrDim, picture.RoleWorking: tcell.AttrUnderline}

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

// paint puts a row's cells on a line of the pane, from a column on.
func (p pane) paint(x, y int, row []picture.Cell, k *inks) {
	if x < 0 || y < 0 || y >= p.h {
		return
	}
	row = row[:max(min(len(row), p.w-x), 0)]
	to, numbers := p.s.(inker)
	for i := range row {
		switch c := &row[i]; {
		case c.Rune == 0:
		case numbers:
			to.SetNumbered(p.x+x+i, p.y+y, c.Rune, k.no[c.Ink])
		default:
			p.s.SetContent(p.x+x+i, p.y+y, c.Rune, nil, k.style[c.Ink])
		}
	}
}

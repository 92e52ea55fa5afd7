package tui

import (
	"os"

	"github.com/gdamore/tcell/v2"
)

// theme gives every meaning a style. Text stands in the terminal's own colours, so it is readable on light and on dark;
// only what is filled has colours of its own. Every colour is doubled by a glyph or a fill character (symbols), so that
// nothing is lost with eight colours or none.
type theme struct {
	text, dim, bold, title, bar tcell.Style // bar: header and footer line
	waiting, working, asleep    tcell.Style
	again                       tcell.Style // told again: nagging
	fresh, old, stale           tcell.Style // data that waits, by its age
	eagain, accept, bad, good   tcell.Style // glyphs
	mode, rec, warn             tcell.Style
	selected                    tcell.Style
	mono                        bool
}

func newTheme(colors int) theme {
	d := tcell.StyleDefault
	if os.Getenv("NO_COLOR") != "" {
		colors = 0
	}
	t := theme{text: d, dim: d.Dim(true), bold: d.Bold(true), title: d.Bold(true)}
	rgb := tcell.NewRGBColor
	switch {
	case colors == 0:
		t.mono = true
		t.bar, t.waiting, t.working, t.asleep = d.Reverse(true), d.Dim(true), d, d.Dim(true)
		t.again, t.fresh, t.old, t.stale = d.Bold(true), d, d, d.Reverse(true)
		t.eagain, t.accept, t.bad, t.good = d, d.Bold(true), d.Reverse(true), d
		t.mode, t.rec, t.warn, t.selected = d.Reverse(true).Bold(true), d.Bold(true), d.Reverse(true), d.Reverse(true)
	case colors < 256:
		t.bar = d.Reverse(true)
		t.waiting, t.working, t.asleep = d.Dim(true), d.Foreground(tcell.ColorGreen), d.Foreground(tcell.ColorPurple)
		t.again = d.Background(tcell.ColorOlive).Foreground(tcell.ColorBlack)
		t.fresh = d.Background(tcell.ColorNavy).Foreground(tcell.ColorSilver)
		t.old = d.Background(tcell.ColorOlive).Foreground(tcell.ColorBlack)
		t.stale = d.Background(tcell.ColorMaroon).Foreground(tcell.ColorSilver)
		t.eagain, t.accept = d.Foreground(tcell.ColorOlive).Bold(true), d.Foreground(tcell.ColorOlive).Bold(true)
		t.bad, t.good = d.Foreground(tcell.ColorMaroon).Bold(true), d.Foreground(tcell.ColorGreen).Bold(true)
		t.mode = d.Background(tcell.ColorOlive).Foreground(tcell.ColorBlack)
		t.rec, t.warn = d.Foreground(tcell.ColorMaroon).Bold(true), d.Background(tcell.ColorMaroon).Foreground(tcell.ColorSilver)
		t.selected = d.Reverse(true)
	default:
		light := rgb(0xf4, 0xf6, 0xfa)
		t.dim = d.Foreground(rgb(0x80, 0x88, 0x92))
		t.bar = d.Background(rgb(0x22, 0x2c, 0x3a)).Foreground(rgb(0xd8, 0xde, 0xe9))
		t.waiting = d.Foreground(rgb(0x6a, 0x76, 0x86))
		t.working = d.Background(rgb(0x3e, 0xb5, 0x89)).Foreground(rgb(0x08, 0x20, 0x18))
		t.asleep = d.Background(rgb(0x40, 0x36, 0x6e)).Foreground(rgb(0xb8, 0xae, 0xe8))
		t.again = d.Background(rgb(0xd8, 0x8a, 0x1e)).Foreground(rgb(0x20, 0x12, 0x00)).Bold(true)
		t.fresh = d.Background(rgb(0x23, 0x5c, 0x94)).Foreground(light)
		t.old = d.Background(rgb(0xb0, 0x58, 0x1c)).Foreground(light)
		t.stale = d.Background(rgb(0xa8, 0x2a, 0x32)).Foreground(light)
		t.eagain, t.accept = d.Foreground(rgb(0xd0, 0x9a, 0x1e)).Bold(true), d.Foreground(rgb(0xe0, 0xa0, 0x20)).Bold(true)
		t.bad, t.good = d.Foreground(rgb(0xe0, 0x4a, 0x4a)).Bold(true), d.Foreground(rgb(0x3e, 0xb5, 0x89)).Bold(true)
		t.mode = d.Background(rgb(0xd8, 0x8a, 0x1e)).Foreground(rgb(0x18, 0x10, 0x04)).Bold(true)
		t.rec, t.warn = d.Foreground(rgb(0xe0, 0x4a, 0x4a)).Bold(true), t.stale
		t.selected = d.Background(rgb(0x3a, 0x50, 0x6c)).Foreground(light)
	}
	return t
}

// on is a glyph's style on a filled cell: its own colour would be lost there, so the fill's text colour is used.
func on(fill tcell.Style) tcell.Style { return fill.Bold(true) }

package tui

import (
	"os"

	"github.com/gdamore/tcell/v2"
)

// theme gives every meaning a style. By default text stands in the terminal's own colours, so it is readable on light and on
// dark; only what is filled has colours of its own. Every colour is doubled by a glyph or a fill character (picture.Symbols), so
// that nothing is lost with eight colours or none.
type theme struct {
	text, dim, bold, title, bar tcell.Style // bar: header and footer line
	waiting, working, asleep    tcell.Style
	again                       tcell.Style // repeated notifications
	ready                       tcell.Style // ready to run, and no CPU was free
	service, unsent             tcell.Style // a request in service; output that waits to be sent
	fresh, old, stale           tcell.Style // unread data, by its age
	eagain, accept, bad, good   tcell.Style // glyphs
	badge, halted, message      tcell.Style // a mechanism's triggering; the view is not live; what the screen answers to a key
	rec, warn                   tcell.Style
	selected                    tcell.Style
	cursor                      tcell.Style
	tab                         tcell.Style   // the tab of the present view
	heat                        []tcell.Style // from few to many
	mono                        bool
}

func newTheme(p Palette, colors int) theme {
	d := tcell.StyleDefault
	if os.Getenv("NO_COLOR") != "" {
		colors = 0
	}
	switch {
	case colors == 0:
		t := theme{text: d, dim: d.Dim(true), bold: d.Bold(true), title: d.Bold(true), mono: true}
		t.bar, t.waiting, t.working, t.asleep = d.Reverse(true), d.Dim(true), d.Underline(true), d.Dim(true)
		t.again, t.fresh, t.old, t.stale, t.ready = d.Bold(true), d, d, d.Reverse(true), d.Dim(true)
		t.eagain, t.accept, t.bad, t.good = d, d.Bold(true), d.Reverse(true), d
		t.badge, t.halted, t.message = d.Reverse(true).Bold(true), d.Reverse(true).Underline(true), d.Bold(true).Underline(true)
		t.rec, t.warn, t.selected = d.Bold(true), d.Reverse(true), d.Reverse(true)
		t.service, t.unsent = d.Dim(true), d.Bold(true)
		t.cursor, t.tab = d.Bold(true), d.Bold(true)
		return t
	case colors < 256:
		t := theme{text: d, dim: d.Dim(true), bold: d.Bold(true), title: d.Bold(true)}
		t.bar = d.Reverse(true)
		t.waiting, t.working, t.asleep = d.Dim(true), d.Foreground(tcell.ColorGreen), d.Foreground(tcell.ColorPurple)
		t.again = d.Background(tcell.ColorTeal).Foreground(tcell.ColorBlack)
		t.fresh = d.Background(tcell.ColorNavy).Foreground(tcell.ColorSilver)
		t.old = d.Background(tcell.ColorOlive).Foreground(tcell.ColorBlack)
		t.stale = d.Background(tcell.ColorMaroon).Foreground(tcell.ColorSilver)
		t.ready = d.Background(tcell.ColorPurple).Foreground(tcell.ColorSilver)
		t.eagain, t.accept = d.Foreground(tcell.ColorOlive).Bold(true), d.Foreground(tcell.ColorOlive).Bold(true)
		t.bad, t.good = d.Foreground(tcell.ColorMaroon).Bold(true), d.Foreground(tcell.ColorGreen).Bold(true)
		t.badge = d.Background(tcell.ColorSilver).Foreground(tcell.ColorNavy).Bold(true)
		t.halted = d.Background(tcell.ColorGreen).Foreground(tcell.ColorBlack)
		t.message = d.Bold(true).Underline(true)
		t.service, t.unsent = d.Foreground(tcell.ColorTeal), d.Foreground(tcell.ColorPurple).Bold(true)
		t.rec, t.warn = d.Foreground(tcell.ColorMaroon).Bold(true), d.Background(tcell.ColorMaroon).Foreground(tcell.ColorSilver)
		t.selected, t.cursor, t.tab = d.Reverse(true), d.Bold(true), d.Reverse(true).Bold(true)
		t.heat = []tcell.Style{d.Foreground(tcell.ColorNavy), d.Foreground(tcell.ColorTeal), d.Foreground(tcell.ColorOlive), d.Foreground(tcell.ColorMaroon)}
		return t
	}
	c := func(s string) tcell.Color { return fixedColor(tcell.GetColor(s), colors) }
	d = d.Background(c(p.Ground)).Foreground(c(p.Ink))
	ink := func(s string) tcell.Style { return d.Foreground(c(s)) }
	fill := func(ground, ink string) tcell.Style { return d.Background(c(ground)).Foreground(c(ink)) }
	t := theme{text: d, dim: ink(p.Dim), bold: d.Bold(true), title: d.Bold(true)}
	t.bar = fill(p.Bar, p.BarInk)
	t.waiting, t.working, t.asleep = ink(p.Waiting), fill(p.Working, p.Onto), fill(p.Asleep, p.AsleepIn)
	t.again = fill(p.Again, p.AgainIn).Bold(true)
	t.ready = fill(p.Ready, p.Onto)
	t.fresh, t.old, t.stale = fill(p.Fresh, p.Onto), fill(p.Old, p.Onto), fill(p.Stale, p.Onto)
	t.eagain, t.accept = ink(p.Eagain).Bold(true), ink(p.Accept).Bold(true)
	t.bad, t.good = ink(p.Bad).Bold(true), ink(p.Good).Bold(true)
	t.badge, t.halted, t.message = fill(p.Badge, p.BadgeIn).Bold(true), fill(p.Halted, p.HaltedIn).Bold(true), fill(p.Message, p.MessageIn)
	t.rec, t.warn = ink(p.Bad).Bold(true), t.stale
	t.service, t.unsent = ink(p.Service), ink(p.Unsent)
	t.selected, t.cursor, t.tab = fill(p.Picked, p.Onto), ink(p.Cursor), fill(p.Picked, p.Onto).Bold(true)
	t.heat = ramp(d, p, colors)
	return t
}

// fixedColor is a colour as a terminal of so many colours shows it. With 256 it is the nearest of those that stand in the colour cube and the grey ramp:
// the first sixteen are whatever the person's own theme makes of them, and a grey that it has remapped to its background would not be seen.
func fixedColor(c tcell.Color, colors int) tcell.Color {
	if colors != 256 || c == tcell.ColorDefault {
		return c
	}
	return tcell.FindColor(c, cube)
}

// cube is the colours 16 to 255 of a terminal of 256.
var cube = func() (out []tcell.Color) {
	for i := 16; i < 256; i++ {
		out = append(out, tcell.PaletteColor(i))
	}
	return out
}()

// ramp is the colours of a heat map, from few to many: fresh, again, stale, with steps between them.
func ramp(d tcell.Style, p Palette, colors int) (out []tcell.Style) {
	stops := []tcell.Color{tcell.GetColor(p.Fresh), tcell.GetColor(p.Working), tcell.GetColor(p.Again), tcell.GetColor(p.Stale)}
	for i := range len(stops) - 1 {
		ar, ag, ab := stops[i].RGB()
		br, bg, bb := stops[i+1].RGB()
		for k := int32(0); k < 4; k++ {
			step := tcell.NewRGBColor(ar+(br-ar)*k/4, ag+(bg-ag)*k/4, ab+(bb-ab)*k/4)
			out = append(out, d.Foreground(fixedColor(step, colors)))
		}
	}
	return append(out, d.Foreground(fixedColor(stops[len(stops)-1], colors)))
}

// on is a glyph's style on a filled cell: its own colour would be lost there, so the fill's text colour is used.
func on(fill tcell.Style) tcell.Style { return fill.Bold(true) }

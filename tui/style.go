package tui

import (
	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
	"evviz/picture"
	"evviz/timeline"
)

// style is how things are shown: the colours of a theme, by meaning, and the glyphs that double them.
type style struct {
	theme     theme
	sym       picture.Symbols
	inks      inks
	themeName string
	custom    map[string]Palette // themes of the settings file
	screen    tcell.Screen
}

// setTheme changes the colours. A name that does not exist is the terminal's own; who lets a person choose asks FindTheme first.
func (k *style) setTheme(name string) {
	p, err := FindTheme(name, k.custom)
	if err != nil {
		p = Themes["terminal"]
	}
	k.theme = newTheme(p, k.screen.Colors())
	k.inks.dip(&k.theme)
	k.screen.SetStyle(k.theme.text)
	k.themeName = name
}

// setSymbols changes the glyphs.
func (k *style) setSymbols(name string) {
	k.sym = newSymbols(name, k.screen)
	if s, ok := k.screen.(interface{ Plain(bool) }); ok {
		s.Plain(k.sym.ASCII)
	}
}

// colours is how many colours there are to draw with.
func (k *style) colours() picture.Colours {
	switch {
	case k.theme.mono:
		return picture.NoColours
	case k.screen.Colors() < 256:
		return picture.FewColours
	}
	return picture.AllColours
}

// flat reports whether the screen has too few colours to fill cells with: a character stands in their place.
func (k *style) flat() bool { return k.colours() < picture.AllColours }

// label is who a lane is, in w cells.
func (k *style) label(l *timeline.Lane, w int) string { return wide(k.sym.LaneName(l, w)) }

// severityStyle is a finding's colour; the mark doubles it.
func (k *style) severityStyle(s diagnostics.Severity) tcell.Style {
	switch s {
	case diagnostics.Critical:
		return k.theme.bad
	case diagnostics.Warn:
		return k.theme.accept
	}
	return k.theme.dim
}

// mark is the glyph of a severity.
func (k *style) mark(s diagnostics.Severity) rune {
	if r := severityMark(s); r < 0x80 || k.sym.Line != '-' {
		return r
	}
	return 'X'
}

// severityMark is the glyph of a severity where all can be shown.
func severityMark(s diagnostics.Severity) rune { return [...]rune{'i', '!', '‼'}[min(int(s), 2)] }

// fits cuts a text that is too long, and shows that it was cut.
func (k *style) fits(s string, w int) string { return k.sym.Fits(s, w) }

// bar draws a bar of w cells, to an eighth of a cell where the symbols can, and returns where it ends.
func (k *style) bar(p pane, x, y int, w float64, st tcell.Style) int {
	if k.flat() {
		for range max(int(w+0.5), b2i(w > 0)) {
			p.set(x, y, k.sym.Work, k.theme.text)
			x++
		}
		return x
	}
	for range int(w) {
		p.set(x, y, ' ', st)
		x++
	}
	if part := int((w - float64(int(w))) * 8); len(k.sym.Eighths) > 0 && (part > 0 || w > 0 && int(w) == 0) {
		_, bg, _ := st.Decompose()
		p.set(x, y, k.sym.Eighths[max(part, 1)-1], k.theme.text.Foreground(bg))
		x++
	}
	return x
}

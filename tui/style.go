package tui

import (
	"github.com/gdamore/tcell/v2"

	"evviz/diagnostics"
)

// style is how things are shown: the colours of a theme, by meaning, and the glyphs that double them.
type style struct {
	theme     theme
	sym       symbols
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
func (k *style) setSymbols(name string) { k.sym = newSymbols(name, k.screen) }

// flat reports whether the screen has too few colours to fill cells with: a character stands in their place.
func (k *style) flat() bool { return k.theme.mono || k.screen.Colors() < 256 }

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
	if r := severityMark(s); r < 0x80 || k.sym.line != '-' {
		return r
	}
	return 'X'
}

// severityMark is the glyph of a severity where all can be shown.
func severityMark(s diagnostics.Severity) rune { return [...]rune{'i', '!', '‼'}[min(int(s), 2)] }

// fits cuts a text that is too long, and shows that it was cut.
func (k *style) fits(s string, w int) string {
	if r := []rune(s); len(r) > w && w > 1 {
		return string(r[:w-1]) + string(k.sym.more)
	}
	return s
}

// bar draws a bar of w cells, to an eighth of a cell where the symbols can, and returns where it ends.
func (k *style) bar(p pane, x, y int, w float64, st tcell.Style) int {
	if k.flat() {
		for range max(int(w+0.5), b2i(w > 0)) {
			p.set(x, y, k.sym.work, k.theme.text)
			x++
		}
		return x
	}
	for range int(w) {
		p.set(x, y, ' ', st)
		x++
	}
	if part := int((w - float64(int(w))) * 8); len(k.sym.eighths) > 0 && (part > 0 || w > 0 && int(w) == 0) {
		_, bg, _ := st.Decompose()
		p.set(x, y, k.sym.eighths[max(part, 1)-1], k.theme.text.Foreground(bg))
		x++
	}
	return x
}

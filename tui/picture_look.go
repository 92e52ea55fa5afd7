package tui

import (
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
)

// What can be asked of a drawn picture, so that what a text says of it can be held against it.

// Rows are the rows of the picture as text, without the blanks at their ends.
func (p *Picture) Rows() []string {
	return strings.Split(strings.TrimSuffix(p.Text(), "\n"), "\n")
}

// RowOf is the first row, from one on, whose label has a word in it; ok is false when there is none.
func (p *Picture) RowOf(word string, from int) (y int, ok bool) {
	gutter := p.gutter()
	for y, row := range p.Rows() {
		r := []rune(row)
		if y >= from && strings.Contains(string(r[:min(len(r), gutter)]), word) {
			return y, true
		}
	}
	return 0, false
}

// RestOf is what a row shows right of its label.
func (p *Picture) RestOf(y int) string {
	r := []rune(p.Rows()[y])
	return string(r[min(len(r), p.gutter()):])
}

// gutter is how wide the labels of a picture are.
func (p *Picture) gutter() int { return (&frame{w: p.w}).gutter() }

// Inked reports whether a row has, right of its label, the colour that the legend has for some words; they may be any of those with which it
// explains that colour, which depend on how much room there is. known is false when the legend has none of them: it explains what is on the screen,
// and no more.
func (p *Picture) Inked(y int, words string) (inked, known bool) {
	colour, known := p.legendColour(words)
	if !known {
		return false, false
	}
	for x := p.gutter(); x < p.w; x++ {
		c := p.at(x, y)
		fg, bg, _ := c.Style.Decompose()
		blank := len(c.Runes) == 0 || c.Runes[0] == ' '
		if bg == colour || fg == colour && !blank {
			return true, true
		}
	}
	return false, true
}

// legendColour is the colour of what stands before some words in the legend, which is near the bottom.
func (p *Picture) legendColour(words string) (tcell.Color, bool) {
	y, _ := picture.SymbolsNamed("block")
	for _, e := range y.AppendLegend(nil, picture.UsedAll) {
		if !slices.Contains(e.Words, words) {
			continue
		}
		for _, words := range e.Words {
			if x, y, ok := p.legendAt(words); ok {
				fg, bg, _ := p.at(x-2, y).Style.Decompose()
				if bg != tcell.ColorDefault {
					return bg, true
				}
				return fg, true
			}
		}
	}
	return tcell.ColorDefault, false
}

// legendAt is where an entry of the legend begins: two cells after its glyph, with two blanks or the end of the row behind it.
func (p *Picture) legendAt(words string) (x, y int, ok bool) {
	rows := p.Rows()
	for y := len(rows) - 1; y > len(rows)/2; y-- {
		from := 0
		for {
			i := strings.Index(rows[y][from:], " "+words)
			if i < 0 {
				break
			}
			from += i + 1
			rest := rows[y][from+len(words):]
			if x = len([]rune(rows[y][:from])); x >= 2 && (rest == "" || strings.HasPrefix(rest, "  ")) {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}

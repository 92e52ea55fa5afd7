package tui

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"evviz/tui/screen"
)

// An animated SVG
//
// Each row of the screen is a small window behind which a strip of all that the row ever shows is moved up and down, in steps (CSS keyframes
// with step-end). So a row that never changes costs nothing more than in a still picture, one that comes back to what it has shown is
// stored once, and there is no script: where pictures are shown, the animation runs. Bars are drawn as rectangles, not as letters: a font
// that has no such letters, or too wide ones, does not spoil them.

// SVG writes the film as an animated SVG that begins again when it has ended. length is how long it is: its last frame stays until then. dark
// says which background the terminal's own colours stand for.
func (f *Film) SVG(w io.Writer, dark bool, length time.Duration) error {
	s := &filmSVG{ground: "#10141c", ink: "#cfd6e1", classes: map[string]string{}, uses: map[string]int{}, ids: map[string]string{}}
	if !dark {
		s.ground, s.ink = "#ffffff", "#1c2430"
	}
	var body, moves bytes.Buffer
	for _, s.counting = range []bool{true, false} { // first to know which letters come again and again
		body.Reset()
		moves.Reset()
		for y := range f.h {
			f.strip(s, y, length, &body, &moves)
		}
	}
	width, height := float64(f.w)*cellW+16, f.h*cellH+16
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d" font-family="'DejaVu Sans Mono','Menlo','Consolas',monospace" font-size="%d">`+"\n<style>",
		width, height, width, height, fontSize)
	b.WriteString(s.rules.String())
	b.Write(moves.Bytes())
	b.WriteString("@media(prefers-reduced-motion:reduce){g{animation:none!important}}</style>\n")
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", s.ground)
	fmt.Fprintf(&b, "<defs>%s</defs>\n", s.defs.String())
	b.Write(body.Bytes())
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// strip writes one row of the screen: what it shows, below one another, and when which is to be seen.
func (f *Film) strip(s *filmSVG, y int, length time.Duration, body, moves *bytes.Buffer) {
	var looks []string
	place := map[string]int{}
	var keys strings.Builder
	var before *filmRow
	shown := -1
	for _, x := range f.frames {
		row := x.rows[y]
		if row == before {
			continue
		}
		before = row
		look := s.row(row)
		i, known := place[look]
		if !known {
			i = len(looks)
			place[look] = i
			looks = append(looks, look)
		}
		if i != shown {
			shown = i
			fmt.Fprintf(&keys, "%s%%{transform:translateY(%dpx)}", percent(x.at, length), -i*cellH)
		}
	}
	if len(looks) == 0 || len(looks) == 1 && looks[0] == "" {
		return
	}
	fmt.Fprintf(body, `<svg x="8" y="%d" width="%s" height="%d">`, 8+y*cellH, decimal(float64(f.w)*cellW), cellH)
	if len(looks) > 1 {
		fmt.Fprintf(moves, "@keyframes k%d{%s}.k%d{animation:k%d %ss step-end infinite}\n", y, keys.String(), y, y, decimal(length.Seconds()))
		fmt.Fprintf(body, `<g class="k%d">`, y)
	}
	for i, look := range looks {
		switch {
		case look == "":
		case i == 0:
			body.WriteString(look)
		default:
			fmt.Fprintf(body, `<g transform="translate(0 %d)">%s</g>`, i*cellH, look)
		}
	}
	if len(looks) > 1 {
		body.WriteString("</g>")
	}
	body.WriteString("</svg>\n")
}

// percent is a moment of the film as CSS has it.
func percent(at, length time.Duration) string {
	if length <= 0 {
		return "0"
	}
	return strconv.FormatFloat(float64(at*100_000/length)/1000, 'f', -1, 64)
}

// decimal is a number with at most two decimals.
func decimal(x float64) string {
	return strconv.FormatFloat(float64(int64(x*100+0.5))/100, 'f', -1, 64)
}

// filmSVG is what the rows of one picture have in common.
type filmSVG struct {
	ground, ink string
	classes     map[string]string // by declarations
	rules       strings.Builder

	counting bool
	uses     map[string]int    // how often letters come
	ids      map[string]string // of those that are used from defs
	defs     strings.Builder
}

// class is the class of some looks, which is made when they are used first.
func (s *filmSVG) class(declarations string) string {
	c, ok := s.classes[declarations]
	if !ok {
		c = "c" + strconv.FormatInt(int64(len(s.classes)), 36)
		s.classes[declarations] = c
		fmt.Fprintf(&s.rules, ".%s{%s}\n", c, declarations)
	}
	return c
}

// looks are the colours of a cell as it is to be seen.
func (s *filmSVG) looks(st tcell.Style) (fg, bg string, attr tcell.AttrMask) {
	hex := func(c tcell.Color, def string) string {
		if c == tcell.ColorDefault || !c.Valid() {
			return def
		}
		return fmt.Sprintf("#%06x", c.Hex())
	}
	f, b, attr := st.Decompose()
	fg, bg = hex(f, s.ink), hex(b, s.ground)
	if attr&tcell.AttrReverse != 0 {
		fg, bg = bg, fg
	}
	return fg, bg, attr
}

// row is a row's content, "" when it is empty.
func (s *filmSVG) row(r *filmRow) string {
	backs, bars := newBoxes(), newBoxes() // two, for a bar may have the colour of a background elsewhere
	var text strings.Builder
	for x := 0; x < len(r.cells); {
		_, bg, _ := s.looks(r.cells[x].style)
		n := 1
		for x+n < len(r.cells) {
			if _, next, _ := s.looks(r.cells[x+n].style); next != bg {
				break
			}
			n++
		}
		if bg != s.ground {
			backs.add("fill:"+bg, float64(x), 0, float64(n)+0.04, 8)
		}
		x += n
	}
	for x := 0; x < len(r.cells); {
		x += s.run(r.cells[x:], float64(x), bars, &text)
	}
	return backs.svg(s) + bars.svg(s) + text.String()
}

// letters puts some letters. What comes again and again is written out once, before everything, and used from there.
func (s *filmSVG) letters(text *strings.Builder, x float64, rest string) {
	if s.counting {
		s.uses[rest]++
	}
	if s.counting || s.uses[rest] < 3 {
		fmt.Fprintf(text, `<text x="%s" %s`, decimal(x), rest)
		return
	}
	id, ok := s.ids[rest]
	if !ok {
		id = "t" + strconv.FormatInt(int64(len(s.ids)), 36)
		s.ids[rest] = id
		fmt.Fprintf(&s.defs, `<text id="%s" %s`+"\n", id, rest)
	}
	fmt.Fprintf(text, `<use href="#%s" x="%s"/>`, id, decimal(x))
}

// run draws the beginning of some cells that look alike, the first of them in column x: bars of one height, or letters. It returns how many
// cells that were.
func (s *filmSVG) run(cells []filmCell, x float64, bars *boxes, text *strings.Builder) int {
	c := cells[0]
	if c.text == "" || strings.TrimSpace(c.text) == "" {
		return 1
	}
	fg, _, attr := s.looks(c.style)
	n := 1
	if bx, by, bw, bh, ok := blockOf(c.text); ok {
		for bw == 1 && n < len(cells) && cells[n] == c {
			n++
		}
		bars.add("fill:"+fg, x+bx, by, float64(n-1)+bw+0.04, bh)
		return n
	}
	if shade := strings.Index("░▒▓", c.text); shade >= 0 {
		for n < len(cells) && cells[n] == c {
			n++
		}
		bars.add(fmt.Sprintf("fill:%s;opacity:.%d", fg, 25*(shade/len("░")+1)), x, 0, float64(n), 8)
		return n
	}
	look := "fill:" + fg
	if attr&tcell.AttrBold != 0 {
		look += ";font-weight:bold"
	}
	if attr&tcell.AttrDim != 0 {
		look += ";opacity:.6"
	}
	ascii := func(t string) bool { return len(t) == 1 && t[0] >= ' ' && t[0] < 0x7f }
	word := c.text
	if ascii(c.text) { // letters of every font are as wide as one another; where two blanks are, another run begins
		for n < len(cells) && ascii(cells[n].text) && cells[n].style == c.style && !(cells[n].text == " " && (n+1 == len(cells) || cells[n+1].text == " ")) {
			word += cells[n].text
			n++
		}
		word = strings.TrimRight(word, " ")
	}
	if !ascii(c.text) { // of one block of Unicode a font has all or none
		for n < len(cells) && cells[n].style == c.style && blockNo(c.text) >= 0 && blockNo(cells[n].text) == blockNo(c.text) {
			if _, _, _, _, ok := blockOf(cells[n].text); ok {
				break
			}
			word += cells[n].text
			n++
		}
	}
	wide := ""
	if k := utf8.RuneCountInString(word); k > 1 && (k == n || ascii(c.text)) {
		wide = fmt.Sprintf(` textLength="%s"`, decimal(float64(k)*cellW))
	}
	s.letters(text, x*cellW, fmt.Sprintf(`y="14" class="%s"%s>%s</text>`, s.class(look), wide, escape(word)))
	return n
}

// blockNo is which 256 characters of Unicode a cell's is one of; each wide or combined one is by itself.
func blockNo(text string) int {
	r, n := utf8.DecodeRuneInString(text)
	if n != len(text) || r < 0x80 || screen.RuneWidth(r) != 1 {
		return -1
	}
	return int(r >> 8)
}

// blockOf is the part of its cell that a block element (Unicode 2580 to 2595) fills: columns, and eighths of a row.
func blockOf(text string) (x, y, w, h float64, ok bool) {
	r, n := utf8.DecodeRuneInString(text)
	if n != len(text) {
		return
	}
	switch {
	case r == '▀':
		return 0, 0, 1, 4, true
	case r >= '▁' && r <= '█':
		h = float64(r - '▁' + 1)
		return 0, 8 - h, 1, h, true
	case r >= '▉' && r <= '▏':
		return 0, 0, float64('▐'-r) / 8, 8, true
	case r == '▐':
		return 0.5, 0, 0.5, 8, true
	case r == '▔':
		return 0, 0, 1, 1, true
	case r == '▕':
		return 0.875, 0, 0.125, 8, true
	}
	return
}

// boxes are rectangles in columns and eighths of a row, a path for each look, in the order in which the looks came.
type boxes struct {
	order []string
	paths map[string]*strings.Builder
}

func newBoxes() *boxes { return &boxes{paths: map[string]*strings.Builder{}} }

func (b *boxes) add(look string, x, y, w, h float64) {
	p := b.paths[look]
	if p == nil {
		p = &strings.Builder{}
		b.paths[look] = p
		b.order = append(b.order, look)
	}
	fmt.Fprintf(p, "M%s %sh%sv%sh-%sz", decimal(x), decimal(y), decimal(w), decimal(h), decimal(w))
}

// svg are the paths.
func (b *boxes) svg(s *filmSVG) string {
	if len(b.order) == 0 {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<g transform="scale(%s %s)">`, decimal(cellW), decimal(cellH/8.0))
	for _, look := range b.order {
		fmt.Fprintf(&out, `<path class="%s" d="%s"/>`, s.class(look), b.paths[look].String())
	}
	return out.String() + "</g>"
}

package screen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// directWriter sends what has changed on the screen straight to the terminal, a frame in one write. tcell would walk over all
// 10,000 cells of a 200x50 screen to find the few that differ, which Diff knows already, and would put each colour
// together from the terminal's description: 0.3 ms for a frame in which one cell changed, 6 ms for one in which all did.
//
// tcell gets every cell, too, and draws by itself whatever is unusual: the first frame, one after a resize, after Ctrl-L,
// after fg. So what it knows is always what the terminal shows. The sequences are those of ECMA-48 (CUP, SGR), which every
// terminal of this century understands; in a locale that is not UTF-8 tcell does it all.
type directWriter struct {
	tty     tcell.Tty
	palette []tcell.Color // of a terminal without true colour; nil it has that
	buf     []byte
	sgr     []string // by number of the style; "" not made yet
	x, y    int      // where the next character goes by itself
	style   int      // that is set; -1 none
}

// newDirectWriter is the writer for a terminal, nil when it should not be written to directly.
func newDirectWriter(s tcell.Screen) *directWriter {
	if s.CharacterSet() != "UTF-8" {
		return nil
	}
	tty, ok := s.Tty()
	if !ok || tty == nil {
		return nil
	}
	w := &directWriter{tty: tty}
	if n := s.Colors(); n <= 256 {
		w.palette = make([]tcell.Color, 0, max(n, 0))
		for i := range n {
			w.palette = append(w.palette, tcell.PaletteColor(i))
		}
	}
	return w
}

func (w *directWriter) begin() { w.buf, w.x, w.y, w.style = w.buf[:0], -1, -1, -1 }

// cell adds a cell. Cells come in order of rows.
func (w *directWriter) cell(x, y int, r rune, comb []rune, no uint16, st tcell.Style) {
	if x != w.x || y != w.y {
		w.buf = append(w.buf, "\x1b["...)
		w.buf = strconv.AppendInt(w.buf, int64(y+1), 10)
		w.buf = append(w.buf, ';')
		w.buf = strconv.AppendInt(w.buf, int64(x+1), 10)
		w.buf = append(w.buf, 'H')
	}
	if int(no) != w.style {
		for len(w.sgr) <= int(no) {
			w.sgr = append(w.sgr, "")
		}
		if w.sgr[no] == "" {
			w.sgr[no] = w.styled(st)
		}
		w.buf = append(w.buf, w.sgr[no]...)
		w.style = int(no)
	}
	w.buf = append(w.buf, string(r)...)
	for _, c := range comb {
		w.buf = append(w.buf, string(c)...)
	}
	w.x, w.y = x+RuneWidth(r), y
}

// styled is the sequence for a style in the colours that the terminal has.
func (w *directWriter) styled(st tcell.Style) string {
	if w.palette == nil {
		return SGR(st)
	}
	fg, bg, attr := st.Decompose()
	near := func(c tcell.Color) tcell.Color {
		switch {
		case len(w.palette) == 0, c == tcell.ColorDefault, !c.Valid():
			return tcell.ColorDefault
		case !c.IsRGB() && int(c-tcell.ColorValid) < len(w.palette):
			return c
		}
		return tcell.FindColor(c, w.palette)
	}
	return SGR(tcell.StyleDefault.Foreground(near(fg)).Background(near(bg)).Attributes(attr))
}

// send writes the frame. A terminal that is gone is noticed by the reading side.
func (w *directWriter) send() {
	if len(w.buf) == 0 {
		return
	}
	w.buf = append(w.buf, "\x1b[0m"...)
	_, _ = w.tty.Write(w.buf)
}

// SGR is the escape sequence that sets a style, whatever was set before.
func SGR(st tcell.Style) string {
	fg, bg, attr := st.Decompose()
	var b strings.Builder
	b.WriteString("\x1b[0")
	for _, a := range []struct {
		mask tcell.AttrMask
		n    int
	}{{tcell.AttrBold, 1}, {tcell.AttrDim, 2}, {tcell.AttrItalic, 3}, {tcell.AttrReverse, 7}} {
		if attr&a.mask != 0 {
			fmt.Fprintf(&b, ";%d", a.n)
		}
	}
	for i, c := range []tcell.Color{fg, bg} {
		switch n := int(c - tcell.ColorValid); {
		case c == tcell.ColorDefault || !c.Valid():
		case c.IsRGB():
			r, g, bl := c.RGB()
			fmt.Fprintf(&b, ";%d;2;%d;%d;%d", 38+10*i, r, g, bl)
		case n < 8:
			fmt.Fprintf(&b, ";%d", 30+10*i+n)
		case n < 16:
			fmt.Fprintf(&b, ";%d", 82+10*i+n)
		case n < 256:
			fmt.Fprintf(&b, ";%d;5;%d", 38+10*i, n)
		default: // a colour with a name of the web
			r, g, bl := c.RGB()
			fmt.Fprintf(&b, ";%d;2;%d;%d;%d", 38+10*i, r, g, bl)
		}
	}
	return b.String() + "m"
}

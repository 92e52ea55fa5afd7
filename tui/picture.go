package tui

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/tui/screen"
)

// Picture is one frame, drawn without a terminal.
type Picture struct {
	w, h  int
	cells []tcell.SimCell
}

// Draw draws one frame of a feed at a size, as the screen would, with the given number of colours (0 for none). The view
// is live: its right edge is the feed's present.
func Draw(o Options, w, h, colors int, prepare func(press func(key string))) (*Picture, error) {
	return shoot(w, h, colors, func(s tcell.Screen) (func(), func(string)) {
		o.Screen = s
		u := newUI(o)
		return func() {
			u.newFrame(w, h)
			u.root.SetRect(0, 0, w, h)
			u.root.Draw(s)
		}, u.press
	}, prepare)
}

// shoot makes a picture of what build's first function draws; its second presses a key.
func shoot(w, h, colors int, build func(tcell.Screen) (draw func(), press func(key string)), prepare func(press func(key string))) (*Picture, error) {
	sim := tcell.NewSimulationScreen("UTF-8")
	if err := sim.Init(); err != nil {
		return nil, fmt.Errorf("make a picture: %w", err)
	}
	defer sim.Fini()
	sim.SetSize(w, h)
	shown := paletteScreen{screen.NewDiff(sim), colors}
	once, press := build(shown)
	draw := func() {
		shown.Clear()
		once()
	}
	draw()
	if prepare != nil {
		prepare(func(k string) { press(k); draw() })
	}
	shown.Show()
	cells, cw, ch := sim.GetContents()
	return &Picture{cw, ch, append([]tcell.SimCell(nil), cells...)}, nil
}

// quitKeep quits and leaves the last screen on the terminal.
func (u *ui) quitKeep() {
	u.kept = u.picture()
	u.app.quit()
}

// picture is the screen as it would be drawn now: a line that was open in the last frame may have been closed by the key that asks for
// it. It is nil before the first frame.
func (u *ui) picture() *Picture {
	f := u.scene.frame
	if f == nil {
		return nil
	}
	u.compose()
	p, err := shoot(f.w, f.h, u.style.screen.Colors(), func(s tcell.Screen) (func(), func(string)) {
		return func() {
			u.root.SetRect(0, 0, f.w, f.h)
			u.root.Draw(s)
		}, func(string) {}
	}, nil)
	if err != nil {
		return nil
	}
	return p
}

// screenshot is ":screenshot FILE".
func (u *ui) screenshot(path string) error {
	if u.draft == nil {
		return fmt.Errorf("screenshot: not here")
	}
	if path = strings.TrimSpace(path); path == "" {
		return fmt.Errorf("screenshot: which file?")
	}
	p := u.picture()
	u.worker.do(func() (string, error) { return "wrote " + path, u.draft(path, p) })
	return nil
}

// paletteScreen pretends to have a number of colours.
type paletteScreen struct {
	*screen.Diff
	colors int
}

func (p paletteScreen) Colors() int { return p.colors }

// Text is the picture without colours, one line a row, without the blanks at the ends of lines.
func (p *Picture) Text() string {
	var b strings.Builder
	for y := 0; y < p.h; y++ {
		var line strings.Builder
		for x := 0; x < p.w; x++ {
			for _, r := range p.at(x, y).Runes {
				line.WriteRune(r)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// ANSI writes the picture with the escape sequences that give a terminal its colours (SGR, ECMA-48), for cat and less -R.
func (p *Picture) ANSI(w io.Writer) error {
	o := bufio.NewWriter(w)
	for y := 0; y < p.h; y++ {
		last := p.w // blanks in the terminal's own colours at the end of a line are left out
		for last > 0 && p.at(last-1, y).Style == tcell.StyleDefault && strings.TrimSpace(string(p.at(last-1, y).Runes)) == "" {
			last--
		}
		now := tcell.StyleDefault
		for x := 0; x < last; x++ {
			c := p.at(x, y)
			if c.Style != now {
				o.WriteString(screen.SGR(c.Style))
				now = c.Style
			}
			if len(c.Runes) == 0 {
				continue // the right half of a wide character
			}
			o.WriteString(string(c.Runes))
		}
		if now != tcell.StyleDefault {
			o.WriteString("\x1b[0m")
		}
		o.WriteByte('\n')
	}
	return o.Flush()
}

func (p *Picture) at(x, y int) *tcell.SimCell { return &p.cells[y*p.w+x] }

// Metrics of a cell in the SVG, in pixels; DejaVu Sans Mono and its like are 0.602 em wide.
const (
	cellW    = 8.43
	cellH    = 18
	fontSize = 14
)

// SVG writes the picture. dark says which ground the terminal's own colours stand for.
func (p *Picture) SVG(w io.Writer, dark bool) error {
	ground, ink := "#10141c", "#cfd6e1"
	if !dark {
		ground, ink = "#ffffff", "#1c2430"
	}
	o := bufio.NewWriter(w)
	width, height := float64(p.w)*cellW+16, p.h*cellH+16
	fmt.Fprintf(o, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d" font-family="'DejaVu Sans Mono','Menlo','Consolas',monospace" font-size="%d">`+"\n",
		width, height, width, height, fontSize)
	fmt.Fprintf(o, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", ground)
	hex := func(c tcell.Color, def string) string {
		if c == tcell.ColorDefault || !c.Valid() {
			return def
		}
		return fmt.Sprintf("#%06x", c.Hex())
	}
	for y := 0; y < p.h; y++ {
		// Backgrounds first, in runs of the same colour, so that letters are never painted over.
		for x := 0; x < p.w; {
			bg := p.back(x, y, hex, ground, ink)
			n := 1
			for x+n < p.w && p.back(x+n, y, hex, ground, ink) == bg {
				n++
			}
			if bg != ground {
				fmt.Fprintf(o, `<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"/>`, 8+float64(x)*cellW, 8+y*cellH, float64(n)*cellW+0.3, cellH, bg)
			}
			x += n
		}
		for x := 0; x < p.w; x++ {
			c := p.at(x, y)
			if len(c.Runes) == 0 || c.Runes[0] == ' ' {
				continue
			}
			fg, bg, attr := c.Style.Decompose()
			ink2 := hex(fg, ink)
			if attr&tcell.AttrReverse != 0 {
				ink2 = hex(bg, ground)
			}
			more := ""
			if attr&tcell.AttrBold != 0 {
				more += ` font-weight="bold"`
			}
			if attr&tcell.AttrDim != 0 {
				more += ` opacity="0.6"`
			}
			fmt.Fprintf(o, `<text x="%.2f" y="%d" fill="%s"%s>%s</text>`, 8+float64(x)*cellW, 8+y*cellH+14, ink2, more, escape(string(c.Runes)))
		}
		o.WriteByte('\n')
	}
	o.WriteString("</svg>\n")
	return o.Flush()
}

func (p *Picture) back(x, y int, hex func(tcell.Color, string) string, ground, ink string) string {
	fg, bg, attr := p.at(x, y).Style.Decompose()
	if attr&tcell.AttrReverse != 0 {
		return hex(fg, ink)
	}
	return hex(bg, ground)
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

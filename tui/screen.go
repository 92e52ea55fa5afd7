package tui

import (
	"sync"

	"github.com/gdamore/tcell/v2"
)

// diffScreen stands between tview and the terminal. tview clears the whole screen before every draw, which makes tcell
// send every non-blank cell again: 44 KB and 6 ms a frame at 160x50 where one column changed. This wrapper keeps what was
// drawn and what is shown, and hands on only the cells that differ, so an unchanged frame costs no byte.
//
// Only tview's goroutine draws; the lock is for Sync and Resume, which a signal may cause from elsewhere.
type diffScreen struct {
	tcell.Screen
	mu    sync.Mutex
	w, h  int
	back  []cell // what is being drawn
	front []cell // what the terminal shows
	base  tcell.Style
	dirty bool // front is not known: everything must be sent
	once  sync.Once
	err   error
}

type cell struct {
	r     rune
	comb  string
	style tcell.Style
	cont  bool // the right half of a wide character
}

func newDiffScreen(s tcell.Screen) *diffScreen { return &diffScreen{Screen: s, dirty: true} }

// Init may be called twice, by us and by tview's SetScreen; the terminal is initialised once.
func (d *diffScreen) Init() error {
	d.once.Do(func() {
		d.err = d.Screen.Init()
		d.resize()
	})
	return d.err
}

func (d *diffScreen) resize() {
	w, h := d.Screen.Size()
	if w == d.w && h == d.h && d.back != nil {
		return
	}
	d.w, d.h = w, h
	d.back, d.front = make([]cell, w*h), make([]cell, w*h)
	for i := range d.back {
		d.back[i] = cell{r: ' ', style: d.base}
	}
	d.dirty = true
}

// Clear blanks what is being drawn; the terminal is not touched.
func (d *diffScreen) Clear() { d.Fill(' ', d.base) }

// Fill sets every cell.
func (d *diffScreen) Fill(r rune, style tcell.Style) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resize()
	for i := range d.back {
		d.back[i] = cell{r: r, style: style}
	}
}

// SetStyle is the style of cleared cells.
func (d *diffScreen) SetStyle(s tcell.Style) {
	d.base = s
	d.Screen.SetStyle(s)
}

// SetContent draws one cell.
func (d *diffScreen) SetContent(x, y int, r rune, comb []rune, style tcell.Style) {
	if x < 0 || y < 0 || x >= d.w || y >= d.h {
		return
	}
	c := &d.back[y*d.w+x]
	c.r, c.style, c.cont = r, style, false
	c.comb = ""
	if len(comb) > 0 {
		c.comb = string(comb)
	}
	if runeWidth(r) == 2 && x+1 < d.w {
		d.back[y*d.w+x+1] = cell{r: ' ', style: style, cont: true}
	}
}

// GetContent is what is being drawn at a place.
func (d *diffScreen) GetContent(x, y int) (rune, []rune, tcell.Style, int) {
	if x < 0 || y < 0 || x >= d.w || y >= d.h {
		return ' ', nil, d.base, 1
	}
	c := d.back[y*d.w+x]
	return c.r, []rune(c.comb), c.style, runeWidth(c.r)
}

// Get is GetContent in tcell's newer form.
func (d *diffScreen) Get(x, y int) (string, tcell.Style, int) {
	r, comb, st, w := d.GetContent(x, y)
	return string(r) + string(comb), st, w
}

// SetCell, Put, PutStr and PutStrStyled are the other ways to draw; all end in SetContent.
func (d *diffScreen) SetCell(x, y int, style tcell.Style, ch ...rune) {
	if len(ch) == 0 {
		ch = []rune{' '}
	}
	d.SetContent(x, y, ch[0], ch[1:], style)
}

// Put draws the first character of s and returns the rest.
func (d *diffScreen) Put(x, y int, s string, style tcell.Style) (string, int) {
	for i, r := range s {
		d.SetContent(x, y, r, nil, style)
		return s[i+len(string(r)):], runeWidth(r)
	}
	return "", 0
}

// PutStr draws a string in the base style.
func (d *diffScreen) PutStr(x, y int, s string) { d.PutStrStyled(x, y, s, d.base) }

// PutStrStyled draws a string.
func (d *diffScreen) PutStrStyled(x, y int, s string, style tcell.Style) {
	for _, r := range s {
		d.SetContent(x, y, r, nil, style)
		x += runeWidth(r)
	}
}

// Show sends what differs.
func (d *diffScreen) Show() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resize()
	changed := d.dirty
	for i := range d.back {
		b := &d.back[i]
		if !d.dirty && *b == d.front[i] {
			continue
		}
		changed = true
		d.front[i] = *b
		if !b.cont {
			d.Screen.SetContent(i%d.w, i/d.w, b.r, []rune(b.comb), b.style)
		}
	}
	d.dirty = false
	if changed {
		d.Screen.Show()
	}
}

// Sync sends everything anew.
func (d *diffScreen) Sync() {
	d.mu.Lock()
	d.dirty = true
	d.mu.Unlock()
	d.Screen.Sync()
}

// Resume takes the terminal back after Suspend and sends everything anew.
func (d *diffScreen) Resume() error {
	err := d.Screen.Resume()
	d.Sync()
	return err
}

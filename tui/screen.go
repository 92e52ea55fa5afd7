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
	wiped bool // it was asked to be cleared, and nothing has been drawn since
	once  sync.Once
	err   error

	// Styles and combining characters are kept once and numbered, so that a cell is eight bytes that are compared at once: a
	// tcell.Style has ten times as many, strings among them.
	styles  []tcell.Style
	numbers map[tcell.Style]uint16
	last    tcell.Style // the style that was numbered last, and its number
	lastNo  uint16
	combs   []string
}

type cell struct {
	r     rune
	style uint16 // number in styles
	comb  uint16 // number in combs; contNo the right half of a wide character
}

const (
	contNo    = 0xffff
	maxStyles = 0xfff0 // screens have some dozens; a heat map some thousands
)

// number is the number of a style.
func (d *diffScreen) number(st tcell.Style) uint16 {
	if st == d.last && len(d.styles) > 0 {
		return d.lastNo
	}
	n, ok := d.numbers[st]
	if !ok {
		if len(d.styles) >= maxStyles || d.numbers == nil {
			// Begin anew; what is drawn and shown is numbered by the old numbers, so it is sent anew, too.
			d.styles, d.numbers, d.dirty = d.styles[:0], map[tcell.Style]uint16{}, true
			clear(d.back)
		}
		n = uint16(len(d.styles))
		d.styles = append(d.styles, st)
		d.numbers[st] = n
	}
	d.last, d.lastNo = st, n
	return n
}

// combNo is the number of what combines with a character; 0 nothing.
func (d *diffScreen) combNo(comb []rune) uint16 {
	if len(comb) == 0 {
		return 0
	}
	s := string(comb)
	for i, c := range d.combs {
		if c == s {
			return uint16(i + 1)
		}
	}
	if len(d.combs) >= 1000 {
		return 0 // text from outside may have any number of them
	}
	d.combs = append(d.combs, s)
	return uint16(len(d.combs))
}

func (d *diffScreen) combOf(n uint16) []rune {
	if n == 0 || n == contNo {
		return nil
	}
	return []rune(d.combs[n-1])
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
	d.wipe()
	d.dirty = true
}

// wipe blanks what is being drawn.
func (d *diffScreen) wipe() {
	c := cell{r: ' ', style: d.number(d.base)}
	for i := range d.back {
		d.back[i] = c
	}
	d.wiped = false
}

// Clear blanks what is being drawn; the terminal is not touched. It happens with the first thing that is drawn after it, so
// that a frame that is as the last one costs nothing (Keep).
func (d *diffScreen) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resize()
	d.wiped = true
}

// Keep leaves what is being drawn as it was before Clear: the frame is the last one again.
func (d *diffScreen) Keep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wiped = false
}

// Fill sets every cell.
func (d *diffScreen) Fill(r rune, style tcell.Style) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resize()
	c := cell{r: r, style: d.number(style)}
	for i := range d.back {
		d.back[i] = c
	}
	d.wiped = false
}

// SetStyle is the style of cleared cells.
func (d *diffScreen) SetStyle(s tcell.Style) {
	d.mu.Lock()
	d.base, d.dirty = s, true
	d.mu.Unlock()
	d.Screen.SetStyle(s)
}

// SetContent draws one cell.
func (d *diffScreen) SetContent(x, y int, r rune, comb []rune, style tcell.Style) {
	if x < 0 || y < 0 || x >= d.w || y >= d.h {
		return
	}
	if d.wiped {
		d.wipe()
	}
	n := d.number(style)
	d.back[y*d.w+x] = cell{r, n, d.combNo(comb)}
	if r >= 0x1100 && runeWidth(r) == 2 && x+1 < d.w {
		d.back[y*d.w+x+1] = cell{' ', n, contNo}
	}
}

// GetContent is what is being drawn at a place.
func (d *diffScreen) GetContent(x, y int) (rune, []rune, tcell.Style, int) {
	if x < 0 || y < 0 || x >= d.w || y >= d.h {
		return ' ', nil, d.base, 1
	}
	if d.wiped {
		d.wipe()
	}
	c := d.back[y*d.w+x]
	return c.r, d.combOf(c.comb), d.styles[c.style], runeWidth(c.r)
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
	if d.wiped {
		d.wipe()
	}
	changed := d.dirty
	for i, b := range d.back {
		if !d.dirty && b == d.front[i] {
			continue
		}
		changed = true
		d.front[i] = b
		if b.comb != contNo {
			d.Screen.SetContent(i%d.w, i/d.w, b.r, d.combOf(b.comb), d.styles[b.style])
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

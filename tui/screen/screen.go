package screen

import (
	"sync"
	"time"

	"github.com/gdamore/tcell/v2"
)

// Diff stands between tview and the terminal. tview clears the whole screen before every draw, which makes tcell
// send every non-blank cell again: 44 KB and 6 ms a frame at 160x50 where one column changed. This wrapper keeps what was
// drawn and what is shown, and hands on only the cells that differ, so an unchanged frame costs no byte.
//
// Only tview's goroutine draws; the lock is for Sync and Resume, which a signal may cause from elsewhere.
type Diff struct {
	tcell.Screen
	mu    sync.Mutex
	w, h  int
	back  []cell // what is being drawn
	front []cell // what the terminal shows
	base  tcell.Style
	plain bool   // only ASCII is drawn
	dirty bool   // front is not known: everything must be sent
	ended bool   // the terminal was given back
	wiped []bool // lines that were asked to be cleared, and on which nothing has been drawn since
	drawn []bool // lines that may differ from what is shown
	once  sync.Once
	err   error
	// release gives the terminal back however stuck it is; nil for a screen that is none.
	release func()
	hush    func()        // keeps what is typed from tcell, before its goroutines end; nil for a screen that is no terminal
	out     *directWriter // nil: frames go through tcell

	// Styles and combining characters are kept once and numbered, so that a cell is eight bytes that are compared at once: a
	// tcell.Style has ten times as many, strings among them.
	styles  []tcell.Style
	numbers map[tcell.Style]uint16
	recent  [64]numbered // what was numbered last, by a hash
	combs   []string
}

type cell struct {
	r     rune
	style uint16 // number in styles
	comb  uint16 // number in combs; contNo the right half of a wide character
}

// Shown is the character that the terminal shows in a cell, whether others are combined with it, and whether it is the right half of a
// wide one.
func (d *Diff) Shown(x, y int) (r rune, combined, half bool) {
	c := d.front[y*d.w+x]
	return c.r, c.comb != 0 && c.comb != contNo, c.comb == contNo
}

const (
	contNo    = 0xffff
	maxStyles = 0xfff0 // screens have some dozens; a heat map some thousands
)

// Number is the number of a style until the next Clear.
func (d *Diff) Number(st tcell.Style) uint16 {
	fg, bg, attr := st.Decompose()
	r := &d.recent[(uint64(fg)^uint64(fg)>>7^uint64(bg)<<1^uint64(bg)>>9^uint64(attr)<<3)%64]
	if r.known && r.style == st {
		return r.no
	}
	n, ok := d.numbers[st]
	if !ok {
		if len(d.styles) >= maxStyles || d.numbers == nil {
			// Begin anew; what is drawn and shown is numbered by the old numbers, so it is sent anew, too.
			d.styles, d.numbers, d.dirty = d.styles[:0], map[tcell.Style]uint16{}, true
			clear(d.back)
			d.recent = [64]numbered{}
			r = &d.recent[0]
			if d.out != nil {
				d.out.sgr = d.out.sgr[:0]
			}
		}
		n = uint16(len(d.styles))
		d.styles = append(d.styles, st)
		d.numbers[st] = n
	}
	*r = numbered{st, n, true}
	return n
}

type numbered struct {
	style tcell.Style
	no    uint16
	known bool
}

// combNo is the number of what combines with a character; 0 nothing.
func (d *Diff) combNo(comb []rune) uint16 {
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

func (d *Diff) combOf(n uint16) []rune {
	if n == 0 || n == contNo {
		return nil
	}
	return []rune(d.combs[n-1])
}

func NewDiff(s tcell.Screen) *Diff { return &Diff{Screen: s, dirty: true} }

// Init may be called twice, by us and by tview's SetScreen; the terminal is initialised once.
func (d *Diff) Init() error {
	d.once.Do(func() {
		d.err = d.Screen.Init()
		if d.err == nil {
			d.out = newDirectWriter(d.Screen)
		}
		d.resize()
	})
	return d.err
}

func (d *Diff) resize() {
	w, h := d.Screen.Size()
	if w == d.w && h == d.h && d.back != nil {
		return
	}
	d.w, d.h = w, h
	d.back, d.front = make([]cell, w*h), make([]cell, w*h)
	d.wiped, d.drawn = make([]bool, h), make([]bool, h)
	for y := range h {
		d.wipe(y)
	}
	d.dirty = true
}

// wipe blanks a line of what is being drawn.
func (d *Diff) wipe(y int) {
	c := cell{r: ' ', style: d.Number(d.base)}
	line := d.back[y*d.w : (y+1)*d.w]
	for i := range line {
		line[i] = c
	}
	d.wiped[y], d.drawn[y] = false, true
}

// Clear blanks what is being drawn; the terminal is not touched. Each line is blanked with the first thing that is drawn on
// it, so that a line that is as it was in the last frame costs nothing (Keep).
func (d *Diff) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resize()
	for y := range d.wiped {
		d.wiped[y] = true
	}
}

// Keep leaves n lines from y on as they were before Clear. It reports whether it could: not when the whole screen has to be
// drawn anew.
func (d *Diff) Keep(y, n int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dirty || y < 0 || y+n > d.h {
		return false
	}
	for i := y; i < y+n; i++ {
		d.wiped[i] = false
	}
	return true
}

// Fill sets every cell.
func (d *Diff) Fill(r rune, style tcell.Style) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resize()
	c := cell{r: r, style: d.Number(style)}
	for i := range d.back {
		d.back[i] = c
	}
	for y := range d.wiped {
		d.wiped[y], d.drawn[y] = false, true
	}
}

// SetStyle is the style of cleared cells.
func (d *Diff) SetStyle(s tcell.Style) {
	d.mu.Lock()
	d.base, d.dirty = s, true
	d.mu.Unlock()
	d.Screen.SetStyle(s)
}

// SetContent draws one cell.
func (d *Diff) SetContent(x, y int, r rune, comb []rune, style tcell.Style) {
	if x >= 0 && y >= 0 && x < d.w && y < d.h {
		d.put(x, y, cell{r, d.Number(style), d.combNo(comb)})
	}
}

// SetNumbered draws one cell in the style that has a number.
func (d *Diff) SetNumbered(x, y int, r rune, no uint16) {
	if x >= 0 && y >= 0 && x < d.w && y < d.h && int(no) < len(d.styles) {
		d.put(x, y, cell{r: r, style: no})
	}
}

// put draws a cell that is on the screen.
func (d *Diff) put(x, y int, c cell) {
	if d.wiped[y] {
		d.wipe(y)
	}
	d.drawn[y] = true
	if d.plain && c.r > 0x7e {
		c.r, c.comb = near(c.r), 0
	}
	d.back[y*d.w+x] = c
	if c.r >= 0x1100 && RuneWidth(c.r) == 2 && x+1 < d.w {
		d.back[y*d.w+x+1] = cell{' ', c.style, contNo}
	}
}

// GetContent is what is being drawn at a place.
func (d *Diff) GetContent(x, y int) (rune, []rune, tcell.Style, int) {
	if x < 0 || y < 0 || x >= d.w || y >= d.h {
		return ' ', nil, d.base, 1
	}
	if d.wiped[y] {
		d.wipe(y)
	}
	c := d.back[y*d.w+x]
	return c.r, d.combOf(c.comb), d.styles[c.style], RuneWidth(c.r)
}

// Get is GetContent in tcell's newer form.
func (d *Diff) Get(x, y int) (string, tcell.Style, int) {
	r, comb, st, w := d.GetContent(x, y)
	return string(r) + string(comb), st, w
}

// SetCell, Put, PutStr and PutStrStyled are the other ways to draw; all end in SetContent.
func (d *Diff) SetCell(x, y int, style tcell.Style, ch ...rune) {
	if len(ch) == 0 {
		ch = []rune{' '}
	}
	d.SetContent(x, y, ch[0], ch[1:], style)
}

// Put draws the first character of s and returns the rest.
func (d *Diff) Put(x, y int, s string, style tcell.Style) (string, int) {
	for i, r := range s {
		d.SetContent(x, y, r, nil, style)
		return s[i+len(string(r)):], RuneWidth(r)
	}
	return "", 0
}

// PutStr draws a string in the base style.
func (d *Diff) PutStr(x, y int, s string) { d.PutStrStyled(x, y, s, d.base) }

// PutStrStyled draws a string.
func (d *Diff) PutStrStyled(x, y int, s string, style tcell.Style) {
	for _, r := range s {
		d.SetContent(x, y, r, nil, style)
		x += RuneWidth(r)
	}
}

// Show sends what differs.
func (d *Diff) Show() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return
	}
	d.resize()
	changed, direct := d.dirty, d.out != nil && !d.dirty
	if direct {
		d.out.begin()
	}
	for y := range d.h {
		if d.wiped[y] {
			d.wipe(y)
		}
		if !d.drawn[y] && !d.dirty {
			continue
		}
		d.drawn[y] = false
		back, front := d.back[y*d.w:(y+1)*d.w], d.front[y*d.w:(y+1)*d.w]
		for x, b := range back {
			if !d.dirty && b == front[x] {
				continue
			}
			changed = true
			front[x] = b
			if b.comb != contNo {
				comb := d.combOf(b.comb)
				d.Screen.SetContent(x, y, b.r, comb, d.styles[b.style])
				if direct {
					d.out.cell(x, y, b.r, comb, b.style, d.styles[b.style])
				}
			}
		}
	}
	d.dirty = false
	switch {
	case direct:
		d.out.send()
	case changed:
		d.Screen.Show()
	}
}

// Sync sends everything anew.
func (d *Diff) Sync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return
	}
	d.dirty = true
	d.Screen.Sync()
}

// finiLimit is how long the terminal may take to be given back in good order.
const finiLimit = time.Second

// Fini gives the terminal back, from whatever goroutine. In good order that waits for a frame that is being sent: tcell would
// put what gives the terminal back into that frame's buffer, which a program that crashes never sends. A terminal that does not
// read would make it wait for ever, so there is a limit, after which the terminal is taken from tcell.
func (d *Diff) Fini() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.ended = true
		d.alone(d.Screen.Fini)
	}()
	if d.release == nil {
		<-done
		return
	}
	limit := time.NewTimer(finiLimit)
	defer limit.Stop()
	select {
	case <-done:
		return
	case <-limit.C:
	}
	d.release()
	limit.Reset(finiLimit)
	select {
	case <-done:
	case <-limit.C:
	}
}

// Suspend gives the terminal back for a while.
func (d *Diff) Suspend() (err error) {
	d.alone(func() { err = d.Screen.Suspend() })
	return err
}

// alone does what waits for tcell's goroutines to end. These wait for room in the queue of events, which nobody else may empty
// now, so what is in it is forgotten.
func (d *Diff) alone(do func()) {
	queue, ok := d.Screen.(interface{ EventQ() chan tcell.Event })
	if !ok {
		do()
		return
	}
	done, emptied := make(chan struct{}), make(chan struct{})
	events := queue.EventQ()
	go func() {
		defer close(emptied)
		for {
			select {
			case <-events:
			case <-done:
				return
			}
		}
	}()
	if d.hush != nil {
		d.hush()
	}
	do()
	close(done)
	<-emptied
}

// Resume takes the terminal back after Suspend and sends everything anew.
func (d *Diff) Resume() error {
	err := d.Screen.Resume()
	d.Sync()
	return err
}

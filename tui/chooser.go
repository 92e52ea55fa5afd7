package tui

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// chooser is a list to choose from, in a box over the view. It gets every key while it is open. What is typed finds: only what has it is listed.
//
//	┌ title ─────────────────────────────────────────────────────┐
//	│ Group                           │ what the selected one is, │
//	│   name          value           │ in words                  │
//	│ > name          value           │                           │
//	└ arrows or letters choose, ... ──────────────────────────────┘
type chooser struct {
	title, help string
	items       []item
	at, top     int
	typed       string           // to find items by
	refresh     func(c *chooser) // makes the items anew for each frame; nil they stay

	y     int   // line of the screen where the first of the lines lies
	lines []int // by line: which item; -1 none
}

// item is a line of a chooser.
type item struct {
	group              string // the heading that it stands below; "" none
	name, value, about string
	off                bool // shown dim: it has no meaning at present
	pick               func()
}

// has reports whether what was typed is in an item: in its name, or, from three letters on, in what is said of it.
func (c *chooser) has(it *item) bool {
	word := strings.ToLower(c.typed)
	return strings.Contains(strings.ToLower(it.name), word) || len(word) > 2 && strings.Contains(strings.ToLower(it.value+" "+it.about), word)
}

// found are the items that have what was typed, as indices.
func (c *chooser) found() (out []int) {
	for i := range c.items {
		if c.has(&c.items[i]) {
			out = append(out, i)
		}
	}
	return out
}

func (c *chooser) press(d *dialog, name string) {
	list := c.found()
	step := func(by int) {
		if k := slices.Index(list, c.at) + by; len(list) > 0 {
			c.at = list[min(max(k, 0), len(list)-1)]
		}
	}
	switch name {
	case "Esc", "Ctrl-G":
		if c.typed == "" {
			d.list = nil
		}
		c.typed = ""
	case "Up":
		step(-1)
	case "Down":
		step(1)
	case "PgUp":
		step(-10)
	case "PgDn":
		step(10)
	case "Home":
		step(-len(c.items))
	case "End":
		step(len(c.items))
	case "Enter":
		if slices.Contains(list, c.at) && c.items[c.at].pick != nil {
			c.typed = "" // a list that stays open is whole again
			c.items[c.at].pick()
		}
	case "Backspace":
		if r := []rune(c.typed); len(r) > 0 {
			c.typed = string(r[:len(r)-1])
		}
	default:
		if utf8.RuneCountInString(name) == 1 || name == "Space" {
			if name == "Space" {
				name = " "
			}
			c.typed += name
			c.seek()
		}
	}
}

// seek selects what was typed: the first item whose name begins with it, else the first that has it.
func (c *chooser) seek() {
	list := c.found()
	for _, i := range list {
		if strings.HasPrefix(strings.ToLower(c.items[i].name), strings.ToLower(c.typed)) {
			c.at = i
			return
		}
	}
	if len(list) > 0 && !slices.Contains(list, c.at) {
		c.at = list[0]
	}
}

// click selects the item in a line of the screen.
func (c *chooser) click(y int) {
	if i := y - c.y; i >= 0 && i < len(c.lines) && c.lines[i] >= 0 {
		c.at = c.lines[i]
	}
}

// hit reports whether the selected item stands in a line of the screen.
func (c *chooser) hit(y int) bool {
	i := y - c.y
	return i >= 0 && i < len(c.lines) && c.lines[i] == c.at
}

// chooserHint are the keys of a chooser.
const chooserHint = "arrows choose, letters search, Enter takes it, Esc closes"

// beside is from how many columns on what is said of an item stands beside the list.
const beside = 84

// draw draws the list in a box.
func (c *chooser) draw(sc *scene, p pane) {
	t := &sc.theme
	if c.refresh != nil {
		c.refresh(c)
		c.at = min(c.at, max(len(c.items)-1, 0))
	}
	title := clean(c.title)
	if c.typed != "" {
		title += ": " + clean(c.typed)
	}
	lines := c.laidOut()
	in := sc.box(p, 116, max(len(lines), 8)+1, boxMiddle, title, chooserHint)
	list, about := in, in
	text := c.help
	if c.at < len(c.items) && c.items[c.at].about != "" && slices.Contains(lines, c.at) {
		text = clean(c.items[c.at].about)
	}
	if in.w >= beside {
		list.w = in.w * 3 / 5
		about.x, about.w = in.x+list.w+2, in.w-list.w-2
		for y := range in.h {
			in.set(list.w, y, sc.sym.Corner, t.dim)
		}
	} else {
		n := min(len(wrap(text, max(in.w-1, 10))), max(1, in.h/3))
		list.h -= n
		about.y, about.h = in.y+list.h, n
	}
	for i, s := range wrap(text, max(about.w-1, 10)) {
		about.put(0, i, s, t.dim)
	}
	at := max(slices.Index(lines, c.at), 0)
	if at < c.top || at == 1 && c.top == 1 {
		c.top = at
		if at > 0 && lines[at-1] < 0 { // its heading, too
			c.top--
		}
	}
	if list.h > 0 && at >= c.top+list.h {
		c.top = at - list.h + 1
	}
	c.top = max(0, min(c.top, len(lines)-max(list.h, 0)))
	wide := 12
	for i := range c.items {
		wide = max(wide, min(utf8.RuneCountInString(c.items[i].name), list.w/2))
	}
	c.y = list.y
	c.lines = append(c.lines[:0], lines[c.top:min(c.top+max(list.h, 0), len(lines))]...)
	for y, i := range c.lines {
		if i < 0 { // the heading of the item below
			list.put(0, y, clean(c.items[-1-i].group), t.title)
			continue
		}
		c.drawItem(sc, list, y, i, wide)
	}
	if len(lines) == 0 {
		list.put(2, 0, "nothing has it", t.dim)
	}
}

// laidOut is the items that are listed, with a heading before each group: -1 less the index of its first item.
func (c *chooser) laidOut() (lines []int) {
	group := ""
	for _, i := range c.found() {
		if g := c.items[i].group; g != group && g != "" {
			lines = append(lines, -1-i)
			group = g
		}
		lines = append(lines, i)
	}
	return lines
}

func (c *chooser) drawItem(sc *scene, p pane, y, i, wide int) {
	t, it := &sc.theme, &c.items[i]
	st := t.text
	if it.off {
		st = t.dim
	}
	if i == c.at {
		st = t.selected
		p.fill(0, y, p.w, ' ', st)
		p.set(0, y, sc.sym.GoesOn, st)
	}
	p.put(2, y, cut(clean(it.name), wide), st.Bold(!it.off))
	p.put(2+wide+2, y, sc.fits(clean(it.value), p.w-wide-5), st)
}

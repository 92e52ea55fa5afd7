package tui

import (
	"strings"
	"unicode/utf8"
)

// chooser is a list to choose from, over the view. It gets every key while it is open.
//
//	title
//	  name          value
//	> name          value
//	  ...
//	what the selected one is, in words
type chooser struct {
	title, help string
	items       []item
	at, top     int
	keep        string           // typed, to find an item by
	refresh     func(c *chooser) // makes the items anew for each frame; nil they stay
}

// item is a line of a chooser.
type item struct {
	name, value, about string
	off                bool // shown dim: it has no meaning at present
	pick               func()
}

func (c *chooser) press(d *dialog, name string) {
	n := len(c.items)
	switch name {
	case "Esc", "Ctrl-G":
		d.list = nil
	case "Up":
		c.at = max(0, c.at-1)
	case "Down":
		c.at = min(max(n-1, 0), c.at+1)
	case "PgUp":
		c.at = max(0, c.at-10)
	case "PgDn":
		c.at = min(max(n-1, 0), c.at+10)
	case "Home":
		c.at = 0
	case "End":
		c.at = max(n-1, 0)
	case "Enter":
		if c.at < n && c.items[c.at].pick != nil {
			c.items[c.at].pick()
		}
	case "Backspace":
		if r := []rune(c.keep); len(r) > 0 {
			c.keep = string(r[:len(r)-1])
			c.find(c.at)
		}
	default:
		if utf8.RuneCountInString(name) == 1 || name == "Space" {
			if name == "Space" {
				name = " "
			}
			c.keep += name
			if !c.find(0) {
				c.keep = name
				if !c.find(0) {
					c.keep = ""
				}
			}
		}
	}
}

// find selects the first item whose name begins with, or else has in it, what was typed.
func (c *chooser) find(from int) bool {
	if c.keep == "" {
		c.at = from
		return true
	}
	for _, match := range []func(s, sub string) bool{strings.HasPrefix, strings.Contains} {
		for i, x := range c.items {
			if match(strings.ToLower(x.name), strings.ToLower(c.keep)) {
				c.at = i
				return true
			}
		}
	}
	return false
}

// click selects the item in a row of the screen.
func (c *chooser) click(y int) {
	if i := c.top + y - 1; y >= 1 && i < len(c.items) {
		c.at = i
	}
}

// hit reports whether the selected item stands in a row of the screen.
func (c *chooser) hit(y int) bool { return y >= 1 && c.top+y-1 == c.at }

// draw draws the list over everything.
func (c *chooser) draw(sc *scene, p pane) {
	t := &sc.theme
	if c.refresh != nil {
		c.refresh(c)
		c.at = min(c.at, max(len(c.items)-1, 0))
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	x := p.put(1, 0, clean(c.title), t.bar.Bold(true))
	if c.keep != "" {
		p.put(x+2, 0, clean(c.keep), t.bar)
	}
	about := []string{c.help}
	if c.at < len(c.items) && c.items[c.at].about != "" {
		about = wrap(clean(c.items[c.at].about), max(p.w-4, 10))
	}
	if len(about) > max(1, p.h/3) {
		about = about[:max(1, p.h/3)]
	}
	room := p.h - 2 - len(about)
	if c.at < c.top {
		c.top = c.at
	}
	if room > 0 && c.at >= c.top+room {
		c.top = c.at - room + 1
	}
	c.top = max(0, min(c.top, len(c.items)-max(room, 0)))
	wide := 12
	for _, it := range c.items {
		wide = max(wide, min(len([]rune(it.name)), p.w/2))
	}
	for y := 0; y < room && c.top+y < len(c.items); y++ {
		it := &c.items[c.top+y]
		st := t.text
		if it.off {
			st = t.dim
		}
		if c.top+y == c.at {
			st = t.selected
			p.fill(0, y+1, p.w, ' ', st)
			p.set(0, y+1, sc.sym.GoesOn, st)
		}
		p.put(2, y+1, cut(clean(it.name), wide), st.Bold(!it.off))
		p.put(2+wide+2, y+1, clean(it.value), st)
	}
	for i, s := range about {
		p.put(2, p.h-1-len(about)+i, s, t.dim)
	}
	p.fill(0, p.h-1, p.w, ' ', t.bar)
	p.put(1, p.h-1, "arrows or letters choose, Enter takes it, Esc leaves", t.bar)
}

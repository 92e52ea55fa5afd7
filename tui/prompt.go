package tui

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// prompt is a line to type on, in the place of the footer. It gets every key while it is open.
type prompt struct {
	label    string
	text     []rune
	at       int                            // where the next character goes
	done     func(text string)              // Enter
	typed    func(text string)              // after each change; nil nothing
	gaveUp   func()                         // Esc; nil nothing
	complete func(text string) []completion // what the word at the end could be; nil nothing
	offered  []completion
	chosen   int
	past     *[]string
	back     int // how far back in past
}

// completion is something that the text could become.
type completion struct{ text, about string }

const maxPast = 100

func (p *prompt) set(s string) { p.text = []rune(s); p.at = len(p.text) }

func (p *prompt) changed() {
	p.offered, p.chosen = nil, 0
	if p.complete != nil {
		p.offered, p.chosen = p.complete(string(p.text)), -1
	}
	if p.typed != nil {
		p.typed(string(p.text))
	}
}

// press is what a key does to the line. The line is closed before what follows from it is done: that may open another one.
func (p *prompt) press(d *dialog, name string) {
	switch name {
	case "Esc", "Ctrl-G":
		d.line = nil
		if p.gaveUp != nil {
			p.gaveUp()
		}
		return
	case "Enter":
		d.line = nil
		text := string(p.text)
		if p.past != nil && strings.TrimSpace(text) != "" {
			*p.past = append(slices.DeleteFunc(*p.past, func(s string) bool { return s == text }), text)
			if len(*p.past) > maxPast {
				*p.past = (*p.past)[1:]
			}
		}
		p.done(text)
		return
	case "Tab", "Shift-Tab":
		if len(p.offered) == 0 {
			return
		}
		by := 1
		if name == "Shift-Tab" {
			by = -1
		}
		if p.chosen < 0 && by < 0 {
			p.chosen = 0
		}
		p.chosen = (p.chosen + by + len(p.offered)) % len(p.offered)
		p.set(p.offered[p.chosen].text)
		if len(p.offered) == 1 {
			p.changed()
		}
		if p.typed != nil {
			p.typed(string(p.text))
		}
		return
	case "Left", "Ctrl-B":
		p.at = max(0, p.at-1)
		return
	case "Right", "Ctrl-F":
		p.at = min(len(p.text), p.at+1)
		return
	case "Home", "Ctrl-A":
		p.at = 0
		return
	case "End", "Ctrl-E":
		p.at = len(p.text)
		return
	case "Up", "Ctrl-P":
		p.recall(1)
		return
	case "Down", "Ctrl-N":
		p.recall(-1)
		return
	case "Backspace":
		if len(p.text) == 0 { // as in a pager: taking away the sign itself closes the line
			d.line = nil
			if p.gaveUp != nil {
				p.gaveUp()
			}
			return
		}
		if p.at > 0 {
			p.text = slices.Delete(p.text, p.at-1, p.at)
			p.at--
		}
	case "Delete", "Ctrl-D":
		if p.at < len(p.text) {
			p.text = slices.Delete(p.text, p.at, p.at+1)
		}
	case "Ctrl-U":
		p.text, p.at = p.text[p.at:], 0
	case "Ctrl-K":
		p.text = p.text[:p.at]
	case "Ctrl-W":
		i := p.at
		for i > 0 && p.text[i-1] == ' ' {
			i--
		}
		for i > 0 && p.text[i-1] != ' ' {
			i--
		}
		p.text, p.at = slices.Delete(p.text, i, p.at), i
	default:
		if name == "Space" {
			name = " "
		}
		if utf8.RuneCountInString(name) != 1 || len(p.text) >= 500 {
			return
		}
		p.text = slices.Insert(p.text, p.at, []rune(name)[0])
		p.at++
	}
	p.changed()
}

// recall brings back what was typed before.
func (p *prompt) recall(by int) {
	if p.past == nil || len(*p.past) == 0 {
		return
	}
	p.back = min(max(p.back+by, 0), len(*p.past))
	if p.back == 0 {
		p.set("")
	} else {
		p.set((*p.past)[len(*p.past)-p.back])
	}
	p.changed()
}

// draw draws the line in the footer's place.
func (q *prompt) draw(sc *scene, p pane) {
	t := &sc.theme
	p.fill(0, 0, p.w, ' ', t.bar)
	x := p.put(1, 0, clean(q.label), t.bar.Bold(true))
	from := 0
	if room := p.w - x - 2; room > 0 && q.at > room {
		from = q.at - room
	}
	for i := from; i <= len(q.text); i++ {
		r, st := ' ', t.bar
		if i < len(q.text) {
			r = []rune(clean(string(q.text[i])))[0]
		}
		if i == q.at {
			st = st.Reverse(true)
		}
		x = p.put(x, 0, string(r), st)
	}
}

// drawOffered draws what the text could become, on the line above it.
func (q *prompt) drawOffered(sc *scene, p pane) {
	t := &sc.theme
	if len(q.offered) == 0 {
		return
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	x, first := 1, 0
	// What Tab has chosen stays in sight.
	for w, i := 0, 0; i < len(q.offered) && i <= q.chosen; i++ {
		if w += len([]rune(lastWord(q.offered[i].text))) + 2; w > p.w*2/3 {
			first, w = i, 0
		}
	}
	for i := first; i < len(q.offered); i++ {
		c := q.offered[i]
		st := t.bar
		if i == q.chosen {
			st = t.selected
		}
		word := clean(lastWord(c.text))
		if x+len([]rune(word)) >= p.w {
			break
		}
		x = p.put(x, 0, word, st) + 2
	}
	about := ""
	if q.chosen >= 0 {
		about = q.offered[q.chosen].about
	} else if len(q.offered) == 1 {
		about = q.offered[0].about
	}
	if about != "" && x+4 < p.w {
		p.put(x, 0, cut(clean(about), p.w-x-1), t.bar.Italic(true))
	}
}

// lastWord is what the list of completions shows: the word that would be typed.
func lastWord(s string) string {
	s = strings.TrimRight(s, " ")
	return s[strings.LastIndexByte(s, ' ')+1:]
}

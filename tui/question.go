package tui

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// question is a box that asks before the answer is shown. It gets every key while it is open. Who does not want to guess skips it.
//
//	┌ before you see it ─────────────────────────────────────┐
//	│ How many wakeups will this one message cost?           │
//	│                                                        │
//	│ > 64                                                   │
//	└ type a number, Enter answers it, Esc skips it ─────────┘
type question struct {
	text  string
	typed []rune
	done  func(answer string) // "" it was skipped
}

const (
	questionTitle = "before you see it"
	questionHint  = "type a number, Enter answers, Esc skips"
	mostDigits    = 12
)

// press is what a key does to the answer.
func (q *question) press(d *dialog, name string) {
	switch name {
	case "Esc", "Ctrl-G":
		d.quiz = nil
		q.done("")
	case "Enter":
		d.quiz = nil
		q.done(string(q.typed))
	case "Backspace":
		if n := len(q.typed); n > 0 {
			q.typed = q.typed[:n-1]
		}
	case "Ctrl-U":
		q.typed = nil
	default:
		if utf8.RuneCountInString(name) == 1 && strings.ContainsAny(name, "0123456789.") && len(q.typed) < mostDigits {
			q.typed = append(q.typed, []rune(name)...)
		}
	}
}

// draw draws the box.
func (q *question) draw(sc *scene, p pane) {
	const w = 64
	lines := wrap(clean(q.text), min(w, p.w-4))
	in := sc.box(p, w, len(lines)+3, boxMiddle, questionTitle, questionHint)
	for i, s := range slices.Concat(lines, []string{""}) {
		if i < in.h-1 {
			in.put(0, i, s, sc.theme.text)
		}
	}
	y := min(len(lines)+1, in.h-1)
	x := in.put(0, y, string(sc.sym.GoesOn)+" "+string(q.typed), sc.theme.bold)
	in.set(x, y, ' ', sc.theme.selected)
}

package tui

import (
	"fmt"
	"strings"
)

// drawHelp lists every key, or says that the screen is too small.
func (u *ui) drawHelp(f *frame, p pane) {
	t := &u.theme
	if f.small {
		lines := []string{fmt.Sprintf("%dx%d is too small", f.w, f.h), fmt.Sprintf("evviz needs %dx%d", minWidth, minHeight), "q quits"}
		for i, s := range lines {
			p.put(0, i, s, t.text)
		}
		return
	}
	p.fill(0, 0, p.w, ' ', t.bar)
	p.put(1, 0, "evviz: keys", t.bar.Bold(true))
	lines := u.helpLines(p.w - 2)
	u.helpTop = min(u.helpTop, max(0, len(lines)-(p.h-2)))
	for i := 0; i < p.h-2 && i+u.helpTop < len(lines); i++ {
		l := lines[i+u.helpTop]
		st := t.text
		if l.off {
			st = t.dim
		}
		x := p.put(1, i+1, fmt.Sprintf("%-14s", l.keys), st.Bold(!l.off))
		p.put(x, i+1, l.text, st)
	}
	p.fill(0, p.h-1, p.w, ' ', t.bar)
	s := " ? or Esc: back"
	if len(lines) > p.h-2 {
		s += "   arrows up and down: more"
	}
	p.put(0, p.h-1, s, t.bar)
}

type helpLine struct {
	keys, text string
	off        bool
}

func (u *ui) helpLines(w int) (out []helpLine) {
	for i := range u.keys {
		k := &u.keys[i]
		keys := strings.Join(k.Keys, " ")
		for j, s := range wrap(k.Help, w-14) {
			if j > 0 {
				keys = ""
			}
			out = append(out, helpLine{keys, s, !u.available(k)})
		}
	}
	out = append(out, helpLine{}, helpLine{keys: "The picture"})
	for _, s := range []string{
		"A lane is filled while data waits in the kernel, from its arrival to the read that drains it: the length of the bar is the delay. It turns from blue to orange to red as the data ages.",
		"Orange with a number: level-triggered and told again, so many times, of what was known. A red bar that does not end: edge-triggered and not drained, nobody will be told again.",
		"Columns of E: every round asks every descriptor, and most have nothing.",
		"Mouse: the wheel zooms, a click selects a lane. Hold Shift to select text.",
	} {
		for _, l := range wrap(s, w-14) {
			out = append(out, helpLine{text: l})
		}
	}
	return out
}

// wrap breaks a sentence into lines of at most w characters.
func wrap(s string, w int) (out []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > w {
			out = append(out, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(out, line)
}

// click selects the lane under the mouse.
func (u *ui) click(x, y int) {
	_, ly, _, lh := u.parts.lanes.GetInnerRect()
	if u.frame == nil || y < ly || y >= ly+lh {
		return
	}
	row := y - ly - len(u.frame.snap.Loops)
	if lh >= 9 && len(u.frame.snap.Loops) > 0 {
		row--
	}
	if i := row + u.top; row >= 0 && i < len(u.order) {
		u.lane = u.order[i]
	}
}

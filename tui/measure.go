package tui

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"evviz/words"
)

// Two cursors measure: v sets one, moves on with the arrows, v again holds it and sets the other, v once more takes both
// away. While both are set the narration says what lies between them.

func (u *ui) measure() {
	f := u.frame
	if f == nil {
		return
	}
	switch {
	case u.cursor == 0:
		u.freeze()
		t0, t1 := f.seen()
		u.cursor = t0 + (t1-t0)/2
	case u.anchor == 0:
		u.anchor = u.cursor
	default:
		u.cursor, u.anchor = 0, 0
	}
}

// measured says what lies between the two cursors.
func (u *ui) measured() string {
	a, b := min(u.anchor, u.cursor), max(u.anchor, u.cursor)
	if u.frame == nil {
		return ""
	}
	s := u.frame.snap
	parts := []string{fmt.Sprintf("%s from %s s to %s s", words.Duration(b-a), seconds(a-s.First, 6), seconds(b-s.First, 6))}
	if !s.Info.Timed {
		parts[0] = "between the two cursors"
	}
	w, some := s.Window(a, b), a < s.Begin || b > s.Now // only some of it is known here
	if some {
		parts[0] += ", as far as it is read here"
	}
	io := w.Sockets()
	for _, c := range []struct {
		n    int64
		word string
	}{{w.Wakeups, "wakeup"}, {w.Reports, "report"}, {w.Rounds, "round"}, {w.Accepts, "accept"}, {io.Reads, "read"}, {io.Writes, "write"}} {
		if c.n > 0 {
			parts = append(parts, words.Count(c.n, c.word))
		}
	}
	if n := io.ReadAgain + io.WriteAgain + w.AcceptAgain; n > 0 {
		parts = append(parts, words.Number(n)+" EAGAIN")
	}
	if io.BytesIn > 0 {
		parts = append(parts, words.Bytes(io.BytesIn)+" in")
	}
	parts = append(parts, words.OtherIO(&w)...)
	if len(parts) == 1 && !some {
		parts = append(parts, "nothing was done in between")
	}
	return strings.Join(parts, ", ")
}

// drawCursors draws the picked moment, and what is measured, as lines through the lanes.
func (u *ui) drawCursors(f *frame, p pane, from int) {
	for i, at := range []int64{u.anchor, u.cursor} {
		if at == 0 || at < f.t0 || at >= f.t1 {
			continue
		}
		x := f.gutter() + f.column(at)
		for y := from; y < p.h; y++ {
			text, st, _ := p.s.Get(p.x+x, p.y+y)
			r, _ := utf8.DecodeRuneInString(text)
			if r == ' ' || r == u.sym.wait || r == u.sym.edge || r == u.sym.once {
				_, bg, _ := st.Decompose()
				line := u.sym.cursor
				if i == 0 && u.cursor != 0 {
					line = u.sym.anchor
				}
				p.set(x, y, line, u.theme.cursor.Background(bg))
				continue
			}
			p.set(x, y, r, st.Reverse(true))
		}
	}
}

package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/trace"
	"evviz/words"
)

// drawAxis is the line of times: what a cell is worth, whether this is the present, and where the mode was switched.
func (u *ui) drawAxis(f *frame, p pane) {
	t := &u.theme
	g := f.gutter()
	label := fmt.Sprintf("%s, %s a cell", words.Duration(u.span), words.Duration(u.span/int64(f.cells())))
	if len(label) > g-1 {
		label = words.Duration(u.span)
	}
	if !f.snap.Info.Timed {
		label = "order, no times"
		if len(label) > g-1 {
			label = "no times"
		}
	}
	if _, _, _, tabs := u.parts.tabs.GetRect(); tabs == 0 || u.half != nil || !f.snap.Info.Timed {
		p.put(0, 0, label, t.dim) // else the tabs say it
	}
	n := f.cells()
	state, st := "", t.text
	if _, _, _, tabs := u.parts.tabs.GetRect(); tabs == 0 || u.half != nil {
		state, st = u.liveness(f)
	}
	room := n - len([]rune(state))
	every := tickEvery(u.span, n)
	dec := decimals(every)
	first := f.snap.First
	words := append(u.switchWords(f), u.flagWords(f)...)
	if u.half != nil {
		words = append(words, u.half.under...)
	}
	words = setApart(words, room)
	busy := 0
	if f.snap.Info.Timed {
		ticks(max(minus(f.t0, first), 0), minus(f.t1, first), every, n, func(tick int64) {
			x := f.column(plus(tick, first))
			s := seconds(tick, dec)
			if x < busy || x+len(s) > room || taken(words, x, x+len(s)) {
				return
			}
			p.put(g+x, 0, s, t.dim)
			busy = x + len(s) + 2
		})
	}
	u.drawWords(f, p, words)
	u.drawCursorTime(f, p, room)
	p.put(g+room, 0, state, st)
}

// axisWord is what stands on a line of times beside the times: a mark in its column, and what it means.
type axisWord struct {
	x    int // column of the window
	mark rune
	text string
	st   tcell.Style
}

func (w *axisWord) end() int { return w.x + 1 + len([]rune(w.text)) }

// setApart puts the words in order and takes from each what the next one would cover: half a word, or half a number, would be another one.
// A mark without its word is still in its place.
func setApart(words []axisWord, room int) []axisWord {
	words = slices.DeleteFunc(words, func(w axisWord) bool { return w.x >= room })
	slices.SortStableFunc(words, func(a, b axisWord) int { return cmp.Compare(a.x, b.x) })
	for i := range words {
		end := room
		if i+1 < len(words) {
			end = min(end, words[i+1].x)
		}
		if words[i].end() > end {
			words[i].text = ""
		}
	}
	return words
}

// taken reports whether a word stands in the columns [from, to), or so close that it would run into what stands there.
func taken(words []axisWord, from, to int) bool {
	for i := range words {
		if words[i].x <= to && from <= words[i].end() {
			return true
		}
	}
	return false
}

func (u *ui) drawWords(f *frame, p pane, words []axisWord) {
	g := f.gutter()
	for i := range words {
		w := &words[i]
		p.set(g+w.x, 0, w.mark, w.st)
		p.put(g+w.x+1, 0, w.text, w.st)
	}
}

// switchWords are where the mode was switched.
func (u *ui) switchWords(f *frame) (out []axisWord) {
	mark := u.sym.mark
	if u.half != nil && u.half.above {
		mark = u.sym.above
	}
	for _, m := range f.snap.Modes {
		if m.At < f.t0 || m.At >= f.t1 || m.Cause != trace.CauseSwitch {
			continue
		}
		s := strings.TrimSpace(trace.DriverNames.Word(m.Mode.Driver) + " " + strings.ToUpper(trace.TriggerNames.Word(m.Mode.Trigger)))
		out = append(out, axisWord{f.column(m.At), mark, s, u.theme.good})
	}
	return out
}

// flagWords are the bookmarks.
func (u *ui) flagWords(f *frame) (out []axisWord) {
	if u.half != nil {
		return nil
	}
	for _, m := range u.allMarks() {
		if m.At >= f.t0 && m.At < f.t1 {
			out = append(out, axisWord{f.column(m.At), u.sym.flag, clean(m.Text), u.theme.bold})
		}
	}
	return out
}

// drawCursorTime says at the cursor when it is.
func (u *ui) drawCursorTime(f *frame, p pane, room int) {
	if u.half != nil || u.cursor == 0 || u.cursor < f.t0 || u.cursor >= f.t1 || !f.snap.Info.Timed {
		return
	}
	s := " " + seconds(u.cursor-f.snap.First, 6) + " "
	x := min(max(f.column(u.cursor)-len(s)/2, 0), max(room-len(s), 0))
	p.put(f.gutter()+x, 0, s, u.theme.selected)
}

// tickEvery is the distance of two labels: 1, 2 or 5 times a power of ten, at least 10 columns apart. The longest is 158 years,
// of which there are two in all.
func tickEvery(span int64, cells int) int64 {
	want := scaled(span, 10, int64(max(cells, 1)))
	d := int64(1000)
	for ; d < 1e18; d *= 10 {
		for _, k := range []int64{1, 2, 5} {
			if d*k >= want {
				return d * k
			}
		}
	}
	for _, k := range []int64{1, 2, 5} {
		if d*k >= want {
			return d * k
		}
	}
	return 5 * d
}

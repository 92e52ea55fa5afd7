package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"evviz/picture"
	"evviz/trace"
	"evviz/words"
)

// drawAxis is the line of times: what a cell is worth, whether this is the present, and where the mode was switched.
func drawAxis(sc *scene, p pane) {
	t := &sc.theme
	g := sc.gutter()
	label := fmt.Sprintf("%s, %s a cell", words.Duration(sc.span), words.Duration(sc.span/int64(sc.cells())))
	if len(label) > g-1 {
		label = words.Duration(sc.span)
	}
	if !sc.snap.Info.Timed {
		label = "order, no times"
		if len(label) > g-1 {
			label = "no times"
		}
	}
	if !sc.tabbed || !sc.snap.Info.Timed {
		p.put(0, 0, label, t.dim) // else the tabs say it
	}
	n := sc.cells()
	state, st := "", t.text
	if !sc.tabbed {
		state, st = liveness(sc)
	}
	room := n - len([]rune(state))
	every := tickEvery(sc.span, n)
	dec := decimals(every)
	first := sc.snap.First
	words := append(switchWords(sc), flagWords(sc)...)
	if sc.half != nil {
		words = append(words, sc.half.under...)
	}
	words = setApart(words, room)
	now, from, to := cursorTime(sc, room)
	for i := range words { // half of a word beside it would be another word
		if words[i].x < to && from < words[i].end() {
			words[i].text = ""
		}
	}
	busy := 0
	if sc.snap.Info.Timed {
		ticks(max(picture.Minus(sc.t0, first), 0), picture.Minus(sc.t1, first), every, n, func(tick int64) {
			x := sc.column(picture.Plus(tick, first))
			s := seconds(tick, dec)
			if x < busy || x+len(s) > room || taken(words, x, x+len(s)) || x < to && from < x+len(s) {
				return
			}
			p.put(g+x, 0, s, t.dim)
			busy = x + len(s) + 2
		})
	}
	drawWords(sc, p, words)
	if now != "" {
		p.put(g+from, 0, now, t.selected)
	}
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

func drawWords(sc *scene, p pane, words []axisWord) {
	g := sc.gutter()
	for i := range words {
		w := &words[i]
		p.set(g+w.x, 0, w.mark, w.st)
		p.put(g+w.x+1, 0, w.text, w.st)
	}
}

// switchWords are where the mode was switched.
func switchWords(sc *scene) (out []axisWord) {
	mark := sc.sym.Mark
	if sc.half != nil && sc.half.above {
		mark = sc.sym.Above
	}
	for _, m := range sc.snap.Modes {
		if m.At < sc.t0 || m.At >= sc.t1 || m.Cause != trace.CauseSwitch {
			continue
		}
		s := strings.TrimSpace(trace.DriverNames.Word(m.Mode.Driver) + " " + strings.ToUpper(trace.TriggerNames.Word(m.Mode.Trigger)))
		out = append(out, axisWord{sc.column(m.At), mark, s, sc.theme.good})
	}
	return out
}

// flagWords are the bookmarks.
func flagWords(sc *scene) (out []axisWord) {
	if sc.half != nil {
		return nil
	}
	for _, m := range sc.marks {
		if m.At >= sc.t0 && m.At < sc.t1 {
			out = append(out, axisWord{sc.column(m.At), sc.sym.Flag, clean(m.Text), sc.theme.bold})
		}
	}
	return out
}

// cursorTime is when the cursor is, and the columns [from, to) in which that stands; "" where there is none.
func cursorTime(sc *scene, room int) (s string, from, to int) {
	if sc.half != nil || sc.cursor == 0 || sc.cursor < sc.t0 || sc.cursor >= sc.t1 || !sc.snap.Info.Timed {
		return "", 0, 0
	}
	s = " " + seconds(sc.cursor-sc.snap.First, 6) + " "
	from = min(max(sc.column(sc.cursor)-len(s)/2, 0), max(room-len(s), 0))
	return s, from, from + len(s)
}

// tickEvery is the distance of two labels: 1, 2 or 5 times a power of ten, at least 10 columns apart. The longest is 158 years,
// of which there are two in all.
func tickEvery(span int64, cells int) int64 {
	want := picture.Scaled(span, 10, int64(max(cells, 1)))
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

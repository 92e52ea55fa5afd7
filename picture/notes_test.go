package picture

import (
	"math"
	"strings"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// row makes n cells, as set says.
func row(n int, set func(cells []timeline.Cell)) []timeline.Cell {
	cells := make([]timeline.Cell, n)
	set(cells)
	return cells
}

// TestRepeats: a run of repeated notifications says how many events it stands for, inside or beside it.
func TestRepeats(t *testing.T) {
	run := func(cells []timeline.Cell, from, to int, n uint32) {
		for i := from; i < to; i++ {
			cells[i] = repeated(n)
		}
	}
	for _, c := range []struct {
		name  string
		cells []timeline.Cell
		want  string
	}{
		{"inside", row(9, func(x []timeline.Cell) { run(x, 1, 8, 9) }), "_!!63x!!_"},
		{"with the event that began it", row(9, func(x []timeline.Cell) {
			run(x, 1, 8, 9)
			x[0].Counts[timeline.MarkReport], x[0].Top = 1, timeline.MarkReport
			for i := range 8 {
				x[i].Since = 7
			}
		}), "_!!64x!!_"},
		{"the event before was about other data", row(9, func(x []timeline.Cell) {
			run(x, 1, 8, 9)
			x[0].Counts[timeline.MarkReport], x[0].Top = 1, timeline.MarkReport
			x[0].Since, x[1].Since = 6, 7
		}), "_!!63x!!_"},
		{"two cells without an event are in it", row(9, func(x []timeline.Cell) { run(x, 0, 9, 1); x[3], x[4] = timeline.Cell{}, timeline.Cell{} }), "!!!7x!!!!"},
		{"three are not", row(9, func(x []timeline.Cell) {
			run(x, 0, 9, 1)
			x[3], x[4], x[5] = timeline.Cell{}, timeline.Cell{}, timeline.Cell{}
		}), "3x!___3x!"},
		{"too narrow, beside it", row(6, func(x []timeline.Cell) { run(x, 1, 3, 50) }), "_!!___"},
		{"too narrow, room beside it", row(8, func(x []timeline.Cell) { run(x, 1, 3, 50) }), "_!!100x_"},
		{"too narrow, and something beside it", row(8, func(x []timeline.Cell) { run(x, 1, 3, 50); x[6] = marks(timeline.MarkRead) }), "_!!___r_"},
		{"too narrow, and a bar beside it", row(8, func(x []timeline.Cell) { run(x, 1, 3, 50); x[4] = waits(4, 1) }), "_!!_ ___"},
		{"a single one", row(4, func(x []timeline.Cell) { run(x, 0, 1, 1) }), "!___"},
	} {
		if got := text(window(len(c.cells), AllColours).Lane(nil, &timeline.Lane{}, c.cells)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	inside := window(3, AllColours).Lane(nil, &timeline.Lane{}, row(3, func(x []timeline.Cell) { run(x, 0, 3, 2) }))
	behind := window(4, AllColours).Lane(nil, &timeline.Lane{}, row(4, func(x []timeline.Cell) { run(x, 0, 1, 64) }))
	if a, b := inks(inside), inks(behind); a != "[a][a]A" || b != "AAAA" {
		t.Errorf("%q is drawn in %q, %q in %q", text(inside), a, text(behind), b)
	}
}

// TestAmounts: a bar says how much is unread in as many words as there is room for, and a stranded one what rescued it.
func TestAmounts(t *testing.T) {
	of := func(n, from, to int, level int64) []timeline.Cell {
		return row(n, func(x []timeline.Cell) {
			for i := from; i < to; i++ {
				x[i] = waits(i, StaleAfter)
				x[i].Since, x[i].Stranded, x[i].Level = at(from)-StaleAfter, true, level
			}
		})
	}
	bar := func(n, from, to int) []timeline.Cell { return of(n, from, to, 63<<10) }
	grows := bar(40, 0, 40)
	grows[0].Level, grows[1].Stranded = 1<<10, false
	with := func(x []timeline.Cell, at int, m timeline.Mark) []timeline.Cell {
		x[at].Top, x[at].Counts[m] = m, 1
		return x
	}
	open := timeline.Lane{Stranded: true}
	for _, c := range []struct {
		name  string
		lane  timeline.Lane
		cells []timeline.Cell
		want  string
	}{
		{"whole", open, bar(44, 1, 43), "_  63 KiB unread, no further notification  _"},
		{"shorter", open, bar(20, 0, 20), "   63 KiB unread    "},
		{"shortest", open, bar(10, 0, 10), "  63 KiB  "},
		{"no room", open, bar(7, 0, 7), "       "},
		{"a glyph in the way of the longest", open, with(bar(40, 0, 40), 10, timeline.MarkWrite), "          w  63 KiB unread              "},
		{"not known how much", timeline.Lane{Stranded: true}, of(34, 0, 34, -1), " unread, no further notification  "},
		{"it grows", open, grows, "          up to 63 KiB unread           "},
		{"a listener", timeline.Lane{Kind: timeline.KindListener}, of(46, 0, 46, 3), "          3 connections not accepted          "},
		{"rescued by a MOD", timeline.Lane{}, with(bar(34, 0, 32), 32, timeline.MarkModify), "     63 KiB unread     re-armed m_"},
		{"a MOD that did not rescue it", timeline.Lane{Stranded: true}, with(of(36, 0, 34, -1), 34, timeline.MarkModify), " unread, no further notification  m_"},
		{"nothing stranded", open, row(12, func([]timeline.Cell) {}), "____________"},
	} {
		if got := text(window(len(c.cells), AllColours).Lane(nil, &c.lane, c.cells)); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// TestRefused: a connection that was turned away says so where there is room, behind its end.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		why, n int
		closed int64 // from the beginning of the window
		want   string
	}{
		{trace.CloseRefused, 34, 2 * sec, "__x" + "refused: number over the limit" + "_"},
		{trace.CloseShed, 30, 0, "x" + "shed: no descriptors left" + "____"},
		{trace.CloseRefused, 32, 2 * sec, "__x_____________________________"},
		{trace.CloseShed, 30, -1, "______________________________"},
		{trace.CloseShed, 30, 1 << 62, "______________________________"},
	} {
		cells := make([]timeline.Cell, c.n)
		if i := c.closed / sec; c.closed >= 0 && i < int64(c.n) {
			cells[i] = marks(timeline.MarkClose)
		}
		l := timeline.Lane{CloseWhy: uint32(c.why), Closed: at(0) + c.closed}
		if got := text(window(c.n, AllColours).Lane(nil, &l, cells)); got != c.want {
			t.Errorf("%d in %d cells, closed at %d: %q, want %q", c.why, c.n, c.closed, got, c.want)
		}
	}
	w := &Window{T0: 0, T1: 1, Now: 1, Cells: 40, Symbols: window(1, AllColours).Symbols}
	l := timeline.Lane{CloseWhy: trace.CloseShed, Closed: math.MaxInt64} // a damaged file: its column is more than an int64 holds
	if got := text(w.Lane(nil, &l, make([]timeline.Cell, w.Cells))); strings.Trim(got, "_") != "" {
		t.Errorf("closed at the end of time: %q", got)
	}
}

package picture

import (
	"strings"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

const sec = int64(1e9)

// at is where cell i of a window begins.
func at(i int) int64 { return int64(100+i) * sec }

// window is n cells of a second each, all of them past.
func window(n int, c Colours) *Window {
	y, _ := SymbolsNamed("block")
	return &Window{T0: at(0), T1: at(n), Now: at(n), Cells: n, Symbols: &y, Colours: c}
}

// marks makes a cell that shows the first mark and counts them all.
func marks(ms ...timeline.Mark) (c timeline.Cell) {
	c.Top = ms[0]
	for _, m := range ms {
		c.Counts[m]++
	}
	return c
}

// waits makes a cell i in which something is unread all the time, that is so old at the cell's end.
func waits(i int, age int64) timeline.Cell {
	return timeline.Cell{Cover: 1, Since: at(i+1) - age, Oldest: age, Level: -1}
}

// waited makes a cell i in which something was unread for a part of the time.
func waited(i int, cover float32, age int64) timeline.Cell {
	c := waits(i, age)
	c.Cover = cover
	return c
}

// repeated makes a cell with so many events, all of them repeated notifications.
func repeated(n uint32) timeline.Cell {
	c := timeline.Cell{Top: timeline.MarkRenotify}
	c.Counts[timeline.MarkRenotify], c.Counts[timeline.MarkReport] = n, n
	return c
}

// text is what a row shows, with a _ for an empty cell.
func text(row []Cell) string {
	var b strings.Builder
	for _, c := range row {
		if c.Rune == 0 {
			c.Rune = '_'
		}
		b.WriteRune(c.Rune)
	}
	return b.String()
}

// inks is what a row is drawn in: a letter for each role, in capitals on a filled cell.
func inks(row []Cell) string {
	const letters = "tdbwkzafoseAxgWyvu" // by Role
	var b strings.Builder
	for _, c := range row {
		l := letters[c.Ink%Ink(RoleCount)]
		switch {
		case c.Rune == 0:
			b.WriteByte('_')
		case c.Ink >= 4*Ink(RoleCount):
			b.WriteString("{" + string(l) + "}")
		case c.Ink >= 3*Ink(RoleCount):
			b.WriteString("<" + string(l) + ">")
		case c.Ink >= 2*Ink(RoleCount):
			b.WriteString("(" + string(l) + ")")
		case c.Ink >= Ink(RoleCount):
			b.WriteString("[" + string(l) + "]")
		default:
			b.WriteByte(l)
		}
	}
	return b.String()
}

// TestLaneRow: each rule of a lane's row, by itself and against those before it.
func TestLaneRow(t *testing.T) {
	edge, once := timeline.Cell{Trigger: trace.TriggerEdge}, timeline.Cell{Trigger: trace.TriggerOneshot}
	on := func(c, mark timeline.Cell) timeline.Cell {
		c.Top, c.Counts = mark.Top, mark.Counts
		return c
	}
	arrived := on(waits(0, 1), marks(timeline.MarkReport, timeline.MarkArrive))
	for _, c := range []struct {
		name       string
		lane       timeline.Lane
		colours    Colours
		cells      []timeline.Cell
		text, inks string
	}{
		{"0: registered", timeline.Lane{}, AllColours, []timeline.Cell{{Trigger: trace.TriggerLevel}, edge, once}, "_╌┈", "_ww"},
		{"1: by age", timeline.Lane{}, AllColours, []timeline.Cell{waits(0, OldAfter-1), waits(1, OldAfter), waits(2, StaleAfter-1), waits(3, StaleAfter)}, "    ", "foos"},
		{"1: by age, without colours", timeline.Lane{}, NoColours, []timeline.Cell{waits(0, OldAfter-1), waits(1, OldAfter), waits(2, StaleAfter)}, "███", "(f)(o)(s)"},
		{"1: by share", timeline.Lane{}, AllColours, []timeline.Cell{waited(0, 1, 1), waited(1, 0.9, 1), waited(2, 0.5, 1), waited(3, 0.07, 1), waited(4, 0.01, 1), waited(5, 0.06, StaleAfter)}, " ▇▄▁··", "f(f)(f)(f)(f)(s)"},
		{"1: the share without colours", timeline.Lane{}, NoColours, []timeline.Cell{waits(0, 1), waited(1, 0.5, OldAfter)}, "█▄", "(f)(o)"},
		{"2: the oldest of a cell", timeline.Lane{}, AllColours, []timeline.Cell{{Cover: 0.5, Since: at(1) - 5, Oldest: OldAfter}}, "▄", "(o)"},
		{"3: repeated", timeline.Lane{}, AllColours, []timeline.Cell{on(waits(0, 1), repeated(1))}, "!", "[a]"},
		{"4: a glyph on an empty cell", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkRead), marks(timeline.MarkReadAgain), marks(timeline.MarkReadErr), marks(timeline.MarkAccept), marks(timeline.MarkModify), marks(timeline.MarkOpen)}, "rE#Am+", "bexAgd"},
		{"4: over dashes and bars", timeline.Lane{}, AllColours, []timeline.Cell{on(waits(0, 1), marks(timeline.MarkRead)), on(edge, marks(timeline.MarkWrite))}, "rw", "[f]b"},
		{"4: an arrival under a mark that has no glyph", timeline.Lane{}, AllColours, []timeline.Cell{arrived}, "↓", "[f]"},
		{"4: a mark without a glyph", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkCall)}, "_", "_"},
		{"4: on a part of a cell", timeline.Lane{}, AllColours, []timeline.Cell{on(waited(0, 0.3, 1), marks(timeline.MarkRead))}, "r", "b"},
		{"4: read and write", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkRead, timeline.MarkWrite), {}, {}}, "rw_", "bb_"},
		{"4: read, EAGAIN and write", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkRead, timeline.MarkReadAgain, timeline.MarkWrite), {}, {}}, "rEw", "beb"},
		{"4: completions", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkRecvDone, timeline.MarkSendDone), {}}, "RS", "bb"},
		{"4: the next cell is not empty", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkRead, timeline.MarkWrite), waits(1, 1), marks(timeline.MarkRead, timeline.MarkWrite), marks(timeline.MarkCall)}, "· ·_", "bfb_"},
		{"4: read and write, and the bar goes on", timeline.Lane{}, AllColours, []timeline.Cell{on(waits(0, 1), marks(timeline.MarkRead, timeline.MarkWrite)), waits(1, StaleAfter), waits(2, StaleAfter)}, "rw ", "[f][s]s"},
		{"4: read and write, and the bar ends", timeline.Lane{}, AllColours, []timeline.Cell{on(waits(0, 1), marks(timeline.MarkRead, timeline.MarkWrite)), waited(1, 0.5, 1)}, " ▄", "f(f)"},
		{"4: read and write, and the bar goes on with repeats", timeline.Lane{}, AllColours, []timeline.Cell{on(waits(0, 1), marks(timeline.MarkRead, timeline.MarkWrite)), on(waits(1, 1), repeated(1))}, " !", "f[a]"},
		{"4: more than can be read", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkRead, timeline.MarkRead), {}, on(waits(2, 1), marks(timeline.MarkRead, timeline.MarkRead, timeline.MarkWrite, timeline.MarkWrite)), {}}, "·_ _", "b_f_"},
		{"4: a repeated notification and a read", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkRenotify, timeline.MarkRead, timeline.MarkWrite), {}}, "!_", "A_"},
		{"4: many repeated notifications", timeline.Lane{}, AllColours, []timeline.Cell{repeated(1), repeated(0)}, "!_", "A_"},
		{"4: at the right edge", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkRead, timeline.MarkWrite)}, "·", "b"},
		{"4: the end", timeline.Lane{}, AllColours, []timeline.Cell{marks(timeline.MarkClose, timeline.MarkRead, timeline.MarkWrite), {}}, "x_", "x_"},
		{"8: open", timeline.Lane{Pending: true}, AllColours, []timeline.Cell{waits(0, 1), waits(1, 1)}, " ▸", "f[f]"},
		{"8: pending, and its bar ended before", timeline.Lane{Pending: true}, AllColours, []timeline.Cell{waits(0, 1), {}, {}, {}}, " ___", "f___"},
		{"dropped events", timeline.Lane{}, AllColours, []timeline.Cell{{Lost: true, Cover: 1, Since: 1, Top: timeline.MarkRead}, {Lost: true, Trigger: trace.TriggerEdge}}, "??", "WW"},
		{"no cell", timeline.Lane{Pending: true}, AllColours, nil, "", ""},
	} {
		row := window(max(len(c.cells), 1), c.colours).Lane(nil, &c.lane, c.cells)
		if text, inks := text(row), inks(row); text != c.text || inks != c.inks {
			t.Errorf("%s: %q in %q, want %q in %q", c.name, text, inks, c.text, c.inks)
		}
	}
}

// TestLaneRowFuture: what has not happened yet is blank.
func TestLaneRowFuture(t *testing.T) {
	w := window(4, AllColours)
	w.Now = at(1) + 1
	edge := timeline.Cell{Trigger: trace.TriggerEdge}
	if got := text(w.Lane(nil, &timeline.Lane{}, []timeline.Cell{edge, edge, edge, edge})); got != "╌╌__" {
		t.Errorf("%q", got)
	}
}

// TestLaneRowKnows: a cell says what belongs there, whatever was drawn over it.
func TestLaneRowKnows(t *testing.T) {
	c := waits(1, 1)
	c.Top = timeline.MarkRead
	c.Counts[timeline.MarkRead] = 1
	row := window(2, AllColours).Lane(nil, &timeline.Lane{Pending: true}, []timeline.Cell{{}, c})
	if got := row[1]; got.Rune != '▸' || !got.Open || !got.Mark || got.Fill != FillFresh || row[0] != (Cell{}) {
		t.Errorf("%+v", row)
	}
}

// TestRowsAreUsedAgain: a row is drawn into the room of the one before it, and nothing of that is left.
func TestRowsAreUsedAgain(t *testing.T) {
	w := window(40, AllColours)
	full, bare := make([]timeline.Cell, 40), make([]timeline.Cell, 40)
	for i := range full {
		full[i] = repeated(1)
	}
	lane := &timeline.Lane{}
	row := w.Lane(nil, lane, full)
	first := &row[0]
	if row = w.Lane(row, lane, bare); strings.Trim(text(row), "_") != "" || &row[0] != first {
		t.Errorf("%q, in the same room: %v", text(row), &row[0] == first)
	}
	loop := make([]timeline.LoopCell, 40)
	loop[3].Reports, loop[3].Top = 2, timeline.LoopWaiting
	if n := testing.AllocsPerRun(100, func() {
		row = w.Lane(row, lane, full)
		row = w.Loop(row, loop)
		row = w.Rate(row, RateReports, loop)
	}); n != 0 {
		t.Errorf("%v allocations for three rows", n)
	}
}

package picture

// Window is a window of time in cells of equal width, and what there is to draw it with.
type Window struct {
	T0, T1  int64 // ns, T0 first; the right part may lie in the future
	Now     int64 // the present: bars end there
	Cells   int   // how many, one at least
	Symbols *Symbols
	Colours Colours

	Order    bool // the source has the order of events and not their times: no share of time means anything
	UpToNext bool // how long calls took is not known: a wait is drawn up to its thread's next line, and work is what is left at least
}

// Edge is the right edge, or the present where that lies within.
func (w *Window) Edge() int64 { return min(w.T1, w.Now) }

// Past reports whether the edge lies before the present.
func (w *Window) Past() bool { return w.T1 < w.Now }

// Column is the cell in which a moment lies; it may be outside.
func (w *Window) Column(t int64) int {
	return int(Scaled(Minus(t, w.T0), int64(w.Cells), w.T1-w.T0))
}

// Moment is where a cell begins.
func (w *Window) Moment(column int) int64 {
	return Plus(w.T0, Scaled(w.T1-w.T0, int64(column), int64(w.Cells)))
}

// Cell is what is drawn in one cell of a row.
type Cell struct {
	Rune  rune // 0: nothing
	Ink   Ink
	Fill  Fill // of what was filled, whatever is drawn over it
	Whole bool // the fill takes the whole cell, so that what is drawn over it stands on it
	Mark  bool // the glyph of a mark belongs here, whatever is drawn over it
	Open  bool // the bar has no end yet, and the rune says so
	Text  bool // a character of a text that is written over the row
	Many  bool // more calls than there is room to write letters for: none is written
}

// set draws into a cell, and lets alone what it says besides.
func (c *Cell) set(r rune, k Ink) { c.Rune, c.Ink = r, k }

// empty is a row of n cells with nothing in them, in a buffer that is used again.
func empty(row []Cell, n int) []Cell {
	if cap(row) < n {
		return make([]Cell, n)
	}
	row = row[:n]
	clear(row)
	return row
}

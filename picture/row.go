package picture

import (
	"evviz/timeline"
	"evviz/trace"
)

// Lane is the row of a connection or a listener, drawn into row, which is the caller's to keep and to hand over again. cells are the
// lane's in this window. The rules, in the order in which they are applied, so that a later one draws over an earlier one:
//
//  0. A cell in which the descriptor is registered edge-triggered is dashed, oneshot dotted; level leaves it blank.
//  1. A cell is filled while data waits in the kernel, from its arrival to the read that drains it, in the colour of the
//     data's age at that place. The length of the bar is the delay; its height is how much waits, where that is known: a
//     full cell is the most in this window, and each eighth less is half as much.
//  2. A cell with repeated notifications is filled in their colour.
//  3. Each cell shows the glyph of the one mark that matters most in it (timeline has the precedence). When a cell has
//     both a read and a write, or a read and an EAGAIN after it, the second letter goes into the next cell if that is
//     empty, so that "rw" reads as it would at a finer zoom; not when the cell shows the end of the connection.
//  4. A connection that was refused says so, and why.
//  5. A run of repeated notifications says how many events it stands for ("64x"), so that what takes 0.2 ms is as visible as
//     what takes 200.
//  6. A stranded bar says how much is stranded and that there is no further notification.
//  7. A bar that is still open ends in an arrow.
func (w *Window) Lane(row []Cell, l *timeline.Lane, cells []timeline.Cell) []Cell {
	row = empty(row, len(cells))
	last := w.bars(row, cells)
	w.marks(row, cells)
	w.refused(row, l)
	repeats(row, cells)
	w.stranded(row, l, cells)
	if width := w.width(); l.Pending && last >= 0 && w.T0+int64(last+1)*width >= w.Now-width {
		row[last].Open = true
		row[last].set(w.Symbols.GoesOn, row[last].Fill.Role().On())
	}
	return row
}

// width is the width of a cell, ns, rounded down.
func (w *Window) width() int64 { return (w.T1 - w.T0) / int64(w.Cells) }

// bars draws what fills cells (rules 0 to 2), and returns the last one in which data waits, -1 for none.
func (w *Window) bars(row []Cell, cells []timeline.Cell) (last int) {
	last = -1
	most := int64(0)
	for i := range cells {
		most = max(most, cells[i].Level)
	}
	width := w.width()
	for i := range cells {
		c, to := &cells[i], &row[i]
		if w.T0+int64(i)*width > w.Now {
			break
		}
		switch {
		case c.Lost:
			to.set('?', RoleWarn.Ink())
			continue
		case c.Trigger == trace.TriggerEdge:
			to.set(w.Symbols.Edge, RoleWaiting.Ink())
		case c.Trigger == trace.TriggerOneshot:
			to.set(w.Symbols.Once, RoleWaiting.Ink())
		}
		if c.Cover > 0 && c.Since > 0 {
			to.Fill = FillOf(min(w.Moment(i+1), w.Now) - c.Since)
			role := to.Fill.Role()
			if w.Colours == NoColours {
				to.set(w.Symbols.Fill[to.Fill-FillFresh], role.Ink())
			} else if r := w.Symbols.level(c.Level, most); r != 0 {
				to.set(r, role.Part())
			} else {
				to.set(' ', role.Ink())
			}
			last = i
		}
		if c.Counts[timeline.MarkRenotify] > 0 {
			to.Fill = FillAgain
			to.set(' ', RoleAgain.Ink())
		}
	}
	return last
}

// level is the block whose height stands for how much waits, against the most that did; 0 for a full cell.
func (y *Symbols) level(n, most int64) rune {
	if n <= 0 || n >= most || len(y.Eighths) == 0 {
		return 0
	}
	h := 8
	for x := most; x > n && h > 1; x /= 2 {
		h--
	}
	if h >= 8 {
		return 0
	}
	return y.Spark[h]
}

// marks draws the glyphs (rule 3).
func (w *Window) marks(row []Cell, cells []timeline.Cell) {
	for i := range cells {
		c, to := &cells[i], &row[i]
		if c.Lost {
			continue
		}
		r := w.Symbols.Glyph(c.Top)
		if r == 0 && c.Counts[timeline.MarkArrive] > 0 {
			r = w.Symbols.Arrive
		}
		if s := second(c); s != 0 && i+1 < len(cells) {
			if next := &row[i+1]; cells[i+1].Top == timeline.MarkNone && next.Fill == FillNone {
				next.Mark = true
				next.set(s, RoleOf(timeline.MarkWrite).Ink())
			}
		}
		if r == 0 {
			continue
		}
		to.Mark = true
		if to.Fill != FillNone {
			to.set(r, to.Fill.Role().On())
		} else {
			to.set(r, RoleOf(c.Top).Ink())
		}
	}
}

// second is the letter that follows a cell's own, 0 for none.
func second(c *timeline.Cell) rune {
	if c.Top == timeline.MarkClose || c.Top == timeline.MarkReset {
		return 0 // behind the end it would be after it
	}
	n := &c.Counts
	switch {
	case n[timeline.MarkRecvDone] > 0 && n[timeline.MarkSendDone] > 0:
		return 'S'
	case n[timeline.MarkRead] == 0 || n[timeline.MarkRenotify] > 0:
		return 0
	case n[timeline.MarkWrite] > 0:
		return 'w'
	case n[timeline.MarkReadAgain] > 0:
		return 'E'
	}
	return 0
}

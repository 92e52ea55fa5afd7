package picture

import (
	"evviz/timeline"
	"evviz/trace"
)

// Lane is the row of a connection or a listener, drawn into row, which is the caller's to keep and to hand over again. cells are the
// lane's in this window. The rules, in the order in which they are applied, so that a later one draws over an earlier one:
//
//  0. A cell in which the descriptor is registered edge-triggered is dashed, oneshot dotted; level leaves it blank.
//  1. A cell is painted as high as the part of its time in which something was unread: from its arrival to the read that drains it. What is
//     more than nothing and less than half a step of the glyphs is a dot.
//  2. Its colour is the greatest age that anything unread reaches in it, whatever the zoom.
//  3. Repeated notifications have a colour of their own, as high as something was unread; where nothing was, a dot, or all of the cell where they
//     come so fast that the loop spins.
//  4. Letters stand only where they can be read: the one call of a cell, or two or three that fit into the empty cells behind it. Where there
//     are more, there is none, and the label says how many a second they are.
//  5. A connection that was refused says so, and why.
//  6. A run of repeated notifications says how many events it stands for ("64x"), so that what takes 0.2 ms is as visible as
//     what takes 200; one in which nothing else is done, and that goes on, that it is a spin.
//  7. A bar that has room says how much is unread; a stranded one, that there is no further notification.
//  8. A bar that is still open ends in an arrow.
func (w *Window) Lane(row []Cell, l *timeline.Lane, cells []timeline.Cell) []Cell {
	row = empty(row, len(cells))
	last := w.bars(row, cells)
	w.marks(row, cells)
	w.refused(row, l)
	w.repeats(row, l, cells)
	w.amounts(row, l, cells)
	if width := w.width(); l.Pending && last >= 0 && w.T0+int64(last+1)*width >= w.Now-width {
		row[last].Open = true
		row[last].set(w.Symbols.GoesOn, row[last].Fill.Role().On())
	}
	return row
}

// width is the width of a cell, ns, rounded down.
func (w *Window) width() int64 { return (w.T1 - w.T0) / int64(w.Cells) }

// bars draws what fills cells (rules 0 to 3), and returns the last one in which data waits, -1 for none.
func (w *Window) bars(row []Cell, cells []timeline.Cell) (last int) {
	last = -1
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
		again := c.Counts[timeline.MarkRenotify] > 0
		if c.Cover > 0 {
			to.Fill = FillOf(c.Oldest)
			if again {
				to.Fill = FillAgain
			}
			role, most := to.Fill.Role(), w.Symbols.Steps()
			switch h := w.Symbols.Height(float64(c.Cover)); {
			case h == 0:
				to.set(w.Symbols.Least, role.Part())
			case h < most:
				to.set(w.Symbols.Spark[h], role.Part())
			default:
				w.whole(to, role)
			}
			to.Whole = w.Symbols.Height(float64(c.Cover)) == most
			if c.Since > 0 {
				last = i
			}
		} else if again {
			to.Fill = FillAgain
			if to.Whole = fast(c, width); to.Whole {
				w.whole(to, RoleAgain)
			} else {
				to.set(w.Symbols.Least, RoleAgain.Part())
			}
		}
	}
	return last
}

// whole fills a cell.
func (w *Window) whole(to *Cell, role Role) {
	if w.Colours == NoColours {
		to.set(w.Symbols.Spark[w.Symbols.Steps()], role.Part()) // what it means is an attribute there
		return
	}
	to.set(' ', role.Ink())
}

// Steps is how many heights there are besides none.
func (y *Symbols) Steps() int { return len(y.Spark) - 1 }

// Height is how many steps high a share of a cell is painted: the nearest. 0 of a share that is more than nothing is a dot.
func (y *Symbols) Height(share float64) int {
	n := y.Steps()
	return min(max(int(share*float64(n)+0.5), 0), n)
}

// marks draws the glyphs (rule 4).
func (w *Window) marks(row []Cell, cells []timeline.Cell) {
	for i := range cells {
		c, to := &cells[i], &row[i]
		if c.Lost {
			continue
		}
		var room [most]timeline.Mark
		told, n := told(c, room[:0])
		if n == 0 {
			continue
		}
		if n > len(told) || !w.spell(row, cells, i, told) {
			to.Mark, to.Many = true, true // more than can be read: what fills the cell stands for it
			if to.Fill == FillNone {
				to.set(w.Symbols.Least, RoleBold.Ink())
			}
		}
	}
}

// most is how many letters a cell may spell.
const most = 3

// letters are the marks that are letters, in the order in which they are spelled: as calls follow each other in an iteration.
var letters = [...]timeline.Mark{timeline.MarkArrive, timeline.MarkOpen, timeline.MarkConnect, timeline.MarkAccept, timeline.MarkAcceptErr, timeline.MarkAcceptAgain,
	timeline.MarkRead, timeline.MarkRecvDone, timeline.MarkReadAgain, timeline.MarkReadErr, timeline.MarkWrite, timeline.MarkSendDone, timeline.MarkWriteAgain,
	timeline.MarkWriteErr, timeline.MarkModify, timeline.MarkRearmed, timeline.MarkReadEOF, timeline.MarkReset, timeline.MarkClose}

// told are the marks of a cell that have letters, and how many calls and events they are. Of an arrival there is only a letter where there is
// nothing else, and the end of a connection stands for everything in its cell.
func told(c *timeline.Cell, to []timeline.Mark) ([]timeline.Mark, int) {
	if c.Top == timeline.MarkClose || c.Top == timeline.MarkReset {
		return append(to, c.Top), 1
	}
	if c.Counts[timeline.MarkRenotify] > 0 { // the fill says it, and what was read then is no news
		return append(to, timeline.MarkRenotify), 1
	}
	n := 0
	for _, m := range letters[1:] {
		k := int(c.Counts[m])
		if k == 0 {
			continue
		}
		if n += k; len(to) < cap(to) {
			to = append(to, m)
		}
	}
	if n == 0 && c.Counts[timeline.MarkArrive] > 0 {
		return append(to, timeline.MarkArrive), 1
	}
	return to, n
}

// spell writes the letters of marks into a cell and the ones behind it, and reports whether there was room: they must be empty, or the bar that the
// first one is in must go on, or a descriptor that is read without being drained would look as if nobody read it.
func (w *Window) spell(row []Cell, cells []timeline.Cell, i int, marks []timeline.Mark) bool {
	for k := 1; k < len(marks); k++ {
		if i+k >= len(cells) || cells[i+k].Lost || cells[i+k].Top != timeline.MarkNone || cells[i+k].Counts[timeline.MarkArrive] > 0 || row[i+k].Mark {
			return false
		}
		if row[i+k].Fill != FillNone && !(row[i].Whole && row[i+k].Whole) {
			return false
		}
	}
	for k, m := range marks {
		to := &row[i+k]
		to.Mark = true
		if to.Whole {
			to.set(w.Symbols.Glyph(m), to.Fill.Role().On())
		} else {
			to.set(w.Symbols.Glyph(m), RoleOf(m).Ink())
		}
	}
	return true
}

// Service draws thin bars where a request was in service and where output waited to be sent into the cells of a lane's row that show nothing else.
func (w *Window) Service(row []Cell, shares []timeline.Shares) {
	least := 0.5 / float32(w.Symbols.Steps())
	for i := range min(len(row), len(shares)) {
		to := &row[i]
		if to.Fill != FillNone || to.Mark || to.Text || to.Rune == '?' {
			continue
		}
		switch s := shares[i]; {
		case s.Unsent >= least:
			to.set(w.Symbols.Unsent, RoleUnsent.Ink())
		case s.Service >= least:
			to.set(w.Symbols.Service, RoleService.Ink())
		}
	}
}

// Ends is the row of lanes that are folded together, drawn into row: where they were opened and closed.
func (w *Window) Ends(row []Cell, lanes []*timeline.Lane) []Cell {
	row = empty(row, w.Cells)
	put := func(t int64, m timeline.Mark) {
		if t < w.T0 || t >= w.Edge() || t == 0 {
			return
		}
		if i := w.Column(t); i >= 0 && i < len(row) && (row[i].Rune == 0 || m == timeline.MarkClose) {
			row[i].Mark = true
			row[i].set(w.Symbols.Glyph(m), RoleDim.Ink())
		}
	}
	for _, l := range lanes {
		put(l.Opened, timeline.MarkOpen)
		put(l.Closed, timeline.MarkClose)
	}
	return row
}

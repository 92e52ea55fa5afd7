package picture

import (
	"strconv"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// The notes that are written over a lane's cells. They are ASCII: a character is a byte and takes a cell.

// note writes text into the cells from one on, all in one ink. There must be room for it.
func note[T string | []byte](row []Cell, text T, k Ink) {
	for i := range len(text) {
		row[i].set(rune(text[i]), k)
	}
}

// noteOnFill is note in the ink of what fills each cell.
func noteOnFill(row []Cell, text string) {
	for i := range len(text) {
		row[i].set(rune(text[i]), row[i].Fill.Role().On())
	}
}

// refused says beside its end that a connection was turned away, and why: it has no other life to show.
func (w *Window) refused(row []Cell, l *timeline.Lane) {
	s := ""
	switch l.CloseWhy {
	case trace.CloseRefused:
		s = "refused: number over the limit"
	case trace.CloseShed:
		s = "shed: no descriptors left"
	}
	if s == "" || l.Closed < w.T0 || l.Closed >= w.T1 {
		return
	}
	if at := w.Column(l.Closed) + 1; at+len(s) <= len(row) {
		note(row[at:], s, RoleBad.Ink())
	}
}

// repeats writes into each run of repeated notifications how many events it stands for. The event that began it was news,
// but the message it was about is the same, so it is counted too: 64 events, 63 of them repeated notifications.
func repeats(row []Cell, cells []timeline.Cell) {
	for i := 0; i < len(cells); {
		if cells[i].Counts[timeline.MarkRenotify] == 0 {
			i++
			continue
		}
		j, n := i, 0
		// Two cells without an event inside the run are only the handler at work between two events.
		for gap := 0; j < len(cells) && gap <= 2; j++ {
			if cells[j].Counts[timeline.MarkRenotify] == 0 {
				gap++
				continue
			}
			gap = 0
		}
		for j > i && cells[j-1].Counts[timeline.MarkRenotify] == 0 {
			j--
		}
		for k := i; k < j; k++ {
			n += int(cells[k].Counts[timeline.MarkReport])
		}
		if i > 0 && cells[i-1].Counts[timeline.MarkReport] > 0 && cells[i-1].Since != 0 && cells[i-1].Since == cells[i].Since {
			n += int(cells[i-1].Counts[timeline.MarkReport])
		}
		if n > 1 {
			var room [24]byte
			beside(row, cells, i, j, append(strconv.AppendInt(room[:0], int64(n), 10), 'x'))
		}
		i = j
	}
}

// beside writes text into the middle of the cells [from, to), or, when they are too few to hold it, behind them, where nothing else is.
func beside(row []Cell, cells []timeline.Cell, from, to int, text []byte) {
	if len(text) <= to-from {
		note(row[from+(to-from-len(text))/2:], text, RoleAgain.On())
		return
	}
	if to+len(text) > len(cells) {
		return
	}
	for k := to; k < to+len(text); k++ {
		if cells[k].Top != timeline.MarkNone || row[k].Fill != FillNone {
			return
		}
	}
	note(row[to:], text, RoleAccept.Ink())
}

// stranded says what a stranded bar, the last in the row, holds, and what rescued it.
func (w *Window) stranded(row []Cell, l *timeline.Lane, cells []timeline.Cell) {
	begin, end := -1, -1
	for i := len(cells) - 1; i >= 0; i-- {
		if cells[i].Stranded && cells[i].Cover > 0 {
			if end < 0 {
				end = i + 1
			}
			begin = i
		} else if end >= 0 {
			break
		}
	}
	if begin < 0 {
		return
	}
	// What rescued it: a MOD makes the kernel look again, and that report is the MOD's own doing.
	if !l.Stranded && end < len(cells) {
		for i := max(end-1, begin); i <= end; i++ {
			const s = "re-armed "
			if cells[i].Counts[timeline.MarkModify]+cells[i].Counts[timeline.MarkRearmed] > 0 && end-len(s) > begin {
				end -= len(s)
				noteOnFill(row[end:], s)
				break
			}
		}
	}
	texts := [][2]string{{"left here", ", nobody told again"}, {"stranded"}}
	if l.Unread > 0 && l.Stranded {
		n := words.Bytes(l.Unread)
		texts = [][2]string{{n, " left, nobody told again"}, {n, " left"}, {n}}
	}
	for _, s := range texts { // the longest that there is room for
		if w.fit(row, cells, begin, end, s[0], s[1]) {
			return
		}
	}
}

// fit writes two parts of a text into the middle of the filled cells [from, to), and reports whether it did: there must be room, and no
// glyph in the way.
func (w *Window) fit(row []Cell, cells []timeline.Cell, from, to int, a, b string) bool {
	n := len(a) + len(b)
	if n+3 > to-from {
		return false
	}
	at := from + 1 + (to-from-n-2)/2
	for i := at; i < at+n; i++ {
		if w.Symbols.Glyph(cells[i].Top) != 0 {
			return false
		}
	}
	noteOnFill(row[at:], a)
	noteOnFill(row[at+len(a):], b)
	return true
}

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
		row[i].Text = true
	}
}

// noteOnFill is note in the ink of what fills each cell.
func noteOnFill(row []Cell, text string) {
	for i := range len(text) {
		row[i].set(rune(text[i]), row[i].Fill.Role().On())
		row[i].Text = true
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
func (w *Window) repeats(row []Cell, l *timeline.Lane, cells []timeline.Cell) {
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
		if s := w.spin(l, cells[i:j], n); s != "" {
			spins(row, i, j, s)
		} else if n > 1 {
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

// amounts says how much is unread, on each bar that has room for it, and on the last that is stranded what that means and what rescued it.
func (w *Window) amounts(row []Cell, l *timeline.Lane, cells []timeline.Cell) {
	for i := 0; i < len(cells); {
		since := cells[i].Since
		if since == 0 || cells[i].Cover == 0 || row[i].Fill == FillAgain {
			i++
			continue
		}
		j, least, most, stranded := i, cells[i].Level, int64(-1), false
		for ; j < len(cells) && cells[j].Since == since && cells[j].Cover > 0 && row[j].Fill != FillAgain; j++ {
			least, most = min(least, cells[j].Level), max(most, cells[j].Level)
			stranded = stranded || cells[j].Stranded
		}
		from, to := i, j
		if i = j; to-from < leastNote {
			continue
		}
		if stranded {
			to = w.rescued(row, l, cells, from, to)
		}
		for _, s := range amount(l, least, most, stranded) { // the longest that there is room for
			if w.fit(row, cells, from, to, s) {
				break
			}
		}
	}
}

// leastNote is the fewest cells in which an amount is written.
const leastNote = 8

// amount is how much is unread on a bar, in fewer and fewer words. What is not known is not said.
func amount(l *timeline.Lane, least, most int64, stranded bool) (texts []string) {
	what := ""
	switch {
	case most <= 0:
	case l.Kind == timeline.KindListener:
		what = words.Count(most, "connection") + " not accepted"
	default:
		what = words.Bytes(most) + " unread"
	}
	if what != "" && least >= 0 && least < most {
		what = "up to " + what
	}
	switch {
	case stranded && what != "":
		return []string{what + ", no further notification", what, words.Bytes(most)}
	case stranded:
		return []string{"unread, no further notification", "unread"}
	case what != "":
		return []string{what, words.Bytes(most)}
	}
	return nil
}

// rescued says at the end of a stranded bar that a MOD ended it: that makes the kernel look again, and its event is the MOD's own doing. It returns
// where the bar ends for other notes.
func (w *Window) rescued(row []Cell, l *timeline.Lane, cells []timeline.Cell, begin, end int) int {
	const s = "re-armed "
	if l.Stranded && !w.Past() || end >= len(cells) || end-len(s) <= begin {
		return end
	}
	for i := max(end-1, begin); i <= end; i++ {
		if cells[i].Counts[timeline.MarkModify]+cells[i].Counts[timeline.MarkRearmed] > 0 {
			noteOnFill(row[end-len(s):], s)
			return end - len(s)
		}
	}
	return end
}

// fit writes a text into the middle of the filled cells [from, to), and reports whether it did: there must be room, and no glyph in the way.
func (w *Window) fit(row []Cell, cells []timeline.Cell, from, to int, text string) bool {
	n := len(text)
	if n+2 > to-from {
		return false
	}
	at := from + 1 + (to-from-n-2)/2
	for i := at; i < at+n; i++ {
		if w.Symbols.Glyph(cells[i].Top) != 0 || row[i].Mark || !row[i].Whole {
			return false
		}
	}
	noteOnFill(row[at:], text)
	return true
}

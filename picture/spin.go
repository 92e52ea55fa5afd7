package picture

import (
	"evviz/timeline"
	"evviz/words"
)

// A spin is one thing, however many times the loop is woken for it: a run of repeated notifications that goes on and on, and in which nothing is
// done.
const (
	spinRate  = 1000 // wakeups a second at least; what is slower is counted
	spinCount = 100  // wakeups at least
)

// fast reports whether repeated notifications come so often in a cell that they can be a spin.
func fast(c *timeline.Cell, width int64) bool {
	return int64(c.Counts[timeline.MarkRenotify])*1e9 >= spinRate*width
}

// progress is how often something was done in a cell.
func progress(c *timeline.Cell) (n int) {
	for _, m := range [...]timeline.Mark{timeline.MarkRead, timeline.MarkWrite, timeline.MarkAccept, timeline.MarkReadEOF, timeline.MarkRecvDone, timeline.MarkSendDone} {
		n += int(c.Counts[m])
	}
	return n
}

// spin is what is said of a run of n events where that is a spin; "" where it is none.
func (w *Window) spin(l *timeline.Lane, cells []timeline.Cell, n int) string {
	done, unread := 0, false
	for i := range cells {
		done += progress(&cells[i])
		unread = unread || cells[i].Cover > 0
	}
	took := int64(len(cells)) * w.width()
	rate := float64(n) * 1e9 / float64(max(took, 1))
	if n < spinCount || 2*done >= n || rate < spinRate {
		return ""
	}
	s := "SPIN " + words.Rate(rate) + " wakeups/s"
	switch {
	case l.Kind == timeline.KindListener && unread:
		s += ", nothing accepted"
	case unread:
		s += ", nothing read"
	case w.Past():
	case l.HungUp:
		s += ", hung up and not closed"
	case l.RoomOnly:
		s += ", EPOLLOUT with nothing to write"
	}
	return s
}

// spins writes what is said of a spin into the middle of its cells, as much of it as there is room for.
func spins(row []Cell, from, to int, text string) {
	for _, s := range [...]string{text, text[:len("SPIN")]} {
		if len(s) <= to-from {
			note(row[from+(to-from-len(s))/2:], s, RoleAgain.On())
			return
		}
	}
}

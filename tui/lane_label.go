package tui

import (
	"fmt"

	"evviz/timeline"
	"evviz/words"
)

// label is the text left of a lane, in w cells. A port that was cut would be another port, so what does not fit is set closer, left out or
// marked as cut.
func (k *style) label(l *timeline.Lane, w int) string {
	if l.Process != 0 {
		return k.labelOfOne(l, w)
	}
	if l.Kind == timeline.KindListener {
		if s := "listener " + port(l.Local); len([]rune(s)) <= w {
			return s
		}
		return k.fits("listener", w)
	}
	s := fmt.Sprintf("fd %-3d %s", l.FD, other(l))
	if len([]rune(s)) > w {
		return k.fits(fmt.Sprintf("fd%d %s", l.FD, other(l)), w)
	}
	return withTrigger(l, w, s)
}

// labelOfOne is the label where the source has several processes, which may have the same numbers: 4711/7 is number 7 of process 4711.
func (k *style) labelOfOne(l *timeline.Lane, w int) string {
	number := numberOf(l.Process, l.FD)
	if l.Kind == timeline.KindListener {
		for _, s := range []string{number + " listener " + port(l.Local), number + " listener"} {
			if len([]rune(s)) <= w {
				return s
			}
		}
	} else if s := number + " " + other(l); len([]rune(s)) <= w {
		return withTrigger(l, w, s)
	}
	return k.fits(number, w)
}

// numberOf is a descriptor's number, with its process where that is given.
func numberOf(process uint32, fd int32) string {
	if process == 0 {
		return fmt.Sprintf("fd %d", fd)
	}
	return fmt.Sprintf("%d/%d", process, fd)
}

// other is the other end of a connection, or what the lane is instead of one.
func other(l *timeline.Lane) string {
	if l.Peer != "" {
		return port(l.Peer)
	}
	return clean(l.Label)
}

// withTrigger puts the triggering of a lane behind its label s, as far as there is room in w cells.
func withTrigger(l *timeline.Lane, w int, s string) string {
	tr, n := triggerShort[min(int(l.Trigger), 3)], len([]rune(s))
	pad := min(w-n-len(tr), max(1, triggerAt-n))
	if tr == "" || !l.Registered || pad <= 0 {
		return s
	}
	return s + blanks[:pad] + tr
}

// triggerAt is the column in which the triggering stands where the label leaves it free.
const (
	triggerAt = 14
	blanks    = "              "
)

var triggerShort = [...]string{"", "LT", "ET", "1S"}

// port shortens a loopback address to its port.
func port(addr string) string { return clean(words.Port(addr)) }

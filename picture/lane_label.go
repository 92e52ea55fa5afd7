package picture

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// LaneLabel is the text left of a lane, in room cells: who it is, how it was registered at the window's edge, and, where the row has no letters
// for all that it did (Many), how much that was. A port that was cut would be another port, so what does not fit is set closer, left out or
// marked as cut. row is the lane's as it was drawn from cells.
func (w *Window) LaneLabel(l *timeline.Lane, row []Cell, cells []timeline.Cell, room int) string {
	name, n := w.Symbols.LaneName(l, room), 0
	trigger := ""
	if l.Kind != timeline.KindListener {
		trigger = TriggerShort(w.triggerOf(l))
	}
	full := name
	if part := plain.Text(cmp.Or(l.Client.Part, l.Client.Program)); part != "" {
		if s := name + " " + part; utf8.RuneCountInString(s)+1+len(trigger) < room {
			full = s
		}
	}
	names := []string{full}
	if l.Client.Part == "" { // how much it was matters more than which program is at the other end
		names = append(names, name)
	}
	for _, rate := range w.rate(l, row, cells) {
		s := strings.TrimLeft(trigger+" "+rate, " ")
		for _, name := range names {
			if n := utf8.RuneCountInString(name); n+len(s) < room {
				return name + blanks[:min(room-n-len(s), max(1, triggerAt-n))] + s
			}
		}
	}
	name, n = full, utf8.RuneCountInString(full)
	if pad := min(room-n-len(trigger), max(1, triggerAt-n)); trigger != "" && pad > 0 {
		return name + blanks[:pad] + trigger
	}
	return name
}

// triggerOf is how a lane was registered at the edge.
func (w *Window) triggerOf(l *timeline.Lane) uint32 {
	switch {
	case w.Past():
		return l.TriggerAt(w.Edge())
	case l.Registered:
		return l.Trigger
	}
	return trace.TriggerNone
}

// leastRate is how many calls make a rate.
const leastRate = 20

// rate is how often a lane was read, or written, or accepted from in the part of the window in which it was there, in fewer and fewer words; nothing
// where each call has its letter.
func (w *Window) rate(l *timeline.Lane, row []Cell, cells []timeline.Cell) []string {
	many := false
	for i := range row {
		many = many || row[i].Many
	}
	if !many {
		return nil
	}
	var reads, writes, accepts int64
	for i := range cells {
		c := &cells[i].Counts
		reads += int64(c[timeline.MarkRead] + c[timeline.MarkRecvDone])
		writes += int64(c[timeline.MarkWrite] + c[timeline.MarkSendDone])
		accepts += int64(c[timeline.MarkAccept])
	}
	n, what := reads, "reads"
	switch {
	case accepts > 0:
		n, what = accepts, "accepts"
	case writes > reads:
		n, what = writes, "writes"
	}
	from, to := max(w.T0, l.Opened), w.Edge()
	if l.Closed != 0 {
		to = min(to, l.Closed)
	}
	if n < leastRate || to <= from {
		return nil
	}
	s := words.Rate(float64(n) * 1e9 / float64(to-from))
	return []string{s + " " + what + "/s", s + "/s"}
}

// LaneName is who a lane is, in w cells.
func (y *Symbols) LaneName(l *timeline.Lane, w int) string {
	if l.Process != 0 {
		return y.nameOfOne(l, w)
	}
	if l.Kind == timeline.KindListener {
		if s := "listener " + words.Port(l.Local); len([]rune(s)) <= w {
			return s
		}
		return y.Fits("listener", w)
	}
	if l.Numbered != timeline.NumberKnown {
		s := LaneNumber(l)
		if o := other(l); o != "" {
			s += " " + o
		}
		return y.Fits(s, w)
	}
	s := fmt.Sprintf("fd %-3d %s", l.FD, other(l))
	if len([]rune(s)) > w {
		return y.Fits(fmt.Sprintf("fd%d %s", l.FD, other(l)), w)
	}
	return strings.TrimRight(s, " ")
}

// nameOfOne is the name where the source has several processes, which may have the same numbers: 4711/7 is number 7 of process 4711.
func (y *Symbols) nameOfOne(l *timeline.Lane, w int) string {
	number := LaneNumber(l)
	if l.Kind == timeline.KindListener {
		for _, s := range []string{number + " listener " + words.Port(l.Local), number + " listener"} {
			if len([]rune(s)) <= w {
				return s
			}
		}
	} else if s := strings.TrimSuffix(number+" "+other(l), " "); len([]rune(s)) <= w {
		return s
	}
	return y.Fits(number, w)
}

// LaneNumber is the number of a lane's descriptor, with its process where that is given. A question mark says that it is taken from the data of
// the registration; where those are no number they stand instead of it.
func LaneNumber(l *timeline.Lane) string {
	switch {
	case l.Numbered == timeline.NumberGuessed:
		return NumberOf(l.Process, l.FD) + "?"
	case l.Numbered == timeline.NumberUnknown && l.Process == 0:
		return "data " + words.Data(l.Data)
	case l.Numbered == timeline.NumberUnknown:
		return fmt.Sprintf("%d/data %s", l.Process, words.Data(l.Data))
	}
	return NumberOf(l.Process, l.FD)
}

// NumberOf is a descriptor's number, with its process where that is given.
func NumberOf(process uint32, fd int32) string {
	if process == 0 {
		return fmt.Sprintf("fd %d", fd)
	}
	return fmt.Sprintf("%d/%d", process, fd)
}

// other is the other end of a connection, or what the lane is instead of one.
func other(l *timeline.Lane) string {
	if l.Peer != "" {
		return words.Port(l.Peer)
	}
	return plain.Text(l.Label)
}

// triggerAt is the column in which the triggering stands where the label leaves it free.
const (
	triggerAt = 14
	blanks    = "              "
)

var triggerShort = [...]string{"", "LT", "ET", "1S"}

// TriggerShort is a triggering (trace.Trigger*) in two letters; "" for none.
func TriggerShort(trigger uint32) string {
	return triggerShort[min(trigger, uint32(len(triggerShort)-1))]
}

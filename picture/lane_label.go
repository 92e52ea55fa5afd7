package picture

import (
	"fmt"
	"strings"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/words"
)

// LaneLabel is the text left of a lane, in w cells. A port that was cut would be another port, so what does not fit is set closer, left out
// or marked as cut.
func (y *Symbols) LaneLabel(l *timeline.Lane, w int) string {
	if l.Process != 0 {
		return y.labelOfOne(l, w)
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
	return withTrigger(l, w, s)
}

// labelOfOne is the label where the source has several processes, which may have the same numbers: 4711/7 is number 7 of process 4711.
func (y *Symbols) labelOfOne(l *timeline.Lane, w int) string {
	number := LaneNumber(l)
	if l.Kind == timeline.KindListener {
		for _, s := range []string{number + " listener " + words.Port(l.Local), number + " listener"} {
			if len([]rune(s)) <= w {
				return s
			}
		}
	} else if s := strings.TrimSuffix(number+" "+other(l), " "); len([]rune(s)) <= w {
		return withTrigger(l, w, s)
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

// withTrigger puts the triggering of a lane behind its label s, as far as there is room in w cells.
func withTrigger(l *timeline.Lane, w int, s string) string {
	tr, n := TriggerShort(l.Trigger), len([]rune(s))
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

// TriggerShort is a triggering (trace.Trigger*) in two letters; "" for none.
func TriggerShort(trigger uint32) string {
	return triggerShort[min(trigger, uint32(len(triggerShort)-1))]
}

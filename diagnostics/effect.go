package diagnostics

import (
	"slices"
	"strings"

	"evviz/timeline"
	"evviz/trace"
	"evviz/words"
)

// A live switch is compared with what was before it, over so much time on either side at most, and from so much on, ns.
const (
	effectSpan  = int64(8e9)
	leastEffect = int64(500e6)
)

// Effect says what the newest live switch up to a moment has changed, as far as that can be seen at the moment: "level → edge: wakeups per message
// 64 → 1, unread at the end 0 bytes → 63 KiB". It is "" where there was none shortly before, or nothing is different yet.
func Effect(s *timeline.Snapshot, edge int64) string {
	i := len(s.Modes) - 1
	for i >= 0 && s.Modes[i].At > edge {
		i--
	}
	if i < 1 || s.Modes[i].Cause != trace.CauseSwitch {
		return ""
	}
	now, was := &s.Modes[i], &s.Modes[i-1]
	if d := edge - now.At; d < leastEffect || d > effectSpan {
		return ""
	}
	if switchedAlone(s, now.Mode.Trigger, edge) {
		return ""
	}
	before := sideOf(s, max(was.At, now.At-effectSpan), now.At)
	after := sideOf(s, now.At, edge)
	var parts []string
	arrow := func(what, a, b string) {
		if a != b {
			parts = append(parts, what+" "+a+" → "+b)
		}
	}
	if before.perMessage > 0 && after.perMessage > 0 {
		arrow("wakeups per message", words.Rate(before.perMessage), words.Rate(after.perMessage))
	}
	if before.unread != after.unread {
		arrow("unread at the end", words.Bytes(before.unread), words.Bytes(after.unread))
	}
	if differs(float64(before.longest), float64(after.longest)) && max(before.longest, after.longest) > 1e6 {
		arrow("longest unread", words.Duration(before.longest), words.Duration(after.longest))
	}
	if differs(before.again, after.again) && max(before.again, after.again) >= 2 {
		arrow("EAGAIN", words.Rate(before.again)+"/s", words.Rate(after.again)+"/s")
	}
	if len(parts) == 0 {
		return ""
	}
	return modeName(was.Mode) + " → " + modeName(now.Mode) + ": " + strings.Join(parts, ", ")
}

// switchedAlone reports whether a connection is triggered otherwise than the loop is at a moment: it was switched by itself, and what follows from that is
// not what the switch of the loop has changed.
func switchedAlone(s *timeline.Snapshot, trigger uint32, at int64) bool {
	return trigger != trace.TriggerNone && slices.ContainsFunc(s.Lanes, func(l *timeline.Lane) bool {
		own := l.TriggerAt(at)
		return l.Kind == timeline.KindConn && l.Opened <= at && (l.Closed == 0 || l.Closed > at) && own != trace.TriggerNone && own != trigger
	})
}

// differs reports whether two amounts are so far apart that it is worth a word.
func differs(a, b float64) bool { return a != b && max(a, b) >= 2*min(a, b) }

func modeName(m timeline.Mode) string {
	if t := trace.TriggerNames.Word(m.Trigger); t != "" {
		return t
	}
	return trace.DriverNames.Word(m.Driver)
}

// side is what is compared of the time before a switch and after it.
type side struct {
	perMessage float64 // wakeups; 0 unknown
	again      float64 // EAGAIN per second
	longest    int64   // that something was unread, ns
	unread     int64   // bytes, at its end
}

func sideOf(s *timeline.Snapshot, t0, t1 int64) (d side) {
	w := s.Window(t0, t1)
	if fresh := w.Reports - w.Renotify; fresh > 0 && w.RenotifyKnown {
		d.perMessage = float64(w.Reports) / float64(fresh)
	}
	d.again = float64(w.Again()) * 1e9 / float64(max(t1-t0, 1))
	for _, l := range s.Lanes {
		if l.Kind != timeline.KindConn || l.Closed != 0 && l.Closed < t0 || l.Opened > t1 {
			continue
		}
		d.longest = max(d.longest, l.Window(t0, t1).Longest)
		if _, _, waits := l.WaitingAt(t1 - 1); waits {
			if c := l.Cells(t1-1, t1, 1); len(c) > 0 && c[0].Level > 0 {
				d.unread += c[0].Level
			}
		}
	}
	return d
}

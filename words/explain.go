package words

import (
	"strconv"
	"strings"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
)

// Explain is the detail line of a lane: who it is, how it is registered, what it did in [t0, at), and how it stands at
// that moment. timed is whether the source knows times; without, nothing is said of durations.
func Explain(l *timeline.Lane, t0, at int64, timed bool) string {
	parts := []string{who(l)}
	if l.Opened > at {
		return plain.Text(parts[0]) + " · not open yet"
	}
	if l.Closed != 0 && l.Closed <= at {
		s := "closed"
		if l.ClosedUnseen { // by then, and not then
			s = "its number was given to another file"
		}
		if timed {
			s += " " + Duration(at-l.Closed) + " ago"
		}
		if why := trace.CloseNames.Word(l.CloseWhy); why != "" {
			s += " (" + why + ")"
		}
		parts = append(parts, s)
	} else if t := trace.TriggerNames.Word(l.TriggerAt(at)); t != "" {
		if !l.Armed && l.Registered && l.TriggerAt(at) == trace.TriggerOneshot {
			t += ", disarmed"
		}
		parts = append(parts, t)
	}
	if d := did(l.Window(t0, at), l.Kind); d != "" && l.Look == nil { // a look does not see calls
		parts = append(parts, d)
	}
	if since, stranded, ok := l.WaitingAt(at - 1); ok {
		what, state := "data", " unread"
		known := l.Unread > 0 && l.Pending && l.PendingSince == since
		switch listener := l.Kind == timeline.KindListener; {
		case listener && known:
			what, state = Count(l.Unread, "connection"), " not accepted"
		case listener:
			what, state = "connections", " not accepted"
		case known:
			what = Bytes(l.Unread)
		}
		s := what + state
		if timed {
			s += " for " + Duration(at-since)
		}
		if stranded {
			s += ", no further notification"
		}
		parts = append(parts, s)
	}
	if s := lastOp(l, at); s != "" {
		parts = append(parts, "last: "+s)
	}
	return plain.Text(strings.Join(parts, " · "))
}

func who(l *timeline.Lane) string {
	s := FDOf(l)
	if l.Label != "" {
		s += " " + l.Label
	}
	switch {
	case l.Peer != "":
		s += " " + l.Peer
	case l.Local != "":
		s += " " + l.Local
	}
	switch c := &l.Client; {
	case c.PID != 0 && c.Program != "":
		s += " (" + c.Program + ", pid " + strconv.FormatInt(c.PID, 10) + ")"
	case c.Part != "":
		s += " (" + c.Part + ")"
	}
	return s
}

// FDOf names the descriptor of a lane, and its process where the source has several.
// What is known by the data that the program registered it with alone is named by them.
func FDOf(l *timeline.Lane) string {
	of := OfProcess(int64(l.Process))
	switch l.Numbered {
	case timeline.NumberGuessed:
		by := "its data"
		if l.Data != uint64(l.FD) {
			by = "the low half of its data, " + Data(l.Data)
		}
		return FD(l.FD) + " (by " + by + ")" + of
	case timeline.NumberUnknown:
		return "data " + Data(l.Data) + of
	}
	return FD(l.FD) + of
}

// Data writes the 64 bits that a program attaches to a registration: small ones are a number, others a pointer or several things.
func Data(d uint64) string {
	if d < 1<<20 {
		return strconv.FormatUint(d, 10)
	}
	return "0x" + strconv.FormatUint(d, 16)
}

// OfProcess says whose a descriptor or a thread is where the source has several processes; 0 is no process.
func OfProcess(pid int64) string {
	if pid == 0 {
		return ""
	}
	return " of process " + strconv.FormatInt(pid, 10)
}

// Thread names the thread of a loop, and its process where the source has several; a process is named by its first thread.
func Thread(l *timeline.LoopLane) string {
	of := ""
	if l.Process != l.TID {
		of = OfProcess(int64(l.Process))
	}
	name := plain.Text(l.Name)
	switch {
	case l.TID != 0 && name != "":
		return "thread " + strconv.Itoa(l.TID) + " (" + name + ")" + of
	case l.TID != 0:
		return "thread " + strconv.Itoa(l.TID) + of
	case name != "":
		return "the thread " + name + of
	}
	return "the thread" + of
}

func did(w timeline.LaneWindow, k timeline.LaneKind) string {
	var s []string
	add := func(m timeline.Mark, one string, many ...string) {
		if n := w.Counts[m]; n > 0 {
			s = append(s, Count(int64(n), one, many...))
		}
	}
	add(timeline.MarkAccept, "accept")
	add(timeline.MarkRead, "read")
	add(timeline.MarkWrite, "write")
	add(timeline.MarkRecvDone, "recv")
	add(timeline.MarkSendDone, "send")
	add(timeline.MarkReadEOF, "EOF")
	if n := sum(w, timeline.MarkReadAgain, timeline.MarkAcceptAgain, timeline.MarkWriteAgain); n > 0 {
		s = append(s, Number(n)+" EAGAIN")
	}
	if n := sum(w, timeline.MarkReadErr, timeline.MarkAcceptErr, timeline.MarkWriteErr, timeline.MarkReset); n > 0 {
		s = append(s, Count(n, "failed call"))
	}
	if n := int64(w.Counts[timeline.MarkRenotify]); n > 0 {
		s = append(s, Count(n, "repeat"))
	}
	if len(s) == 0 && k == timeline.KindConn {
		return "nothing done in this window"
	}
	return strings.Join(s, ", ")
}

func sum(w timeline.LaneWindow, marks ...timeline.Mark) (n int64) {
	for _, m := range marks {
		n += int64(w.Counts[m])
	}
	return n
}

// lastOp is the newest call; "" when that is younger than the moment, because what came before it is not kept.
func lastOp(l *timeline.Lane, at int64) string {
	r, w := l.LastRead, l.LastWrite
	switch {
	case r.Time > at, w.Time > at, r.Time == 0 && w.Time == 0:
		return ""
	case w.Time > r.Time:
		return op("write", "found no room", w)
	case l.Kind == timeline.KindListener:
		if r.Errno == 0 {
			return "accepted fd " + Number(r.Result)
		}
		return op("accept", "found nothing", r)
	}
	if r.Errno == 0 && r.Result == 0 && r.Asked > 0 {
		return "read returned 0 (EOF)"
	}
	return op("read", "found nothing", r)
}

func op(name, again string, o timeline.Op) string {
	switch o.Errno {
	case 0:
		if o.Asked <= 0 { // a completion does not say what was asked for
			return name + " " + Bytes(o.Result)
		}
		return name + " " + share(o.Result, o.Asked)
	case 11:
		return name + " " + again + " (EAGAIN)"
	}
	e := trace.ErrnoName(o.Errno)
	if e == "" {
		e = "error " + strconv.Itoa(int(o.Errno))
	}
	return name + " failed (" + e + ")"
}

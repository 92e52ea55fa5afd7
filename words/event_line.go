package words

import (
	"cmp"
	"fmt"
	"strings"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
)

// Around is what an event's line says of the trace around it.
type Around struct {
	Name  func(stream, id uint32) string // what an id means
	First int64                          // the moment that times count from, in the clock of the source (ns)
	UpTo  bool                           // how long calls took is not known, and a wait ends at its thread's next line
}

func aroundOf(s *timeline.Snapshot) Around {
	return Around{s.Name, s.First, !s.Info.Facts().Has(trace.KnowsDurations)}
}

// EventLine is an event as a system call trace writes it, and a note of what else is known. i is its index in the snapshot, which knows what
// descriptor an event of a wait is about where the source has only what the program attached; "?" where that is likely and no more.
func EventLine(s *timeline.Snapshot, i int64, e *trace.Event) (what, note string) {
	if e.Kind == trace.Ready && e.FD < 0 {
		if l := s.LaneOf(i, e); l != nil && l.FD >= 0 {
			known := *e
			known.FD = l.FD
			if what, note = LineAround(aroundOf(s), &known); l.Numbered == timeline.NumberGuessed {
				fd := fmt.Sprintf("fd %d", l.FD)
				what = strings.Replace(what, fd, fd+"?", 1)
			}
			return what, note
		}
	}
	return LineAround(aroundOf(s), e)
}

// Aside reports whether an event only repeats what the line beside it says: no list has a line of it.
func Aside(e *trace.Event) bool {
	switch e.Kind {
	case trace.Name, trace.Sync:
		return true
	case trace.Wait, trace.Sleep, trace.Call:
		return e.Phase.Base() == trace.PhaseEnter
	}
	return false
}

// LineAround is EventLine where there is no timeline.
func LineAround(s Around, e *trace.Event) (what, note string) {
	call := func(bits uint32) string {
		if w := trace.CallNames.Word(bits & 0xff); w != "" {
			return w
		}
		return strings.ToLower(e.Kind.String())
	}
	result := func(n int64) string {
		if e.Errno != 0 {
			return trace.ErrnoName(e.Errno)
		}
		return fmt.Sprint(n)
	}
	name := func(id uint32) string { return harmless(s.Name(e.Stream, id)) }
	known := func(plus1 int64, unit string) string {
		if plus1 == 0 {
			return ""
		}
		return Bytes(plus1-1) + " " + unit
	}
	took := ""
	if e.Dur > 0 {
		took = Duration(e.Dur)
		if s.UpTo {
			took = "up to " + took
		}
	}
	if e.Phase.Base() == trace.PhaseEnter {
		return eventBegins(s, e, call(e.Aux)), ""
	}
	switch e.Kind {
	case trace.Wait:
		verb := "waited "
		if e.B == 0 { // it looked, and was not to wait
			verb = "took "
		}
		return fmt.Sprintf("%s(%s%s) = %s", call(e.Aux), waitFor(e.B), forTimer(e), result(int64(e.Mask))), strings.TrimSuffix(verb+took, verb)
	case trace.Sleep:
		return fmt.Sprintf("%s(%s) = %s", call(e.Aux), sleepFor(e.A), result(0)), strings.TrimSuffix("slept "+took, "slept ")
	case trace.Round:
		return fmt.Sprintf("round %d", e.Aux), fmt.Sprintf("polled %d, %s, %s", e.A, Count(e.B, "hit"), took)
	case trace.Submit:
		n := ""
		if e.B > 0 {
			n = fmt.Sprintf(", %d", e.B)
		}
		return fmt.Sprintf("  fd %d submit %s%s", e.FD, trace.OpNames.Word(e.Aux), n), ""
	case trace.Complete:
		more := ""
		if e.Mask&2 != 0 {
			more = "more follow"
		}
		return fmt.Sprintf("  fd %d completed %s = %s", e.FD, trace.OpNames.Word(e.Aux), result(e.B)), more
	case trace.Ready:
		who := fmt.Sprintf("fd %d", e.FD)
		if e.FD < 0 { // the source knows only what the program attached
			who = fmt.Sprintf("data %#x", uint64(e.A))
		}
		return fmt.Sprintf("  %s %s", who, trace.PollString(e.Mask)), known(e.B, "unread")
	case trace.Renotify:
		return fmt.Sprintf("  fd %d repeated (%s)", e.FD, trace.RenotifyOf(e).Why()), known(e.B, "unread")
	case trace.Accept:
		return fmt.Sprintf("%s(%d) = %s", call(e.Aux), e.FD, result(e.A)), took
	case trace.Read, trace.Write:
		left := "left"
		if e.Kind == trace.Write {
			left = "unsent"
			if e.Inst == 1 {
				left = ""
			}
		}
		if left != "" {
			left = known(int64(e.Inst), left)
		}
		return fmt.Sprintf("%s(%d, %d) = %s", call(e.Aux), e.FD, e.A, result(e.B)), left
	case trace.Close:
		return fmt.Sprintf("close(%d) = %s", e.FD, result(0)), trace.CloseOf(e).Why().String()
	case trace.Open:
		return openLine(s, e)
	case trace.Register, trace.Modify, trace.Deregister:
		op := map[trace.Kind]string{trace.Register: "ADD", trace.Modify: "MOD", trace.Deregister: "DEL"}[e.Kind]
		if trace.RegisterOf(e).Diff() != 0 {
			mask := " " + trace.PollString(e.Mask)
			if e.Mask == 0 {
				mask = map[bool]string{true: "", false: " nothing"}[e.Kind == trace.Deregister]
			}
			return fmt.Sprintf("set %s fd %d%s", op, e.FD, mask), "the set passed to the next call differs"
		}
		if e.Kind == trace.Deregister { // the mask says nothing there
			return fmt.Sprintf("epoll_ctl(%s, %d) = %s", op, e.FD, result(0)), ""
		}
		return fmt.Sprintf("epoll_ctl(%s, %d, %s) = %s", op, e.FD, trace.PollString(e.Mask), result(0)), ""
	case trace.Arrive:
		if e.B == 1 { // nothing was there any more when it was looked at
			return fmt.Sprintf("fd %d: something arrived", e.FD), "seen by " + trace.ArriveOf(e).By().String() + "; no bytes: EOF, or read already"
		}
		return fmt.Sprintf("fd %d: data or a connection arrived", e.FD), strings.TrimSuffix("seen by "+trace.ArriveOf(e).By().String()+", "+known(e.B, "unread"), ", ")
	case trace.Queue:
		return fmt.Sprintf("fd %d: %d waiting for accept", e.FD, e.A), fmt.Sprintf("backlog %d", e.B)
	case trace.Peer:
		pid := ""
		if e.A != 0 {
			pid = fmt.Sprintf("pid %d", e.A)
		}
		return fmt.Sprintf("peer %s is %s", Port(s.Name(e.Stream, e.Inst)), cmp.Or(name(e.Aux), name(e.Gen), "a process")), pid
	case trace.Step:
		note := name(e.Gen)
		if e.Inst != 0 {
			note = strings.TrimSpace(Port(s.Name(e.Stream, e.Inst)) + " " + note)
		}
		n := ""
		if e.A > 0 {
			n = fmt.Sprintf(" %d of %d", e.B, e.A)
		}
		if e.Errno != 0 {
			n += " " + trace.ErrnoName(e.Errno)
		}
		return fmt.Sprintf("client %d: %s%s", trace.StepOf(e).User(), trace.StepOf(e).What(), n), note
	case trace.Mode:
		return strings.TrimSpace(fmt.Sprintf("mode %s %s", trace.ModeOf(e).Driver(), strings.ToUpper(trace.ModeOf(e).Trigger().String()))), trace.ModeOf(e).Cause().String()
	case trace.Knob:
		return fmt.Sprintf("%s = %s", name(e.Aux), name(e.Inst)), strings.TrimPrefix("was "+name(e.Gen), "was ")
	case trace.Lost:
		if e.A <= 0 && trace.LostOf(e).Where() == trace.LostPaste {
			return "lines left out here", "paste"
		}
		return fmt.Sprintf("%d events dropped here", e.A), trace.LostOf(e).Where().String()
	case trace.Wake:
		return "woken by thread " + fmt.Sprint(e.A), trace.WakeOf(e).Via().String()
	case trace.Task:
		return "task " + name(e.Aux), took
	case trace.Lock:
		return "got the lock", "waited " + took
	case trace.Call:
		return "handler of " + handlerOf(s, e), took
	case trace.Bookmark:
		if e.A > 0 { // a person's, which may have been set later than it marks
			return "bookmark " + name(e.Aux), "at " + fmt.Sprintf("%.6f", float64(e.B-s.First)/1e9) + " s"
		}
		return "server: " + name(e.Aux), ""
	case trace.SockOpt, trace.Listen, trace.Connect, trace.Shutdown:
		return socketLine(s, e, result(0))
	case trace.FdFlags:
		return flagsLine(e, result(0))
	case trace.TimerFire:
		return fmt.Sprintf("timer %d fires", e.Aux), Duration(e.B) + " late"
	case trace.TimerSet:
		return fmt.Sprintf("timer %d set", e.Aux), "due in " + Duration(e.A-e.Time)
	case trace.TimerStop:
		return fmt.Sprintf("timer %d cancelled", e.Aux), ""
	case trace.Repeat:
		r := trace.RepeatOf(e)
		return fmt.Sprintf("× %s in %s", Number(int64(r.N)), Duration(r.Span)), "the iteration above, again"
	case trace.Unread:
		if e.Errno != 0 {
			return fmt.Sprintf("ioctl(%d, FIONREAD) = %s", e.FD, result(0)), ""
		}
		return fmt.Sprintf("ioctl(%d, FIONREAD)", e.FD), known(e.A, "unread")
	case trace.Usage:
		if trace.UsageOf(e).Of() != trace.UsageThread {
			return "the process has used " + Duration(e.A+e.B) + " of CPU time", ""
		}
		switches := ""
		if e.Inst > 0 || e.Mask > 0 { // a clock tells none
			switches = fmt.Sprintf("%d voluntary, %d involuntary switches", e.Inst, e.Mask)
		}
		return "used " + Duration(e.A+e.B) + " of CPU time", switches
	}
	if what, note, ok := runLine(s, e, result, took); ok {
		return what, note
	}
	if what, note, ok := stateLine(s, e); ok {
		return what, note
	}
	line := string(trace.AppendText(nil, e)) // a kind that this evviz does not know
	if f := strings.SplitN(line, " ", 3); len(f) == 3 {
		line = f[2]
	}
	return harmless(line), ""
}

// eventBegins says a call that has begun and may last, the way a system call trace does.
func eventBegins(s Around, e *trace.Event, call string) string {
	switch e.Kind {
	case trace.Wait:
		return fmt.Sprintf("%s(%s%s ...", call, waitFor(e.B), forTimer(e))
	case trace.Sleep:
		return fmt.Sprintf("%s(%s...", call, strings.TrimSuffix(sleepFor(e.A)+" ", "... "))
	case trace.Accept:
		return fmt.Sprintf("%s(%d ...", call, e.FD)
	case trace.Read, trace.Write:
		return fmt.Sprintf("%s(%d, %d ...", call, e.FD, e.A)
	case trace.Connect:
		return fmt.Sprintf("connect(%d, %s ...", e.FD, harmless(s.Name(e.Stream, e.Aux)))
	case trace.Lock:
		return "waits for a lock ..."
	case trace.Call:
		return fmt.Sprintf("handler of %s begins", handlerOf(s, e))
	case trace.Task:
		return "task " + harmless(s.Name(e.Stream, e.Aux)) + " begins"
	case trace.Sys:
		if n := harmless(s.Name(e.Stream, e.Aux)); n != "" {
			return n + " ..."
		}
		return "a system call ..."
	}
	return strings.ToLower(e.Kind.String()) + " ..."
}

// forTimer says which timer limits a wait.
func forTimer(e *trace.Event) string {
	if e.FD > 0 {
		return fmt.Sprintf(" until timer %d", e.FD)
	}
	return ""
}

// handlerOf names what a handler handles.
func handlerOf(s Around, e *trace.Event) string {
	what := trace.CallOf(e).What().String()
	if name := harmless(s.Name(e.Stream, trace.CallOf(e).Name())); name != "" {
		what = strings.TrimSpace(name + " " + what)
	}
	if e.FD >= 0 {
		return fmt.Sprintf("%s fd %d", what, e.FD)
	}
	return what
}

// HandlerName is what the program calls a handler, "" where the source does not say.
func HandlerName(s *timeline.Snapshot, e *trace.Event) string {
	return harmless(s.Name(e.Stream, trace.CallOf(e).Name()))
}

// sleepFor is how long a sleep was to last, where that is known: the program may have named a moment instead.
func sleepFor(ns int64) string {
	if ns <= 0 {
		return "..."
	}
	return Duration(ns)
}

func waitFor(ns int64) string {
	switch {
	case ns < 0:
		return "-1"
	case ns == 0:
		return "0"
	}
	return Duration(ns)
}

// harmless is a text of the recording without what could act on a terminal.
func harmless(s string) string { return plain.Text(strings.TrimSpace(s)) }

// Port shortens a loopback address to its port, which is all that differs there.
func Port(addr string) string {
	for _, p := range []string{"127.0.0.1", "[::1]"} {
		if rest, ok := strings.CutPrefix(addr, p); ok {
			return plain.Text(rest)
		}
	}
	return plain.Text(addr)
}

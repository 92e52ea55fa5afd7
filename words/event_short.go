package words

import (
	"strconv"
	"strings"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
)

// EventShort is an event in two or three words, as they stand in a list of calls: "read 512 bytes", "write EAGAIN". It is "" for
// what is no call of the program.
func EventShort(s *timeline.Snapshot, e *trace.Event) string { return plain.Text(eventShort(s, e)) }

func eventShort(s *timeline.Snapshot, e *trace.Event) string {
	verb := strings.ToLower(e.Kind.String())
	bad := ""
	if e.Errno != 0 {
		bad = " " + errnoWord(e.Errno)
	}
	switch e.Kind {
	case trace.Read, trace.Write:
		switch {
		case bad != "":
			return verb + bad
		case e.B == 0 && e.A > 0 && e.Kind == trace.Read:
			return "read EOF"
		case e.B > 0:
			return verb + " " + Bytes(e.B)
		}
		return verb
	case trace.Accept:
		if bad == "" && e.A >= 0 {
			return "accept fd " + strconv.FormatInt(e.A, 10)
		}
		return verb + bad
	case trace.Close, trace.Shutdown, trace.Connect, trace.Dup:
		return verb + bad
	case trace.Open:
		if x := trace.OpenOf(e).From().String(); x != "accept" {
			return strings.TrimSpace("opened " + trace.OpenOf(e).Type().String())
		}
	case trace.Listen:
		return "listen" + bad
	case trace.Register:
		return "epoll_ctl ADD" + bad
	case trace.Modify:
		return "epoll_ctl MOD" + bad
	case trace.Deregister:
		return "epoll_ctl DEL" + bad
	case trace.Submit:
		return "submit " + trace.SubmitOf(e).Op().String()
	case trace.Sys:
		name := s.Name(e.Stream, e.Aux)
		if name == "" {
			name = "another call"
		}
		if e.Dur > 0 {
			name += " for " + Duration(e.Dur)
		}
		return name + bad
	case trace.Lock:
		if e.Dur > 0 {
			return "waited " + Duration(e.Dur) + " for a lock"
		}
		return "a lock"
	case trace.Signal:
		return "signal" + positive(int64(e.Aux), " ")
	case trace.TimerSet:
		return "timer" + positive(int64(e.Aux), " ") + " set"
	case trace.TimerStop:
		return "timer" + positive(int64(e.Aux), " ") + " stopped"
	case trace.Mode:
		return "mode " + strings.TrimSpace(trace.ModeOf(e).Driver().String()+" "+trace.ModeOf(e).Trigger().String())
	case trace.Knob:
		return "set " + s.Name(e.Stream, e.Aux)
	case trace.Unread:
		return "asked how much is unread"
	case trace.Lost:
		return "dropped events"
	}
	return ""
}

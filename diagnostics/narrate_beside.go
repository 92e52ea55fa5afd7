package diagnostics

import (
	"strconv"
	"strings"

	"evviz/timeline"
)

// besideName is what is read and written beside sockets: one, several, and whether its bytes are somebody's data; those of an
// eventfd are a counter.
type besideName struct {
	one, many string
	data      bool
}

// besideNames has a name for each kind; what has none is passed over in silence.
var besideNames = [timeline.BesideCount]besideName{
	timeline.BesideFile:     {"a file", "files", true},
	timeline.BesideTerminal: {"a terminal", "terminals", true},
	timeline.BesideDevice:   {"a device", "devices", true},
	timeline.BesidePipe:     {"a pipe", "pipes", true},
	timeline.BesideEventfd:  {"a wake-fd", "wake-fds", false},
	timeline.BesideTimerfd:  {"a timer", "timers", false},
	timeline.BesideSignalfd: {"a signalfd", "signalfds", false},
	timeline.BesideInotify:  {"an inotify descriptor", "inotify descriptors", false},
}

// Beside says what a window read and wrote that is no traffic of connections, one clause for each kind and direction. What is of
// unknown kind is not among it.
func Beside(w *timeline.WindowStats) []string {
	var out []string
	for k, name := range besideNames {
		if name.one != "" {
			out = append(out, ioWords(&w.Beside[k], name)...)
		}
	}
	return out
}

// ioWords are the reads and the writes of one kind of descriptor. A call that got nothing is one of them, and said to be.
func ioWords(io *timeline.IO, name besideName) []string {
	var out []string
	say := func(call, to string, done, again, bytes int64) {
		n := done + again
		if n == 0 {
			return
		}
		s := Count(n, call) + " " + to + " " + name.many
		if n == 1 {
			s = "1 " + call + " " + to + " " + name.one
		}
		var more []string
		if bytes > 0 && name.data {
			more = append(more, Bytes(bytes))
		}
		if again > 0 {
			more = append(more, Number(again)+" EAGAIN")
		}
		if len(more) > 0 {
			s += " (" + strings.Join(more, ", ") + ")"
		}
		out = append(out, s)
	}
	say("read", "of", io.Reads+io.ReadEOF+io.ReadErr+io.Received, io.ReadAgain, io.BytesIn)
	say("write", "to", io.Writes+io.WriteErr+io.Resets+io.Sent, io.WriteAgain, io.BytesOut)
	return out
}

// inside names the descriptor of the call that a loop is in. peer is what follows when somebody at the other end can end the
// call, which is so unless the descriptor is known to be something else than a socket.
func (n *narrator) inside(l *timeline.LoopLane, peer string) string {
	s := "fd " + strconv.Itoa(int(l.InFD))
	for _, x := range n.s.Lanes {
		if x.FD != l.InFD || x.Closed != 0 || x.Table != l.Table {
			continue
		}
		switch k, beside := x.Beside(); {
		case !beside || k == timeline.BesideUnknown:
		case besideNames[k].one != "":
			return s + ", " + besideNames[k].one
		default:
			return s
		}
	}
	return s + peer
}

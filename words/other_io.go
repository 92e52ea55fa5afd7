package words

import (
	"strings"

	"evviz/timeline"
)

// otherName is what is read and written beside sockets: one, several, and whether its bytes are somebody's data; those of an
// eventfd are a counter.
type otherName struct {
	one, many string
	data      bool
}

// otherNames has a name for each kind; what has none is passed over in silence.
var otherNames = [timeline.BesideCount]otherName{
	timeline.BesideFile:     {"a file", "files", true},
	timeline.BesideTerminal: {"a terminal", "terminals", true},
	timeline.BesideDevice:   {"a device", "devices", true},
	timeline.BesidePipe:     {"a pipe", "pipes", true},
	timeline.BesideEventfd:  {"a wake-fd", "wake-fds", false},
	timeline.BesideTimerfd:  {"a timer", "timers", false},
	timeline.BesideSignalfd: {"a signalfd", "signalfds", false},
	timeline.BesideInotify:  {"an inotify descriptor", "inotify descriptors", false},
}

// OtherIO says what a window read and wrote that is not traffic of connections, one clause for each kind and direction. Descriptors
// of unknown kind are left out; UnknownIO has them.
func OtherIO(w *timeline.WindowStats) []string {
	var out []string
	for k, name := range otherNames {
		if name.one != "" {
			out = append(out, ioWords(&w.Beside[k], name)...)
		}
	}
	return out
}

// UnknownIO says what was read and written of descriptors whose kind is not known.
func UnknownIO(w *timeline.WindowStats) []string {
	return ioWords(&w.Beside[timeline.BesideUnknown], otherName{"a descriptor of unknown kind", "descriptors of unknown kind", true})
}

// OtherName is a kind of descriptor that is not a socket, with its article; "" for one that has no name.
func OtherName(k timeline.Beside) string { return otherNames[k].one }

// ioWords are the reads and the writes of one kind of descriptor. A call that got nothing is one of them, and said to be.
func ioWords(io *timeline.IO, name otherName) []string {
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

package diagnostics

import (
	"fmt"
	"strings"

	"evviz/timeline"
	"evviz/words"
)

// Looks asks the system about a program that still runs. A nil function is something that cannot be asked.
type Looks struct {
	// Queue tells what the kernel holds for a socket now: bytes that nobody has read, or connections that nobody has accepted
	// when remote is "". ok is false when there is no such socket any more.
	Queue func(local, remote string) (waiting int64, ok bool)

	// Interest tells how a process has a descriptor registered now: whether it would report anything, and whether its number
	// means another file by now. ok is false when it is not registered, or not known.
	Interest func(pid int64, fd int32) (armed, stale, ok bool)

	// Level tells whether a process has a descriptor registered level-triggered now. ok is false when it is not registered, or not known.
	Level func(pid int64, fd int32) (level, ok bool)

	// Closing tells whether the peer of a process's socket has closed it, and the process has not; pid is 0 where that is not known.
	Closing func(pid int64, fd int32, peer string) bool

	// Runtime tells whose loop a process runs, by its file and by what it has mapped.
	Runtime func(pid int64) timeline.Runtime
}

// Confirm asks about findings of rules that say what can be asked: that something was left behind, or registered wrongly. What is
// still so makes them certain; what is not any more is said as well. found is changed in place.
func Confirm(found []*Finding, looks Looks) {
	for _, f := range found {
		if f.Rule.confirm != nil {
			f.Rule.confirm(f, looks)
		}
		if looks.Runtime != nil && f.program != 0 {
			f.advise(looks.Runtime(f.program))
		}
	}
}

// askArmed is for what lies behind a oneshot registration.
func (f *Finding) askArmed(looks Looks) {
	f.askQueue(looks)
	if armed, _, ok := f.interest(looks); ok && !armed {
		f.Verdict = Certain
		f.Sentence += " The kernel has its registration disarmed now."
	}
}

// askTrigger is for what is a finding only under level triggering, where the registration lies before the events.
func (f *Finding) askTrigger(looks Looks) {
	if looks.Level == nil || f.pid == 0 || f.FD < 0 || !strings.Contains(f.Sentence, unknownTrigger) {
		return
	}
	switch level, ok := looks.Level(f.pid, f.FD); {
	case !ok:
	case level:
		f.Verdict = Certain
		f.Sentence = strings.Replace(f.Sentence, unknownTrigger, " The kernel has it registered level-triggered.", 1)
	default:
		f.Severity, f.Verdict = Info, Possible
		f.Sentence = strings.Replace(f.Sentence, unknownTrigger, " But the kernel has it registered edge-triggered now: each of these was something new.", 1)
	}
}

// askUnread is for what is reported again and again.
func (f *Finding) askUnread(looks Looks) {
	f.askQueue(looks)
	f.askTrigger(looks)
}

// askClosing is for what is reported because the peer has finished.
func (f *Finding) askClosing(looks Looks) {
	if looks.Closing != nil && looks.Closing(f.pid, f.FD, f.Peer) {
		f.Verdict = Certain
		f.Sentence += " The socket is in CLOSE_WAIT: its peer has closed it, and the program has not."
	}
}

// askStale is for what is registered under a number that means something else.
func (f *Finding) askStale(looks Looks) {
	if _, stale, ok := f.interest(looks); ok && stale {
		f.Sentence += " The kernel still has it registered under a number that means something else."
	}
}

func (f *Finding) interest(looks Looks) (armed, stale, ok bool) {
	if looks.Interest == nil || f.pid == 0 || f.FD < 0 {
		return false, false, false
	}
	return looks.Interest(f.pid, f.FD)
}

// askQueue is for what lies in a socket: bytes, or connections.
func (f *Finding) askQueue(looks Looks) {
	if looks.Queue == nil || f.local == "" && f.Peer == "" {
		return
	}
	listener := f.local == f.Peer
	remote := f.Peer
	if listener {
		remote = ""
	}
	n, ok := looks.Queue(f.local, remote)
	switch {
	case !ok:
		f.Sentence += " The socket is gone by now."
	case n == 0:
		f.Sentence += " By now the kernel holds nothing for it."
	case listener:
		f.Verdict = Certain
		f.Sentence += fmt.Sprintf(" The kernel says that %s to be accepted now.", words.Count(n, "connection waits", "connections wait"))
	default:
		f.Verdict = Certain
		f.Sentence += fmt.Sprintf(" The kernel holds %s for it now.", words.Bytes(n))
	}
}

package diagnostics

import "fmt"

// Queue tells what the kernel holds for a socket right now: bytes that nobody has read, or connections that nobody has
// accepted when remote is "". ok is false when there is no such socket any more.
type Queue func(local, remote string) (waiting int64, ok bool)

// Confirm asks about the sockets of findings that say that something was left behind. What the kernel holds makes them
// certain; what it does not hold any more is said as well. found is changed in place.
func Confirm(found []*Finding, ask Queue) {
	for _, f := range found {
		switch f.Rule.ID {
		case "EV03", "EV12", "EV17":
		default:
			continue
		}
		if f.local == "" && f.Peer == "" {
			continue
		}
		listener := f.local == f.Peer
		remote := f.Peer
		if listener {
			remote = ""
		}
		n, ok := ask(f.local, remote)
		switch {
		case !ok:
			f.Sentence += " The socket is gone by now."
		case n == 0:
			f.Sentence += " By now the kernel holds nothing for it."
		case listener:
			f.Verdict = Certain
			f.Sentence += fmt.Sprintf(" The kernel says that %s to be accepted now.", Count(n, "connection waits", "connections wait"))
		default:
			f.Verdict = Certain
			f.Sentence += fmt.Sprintf(" The kernel holds %s for it now.", Bytes(n))
		}
	}
}

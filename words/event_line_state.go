package words

import (
	"cmp"
	"fmt"
	"strings"

	"evviz/trace"
)

// stateLine says what is open or registered, as a recording states it again so that one can begin there, and as a look finds it. ok is false
// for every other kind.
func stateLine(s Around, e *trace.Event) (what, note string, ok bool) {
	switch e.Kind {
	case trace.Name:
		return "a name is made known", harmless(s.Name(e.Stream, e.Aux)), true
	case trace.Sync:
		return "the clocks are compared", "", true
	case trace.State:
	default:
		return "", "", false
	}
	v := trace.StateOf(e)
	var notes []string
	add := func(ok bool, words string) {
		if ok {
			notes = append(notes, words)
		}
	}
	switch v.What() {
	case trace.StateDescriptor:
		peer := harmless(s.Name(e.Stream, uint32(v.A())))
		if peer != "" {
			peer = " of " + Port(peer)
		}
		n, known := v.Unread()
		unit := Bytes(n) + " unread"
		if v.Type() == trace.TypeListener {
			unit = Count(n, "connection") + " to be accepted"
		}
		add(known, unit)
		add(v.Finished() == trace.AnswerYes, "its peer has finished")
		add(v.Unsent() == trace.AnswerYes, "unsent bytes")
		return isOpen(e.FD, v.Type(), peer), strings.Join(notes, ", "), true
	case trace.StateRegistration:
		add(v.Inferred() != 0, "inferred from its events")
		add(v.Looked() != 0 && v.Queued() != 0, "on the ready list")
		who := fmt.Sprintf("fd %d", e.FD)
		if e.FD < 0 {
			who = fmt.Sprintf("data %#x", v.A())
		}
		return fmt.Sprintf("registered: %s for %s", who, cmp.Or(trace.PollString(v.Bits()), "nothing, or unknown")), strings.Join(notes, ", "), true
	}
	return "stated again: " + fmt.Sprintf("fd %d", e.FD), "", true
}

package words

import (
	"cmp"
	"fmt"
	"strings"

	"evviz/trace"
)

// stateLine says what was open or registered already where the trace, or a part of it, begins.
func stateLine(s Around, e *trace.Event) (what, note string) {
	v := trace.StateOf(e)
	var notes []string
	if v.What() == trace.StateRegistration {
		what = fmt.Sprintf("fd %d is registered for %s", e.FD, cmp.Or(trace.PollString(v.Bits()), "nothing"))
		if v.Inferred() != 0 {
			notes = append(notes, "inferred from its events")
		}
		if v.Queued() != 0 {
			notes = append(notes, "on the ready list")
		}
		return what, strings.Join(notes, ", ")
	}
	what = fmt.Sprintf("fd %d is open: %s", e.FD, aType(v.Type().String()))
	if peer := harmless(s.Name(e.Stream, uint32(v.A()))); peer != "" {
		notes = append(notes, peer)
	}
	if n, ok := v.Unread(); ok && v.Type() != trace.TypeListener {
		notes = append(notes, Bytes(n)+" unread")
	} else if ok {
		notes = append(notes, fmt.Sprintf("%d waiting for accept", n))
	}
	return what, strings.Join(notes, ", ")
}

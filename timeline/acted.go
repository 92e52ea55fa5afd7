package timeline

import "evviz/trace"

// acted takes a call that no rule is about, on a descriptor: an ioctl that moves a frame of a camera or a transfer of a device is that
// descriptor's way to read and write, and what is mapped is read without any call.
func (t *Timeline) acted(s *stream, e *trace.Event) {
	name := t.names.now(s.id, e.Aux)
	if e.Errno != 0 && e.Errno != eAGAIN || name != "ioctl" && name != "mmap" {
		return
	}
	t.attribute(s, e)
	l, old := t.lanes.find(s, e, name == "mmap")
	if l == nil || old {
		return
	}
	if name == "mmap" {
		l.watch.mapped = true
		return
	}
	t.watch.touchedBy(s, l, e.Time)
	t.watch.made(s)
	for _, r := range l.regs {
		t.ledger.settle(r, outData, e.Time)
		r.drain, r.last = DrainUnknown, 0
	}
	t.lanes.note(s, l, e.Time, MarkOther, 0)
}

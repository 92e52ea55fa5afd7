package timeline

import "evviz/trace"

// unread takes what a program was told when it asked how much is unread. Who asks reads just that, so a read that got all it asked for has
// left nothing; and what is more than a read took is known to be left.
func (t *Timeline) unread(s *stream, e *trace.Event) {
	n, known := trace.UnreadOf(e).Bytes()
	if !known || s.observed() {
		return
	}
	l, old := t.lanes.find(s, e, false)
	if l == nil || old {
		return
	}
	t.lanes.recall(l)
	l.watch.asks = true
	l.ledger = n
	if !l.byItem() {
		l.arrived.known(n)
	}
	t.lanes.touch(l)
}

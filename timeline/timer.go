package timeline

import "evviz/trace"

// armed takes the setting of a timerfd, which sources of system calls number as the descriptor, one up: how often it is to fire decides what
// an unread expiration means. Setting it drops the expirations that were not read, and starts it anew (timerfd_settime(2)).
func (t *Timeline) armed(s *stream, e *trace.Event) {
	if e.Aux == 0 {
		return
	}
	at := trace.Event{Time: e.Time, FD: int32(e.Aux) - 1}
	l, old := t.lanes.find(s, &at, false)
	if l == nil || old || l.pub.Kind != KindTimer {
		return
	}
	l.every = 0
	if e.Kind == trace.TimerSet {
		l.every = max(trace.TimerSetOf(e).Every(), 0)
	}
	t.lanes.closeBar(l, e.Time)
}

package words

import (
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

func TestSocketLine(t *testing.T) {
	for _, c := range []struct {
		e          trace.Event
		what, note string
	}{
		{trace.Event{Kind: trace.SockOpt, FD: 7, A: 6, B: 1, Aux: 1}, "setsockopt(7, TCP_NODELAY) = 0", "to 1"},
		{trace.Event{Kind: trace.SockOpt, FD: 7, A: 1, B: 20, Aux: 50}, "setsockopt(7, SO_RCVTIMEO) = 0", "to 50 ms"},
		{trace.Event{Kind: trace.SockOpt, FD: 7, A: 1, B: 20}, "setsockopt(7, SO_RCVTIMEO) = 0", ""},
		{trace.Event{Kind: trace.SockOpt, FD: 7, A: 99, B: 3, Errno: 92}, "setsockopt(7, level 99, option 3) = ENOPROTOOPT", ""},
		{trace.Event{Kind: trace.Listen, FD: 5, A: 511}, "listen(5, 511) = 0", ""},
		{trace.Event{Kind: trace.Connect, FD: 5, Errno: 115}, "connect(5, ) = EINPROGRESS", ""},
		{trace.Event{Kind: trace.Shutdown, FD: 5, Aux: 1}, "shutdown(5, SHUT_WR) = 0", ""},
	} {
		if what, note := EventLine(&timeline.Snapshot{}, 0, &c.e); what != c.what || note != c.note {
			t.Errorf("%q, %q; want %q, %q", what, note, c.what, c.note)
		}
	}
}

package picture

import (
	"strings"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestLaneLabel: what does not fit is set closer, left out or marked as cut; a port is never cut without a mark.
func TestLaneLabel(t *testing.T) {
	conn := timeline.Lane{Kind: timeline.KindConn, FD: 7, Peer: "127.0.0.1:53011", Trigger: trace.TriggerEdge, Registered: true}
	listener := timeline.Lane{Kind: timeline.KindListener, FD: 3, Local: "127.0.0.1:4201"}
	of := func(l timeline.Lane, process uint32) timeline.Lane { l.Process = process; return l }
	bare := conn
	bare.Registered = false
	named := timeline.Lane{FD: 4, Label: "epoll\x1b[2J"}
	for _, c := range []struct {
		lane timeline.Lane
		w    int
		want string
	}{
		{conn, 23, "fd 7   :53011 ET"},
		{conn, 16, "fd 7   :53011 ET"},
		{conn, 15, "fd 7   :53011"},
		{conn, 11, "fd7 :53011"},
		{conn, 8, "fd7 :53…"},
		{bare, 23, "fd 7   :53011"},
		{listener, 16, "listener :4201"},
		{listener, 11, "listener"},
		{listener, 5, "list…"},
		{named, 23, "fd 4   epoll?[2J"},
		{timeline.Lane{FD: 55, Numbered: timeline.NumberGuessed, Data: 55}, 16, "fd 55?"},
		{timeline.Lane{FD: -1, Numbered: timeline.NumberUnknown, Data: 0x7f001234}, 16, "data 0x7f001234"},
		{timeline.Lane{FD: -1, Numbered: timeline.NumberUnknown, Data: 0x7f001234}, 8, "data 0x…"},
		{timeline.Lane{FD: -1, Numbered: timeline.NumberUnknown, Data: 9, Process: 4711}, 16, "4711/data 9"},
		{timeline.Lane{FD: 55, Numbered: timeline.NumberGuessed, Process: 4711}, 16, "4711/55?"},
		{of(conn, 4711), 23, "4711/7 :53011 ET"},
		{of(conn, 4711), 12, "4711/7    ET"},
		{of(conn, 4711), 5, "4711…"},
		{of(listener, 4711), 23, "4711/3 listener :4201"},
		{of(listener, 4711), 16, "4711/3 listener"},
	} {
		if got := window(3, AllColours).LaneLabel(&c.lane, nil, nil, c.w); got != c.want {
			t.Errorf("%d/%d in %d cells: %q, want %q", c.lane.Process, c.lane.FD, c.w, got, c.want)
		}
	}
	w := window(4, AllColours)
	cells := []timeline.Cell{marks(timeline.MarkRead, timeline.MarkWrite, timeline.MarkRead), {}, {}, {}}
	cells[2].Counts[timeline.MarkRead], cells[2].Top = 4000, timeline.MarkRead
	row := w.Lane(nil, &conn, cells)
	for room, want := range map[int]string{30: "fd 7   :53011 ET 1.0k reads/s", 23: "fd 7   :53011 ET 1.0k/s", 19: "fd 7   :53011 ET"} {
		if got := w.LaneLabel(&conn, row, cells, room); got != want {
			t.Errorf("more calls than letters, in %d cells: %q, want %q", room, got, want)
		}
	}
	if few := []timeline.Cell{marks(timeline.MarkRead), {}, {}, {}}; w.LaneLabel(&conn, w.Lane(nil, &conn, few), few, 30) != "fd 7   :53011 ET" {
		t.Error("a rate where each call has its letter")
	}
	by := conn
	by.Client.Part = "steady"
	for room, want := range map[int]string{30: "fd 7   :53011 steady ET", 21: "fd 7   :53011 ET"} {
		if got := w.LaneLabel(&by, nil, nil, room); got != want {
			t.Errorf("a client that plays a part, in %d cells: %q, want %q", room, got, want)
		}
	}
	busy, cells := conn, []timeline.Cell{marks(timeline.MarkRead), marks(timeline.MarkRead)}
	for i := range cells {
		cells[i].Counts[timeline.MarkRead] = 500
	}
	busy.Client.Program = "wrk"
	row = w.Lane(nil, &busy, cells)
	if got := w.LaneLabel(&busy, row, cells, 25); strings.Contains(got, "wrk") || !strings.Contains(got, "/s") {
		t.Errorf("a program that asks much: %q", got)
	}
	busy.Client.Part = "steady"
	if got := w.LaneLabel(&busy, row, cells, 25); strings.Contains(got, "/s") {
		t.Errorf("a client of a scenario that asks much: %q", got)
	}
	w.Now = at(9)
	if got := w.LaneLabel(&conn, nil, nil, 23); got != "fd 7   :53011" {
		t.Errorf("it was not registered then, and is called %q", got)
	}
	if got := TriggerShort(99); got != "1S" {
		t.Errorf("a triggering that is not known is taken for %q", got)
	}
}

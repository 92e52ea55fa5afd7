package timeline

import (
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// TestWhoseALaneIs: as soon as a second process has descriptors, lanes and loops say whose they are, those too on which nothing happens any
// more; and a lane says which loop's thread did something on it last.
func TestWhoseALaneIs(t *testing.T) {
	tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
	add := func(lines ...string) *Snapshot {
		t.Helper()
		text, err := traces.Unfold(lines)
		if err != nil {
			t.Fatal(err)
		}
		evs, err := trace.ReadText(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		tl.Add(evs)
		return tl.Snapshot(0)
	}
	lane := func(s *Snapshot, table uint32) *Lane {
		for _, l := range s.Lanes {
			if l.Table == table {
				return l
			}
		}
		t.Fatalf("no lane of table %d", table)
		return nil
	}
	s := add("1.0 1 Thread complete pid=100 tid=100 role=loop", "1.1 1 Open complete fd=7 type=stream from=accept", "1.2 1 Read complete fd=7 asked=10 ret=10",
		"1.3 4 Thread complete pid=100 tid=101 role=loop")
	if l := lane(s, 100); l.Process != 0 || l.Thread != 1 || s.Loops[0].Process != 0 {
		t.Errorf("one process: the lane is called one of process %d and thread %d, the loop one of %d", l.Process, l.Thread, s.Loops[0].Process)
	}
	s = add("2.0 2 Thread complete pid=200 tid=200 role=loop", "2.1 2 Open complete fd=7 type=stream from=accept", "2.2 2 Arrive complete fd=7 events=IN by=observer")
	if l := lane(s, 100); l.Process != 100 || l.Thread != 1 {
		t.Errorf("a lane on which nothing has happened since is one of process %d and thread %d", l.Process, l.Thread)
	}
	if l := lane(s, 200); l.Process != 200 || l.FD != 7 {
		t.Errorf("fd %d of the second process is one of process %d", l.FD, l.Process)
	}
	for _, l := range s.Loops {
		if l.Process != l.PID {
			t.Errorf("the loop of thread %d is one of process %d", l.TID, l.Process)
		}
	}
	s = add("3.0 4 Read complete fd=7 asked=10 ret=10")
	if l := lane(s, 100); l.Thread != 4 {
		t.Errorf("thread %d is said to have read last", l.Thread)
	}
}

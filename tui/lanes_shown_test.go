package tui

import (
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestUnknownKindHasARow: what a wait reported is shown although nothing says what it is, as in a log that begins in the middle; what is known
// to be something else than a socket, or was never reported, is folded.
func TestUnknownKindHasARow(t *testing.T) {
	of := func(kind timeline.LaneKind, typ uint32, reports int64) *timeline.Lane {
		l := &timeline.Lane{Kind: kind, Type: typ}
		l.Stats.Class[timeline.ClassUntouched] = reports
		return l
	}
	f := &frame{}
	f.t1 = 100
	for _, c := range []struct {
		what string
		lane *timeline.Lane
		want bool
	}{
		{"reported, of unknown kind", of(timeline.KindOther, trace.TypeUnknown, 1), true},
		{"never reported, of unknown kind", of(timeline.KindOther, trace.TypeUnknown, 0), false},
		{"reported, a wake-up", of(timeline.KindWake, trace.TypeEventfd, 1), false},
		{"reported, a file", of(timeline.KindOther, trace.TypeOther, 1), false},
		{"a connection", of(timeline.KindConn, trace.TypeStream, 0), true},
	} {
		if got := new(laneOptions).present(f, c.lane); got != c.want {
			t.Errorf("%s: shown %t, want %t", c.what, got, c.want)
		}
	}
}

// TestRegisteredBefore: of a registration that nobody has told of it is said that it was not seen; how it is, and whether it is armed, is blank.
func TestRegisteredBefore(t *testing.T) {
	for _, before := range []bool{false, true} {
		l := &timeline.Lane{Registered: true, Armed: true, Before: before, Interest: 1, Trigger: trace.TriggerLevel}
		for i := range columns {
			c := &columns[i]
			unknown, about := map[string]string{"registered": "not seen", "mode": "", "armed": ""}[c.name]
			if !about {
				continue
			}
			if got, _ := c.cell(&frame{}, l); (got == unknown) != before {
				t.Errorf("before %t: %s is %q", before, c.name, got)
			}
		}
	}
}

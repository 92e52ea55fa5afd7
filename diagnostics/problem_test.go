package diagnostics

import (
	"testing"

	"evviz/timeline"
)

// TestStages: what happened once is over soon after, what happens again and again when it has not for three times as long as it used to take, what
// lasts when its descriptor is closed; and what begins after a moment is ahead of it.
func TestStages(t *testing.T) {
	const sec = int64(1e9)
	ends, lasts := &Rule{ID: "EV25"}, &Rule{ID: "EV13", lasts: true}
	s := &timeline.Snapshot{Now: 100 * sec, Lanes: []*timeline.Lane{{ID: 1}, {ID: 2, Closed: 50 * sec}}}
	for _, c := range []struct {
		name string
		f    Finding
		at   int64
		want Stage
	}{
		{"ahead", Finding{Rule: ends, Count: 1, First: 9 * sec, Last: 9 * sec}, 9*sec - 1, Ahead},
		{"once, while it is", Finding{Rule: ends, Count: 1, First: 9 * sec, Last: 11 * sec}, 10 * sec, Now},
		{"once, soon after", Finding{Rule: ends, Count: 1, First: 9 * sec, Last: 11 * sec}, 11*sec + leastPause, Now},
		{"once, later", Finding{Rule: ends, Count: 1, First: 9 * sec, Last: 11 * sec}, 11*sec + leastPause + 1, Over},
		{"again and again, every second", Finding{Rule: ends, Count: 5, First: 6 * sec, Last: 10 * sec}, 13 * sec, Now},
		{"... and then not", Finding{Rule: ends, Count: 5, First: 6 * sec, Last: 10 * sec}, 13*sec + 1, Over},
		{"seldom", Finding{Rule: ends, Count: 2, First: 0, Last: 50 * sec}, 50*sec + mostPause + 1, Over},
		{"it lasts", Finding{Rule: lasts, Lane: 1, Count: 1, First: 6 * sec, Last: 6 * sec}, 100 * sec, Now},
		{"it lasted until the end of its descriptor", Finding{Rule: lasts, Lane: 2, Count: 1, First: 6 * sec, Last: 6 * sec}, 50*sec + 1, Over},
		{"of a thread", Finding{Rule: lasts, Count: 1, First: 6 * sec, Last: 6 * sec}, 90 * sec, Now},
	} {
		if got := c.f.StageAt(s, c.at); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestProblems: one for each rule, what is true now first, and within it the subjects of which it is true.
func TestProblems(t *testing.T) {
	const sec = int64(1e9)
	herd, spin, slow := &Rule{ID: "EV14"}, &Rule{ID: "EV08"}, &Rule{ID: "EV25"}
	found := []*Finding{
		{Rule: spin, Severity: Critical, Count: 3, First: sec, Last: 2 * sec},
		{Rule: herd, Severity: Warn, Count: 1, First: sec, Last: sec, Thread: 1},
		{Rule: herd, Severity: Warn, Count: 2, First: 2 * sec, Last: 9 * sec, Thread: 2},
		{Rule: slow, Severity: Info, Count: 1, First: 20 * sec, Last: 20 * sec},
	}
	got := Problems(found, &timeline.Snapshot{Now: 30 * sec}, 9*sec)
	if len(got) != 3 || got[0].Rule != herd || got[1].Rule != spin || got[2].Rule != slow {
		t.Fatalf("%+v", got)
	}
	h := got[0]
	if h.Stage != Now || h.Count != 3 || h.First != sec || h.Last != 9*sec || len(h.Findings) != 2 || h.Findings[0].Thread != 2 || h.Severity != Warn {
		t.Errorf("%+v", h)
	}
	if got[1].Stage != Over || got[2].Stage != Ahead {
		t.Errorf("%v, %v", got[1].Stage, got[2].Stage)
	}
}

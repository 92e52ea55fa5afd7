package world

import (
	"os"
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// everywhere restates a trace before each of its events: whoever begins there must know what whoever has read all of it knows, there and
// after every event that follows.
func everywhere(t *testing.T, evs []trace.Event, step int) {
	t.Helper()
	whole := NewTracker()
	type reader struct {
		from int
		*Tracker
	}
	var begun []reader
	for i := range evs {
		if i%step == 0 {
			r := reader{i, NewTracker()}
			for _, e := range whole.Restate(evs[max(i, 1)-1].Time) {
				r.Add(&e)
			}
			r.who.Before(&trace.Event{Kind: trace.Sync})
			begun = append(begun, r)
		}
		want := whole.who.Dump()
		for _, r := range begun {
			if got := r.who.Dump(); got != want {
				t.Fatalf("before event %d (%s), begun at %d:\n%s\nfrom the beginning:\n%s", i, trace.AppendText(nil, &evs[i]), r.from, got, want)
			}
		}
		whole.Add(&evs[i])
		for _, r := range begun {
			r.Add(&evs[i])
		}
	}
}

// TestPrefork: a server with workers, as testdata/prefork.txt says, is the same wherever one begins to read.
func TestPrefork(t *testing.T) { everywhere(t, text(t, "prefork"), 1) }

// TestFork is a recording of the lab with a child that inherits its descriptors and outlives some of them.
func TestFork(t *testing.T) { everywhere(t, text(t, "fork"), 37) }

func text(t *testing.T, name string) []trace.Event {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	evs, err := trace.ReadText(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Validate(evs); err != nil {
		t.Fatal(err)
	}
	return evs
}

func TestSession(t *testing.T) { everywhere(t, traces.Session(60), 7) }

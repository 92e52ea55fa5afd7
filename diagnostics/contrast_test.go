package diagnostics

import (
	"context"
	"strings"
	"testing"

	"evviz/record"
	"evviz/timeline"
	"evviz/trace"
)

func folded(t *testing.T, path string) *timeline.Snapshot {
	t.Helper()
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	feed := timeline.NewFeed(f, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return feed.Snapshot()
}

// TestContrast: what is known of both is said, in order and as far as it fits; what is known of one is not.
func TestContrast(t *testing.T) {
	a, b := folded(t, "../tui/testdata/split-sleep-poll.evt"), folded(t, "../tui/testdata/split-epoll.evt")
	first, now := min(a.First, b.First), min(a.Now, b.Now)
	slow, fast := Side{"sleep-poll", a}, Side{"epoll", b}

	s := Contrast(slow, fast, now-4e9, now, 0)
	for _, part := range []string{"in these 4.0 s: a message waited ", " under sleep-poll, ", " under epoll; asked in vain ", "; rested "} {
		if !strings.Contains(s, part) {
			t.Errorf("%q lacks %q", s, part)
		}
	}
	if strings.Contains(s, "told") {
		t.Errorf("%q: a polling loop is told nothing, so it cannot be compared", s)
	}
	if short := Contrast(slow, fast, now-4e9, now, 80); len(short) > 80 || !strings.HasPrefix(s, short) {
		t.Errorf("as far as it fits into 80: %q", short)
	}
	if s := Contrast(fast, fast, now-4e9, now, 0); !strings.Contains(s, "told again what was known ") {
		t.Errorf("both level-triggered: %q", s)
	}
	for _, w := range [][2]int64{{now, now}, {now + 1e9, now + 2e9}, {first - 2e9, first - 1e9}} {
		if s := Contrast(slow, fast, w[0], w[1], 0); s != "nothing to compare yet" {
			t.Errorf("of a window of which nothing is known: %q", s)
		}
	}
	if s := Contrast(slow, Side{"empty", timeline.New(timeline.Options{}).Snapshot(now)}, now-4e9, now, 0); s != "nothing to compare yet" {
		t.Errorf("against a run without events: %q", s)
	}
}

// TestContrastUnknown: a mode whose calls are not seen is not said to have made none.
func TestContrastUnknown(t *testing.T) {
	a := folded(t, "../tui/testdata/split-epoll.evt")
	b := *a
	b.Modes = []timeline.ModeChange{{At: a.First, Mode: timeline.Mode{Known: true, Driver: trace.DriverGo}}}
	s := Contrast(Side{"epoll", a}, Side{"go", &b}, a.Now-4e9, a.Now, 0)
	for _, part := range []string{"vain", "told", "rested"} {
		if strings.Contains(s, part) {
			t.Errorf("%q is said of mode go: %q", part, s)
		}
	}
}

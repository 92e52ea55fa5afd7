package tui

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"evviz/record"
	"evviz/timeline"
)

// TestFurtherBackThanMemory: a live session that is recorded can be looked at further back than memory holds it; one that
// is not recorded says so, and shows the coarser picture.
func TestFurtherBackThanMemory(t *testing.T) {
	for _, recorded := range []bool{true, false} {
		f, err := record.OpenFile("testdata/tour.evt")
		if err != nil {
			t.Fatal(err)
		}
		src := &steps{Source: f, upTo: 1 << 62, more: make(chan struct{}, 1)}
		tee := record.NewTee(src)
		if recorded {
			if err := tee.Start(filepath.Join(t.TempDir(), "session.evt")); err != nil {
				t.Fatal(err)
			}
		}
		feed := timeline.NewFeed(tee, timeline.Options{MaxMarks: 2048, MaxEvents: 512})
		if err := feed.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		u, frame := onBuffer(t, feed, 120, 36)
		u.worker.start = func(f func()) { f() } // what is read beside the screen is read at once
		frame()
		s := u.scene.snap
		if s.Held <= s.First {
			t.Fatalf("everything is held since %d: this tests nothing", s.First)
		}
		u.press("Home")
		frame()
		got := u.scene.snap
		if recorded {
			if got == s || got.Held > u.scene.t0 {
				t.Errorf("in full since %d, the window begins at %d: the recording was not read", got.Held-got.First, u.scene.t0-got.First)
			}
			first, end := got.EventRange()
			if e, ok := got.Event(first); !ok || end == first || e.Time > s.First+1e9 {
				t.Errorf("the events of the beginning are not there: %d to %d", first, end)
			}
			u.press("End")
			frame()
			if u.scene.snap.Now < s.Now {
				t.Error("End did not bring the present back")
			}
		} else {
			if got != s {
				t.Error("there is nothing to read, and the picture changed")
			}
			if m, bad := u.status.message(); bad || !strings.Contains(m, "only a recording") {
				t.Errorf("the screen says %q", m)
			}
		}
		tee.Close()
	}
}

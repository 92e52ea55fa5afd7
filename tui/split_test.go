package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/record"
	"evviz/timeline"
)

// twins are two kept recordings of the demo, made at the same time on one machine, so that their clock is one:
//
//	evviz --headless --mode sleep-poll --listen 127.0.0.1:0 --for 8s --record tui/testdata/split-sleep-poll.evt &
//	evviz --headless --mode epoll --listen 127.0.0.1:0 --for 8s --record tui/testdata/split-epoll.evt &
func twins(t testing.TB, seconds float64) SplitOptions {
	t.Helper()
	o := SplitOptions{Symbols: "block"}
	var files [2]*record.File
	first := int64(1<<63 - 1)
	for i, name := range []string{"sleep-poll", "epoll"} {
		f, err := record.OpenFile("testdata/split-" + name + ".evt")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		begin, _ := f.Bounds()
		files[i], first, o.Halves[i].Name = f, min(first, begin), name
	}
	for i, f := range files {
		feed := timeline.NewFeed(&moment{f, first + int64(seconds*1e9)}, timeline.Options{})
		if err := feed.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		o.Halves[i].Feed = feed
	}
	return o
}

func drawSplit(t testing.TB, o SplitOptions, w, h, colors int, keys ...string) string {
	t.Helper()
	p, err := DrawSplit(o, w, h, colors, func(press func(string)) {
		for _, k := range keys {
			press(k)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.Text()
}

// TestSplitScreens compares whole split screens with golden ones.
func TestSplitScreens(t *testing.T) {
	for _, c := range []struct {
		name string
		w, h int
		keys []string
	}{
		{"split", 120, 40, nil},
		{"split-80x24", 80, 24, nil},
		{"split-wide", 220, 30, nil},
		{"split-lower", 120, 40, []string{"Down", "Down", "Tab", "Left", "+"}},
		{"split-help", 100, 40, []string{"?"}},
		{"split-too-small", 79, 24, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.Golden(t, c.name+".txt", drawSplit(t, twins(t, 7.3), c.w, c.h, 1<<24, c.keys...))
		})
	}
}

// TestSplitAnySizeAnyKey: no size and no sequence of keys makes a split screen panic.
func TestSplitAnySizeAnyKey(t *testing.T) {
	o := twins(t, 7.3)
	var names []string
	for _, k := range (&split{}).table() {
		for _, n := range k.Keys {
			if n != "q" && n != "Ctrl-C" && n != "Ctrl-Z" {
				names = append(names, n)
			}
		}
	}
	seed := uint32(1)
	next := func(n int) int { seed = seed*1664525 + 1013904223; return int(seed>>8) % n }
	for i := 0; i < 80; i++ {
		w, h := 1+next(260), 1+next(80)
		if i < 20 {
			w, h = 1+next(12), 1+next(12)
		}
		var keys []string
		for k := 0; k < 12; k++ {
			keys = append(keys, names[next(len(names))])
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Fatalf("%dx%d, keys %v: %v", w, h, keys, p)
				}
			}()
			drawSplit(t, o, w, h, []int{0, 8, 256, 1 << 24}[next(4)], keys...)
		}()
	}
}

// TestSplitShares: whatever the keys, both halves show the same span at the same place, from the same moment.
func TestSplitShares(t *testing.T) {
	o := twins(t, 7.3)
	u, _, _ := onTTY(t, o.Halves[0].Feed, 100, 30)
	o.Screen = u.style.screen
	s := newSplit(o)
	check := func(after string) {
		t.Helper()
		s.newFrame(100, 30)
		a, b := s.halves[0].scene, s.halves[1].scene
		if a.t0 != b.t0 || a.t1 != b.t1 || a.snap.First != b.snap.First || (s.halves[0].window.frozen == nil) != (s.halves[1].window.frozen == nil) {
			t.Errorf("after %s: [%d,%d) and [%d,%d)", after, a.t0, a.t1, b.t0, b.t1)
		}
	}
	check("nothing")
	for _, k := range []string{"+", "Space", "Left", "Tab", "-", "Left", "Space", "0", "f", "Tab", "Home", "Right", "PgDn", "End", "Esc"} {
		s.press(k)
		check(k)
	}
	if s.halves[0].window.frozen != nil {
		t.Error("End did not bring the present back")
	}
}

// TestSplitRows: a connection that is folded away is so in both halves, so that the rows correspond.
func TestSplitRows(t *testing.T) {
	o := twins(t, 7.3)
	u, _, _ := onTTY(t, o.Halves[0].Feed, 100, 30)
	o.Screen = u.style.screen
	s := newSplit(o)
	for h := minSplitHeight; h < 60; h++ {
		s.newFrame(100, h)
		var ranks [2]string
		for i, u := range s.halves {
			for k, c := range conns(u.scene.snap) {
				for _, l := range u.half.lanes {
					if l.ID == c.ID {
						ranks[i] += fmt.Sprint(k, " ")
					}
				}
			}
		}
		if ranks[0] != ranks[1] || ranks[0] == "" {
			t.Errorf("at height %d: rows %s above, %s below", h, ranks[0], ranks[1])
		}
	}
}

// fakeLab is a lab that remembers what was asked of it.
type fakeLab struct {
	name  string
	asked chan string
}

func (f fakeLab) CycleTrigger() (string, error)                { f.asked <- f.name + " t"; return "done", nil }
func (f fakeLab) CycleTriggerOf(int32, uint32) (string, error) { return "", nil }
func (f fakeLab) CycleMode() (string, error)                   { f.asked <- f.name + " m"; return "done", nil }
func (f fakeLab) Describe() (serve, address, scenario string) {
	return "echo", "127.0.0.1:1", f.name
}

// TestSplitKeysGoToOneHalf: t and m act on the half with the selection, and the answer is told there.
func TestSplitKeysGoToOneHalf(t *testing.T) {
	o := twins(t, 7.3)
	asked := make(chan string, 1)
	o.Go = func(f func()) { f() }
	for i, name := range []string{"upper", "lower"} {
		o.Halves[i].Lab = fakeLab{name, asked}
	}
	text := drawSplit(t, o, 120, 40, 1<<24, "m", "Tab", "Tab")
	if got := <-asked; got != "upper m" {
		t.Errorf("m asked %q", got)
	}
	if strings.Count(text, " done") != 1 || strings.Index(text, " done") > strings.Index(text, "lower") {
		t.Errorf("the answer is not told in the upper half alone:\n%s", text)
	}
	drawSplit(t, o, 120, 40, 1<<24, "Tab", "t")
	if got := <-asked; got != "lower t" {
		t.Errorf("t asked %q", got)
	}
}

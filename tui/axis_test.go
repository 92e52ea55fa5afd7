package tui

import (
	"slices"
	"strings"
	"testing"
)

// Three switches in a hurry: none may leave a piece of another's name behind, and no time may be cut to another time.
func TestAxisWordsApart(t *testing.T) {
	words := setApart([]axisWord{{x: 21, text: "select"}, {x: 10, text: "epoll ONESHOT"}, {x: 40, text: "a bookmark"}, {x: 48, text: "late"}}, 47)
	want := []axisWord{{x: 10}, {x: 21, text: "select"}, {x: 40}}
	if len(words) != len(want) {
		t.Fatalf("%d words, want %d", len(words), len(want))
	}
	for i := range want {
		if words[i].x != want[i].x || words[i].text != want[i].text {
			t.Errorf("word %d: %d %q, want %d %q", i, words[i].x, words[i].text, want[i].x, want[i].text)
		}
	}
	for _, c := range []struct {
		from, to int
		taken    bool
	}{{0, 4, false}, {6, 10, true}, {12, 16, false}, {26, 30, true}, {30, 34, false}} {
		if got := taken(words, c.from, c.to); got != c.taken {
			t.Errorf("columns %d to %d: taken %v", c.from, c.to, got)
		}
	}
}

// TestTheCursorsTimeCutsNothing: where the time of the cursor stands, neither a word nor a number beside it is cut to another one.
func TestTheCursorsTimeCutsNothing(t *testing.T) {
	u, frame := onBuffer(t, tour(t, 20.9), 120, 36)
	frame()
	u.press("0")
	frame()
	row := func() string { return strings.Split(u.picture().Text(), "\n")[4] }
	whole := append(strings.Fields(row()), "10", "15", "20") // times that have room when a word has none
	if len(whole) < 5 {
		t.Fatalf("the axis is %q", row())
	}
	sc := &u.scene
	for i := range 200 {
		u.window.cursor = sc.t0 + 1 + (sc.snap.Now-sc.t0-2)*int64(i)/200
		frame()
		now := seconds(u.window.cursor-sc.snap.First, 6)
		for _, word := range strings.Fields(row()) {
			mark := len([]rune(word)) == 1 // of a switch, without its word
			if word != now && !mark && !slices.Contains(whole, word) {
				t.Errorf("at %s: %q in %q", now, word, row())
			}
		}
	}
}

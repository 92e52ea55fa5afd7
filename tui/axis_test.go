package tui

import "testing"

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

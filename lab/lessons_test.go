package lab

import (
	"strings"
	"testing"

	"evviz/figures"
	"evviz/scenarios"
)

// TestLessonTexts: what a lesson asks one to watch is claimed, so that it is held against the screen; and its text fits where it stands.
func TestLessonTexts(t *testing.T) {
	asks := 0
	for _, name := range scenarios.NamesOf(scenarios.Lessons) {
		s, err := scenarios.Load(figures.Stories{}, name)
		if err != nil {
			t.Fatal(err)
		}
		about := strings.Join(strings.Fields(s.About), " ")
		i := strings.Index(about, "Watch")
		if i < 0 {
			t.Errorf("%s does not say what to watch", name)
			continue
		}
		watched := 0
		for _, c := range s.Claims {
			if at := strings.Index(about, c.Phrase); at >= i || strings.LastIndex(about, c.Phrase) >= i {
				watched++
			}
		}
		if watched == 0 {
			t.Errorf("%s: nothing of what it says to watch is claimed", name)
		}
		if s.Watch.From == nil || s.Watch.Slow == 0 || s.Watch.To == nil {
			t.Errorf("%s: it has no slow motion, or does not stop", name)
		}
		if n := len([]rune(about)); n > 234 { // two rows of 118 columns, or three of 78
			t.Errorf("%s: its text has %d characters, more than the screen has room for", name, n)
		}
		if s.Ask != nil {
			asks++
		}
	}
	if asks < 5 {
		t.Errorf("%d lessons ask a question, want 5 or more", asks)
	}
}

package trace

import "testing"

// TestShare: what String writes ParseShare reads; numbers that contradict each other are refused; 80 of 100 are enough.
func TestShare(t *testing.T) {
	for _, s := range []Share{{}, {31, 90}, {90, 90}, {0, 1}} {
		if got, err := ParseShare(s.String()); err != nil || got != s {
			t.Errorf("%v: read as %v, %v", s, got, err)
		}
	}
	for _, text := range []string{"", "5", "6 5", "-1 5", "a b", "5 6 7"} {
		if got, err := ParseShare(text); err == nil || got != (Share{}) {
			t.Errorf("%q: read as %v", text, got)
		}
	}
	for s, want := range map[Share]bool{{}: true, {80, 100}: true, {79, 100}: false, {4, 5}: true, {3, 4}: false, {0, 1}: false} {
		if s.Enough() != want {
			t.Errorf("%v: enough %v", s, !want)
		}
	}
}

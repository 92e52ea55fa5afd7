package kernel

import "testing"

func TestParseClock(t *testing.T) {
	for text, want := range map[string]clock{
		"monotonic           0         0\nboottime            0         0\n":         {},
		"monotonic    34492860       500\nboottime     -86400 999999999\n":           {34492860*1e9 + 500, -86400*1e9 + 999999999},
		"monotonic 99999999999999999999 0\nnothing 1 2\nmonotonic x y\nboottime 1\n": {},
		"": {},
	} {
		if got := parseClock(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

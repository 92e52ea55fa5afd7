//go:build linux

package sys

import "testing"

func TestChosen(t *testing.T) {
	for line, want := range map[string]string{
		"none [integrity] confidentiality\n": "integrity",
		"[none] integrity confidentiality":   "none",
		"none integrity":                     "",
		"none [integrity":                    "",
		"":                                   "",
	} {
		if got := chosen(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

package tui

import (
	"strings"
	"testing"
)

// TestPageLines: every word of a page is shown, whatever the width, and no line is longer than it.
func TestPageLines(t *testing.T) {
	page := "# title\n\n    code  stays\n\nA *long* paragraph with `code` that goes on\nover two lines.\n\n## heading\n\n- one\n- two **bold**\n\n| setting | here |\n|---|---|\n| `--a x\\|y` | does this |\n"
	for _, w := range []int{40, 60, 100} {
		var all []string
		for _, l := range pageLines(page, w) {
			all = append(all, l.text)
			if len([]rune(l.text)) > max(w, 54) {
				t.Errorf("width %d: %q is too long", w, l.text)
			}
		}
		text := strings.Join(all, "\n")
		for _, want := range []string{"    code  stays", "heading", "- one", "- two bold", "--a x|y", "does this", "code"} {
			if !strings.Contains(text, want) {
				t.Errorf("width %d: %q is missing in\n%s", w, want, text)
			}
		}
		if strings.ContainsAny(text, "`*#") {
			t.Errorf("width %d: marks are left in\n%s", w, text)
		}
	}
}

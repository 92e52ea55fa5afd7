package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// TestTalk: what the program says of a scenario and of a recording on standard error holds nothing that acts on a terminal.
func TestTalk(t *testing.T) {
	dir := t.TempDir()
	const evil = "\x1b]0;x\x07\u009b31m\u202e\u2028"
	story := filepath.Join(dir, "evil.star")
	if err := os.WriteFile(story, []byte("title = \"\\x1b]0;x\\x07\\u009b31m\\u202e\\u2028\"\ndef main():\n    pass\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rec := filepath.Join(dir, evil+".evt")
	r := run(t, "--headless", "--listen", "127.0.0.1:0", "--scenario", story, "--record", rec)
	if r.code != 0 || !strings.Contains(r.err, "scenario ") || !strings.Contains(r.err, "recorded ") {
		t.Fatalf("code %d, said %q", r.code, r.err)
	}
	if _, err := os.Stat(rec); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.err {
		if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == '\u2028') {
			t.Errorf("%U passes to the terminal in %q", c, r.err)
		}
	}
}

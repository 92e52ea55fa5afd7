package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestClaims: what a story claims is held against the screen as it is drawn where the story stops. A claim that the screen does not bear out is
// shown with what the screen has instead, and ends the command with 1. TestLessons holds the lessons.
func TestClaims(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.star")
	story := func(claims string) string {
		return `about = "one read of 8 bytes, and an answer"
knobs = {"mode": "epoll", "trigger": "level"}
expect = {"reads": 1}
watch = {"from": "Open from=accept", "to": "Write ret=8"}
claims = {` + claims + `}
def main():
    c = connect()
    c.send(8)
    c.receive(8)
`
	}
	for _, c := range []struct {
		name, claims string
		code         int
		says         []string
	}{
		{"true", `"one read": "1 read", "an answer": ["not EPIPE", "in main: not E"]`, 0, []string{"the screen shows 3 of 3 claims", "  met"}},
		{"not shown", `"one read": "2 reads"`, 1, []string{`"one read": the screen does not show "2 reads"  NOT MET (`, "a.star:5:11", "view 1 where the lesson stops:", "1 read", "  not met"}},
		{"shown", `"one read": "not 1 read"`, 1, []string{"the screen shows 0 of 1 claim"}},
		{"another colour", `"one read": "in main: colour of > 1.5 s"`, 1, []string{"NOT MET"}},
		{"no such row", `"one read": "in nobody: 1"`, 1, []string{"NOT MET"}},
		{"no such row, for a denial", `"one read": "in nobody: not 1"`, 1, []string{"NOT MET"}},
		{"another view", `"an answer": "view 2: write("`, 0, []string{"  met"}},
		{"not said", `"two reads": "2 reads"`, 2, []string{"is not a part of about"}},
	} {
		if err := os.WriteFile(path, []byte(story(c.claims)), 0o600); err != nil {
			t.Fatal(err)
		}
		r := run(t, "scenarios", "run", path)
		if r.code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", c.name, r.code, c.code, r.out, r.err)
		}
		for _, s := range c.says {
			if !strings.Contains(r.out+r.err, s) {
				t.Errorf("%s: it should say %q; it said:\n%s%s", c.name, s, r.out, r.err)
			}
		}
	}
	if err := os.WriteFile(path, []byte(strings.Replace(story(`"one read": "1 read"`), "Write ret=8", "Write ret=9", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "scenarios", "run", path); r.code != 1 || !strings.Contains(r.out, "has not come") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

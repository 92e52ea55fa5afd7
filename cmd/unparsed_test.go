package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnparsed: every line that is not understood is printed with its number, from a file, from a paste and from the files of
// strace -ff, and nothing in it reaches the terminal as a command.
func TestUnparsed(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, "7 close(3) = 0\nstrange \x1b]0;title\x07%d\n", i)
	}
	log := file("bug.strace", text.String())
	r := run(t, "replay", "--unparsed", log)
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(lines) != 30 || lines[29] != log+":60: strange ?]0;title?29" || r.err != "evviz: 30 of 60 lines not understood\n" {
		t.Errorf("exit code %d, %d lines, the last %q, %q", r.code, len(lines), lines[len(lines)-1], r.err)
	}

	c := program(t, "replay", "--unparsed", "-")
	c.Stdin = strings.NewReader(text.String())
	if r := finish(t, c); r.code != 0 || strings.Count(r.out, "\n") != 30 || !strings.HasPrefix(r.out, "-:2: strange") {
		t.Errorf("from standard input: exit code %d, %.300s%s", r.code, r.out, r.err)
	}
	c = program(t, "replay", "--text=raw", "-")
	c.Stdin = strings.NewReader("> 7 close(3) = 0\n> 7 close(4) = 0\n")
	if r := finish(t, c); r.code != 0 || strings.Count(r.out, " Close ") != 2 || r.err != "" {
		t.Errorf("a paste: exit code %d, %s%s", r.code, r.out, r.err)
	}

	file("out.7", "1795386961.000001 close(3) = 0 <0.000002>\nodd\n")
	file("out.8", "1795386961.000002 close(4) = 0 <0.000002>\n")
	out := filepath.Join(dir, "out")
	if r := run(t, "replay", "--unparsed", out); r.code != 0 || r.out != out+".7:2: odd\n" {
		t.Errorf("-ff: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if r := run(t, "replay", "--text=raw", out); r.code != 0 || strings.Count(r.out, " Close ") != 2 {
		t.Errorf("-ff: exit code %d, %s%s", r.code, r.out, r.err)
	}

	if r := run(t, "replay", "--unparsed", file("a.txt", "a text\nlike any other\n")); r.code != exitEnv || !strings.Contains(r.err, "not strace text") {
		t.Errorf("another text: exit code %d, %s", r.code, r.err)
	}
	if r := run(t, "replay", "--unparsed", "--text=raw", log); r.code != exitUsage {
		t.Errorf("two things at once: exit code %d, %s", r.code, r.err)
	}
}

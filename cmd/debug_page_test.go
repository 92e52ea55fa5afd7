package cmd

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDebugPage: what docs/debug-my-server.md shows of check, replay and compare is what they print of the logs that it was written from.
func TestDebugPage(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../docs/debug-my-server.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, kept := range map[string]string{"bug.strace": "debug.strace.gz", "new.strace": "debugged.strace.gz"} {
		f, err := os.Open("testdata/" + kept)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	held := 0
	for _, part := range strings.Split(string(b), "\n    $ ")[1:] {
		command, rest, _ := strings.Cut(part, "\n")
		command, pipe, _ := strings.Cut(command, " | ")
		words := strings.Fields(command)
		if words[0] != "evviz" || words[1] == "snapshot" {
			continue
		}
		p := program(t, words[1:]...)
		p.Dir = dir
		var shown []string
		for _, line := range strings.Split(rest, "\n") {
			if line != "" && !strings.HasPrefix(line, "    ") {
				break
			}
			shown = append(shown, strings.TrimPrefix(line, "    "))
		}
		for len(shown) > 0 && shown[len(shown)-1] == "" {
			shown = shown[:len(shown)-1]
		}
		if before, _, ok := strings.Cut(command, " - <<END"); ok {
			text := ""
			for shown[0] != "END" {
				text += shown[0] + "\n"
				shown = shown[1:]
			}
			shown = shown[1:]
			p = program(t, append(strings.Fields(before)[1:], "-")...)
			p.Stdin = strings.NewReader(text)
		}
		said := finish(t, p).out
		if pipe == "" && !strings.HasPrefix(said, shown[0]+"\n") {
			t.Errorf("%s begins with\n%s\nand the page has\n%s", command, said, shown[0])
		}
		for _, line := range shown {
			if line == "..." {
				break
			}
			if !strings.Contains("\n"+said, "\n"+line+"\n") {
				t.Errorf("%s does not print %q; it prints\n%s", command, line, said)
			}
		}
		held++
	}
	if held != 5 {
		t.Errorf("%d commands of the page were held to the program, want 5", held)
	}
}

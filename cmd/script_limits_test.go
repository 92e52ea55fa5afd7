package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestScenarioBounds: a scenario that asks for more memory than there is, or nests without end, ends with a sentence and a
// place, wherever it asks: at its top, which the program itself loads, or in a client.
func TestScenarioBounds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		name, text string
		code       int
		says       string
	}{
		{"top", "x = [0] * 400000000\ndef main():\n    connect()\n", exitUsage, "top.star:1:1: what the scenario does next needs more than 256 MiB of memory"},
		{"client", "def main():\n    c = connect()\n    x = [0] * 400000000\n", exitFailure, "client.star:2:16: what the scenario does next needs more than 1024 MiB of memory"},
		{"sum", "x = " + strings.Repeat("1+", 500_000) + "1\ndef main():\n    connect()\n", exitUsage, "sum.star:1:1: what the scenario does next is nested too deeply"},
		{"brackets", "x = " + strings.Repeat("[", 300_000) + strings.Repeat("]", 300_000) + "\ndef main():\n    connect()\n", exitUsage, "brackets.star:1:82: excessive nesting"},
		{"long", "#" + strings.Repeat(" ", 1<<20) + "\ndef main():\n    connect()\n", exitEnv, "more than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if raceEnabled && strings.Contains(c.says, "what the scenario does next") {
				t.Skip("SKIPPED, not tested: under the race detector a process has memory of another size; the run without it has it")
			}
			path := filepath.Join(dir, c.name+".star")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := run(t, "scenarios", "run", path)
			if r.code != c.code || !strings.Contains(r.out+r.err, c.says) {
				t.Errorf("exit code %d, want %d and %q:\n%.600s%.600s", r.code, c.code, c.says, r.out, r.err)
			}
		})
	}
}

// TestScenarioFiles: what is not a regular file is not waited for and not read without end.
func TestScenarioFiles(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo.star")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fifo, "/dev/zero", t.TempDir()} {
		if r := run(t, "scenarios", "run", path); r.code != exitEnv || !strings.Contains(r.err, "not a regular file") {
			t.Errorf("%s: exit code %d, %s", path, r.code, r.err)
		}
	}
}

package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/internal/testkit"
	"evviz/record"
)

// TestUnclosed: a recording that was killed is shown, and said not to have been closed, by every way to look at it; one that
// was closed is not.
func TestUnclosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tour, err := filepath.Abs("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile(tour)
	if err != nil {
		t.Fatal(err)
	}
	f, err := record.OpenFile(tour)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Closed() {
		t.Error("a finished recording is said not to be closed")
	}
	f.Close()
	// As kill -9 leaves it: whole chunks and no index.
	index := bytes.LastIndex(all, []byte{0x8b, 'e', 'v', 'I', 'N', 'D', 'X', 0x1a})
	killed := filepath.Join(dir, "killed.evt")
	if err := os.WriteFile(killed, all[:index], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"replay", "--summary"}, {"replay", "--text=raw"}, {"replay", "--size", "80x24", "--screenshot", filepath.Join(dir, "x.txt")}, {"check"}} {
		if r := run(t, append(args, tour)...); strings.Contains(r.err, "was not closed") {
			t.Errorf("%v of a finished recording: %s", args, r.err)
		}
		os.Remove(filepath.Join(dir, "x.txt"))
		if r := run(t, append(args, killed)...); strings.Count(r.err, "the recording was not closed") != 1 {
			t.Errorf("%v: %s", args, r.err)
		}
	}
	x := testkit.StartTerminal(t, 160, 36, program(t, "replay", "--paused", killed))
	x.Shows("the recording was not closed")
	x.Press("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	// Without its first bytes it is shown, too.
	headless := filepath.Join(dir, "headless.evt")
	if err := os.WriteFile(headless, all[100:], 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "replay", "--summary", headless); r.code != 0 || !strings.Contains(r.err, "the beginning of the file is lost") || strings.Contains(r.err, "not closed") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

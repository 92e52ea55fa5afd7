package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAShortRecordingFillsTheScreen: what takes a tenth of a second is not drawn on four, unless somebody asked for that.
func TestAShortRecordingFillsTheScreen(t *testing.T) {
	const log = "../diagnostics/testdata/negative/nginx.strace"
	for _, c := range []struct {
		file string
		args []string
		says string
	}{
		{log, nil, " 377 ms, "},
		{log, []string{"--span", "4s"}, " 4.0 s, "},
		{"../tui/testdata/tour.evt", nil, " 4.0 s, "},
	} {
		file, err := filepath.Abs(c.file)
		if err != nil {
			t.Fatal(err)
		}
		shot := filepath.Join(t.TempDir(), "shot.txt")
		r := run(t, append([]string{"replay", "--screenshot", shot, file}, c.args...)...)
		b, err := os.ReadFile(shot)
		if r.code != 0 || err != nil || !strings.Contains(string(b), c.says) {
			t.Errorf("replay %s %q does not show%s: exit code %d, %s, %v\n%s", c.file, c.args, c.says, r.code, r.err, err, b)
		}
	}
}

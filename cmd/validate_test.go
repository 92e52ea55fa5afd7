package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestValidate: a recording is held to its own version's rules, a text that makes no sense is told line by line.
func TestValidate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.txt")
	text := "1.000000000 1 Read complete fd=7 call=read asked=10 ret=5 seq=1\n1.000000000 1 Read complete fd=7 call=read asked=10 ret=5 seq=5\n"
	if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		out  string
	}{
		{[]string{"../record/testdata/v1/workers.evt"}, 0, "valid (format version 1)"},
		{[]string{"../probe/testdata/prefork.strace"}, 0, "valid (format version 2)"},
		{[]string{bad}, exitFailure, "event 1: I5: 3 events are missing before it and no Lost says so"},
		{[]string{"--json", bad}, exitFailure, `"violations_total": 1`},
		{[]string{"--only", "EV08", bad}, exitUsage, "--only does not go with it"},
		{[]string{filepath.Join(dir, "none.evt")}, exitEnv, "no such file"},
	} {
		args := append([]string{"check", "--validate"}, c.args...)
		for i, a := range args {
			if strings.HasPrefix(a, "../") {
				args[i], _ = filepath.Abs(a)
			}
		}
		if r := run(t, args...); r.code != c.code || !strings.Contains(r.out+r.err, c.out) {
			t.Errorf("%q: exit code %d\n%s%s", c.args, r.code, r.out, r.err)
		}
	}
}

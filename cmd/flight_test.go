package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/diagnostics"
	"evviz/internal/testkit"
	"evviz/trace"
)

// writeSpin is a run that ends after 300 waits, most of which report in vain that there is room to write, however slow the machine is.
var writeSpin = []string{"--headless", "--listen", "127.0.0.1:0", "--scenario", "ev08", "--threshold", "spin-window=1h", "--save-on", "write-spin", "--keep", "1m"}

// Without a screen, a finding saves the seconds before it, once, and the file shows the same finding.
func TestFlightHeadless(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "a run of some seconds")
	p := program(t, writeSpin...)
	r := finish(t, p)
	if r.code != 0 {
		t.Fatal(r.code, r.err)
	}
	files, _ := filepath.Glob(filepath.Join(p.Dir, "evviz-*-EV08*.evt"))
	if len(files) != 1 || !strings.Contains(r.err, "write-spin") || !strings.Contains(r.err, "to "+filepath.Base(files[0])) {
		t.Fatalf("files %v\n%s", files, r.err)
	}
	if st, _ := os.Stat(files[0]); st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
	v := trace.NewValidator(trace.ValidateOptions{})
	evs := readAll(t, files[0])
	for i := range evs {
		v.Add(&evs[i])
	}
	if err := v.Err(); err != nil {
		t.Error(err)
	}
	found := diagnostics.Check(replayed(t, files[0]).Snapshot(), diagnostics.Default())
	if len(found) == 0 || found[0].Rule.ID != "EV08" {
		t.Errorf("%v", found)
	}
}

func TestFlightFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--save-on", "writespin"}, `--save-on "writespin": want rules (EV01 to EV39, or their names; evviz explain lists them) or severities (info, warn, critical); did you mean write-spin?`},
		{[]string{"--save-on", "EV99"}, `--save-on "EV99": want rules`},
		{[]string{"--save-on="}, "--save-on wants rules (EV08) or severities"},
		{[]string{"--keep", "long"}, `--keep "long": want a time with its unit`},
		{[]string{"--keep", "0s"}, "--keep 0s: want a time above 0"},
		{[]string{"--keep", "2h"}, "--keep 2h0m0s: want a time above 0 and up to 1h0m0s"},
		{[]string{"--keep", "5s"}, "--keep alone goes with the screen"},
	} {
		r := run(t, append([]string{"--headless", "--for", "1s"}, c.args...)...)
		if r.code != exitUsage || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%v: %d %q", c.args, r.code, r.err)
		}
	}
}

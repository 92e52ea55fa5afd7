package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/diagnostics"
)

// TestCheckIgnore: what is ignored is in no form and not in the exit code, and is said to be; what is written wrongly is refused.
func TestCheckIgnore(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--ignore", "EV20"}, 0, "ignored by EV20: 1 finding\n"},
		{[]string{"--ignore", "ev20@fd=6"}, 0, "ignored by ev20@fd=6: 1 finding\n"},
		{[]string{"--ignore", "EV20@fd=6@peer=127.0.0.1"}, 0, "1 finding\n"},
		{[]string{"--ignore", "EV20@fd=7"}, exitFailure, "ignored by EV20@fd=7: 0 findings\n"},
		{[]string{"--ignore", "EV20@peer=127.0.0.2"}, exitFailure, "0 findings\n"},
		{[]string{"--ignore", "EV20@thread=1"}, exitFailure, "0 findings\n"},
		{[]string{"--ignore", "EV19", "--ignore", "misdispatch"}, 0, "ignored by EV19: 0 findings\nignored by misdispatch: 1 finding\n"},
	} {
		r := run(t, append(append([]string{"check"}, c.args...), sick)...)
		if r.code != c.code || !strings.Contains(r.out, c.says) || (c.code == 0) == strings.Contains(r.out, "EV20 misdispatch") {
			t.Errorf("%v: exit code %d\n%s%s", c.args, r.code, r.out, r.err)
		}
		if c.code == 0 && !strings.Contains(r.out, "nothing else found") {
			t.Errorf("%v: %s", c.args, r.out)
		}
	}
	var x struct {
		Ignored []struct {
			By    string
			Count int64
		}
		Findings []any
	}
	if err := json.Unmarshal([]byte(run(t, "check", "--json", "--ignore", "EV20", sick).out), &x); err != nil || len(x.Ignored) != 1 || x.Ignored[0].Count != 1 || len(x.Findings) != 0 {
		t.Errorf("JSON: %+v, %v", x, err)
	}
	for _, w := range []string{"", "EV99", "EV20@", "EV20@fd", "EV20@fd=x", "EV20@fd=-1", "EV20@fd=99999999999", "EV20@thread=0", "EV20@peer=", "EV20@colour=red", "EV20@fd=1@fd=2"} {
		if r := run(t, "check", "--ignore", w, sick); r.code != exitUsage || !strings.Contains(r.err, "EV24@fd=7") {
			t.Errorf("%q: exit code %d, %s", w, r.code, r.err)
		}
	}
}

// TestCheckBaseline: what a baseline was written of is left out, what is new is not; what is no baseline is refused, and no other file is
// written over.
func TestCheckBaseline(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.json")
	if r := run(t, "check", "--write-baseline", base, sick); r.code != exitFailure || !strings.Contains(r.out, "EV20") {
		t.Errorf("write: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := run(t, "check", "--baseline", base, sick); r.code != 0 || strings.Contains(r.out, "EV20") || !strings.Contains(r.out, "known to the baseline "+base+": 1 finding\n") {
		t.Errorf("known: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := run(t, "check", "--baseline", base, written(t, "x.strace", hangup(300))); r.code != exitFailure || !strings.Contains(r.out, "EV06") || !strings.Contains(r.out, ": 0 findings") {
		t.Errorf("new: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := run(t, "check", "--write-baseline", base, "--ignore", "EV20", sick); r.code != 0 {
		t.Errorf("written again: exit code %d: %s", r.code, r.err)
	}
	if r := run(t, "check", "--baseline", base, sick); r.code != exitFailure {
		t.Errorf("an empty baseline: exit code %d", r.code)
	}
	for name, path := range map[string]string{"missing": "/nowhere/base.json", "a log": sick, "a directory": t.TempDir(), "another object": written(t, "o.json", "{}"),
		"another version": written(t, "v.json", `{"evviz_baseline": 2}`), "more": written(t, "m.json", `{"evviz_baseline": 1} {}`),
		"an unknown rule": written(t, "r.json", `{"evviz_baseline": 1, "findings": [{"rule": "EV99", "subject": "x"}]}`)} {
		if r := run(t, "check", "--baseline", path, sick); r.code != exitUsage || !strings.Contains(r.err, "--baseline") {
			t.Errorf("%s: exit code %d, %s", name, r.code, r.err)
		}
	}
	mine := written(t, "mine.txt", "a letter\n")
	if r := run(t, "check", "--write-baseline", mine, sick); r.code != exitEnv {
		t.Errorf("over a letter: exit code %d, %s", r.code, r.err)
	}
	if b, err := os.ReadFile(mine); err != nil || string(b) != "a letter\n" {
		t.Errorf("the letter is %q, %v", b, err)
	}
}

// TestBaselineKey: what differs from run to run is not in a key, what does not is.
func TestBaselineKey(t *testing.T) {
	rule := diagnostics.RuleOf("EV01")
	for subject, want := range map[string]string{
		"fd 7 (127.0.0.1:53011)":                "fd * (127.0.0.1:*)",
		"fd 7 ([::1]:40000)":                    "fd * ([::1]:*)",
		"fd 3 (0.0.0.0:8080)":                   "fd 3 (0.0.0.0:8080)",
		"fd 3 (10.0.0.1:27017)":                 "fd 3 (10.0.0.1:27017)",
		"fd 9 of process 4711 (10.0.0.1:60000)": "fd * of process * (10.0.0.1:*)",
		"thread 4711 (worker)":                  "thread * (worker)",
		"14 more":                               "* more",
		"1,400 more":                            "* more",
		"select":                                "select",
	} {
		if k := keyOf(&diagnostics.Finding{Rule: rule, Subject: subject}); k != (known{"EV01", want}) {
			t.Errorf("%q: %v, want %q", subject, k, want)
		}
	}
}

// TestCheckThresholdsFile: a file beside the log, or else one in the current directory, changes thresholds; flags win; a bad line is refused
// with its place.
func TestCheckThresholdsFile(t *testing.T) {
	log := written(t, "x.strace", hangup(300))
	beside := filepath.Join(filepath.Dir(log), thresholdsFile)
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := func(args ...string) result {
		t.Helper()
		return run(t, append(append([]string{"check"}, args...), log)...)
	}
	if r := c(); strings.Contains(r.out, "thresholds of") || !strings.Contains(r.out, "EV06") {
		t.Fatalf("without: %s%s", r.out, r.err)
	}
	const off = "# what is normal here\n\nspin-row = 1000   # iterations\nspin-rate=1000000\n"
	write(beside, off)
	quiet := c()
	if !strings.Contains(quiet.out, "thresholds of "+beside) {
		t.Errorf("beside the log: %s%s", quiet.out, quiet.err)
	}
	var x struct {
		File string `json:"thresholds_file"`
	}
	if err := json.Unmarshal([]byte(c("--json").out), &x); err != nil || x.File != beside {
		t.Errorf("JSON: %+v, %v", x, err)
	}
	for _, b := range []struct{ text, says string }{{"gap = 50ms\nnonsense\n", ":2: "}, {"nosuch = 5\n", `no threshold "nosuch"`}, {"gap = x\n", ":1: "}, {"= 5\n", ":1: "}} {
		write(beside, b.text)
		if r := c(); r.code != exitUsage || !strings.Contains(r.err, b.says) || !strings.Contains(r.err, beside) || !strings.Contains(r.err, "evviz check --help") && !strings.Contains(r.err, "for example") {
			t.Errorf("%q: exit code %d, %s", b.text, r.code, r.err)
		}
	}
	if err := os.Remove(beside); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(beside, 0o700); err != nil {
		t.Fatal(err)
	}
	if r := c(); r.code != exitUsage || !strings.Contains(r.err, "directory") {
		t.Errorf("a directory: exit code %d, %s", r.code, r.err)
	}
}

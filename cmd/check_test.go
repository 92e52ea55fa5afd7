package cmd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"evviz/diagnostics"
	"evviz/probe"
	"evviz/timeline"
)

// sick is a log in which EV20 is found at warn, and nothing that is critical.
var sick = absolute(logs + "museum/ev20-broken.strace")

// absolute is for programs that are run elsewhere.
func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		panic(err)
	}
	return abs
}

// TestCheckForms: the four forms say the same, and each is what it claims to be.
func TestCheckForms(t *testing.T) {
	text := run(t, "check", "--explain", sick)
	if text.code != exitFailure || !strings.Contains(text.out, "EV20 misdispatch · warn") || !strings.Contains(text.out, "fix: ") || !strings.Contains(text.out, "why it matters: ") {
		t.Errorf("text: exit code %d\n%s%s", text.code, text.out, text.err)
	}
	for line := range strings.Lines(text.out) {
		if len([]rune(line)) > 101 && !strings.HasPrefix(line, "unknown: ") {
			t.Errorf("a line is too long: %q", line)
		}
	}
	r := run(t, "check", "--json", sick)
	var x map[string]any
	if err := json.Unmarshal([]byte(r.out), &x); err != nil || r.code != exitFailure {
		t.Fatalf("JSON: exit code %d, %v", r.code, err)
	}
	list := x["findings"].([]any)
	if len(list) == 0 {
		t.Fatal("JSON: no finding")
	}
	f := list[0].(map[string]any)
	for _, k := range []string{"id", "name", "severity", "verdict", "fd", "peer", "thread", "subject", "count", "first", "last", "evidence", "sentence", "why", "fix", "else"} {
		if _, ok := f[k]; !ok {
			t.Errorf("JSON: a finding has no %q", k)
		}
	}
	if f["id"] != "EV20" || f["first"].(float64) <= 0 || len(f["why"].(string)) < 40 {
		t.Errorf("JSON: %v", f)
	}
	if r := run(t, "check", "--md", sick); !strings.Contains(r.out, "| EV20 misdispatch | warn |") || !strings.Contains(r.out, "\n## EV20 misdispatch: ") {
		t.Errorf("Markdown:\n%s", r.out)
	}
	r = run(t, "check", "--sarif", sick)
	var s struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct{ RuleID, Level string }
		}
	}
	if err := json.Unmarshal([]byte(r.out), &s); err != nil || s.Version != "2.1.0" || len(s.Runs) != 1 || len(s.Runs[0].Tool.Driver.Rules) != len(diagnostics.Rules) ||
		s.Runs[0].Results[0].RuleID != "EV20" || s.Runs[0].Results[0].Level != "warning" {
		t.Errorf("SARIF: %v %+v", err, s)
	}
}

// TestCheckGate: the exit code is the verdict, and --fail-on, --only and --threshold change it.
func TestCheckGate(t *testing.T) {
	healthy := absolute(logs + "museum/ev20-mended.strace")
	prose := filepath.Join(t.TempDir(), "prose")
	if err := os.WriteFile(prose, []byte("nothing of interest\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want int
		args []string
	}{
		{exitFine, []string{healthy}},
		{exitFailure, []string{sick}},
		{exitFine, []string{"--fail-on", "critical", sick}},
		{exitFailure, []string{"--fail-on", "EV20", sick}},
		{exitFailure, []string{"--fail-on", "misdispatch,critical", sick}},
		{exitFailure, []string{"--fail-on", "warn", sick}},
		{exitFine, []string{"--fail-on", "EV08", sick}},
		{exitFine, []string{"--only", "EV08", sick}},
		{exitUsage, []string{"--only", "EV99", sick}},
		{exitUsage, []string{"--fail-on", "grave", sick}},
		{exitUsage, []string{"--threshold", "gap", sick}},
		{exitUsage, []string{"--threshold", "gap=soon", sick}},
		{exitUsage, []string{"--threshold", "nosuch=1", sick}},
		{exitUsage, []string{"--json", "--md", sick}},
		{exitUsage, nil},
		{exitEnv, []string{"/no/such/file"}},
		{exitEnv, []string{prose}},
	} {
		if r := run(t, append([]string{"check"}, c.args...)...); r.code != c.want || c.want >= exitUsage && r.err == "" {
			t.Errorf("check %v: exit code %d, want %d: %s", c.args, r.code, c.want, r.err)
		}
	}
	// A limit below what is noted anyhow: the fold has to be told of it, not the rules alone.
	short := filepath.Join(t.TempDir(), "short.txt")
	if err := os.WriteFile(short, []byte("1.0 1 Wait complete inst=ep3 passed=-1 count=1\n1.005 1 Sleep complete call=nanosleep asked=5ms dur=5ms\n1.005 1 Wait enter inst=ep3 passed=-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, b := run(t, "check", short), run(t, "check", "--threshold", "gap=5ms", short); a.code != 0 || b.code != exitFailure || !strings.Contains(b.out, "EV25 blocked-loop") {
		t.Errorf("gap=5ms: exit code %d and %d\n%s%s", a.code, b.code, b.out, b.err)
	}
	r := run(t, "check", "--threshold", "lab-stall=1s", "--threshold", "spin-window=1s", sick)
	if r.code != exitFailure {
		t.Errorf("thresholds: exit code %d, %s", r.code, r.err)
	}
}

// TestCheckPaste: a mail with a piece of a log in it, on standard input.
func TestCheckPaste(t *testing.T) {
	b, err := os.ReadFile(sick)
	if err != nil {
		t.Fatal(err)
	}
	var mail strings.Builder
	mail.WriteString("Hi,\n\nour server answers the wrong client. This is what I see:\n\n")
	for line := range strings.Lines(string(b)) {
		mail.WriteString("> " + line)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, "check", "-")
	c.Env = append(os.Environ(), "EVVIZ_TEST_MAIN=1")
	c.Stdin = strings.NewReader(mail.String())
	out, _ := c.CombinedOutput()
	if c.ProcessState.ExitCode() != exitFailure || !strings.Contains(string(out), "EV20 misdispatch") {
		t.Errorf("exit code %d\n%s", c.ProcessState.ExitCode(), out)
	}
}

// TestExplain: every rule has its page, and a wrong word is answered with a near one.
func TestExplain(t *testing.T) {
	r := run(t, "explain")
	if n := strings.Count(r.out, "\n"); r.code != 0 || n != len(diagnostics.Rules) {
		t.Errorf("exit code %d, %d lines", r.code, n)
	}
	if r := run(t, "explain", "EV08", "lt-leftover"); r.code != 0 || !strings.HasPrefix(r.out, "# EV08 write-spin\n") || !strings.Contains(r.out, "\n# EV02 lt-leftover\n") {
		t.Errorf("exit code %d\n%s", r.code, r.out)
	}
	if r := run(t, "explain", "write-spinn"); r.code != exitUsage || !strings.Contains(r.err, "did you mean write-spin?") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

// TestLedgerFindsTheSame: the timeline that keeps the ledger alone judges as the one that can be drawn.
func TestLedgerFindsTheSame(t *testing.T) {
	files, err := filepath.Glob(logs + "*/*.strace")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d logs, %v", len(files), err)
	}
	for _, path := range files {
		a := checked(t, path)
		src, err := probe.OpenStream(path)
		if err != nil {
			t.Fatal(err)
		}
		feed := timeline.NewFeed(src, timeline.Options{Ledger: true})
		if err := feed.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := feed.Snapshot()
		s.Info = src.Info() // what a reader of a stream has found out on the way
		src.Close()
		b := diagnostics.Check(s, diagnostics.Default())
		if len(a) != len(b) {
			t.Errorf("%s: %d findings and %d", path, len(a), len(b))
			continue
		}
		for i := range a {
			if a[i].Sentence != b[i].Sentence || a[i].Severity != b[i].Severity || a[i].Verdict != b[i].Verdict {
				t.Errorf("%s:\n  %s\n  %s", path, a[i].Sentence, b[i].Sentence)
			}
		}
	}
}

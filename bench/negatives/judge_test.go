package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/bench/internal/straced"
)

// TestTrueFile: what is known to be true can be read, and is of runs that are here.
func TestTrueFile(t *testing.T) {
	known, err := knownTrue("true.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range known {
		is := false
		for _, r := range combinations(servers) {
			is = is || k.run.MatchString(r.String())
		}
		if !is {
			t.Errorf("true.tsv: no run is called %s", k.run)
		}
		if k.sentence.MatchString("") || k.rule.MatchString("") {
			t.Errorf("true.tsv: %s %s is of everything", k.run, k.rule)
		}
	}
}

// TestTruth: run, rule and the whole sentence have to fit.
func TestTruth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "true.tsv")
	if err := os.WriteFile(path, []byte("# a comment\n\n(redis|nginx)/.*/busy\tEV28\tfd [0-9]+: .*\tseen in its source\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := knownTrue(path)
	if err != nil || len(known) != 1 {
		t.Fatalf("%d (%v), want one", len(known), err)
	}
	for _, c := range []struct {
		run, rule, sentence string
		want                bool
	}{
		{"redis/start/-f/busy", "EV28", "fd 7: 30 changes", true},
		{"nginx/attach/-f -tt/busy", "EV28", "fd 7: 30 changes", true},
		{"nginx-tls/start/-f/busy", "EV28", "fd 7: 30 changes", false},
		{"redis/start/-f/alone", "EV28", "fd 7: 30 changes", false},
		{"redis/start/-f/busy", "EV27", "fd 7: 30 changes", false},
		{"redis/start/-f/busy", "EV28", "thread 8, fd 7: 30 changes", false},
	} {
		if got := known[0].of(c.run, straced.Finding{ID: c.rule, Sentence: c.sentence}); got != c.want {
			t.Errorf("%v: %t", c, got)
		}
	}
}

// TestNoProof: a finding without a proof is not known to be true.
func TestNoProof(t *testing.T) {
	for _, line := range []string{"redis\tEV28\t.*\n", "redis\tEV28\t.*\t \n", "redis\tEV28\t(\tseen\n"} {
		path := filepath.Join(t.TempDir(), "true.tsv")
		if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := knownTrue(path); err == nil || !strings.Contains(err.Error(), "true.tsv:1") {
			t.Errorf("%q: %v, want an error that names the line", line, err)
		}
	}
}

// TestCounted: what is not known to be true is counted, info is not, and a log that could not be judged is a failure.
func TestCounted(t *testing.T) {
	known, err := knownTrue("true.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	tab := table{out: &out, known: known}
	r := run{servers[0], attached, flagSets[0], false}
	tab.add(r, result{check: straced.Checked{Events: 10, Findings: []straced.Finding{
		{ID: "EV01", Severity: "critical", Verdict: "certain", Sentence: "this was made up"},
		{ID: "EV36", Severity: "info", Verdict: "certain", Sentence: "woken ten times a second"},
	}}})
	tab.add(r, result{err: os.ErrNotExist})
	if tab.unknown != 1 || tab.failed != 1 || tab.runs != 2 || tab.events != 10 {
		t.Errorf("unknown %d, failed %d, runs %d, events %d; want 1, 1, 2, 10", tab.unknown, tab.failed, tab.runs, tab.events)
	}
	for _, want := range []string{"NOT KNOWN TO BE TRUE: EV01 critical, certain: this was made up", "FAILED: file does not exist"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, out.String())
		}
	}
}

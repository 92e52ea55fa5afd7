package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/bench/internal/straced"
	"evviz/internal/testkit"
)

// TestNames: logs have names of their own, without a blank or slash, and every bug its source, its rule and a client.
func TestNames(t *testing.T) {
	var files []string
	for _, r := range runs(bugs) {
		files = append(files, r.file())
	}
	testkit.PlainNames(t, files)
	for _, b := range bugs {
		if _, err := os.Stat(filepath.Join("testdata/src", b.src)); err != nil {
			t.Errorf("%s/%s: %v", b.stack, b.name, err)
		}
		if b.rule == "" || b.n < 1 || b.first == nil || b.then == nil || len(b.argv) == 0 {
			t.Errorf("%s/%s: %+v lacks something", b.stack, b.name, b)
		}
	}
}

// TestKept: the tests' logs are those of runs whose counts are compared, are there and small, and each stack has one.
func TestKept(t *testing.T) {
	stacks, left := map[string]bool{}, len(kept)
	for _, r := range runs(bugs) {
		stacks[r.bug.stack] = stacks[r.bug.stack] || kept[r.String()]
		if !kept[r.String()] {
			continue
		}
		left--
		if r.bug.counts == notCounted || r.state == inMidst {
			t.Errorf("%s: its count is not known", r)
		}
		info, err := os.Stat(filepath.Join("../..", tests, r.file()))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Size() > largestKept {
			t.Errorf("%s has %d bytes, more than %d", r.file(), info.Size(), largestKept)
		}
	}
	if left != 0 {
		t.Errorf("%d names of kept are not those of a run", left)
	}
	for s, has := range stacks {
		if !has {
			t.Errorf("no log of %s", s)
		}
	}
}

// TestNamed: the rule must stand first, above info and with the count; where the program did not end by itself no count is compared.
func TestNamed(t *testing.T) {
	b := &bug{rule: "EV01", counts: repeats}
	right := straced.Finding{ID: "EV01", Severity: "critical", Count: 199}
	other := straced.Finding{ID: "EV38", Severity: "warn", Count: 199}
	info, few := right, right
	info.Severity, few.Count = "info", 74
	for _, c := range []struct {
		name    string
		counted int64
		list    []straced.Finding
		err     error
		want    bool
	}{
		{"right", 200, []straced.Finding{right, other}, nil, true},
		{"second", 200, []straced.Finding{other, right}, nil, false},
		{"nothing", 200, nil, nil, false},
		{"info", 200, []straced.Finding{info}, nil, false},
		{"wrong count", 200, []straced.Finding{few}, nil, false},
		{"count not known", 0, []straced.Finding{few}, nil, true},
		{"failed", 200, []straced.Finding{right}, os.ErrNotExist, false},
	} {
		res := result{counted: c.counted, check: straced.Checked{Findings: c.list}, err: c.err}
		if got := res.named(b); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
		var out strings.Builder
		tab := table{out: &out}
		tab.add(run{b, fromStart, flagSets[0]}, res)
		if (tab.named == 1) != c.want || (tab.failed == 1) != (c.err != nil) {
			t.Errorf("%s: named %d, failed %d", c.name, tab.named, tab.failed)
		}
		if !c.want && c.err == nil && !strings.Contains(out.String(), "NOT AS WANTED") {
			t.Errorf("%s: the table says\n%s", c.name, out.String())
		}
	}
}

// TestCounted: a program says how often its bug showed, among what strace says.
func TestCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "said")
	for text, want := range map[string]int64{"strace: Process 7 attached\ncounted 200\n": 200, "uncounted 3\n": 0, "": 0} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := countedIn(path); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d (%v), want %d", text, got, err, want)
		}
	}
}

// TestTrace: a bug is traced in every state, the log holds the events that the program counted, and nothing is left afterwards.
func TestTrace(t *testing.T) {
	testkit.Long(t, "it builds a program and runs it three times")
	testkit.Need(t, "strace")
	t.Chdir("../..")
	w, err := newWorkshop(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer w.slow.close()
	for _, r := range runs(bugs) {
		if r.bug.stack != "go" || r.bug.name != "unread" || r.flags != flagSets[0] {
			continue
		}
		res := w.run(t.Context(), r)
		if res.err != nil {
			t.Errorf("%s: %v", r, res.err)
			continue
		}
		b, err := os.ReadFile(res.log)
		if err != nil {
			t.Fatal(err)
		}
		if started := strings.Contains(string(b), "execve("); started != (r.state == fromStart) {
			t.Errorf("%s: the program's start is in the log: %t", r, started)
		}
		if (res.counted == int64(r.bug.n)) != (r.state != inMidst) {
			t.Errorf("%s: the program counted %d", r, res.counted)
		}
		if n := strings.Count(string(b), "[{events=EPOLLIN, "); r.state != inMidst && n < r.bug.n {
			t.Errorf("%s: %d events are in the log, the program counted %d", r, n, r.bug.n)
		}
	}
	if kids := straced.Children(os.Getpid()); len(kids) > 0 {
		t.Errorf("the processes %v are left", kids)
	}
}

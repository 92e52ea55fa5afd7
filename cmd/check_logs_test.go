package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"evviz/diagnostics"
)

const logs = "../diagnostics/testdata/"

// checked is what the rules find in what strace printed.
func checked(t *testing.T, path string) []*diagnostics.Finding {
	t.Helper()
	return diagnostics.Check(folded(t, path), diagnostics.Default())
}

// logsOf are the logs of a folder; there are so many at least.
func logsOf(t *testing.T, folder string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(logs + folder + "/*.strace")
	if err != nil || len(files) < least {
		t.Fatalf("%d logs in %s (%v), want %d", len(files), folder, err, least)
	}
	return files
}

// silent requires that nothing above info is found.
func silent(t *testing.T, path string, may ...string) {
	t.Helper()
	for _, f := range checked(t, path) {
		if f.Severity > diagnostics.Info && !slices.Contains(may, f.Rule.ID) {
			t.Errorf("%s %s, %s: %s", f.Rule.ID, f.Severity, f.Verdict, f.Sentence)
		}
	}
}

// finds requires that a rule finds something as grave as that.
func finds(t *testing.T, path, rule string, least diagnostics.Severity) {
	t.Helper()
	list := checked(t, path)
	if !slices.ContainsFunc(list, func(f *diagnostics.Finding) bool { return f.Rule.ID == rule && f.Severity >= least }) {
		t.Errorf("%s is not found at %s or above; found is:", rule, least)
		for _, f := range list {
			t.Logf("%s %s, %s: %s", f.Rule.ID, f.Severity, f.Verdict, f.Sentence)
		}
	}
}

// TestHealthyPrograms: nothing above info is said of programs that do it right: whole runs with all that strace can say, and pastes of other
// forms, attached to in the middle, filtered, without times, beside two busy loops.
func TestHealthyPrograms(t *testing.T) {
	for _, path := range logsOf(t, "negative", 13) {
		t.Run(filepath.Base(path), func(t *testing.T) { silent(t, path) })
	}
}

// TestRealBugs: each rebuilt bug report is found by the rule that the table of the reports names.
func TestRealBugs(t *testing.T) {
	b, err := os.ReadFile(logs + "bugs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\| (EV[0-9]{2}) \\|$").FindAllStringSubmatch(string(b), -1) {
		rules[m[1]] = m[2]
	}
	for _, path := range logsOf(t, "bugs", 8) {
		name := strings.TrimSuffix(filepath.Base(path), ".strace")
		t.Run(name, func(t *testing.T) {
			if rules[name] == "" {
				t.Fatalf("the table of bugs/README.md has no rule for %s", name)
			}
			finds(t, path, rules[name], diagnostics.Warn)
		})
	}
}

// curesMay is what is true of a cure besides.
var curesMay = map[string][]string{"EV23": {"EV36"}} // a timer of 10 ms that does nothing when it is due

// TestMuseumLogs: the mistakes that the lab cannot make are found in their logs, and their cures are silent.
func TestMuseumLogs(t *testing.T) {
	for _, path := range logsOf(t, "museum", 10) {
		id, how, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".strace"), "-")
		id = strings.ToUpper(id)
		t.Run(id+" "+how, func(t *testing.T) {
			if how == "broken" {
				finds(t, path, id, diagnostics.Info)
				return
			}
			silent(t, path, curesMay[id]...)
			for _, f := range checked(t, path) {
				if f.Rule.ID == id {
					t.Errorf("%s of the cure: %s", id, f.Sentence)
				}
			}
		})
	}
}

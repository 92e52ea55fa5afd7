package diagnostics

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// TestDocsRules holds the page of all rules to their table.
func TestDocsRules(t *testing.T) {
	const path, begin, end = "../docs/rules.md", "<!-- rules: made from diagnostics/rules.go and settings.go; make docs -->\n", "<!-- /rules -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	i, k := strings.Index(page, begin), strings.Index(page, end)
	if i < 0 || k < i {
		t.Fatalf("%s has no place for the rules", path)
	}
	want := rulesPage()
	if testkit.Updating() {
		if err := os.WriteFile(path, []byte(page[:i+len(begin)]+want+page[k:]), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if page[i+len(begin):k] != want {
		t.Errorf("%s is not what the rules say; rewrite it with: make docs", path)
	}
}

func rulesPage() string {
	var b strings.Builder
	listed := 0
	for _, s := range Sections {
		fmt.Fprintf(&b, "\n## %s\n\n| rule | what it says | needs times | thresholds |\n|---|---|---|---|\n", s)
		for i := range Rules {
			r := &Rules[i]
			if r.Section != s {
				continue
			}
			listed++
			var names []string
			for _, x := range r.Thresholds() {
				names = append(names, "`"+x.Name+"`")
			}
			times := ""
			if r.ByTime {
				times = "yes"
			}
			fmt.Fprintf(&b, "| [%s %s](../diagnostics/text/%s.md) | %s | %s | %s |\n", r.ID, r.Name, r.ID, r.Says, times, strings.Join(names, " "))
		}
	}
	if listed != len(Rules) {
		return "a rule is in no section"
	}
	b.WriteString("\n## Thresholds\n\n| threshold | default | what it is | rules |\n|---|---|---|---|\n")
	def := Default()
	for i := range Thresholds {
		x := &Thresholds[i]
		var ids []string
		for _, r := range x.Rules() {
			ids = append(ids, r.ID)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", x.Name, x.Get(&def), x.Doc, strings.Join(ids, " "))
	}
	return b.String() + "\n"
}

package diagnostics

import (
	"fmt"
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// TestDocsRules holds the page of all rules to their table.
func TestDocsRules(t *testing.T) {
	const path, begin, end = "../docs/rules.md", "<!-- rules: made from diagnostics/rules.go and settings.go; make docs -->\n", "<!-- /rules -->"
	testkit.Section(t, path, begin, end, rulesPage())
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
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", x.Name, x.Get(&def), x.Doc+deprecated(x), strings.Join(ids, " "))
	}
	return b.String() + "\n"
}

// deprecated says which other name a threshold has.
func deprecated(x *Threshold) string {
	if x.old == "" {
		return ""
	}
	return " (`" + x.old + "` is its deprecated name)"
}

package figures

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of figures into the page on scenarios")

const page, begin, end = "../docs/scenarios.md", "<!-- The table of package figures, written by: go test ./figures -run TestPage -update -->\n", "<!-- end of the table -->\n"

// TestPage: the page on scenarios has the table, in the order of its names.
func TestPage(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(raw), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	all := make([]*Figure, len(Table))
	for i := range Table {
		all[i] = &Table[i]
	}
	slices.SortStableFunc(all, func(a, b *Figure) int { return cmp.Compare(stem(a), stem(b)) })
	var b strings.Builder
	b.WriteString("\n| figure | is | of one descriptor |\n|---|---|---|\n")
	for _, f := range all {
		of := ""
		if f.Lane != nil {
			of = "yes"
		}
		if f.Run == nil {
			of = "only"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.StoryName(), f.Doc, of)
	}
	b.WriteString("\n")
	want := head + begin + b.String() + end + tail
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(raw) != want {
		t.Errorf("%s has another table; go test ./figures -run TestPage -update writes it", page)
	}
}

// stem is what the figures of one distribution have in common: they stay together, in their own order.
func stem(f *Figure) string {
	for _, end := range []string{"_p50", "_p90", "_p99", "_max"} {
		if s, ok := strings.CutSuffix(f.Name, end); ok {
			return s
		}
	}
	return f.Name
}

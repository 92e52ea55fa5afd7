package modes

import (
	"strings"
	"testing"
)

// TestEveryPageIsTitled: the first line of a page is its mechanism, as the screen shows it.
func TestEveryPageIsTitled(t *testing.T) {
	es, err := pages.ReadDir(".")
	if err != nil || len(es) == 0 {
		t.Fatal(len(es), err)
	}
	for _, e := range es {
		name := strings.TrimSuffix(e.Name(), ".md")
		if !strings.HasPrefix(Page(name), "# "+name+"\n") {
			t.Errorf("%s does not begin with its name", e.Name())
		}
	}
	if Page("no such mode") != "" {
		t.Error("a page of nothing")
	}
}

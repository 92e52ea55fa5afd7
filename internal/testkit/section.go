package testkit

import (
	"os"
	"strings"
	"testing"
)

// Section holds the part of a page between two marks to what it is made from, or writes it anew when golden files are to be rewritten
// (make docs). It returns the page.
func Section(t testing.TB, path, begin, end, want string) (page string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page = string(b)
	i, k := strings.Index(page, begin), strings.Index(page, end)
	if i < 0 || k < i {
		t.Fatalf("%s has no place for what stands between %q and %q", path, begin, end)
	}
	i += len(begin)
	switch {
	case page[i:k] == want:
	case Updating():
		page = page[:i] + want + page[k:]
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what the program says; rewrite it with: make docs", path)
	}
	return page
}

package testkit

import (
	"strings"
	"testing"
)

// PlainNames requires that each of several files has a name of its own, without what a shell or a table would split.
func PlainNames(t testing.TB, names []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			t.Errorf("%s is the name of two", n)
		}
		seen[n] = true
		if strings.ContainsAny(n, " /,") {
			t.Errorf("%q is not a plain name", n)
		}
	}
}

package main

import (
	"testing"

	"evviz/internal/testkit"
)

// TestPairwise: every two choices occur together, in as many runs as were asked for and never twice the same.
func TestPairwise(t *testing.T) {
	const want = 150
	plan := pairwise(servers, want)
	if len(plan) != want {
		t.Errorf("%d runs, want %d", len(plan), want)
	}
	names, pairs := map[string]bool{}, map[string]bool{}
	for _, r := range plan {
		if names[r.String()] {
			t.Errorf("%s is there twice", r)
		}
		names[r.String()] = true
		for _, p := range r.tuples(2) {
			pairs[p] = true
		}
	}
	for _, s := range servers {
		n := 0
		for _, r := range plan {
			if r.server == s {
				n++
			}
		}
		if n < want/len(servers) {
			t.Errorf("%d runs of %s, want %d or more", n, s.name, want/len(servers))
		}
	}
	for _, r := range combinations(servers) {
		for _, p := range r.tuples(2) {
			if !pairs[p] {
				t.Errorf("no run has both of %s", p)
				pairs[p] = true
			}
		}
	}
}

// TestFewRuns: as many runs as the pairs take are made even when fewer were asked for.
func TestFewRuns(t *testing.T) {
	some := servers[:3]
	plan := pairwise(some, 1)
	if least := len(some) * len(flagSets); len(plan) < least {
		t.Errorf("%d runs hold every pair of a server and its flags, which takes %d", len(plan), least)
	}
	if all := combinations(some); len(plan) >= len(all) {
		t.Errorf("%d runs of %d: nothing was left out", len(plan), len(all))
	}
}

// TestNames: servers and log files have names of their own, and no blank or slash in a file's.
func TestNames(t *testing.T) {
	var files []string
	for _, r := range combinations(servers) {
		files = append(files, r.file())
	}
	testkit.PlainNames(t, files)
}

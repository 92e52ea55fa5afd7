package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestKept: the tests' logs are there, small, and hold every choice of state, flags and load.
func TestKept(t *testing.T) {
	runs := keptRuns(kept)
	if len(runs) != len(kept) {
		t.Errorf("%d of %d names are those of a run", len(runs), len(kept))
	}
	seen := map[string]bool{}
	for _, r := range runs {
		seen[r.state], seen[r.flags.name], seen[r.load()] = true, true, true
		info, err := os.Stat(filepath.Join("../..", tests, r.file()))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Size() > largestKept {
			t.Errorf("%s has %d bytes, more than %d", r.file(), info.Size(), largestKept)
		}
	}
	for _, s := range states {
		if !seen[s] {
			t.Errorf("no log with %s", s)
		}
	}
	for _, f := range flagSets {
		if f.short != "T" && !seen[f.name] { // the logs of make.sh have it
			t.Errorf("no log with %s", f.name)
		}
	}
	for _, r := range runs[:1] {
		for _, beside := range []bool{false, true} {
			if r.beside = beside; !seen[r.load()] {
				t.Errorf("no log %s", r.load())
			}
		}
	}
}

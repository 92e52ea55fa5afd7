package testkit

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update-golden", false, "rewrite the golden files of the tests that run")

// Golden compares got with testdata/name. The file is only rewritten by
//
//	go test ./... -run TestName -update-golden
func Golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with: go test -run %s -update-golden", err, t.Name())
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it, and if it is better: go test -run %s -update-golden\n--- want\n%s--- got\n%s", path, t.Name(), want, got)
	}
}

// Updating reports whether golden files are to be rewritten.
func Updating() bool { return *update }

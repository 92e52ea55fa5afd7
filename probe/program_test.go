package probe

import (
	"os"
	"slices"
	"testing"
)

// TestProgram: this test's own file is among its names, once; of a process that there is not nothing is known.
func TestProgram(t *testing.T) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	names := Program(os.Getpid())
	if len(names) < 2 || names[0] != exe || slices.Contains(names[1:], exe) {
		t.Errorf("%q, want %q first", names, exe)
	}
	if names := Program(1 << 30); names != nil {
		t.Errorf("%q", names)
	}
}

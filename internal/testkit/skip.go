package testkit

import (
	"os"
	"os/exec"
	"testing"
)

// Long skips with -short what takes long, and says so. The run without it has it.
func Long(t testing.TB, what string) {
	t.Helper()
	if testing.Short() {
		t.Skipf("SKIPPED with -short: %s", what)
	}
}

// Need skips a test that needs a program which is not there, and says so where it is seen. In CI, where everything that
// tests need has been installed, a missing program is a failure.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed: .ci/run must install it", program)
	}
	t.Skipf("SKIPPED, not tested: %s is not installed", program)
	return ""
}

package tui

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLinuxNumbers: on Linux the tables are the system's.
func TestLinuxNumbers(t *testing.T) {
	if cloneThread != unix.CLONE_THREAD {
		t.Errorf("CLONE_THREAD is %#x", unix.CLONE_THREAD)
	}
	for n := range uint32(70) {
		want := unix.SignalName(unix.Signal(n))
		if want == "" {
			want = fmt.Sprint(n)
		}
		if got := signalName(n); got != want {
			t.Errorf("signal %d is %s, want %s", n, got, want)
		}
	}
}

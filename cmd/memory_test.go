package cmd

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/record"
)

func TestMemorySizes(t *testing.T) {
	for s, want := range map[string]memoryFlag{"256MiB": 256 << 20, "1GiB": 1 << 30, "134217728": 128 << 20, "131072KiB": 128 << 20} {
		var m memoryFlag
		if err := m.Set(s); err != nil || m != want {
			t.Errorf("%s: %d, %v", s, m, err)
		}
		again := memoryFlag(0)
		if err := again.Set(m.String()); err != nil || again != m {
			t.Errorf("%s is written %s", s, m.String())
		}
	}
	for _, s := range []string{"", "x", "-1", "10MiB", "9999999GiB", "256MB"} {
		var m memoryFlag
		if err := m.Set(s); err == nil {
			t.Errorf("%q is %d", s, m)
		}
	}
	if r := run(t, "--headless", "--for", "1ms", "--memory", "1MiB"); r.code != exitUsage || !strings.Contains(r.err, "want 96MiB at least") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}

// TestMemoryHeld: a session of two million events, recorded and kept, stays within the memory that it was given. Without a bound it
// takes twice as much.
func TestMemoryHeld(t *testing.T) {
	testkit.Long(t, "two million events")
	if raceEnabled {
		t.Skip("SKIPPED, not tested: under the race detector a process takes many times the memory; the run without it has it")
	}
	dir := t.TempDir()
	story := filepath.Join(dir, "busy.star")
	err := os.WriteFile(story, []byte(`
def one():
    c = connect()
    for i in range(6000):
        c.send(64)
        c.receive(64)

def main():
    for i in range(40):
        spawn(one)
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "--headless", "--mode", "epoll", "--listen", "127.0.0.1:0", "--scenario", story, "--memory", "96MiB",
		"--record", filepath.Join(dir, "busy.evt"), "--keep", "5m", "--save-on", "critical")
	c.Dir = dir
	c.Env = append(os.Environ(), "EVVIZ_TEST_MAIN=1")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	most := int64(0) // not the kernel's figure for a process that has ended: that counts what its parent had when it forked
	for running := true; running; {
		select {
		case err := <-ended:
			if running = false; err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
		case <-time.After(10 * time.Millisecond):
			most = max(most, peak(c.Process.Pid))
		}
	}
	f, err := record.OpenFile(filepath.Join(dir, "busy.evt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Events() < 1_000_000 {
		t.Fatalf("only %d events were recorded", f.Events())
	}
	t.Logf("%d events, %d MiB at most", f.Events(), most>>20)
	if most > 112<<20 {
		t.Errorf("%d MiB were taken of 96 MiB", most>>20)
	}
}

// peak is the most memory that a process has had in RAM (VmHWM of proc_pid_status(5)), bytes; 0 when it has ended.
func peak(pid int) (kib int64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	fmt.Sscan(rest, &kib)
	return kib << 10
}

package cmd

import (
	"bufio"
	"path/filepath"
	"testing"

	"evviz/record"
)

// TestReaderGoesAway: when nobody reads the events any more (evviz --text | head), the run ends as by SIGPIPE, and its
// recording is whole.
func TestReaderGoesAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.evt")
	cmd := program(t, "--headless", "--text", "--listen", "127.0.0.1:0", "--mode", "epoll", "--record", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for i := 0; i < 20 && lines.Scan(); i++ {
	}
	out.Close()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 141 {
		t.Errorf("exit code %d, want 141", code)
	}
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if d := f.Damage(); len(d) > 0 || f.Events() < 10 {
		t.Errorf("%d events, damage %v", f.Events(), d)
	}
}

package cmd

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evviz/internal/testkit"
	"evviz/record"
)

// limitedTo is evviz with a limit on how large its files may become, in blocks of 512 bytes: as near to a full disk as
// somebody without rights can come.
func limitedTo(t *testing.T, blocks int, args ...string) *exec.Cmd {
	t.Helper()
	p := program(t, args...)
	sh := exec.Command("sh", append([]string{"-c", fmt.Sprintf(`ulimit -f %d && exec "$0" "$@"`, blocks), p.Path}, args...)...)
	sh.Env, sh.Dir = p.Env, p.Dir
	return sh
}

// TestFullDisk: a disk that is full is told, with exit code 1 (3 when nothing was started), and what was recorded before can
// be read.
func TestFullDisk(t *testing.T) {
	p := limitedTo(t, 0, "--headless", "--for", "1ms", "--listen", "127.0.0.1:0", "--record", "x.evt")
	r := finish(t, p)
	if r.code != exitEnv || !strings.Contains(r.err, "x.evt: file too large") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if es, _ := os.ReadDir(p.Dir); len(es) > 0 {
		t.Errorf("left behind: %v", es)
	}

	p = limitedTo(t, 32, "--headless", "--listen", "127.0.0.1:0", "--mode", "epoll", "--write-interest", "always", "--scenario", "trickle", "--record", "x.evt", "--text=raw", "--for", "1h")
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	p.Stderr = &errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // its events are read until the file has come to its end
		buf := make([]byte, 1<<16)
		for {
			if _, err := out.Read(buf); err != nil {
				return
			}
		}
	}()
	file := filepath.Join(p.Dir, "x.evt")
	eventually(t, "the recording", func() bool { st, err := os.Stat(file); return err == nil && st.Size() > 0 })
	eventually(t, "the end of the recording", func() bool { return !recordsTo(t, p.Process.Pid, file) })
	f, err := record.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := f.Damage(); len(d) > 0 {
		t.Errorf("half a chunk is left: %v", d)
	}
	f.Close()
	p.Process.Signal(syscall.SIGTERM)
	testkit.InTime(t, p.Wait)
	if code := p.ProcessState.ExitCode(); code != exitFailure || !strings.Contains(errs.String(), "file too large") || strings.Contains(errs.String(), "evviz: recorded") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
	r = run(t, "replay", "--summary", file)
	if r.code != 0 {
		t.Errorf("the recording: %s", r.err)
	}
}

// recordsTo reports whether a process has a file open.
func recordsTo(t *testing.T, pid int, file string) bool {
	t.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && to == file {
			return true
		}
	}
	return false
}

// TestRemovedRecording: a file that is removed while it is recorded to is told.
func TestRemovedRecording(t *testing.T) {
	p := program(t, "--headless", "--listen", "127.0.0.1:0", "--scenario", "trickle", "--record", "x.evt")
	var errs bytes.Buffer
	p.Stderr = &errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.Dir, "x.evt")
	eventually(t, "the recording", func() bool { st, err := os.Stat(file); return err == nil && st.Size() > 0 })
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p.Process.Signal(syscall.SIGTERM)
	testkit.InTime(t, p.Wait)
	if code := p.ProcessState.ExitCode(); code != exitFailure || !strings.Contains(errs.String(), "x.evt: the file was removed") || strings.Contains(errs.String(), "evviz: recorded") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

// TestUnprinted: what cannot be printed is said, by every command, and is a failure.
func TestUnprinted(t *testing.T) {
	tour, err := filepath.Abs("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--headless", "--text=raw", "--for", "1h", "--listen", "127.0.0.1:0", "--scenario", "trickle"},
		{"--headless", "--for", "1ms", "--listen", "127.0.0.1:0"},
		{"replay", "--text=raw", tour}, {"replay", "--summary", tour}, {"check", tour}, {"check", "--json", tour}, {"compare", tour, tour},
		{"scenarios"}, {"scenarios", "run", "trickle", "--for", "10ms"}, {"explain"}, {"explain", "EV01"},
		{"config", "--path"}, {"config", "--print-default"}, {"config"}, {"completion", "bash"}, {"doctor"}, {"--version"}, {"--help"},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("SKIPPED, not tested: /dev/full is missing")
		}
		p := program(t, args...)
		var errs bytes.Buffer
		p.Stdout, p.Stderr = full, &errs
		err = testkit.InTime(t, p.Run)
		full.Close()
		if code := p.ProcessState.ExitCode(); code != exitFailure || !strings.Contains(errs.String(), "no space left on device") {
			t.Errorf("%v: exit code %d, %v: %s", args, code, err, errs.String())
		}
	}
}

// TestFlightFullDisk: a run whose findings could not be saved is a failure.
func TestFlightFullDisk(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "a run of some seconds")
	p := limitedTo(t, 0, writeSpin...)
	r := finish(t, p)
	if r.code != exitFailure || strings.Count(r.err, "this is tried again") != 1 || !strings.Contains(r.err, "file too large") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if files, _ := filepath.Glob(filepath.Join(p.Dir, "*")); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

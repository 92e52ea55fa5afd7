package cmd

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
)

// TestRecordIntoNothing: a story whose recording cannot be made fails, says why, and the program ends. A file that is a
// directory fails when the server runs already, a directory that cannot be made before that.
func TestRecordIntoNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "trickle.evt"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{dir, filepath.Join(file, "x")} {
		r := run(t, "scenarios", "run", "trickle", "--for", "100ms", "--record", to)
		if r.code != exitEnv || !strings.Contains(r.out+r.err, dir) {
			t.Errorf("--record %s: exit code %d\n%s%s", to, r.code, r.out, r.err)
		}
	}
	made := filepath.Join(dir, "made")
	r := run(t, "scenarios", "run", "trickle", "--for", "100ms", "--record", made)
	whole(t, filepath.Join(made, "trickle.evt"))
	if r.code != 0 {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(giveUp); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for this in vain: %s", what)
		}
	}
}

// TestTermInHandler: SIGTERM does not wait for a handler that sleeps for a minute, and the recording is closed.
func TestTermInHandler(t *testing.T) {
	for _, args := range [][]string{{"--headless", "--text=raw", "--scenario", "trickle", "--mode", "epoll", "--work", "sleep:1m", "--record", "x.evt", "--listen", "127.0.0.1:0"}} {
		p := program(t, args...)
		out, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		p.Stderr = &errs
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		// The sleep is entered: only then does the signal come.
		lines := bufio.NewScanner(out)
		slept := false
		for !slept && lines.Scan() {
			slept = strings.Contains(lines.Text(), "sleep") && strings.Contains(lines.Text(), "enter")
		}
		if !slept {
			t.Fatalf("no handler slept\n%s", errs.String())
		}
		p.Process.Signal(syscall.SIGTERM)
		io.Copy(io.Discard, out)
		testkit.InTime(t, p.Wait)
		if code := p.ProcessState.ExitCode(); code != 128+int(syscall.SIGTERM) || strings.Contains(errs.String(), "within") {
			t.Errorf("exit code %d\n%s", code, errs.String())
		}
		whole(t, filepath.Join(p.Dir, "x.evt"))
	}
}

// TestSecondSignal: when the end in order is held up (here by a reader of the events that does not read), another signal ends
// the program at once.
func TestSecondSignal(t *testing.T) {
	p := program(t, "--headless", "--text=raw", "--scenario", "surge", "--mode", "sleep-poll", "--interval", "1ms", "--listen", "127.0.0.1:0")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var errs bytes.Buffer
	p.Stdout, p.Stderr = w, &errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	eventually(t, "the pipe is full", func() bool { // how many bytes that are depends on how they were written
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(w.Fd()), Events: unix.POLLOUT}}, 0)
		return err == nil && n == 0
	})
	p.Process.Signal(syscall.SIGINT)
	eventually(t, "the first signal is taken", func() bool { return pendingSignals(t, p.Process.Pid) == 0 })
	p.Process.Signal(syscall.SIGINT)
	testkit.InTime(t, p.Wait)
	// On a machine that is busy for a second on end, the output that nobody reads may be noticed before the signal.
	code := p.ProcessState.ExitCode()
	if said := errs.String(); code != 128+int(syscall.SIGINT) || !strings.Contains(said, "a second signal") && !strings.Contains(said, "is not read") {
		t.Errorf("exit code %d\n%s", code, errs.String())
	}
}

// pendingSignals are those that a process has not taken yet (SigPnd and ShdPnd of proc_pid_status(5)).
func pendingSignals(t *testing.T, pid int) (n uint64) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0 // it has ended
	}
	for line := range strings.Lines(string(b)) {
		if name, mask, _ := strings.Cut(line, ":"); name == "SigPnd" || name == "ShdPnd" {
			v, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			n |= v
		}
	}
	return n
}

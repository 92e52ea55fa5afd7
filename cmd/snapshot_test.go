package cmd

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"evviz/internal/sys"
	"evviz/internal/testkit"
)

// patient is a running program that a look can judge.
type patient struct {
	pid  int
	fd   int
	main *exec.Cmd
}

// patientIn starts probe/look/testdata/patient.py in a case, or in the twin of that which is healthy.
func patientIn(t *testing.T, which string, twin bool) *patient {
	t.Helper()
	python := testkit.Need(t, "python3")
	script, err := filepath.Abs("../probe/look/testdata/patient.py")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{script, which}
	if twin {
		args = append(args, "twin")
	}
	c := exec.Command(python, args...)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		io.Copy(io.Discard, out)
		c.Wait()
	})
	p := &patient{pid: c.Process.Pid, fd: -1, main: c}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		word, value, _ := strings.Cut(lines.Text(), " ")
		if word == "fd" {
			p.fd, _ = strconv.Atoi(value)
		}
		if word == "ready" {
			return p
		}
	}
	t.Fatalf("patient %s ended before it was ready: %s", which, errs.String())
	return nil
}

// snapshotJSON is what a snapshot of it says.
type snapshotJSON struct {
	Processes []struct {
		PID     int
		Threads []struct {
			TID        int
			Call, Does string
		}
		Instances []struct {
			FD         int
			Registered []struct {
				FD     int
				Ready  *bool
				Unread *int64
				Stale  bool
				Armed  *bool
			}
		}
	}
	Findings []struct {
		ID, Severity, Verdict, Sentence string
		FD                              *int
	}
}

func snapshotOf(t *testing.T, pid int, args ...string) (s snapshotJSON, code int) {
	t.Helper()
	r := run(t, append([]string{"snapshot", "--json", fmt.Sprint(pid)}, args...)...)
	if err := json.Unmarshal([]byte(r.out), &s); err != nil {
		t.Fatalf("snapshot %d: code %d, %v\n%s%s", pid, r.code, err, r.out, r.err)
	}
	return s, r.code
}

// asleep says whether the patient's first thread was in one of its rests.
func (s *snapshotJSON) asleep(pid int) bool {
	for _, p := range s.Processes {
		for _, th := range p.Threads {
			if th.TID == pid {
				return th.Call == "epoll_wait" || th.Call == "poll" || th.Call == "clock_nanosleep" || th.Call == "select"
			}
		}
	}
	return false
}

// TestSnapshotFinds: each state is named for what it is, with its number, and its healthy twin is not.
func TestSnapshotFinds(t *testing.T) {
	for _, c := range []struct {
		which, rule string
		says        string
		spins       bool // it is never found asleep
		args        []string
	}{
		{"stranded", "EV03", "holds 4,900 bytes", false, nil},
		{"oneshot", "EV17", "holds 300 bytes", false, nil},
		{"dup", "EV18", "the file lives on", false, nil},
		{"writable", "EV08", "registered for EPOLLOUT", true, nil},
		{"blocking", "EV13", "has no O_NONBLOCK", false, nil},
		{"closing", "EV35", "CLOSE_WAIT", false, []string{"--threshold", "leak=50ms"}},
		{"backlog", "EV12", "3 connections wait, and no more than 3 fit", false, nil},
		{"stuck", "EV37", "is in clock_nanosleep", false, nil},
	} {
		t.Run(c.which, func(t *testing.T) {
			t.Parallel()
			if c.which != "stranded" && c.which != "writable" {
				testkit.Long(t, "a program in this state")
			}
			p := patientIn(t, c.which, false)
			found := ""
			testkit.Until(t, giveUp, func() bool {
				s, code := snapshotOf(t, p.pid, c.args...)
				found = fmt.Sprintf("code %d, %+v", code, s.Findings)
				for _, f := range s.Findings {
					if f.ID == c.rule && f.Severity != "info" && strings.Contains(f.Sentence, c.says) {
						if code != exitFailure {
							t.Errorf("code %d with a finding of %s", code, f.Severity)
						}
						if c.rule != "EV37" && (f.FD == nil || *f.FD != p.fd) {
							t.Errorf("%s is about fd %v, want %d", f.ID, f.FD, p.fd)
						}
						return true
					}
				}
				return false
			}, func() string { return c.rule + " was not found: " + found })
		})
		t.Run(c.which+"-twin", func(t *testing.T) {
			t.Parallel()
			if c.which != "stranded" {
				testkit.Long(t, "a healthy twin")
			}
			p := patientIn(t, c.which, true)
			testkit.Until(t, giveUp, func() bool {
				s, _ := snapshotOf(t, p.pid)
				return s.asleep(p.pid)
			}, func() string { return "it never rested" })
			s, code := snapshotOf(t, p.pid, c.args...)
			if code != 0 || len(s.Findings) != 0 {
				t.Errorf("code %d, %+v", code, s.Findings)
			}
		})
	}
}

// TestSnapshotRecorded: what was found is a recording, which is valid, judged alike and printed.
func TestSnapshotRecorded(t *testing.T) {
	p := patientIn(t, "stranded", false)
	path := filepath.Join(t.TempDir(), "look.evt")
	testkit.Until(t, giveUp, func() bool {
		r := run(t, "snapshot", "--force", "--record", path, fmt.Sprint(p.pid))
		return strings.Contains(r.out, "EV03")
	}, func() string { return "EV03 was not found" })
	if r := run(t, "check", "--validate", path); r.code != 0 {
		t.Errorf("the recording is not valid: %s%s", r.out, r.err)
	}
	if r := run(t, "check", path); r.code != exitFailure || !strings.Contains(r.out, "holds 4,900 bytes") {
		t.Errorf("code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := run(t, "replay", "--text=raw", path); !strings.Contains(r.out, " InCall ") || !strings.Contains(r.out, "unread=4900") {
		t.Errorf("code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := run(t, "compare", path, path); r.code != 0 {
		t.Errorf("compare: code %d\n%s%s", r.code, r.out, r.err)
	}
}

// TestSnapshotCompare: what lies between two snapshots is said, the findings too.
func TestSnapshotCompare(t *testing.T) {
	dir := t.TempDir()
	paths := map[bool]string{true: filepath.Join(dir, "before.evt"), false: filepath.Join(dir, "after.evt")}
	for twin, path := range paths {
		p := patientIn(t, "stranded", twin)
		testkit.Until(t, giveUp, func() bool {
			r := run(t, "snapshot", "--force", "--record", path, fmt.Sprint(p.pid))
			return strings.Contains(r.out, "epoll_wait") && strings.Contains(r.out, "EV03") != twin
		}, func() string { return "it never came to rest" })
	}
	r := run(t, "compare", "--json", paths[true], paths[false])
	var c struct {
		Registered, Unregistered []json.RawMessage
		Figures                  []struct {
			Name          string
			Before, After int64
		}
		Appeared []struct{ ID string } `json:"findings_appeared"`
		Gone     []struct{ ID string } `json:"findings_gone"`
	}
	if err := json.Unmarshal([]byte(r.out), &c); err != nil {
		t.Fatalf("%v: %s%s", err, r.out, r.err)
	}
	if len(c.Registered) != 1 || len(c.Unregistered) != 1 || len(c.Appeared) != 1 || c.Appeared[0].ID != "EV03" || len(c.Gone) != 0 {
		t.Errorf("%s", r.out) // the connection is another one, under the same number
	}
	for _, f := range c.Figures {
		if f.Name == "unread bytes" && (f.Before != 0 || f.After != 4900) {
			t.Errorf("%+v", f)
		}
	}
	if r := run(t, "compare", paths[true], paths[false]); !strings.Contains(r.out, "findings that appeared: 1") || !strings.Contains(r.out, "unread bytes") {
		t.Errorf("%s%s", r.out, r.err)
	}
}

// TestSnapshotWatch: looks follow each other until the process has ended.
func TestSnapshotWatch(t *testing.T) {
	p := patientIn(t, "stranded", true)
	c := program(t, "snapshot", "--watch", "20ms", "--json", fmt.Sprint(p.pid))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(out)
	for range 3 {
		var s snapshotJSON
		if err := dec.Decode(&s); err != nil || len(s.Processes) != 1 || s.Processes[0].PID != p.pid {
			t.Fatalf("%v, %+v", err, s)
		}
	}
	if r := sys.LookRights(); len(r.Causes()) == 0 && r.ReadsAfterDropping() {
		withoutRights(t, c.Process.Pid)
	}
	p.main.Process.Kill()
	go io.Copy(io.Discard, io.MultiReader(dec.Buffered(), out))
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	select {
	case err := <-done:
		if err != nil || !strings.Contains(errs.String(), fmt.Sprint(p.pid)) {
			t.Errorf("%v: %s", err, errs.String())
		}
	case <-time.After(giveUp):
		c.Process.Kill()
		t.Error("it goes on although the process has ended")
	}
}

// withoutRights holds every thread of a process to having no capability.
func withoutRights(t *testing.T, pid int) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("%v, %d threads", err, len(threads))
	}
	for _, path := range threads {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		for line := range strings.Lines(string(b)) {
			for _, set := range []string{"CapEff:", "CapPrm:", "CapInh:", "CapAmb:"} {
				if v, ok := strings.CutPrefix(line, set); ok && strings.Trim(v, " \t\n0") != "" {
					t.Errorf("%s: %s", path, line)
				}
			}
		}
	}
}

// TestSnapshotRefused: whom one cannot look into is named in a sentence, with exit code 3.
func TestSnapshotRefused(t *testing.T) {
	p := patientIn(t, "stranded", true)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"snapshot", "4194304"}, exitEnv, "there is no process with this number"},
		{[]string{"snapshot", "99999999"}, exitEnv, "there is no process with this number"},
		{[]string{"snapshot", "2"}, exitEnv, "thread of the kernel"},
		{[]string{"snapshot", "redis"}, exitUsage, "want the number of a process"},
		{[]string{"snapshot"}, exitUsage, "which process?"},
		{[]string{"snapshot", "--watch", "1ns", "1"}, exitUsage, "want 10ms or more"},
		{[]string{"check", "--look", fmt.Sprint(p.pid)}, exitUsage, "is about a file"},
		{[]string{"workers", "no-such-program-here"}, exitEnv, "no process is named"},
		{[]string{"workers"}, exitUsage, "of which server?"},
	} {
		if r := run(t, c.args...); r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: code %d, want %d and %q\n%s%s", c.args, r.code, c.code, c.says, r.out, r.err)
		}
	}
	s, _ := snapshotOf(t, p.pid)
	for _, th := range s.Processes[0].Threads {
		if th.TID == p.pid {
			continue
		}
		if r := run(t, "snapshot", fmt.Sprint(th.TID)); r.code != exitEnv || !strings.Contains(r.err, fmt.Sprintf("thread of process %d: evviz snapshot %d", p.pid, p.pid)) {
			t.Errorf("a thread: code %d\n%s", r.code, r.err)
		}
		return
	}
	t.Error("the patient has one thread")
}

// TestSnapshotScreen: what is registered stands on the screen, with what is unread and what is wrong; the process ends, and the screen stays.
func TestSnapshotScreen(t *testing.T) {
	t.Parallel()
	p := patientIn(t, "stranded", false)
	x := testkit.StartTerminal(t, 140, 30, program(t, "snapshot", "--screen", "--watch", "50ms", fmt.Sprint(p.pid)))
	x.Shows("LIVE")
	x.Shows("4,900 bytes")
	x.Shows("edge")
	x.Send("5")
	x.Shows("et-undrained")
	p.main.Process.Kill()
	x.Shows("ended")
	endsWell(t, x)
}

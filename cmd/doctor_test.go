package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evviz/internal/testkit"
)

// doctorSays is what a run of the doctor says of each thing.
func doctorSays(t *testing.T, c *exec.Cmd) (map[string]examined, result) {
	t.Helper()
	r := finish(t, c)
	var rep checkup
	if err := json.Unmarshal([]byte(r.out), &rep); err != nil {
		t.Fatalf("%v in what it printed (exit code %d, %s): %s", err, r.code, r.err, r.out)
	}
	if want := map[bool]int{true: 0, false: 3}[rep.Runs]; r.code != want {
		t.Errorf("runs is %v, the exit code %d", rep.Runs, r.code)
	}
	out := map[string]examined{}
	for _, g := range rep.Groups {
		for _, e := range g.Checks {
			if e.Value == "" || e.State != stateOK && e.State != stateNote && e.State != stateMissing {
				t.Errorf("%s: %+v says nothing", g.Name, e)
			}
			if e.State != stateOK && e.Why == "" {
				t.Errorf("%s: %s is %s without a reason", g.Name, e.What, e.State)
			}
			if e.Needed && e.Fix == "" {
				t.Errorf("%s: %s is needed, and nothing is said of how to get it", g.Name, e.What)
			}
			out[e.What] = e
		}
	}
	return out, r
}

// TestDoctor: a real look at this machine, on which the tests run, so the lab can.
func TestDoctor(t *testing.T) {
	c := program(t, "doctor", "--json")
	got, r := doctorSays(t, c)
	if r.code != 0 {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	for _, what := range []string{"terminal", "TERM", "settings file", "descriptors", "kernel", "epoll level", "epoll edge", "epoll oneshot", "select, poll", "EPOLLEXCLUSIVE",
		"epoll_pwait2", "io_uring", "eventfd", "timerfd", "signalfd", "TCP_INFO", "FIONREAD", "SO_TIMESTAMPNS", "loopback", "127.0.0.1:4201", "strace", "ptrace", "fdinfo",
		"BTF", "perf events", "current folder", "free space", "threads", "clock source"} {
		if _, ok := got[what]; !ok {
			t.Errorf("nothing is said of %s", what)
		}
	}
	if left, _ := os.ReadDir(c.Dir); len(left) > 0 {
		t.Errorf("it left %s behind", left[0].Name())
	}
	text := run(t, "doctor")
	if text.code != 0 || !strings.Contains(text.out, "The lab and replay can run here") || strings.Contains(text.out, "\x1b") {
		t.Errorf("exit code %d: %s", text.code, text.out)
	}
}

// TestDoctorFinds: what is wrong is seen, named, and has a remedy.
func TestDoctorFinds(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.toml")
	if err := os.WriteFile(broken, []byte("theme = \"dark\"\nsymbls = \"ascii\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		env   []string
		what  string
		state state
		says  []string
		code  int
	}{
		{"no terminal", nil, "terminal", stateNote, []string{"--headless"}, 0},
		{"locale C", []string{"LC_ALL=C", "LANG=C"}, "symbols", stateNote, []string{"ascii", "US-ASCII"}, 0},
		{"an old character set", []string{"LC_ALL=de_DE.ISO-8859-15"}, "symbols", stateNote, []string{"ascii", "ISO-8859-15"}, 0},
		{"no colours", []string{"NO_COLOR=1"}, "colours", stateNote, []string{"NO_COLOR", "unset NO_COLOR"}, 0},
		{"eight colours", []string{"TERM=xterm", "COLORTERM="}, "colours", stateNote, []string{"8", "TERM=xterm-256color"}, 0},
		{"unknown TERM", []string{"TERM=nobody-has-this"}, "TERM", stateNote, []string{"xterm-256color", "infocmp"}, 0},
		{"no TERM", []string{"TERM="}, "TERM", stateNote, []string{"not set"}, 0},
		{"broken settings", []string{"EVVIZ_CONFIG=" + broken}, "settings file", stateMissing, []string{broken, "symbols", "--print-default"}, 3},
		{"settings that are not there", []string{"EVVIZ_CONFIG=" + dir + "/none.toml"}, "settings file", stateMissing, []string{"no such file"}, 3},
		{"bad theme in the environment", []string{"EVVIZ_THEME=purple"}, "environment", stateMissing, []string{"purple"}, 3},
		{"bad value in the environment", []string{"EVVIZ_SPAN=long"}, "environment", stateMissing, []string{"EVVIZ_SPAN", "long"}, 3},
		{"misspelt variable", []string{"EVVIZ_THEM=dark"}, "environment", stateNote, []string{"EVVIZ_THEM", "did you mean EVVIZ_THEME?"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := program(t, "doctor", "--json")
			p.Env = append(p.Env, c.env...)
			got, r := doctorSays(t, detached(p))
			e := got[c.what]
			if r.code != c.code || e.State != c.state {
				t.Errorf("exit code %d, want %d; %s is %+v, want %s", r.code, c.code, c.what, e, c.state)
			}
			for _, s := range c.says {
				if !strings.Contains(e.Value+"\n"+e.Why+"\n"+e.Fix, s) {
					t.Errorf("it should say %q; it says %+v", s, e)
				}
			}
		})
	}
}

// TestDoctorFewDescriptors: how many connections are possible follows from the limit.
func TestDoctorFewDescriptors(t *testing.T) {
	sh := testkit.Need(t, "sh")
	for _, c := range []struct {
		n    int
		says string
		code int
	}{{64, fmt.Sprintf("about %d connections", 64-labDescriptors), 0}, {labDescriptors - 4, "for itself", 3}} {
		p := program(t, "doctor", "--json")
		p.Path, p.Args = sh, append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, c.n)}, p.Args...)
		got, r := doctorSays(t, p)
		if e := got["descriptors"]; r.code != c.code || !strings.Contains(e.Why, c.says) {
			t.Errorf("ulimit -n %d: exit code %d, %+v", c.n, r.code, e)
		}
	}
}

// TestDoctorOnTerminal: with a terminal its size counts, and TERM=dumb is a screen that cannot be had.
func TestDoctorOnTerminal(t *testing.T) {
	x := testkit.StartTerminal(t, 100, 70, program(t, "doctor"))
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, s := range []string{"standard input and output are one", "100 columns, 70 rows", "16 million", "\x1b[32m✓ ok"} {
		if !strings.Contains(x.Written(), s) {
			t.Errorf("it should say %q; it said %s", s, x.Written())
		}
	}
	for _, c := range []struct {
		env, says string
		w, code   int
	}{{"TERM=dumb", "x MISSING  TERM", 100, 3}, {"LANG=C", "+ ok       TERM", 100, 0}, {"LANG=C.UTF-8", "make the window larger", 30, 0}} {
		p := program(t, "doctor")
		p.Env = append(p.Env, "NO_COLOR=1", c.env)
		x := testkit.StartTerminal(t, c.w, 70, p)
		if code := x.Exit(); code != c.code || !strings.Contains(x.Written(), c.says) {
			t.Errorf("%s: exit code %d, it said %s", c.env, code, x.Written())
		}
	}
}

// TestLabDescriptors: the number that the doctor counts with is not too low.
func TestLabDescriptors(t *testing.T) {
	c := program(t, "--mode", "epoll", "--arrival", "both", "--listen", "127.0.0.1:0", "--scenario", "idle", "--record", "x.evt", "--keep", "5s")
	x := testkit.StartTerminal(t, 120, 36, c)
	x.Shows("epoll_ctl(ADD")
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) > labDescriptors {
		t.Errorf("the lab has %d descriptors open, more than the doctor thinks (%d)", len(list), labDescriptors)
	}
	x.Send("q")
	x.Exit()
}

// detached is a program without a terminal, wherever the tests run.
func detached(c *exec.Cmd) *exec.Cmd {
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c
}

package cmd

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"evviz/internal/testkit"
)

// TestMain lets the test binary be evviz itself: run with EVVIZ_TEST_MAIN set it is the program, so that end-to-end tests
// need no build of their own, and race detection and coverage reach into the program.
func TestMain(m *testing.M) {
	if os.Getenv("EVVIZ_TEST_MAIN") != "" {
		preparePanic(os.Getenv("EVVIZ_TEST_PANIC"))
		prepareSignal(os.Getenv("EVVIZ_TEST_SIGNAL"))
		prepareFailure(os.Getenv("EVVIZ_TEST_FAIL"))
		os.Exit(Main(os.Args[1:]))
	}
	// Most of these tests wait for another process, so more of them than there are processors go on at once.
	flag.Parse()
	if n := flag.Lookup("test.parallel"); n.Value.String() == n.DefValue {
		flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	}
	testkit.Main(m)
}

// program is evviz with arguments, ready to be started.
func program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), "EVVIZ_TEST_MAIN=1", "TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", "NO_COLOR=", "EVVIZ_CONFIG=", "XDG_CONFIG_HOME="+t.TempDir())
	c.Dir = t.TempDir()
	return c
}

// giveUp is how long anything is waited for that does not come. It says nothing about how fast it must be.
const giveUp = 3 * time.Minute

// result is how a program ended.
type result struct {
	out, err string
	code     int
}

// run runs evviz to its end.
func run(t testing.TB, args ...string) result {
	t.Helper()
	return finish(t, program(t, args...))
}

func finish(t testing.TB, c *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	timer := time.AfterFunc(giveUp, func() { once.Do(func() { c.Process.Signal(syscall.SIGABRT) }) })
	c.Wait()
	timer.Stop()
	return result{out.String(), errs.String(), c.ProcessState.ExitCode()}
}

// TestBadInput: each mistake gets one clear sentence on standard error, the exit code that belongs to it, and nothing is
// started.
func TestBadInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	misspelt := write("misspelt.star", "title = \"x\"\n\ndef main():\n    c = conect()\n")
	syntax := write("syntax.star", "def main(:\n    pass\n")
	top := write("top.star", "c = connect()\ndef main():\n    pass\n")
	knob := write("knob.star", "knobs = {\n    \"raed_size\": 7,\n}\ndef main():\n    pass\n")
	foreign := write("foreign.evt", "this is no trace\nat all, but a text of some length that goes on for a while\n")
	empty := write("empty.evt", "")
	bare := filepath.Join(dir, "bare") // traces of strace -ff without a line
	if err := os.Mkdir(bare, 0o700); err != nil {
		t.Fatal(err)
	}
	write("bare/x.1", "")
	write("bare/x.2", "hello\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"traces without a line", []string{"check", bare}, 3, []string{"there is no event in it"}},
		{"traces without a line, as text", []string{"replay", "--text", bare}, 3, []string{"there is no event in it"}},
		{"traces without a line, in short", []string{"replay", "--summary", bare}, 3, []string{"there is no event in it"}},
		{"flag", []string{"--haedless"}, 2, []string{"--haedless", "did you mean --headless?"}},
		{"mode", []string{"--mode", "epol"}, 2, []string{"epol", "did you mean epoll?"}},
		{"threads without epoll", []string{"--mode", "poll", "--threads", "3"}, 2, []string{"need epoll"}},
		{"rdhup under select", []string{"--mode", "select", "--rdhup"}, 2, []string{"not rdhup"}},
		{"exclusive and oneshot", []string{"-t", "oneshot", "--threads", "2", "--listeners", "exclusive"}, 2, []string{"EPOLLEXCLUSIVE"}},
		{"child without an instance", []string{"--mode", "poll", "--child", "shares"}, 2, []string{"epoll instance"}},
		{"a value that stands alone", []string{"--dup", "true"}, 2, []string{"--split=true", "one word"}},
		{"recording over something dear", []string{"--headless", "--for", "1ms", "--listen", "127.0.0.1:0", "--record", misspelt}, 3, []string{misspelt, "not a recording", "choose another name"}},
		{"split epoll", []string{"--mode", "epoll", "--split"}, 2, []string{"split is for sleep-poll"}},
		{"trigger", []string{"--mode", "epoll", "--trigger", "egde"}, 2, []string{"did you mean edge?"}},
		{"trigger without epoll", []string{"--mode", "poll", "--trigger", "edge"}, 2, []string{"only epoll has a trigger"}},
		{"contradiction", []string{"--mode", "epoll-lt", "--trigger", "edge"}, 2, []string{"contradict"}},
		{"knob", []string{"--reads", "many"}, 2, []string{"--reads", "upto:N"}},
		{"interval", []string{"--interval", "-1s"}, 2, []string{"--interval", "250ms"}},
		{"preset", []string{"--preset", "artcle"}, 2, []string{"did you mean article?"}},
		{"scenario", []string{"--scenario", "dmeo"}, 2, []string{"did you mean demo?"}},
		{"no scenario file", []string{"--scenario", filepath.Join(dir, "none.star")}, 3, []string{"none.star", "no such file"}},
		{"misspelt name in a script", []string{"--headless", "--scenario", misspelt}, 2, []string{misspelt + ":4:9:", "conect"}},
		{"bad script", []string{"--headless", "--scenario", syntax}, 2, []string{syntax + ":1:"}},
		{"network at the top of a script", []string{"--headless", "--scenario", top}, 2, []string{top + ":1:", "inside main"}},
		{"knob in a script", []string{"--headless", "--scenario", knob}, 2, []string{knob + ":2:5:", "did you mean \"read-size\"?"}},
		{"command", []string{"repaly", "x"}, 2, []string{"did you mean \"replay\"?"}},
		{"text without headless", []string{"--text"}, 2, []string{"--headless"}},
		{"no terminal", nil, 3, []string{"terminal", "--headless"}},
		{"address", []string{"--headless", "--for", "1ms", "--listen", "nowhere"}, 2, []string{"nowhere", "host:port"}},
		{"unwritable recording", []string{"--headless", "--for", "1ms", "--record", "/proc/none.evt"}, 3, []string{"/proc/none.evt"}},
		{"foreign file", []string{"replay", "--text", foreign}, 3, []string{foreign}},
		{"empty file", []string{"replay", "--text", empty}, 3, []string{empty}},
		{"missing file", []string{"replay", "--text", filepath.Join(dir, "no.evt")}, 3, []string{"no.evt", "no such file"}},
		{"replay without a file", []string{"replay"}, 2, []string{"which file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, c.args...)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d; it said: %s", r.code, c.code, r.err)
			}
			for _, s := range c.says {
				if !strings.Contains(r.err, s) {
					t.Errorf("it should say %q; it said: %s", s, r.err)
				}
			}
			if r.out != "" {
				t.Errorf("standard output should be empty, has %q", r.out)
			}
			if n := strings.Count(strings.TrimSpace(r.err), "\n"); n > 1 {
				t.Errorf("one sentence, not a page:\n%s", r.err)
			}
		})
	}
}

func TestTermDumb(t *testing.T) {
	cmd := program(t)
	cmd.Env = append(cmd.Env, "TERM=dumb")
	x := testkit.StartTerminal(t, 80, 24, cmd)
	if code := x.Exit(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	x.Shows("TERM=dumb")
	x.Shows("--headless")
}

func TestErrorsAreHarmless(t *testing.T) {
	r := run(t, "--scenario", "\x1b[2J\x07evil")
	if r.code != 2 || strings.ContainsAny(r.err, "\x1b\x07") || !strings.Contains(r.err, "evil") {
		t.Errorf("exit code %d, said %q", r.code, r.err)
	}
}

func TestPortInUse(t *testing.T) {
	l := listen(t)
	r := run(t, "--headless", "--for", "1s", "--listen", l)
	if r.code != 3 || !strings.Contains(r.err, "listen on "+l) || !strings.Contains(r.err, "address already in use") || !strings.Contains(r.err, "--listen") {
		t.Errorf("exit code %d, said %s", r.code, r.err)
	}
}

// TestSettingWithoutMeaning: it is kept, and said.
func TestSettingWithoutMeaning(t *testing.T) {
	t.Parallel()
	r := run(t, "--headless", "--for", "100ms", "--scenario", "none", "--listen", "127.0.0.1:0", "--mode", "epoll", "--interval", "1s", "--uring", "single")
	if r.code != 0 || !strings.Contains(r.err, "--interval, --uring have no meaning under epoll") {
		t.Errorf("exit code %d, said %s", r.code, r.err)
	}
	r = run(t, "--headless", "--for", "100ms", "--scenario", "none", "--listen", "127.0.0.1:0", "--mode", "epoll", "--reads", "drain")
	if r.code != 0 || strings.Contains(r.err, "no meaning") {
		t.Errorf("exit code %d, said %s", r.code, r.err)
	}
}

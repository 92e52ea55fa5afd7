package cmd

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"evviz/internal/testkit"
)

// splitScreen cuts a screen at the line between the halves; ok is false while there is none.
func splitScreen(s string) (upper, lower string, ok bool) {
	at := regexp.MustCompile(`(?m)^─ (in these|nothing to compare).*\n`).FindStringIndex(s)
	if at == nil {
		return "", "", false
	}
	return s[:at[0]], s[at[1]:], true
}

var anyLane = regexp.MustCompile(`(?m)^fd \d+ +:\d+`)

func header(half string) string { return strings.SplitN(half, "\n", 2)[0] }

// TestCompareOnScreen: two labs at once, both with lanes; t switches the half with the selection and no other; q ends all.
func TestCompareOnScreen(t *testing.T) {
	t.Parallel()
	x := testkit.StartTerminal(t, 120, 40, program(t, "compare", "--screen", "sleep-poll,interval=50ms", "epoll"))
	both := func(what string, ok func(upper, lower string) bool) {
		t.Helper()
		x.Until(what, func(s string) bool {
			upper, lower, drawn := splitScreen(s)
			return drawn && ok(upper, lower)
		})
	}
	both("lanes in both halves", func(upper, lower string) bool {
		return anyLane.MatchString(upper) && anyLane.MatchString(lower) && strings.Contains(header(upper), "sleep-poll 50 ms") &&
			strings.Contains(header(lower), "epoll  LEVEL ")
	})
	x.Until("what differs, in words", func(s string) bool {
		return regexp.MustCompile(`in these .* a message waited .* under sleep-poll,interval=50ms, .* under epoll`).MatchString(s)
	})
	kids := children(t, x.Cmd.Process.Pid)
	if len(kids) != 2 {
		t.Errorf("%d client processes, want one for each half", len(kids))
	}
	x.Send("t")
	both("the upper half level-triggered, the lower as it was", func(upper, lower string) bool {
		return strings.Contains(header(upper), "epoll  LEVEL ") && strings.Contains(header(lower), "epoll  LEVEL ")
	})
	x.Send("\t")
	both("the selection in the lower half", func(upper, lower string) bool {
		return strings.HasPrefix(header(lower), " ▸") && !strings.HasPrefix(header(upper), " ▸")
	})
	x.Send("t")
	both("the lower half alone edge-triggered", func(upper, lower string) bool {
		return strings.Contains(header(lower), "epoll  EDGE ") && strings.Contains(header(upper), "epoll  LEVEL ")
	})
	x.Send(" ")
	x.Shows(" PAUSED")
	x.Send("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !x.Restored() {
		t.Error("the terminal was not given back")
	}
	gone(t, kids)
}

// TestCompareOnSmallScreens: it works at 80x24, says politely when there is less room, and survives any size.
func TestCompareOnSmallScreens(t *testing.T) {
	for _, c := range []struct {
		w, h int
		says string
	}{{80, 24, "listener"}, {79, 24, "too small"}, {1, 1, ""}} {
		x := testkit.StartTerminal(t, c.w, c.h, program(t, "compare", "--screen", "poll", "epoll:edge"))
		x.Until("a screen", func(s string) bool { return strings.TrimSpace(s) != "" && strings.Contains(s, c.says) })
		x.Send("tm?\t q")
		if code := x.Exit(); code != 0 {
			t.Errorf("%dx%d: exit code %d", c.w, c.h, code)
		}
	}
}

// TestCompareScreenEnds: the time that --for gives ends it well, a killed parent leaves no clients behind.
func TestCompareScreenEnds(t *testing.T) {
	t.Parallel()
	x := testkit.StartTerminal(t, 80, 24, program(t, "compare", "--screen", "--for", "1s"))
	if code := x.Exit(); code != 0 || !x.Restored() {
		t.Errorf("--for: exit code %d, terminal given back: %v", code, x.Restored())
	}
	x = testkit.StartTerminal(t, 80, 24, program(t, "compare", "--screen"))
	x.Shows("listener")
	kids := children(t, x.Cmd.Process.Pid)
	x.Cmd.Process.Signal(syscall.SIGTERM)
	if code := x.Exit(); code != 128+int(syscall.SIGTERM) || !x.Restored() {
		t.Errorf("SIGTERM: exit code %d, terminal given back: %v", code, x.Restored())
	}
	gone(t, kids)
	x = testkit.StartTerminal(t, 80, 24, program(t, "compare", "--screen"))
	x.Until("clients of both", func(string) bool { return len(children(t, x.Cmd.Process.Pid)) == 2 })
	kids = children(t, x.Cmd.Process.Pid)
	x.Cmd.Process.Kill()
	x.Exit()
	gone(t, kids)
}

// TestCompareScreenUsage: what goes not together is refused in a sentence, before anything starts.
func TestCompareScreenUsage(t *testing.T) {
	taken := listen(t)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--screen", "--record", "x.evt"}, 2, "--record: a comparison is not recorded"},
		{[]string{"--screen", "poll"}, 2, "shows two modes, not 1"},
		{[]string{"--screen", "poll", "select", "epoll"}, 2, "not 3"},
		{[]string{"--screen", "a.evt", "b.evt"}, 2, "not recordings"},
		{[]string{"--screen", "--repeat", "5"}, 2, "--repeat does not go with --screen"},
		{[]string{"--screen", "--json"}, 2, "--json does not go with --screen"},
		{[]string{"--screen", "--scenario", "none"}, 2, "nothing to compare"},
		{[]string{"--screen", "--listen", "nowhere"}, 2, "--listen nowhere"},
		{[]string{"--screen", "poll", "epol"}, 2, "did you mean epoll?"},
		{[]string{"--symbols", "ascii"}, 2, "--symbols goes with --screen"},
		{[]string{"--screenshot", "x.svg", "--for", "1s"}, 2, "--screenshot goes with --screen"},
		{[]string{"--screen", "--screenshot", "x.svg"}, 2, "--screenshot goes with --for"},
		{[]string{"--screen", "--screenshot", "x.gif", "--for", "1s"}, 2, "must end in .svg"},
		{[]string{"--screen", "--screenshot", "x.svg", "--for", "1s", "--size", "big"}, 2, "columns x rows"},
		{[]string{"--screen"}, 3, "no usable terminal"},
	} {
		r := run(t, append([]string{"compare"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: exit code %d, %q; want %d, %q", c.args, r.code, r.err, c.code, c.says)
		}
	}
	// Taken for the first server, and for the second when the first already runs.
	host, port, _ := net.SplitHostPort(taken)
	n, _ := strconv.Atoi(port)
	for _, addr := range []string{taken, net.JoinHostPort(host, strconv.Itoa(n-1))} {
		x := testkit.StartTerminal(t, 80, 24, program(t, "compare", "--screen", "--listen", addr))
		if code := x.Exit(); code != 3 || !strings.Contains(x.Written(), "choose another with --listen") || !x.Restored() {
			t.Errorf("an address that is taken: exit code %d, %q", code, x.Written())
		}
	}
}

// TestCompareScreenshot: the screen of two labs is drawn without a terminal, at the end of their time, and nothing is left running.
func TestCompareScreenshot(t *testing.T) {
	t.Parallel()
	p := detached(program(t, "compare", "--screen", "poll", "epoll:edge", "--for", "1s", "--scenario", "trickle", "--screenshot", "both.txt", "--size", "100x30"))
	if r := finish(t, p); r.code != 0 || r.out != "" {
		t.Fatalf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	b, err := os.ReadFile(filepath.Join(p.Dir, "both.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) != 31 || !strings.Contains(lines[0], "poll") {
		t.Errorf("the picture has %d lines:\n%s", len(lines), b)
	}
	for _, want := range []string{"epoll:edge", "EDGE", "trickle", "listener"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the picture has no %q:\n%s", want, b)
		}
	}
	if r := finish(t, func() *exec.Cmd {
		again := program(t, "compare", "--screen", "--for", "100ms", "--screenshot", "both.txt")
		again.Dir = p.Dir
		return again
	}()); r.code != exitEnv || !strings.Contains(r.err, "--force") {
		t.Errorf("a picture that is there: exit code %d, %s", r.code, r.err)
	}
}

package cmd

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/loop"
	"evviz/show"
)

// preparePanic makes the program panic as a test asks for it:
//
//	N        when the N-th goroutine that it starts begins
//	signal   in a goroutine, when SIGUSR1 comes
//	knobs    wherever the settings are listed after SIGUSR1 has come: while drawing their list, or in the key handler that completes
//
// The processes that the program starts of itself are left alone.
func preparePanic(how string) {
	if how == "" || len(os.Args) > 1 && slices.Contains([]string{"clients", "hand", "child", "peers"}, os.Args[1]) {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	switch how {
	case "signal":
		show.Go(func() {
			<-asked
			panic("made by a test")
		})
	case "knobs":
		var armed atomic.Bool
		get := loop.Knobs[0].Get
		loop.Knobs[0].Get = func(b *loop.Behaviour) string {
			if armed.Load() {
				panic("made by a test")
			}
			return get(b)
		}
		go func() {
			<-asked
			armed.Store(true)
			os.WriteFile("armed", nil, 0o600) // in the directory of this run
		}()
	default:
		n, err := strconv.Atoi(how)
		if err != nil {
			panic(err)
		}
		var begun atomic.Int64
		show.Spawned = func() {
			if begun.Add(1) == int64(n) {
				panic("made by a test")
			}
		}
	}
}

// panicked holds a program that has panicked to what it promises: the terminal given back, the panic to be read after that,
// exit code 70.
func panicked(t *testing.T, x *testkit.Terminal) {
	t.Helper()
	if code := x.Exit(); code != exitBug {
		t.Errorf("exit code %d, want %d", code, exitBug)
	}
	if !x.Restored() {
		t.Error("the terminal was not given back")
	}
	out := x.Written()
	if at := strings.LastIndex(out, "\x1b[?1049l"); at < 0 || !strings.Contains(out[at:], "made by a test") {
		t.Error("the panic cannot be read: it was told before the terminal was given back, or not at all")
	}
}

// TestPanicEverywhere makes each goroutine that a program starts panic, one after the other, until there is no further one:
// those that it starts by itself, and those that its keys start.
func TestPanicEverywhere(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "a panic in each goroutine")
	tourCopy := filepath.Join(t.TempDir(), "tour.evt")
	b, err := os.ReadFile("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tourCopy, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		args  []string
		first string // what is waited for before the keys
		keys  []string
		least int // goroutines that there are at least
	}{
		{"lab", []string{"--listen", "127.0.0.1:0", "--mode", "epoll", "--keep", "10s", "--record", "x.evt"}, "listener", []string{"t", "c", "Enter", "Esc", "S", "Left", "PgUp", "q"}, 12},
		{"replay", []string{"replay", tourCopy}, "listener", []string{"End", "0", "Left", "Home", "q"}, 5},
		{"lesson", []string{"--listen", "127.0.0.1:0", "--lesson", "9c"}, "Edge, fixed", []string{"]", "[", "q"}, 10},
		{"compare", []string{"compare", "--screen", "poll", "epoll"}, "listener", []string{"t", "q"}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				if n > 200 {
					t.Fatal("there is no end of goroutines")
				}
				cmd := program(t, c.args...)
				cmd.Env = append(cmd.Env, "EVVIZ_TEST_PANIC="+strconv.Itoa(n))
				x := testkit.StartTerminal(t, 100, 30, cmd)
				kids := map[int]bool{}
				alive := func(ok func(s string) bool) bool {
					return x.UntilOrEnd(func(s string) bool {
						for _, k := range children(t, cmd.Process.Pid) {
							kids[k] = true
						}
						return ok(s)
					})
				}
				on := alive(func(s string) bool { return strings.Contains(s, c.first) })
				for _, k := range c.keys {
					if !on {
						break
					}
					was := x.Screen()
					x.Try(k)
					begin := time.Now()
					on = alive(func(s string) bool { return s != was || time.Since(begin) > 300*time.Millisecond })
				}
				code := x.Exit()
				var left []int
				for k := range kids {
					left = append(left, k)
				}
				gone(t, left)
				if code == 0 {
					t.Logf("%d goroutines", n-1)
					if n-1 < c.least {
						t.Errorf("only %d goroutines were found", n-1)
					}
					return
				}
				panicked(t, x)
				if t.Failed() {
					t.Fatalf("the goroutine was number %d; it wrote\n%q", n, x.Written()[max(0, len(x.Written())-3000):])
				}
			}
		})
	}
}

// TestPanicOfTheScreen: while drawing, and while a key is handled.
func TestPanicOfTheScreen(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]string{"drawing": "o", "key handler": ":set \t"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := program(t, "--listen", "127.0.0.1:0")
			cmd.Env = append(cmd.Env, "EVVIZ_TEST_PANIC=knobs")
			x := testkit.StartTerminal(t, 80, 24, cmd)
			x.Shows("listener")
			kids := children(t, cmd.Process.Pid)
			cmd.Process.Signal(syscall.SIGUSR1)
			x.Until("the program ready to panic", func(string) bool { _, err := os.Stat(filepath.Join(cmd.Dir, "armed")); return err == nil })
			x.Send(keys)
			panicked(t, x)
			gone(t, kids)
		})
	}
}

// recordingLab is a lab on a screen that records, and its children.
func recordingLab(t *testing.T) (x *testkit.Terminal, file string, kids []int) {
	t.Helper()
	x = onTerminal(t, 100, 30, "--mode", "epoll", "--scenario", "trickle", "--record", "x.evt")
	x.Shows("REC x.evt")
	x.Until("messages", func(s string) bool { return lanes(s, "LT") == 2 && strings.Contains(s, "rw") })
	kids = children(t, x.Cmd.Process.Pid)
	if len(kids) == 0 {
		t.Error("no client process was started")
	}
	return x, filepath.Join(x.Cmd.Dir, "x.evt"), kids
}

// TestTerminalGone: when the terminal is taken away, the program ends at once as by SIGHUP, the recording is whole, and nobody
// is left behind.
func TestTerminalGone(t *testing.T) {
	t.Parallel()
	x, file, kids := recordingLab(t)
	x.HangUp()
	if !x.Ends(giveUp) {
		t.Error("it goes on without a terminal")
	}
	if code := x.Exit(); code != 128+int(syscall.SIGHUP) {
		t.Errorf("exit code %d, want %d", code, 128+int(syscall.SIGHUP))
	}
	gone(t, kids)
	whole(t, file)
	for shows, args := range map[string][]string{" PAUSED": {"replay", "--paused", file}, "in these": {"compare", "--screen", "poll", "epoll"}} {
		y := testkit.StartTerminal(t, 100, 30, program(t, args...))
		y.Shows(shows)
		kids := children(t, y.Cmd.Process.Pid)
		y.HangUp()
		if !y.Ends(giveUp) {
			t.Errorf("%s goes on without a terminal", args[0])
		}
		if code := y.Exit(); code != 128+int(syscall.SIGHUP) {
			t.Errorf("%s: exit code %d, want %d", args[0], code, 128+int(syscall.SIGHUP))
		}
		gone(t, kids)
	}
}

// whole holds a recording to being valid, with its end, and not empty.
func whole(t *testing.T, file string) {
	t.Helper()
	if evs := valid(t, file); len(evs) == 0 {
		t.Error("the recording is empty")
	}
	r := run(t, "replay", "--summary", file)
	if r.code != 0 || r.err != "" {
		t.Errorf("the recording is not whole: exit code %d, %s", r.code, r.err)
	}
}

// TestSignalsWhileRecording: nothing of a recording is lost to a signal that can be caught.
func TestSignalsWhileRecording(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			x, file, kids := recordingLab(t)
			x.Press("?") // on a page, and in the middle of a word, it is the same
			x.Press("?", ":", "x")
			x.Cmd.Process.Signal(sig)
			if code := x.Exit(); code != 128+int(sig) || !x.Restored() {
				t.Errorf("exit code %d, terminal given back: %v", code, x.Restored())
			}
			gone(t, kids)
			whole(t, file)
		})
	}
}

// TestKilledWhileRecording: what was recorded up to kill -9 opens, and is shown.
func TestKilledWhileRecording(t *testing.T) {
	t.Parallel()
	x, file, kids := recordingLab(t)
	x.Until("something written", func(string) bool { st, err := os.Stat(file); return err == nil && st.Size() > 4096 })
	x.Cmd.Process.Kill()
	x.Exit()
	gone(t, kids)
	if evs := readAll(t, file); len(evs) == 0 {
		t.Error("nothing is left of the recording")
	}
	y := testkit.StartTerminal(t, 120, 36, program(t, "replay", file))
	y.Until("a lane of the killed lab", func(s string) bool { return lanes(s, "LT") >= 1 })
	y.Press("q")
	if code := y.Exit(); code != 0 || !y.Restored() {
		t.Errorf("replay: exit code %d, terminal given back: %v", code, y.Restored())
	}
}

// TestOutputClosed: without a standard output there is no screen, and it says so; when a reader of standard output goes away
// in the middle, the recording and the children are looked after.
func TestOutputClosed(t *testing.T) {
	t.Parallel()
	self := program(t)
	sh := exec.Command("sh", "-c", fmt.Sprintf("exec %s --listen 127.0.0.1:0 >&-", self.Path))
	sh.Env, sh.Dir = self.Env, self.Dir
	x := testkit.StartTerminal(t, 80, 24, sh)
	if code := x.Exit(); code != exitEnv || !strings.Contains(x.Written(), "--headless") {
		t.Errorf("exit code %d, it said %q", code, x.Written())
	}

	p := program(t, "--headless", "--text", "--scenario", "trickle", "--mode", "epoll", "--listen", "127.0.0.1:0", "--record", "x.evt")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stdout = w
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := r.Read(make([]byte, 100)); err != nil {
		t.Error(err)
	}
	go io.Copy(io.Discard, r) // until it is closed
	file := filepath.Join(p.Dir, "x.evt")
	for end := time.Now().Add(giveUp); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if st, err := os.Stat(file); err == nil && st.Size() > 4096 { // a chunk and more
			break
		}
	}
	kids := children(t, p.Process.Pid)
	r.Close()
	p.Wait()
	if code := p.ProcessState.ExitCode(); code != 128+int(syscall.SIGPIPE) {
		t.Errorf("it ended with %v; want the code of the signal that every filter ends with", p.ProcessState)
	}
	gone(t, kids)
	if evs := readAll(t, file); len(evs) == 0 {
		t.Error("nothing is left of the recording")
	}
}

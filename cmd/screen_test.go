package cmd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"evviz/internal/testkit"
)

// listen occupies a port for the length of a test.
func listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// onTerminal starts the lab on a terminal with a port of its own.
func onTerminal(t *testing.T, w, h int, args ...string) *testkit.Terminal {
	t.Helper()
	return testkit.StartTerminal(t, w, h, program(t, append([]string{"--listen", "127.0.0.1:0"}, args...)...))
}

var addrOnScreen = regexp.MustCompile(`127\.0\.0\.1:(\d+)`)

var modeOnScreen = regexp.MustCompile(`lab · ([a-z-]+)`)

// TestLabOnScreen is the main job: start, see lanes, switch, see the change, quit, and the terminal is as it was.
func TestLabOnScreen(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "a long tour")
	x := onTerminal(t, 120, 36, "--mode", "sleep-poll")
	x.Shows("asleep")
	x.Until("a column of EAGAIN on the listener's lane", func(s string) bool { return lane(s, "listener", "E") })
	x.Until("a connection that was read", func(s string) bool { return regexp.MustCompile(`fd \d+ .*r`).MatchString(s) })
	x.Send("t")
	x.Shows("lab · epoll  LEVEL ")
	x.Until("a lane that is level-triggered", func(s string) bool { return regexp.MustCompile(`fd \d+ +:\d+ +(?:[a-z]+ )?LT`).MatchString(s) })
	x.Until("the nagging, counted", func(s string) bool { return regexp.MustCompile(`fd \d+ .*\d+x`).MatchString(s) })
	x.Send("t")
	x.Shows("lab · epoll  EDGE ")
	x.Shows("no further notification")
	x.Send("t")
	x.Shows("lab · epoll  ONESHOT ")
	x.Send("t")
	x.Shows("lab · epoll  LEVEL ")
	for mode := "epoll"; mode != "blocking"; { // past what this kernel may offer besides
		x.Send("m")
		x.Until("another mechanism than "+mode, func(s string) bool {
			m := modeOnScreen.FindStringSubmatch(s)
			return m != nil && m[1] != mode
		})
		mode = modeOnScreen.FindStringSubmatch(x.Screen())[1]
	}
	x.Shows("blocked in")
	x.Send("m")
	x.Shows("sleep-poll 250 ms")
	x.Send("m")
	x.Shows("· select ")
	x.Send("m")
	x.Shows("· poll ")
	x.Send("?")
	x.Shows("─ keys ─")
	x.Send("?")
	x.Send("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !x.Restored() {
		t.Error("the terminal was not given back")
	}
}

func lane(screen, label, glyph string) bool {
	for _, l := range strings.Split(screen, "\n") {
		if strings.HasPrefix(l, label) && strings.Contains(l[len(label):], glyph) {
			return true
		}
	}
	return false
}

// TestNetcat: whoever connects is served, at once in epoll, at the next round in sleep-poll, and seen waiting meanwhile.
func TestNetcat(t *testing.T) {
	t.Parallel()
	x := onTerminal(t, 100, 30, "--mode", "sleep-poll", "--interval", "1h", "--scenario", "none")
	s := x.Shows("asleep")
	c, err := net.Dial("tcp", addrOnScreen.FindString(s))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "hello\n")
	// The server sleeps for an hour: the kernel has accepted, the queue is seen on the listener's lane.
	x.Until("the connection that waits in the queue", func(s string) bool { return strings.Contains(s, "1 waiting for accept") })
	begin := time.Now()
	x.Send("t")
	x.Shows("lab · epoll  LEVEL ")
	c.SetReadDeadline(time.Now().Add(giveUp))
	buf := make([]byte, 64)
	n, err := c.Read(buf)
	if err != nil || string(buf[:n]) != "hello\n" {
		t.Errorf("answer %q, %v", buf[:n], err)
	}
	if d := time.Since(begin); d > time.Minute { // the loop sleeps for an hour
		t.Errorf("the key took %v", d)
	}
	x.Shows("fd ")
	x.Send("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestRecordAndReplay records in the lab, with the key, and looks at the file on the same screen.
func TestRecordAndReplay(t *testing.T) {
	t.Parallel()
	x := onTerminal(t, 120, 36, "--mode", "epoll", "--scenario", "trickle")
	x.Shows("lab · epoll  LEVEL ")
	x.Send("r")
	x.Shows("REC")
	time.Sleep(1500 * time.Millisecond) // something to record; nothing is asserted about how much
	x.Send("r")
	x.Until("the end of the recording", func(s string) bool { return strings.Contains(s, "recorded ") })
	x.Send("q")
	x.Exit()
	files, _ := filepath.Glob(filepath.Join(x.Cmd.Dir, "*.evt"))
	if len(files) != 1 {
		t.Fatalf("recorded files: %v", files)
	}
	if st, err := os.Stat(files[0]); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: a recording is for its owner", st.Mode(), err)
	}
	y := testkit.StartTerminal(t, 120, 36, program(t, "replay", "--paused", files[0]))
	y.Shows(" PAUSED")
	y.Send(">")
	y.Shows("speed 2x")
	y.Send(" ")
	y.Until("a lane", func(s string) bool { return regexp.MustCompile(`fd \d+ +:\d+ +(?:[a-z]+ )?LT`).MatchString(s) })
	y.Send("\x1b[F") // End
	y.Shows(" END")
	y.Send("\x1b[H") // Home
	y.Until("the beginning", func(s string) bool { return !strings.Contains(s, " END") })
	y.Send("q")
	if code := y.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !y.Restored() {
		t.Error("the terminal was not given back")
	}
}

// TestSignals: whatever ends evviz, the terminal is given back, the exit code says which signal, and no child is left.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			x := onTerminal(t, 80, 24)
			x.Shows("asleep")
			kids := children(t, x.Cmd.Process.Pid)
			if len(kids) == 0 {
				t.Error("no client process was started")
			}
			x.Cmd.Process.Signal(sig)
			if code := x.Exit(); code != 128+int(sig) {
				t.Errorf("exit code %d, want %d", code, 128+int(sig))
			}
			if !x.Restored() {
				t.Error("the terminal was not given back")
			}
			gone(t, kids)
		})
	}
	t.Run("kill -9", func(t *testing.T) {
		x := onTerminal(t, 80, 24)
		x.Shows("asleep")
		kids := children(t, x.Cmd.Process.Pid)
		x.Cmd.Process.Kill()
		x.Exit()
		gone(t, kids)
	})
}

func children(t *testing.T, pid int) (kids []int) {
	t.Helper()
	out, _ := exec.Command("sh", "-c", fmt.Sprintf("cat /proc/%d/task/*/children", pid)).Output()
	for _, f := range strings.Fields(string(out)) {
		n, _ := strconv.Atoi(f)
		kids = append(kids, n)
	}
	return kids
}

func gone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		for end := time.Now().Add(giveUp); ; time.Sleep(10 * time.Millisecond) {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err != nil || strings.Contains(string(b), ") Z ") {
				break
			}
			if time.Now().After(end) {
				t.Errorf("child %d is still there", pid)
				break
			}
		}
	}
}

// TestPanic: a panic in any goroutine gives the terminal back, can be read, ends with 70, and leaves no child behind.
func TestPanic(t *testing.T) {
	cmd := program(t, "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "EVVIZ_TEST_PANIC=signal")
	x := testkit.StartTerminal(t, 80, 24, cmd)
	x.Shows("listener")
	kids := children(t, x.Cmd.Process.Pid)
	if err := x.Cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if code := x.Exit(); code != 70 {
		t.Errorf("exit code %d, want 70", code)
	}
	if !x.Restored() {
		t.Error("the terminal was not given back")
	}
	if _, after, ok := strings.Cut(x.Written(), "\x1b[?1049l"); !ok || !strings.Contains(after, "made by a test") {
		t.Error("the panic cannot be read: it was told before the terminal was given back, or not at all")
	}
	gone(t, kids)
}

// TestSwitchOne: T switches the selected lane and no other.
func TestSwitchOne(t *testing.T) {
	t.Parallel()
	x := onTerminal(t, 100, 30, "--mode", "epoll", "--scenario", "idle")
	x.Until("three level-triggered lanes", func(s string) bool { return lanes(s, "LT") == 3 })
	x.Send("jjT") // down, down: the first connection below the listener
	x.Until("one edge-triggered lane", func(s string) bool { return lanes(s, "ET") == 1 && lanes(s, "LT") == 2 })
	x.Send("t")
	x.Until("all edge-triggered", func(s string) bool { return lanes(s, "ET") == 3 })
	x.Send("q")
	x.Exit()
}

// lanes counts the connections that are registered with a trigger.
func lanes(screen, trigger string) int {
	return len(regexp.MustCompile(`(?m)^fd \d+ +:\d+ (?:[a-z][^ ]* )?`+trigger).FindAllString(screen, -1))
}

// TestSmallScreens: it works at 80x24, says politely when there is less room, and survives any size.
func TestSmallScreens(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{80, 24}, {40, 12}, {20, 5}, {1, 1}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			x := onTerminal(t, size[0], size[1])
			switch {
			case size[0] >= 40:
				x.Shows("listener")
			case size[0] >= 20:
				x.Shows("too small")
			default:
				x.Until("anything", func(s string) bool { return strings.TrimSpace(s) != "" })
			}
			x.Send("tm? q")
			if code := x.Exit(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestPlainTerminals: without colours, with eight, and in a locale without block characters the same is said.
func TestPlainTerminals(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "a screen on each kind of terminal")
	for name, env := range map[string][]string{
		"NO_COLOR": {"NO_COLOR=1"}, "8 colours": {"TERM=xterm", "COLORTERM="}, "LANG=C": {"LANG=C", "LC_ALL=C"},
		"TERM unset": {"TERM="}, "unknown TERM": {"TERM=of-the-future"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t, "--listen", "127.0.0.1:0")
			cmd.Env = append(cmd.Env, env...)
			x := testkit.StartTerminal(t, 100, 30, cmd)
			x.Until("a column of EAGAIN", func(s string) bool { return lane(s, "listener", "E") })
			x.Send("q")
			if code := x.Exit(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			out := x.Written()
			if name == "NO_COLOR" && regexp.MustCompile(`\x1b\[[0-9;]*[34]8;`).MatchString(out) {
				t.Error("colours were sent")
			}
			if name == "LANG=C" && strings.ContainsAny(out, "░█↓▸") {
				t.Error("characters were sent that the locale cannot show")
			}
		})
	}
}

// TestSuspend: Ctrl-Z gives the terminal back and stops; SIGCONT brings the screen back.
func TestSuspend(t *testing.T) {
	x := onTerminal(t, 80, 24)
	x.Shows("asleep")
	x.Send("\x1a")
	for end := time.Now().Add(giveUp); ; time.Sleep(10 * time.Millisecond) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", x.Cmd.Process.Pid))
		if strings.Contains(string(b), ") T ") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("Ctrl-Z did not stop it")
		}
	}
	// It has written all it will before it stopped; the emulator may still be reading.
	x.Until("the terminal given back", func(string) bool { return x.Restored() })
	x.Cmd.Process.Signal(syscall.SIGCONT)
	x.Until("the screen again", func(s string) bool { return !x.Restored() && strings.Contains(s, "listener") })
	x.Send("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

package cmd

import (
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
	"evviz/show"
)

// prepareSignal makes the program send itself a signal at a step of opening its screen: "15 the terminal is raw".
func prepareSignal(how string) {
	if how == "" {
		return
	}
	number, at, _ := strings.Cut(how, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		panic(err)
	}
	show.Passing = func(step string) {
		if step == at {
			syscall.Kill(os.Getpid(), syscall.Signal(n))
		}
	}
}

// screens are the ways to open one, each with what it shows. The lab records, so that its end is one in good order.
func screens(t *testing.T) map[string]func(t *testing.T) *testkit.Terminal {
	t.Helper()
	start := func(shows string, args ...string) func(t *testing.T) *testkit.Terminal {
		return func(t *testing.T) *testkit.Terminal {
			t.Helper()
			x := testkit.StartTerminal(t, 100, 30, program(t, args...))
			x.Shows(shows)
			return x
		}
	}
	return map[string]func(t *testing.T) *testkit.Terminal{
		"lab":     start("listener", "--listen", "127.0.0.1:0", "--mode", "epoll", "--record", "x.evt"),
		"replay":  start("listener", "replay", tourCopy(t)),
		"compare": start("in these", "compare", "--screen", "poll", "epoll"),
	}
}

func tourCopy(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/tour.evt"
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// endsWell presses q and holds the program to its ordinary end.
func endsWell(t *testing.T, x *testkit.Terminal) {
	t.Helper()
	x.Press("q")
	if code := x.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !x.GivenBack() {
		t.Errorf("the terminal was not given back: left the screen %v, settings %v", x.Restored(), x.Cooked())
	}
}

// TestHostileInput: whatever a terminal sends, typed or pasted, the keys work afterwards.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	open := screens(t)
	for name, input := range map[string]string{
		"a byte that is not UTF-8":      "\xff",
		"Latin-1":                       "caf\xe9",
		"a paste that is not UTF-8":     "\x1b[200~" + strings.Repeat("\xe9\xff", 200) + "\x1b[201~",
		"an old mouse report":           "\x1b[M \xc8\xa1",
		"half a character":              "\xe4\xb8",
		"Alt-]":                         "\x1b]",
		"Alt-_":                         "\x1b_",
		"Alt-X":                         "\x1bX",
		"Alt-^":                         "\x1b^",
		"Alt-P":                         "\x1bP",
		"Alt-[":                         "\x1b[",
		"Alt-O":                         "\x1bO",
		"a string without an end":       "\x1b]0;title",
		"Esc twice":                     "\x1b\x1b",
		"a key that is held for ever":   "\x1b[65;30;97;1;0;2147483647_",
		"a key that is no character":    "\x1b[1114112u\x1b[55296u",
		"a control sequence cut off":    "\x1b[1;2",
		"what tcell waits behind":       "\x1b[1[",
		"a mouse report without a move": "\x1b[<0;1;1M\x1b[<0;1;1m",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(name, "mouse") && !strings.Contains(name, "a byte") && name != "Alt-]" {
				testkit.Long(t, "hostile input")
			}
			screen := "replay"
			if strings.Contains(name, "UTF-8") || strings.Contains(name, "Alt-]") {
				screen = "lab"
			}
			x := open[screen](t)
			x.Send(input)
			x.Until("view 3, whose key is pressed again and again", func(s string) bool {
				x.Try("3") // what comes too soon behind the beginning of a string is part of that
				return views["registered"](s)
			})
			endsWell(t, x)
		})
	}
}

// TestSquareBracketAfterEscape: the key for the next lesson, pressed so soon after Esc that the terminal sends both in one piece,
// and with Alt, which sends the same.
func TestSquareBracketAfterEscape(t *testing.T) {
	t.Parallel()
	x := testkit.StartTerminal(t, 100, 30, program(t, "--listen", "127.0.0.1:0", "--lesson", "9a"))
	before := place(x.Until("a lesson", func(s string) bool { return place(s) > 0 }))
	x.Send("\x1b]")
	x.Until("the next lesson", func(s string) bool { return place(s) == before+1 })
	x.Send("\x1b[")
	x.Until("the lesson before", func(s string) bool { return place(s) == before })
	endsWell(t, x)
}

var lessonOnScreen = regexp.MustCompile(`^ *lesson \S+, (\d+) of \d+ `)

// place is the number of the lesson that a screen shows, 0 none.
func place(screen string) (n int) {
	for _, l := range strings.Split(screen, "\n") {
		if m := lessonOnScreen.FindStringSubmatch(l); m != nil {
			n, _ = strconv.Atoi(m[1])
			return n
		}
	}
	return 0
}

// TestEndInTheMiddleOfAPaste: what was pasted behind the key that quits, or suspends, does not hold anybody up.
func TestEndInTheMiddleOfAPaste(t *testing.T) {
	t.Parallel()
	open := screens(t)["replay"]
	much := strings.Repeat("kj", 1900) // the kernel takes it at once
	x := open(t)
	x.Send("q" + much)
	if code := x.Exit(); code != 0 || !x.GivenBack() {
		t.Errorf("exit code %d, terminal given back: %v", code, x.GivenBack())
	}
	x = open(t)
	x.Send("\x1a" + much)
	x.UntilState("T")
	if !x.Cooked() {
		t.Error("it stopped with the terminal raw")
	}
	x.Cmd.Process.Signal(syscall.SIGCONT)
	x.Until("the screen again", func(s string) bool { return !x.Restored() && strings.Contains(s, "listener") })
	x.Cmd.Process.Signal(syscall.SIGTERM)
	if code := x.Exit(); code != 128+int(syscall.SIGTERM) || !x.GivenBack() {
		t.Errorf("exit code %d, terminal given back: %v", code, x.GivenBack())
	}
}

// TestFrozenTerminal: signals end the program while its terminal does not read, with the terminal given back and the recording
// whole.
func TestFrozenTerminal(t *testing.T) {
	t.Parallel()
	for name, open := range screens(t) {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
			t.Run(name+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				if name != "lab" || sig != syscall.SIGTERM {
					testkit.Long(t, "a terminal that does not read")
				}
				x := open(t)
				x.Freeze()
				begin := time.Now()
				x.Cmd.Process.Signal(sig)
				x.UntilState("Z")
				t.Logf("it took %v", time.Since(begin))
				if !x.Cooked() {
					t.Error("the terminal's settings are not as before")
				}
				x.Thaw()
				if code := x.Exit(); code != 128+int(sig) {
					t.Errorf("exit code %d, want %d", code, 128+int(sig))
				}
				if !x.GivenBack() {
					t.Error("the terminal shows the screen still")
				}
				if strings.Contains(x.Written(), "in good order") {
					t.Error("it waited for the terminal after all")
				}
				if name == "lab" {
					whole(t, x.Cmd.Dir+"/x.evt")
				}
			})
		}
	}
	t.Run("panic", func(t *testing.T) {
		t.Parallel()
		cmd := program(t, "--listen", "127.0.0.1:0")
		cmd.Env = append(cmd.Env, "EVVIZ_TEST_PANIC=signal")
		x := testkit.StartTerminal(t, 80, 24, cmd)
		x.Shows("listener")
		x.Freeze()
		x.Cmd.Process.Signal(syscall.SIGUSR1)
		x.UntilState("Z")
		x.Thaw()
		panicked(t, x)
		if !x.Cooked() {
			t.Error("the terminal's settings are not as before")
		}
	})
	t.Run("--for", func(t *testing.T) {
		t.Parallel()
		testkit.Long(t, "a terminal that does not read")
		x := testkit.StartTerminal(t, 80, 24, program(t, "--listen", "127.0.0.1:0", "--for", "2s"))
		x.Shows("listener")
		x.Freeze()
		x.UntilState("Z")
		x.Thaw()
		if code := x.Exit(); code != 0 || !x.GivenBack() {
			t.Errorf("exit code %d, terminal given back: %v", code, x.GivenBack())
		}
	})
}

// TestFrozenOutput: a signal ends a run without a screen whose output nobody reads: from the beginning, after --for is over, or after a
// while.
func TestFrozenOutput(t *testing.T) {
	t.Parallel()
	testkit.Long(t, "terminals that do not read")
	args := []string{"--headless", "--text", "--mode", "epoll", "--scenario", "trickle", "--listen", "127.0.0.1:0", "--record", "x.evt"}
	for _, c := range []struct {
		name string
		args []string
		read bool // some of the output was read
	}{{"from the beginning", args, false}, {"with --for", append(slices.Clone(args), "--for", "1s"), false}, {"after a while", args, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := testkit.StartTerminal(t, 80, 24, program(t, c.args...))
			file := x.Cmd.Dir + "/x.evt"
			if c.read {
				x.Until("any event", func(screen string) bool { return strings.Contains(screen, "epoll_wait(") })
			}
			x.Freeze()
			if !c.read {
				eventually(t, "there is a recording", func() bool {
					st, err := os.Stat(file)
					return err == nil && st.Size() > 0
				})
			}
			time.Sleep(1500 * time.Millisecond) // until --for is over, and it waits for its output; nothing is asserted about when
			x.Cmd.Process.Signal(syscall.SIGTERM)
			x.UntilState("Z")
			x.Thaw()
			if code := x.Exit(); code != 128+int(syscall.SIGTERM) {
				t.Errorf("exit code %d, want %d", code, 128+int(syscall.SIGTERM))
			}
			if evs := readAll(t, file); len(evs) == 0 && c.read {
				t.Error("nothing is left of the recording")
			}
		})
	}
}

// TestSignalsWhileOpening: at whatever step of opening the screen a signal comes, it ends the program with the terminal given back.
func TestSignalsWhileOpening(t *testing.T) {
	tour := tourCopy(t)
	for name, args := range map[string][]string{"lab": {"--listen", "127.0.0.1:0", "--mode", "epoll"}, "replay": {"replay", tour}, "compare": {"compare", "--screen", "poll", "epoll"}} {
		for _, step := range []string{"signals are watched", "the terminal is raw", "the screen is open", "before the first frame"} {
			for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
				t.Run(name+" "+step+" "+sig.String(), func(t *testing.T) {
					t.Parallel()
					cmd := program(t, args...)
					cmd.Env = append(cmd.Env, fmt.Sprintf("EVVIZ_TEST_SIGNAL=%d %s", sig, step))
					x := testkit.StartTerminal(t, 80, 24, cmd)
					if code := x.Exit(); code != 128+int(sig) {
						t.Errorf("exit code %d, want %d", code, 128+int(sig))
					}
					if !x.GivenBack() {
						t.Errorf("the terminal was not given back: left the screen %v, settings %v", x.Restored(), x.Cooked())
					}
				})
			}
		}
	}
}

// TestStoppedFromOutside: SIGTSTP gives the terminal back and stops, SIGCONT brings the screen back; after SIGSTOP, which nobody
// can catch, SIGCONT takes the terminal anew.
func TestStoppedFromOutside(t *testing.T) {
	t.Parallel()
	for name, open := range screens(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := open(t)
			for range 2 {
				x.Cmd.Process.Signal(syscall.SIGTSTP)
				x.UntilState("T")
				x.Until("the terminal given back", func(string) bool { return x.GivenBack() })
				x.Cmd.Process.Signal(syscall.SIGCONT)
				x.Until("the screen again", func(s string) bool { return !x.Restored() && !x.Cooked() && strings.Contains(s, "listener") })
			}
			x.Press("?")
			x.Shows("─ keys ─")
			x.Press("?")
			x.Until("the screen", func(s string) bool { return !strings.Contains(s, "─ keys ─") })

			x.Cmd.Process.Signal(syscall.SIGSTOP)
			x.UntilState("T")
			x.Spoil()
			x.Cook()
			x.Cmd.Process.Signal(syscall.SIGCONT)
			x.Until("the screen anew", func(s string) bool { return !x.Cooked() && strings.Contains(s, "listener") })
			endsWell(t, x)
		})
	}
	t.Run("while opening", func(t *testing.T) {
		t.Parallel()
		cmd := program(t, "replay", tourCopy(t))
		cmd.Env = append(cmd.Env, fmt.Sprintf("EVVIZ_TEST_SIGNAL=%d the terminal is raw", syscall.SIGTSTP))
		x := testkit.StartTerminal(t, 80, 24, cmd)
		x.UntilState("T")
		x.Until("the terminal given back", func(string) bool { return x.GivenBack() })
		x.Cmd.Process.Signal(syscall.SIGCONT)
		x.Until("the screen", func(s string) bool { return !x.Restored() && strings.Contains(s, "listener") })
		endsWell(t, x)
	})
}

// TestClickInCompare: a click without a move before it, and one after a move.
func TestClickInCompare(t *testing.T) {
	t.Parallel()
	x := screens(t)["compare"](t)
	x.Mouse(testkit.MouseLeft, 0, 0)
	for _, y := range []int{3, 20, 29} {
		x.Mouse(testkit.MouseLeft, 60, y)
	}
	x.Mouse(testkit.WheelDown, 61, 3)
	x.Until("more time in the window", func(s string) bool { return strings.Contains(s, "\n10 s, ") })
	endsWell(t, x)
}

// prepareFailure makes the program's server fail as SIGUSR1 comes: whatever epoll instance is not the Go runtime's, which is the
// first, is one no more, and the next wait for it is an error.
func prepareFailure(how string) {
	if how == "" || len(os.Args) > 1 && slices.Contains([]string{"clients", "hand", "child", "peers"}, os.Args[1]) {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		<-asked
		null, err := os.Open(os.DevNull)
		if err != nil {
			panic(err)
		}
		first := true
		for fd := range 100 {
			if to, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); to != "anon_inode:[eventpoll]" {
				continue
			}
			if !first {
				if err := unix.Dup3(int(null.Fd()), fd, unix.O_CLOEXEC); err != nil {
					panic(err)
				}
			}
			first = false
		}
	}()
}

// TestQuitWhileTheServerFails: q, and for good measure a signal, at the moment at which the server fails. Whichever is first decides the
// exit code; under -race this fails when two goroutines write it.
func TestQuitWhileTheServerFails(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) *testkit.Terminal {
		cmd := program(t, "--listen", "127.0.0.1:0", "--mode", "epoll", "--scenario", "trickle")
		cmd.Env = append(cmd.Env, "EVVIZ_TEST_FAIL=1")
		x := testkit.StartTerminal(t, 100, 30, cmd)
		x.Shows("listener")
		return x
	}
	x := start(t)
	x.Cmd.Process.Signal(syscall.SIGUSR1)
	x.Shows("the server has ended: ") // it does fail
	x.Press("q")
	if code := x.Exit(); code != exitFailure || !x.GivenBack() {
		t.Errorf("exit code %d, terminal given back: %v", code, x.GivenBack())
	}
	for i := range 6 {
		x := start(t)
		x.Cmd.Process.Signal(syscall.SIGUSR1)
		x.Try("q")
		if i%2 == 1 {
			x.Cmd.Process.Signal(syscall.SIGTERM)
		}
		code := x.Exit()
		if code != 0 && code != exitFailure && (i%2 == 0 || code != 128+int(syscall.SIGTERM)) || !x.GivenBack() || strings.Contains(x.Written(), "DATA RACE") {
			t.Errorf("exit code %d, terminal given back: %v\n%s", code, x.GivenBack(), x.Written()[max(0, len(x.Written())-3000):])
		}
	}
}

// TestQuitAndSignal: q and a signal at the same moment; whichever is first decides.
func TestQuitAndSignal(t *testing.T) {
	t.Parallel()
	for name, open := range screens(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 3 {
				x := open(t)
				x.Try("q")
				x.Cmd.Process.Signal(syscall.SIGTERM)
				if code := x.Exit(); code != 0 && code != 128+int(syscall.SIGTERM) || !x.GivenBack() {
					t.Errorf("exit code %d, terminal given back: %v\n%s", code, x.GivenBack(), x.Written()[max(0, len(x.Written())-2000):])
				}
			}
		})
	}
}

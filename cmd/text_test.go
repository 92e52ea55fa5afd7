package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplayText: what replay --text prints can be replayed, checked and printed again, and says the same as the file that it was
// made from; of a recording and of strace text without times.
func TestReplayText(t *testing.T) {
	t.Parallel()
	untimed := filepath.Join(t.TempDir(), "untimed.strace")
	if err := os.WriteFile(untimed, []byte("epoll_wait(4, [{events=EPOLLIN, data={u32=5, u64=5}}], 8, -1) = 1\nread(5, \"x\", 10) = 1\nread(5, 0x7ffe, 10) = -1 EAGAIN (Resource temporarily unavailable)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"../tui/testdata/tour.evt", "../tui/testdata/split-epoll.evt", logs + "negative/redis.strace", untimed} {
		of, err := filepath.Abs(of)
		if err != nil {
			t.Fatal(err)
		}
		text := filepath.Join(t.TempDir(), "x.txt")
		printed := run(t, "replay", "--text=raw", of).out
		if err := os.WriteFile(text, []byte(printed), 0o600); err != nil {
			t.Fatal(err)
		}
		if again := run(t, "replay", "--text=raw", text); again.out != printed || again.code != 0 {
			t.Errorf("%s: printed again it is something else (%d): %s", of, again.code, again.err)
		}
		var screens [2]string
		for i, path := range []string{of, text} {
			shot := filepath.Join(t.TempDir(), "shot.txt")
			r := run(t, "replay", "--screenshot", shot, "--view", "registered", path)
			b, err := os.ReadFile(shot)
			if err != nil {
				t.Fatalf("%v: %s", err, r.err)
			}
			_, screens[i], _ = strings.Cut(string(b), "\n") // the header has the file's name
		}
		if screens[0] != screens[1] {
			t.Errorf("%s: the screen of the text is\n%s\nand of the file\n%s", of, screens[1], screens[0])
		}
		for _, args := range [][]string{{"replay", "--summary"}, {"check"}} {
			a, b := run(t, append(args, of)...), run(t, append(args, text)...)
			if a.out != b.out || a.code != b.code {
				t.Errorf("%s %v: of the text (%d, %s)\n%s\nof the file (%d)\n%s", of, args, b.code, b.err, b.out, a.code, a.out)
			}
		}
	}
}

// TestReplayBadText: a line that is wrong is named, and nothing is shown.
func TestReplayBadText(t *testing.T) {
	text := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(text, []byte("# of my own\n1.0 1 Read complete fd=3 ret=1\n1.1 1 Reed complete\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"replay", text}, {"replay", "--summary", text}, {"check", text}} {
		if r := run(t, args...); r.code != exitEnv || r.out != "" || !strings.Contains(r.err, text+": line 3, column 7: no kind of event is called \"Reed\"") {
			t.Errorf("%v: exit code %d, %q, %s", args, r.code, r.out, r.err)
		}
	}
}

// TestHeadlessText: what the lab prints while it runs can be replayed, too.
func TestHeadlessText(t *testing.T) {
	text := filepath.Join(t.TempDir(), "x.txt")
	lab := run(t, "--headless", "--text=raw", "--listen", "127.0.0.1:0", "--scenario", "none", "--waits", "3", "--mode", "epoll", "--timeout", "1ms")
	if err := os.WriteFile(text, []byte(lab.out), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "replay", "--text=raw", text)
	if r.code != 0 || r.out != lab.out || !strings.Contains(r.out, "Wait ") || !strings.Contains(r.out, "meta.knob.waits=\"3\"") {
		t.Errorf("exit code %d, %s\n%s\nand was\n%s", r.code, r.err, r.out, lab.out)
	}
}

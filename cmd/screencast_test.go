package cmd

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"evviz/internal/testkit"
)

// castEvents are the events of an asciicast, with the moments at which they are.
func castEvents(t *testing.T, path string) (at []time.Duration, kind, data []string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	var now time.Duration
	for _, l := range lines[1:] {
		var e [3]any
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		now += time.Duration(e[0].(float64)*1e6+0.5) * time.Microsecond
		at, kind, data = append(at, now), append(kind, e[1].(string)), append(data, e[2].(string))
	}
	return at, kind, data
}

// TestScreencast: a screencast has the recording's time, its switches and findings as markers, ends with the frame of its end, is the same
// each time, and needs no terminal.
func TestScreencast(t *testing.T) {
	t.Parallel()
	tour, err := filepath.Abs("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name  string
		args  []string
		lasts time.Duration
	}{
		{"a.cast", []string{"--at", "12s", "--to", "20s"}, 8 * time.Second},
		{"fast.cast", []string{"--at", "12s", "--to", "20s", "--speed", "4", "--fps", "20"}, 2 * time.Second},
		{"a.svg", []string{"--at", "12s", "--to", "20s", "--symbols", "block"}, 0},
	} {
		var files [2][]byte
		for i := range files {
			path := filepath.Join(dir, c.name)
			args := append([]string{"replay", tour, "--screencast", path, "--size", "100x30"}, c.args...)
			if i > 0 {
				args = append(args, "--force")
			}
			if r := finish(t, detached(program(t, args...))); r.code != 0 || r.out != "" {
				t.Fatalf("%v: exit code %d, %s%s", args, r.code, r.out, r.err)
			}
			if files[i], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s: made again it is something else", c.name)
		}
		if c.lasts == 0 {
			if n := len(files[0]); n > 1<<20 || !bytes.Contains(files[0], []byte("step-end infinite")) {
				t.Errorf("%s has %d bytes", c.name, n)
			}
			continue
		}
		at, kind, data := castEvents(t, filepath.Join(dir, c.name))
		var sent strings.Builder
		var marks []string
		for i := range at {
			switch kind[i] {
			case "o":
				sent.WriteString(data[i])
			case "m":
				marks = append(marks, data[i])
				if data[i] == "epoll edge" { // at 12.816 s of the recording
					if want := time.Duration(float64(816*time.Millisecond) * float64(c.lasts) / float64(8*time.Second)); (at[i] - want).Abs() > 2*time.Millisecond {
						t.Errorf("%s: the switch to edge is at %v, want %v", c.name, at[i], want)
					}
				}
			}
		}
		if last := at[len(at)-1]; last != c.lasts {
			t.Errorf("%s lasts %v, want %v", c.name, last, c.lasts)
		}
		for _, want := range []string{"epoll edge", "epoll level"} {
			if !slices.Contains(marks, want) {
				t.Errorf("%s: no marker %q in %q", c.name, want, marks)
			}
		}
		if !slices.ContainsFunc(marks, func(m string) bool { return strings.HasPrefix(m, "EV03 et-undrained: fd 20") }) {
			t.Errorf("%s: no marker of the finding in %q", c.name, marks)
		}
		screen := testkit.Emulated(t, 100, 30, []byte(sent.String()))
		for _, want := range []string{"1 Timeline", "LEVEL", "fd 20", "EV03"} {
			if !strings.Contains(screen, want) {
				t.Errorf("%s: the last frame has no %q:\n%s", c.name, want, screen)
			}
		}
	}
}

// TestScreencastRefuses: what cannot be made is refused in a sentence, and no file is begun.
func TestScreencastRefuses(t *testing.T) {
	t.Parallel()
	tour, err := filepath.Abs("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	untimed := written(t, "untimed.strace", "epoll_wait(4, [{events=EPOLLIN, data={u32=5, u64=5}}], 8, -1) = 1\nread(5, \"x\", 10) = 1\n")
	there := written(t, "there.svg", "mine")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{tour, "--screencast", "x.gif"}, exitUsage, ".svg (an animated picture) or .cast (an asciicast)"},
		{[]string{tour, "--screencast", "x.svg", "--at", "9s", "--to", "8s"}, exitUsage, "it is not after --at"},
		{[]string{tour, "--screencast", "x.svg", "--at", "90s"}, exitUsage, "the recording lasts"},
		{[]string{tour, "--screencast", "x.svg", "--fps", "0"}, exitUsage, "want 1 to 60"},
		{[]string{tour, "--screencast", "x.svg", "--fps", "60", "--speed", "0.01"}, exitUsage, "--speed"},
		{[]string{tour, "--screencast", "x.svg", "--text"}, exitUsage, "choose one"},
		{[]string{tour, "--screencast", "x.svg", "--size", "wide"}, exitUsage, "columns x rows"},
		{[]string{tour, "--to", "3s"}, exitUsage, "--to goes with --screencast"},
		{[]string{untimed, "--screencast", "x.svg"}, exitUsage, "has no times"},
		{[]string{tour, "--screencast", there}, exitEnv, "--force"},
	} {
		p := program(t, append([]string{"replay"}, c.args...)...)
		r := finish(t, p)
		if r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%v: exit code %d, want %d with %q: %s", c.args, r.code, c.code, c.want, r.err)
		}
		if list, _ := filepath.Glob(filepath.Join(p.Dir, "*")); len(list) > 0 {
			t.Errorf("%v: left %v", c.args, list)
		}
	}
	if b, _ := os.ReadFile(there); string(b) != "mine" {
		t.Errorf("a file that was there is %q now", b)
	}
}

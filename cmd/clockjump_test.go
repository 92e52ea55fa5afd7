package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// clockJump is what strace -f -ttt -T printed of a server on a board without a battery: its clock is set from 1970 to today while
// the server waits.
func clockJump(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	call := func(at float64, text string) { fmt.Fprintf(&b, "711 %.6f %s\n", at, text) }
	call(12.000100, "epoll_create1(EPOLL_CLOEXEC) = 3 <0.000010>")
	call(12.000200, "epoll_ctl(3, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5, u64=5}}) = 0 <0.000010>")
	for i := range 20 {
		at := 12.001 + float64(i)/1000
		if i >= 10 {
			at += 1.75e9
		}
		call(at, "epoll_wait(3, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, -1) = 1 <0.000010>")
		call(at+0.0001, `read(5, "x", 4096) = 1 <0.000010>`)
		call(at+0.0002, `read(5, 0x7ffd3c5e, 4096) = -1 EAGAIN (Resource temporarily unavailable) <0.000010>`)
	}
	path := filepath.Join(t.TempDir(), "board.strace")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestClockJump: a log over 55 years is drawn in every view, as a picture and on the screen.
func TestClockJump(t *testing.T) {
	t.Parallel()
	path := clockJump(t)
	for _, view := range []string{"timeline", "iteration", "registered", "latency", "findings", "events"} {
		picture := filepath.Join(t.TempDir(), view+".txt")
		if r := run(t, "replay", "--view", view, "--screenshot", picture, path); r.code != 0 {
			t.Errorf("view %s: exit code %d, %s", view, r.code, r.err)
		}
	}
	x := testkit.StartTerminal(t, 120, 36, program(t, "replay", path))
	x.Shows("strace board.strace")
	x.Press("End")
	x.Shows(" END")
	x.Press("0")
	x.Until("all of it in the window, and what was at both ends", func(s string) bool {
		for _, l := range strings.Split(s, "\n") {
			if r := []rune(l); strings.HasPrefix(l, "events") && len(r) > 110 {
				return strings.Contains(s, "1400000000") && strings.Contains(string(r[20:28]), "█") && strings.Contains(string(r[110:]), "█")
			}
		}
		return false
	})
	x.Press("2")
	x.Until("view 2", views["iteration"])
	for range 10 { // back to the turn during which the clock was set
		x.Press(",")
	}
	x.Until("a turn of 55 years", func(s string) bool { return strings.Contains(s, "486,1") })
	x.Press("1")
	endsWell(t, x)
}

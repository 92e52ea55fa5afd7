package cmd

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"evviz/internal/testkit"
)

// liveCalls are lines of a server that accepts a connection from a port.
func liveCalls(second, fd, port int) string {
	return fmt.Sprintf("812 %d.000100 epoll_wait(4, [{EPOLLIN, {u32=3, u64=3}}], 64, -1) = 1 <0.000010>\n"+
		"812 %d.000200 accept4(3, {sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr(\"127.0.0.1\")}, [16], SOCK_NONBLOCK) = %d <0.000010>\n"+
		"812 %d.000300 epoll_ctl(4, EPOLL_CTL_ADD, %d, {EPOLLIN, {u32=%d, u64=%d}}) = 0 <0.000010>\n", 1795983600+second, 1795983600+second, port, fd, 1795983600+second, fd, fd, fd)
}

// TestReplayPipe: what strace writes into a pipe is on the screen while it runs; the keys come from the terminal; when strace ends, so
// does the trace, and the screen stays.
func TestReplayPipe(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(fifo, os.O_RDWR, 0) // so that neither side waits for the other
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c := program(t)
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	c.Args = []string{"sh", "-c", `exec "$0" replay - <"$1"`, c.Path, fifo}
	c.Path = sh
	io.WriteString(w, "strace: Process 812 attached\n"+liveCalls(0, 5, 40005))
	x := testkit.StartTerminal(t, 140, 30, c)
	x.Shows("LIVE")
	x.Shows("40005")
	io.WriteString(w, liveCalls(1, 6, 40006))
	x.Shows("40006")
	w.Close()
	x.Shows("ENDED")
	endsWell(t, x)
}

// TestReplayFollow: a file that strace writes is on the screen as it grows; when it is truncated, that is said.
func TestReplayFollow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.strace")
	w, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	io.WriteString(w, liveCalls(0, 5, 40005))
	x := testkit.StartTerminal(t, 140, 30, program(t, "replay", "--follow", path))
	x.Shows("LIVE")
	x.Shows("40005")
	io.WriteString(w, liveCalls(1, 6, 40006))
	x.Shows("40006")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	x.Shows("was truncated")
	endsWell(t, x)
}

// TestReplayFollowRefused: what cannot be followed is refused with what to write instead, and no screen opens.
func TestReplayFollowRefused(t *testing.T) {
	tour, err := filepath.Abs("../tui/testdata/tour.evt")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"replay", "--follow", tour}, exitUsage, "evviz replay"},
		{[]string{"replay", "--follow", "--text", sick}, exitUsage, "--text does not go with it"},
		{[]string{"replay", "--follow", "--at", "1s", sick}, exitUsage, "--at does not go with it"},
		{[]string{"replay", "--follow", "/nowhere/x.strace"}, exitEnv, "no such file"},
		{[]string{"replay", "--follow", t.TempDir()}, exitEnv, "directory"},
	} {
		if r := run(t, c.args...); r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: exit code %d, %q", c.args, r.code, r.err)
		}
	}
}

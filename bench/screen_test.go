package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// What the screen costs a live lab is measured on whole processes: the program on a terminal of 200x50, and the program without
// a screen, both under the same steady traffic, one after the other. The clients are processes of their own and do not count.

// steady is traffic of a fixed rate: 20 connections with 50 messages a second each.
const steady = `title = "steady"
about = "Twenty clients, each with fifty messages a second."

def client(n):
    sleep("%dms" % n)
    c = connect()
    while c.send(64) == 64 and c.receive(64) == 64:
        sleep("20ms")

def main():
    for n in range(20):
        spawn(client, n)
`

// ofItself is the processor time that a process has taken, without that of its children (proc(5), stat, fields 14 and 15), in
// seconds. The unit is a hundredth of a second on every Linux that Go runs on.
func ofItself(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, err := strconv.Atoi(f[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(f[12])
	return float64(user+system) / 100, err
}

// liveCost runs the lab for a while, with a screen or without, and says what share of a core it took.
func liveCost(b *testing.B, bin, story string, screen bool, warm, during time.Duration) float64 {
	args := []string{"--mode", "epoll", "--listen", "127.0.0.1:0", "--scenario", story}
	if !screen {
		args = append(args, "--headless", "--for", "1h")
	}
	cmd := exec.Command(bin, args...)
	cmd.Dir = b.TempDir()
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", "NO_COLOR=", "XDG_CONFIG_HOME="+b.TempDir())
	if screen {
		tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: 200})
		if err != nil {
			b.Fatal(err)
		}
		defer tty.Close()
		go io.Copy(io.Discard, tty)
	} else if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	time.Sleep(warm)
	before, err := ofItself(cmd.Process.Pid)
	begin := time.Now()
	if err != nil {
		b.Fatal(err)
	}
	time.Sleep(during)
	after, err := ofItself(cmd.Process.Pid)
	took := time.Since(begin)
	if err != nil {
		b.Fatal(err)
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	return (after - before) / took.Seconds() * 100
}

// BenchmarkLiveScreen is what the screen of a live lab takes of a core: the difference of two runs, the order of which changes.
func BenchmarkLiveScreen(b *testing.B) {
	dir := b.TempDir()
	bin, story := filepath.Join(dir, "evviz"), filepath.Join(dir, "steady.star")
	if out, err := exec.Command("go", "build", "-o", bin, "evviz").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	if err := os.WriteFile(story, []byte(steady), 0o600); err != nil {
		b.Fatal(err)
	}
	const warm, during = 5 * time.Second, 8 * time.Second // a window of 4 s has to be full
	with, without, n := 0.0, 0.0, 0
	for b.Loop() {
		for _, screen := range []bool{n%2 == 0, n%2 != 0} {
			if c := liveCost(b, bin, story, screen, warm, during); screen {
				with += c
			} else {
				without += c
			}
		}
		n++
	}
	b.ReportMetric(with/float64(n), "%core-with")
	b.ReportMetric(without/float64(n), "%core-without")
	b.ReportMetric((with-without)/float64(n), "%core")
}

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
// With a rate the traffic is this process's: so many messages a second, from 32 connections.
func liveCost(b *testing.B, bin, story string, rate int, screen bool, warm, during time.Duration) float64 {
	listen := "127.0.0.1:0"
	if rate > 0 {
		listen = freePort(b)
	}
	args := []string{"--mode", "epoll", "--listen", listen, "--scenario", story}
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
	if rate > 0 {
		sent, stop := talk(b, listen, rate)
		defer func() {
			stop()
			b.Logf("%d messages in %v", sent.Load(), warm+during)
		}()
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

// freePort is an address of this machine that nobody listens at.
func freePort(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// talk sends messages of 64 bytes and reads them back, so many a second in all; what cannot be kept up with is left out.
func talk(b *testing.B, to string, rate int) (*atomic.Int64, func()) {
	const conns = 32
	var sent atomic.Int64
	var wait sync.WaitGroup
	over := make(chan struct{})
	for range conns {
		var c net.Conn
		var err error
		for limit := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if c, err = net.Dial("tcp", to); err == nil || time.Now().After(limit) {
				break
			}
		}
		if err != nil {
			b.Fatal(err)
		}
		wait.Go(func() {
			defer c.Close()
			buf := make([]byte, 64)
			begin := time.Now()
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				if ahead := time.Duration(n)*time.Second*conns/time.Duration(rate) - time.Since(begin); ahead > time.Millisecond {
					time.Sleep(ahead)
				}
				if _, err := c.Write(buf); err != nil {
					return
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					return
				}
				sent.Add(1)
			}
		})
	}
	return &sent, func() { close(over); wait.Wait() }
}

// BenchmarkLiveScreen is what the screen of a live lab takes of a core at so many messages a second: the difference of two runs, the order of which
// changes.
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
	for _, c := range []struct {
		name, story string
		rate        int
	}{{"1000", story, 0}, {"50000", "none", 50_000}} {
		b.Run(c.name, func(b *testing.B) {
			var with, without, each []float64
			for b.Loop() {
				var pair [2]float64
				for _, screen := range []bool{len(each)%2 == 0, len(each)%2 != 0} {
					x := liveCost(b, bin, c.story, c.rate, screen, warm, during)
					if screen {
						pair[0], with = x, append(with, x)
					} else {
						pair[1], without = x, append(without, x)
					}
				}
				each = append(each, pair[0]-pair[1])
			}
			for name, v := range map[string][]float64{"%core-with": with, "%core-without": without, "%core": each} {
				slices.Sort(v)
				b.ReportMetric(v[len(v)/2], name)
			}
			b.ReportMetric(each[0], "%core-least")
			b.ReportMetric(each[len(each)-1], "%core-most")
		})
	}
}

//go:build linux && (amd64 || arm64)

package attach

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
	"evviz/probe/kernel"
	"evviz/probe/look"
	"evviz/trace"
)

// server is a program that is recorded by strace and by us at once.
type server struct {
	name string
	args func(t *testing.T, port int) []string // the command line
	ask  string                                // a request
	want string                                // how its answer ends
}

var servers = []server{
	{"redis", func(t *testing.T, port int) []string {
		return []string{testkit.Need(t, "redis-server"), "--port", strconv.Itoa(port), "--save", "", "--daemonize", "no", "--dir", t.TempDir()}
	}, "PING\r\n", "+PONG\r\n"},
	{"nginx", func(t *testing.T, port int) []string {
		dir := t.TempDir()
		conf := fmt.Sprintf("daemon off;\nworker_processes 2;\npid %s/pid;\nerror_log %s/err;\nevents { }\nhttp { access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s; server { listen 127.0.0.1:%d; location / { return 200 'hello'; } } }\n",
			dir, dir, dir, dir, dir, dir, dir, port)
		path := filepath.Join(dir, "nginx.conf")
		if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
			t.Fatal(err)
		}
		return []string{testkit.Need(t, "nginx"), "-c", path, "-p", dir}
	}, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "hello"},
	{"node", func(t *testing.T, port int) []string {
		return []string{testkit.Need(t, "node"), "-e", fmt.Sprintf("require('net').createServer(c => c.on('data', d => c.write(d)).on('error', () => {})).listen(%d, '127.0.0.1')", port)}
	}, "hello\n", "hello\n"},
	{"asyncio", func(t *testing.T, port int) []string {
		return []string{testkit.Need(t, "python3"), "-c", fmt.Sprintf(`import asyncio
async def serve(r, w):
    while d := await r.read(100):
        w.write(d); await w.drain()
    w.close()
async def main():
    s = await asyncio.start_server(serve, '127.0.0.1', %d)
    await s.serve_forever()
asyncio.run(main())`, port)}
	}, "hello\n", "hello\n"},
	{"selectors", func(t *testing.T, port int) []string {
		return []string{testkit.Need(t, "python3"), "-c", fmt.Sprintf(`import selectors, socket
s = selectors.SelectSelector()
l = socket.create_server(('127.0.0.1', %d)); l.setblocking(False)
s.register(l, selectors.EVENT_READ)
while True:
    for k, _ in s.select(0.5):
        if k.fileobj is l:
            c, _ = l.accept(); c.setblocking(False); s.register(c, selectors.EVENT_READ)
        else:
            d = k.fileobj.recv(100)
            if d: k.fileobj.send(d)
            else: s.unregister(k.fileobj); k.fileobj.close()`, port)}
	}, "hello\n", "hello\n"},
}

// called is what both say of a call.
type called struct {
	name   string
	result int64
	errno  string
}

// TestAttachEqualsStrace: both record the same seconds of the same program; of each thread our calls are a contiguous part of strace's, in the
// same order, with the same results and errors.
func TestAttachEqualsStrace(t *testing.T) {
	strace := testkit.Need(t, "strace")
	mayLoad(t)
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			port := freePort(t)
			args := s.args(t, port)
			cmd := exec.Command(args[0], args[1:]...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				cmd.Wait()
			}()
			at := fmt.Sprintf("127.0.0.1:%d", port)
			talk(t, at, s, 1, 1)
			family, err := look.Family(cmd.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			log := filepath.Join(t.TempDir(), "log")
			beside := []string{"-f", "-o", log}
			for _, pid := range family {
				beside = append(beside, "-p", strconv.Itoa(pid))
			}
			other := exec.Command(strace, beside...)
			said, err := other.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(said)
			for range family {
				if !lines.Scan() {
					t.Fatal("strace ended")
				}
			}
			go io.Copy(io.Discard, said)
			ours := map[uint32][]called{}
			src, err := Open(Options{PIDs: family, Arrivals: true, RunQueue: true})
			if err != nil {
				t.Fatal(err)
			}
			src.seen = func(r *kernel.Record) {
				if name := look.CallName(int64(r.Call)); r.Kind == kernel.RecordCall && compared(name) {
					x := called{name: name, result: int64(r.Result)}
					if r.Result < 0 {
						x.result, x.errno = -1, trace.ErrnoName(uint16(-r.Result))
					}
					ours[r.TID] = append(ours[r.TID], x)
				}
			}
			read := make(chan error, 1)
			go func() {
				buf := make([]trace.Event, 4096)
				for {
					if _, err := src.Read(context.Background(), buf); err != nil {
						read <- err
						return
					}
				}
			}()
			talk(t, at, s, 8, 40)
			src.Close()
			if err := <-read; !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			talk(t, at, s, 1, 1) // so that strace has later calls than we
			other.Process.Signal(syscall.SIGINT)
			other.Wait()
			theirs := straced(t, log)
			n := 0
			for tid, calls := range ours {
				n += len(calls)
				if at, ok := within(theirs[tid], calls); !ok {
					t.Errorf("thread %d: of our %d calls the first that strace (%d) has otherwise is number %d: %v", tid, len(calls), len(theirs[tid]), at, calls[max(at-3, 0):min(at+3, len(calls))])
				}
			}
			if n < 600 {
				t.Errorf("only %d calls", n)
			}
			t.Logf("%d calls of %d threads", n, len(ours))
		})
	}
}

// compared are the calls that are recorded always.
func compared(name string) bool {
	switch classes[name] {
	case kernel.ClassSlow, kernel.ClassBlocked, kernel.ClassFiles:
		return false
	}
	return true
}

// within reports whether part is a contiguous part of whole; else how far the best place goes.
func within(whole, part []called) (best int, ok bool) {
	for i := range whole {
		k := 0
		for k < len(part) && i+k < len(whole) && whole[i+k] == part[k] {
			k++
		}
		if k == len(part) {
			return 0, true
		}
		best = max(best, k)
	}
	return best, len(part) == 0
}

var (
	wholeLine   = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?)(?: (E[A-Z0-9]+))?`)
	begunLine   = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	resumedLine = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|0x[0-9a-f]+|\?)(?: (E[A-Z0-9]+))?`)
)

// straced reads what strace wrote.
func straced(t *testing.T, path string) map[uint32][]called {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[uint32][]called{}
	begun := map[string]string{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		line := in.Text()
		if m := begunLine.FindStringSubmatch(line); m != nil {
			begun[m[1]] = m[3]
			continue
		}
		m := wholeLine.FindStringSubmatch(line)
		if m == nil {
			if m = resumedLine.FindStringSubmatch(line); m == nil {
				continue
			}
			m[3] = begun[m[1]] + m[3]
		}
		if !compared(m[2]) || m[2] == "ioctl" && !strings.Contains(m[3], "FIONBIO") && !strings.Contains(m[3], "FIONREAD") {
			continue
		}
		tid, _ := strconv.ParseUint(m[1], 10, 32)
		result, err := strconv.ParseInt(m[4], 0, 64)
		if err != nil {
			continue // it did not return
		}
		x := called{m[2], result, m[5]}
		if strings.HasPrefix(x.errno, "ERESTART") {
			continue
		}
		out[uint32(tid)] = append(out[uint32(tid)], x)
	}
	if in.Err() != nil {
		t.Fatal(in.Err())
	}
	return out
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// talk has so many clients make so many requests each.
func talk(t *testing.T, at string, s server, clients, requests int) {
	t.Helper()
	done := make(chan error, clients)
	for range clients {
		go func() {
			done <- func() error {
				var c net.Conn
				var err error
				for limit := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
					if c, err = net.Dial("tcp", at); err == nil || time.Now().After(limit) {
						break
					}
				}
				if err != nil {
					return err
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(time.Minute))
				buf := make([]byte, 4096)
				for range requests {
					if _, err := io.WriteString(c, s.ask); err != nil {
						return err
					}
					for got := ""; !strings.HasSuffix(got, s.want); {
						n, err := c.Read(buf)
						if err != nil {
							return err
						}
						got += string(buf[:n])
					}
				}
				return nil
			}()
		}()
	}
	for range clients {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// mayLoad skips where programs may not be put into the kernel.
func mayLoad(t *testing.T) {
	t.Helper()
	r, err := kernel.OpenRecorder(kernel.RecorderOptions{Class: classOf})
	var refused *kernel.Refused
	if errors.As(err, &refused) {
		t.Skipf("SKIPPED, not tested: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
}

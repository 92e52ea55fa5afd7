package cmd

import (
	"bytes"
	"fmt"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"evviz/internal/testkit"
)

// lookedAt is a real server that looks are held against.
type lookedAt struct {
	name  string
	needs string
	argv  func(t *testing.T, dir string, port int) []string
	files map[string]string // in its directory; PORT and DIR are replaced
	fill  string            // sent once, before anything is looked at
	ask   string            // a request
	end   string            // what its answer ends with
	big   string            // a request whose answer no buffer takes
	procs int               // so many processes it has at least
}

const goEcho = `package main

import (
	"io"
	"net"
	"os"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		panic(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer c.Close()
			io.Copy(onlyWriter{c}, c)
		}()
	}
}

type onlyWriter struct{ io.Writer }
`

const asyncioEcho = `import asyncio, sys

async def serve(r, w):
    try:
        while True:
            b = await r.read(4096)
            if not b:
                break
            w.write(b)
            await w.drain()
    except ConnectionError:
        pass
    w.close()

async def main():
    s = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await s.serve_forever()

asyncio.run(main())
`

const nodeHTTP = `const http = require("http");
http.createServer((q, a) => a.end(q.url === "/big" ? "x".repeat(8 << 20) : "evviz-end\n")).listen(+process.argv[2], "127.0.0.1");
`

// lookedAts are the servers. It is a function because what some of them are filled with is large, and this binary is evviz itself to other tests.
func lookedAts() []*lookedAt {
	return []*lookedAt{
		{name: "redis", needs: "redis-server", ask: "PING\r\n", end: "+PONG\r\n", big: "GET big\r\n",
			fill: fmt.Sprintf("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%d\r\n%s\r\n", 8<<20, strings.Repeat("x", 8<<20)),
			argv: func(_ *testing.T, dir string, port int) []string {
				return []string{"redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--dir", dir}
			}},
		{name: "nginx", needs: "nginx", ask: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", end: "evviz-end\n", big: "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", procs: 5,
			files: map[string]string{"www/index.html": "evviz-end\n", "www/big": strings.Repeat("x", 8<<20), "conf": `worker_processes 4;
daemon off;
pid pid;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	keepalive_requests 100000;
	server { listen 127.0.0.1:PORT; root DIR/www; }
}
`}, argv: func(_ *testing.T, dir string, _ int) []string {
				argv := []string{"nginx", "-p", dir + "/", "-e", "error", "-c", dir + "/conf"}
				if os.Getuid() == 0 {
					argv = append(argv, "-g", "user root;") // its workers read the directory of a test
				}
				return argv
			}},
		{name: "node", needs: "node", ask: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", end: "evviz-end\n", big: "GET /big HTTP/1.1\r\nHost: x\r\n\r\n",
			files: map[string]string{"server.js": nodeHTTP}, argv: func(_ *testing.T, dir string, port int) []string {
				return []string{"node", dir + "/server.js", strconv.Itoa(port)}
			}},
		{name: "asyncio", needs: "python3", ask: "evviz-end\n", end: "evviz-end\n", big: strings.Repeat("x", 8<<20),
			files: map[string]string{"server.py": asyncioEcho}, argv: func(_ *testing.T, dir string, port int) []string {
				return []string{"python3", dir + "/server.py", strconv.Itoa(port)}
			}},
		{name: "go", needs: "go", ask: "evviz-end\n", end: "evviz-end\n", big: strings.Repeat("x", 8<<20),
			files: map[string]string{"echo.go": goEcho}, argv: func(t *testing.T, dir string, port int) []string {
				build := exec.Command("go", "build", "-o", dir+"/echo", dir+"/echo.go")
				build.Env = append(os.Environ(), "GOFLAGS=")
				if out, err := build.CombinedOutput(); err != nil {
					t.Fatalf("go build: %v\n%s", err, out)
				}
				return []string{dir + "/echo", strconv.Itoa(port)}
			}},
		{name: "haproxy", needs: "haproxy", ask: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", end: "evviz-end\n",
			files: map[string]string{"conf": `global
	maxconn 400
	nbthread 2
defaults
	mode http
	timeout connect 5s
	timeout client 300s
	timeout server 300s
frontend in
	bind 127.0.0.1:PORT
	http-request return status 200 content-type text/plain lf-string "evviz-end\n"
`}, argv: func(_ *testing.T, dir string, _ int) []string {
				return []string{"haproxy", "-db", "-f", dir + "/conf"}
			}},
		{name: "memcached", needs: "memcached", ask: "mn\r\n", end: "MN\r\n", big: strings.Repeat("get big\r\n", 64),
			fill: fmt.Sprintf("set big 0 0 %d\r\n%s\r\n", 500_000, strings.Repeat("x", 500_000)),
			argv: func(_ *testing.T, _ string, port int) []string {
				return []string{"memcached", "-u", "root", "-l", "127.0.0.1", "-p", strconv.Itoa(port), "-t", "4"}
			}},
	}
}

// served is a server that runs.
type served struct {
	*lookedAt
	pid  int
	port int
	said string
}

// freePort is a port that nobody had a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// serve starts the server, and ends it with the test.
func (s *lookedAt) serve(t *testing.T) *served {
	t.Helper()
	testkit.Need(t, s.needs)
	dir := t.TempDir()
	run := &served{lookedAt: s, port: freePort(t), said: filepath.Join(dir, "said")}
	for name, text := range s.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		text = strings.NewReplacer("PORT", strconv.Itoa(run.port), "DIR", dir).Replace(text)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	argv := s.argv(t, dir, run.port)
	said, err := os.Create(run.said)
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	c := exec.Command(argv[0], argv[1:]...)
	c.Stdout, c.Stderr, c.Dir = said, said, dir
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	run.pid = c.Process.Pid
	t.Cleanup(func() {
		pids := descendants(run.pid)
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGCONT)
		}
		c.Process.Signal(syscall.SIGTERM)
		ended := make(chan struct{})
		go func() { c.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(giveUp):
			for _, pid := range pids {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			<-ended
			t.Errorf("%s did not end by SIGTERM", s.name)
		}
	})
	testkit.Until(t, giveUp, func() bool {
		conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", run.port))
		if err != nil {
			return false
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(giveUp))
		if s.fill != "" {
			conn.Write([]byte(s.fill))
		}
		conn.Write([]byte(s.ask))
		return answered(conn, s.end, 1) && len(descendants(run.pid)) >= s.procs
	}, func() string {
		b, _ := os.ReadFile(run.said)
		return fmt.Sprintf("%s does not answer: %s", s.name, b)
	})
	return run
}

// answered reads until so many answers have come.
func answered(c net.Conn, end string, n int) bool {
	var got []byte
	buf := make([]byte, 4096)
	for bytes.Count(got, []byte(end)) < n {
		m, err := c.Read(buf)
		if err != nil {
			return false
		}
		got = append(got, buf[:m]...)
	}
	return true
}

// descendants are a process and those that come from it, as /proc has them.
func descendants(pid int) []int {
	out := []int{pid}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(word); err == nil {
				out = append(out, descendants(n)...)
			}
		}
	}
	return out
}

// load speaks to the server until it is stopped: connections that ask and read, some that come and go, some that ask for much and never
// read, and some that only connect.
func (s *served) load(t *testing.T) (stop func()) {
	over := make(chan struct{})
	var all sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	dial := func() net.Conn {
		c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err != nil {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		select {
		case <-over:
			c.Close()
			return nil
		default:
		}
		open[c] = true
		return c
	}
	hang := func(c net.Conn) {
		mu.Lock()
		delete(open, c)
		mu.Unlock()
		c.Close()
	}
	pause := func(d time.Duration) bool {
		select {
		case <-over:
			return false
		case <-time.After(d):
			return true
		}
	}
	for i := range 16 {
		all.Go(func() {
			rnd := rand.New(rand.NewSource(int64(i)))
			for c := dial(); c != nil; c = dial() {
				for n := 1 + rnd.Intn(200); n > 0; n-- {
					k := 1 + rnd.Intn(3)
					if _, err := c.Write(bytes.Repeat([]byte(s.ask), k)); err != nil || !answered(c, s.end, k) {
						break
					}
					if !pause(time.Duration(rnd.Intn(4)) * time.Millisecond) {
						break
					}
				}
				hang(c)
			}
		})
	}
	if s.big != "" {
		for range 3 {
			all.Go(func() {
				if c := dial(); c != nil {
					c.Write([]byte(s.big)) // until it is closed where neither side reads
					<-over
					hang(c)
				}
			})
		}
	}
	all.Go(func() { // it connects and goes, faster than a server that is stopped accepts
		var kept []net.Conn
		for n := 0; pause(3 * time.Millisecond); n++ {
			if c := dial(); c != nil {
				kept = append(kept, c)
				if n%3 == 0 {
					c.Write([]byte(s.ask[:2]))
				}
			}
			if len(kept) > 30 {
				hang(kept[0])
				kept = kept[1:]
			}
		}
	})
	stop = sync.OnceFunc(func() {
		close(over)
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	t.Cleanup(stop)
	return stop
}

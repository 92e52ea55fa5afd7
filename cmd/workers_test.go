package cmd

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// prefork is a server with workers, probe/look/testdata/prefork.py.
type prefork struct {
	master  int
	port    int
	workers []int // the first has registered first
	name    string
	in      io.WriteCloser
	lines   chan string
	conns   []net.Conn
}

// systemPython is a Python that every user may run.
const systemPython = "/usr/bin/python3"

// preforkServer starts a server whose workers share connections in one way; as is a command before it.
func preforkServer(t *testing.T, how string, workers int, as []string) *prefork {
	t.Helper()
	testkit.Need(t, systemPython)
	script, err := os.ReadFile("../probe/look/testdata/prefork.py")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "evviz-prefork") // a user without rights does not get into a test's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &prefork{name: "pf" + filepath.Base(dir)[len("evviz-prefork"):], lines: make(chan string, 1000)}
	for _, err := range []error{os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, "prefork.py"), script, 0o644), os.Symlink(systemPython, filepath.Join(dir, p.name))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	argv := append(slices.Clone(as), filepath.Join(dir, p.name), filepath.Join(dir, "prefork.py"), how, strconv.Itoa(workers))
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir = "/"
	if p.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p.master = c.Process.Pid
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		for _, c := range p.conns {
			c.Close()
		}
		p.in.Close()
		for range p.lines {
		}
		<-read
		c.Wait()
	})
	for line := range p.lines {
		word, value, _ := strings.Cut(line, " ")
		n, _ := strconv.Atoi(value)
		switch word {
		case "port":
			p.port = n
		case "worker":
			p.workers = append(p.workers, n)
		case "ready":
			return p
		}
	}
	t.Fatalf("prefork.py %s ended before it was ready: %s", how, errs.String())
	return nil
}

// connect opens connections, one after the other: each is with a worker before the next one is opened, and, with idle, that worker waits again.
func (p *prefork) connect(t *testing.T, n int, idle bool) {
	t.Helper()
	for range n {
		if idle {
			for _, w := range p.workers {
				testkit.Until(t, giveUp, func() bool { return inWait(w) }, func() string { return fmt.Sprintf("worker %d does not wait again", w) })
			}
		}
		c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", p.port))
		if err != nil {
			t.Fatal(err)
		}
		p.conns = append(p.conns, c)
		for line := range p.lines {
			if strings.HasPrefix(line, "has ") {
				break
			}
		}
	}
}

// inWait says whether a process's first thread is asleep in a wait on an epoll instance.
func inWait(pid int) bool {
	st, err1 := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	call, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	number, _, _ := strings.Cut(string(call), " ")
	waits := map[string][]string{"amd64": {"232", "281", "441"}, "arm64": {"22", "441"}}[runtime.GOARCH] // epoll_wait, epoll_pwait, epoll_pwait2
	return err1 == nil && err2 == nil && strings.Contains(string(st), ") S ") && slices.Contains(waits, number)
}

// totals are how many connections each worker says that it has.
func (p *prefork) totals(t *testing.T) map[int]int {
	t.Helper()
	if _, err := io.WriteString(p.in, "report\n"); err != nil {
		t.Fatal(err)
	}
	out := map[int]int{}
	for line := range p.lines {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "total" {
			pid, _ := strconv.Atoi(f[1])
			out[pid], _ = strconv.Atoi(f[2])
		}
		if len(out) == len(p.workers) {
			return out
		}
	}
	t.Fatal("the workers have ended")
	return nil
}

// workersJSON is what evviz workers says.
type workersJSON struct {
	Addresses []struct {
		Address  string
		Shared   string `json:"shared_by"`
		Uneven   bool
		Sentence string
		Workers  []struct {
			PID         int
			Connections int
			Taken       *int
			Waits       []string `json:"waits_by"`
		}
	}
}

func workersOf(t *testing.T, c *exec.Cmd) (w workersJSON) {
	t.Helper()
	r := finish(t, c)
	if err := json.Unmarshal([]byte(r.out), &w); err != nil || r.code != 0 {
		t.Fatalf("code %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	return w
}

// pids are the processes that are shown for an address.
func (w *workersJSON) pids(port int) (out []int) {
	for _, a := range w.Addresses {
		if strings.HasSuffix(a.Address, fmt.Sprintf(":%d", port)) {
			for _, x := range a.Workers {
				out = append(out, x.PID)
			}
		}
	}
	return out
}

// observer runs evviz, perhaps as another user.
type observer struct {
	name string
	as   []string
	self string
}

func (o *observer) command(t *testing.T, args ...string) *exec.Cmd {
	c := program(t, args...)
	if o.self != "" {
		argv := append(append(slices.Clone(o.as), o.self), args...)
		c.Path, c.Args, c.Err = argv[0], argv, nil
		c.Dir = "/"
		c.Env = append(c.Env, "EVVIZ_CONFIG=/dev/null", "HOME=/", "XDG_CONFIG_HOME=/", "TMPDIR=/tmp")
	}
	return c
}

// observers are this user, and one without any right.
func observers(t *testing.T) []*observer {
	out := []*observer{{name: "this user"}}
	if os.Getuid() != 0 {
		t.Log("not tested: another user, which wants root")
		return out
	}
	if setpriv, err := exec.LookPath("setpriv"); err != nil {
		t.Log("not tested: another user, as setpriv is not installed")
	} else {
		out = append(out, &observer{"an ordinary user", []string{setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"}, readable(t)})
	}
	return out
}

// TestWorkers: how workers share their connections is named for what it is, and each has as many as it says itself.
func TestWorkers(t *testing.T) {
	const workers, connections = 4, 60
	for _, o := range observers(t) {
		for _, c := range []struct {
			how, shared string
			waits       string // how each worker waits; "" it does not
			idle        bool
		}{
			{"exclusive", "a shared listener with EPOLLEXCLUSIVE", "exclusive", true},
			{"plain", "a shared listener", "epoll fd", false},
			{"instance", "a shared epoll instance", "epoll fd", false},
			{"reuseport", "SO_REUSEPORT", "epoll fd", false},
			{"accept", "a shared listener and blocking accept", "accept", false},
			{"hand", "one process waits for it, and others have the connections", "", false},
		} {
			t.Run(o.name+"/"+c.how, func(t *testing.T) {
				t.Parallel()
				if c.how != "exclusive" {
					testkit.Long(t, "a way in which workers share a listener")
				}
				p := preforkServer(t, c.how, workers, o.as)
				p.connect(t, connections, c.idle)
				told := p.totals(t)
				var w workersJSON
				testkit.Until(t, giveUp, func() bool { // a worker that has not gone back to its wait is seen in none
					w = workersOf(t, o.command(t, "workers", "--json", "--between", "20ms", fmt.Sprint(p.master)))
					return len(w.Addresses) == 1 && w.Addresses[0].Shared == c.shared
				}, func() string { return fmt.Sprintf("want %q: %+v", c.shared, w) })
				a := w.Addresses[0]
				if want := fmt.Sprintf("127.0.0.1:%d", p.port); a.Address != want {
					t.Errorf("address %s, want %s", a.Address, want)
				}
				most, of := 0, 0
				seen := map[int]bool{}
				for _, x := range a.Workers {
					seen[x.PID] = true
					if x.Connections != told[x.PID] {
						t.Errorf("process %d has %d connections, and says %d", x.PID, x.Connections, told[x.PID])
					}
					if x.Taken == nil || *x.Taken != 0 {
						t.Errorf("process %d has taken %v meanwhile, and none came", x.PID, x.Taken)
					}
					if x.PID != p.master && c.waits != "" && !strings.Contains(strings.Join(x.Waits, " "), c.waits) || x.PID != p.master && c.waits == "" && len(x.Waits) > 0 {
						t.Errorf("process %d waits by %q, want %q", x.PID, x.Waits, c.waits)
					}
					if x.Connections > of {
						most, of = x.PID, x.Connections
					}
				}
				for _, pid := range p.workers {
					if !seen[pid] {
						t.Errorf("worker %d is missing", pid)
					}
				}
				if uneven := of*workers > 2*connections; a.Uneven != uneven || uneven != strings.Contains(a.Sentence, fmt.Sprintf("process %d has %d of %d connections among %d workers", most, of, connections, workers)) {
					t.Errorf("process %d has %d, uneven is %v: %s", most, of, a.Uneven, a.Sentence)
				}
				if c.how == "exclusive" && (most != p.workers[0] || of != connections) {
					t.Errorf("process %d has %d, and worker %d has registered first and was always free", most, of, p.workers[0])
				}
				p.family(t, o)
			})
		}
	}
}

// family: the master, a worker and the name lead to the same processes.
func (p *prefork) family(t *testing.T, o *observer) {
	t.Helper()
	var first []int
	for _, who := range []string{fmt.Sprint(p.master), fmt.Sprint(p.workers[len(p.workers)-1]), p.name} {
		w := workersOf(t, o.command(t, "workers", "--json", "--between", "10ms", who))
		pids := w.pids(p.port)
		if first == nil {
			first = pids
		}
		if len(pids) < len(p.workers) || !slices.Equal(pids, first) {
			t.Errorf("workers %s shows %v, and by the master %v", who, pids, first)
		}
	}
}

// TestWorkersNginx: the same of nginx, with its connections where they are.
func TestWorkersNginx(t *testing.T) {
	testkit.Long(t, "nginx and its workers")
	var nginx *lookedAt
	for _, s := range lookedAts() {
		if s.name == "nginx" {
			nginx = s
		}
	}
	s := nginx.serve(t)
	const connections = 60
	for range connections {
		c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, s.ask); err != nil || !answered(c, s.end, 1) {
			t.Fatal("nginx does not answer")
		}
	}
	all := descendants(s.pid)
	slices.Sort(all)
	for _, who := range []string{fmt.Sprint(s.pid), fmt.Sprint(all[len(all)-1]), "nginx"} {
		w := workersOf(t, program(t, "workers", "--json", "--between", "10ms", who))
		if pids := w.pids(s.port); !slices.Equal(pids, all) {
			t.Errorf("workers %s shows %v, want %v", who, pids, all)
		}
		for _, a := range w.Addresses {
			if !strings.HasSuffix(a.Address, fmt.Sprintf(":%d", s.port)) {
				continue // another nginx of this machine
			}
			if a.Shared != "a shared listener with EPOLLEXCLUSIVE" {
				t.Errorf("workers %s: shared by %q", who, a.Shared)
			}
			n := 0
			for _, x := range a.Workers {
				n += x.Connections
				if has := established(t, x.PID, s.port); has != x.Connections {
					t.Errorf("workers %s: process %d has %d connections, and ss says %d", who, x.PID, x.Connections, has)
				}
			}
			if n != connections {
				t.Errorf("workers %s: %d connections, want %d", who, n, connections)
			}
		}
	}
}

// established is how many connections of a port a process has, as ss says.
func established(t *testing.T, pid, port int) int {
	t.Helper()
	out, err := exec.Command(testkit.Need(t, "ss"), "-tnpHO", "state", "established", fmt.Sprintf("sport = :%d", port)).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(out), fmt.Sprintf("pid=%d,", pid))
}

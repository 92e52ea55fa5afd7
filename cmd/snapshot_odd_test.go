package cmd

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"evviz/internal/testkit"
	"evviz/probe/look"
	"evviz/trace"
)

// target is a running program that says what a test has to know of it.
type target struct {
	pid  int
	cmd  *exec.Cmd
	in   io.WriteCloser
	says map[string][]int // by word: the numbers that it has said
	out  *bufio.Scanner
}

// targetOf starts a program and waits until it is ready. Its standard input ends with the test, and then the program does.
func targetOf(t *testing.T, argv ...string) *target {
	t.Helper()
	x := &target{cmd: exec.Command(argv[0], argv[1:]...), says: map[string][]int{}}
	var err error
	if x.in, err = x.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := x.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	x.cmd.Stderr = &errs
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	x.pid = x.cmd.Process.Pid
	t.Cleanup(func() {
		x.in.Close()
		io.Copy(io.Discard, out)
		x.cmd.Wait()
	})
	x.out = bufio.NewScanner(out)
	if !x.ready() {
		t.Fatalf("%v ended before it was ready: %s", argv, errs.String())
	}
	return x
}

// ready reads what the program says until it is ready, false when it ends before.
func (x *target) ready() bool {
	for x.out.Scan() {
		word, value, _ := strings.Cut(x.out.Text(), " ")
		if word == "ready" {
			return true
		}
		n, _ := strconv.Atoi(value)
		x.says[word] = append(x.says[word], n)
	}
	return false
}

// number is the last that the program has said with a word.
func (x *target) number(t *testing.T, word string) int {
	t.Helper()
	all := x.says[word]
	if len(all) == 0 {
		t.Fatalf("it has not said %q", word)
	}
	return all[len(all)-1]
}

// tell gives the program a command.
func (x *target) tell(t *testing.T, command string) {
	t.Helper()
	if _, err := io.WriteString(x.in, command+"\n"); err != nil {
		t.Fatal(err)
	}
}

// pythonOf is the command that runs a script of probe/look/testdata.
func pythonOf(t *testing.T, script string, args ...string) []string {
	t.Helper()
	path, err := filepath.Abs("../probe/look/testdata/" + script)
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{testkit.Need(t, "python3"), path}, args...)
}

// unshared is a command that begins others in namespaces of their own, or the test is skipped where that is not allowed.
func unshared(t *testing.T, flags ...string) []string {
	t.Helper()
	argv := append([]string{testkit.Need(t, "unshare")}, flags...)
	if out, err := exec.Command(argv[0], append(argv[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, not tested: unshare %v: %v: %s", flags, err, out)
	}
	return argv
}

// ways are the ways to look, as flags. The first is BPF only where it can be had.
var ways = []string{"auto", "proc"}

// byBPF says whether a snapshot looks by BPF here.
func byBPF(t *testing.T) bool {
	t.Helper()
	l := look.New(os.Getpid())
	defer l.Close()
	if why := l.Refused(); why != nil {
		t.Logf("not tested: looking by BPF: %v", why)
		return false
	}
	return true
}

// shown is a snapshot's JSON, with what these tests want of it.
type shown struct {
	By        string `json:"looked_by"`
	Processes []struct {
		PID         int
		Threads     []struct{ TID int }
		Descriptors []shownDescriptor
		Instances   []struct {
			FD         int
			Same       *struct{ PID, FD int } `json:"same_as"`
			Waiting    []int
			Registered []shownDescriptor
		}
	}
	Findings []struct {
		ID, Severity, Verdict, Sentence string
		PID, FD                         *int
	}
	Missing []struct{ What, Why string }
}

type shownDescriptor struct {
	FD               int
	Kind             string
	Local, Peer      string
	Unread, Backlog  *int64
	Room, Ready      *bool
	Stale, Oneshot   bool
	Armed, Finished  *bool
	Events, Data     string
	Trigger, Address string
}

func (s *shown) descriptor(pid, fd int) *shownDescriptor {
	for i := range s.Processes {
		for j := range s.Processes[i].Descriptors {
			if d := &s.Processes[i].Descriptors[j]; s.Processes[i].PID == pid && d.FD == fd {
				return d
			}
		}
	}
	return nil
}

// finding is the first above info of a rule, nil if there is none.
func (s *shown) finding(id string) (sentence, verdict string) {
	for _, f := range s.Findings {
		if f.ID == id && f.Severity != "info" {
			return f.Sentence, f.Verdict
		}
	}
	return "", ""
}

func (s *shown) misses(what string) bool {
	for _, m := range s.Missing {
		if strings.Contains(m.What, what) {
			return true
		}
	}
	return false
}

// shownBy runs a snapshot to its end.
func shownBy(t *testing.T, c *exec.Cmd) (s *shown) {
	t.Helper()
	r := finish(t, c)
	s = &shown{}
	if err := json.Unmarshal([]byte(r.out), s); err != nil || r.code != 0 && r.code != exitFailure {
		t.Fatalf("%v: code %d, %v\n%s%s", c.Args, r.code, err, r.out, r.err)
	}
	return s
}

// numberOf is a process's own number in its pid namespace.
func numberOf(t *testing.T, pid int) (n int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "NSpid:"); ok {
			f := strings.Fields(rest)
			n, _ = strconv.Atoi(f[len(f)-1])
		}
	}
	return n
}

// TestSnapshotPIDNamespace: a process in a pid namespace is looked into from outside, by its number there, and from inside by its own.
func TestSnapshotPIDNamespace(t *testing.T) {
	testkit.Long(t, "looks from inside a pid namespace")
	before := unshared(t, "--pid", "--fork", "--mount-proc")
	x := targetOf(t, append(before, pythonOf(t, "patient.py", "stranded")...)...)
	pids := descendants(x.pid)
	if len(pids) != 2 {
		t.Fatalf("processes %v, want unshare and its child", pids)
	}
	outside := pids[1]
	inside := numberOf(t, outside)
	if inside == outside || inside == 0 {
		t.Fatalf("it is %d outside, and %d inside", outside, inside)
	}
	full := byBPF(t)
	enter := []string{testkit.Need(t, "nsenter"), "-t", strconv.Itoa(outside), "-p", "-m"}
	for _, via := range ways {
		for _, c := range []struct {
			name   string
			pid    int
			before []string
		}{{"outside", outside, nil}, {"inside", inside, enter}} {
			t.Run(c.name+"-"+via, func(t *testing.T) {
				var s *shown
				testkit.Until(t, giveUp, func() bool {
					cmd := program(t, "snapshot", "--json", "--via", via, strconv.Itoa(c.pid))
					if c.before != nil {
						self := cmd.Path
						cmd.Path, cmd.Args = c.before[0], append(append(slices.Clone(c.before), self), cmd.Args[1:]...)
					}
					s = shownBy(t, cmd)
					said, _ := s.finding("EV03")
					return strings.Contains(said, "holds 4,900 bytes")
				}, func() string { return fmt.Sprintf("EV03 was not found: %+v", s) })
				if via == "auto" && full && (!strings.Contains(s.By, "BPF") || s.misses("ready lists")) {
					t.Errorf("it was not looked at by BPF: %s, missing %+v", s.By, s.Missing)
				}
				if len(s.Processes) != 1 || s.Processes[0].PID != c.pid || len(s.Processes[0].Threads) != 2 || s.Processes[0].Threads[0].TID != c.pid {
					t.Errorf("process %d: %+v", c.pid, s.Processes)
				}
				if d := s.descriptor(c.pid, x.number(t, "fd")); d == nil || d.Unread == nil || *d.Unread != 4900 {
					t.Errorf("fd %d: %+v", x.number(t, "fd"), d)
				}
			})
		}
	}
}

// TestSnapshotNetworkNamespace: sockets of another network namespace have their addresses, unread bytes and accept queues, and what /proc
// does not show of them is said.
func TestSnapshotNetworkNamespace(t *testing.T) {
	testkit.Long(t, "looks into another network namespace")
	testkit.Need(t, "ip")
	before := append(unshared(t, "--net"), "sh", "-c", `ip link set lo up && exec "$@"`, "sh")
	full := byBPF(t)
	for _, via := range ways {
		t.Run("stranded-"+via, func(t *testing.T) {
			x := targetOf(t, append(before, pythonOf(t, "patient.py", "stranded")...)...)
			fd := x.number(t, "fd")
			var s *shown
			testkit.Until(t, giveUp, func() bool {
				s = shownBy(t, program(t, "snapshot", "--json", "--via", via, strconv.Itoa(x.pid)))
				said, _ := s.finding("EV03")
				return strings.Contains(said, "holds 4,900 bytes")
			}, func() string { return fmt.Sprintf("EV03 was not found: %+v", s) })
			d := s.descriptor(x.pid, fd)
			if d == nil || d.Unread == nil || *d.Unread != 4900 || !strings.HasPrefix(d.Local, "127.0.0.1:") || !strings.HasPrefix(d.Peer, "127.0.0.1:") {
				t.Errorf("fd %d: %+v", fd, d)
			}
			if proc := via == "proc" || !full; proc != s.misses("backlogs") || proc != (d.Room == nil) {
				t.Errorf("room %v, missing %+v", d.Room, s.Missing)
			}
		})
		t.Run("backlog-"+via, func(t *testing.T) {
			x := targetOf(t, append(before, pythonOf(t, "patient.py", "backlog")...)...)
			fd := x.number(t, "fd")
			var d *shownDescriptor
			testkit.Until(t, giveUp, func() bool {
				s := shownBy(t, program(t, "snapshot", "--json", "--via", via, strconv.Itoa(x.pid)))
				d = s.descriptor(x.pid, fd)
				said, _ := s.finding("EV12")
				return d != nil && d.Unread != nil && *d.Unread == 3 && (via == "proc" || !full || d.Backlog != nil && *d.Backlog == 2 && strings.Contains(said, "3 connections wait"))
			}, func() string { return fmt.Sprintf("fd %d: %+v", fd, d) })
			if (via == "proc" || !full) != (d.Backlog == nil) {
				t.Errorf("backlog %v", d.Backlog)
			}
		})
	}
}

// TestSnapshotKinds: what is behind each descriptor, and what lies in it.
func TestSnapshotKinds(t *testing.T) {
	testkit.Long(t, "thirteen kinds of descriptors, each looked at both ways")
	x := targetOf(t, pythonOf(t, "odd.py", "kinds")...)
	full := byBPF(t)
	const unknown = -1
	shots := map[string]*shown{}
	for _, via := range ways {
		shots[via] = shownBy(t, program(t, "snapshot", "--json", "--via", via, strconv.Itoa(x.pid)))
	}
	for _, c := range []struct {
		what, kind string
		bpf, proc  int64 // unread
	}{
		{"eventfd", "eventfd", 8, 8},
		{"eventfd-empty", "eventfd", 0, 0},
		{"timerfd", "timerfd", 8, 8},
		{"timerfd-unset", "timerfd", 0, 0},
		{"pipe", "pipe", 777, unknown},
		{"unix-stream", "stream", 555, 555},
		{"unix-peer", "stream", 0, 0},
		{"unix-dgram", "datagram", 123, unknown},
		{"udp", "datagram", 333, unknown},
		{"udp-empty", "datagram", 0, 0},
		{"mapped", "stream", 44, 44},
		{"unix-listener", "listener", 1, 1},
		{"epoll", "epoll", unknown, unknown},
	} {
		for _, via := range ways {
			s := shots[via]
			d := s.descriptor(x.pid, x.number(t, c.what))
			want := c.bpf
			if via == "proc" || !full {
				want = c.proc
			}
			if d == nil || d.Kind != c.kind || (want == unknown) != (d.Unread == nil) || d.Unread != nil && *d.Unread != want {
				t.Errorf("%s by %s: %+v, want kind %s and %d unread", c.what, via, d, c.kind, want)
				continue
			}
			if want == unknown && c.proc != c.bpf && !s.misses("lies in pipes") && !s.misses("datagram sockets") {
				t.Errorf("%s by %s: nothing is said of what is missing: %+v", c.what, via, s.Missing)
			}
			if c.what == "mapped" && (!strings.HasPrefix(d.Local, "127.0.0.1:") || !strings.HasPrefix(d.Peer, "127.0.0.1:")) {
				t.Errorf("addresses by %s: %s, %s", via, d.Local, d.Peer)
			}
		}
	}
	for name, open := range map[string]func(...int) *look.Looker{"BPF": look.New, "proc": look.NewByProc} {
		l := open(x.pid)
		defer l.Close()
		m, err := l.Look()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			what string
			typ  uint32
			n    int64
		}{{"eventfd", trace.TypeEventfd, 3}, {"eventfd-empty", trace.TypeEventfd, 0}, {"timerfd", trace.TypeTimerfd, 1}, {"timerfd-unset", trace.TypeTimerfd, 0}} {
			if f := m.Process(x.pid).File(int32(x.number(t, c.what))); f == nil || f.Type != c.typ || f.Count != c.n {
				t.Errorf("%s by %s: %+v, want %d", c.what, name, f, c.n)
			}
		}
	}
}

// TestSnapshotForked: an instance that a child has, too, is one instance; each number of it is shown, and what it watches once.
func TestSnapshotForked(t *testing.T) {
	testkit.Long(t, "looks at a program and its child")
	x := targetOf(t, pythonOf(t, "odd.py", "forked")...)
	kid := x.number(t, "child")
	for _, via := range ways {
		s := shownBy(t, program(t, "snapshot", "--json", "--via", via, strconv.Itoa(x.pid), strconv.Itoa(kid)))
		if len(s.Processes) != 2 || len(s.Findings) != 0 {
			t.Fatalf("by %s: %+v", via, s)
		}
		for _, p := range s.Processes {
			if len(p.Instances) != 1 || p.Instances[0].FD != x.number(t, "epoll") {
				t.Fatalf("process %d by %s: %+v", p.PID, via, p.Instances)
			}
			inst := p.Instances[0]
			if p.PID == x.pid {
				if inst.Same != nil || len(inst.Registered) != 1 || inst.Registered[0].FD != x.number(t, "fd") || inst.Registered[0].Stale {
					t.Errorf("by %s: %+v", via, inst)
				}
			} else if inst.Same == nil || inst.Same.PID != x.pid || inst.Same.FD != inst.FD || len(inst.Registered) != 0 {
				t.Errorf("the child's by %s: %+v", via, inst)
			}
			if s.descriptor(p.PID, x.number(t, "fd")) == nil {
				t.Errorf("process %d by %s has no fd %d", p.PID, via, x.number(t, "fd"))
			}
		}
	}
}

// TestSnapshotKept: a connection that the child keeps, and the parent has closed and not removed from its instance.
func TestSnapshotKept(t *testing.T) {
	testkit.Long(t, "a registration that a child keeps")
	x := targetOf(t, pythonOf(t, "odd.py", "kept")...)
	kid := x.number(t, "child")
	for _, via := range ways {
		for _, c := range []struct {
			pids []int
			says string
		}{{[]int{x.pid}, "another process has it"}, {[]int{x.pid, kid}, fmt.Sprintf("lives on as fd %d of process %d", x.number(t, "fd"), kid)}} {
			args := []string{"snapshot", "--json", "--via", via}
			for _, pid := range c.pids {
				args = append(args, strconv.Itoa(pid))
			}
			s := shownBy(t, program(t, args...))
			if said, verdict := s.finding("EV18"); verdict != "certain" || !strings.Contains(said, fmt.Sprintf("registered as fd %d", x.number(t, "fd"))) || !strings.Contains(said, c.says) {
				t.Errorf("%v by %s: want EV18, certain, with %q: %+v", c.pids, via, c.says, s.Findings)
			}
		}
	}
}

// TestSnapshotThreads: thousands of threads are shown, each once.
func TestSnapshotThreads(t *testing.T) {
	testkit.Long(t, "a program with 3,000 threads")
	x := targetOf(t, pythonOf(t, "odd.py", "threads")...)
	want := x.number(t, "threads") + 1
	if want < 3000 {
		t.Logf("this machine lets it have %d threads", want)
	}
	for _, via := range ways {
		s := shownBy(t, program(t, "snapshot", "--json", "--via", via, strconv.Itoa(x.pid)))
		seen := map[int]bool{}
		for _, th := range s.Processes[0].Threads {
			seen[th.TID] = true
		}
		if len(seen) != want || len(s.Processes[0].Threads) != want || len(s.Findings) != 0 {
			t.Errorf("by %s: %d threads, want %d; findings %+v", via, len(seen), want, s.Findings)
		}
	}
}

// watching is evviz snapshot --watch, with what it has shown.
type watching struct {
	cmd  *exec.Cmd
	dec  *json.Decoder
	out  io.Reader
	errs strings.Builder
}

func watch(t *testing.T, args ...string) *watching {
	t.Helper()
	w := &watching{cmd: program(t, append([]string{"snapshot", "--json"}, args...)...)}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.cmd.Stderr, w.out, w.dec = &w.errs, out, json.NewDecoder(out)
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if w.cmd.ProcessState == nil {
			w.cmd.Process.Kill()
			w.cmd.Wait()
		}
	})
	return w
}

// next is the next look that it shows.
func (w *watching) next(t *testing.T) *shown {
	t.Helper()
	s := &shown{}
	if err := w.dec.Decode(s); err != nil {
		t.Fatalf("it shows no more: %v: %s", err, w.errs.String())
	}
	return s
}

// end waits for its end, and gives its exit code.
func (w *watching) end(t *testing.T) int {
	t.Helper()
	io.Copy(io.Discard, io.MultiReader(w.dec.Buffered(), w.out))
	w.cmd.Wait()
	return w.cmd.ProcessState.ExitCode()
}

// TestSnapshotExec: a program that becomes another one while it is watched keeps what is inheritable, and loses what is not.
func TestSnapshotExec(t *testing.T) {
	testkit.Long(t, "a program that becomes another while it is watched")
	for _, via := range ways {
		t.Run(via, func(t *testing.T) {
			x := targetOf(t, pythonOf(t, "odd.py", "execs")...)
			path := filepath.Join(t.TempDir(), "exec.evt")
			w := watch(t, "--watch", "20ms", "--via", via, "--record", path, strconv.Itoa(x.pid))
			all := append(slices.Clone(x.says["goes"]), x.says["stays"]...)
			for s := w.next(t); ; s = w.next(t) {
				if !slices.ContainsFunc(all, func(fd int) bool { return s.descriptor(x.pid, fd) == nil }) {
					break
				}
			}
			x.tell(t, "exec")
			if !x.ready() {
				t.Fatal("it ended")
			}
			for s := w.next(t); ; s = w.next(t) {
				if slices.ContainsFunc(x.says["goes"], func(fd int) bool { return s.descriptor(x.pid, fd) != nil }) {
					continue
				}
				for _, fd := range x.says["stays"] {
					if d := s.descriptor(x.pid, fd); d == nil || d.Kind != "stream" {
						t.Errorf("fd %d: %+v", fd, d)
					}
				}
				if len(s.Processes) != 1 || len(s.Processes[0].Instances) != 0 || len(s.Processes[0].Threads) != 1 {
					t.Errorf("%+v", s.Processes)
				}
				break
			}
			x.in.Close() // it ends
			if code := w.end(t); code != 0 || !strings.Contains(w.errs.String(), strconv.Itoa(x.pid)) {
				t.Errorf("code %d: %s", code, w.errs.String())
			}
			if r := run(t, "check", "--validate", path); r.code != 0 {
				t.Errorf("the recording is not valid: %s%s", r.out, r.err)
			}
		})
	}
}

const goChurn = `package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
)

func try(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	for n := range 3 {
		go func() {
			runtime.LockOSThread()
			own, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
			try(err)
			buf := make([]syscall.EpollEvent, 16)
			for i := 0; ; i++ {
				ep := own
				if i%7 == 0 {
					ep, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
					try(err)
				}
				var fds [2]int
				switch (i + n) % 3 {
				case 0:
					try(syscall.Pipe2(fds[:], syscall.O_NONBLOCK|syscall.O_CLOEXEC))
				default:
					fds, err = syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
					try(err)
				}
				mask := uint32(syscall.EPOLLIN)
				if i%2 == 0 {
					mask |= 1 << 31
				}
				if i%5 == 0 {
					mask |= 1 << 30
				}
				try(syscall.EpollCtl(ep, syscall.EPOLL_CTL_ADD, fds[0], &syscall.EpollEvent{Events: mask, Fd: int32(fds[0])}))
				syscall.Write(fds[1], []byte("hello"))
				_, err := syscall.EpollWait(ep, buf, 0)
				if err != nil && err != syscall.EINTR {
					try(err)
				}
				if i%3 == 0 {
					try(syscall.EpollCtl(ep, syscall.EPOLL_CTL_DEL, fds[0], nil))
				}
				syscall.Close(fds[0])
				syscall.Close(fds[1])
				if ep != own {
					syscall.Close(ep)
				}
			}
		}()
	}
	go func() { // threads that come and go
		for {
			done := make(chan bool)
			go func() {
				runtime.LockOSThread() // and never unlock it: the thread ends with the goroutine
				close(done)
			}()
			<-done
		}
	}()
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}
`

// goProgram builds a program of one file.
func goProgram(t *testing.T, source string, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "main.go")
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command(testkit.Need(t, "go"), "build", "-o", filepath.Join(dir, "odd"), path)
	build.Env = append(append(os.Environ(), "GOFLAGS="), env...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return filepath.Join(dir, "odd")
}

// TestSnapshotChurn: a program whose descriptors, registrations and threads change at full speed is watched for a while: valid recordings,
// and nothing is found that is not so.
func TestSnapshotChurn(t *testing.T) {
	testkit.Long(t, "a program that changes at full speed, watched for two seconds")
	bin := goProgram(t, goChurn)
	for _, via := range ways {
		t.Run(via, func(t *testing.T) {
			x := targetOf(t, bin)
			path := filepath.Join(t.TempDir(), "churn.evt")
			w := watch(t, "--watch", "20ms", "--via", via, "--record", path, strconv.Itoa(x.pid))
			begun := time.Now()
			for n := 0; n < 20 || time.Since(begun) < 2*time.Second; n++ {
				for _, f := range w.next(t).Findings {
					if f.Severity != "info" {
						t.Fatalf("look %d: %+v", n, f)
					}
				}
			}
			w.cmd.Process.Signal(os.Interrupt)
			if code := w.end(t); code != 0 || w.errs.Len() > 0 {
				t.Errorf("code %d: %s", code, w.errs.String())
			}
			if r := run(t, "check", "--validate", path); r.code != 0 {
				t.Errorf("the recording is not valid: %s%s", r.out, r.err)
			}
			if r := run(t, "check", path); r.code != 0 {
				t.Errorf("check: code %d: %s%s", r.code, r.out, r.err)
			}
			for range 5 {
				for _, f := range shownBy(t, program(t, "snapshot", "--json", "--via", via, strconv.Itoa(x.pid))).Findings {
					if f.Severity != "info" {
						t.Errorf("%+v", f)
					}
				}
			}
		})
	}
}

const goPatient = `package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	s, err := l.Accept()
	if err != nil {
		panic(err)
	}
	c.Write(make([]byte, 777))
	raw, _ := s.(*net.TCPConn).SyscallConn()
	raw.Control(func(fd uintptr) { fmt.Println("fd", fd) })
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}
`

// TestSnapshot32: a 32-bit program has descriptors and registrations as every other; its calls, which have other numbers, are said to be
// unknown.
func TestSnapshot32(t *testing.T) {
	testkit.Long(t, "a 32-bit program is built")
	bin := goProgram(t, goPatient, "GOARCH=386", "CGO_ENABLED=0")
	if err := exec.Command(bin).Run(); err != nil {
		t.Skipf("SKIPPED, not tested: this kernel does not run 32-bit programs of x86: %v", err)
	}
	x := targetOf(t, bin)
	for _, via := range ways {
		s := shownBy(t, program(t, "snapshot", "--json", "--via", via, strconv.Itoa(x.pid)))
		if d := s.descriptor(x.pid, x.number(t, "fd")); d == nil || d.Kind != "stream" || d.Unread == nil || *d.Unread != 777 {
			t.Errorf("by %s: %+v", via, d)
		}
		if !s.misses(fmt.Sprintf("the calls of process %d", x.pid)) {
			t.Errorf("by %s: what is missing: %+v", via, s.Missing)
		}
		if len(s.Processes[0].Instances) != 1 || len(s.Processes[0].Instances[0].Registered) < 3 {
			t.Errorf("by %s: %+v", via, s.Processes[0].Instances)
		}
		for _, f := range s.Findings {
			if f.Severity != "info" {
				t.Errorf("by %s: %+v", via, f)
			}
		}
	}
}

// TestSnapshotWatchEnds: a process that ends while it is watched leaves a valid recording, whose last words are its end.
func TestSnapshotWatchEnds(t *testing.T) {
	for _, via := range ways {
		x := targetOf(t, pythonOf(t, "odd.py", "forked")...)
		path := filepath.Join(t.TempDir(), "end.evt")
		w := watch(t, "--watch", "20ms", "--via", via, "--record", path, strconv.Itoa(x.pid), strconv.Itoa(x.number(t, "child")))
		for s := w.next(t); len(s.Processes) != 2; s = w.next(t) {
		}
		syscall.Kill(x.number(t, "child"), syscall.SIGKILL)
		for s := w.next(t); len(s.Processes) != 1; s = w.next(t) {
		}
		x.cmd.Process.Kill()
		if code := w.end(t); code != 0 || !strings.Contains(w.errs.String(), strconv.Itoa(x.pid)) {
			t.Errorf("by %s: code %d: %s", via, code, w.errs.String())
		}
		if r := run(t, "check", "--validate", path); r.code != 0 {
			t.Errorf("by %s, the recording is not valid: %s%s", via, r.out, r.err)
		}
		if r := run(t, "replay", "--text=raw", path); strings.Count(r.out, " Exit ") < 2 {
			t.Errorf("by %s, the recording has not both ends:\n%s", via, r.out)
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// result is what came of one run.
type result struct {
	log   string
	took  time.Duration
	check checked
	err   error
}

// run makes one log and has it judged.
func (w *workshop) run(ctx context.Context, r run) (res result) {
	begun := time.Now()
	defer func() { res.took = time.Since(begun) }()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	res.log = filepath.Join(w.dir, r.file())
	if err := w.trace(ctx, r, res.log); err != nil {
		res.err = err
		return res
	}
	return w.judge(ctx, res.log)
}

// judge has a log judged that is there.
func (w *workshop) judge(ctx context.Context, log string) result {
	begun := time.Now()
	c, err := judge(ctx, w.evviz, log)
	return result{log: log, took: time.Since(begun), check: c, err: err}
}

// trace runs the server under strace, with its load.
func (w *workshop) trace(ctx context.Context, r run, log string) (err error) {
	p, err := w.place(r.server)
	if err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	if r.beside {
		stop, err := busyLoops(2)
		if err != nil {
			return err
		}
		defer stop()
	}
	var tracer, program *process
	defer func() {
		err = errors.Join(err, end(program, r.server.quit), end(tracer, syscall.SIGINT))
	}()
	strace := append([]string{"strace", "-o", log}, r.flags.args...)
	if r.state == fromStart {
		if tracer, err = start(p, append(strace, r.server.argv(p)...)); err != nil {
			return err
		}
		if err = up(ctx, p, r.server.udp, tracer); err != nil {
			return err
		}
		kids := children(tracer.pid())
		if len(kids) != 1 {
			return fmt.Errorf("strace has the children %v, not one", kids)
		}
		program = &process{tracee: kids[0], of: tracer}
	} else {
		if program, err = start(p, r.server.argv(p)); err != nil {
			return err
		}
		if err = up(ctx, p, r.server.udp, program); err != nil {
			return err
		}
	}
	return load(ctx, r.server, p, w.light, func() error {
		if r.state == fromStart {
			return nil
		}
		pids := family(program.pid())
		if r.server.one {
			pids = []int{busiest(pids)}
		}
		for _, pid := range pids {
			strace = append(strace, "-p", strconv.Itoa(pid))
		}
		if tracer, err = start(p, strace); err != nil {
			return err
		}
		return until(ctx, "strace is attached to every thread", tracer, func() bool { return traced(pids, tracer.pid()) })
	})
}

// place makes a folder for one run of a server, with a free port and its configuration.
func (w *workshop) place(s *server) (place, error) {
	p := place{dir: filepath.Join(w.dir, "run"), www: filepath.Join(w.dir, "www"), bin: s.bin(w), backend: w.backend.port()}
	var err error
	if p.port, err = freePort(s.udp); err != nil {
		return p, err
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return p, err
	}
	if err := os.MkdirAll(p.dir, 0o777); err != nil {
		return p, err
	}
	if s.conf == nil {
		return p, nil
	}
	return p, os.WriteFile(p.conf(), []byte(s.conf(p)), 0o644)
}

// freePort is a port that nobody had a moment ago.
func freePort(udp bool) (int, error) {
	if udp {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).Port, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// process is a program that this one started; or, with tracee, the one that strace started.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once it was waited for
	err    error         // and how that went, for who has seen exited closed
	said   string        // the file of what it printed
	tracee int
	of     *process
}

func (p *process) pid() int {
	if p.tracee != 0 {
		return p.tracee
	}
	return p.cmd.Process.Pid
}

// done is closed when the process has ended: a tracee's end is strace's, which waits for it.
func (p *process) done() <-chan struct{} {
	if p.of != nil {
		return p.of.exited
	}
	return p.exited
}

// start starts a program with an environment that says nothing of this machine.
func start(p place, argv []string) (*process, error) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, err
	}
	said, err := os.CreateTemp(p.dir, "said")
	if err != nil {
		return nil, err
	}
	defer said.Close()
	cmd := exec.Command(path, argv[1:]...)
	cmd.Args[0] = argv[0]
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/usr/local/bin", "HOME=" + p.dir, "LANG=C.UTF-8", "GOMAXPROCS=2"}
	cmd.Stdout, cmd.Stderr = said, said
	// What was started here does not outlive this program, however it ends. A server that strace started is strace's child: it is
	// ended in every way out of trace, but not when this program is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", argv[0], err)
	}
	out := &process{cmd: cmd, exited: make(chan struct{}), said: said.Name()}
	go func() {
		out.err = cmd.Wait()
		close(out.exited)
	}()
	return out, nil
}

// end asks a process to end and waits; one that does not is killed with its family, and that is an error.
func end(p *process, how syscall.Signal) error {
	if p == nil {
		return nil
	}
	if how == 0 {
		how = syscall.SIGTERM
	}
	select {
	case <-p.done():
		return nil
	default:
	}
	pids := family(p.pid())
	syscall.Kill(p.pid(), how)
	select {
	case <-p.done():
		return nil
	case <-time.After(patience):
	}
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	<-p.done()
	return fmt.Errorf("process %d did not end by %s within %s", p.pid(), how, patience)
}

// up waits until the server listens.
func up(ctx context.Context, p place, udp bool, who *process) error {
	table, want := "/proc/net/tcp", fmt.Sprintf(":%04X 00000000:0000 0A", p.port)
	if udp {
		table, want = "/proc/net/udp", fmt.Sprintf(":%04X 00000000:0000", p.port)
	}
	return until(ctx, fmt.Sprintf("something listens on port %d", p.port), who, func() bool {
		b, err := os.ReadFile(table)
		return err == nil && strings.Contains(string(b), want)
	})
}

// until waits for a condition, as long as the process that brings it is there.
func until(ctx context.Context, what string, who *process, is func() bool) error {
	for !is() {
		select {
		case <-who.done():
			b, _ := os.ReadFile(who.said)
			return fmt.Errorf("waiting until %s: the process ended (%v): %s", what, who.err, lastLine(b))
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// traced is true when every thread of the processes has that tracer.
func traced(pids []int, tracer int) bool {
	want := fmt.Sprintf("TracerPid:\t%d\n", tracer)
	for _, pid := range pids {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && !strings.Contains(string(b), want) {
				return false
			}
		}
	}
	return true
}

// children are the processes that the threads of one have started and that still run.
func children(pid int) []int {
	var out []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(word); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// family is a process and all its descendants, the eldest first.
func family(pid int) []int {
	out := []int{pid}
	for _, c := range children(pid) {
		out = append(out, family(c)...)
	}
	return out
}

// busiest is the process with the most open descriptors: of workers the one that has the connections.
func busiest(pids []int) int {
	best, most := pids[0], 0
	for _, pid := range pids {
		fds, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if len(fds) > most {
			best, most = pid, len(fds)
		}
	}
	return best
}

// busyLoops starts shells that only burn CPU time, and gives what ends them.
func busyLoops(n int) (stop func(), err error) {
	var all []*exec.Cmd
	stop = func() {
		for _, c := range all {
			c.Process.Kill()
			c.Wait()
		}
	}
	for range n {
		c := exec.Command("sh", "-c", "while :; do :; done")
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := c.Start(); err != nil {
			stop()
			return nil, err
		}
		all = append(all, c)
	}
	return stop, nil
}

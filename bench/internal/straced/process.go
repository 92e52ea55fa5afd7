package straced

import (
	"context"
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

// Patience is how long an answer or an end may take before a run counts as failed; a traced server beside busy loops is slow.
const Patience = 20 * time.Second

// FreePort is a port that nobody had a moment ago.
func FreePort(udp bool) (int, error) {
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

// Process is a program that this one started; or, with tracee, the one that strace started.
type Process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once it was waited for
	err    error         // and how that went, for who has seen exited closed
	Said   string        // the file of what it printed
	tracee int
	of     *Process
}

// PID is its number.
func (p *Process) PID() int {
	if p.tracee != 0 {
		return p.tracee
	}
	return p.cmd.Process.Pid
}

// Done is closed when the process has ended: a tracee's end is strace's, which waits for it.
func (p *Process) Done() <-chan struct{} {
	if p.of != nil {
		return p.of.exited
	}
	return p.exited
}

// Tracee is the program that a strace has started, which this process is.
func (p *Process) Tracee() (*Process, error) {
	kids := Children(p.PID())
	if len(kids) != 1 {
		return nil, fmt.Errorf("strace has the children %v, not one", kids)
	}
	return &Process{tracee: kids[0], of: p}, nil
}

// Start starts a program with an environment that says nothing of this machine.
func Start(dir string, argv ...string) (*Process, error) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, err
	}
	said, err := os.CreateTemp(dir, "said")
	if err != nil {
		return nil, err
	}
	defer said.Close()
	cmd := exec.Command(path, argv[1:]...)
	cmd.Args[0] = argv[0]
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/usr/local/bin", "HOME=" + dir, "LANG=C.UTF-8", "GOMAXPROCS=2"}
	cmd.Stdout, cmd.Stderr = said, said
	// What was started here does not outlive this program, however it ends. A server that strace started is strace's child: it is
	// ended by End, but not when this program is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", argv[0], err)
	}
	out := &Process{cmd: cmd, exited: make(chan struct{}), Said: said.Name()}
	go func() {
		out.err = cmd.Wait()
		close(out.exited)
	}()
	return out, nil
}

// End asks a process to end and waits; one that does not is killed with its family, and that is an error.
func End(p *Process, how syscall.Signal) error {
	if p == nil {
		return nil
	}
	if how == 0 {
		how = syscall.SIGTERM
	}
	select {
	case <-p.Done():
		return nil
	default:
	}
	pids := Family(p.PID())
	syscall.Kill(p.PID(), how)
	select {
	case <-p.Done():
		return nil
	case <-time.After(Patience):
	}
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	<-p.Done()
	return fmt.Errorf("process %d did not end by %s within %s", p.PID(), how, Patience)
}

// Up waits until the server listens on a port.
func Up(ctx context.Context, port int, udp bool, who *Process) error {
	table, want := "/proc/net/tcp", fmt.Sprintf(":%04X 00000000:0000 0A", port)
	if udp {
		table, want = "/proc/net/udp", fmt.Sprintf(":%04X 00000000:0000", port)
	}
	return Until(ctx, fmt.Sprintf("something listens on port %d", port), who, func() bool {
		b, err := os.ReadFile(table)
		return err == nil && strings.Contains(string(b), want)
	})
}

// Until waits for a condition, as long as the process that brings it is there.
func Until(ctx context.Context, what string, who *Process, is func() bool) error {
	for !is() {
		select {
		case <-who.Done():
			said := who
			if who.of != nil {
				said = who.of
			}
			b, err := os.ReadFile(said.Said)
			if err != nil {
				return fmt.Errorf("waiting until %s: the process ended (%v): %w", what, said.err, err)
			}
			return fmt.Errorf("waiting until %s: the process ended (%v): %q", what, said.err, LastLine(b))
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// Traced is true when every thread of the processes has that tracer.
func Traced(pids []int, tracer int) bool {
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

// Settled waits until every thread of processes to which a strace was attached waits again: a call that was interrupted for it has begun
// anew, so its line will be in the log. It is for programs that have nothing to do yet.
func Settled(ctx context.Context, pids []int, tracer *Process) error {
	return Until(ctx, "the program waits again, traced", tracer, func() bool {
		said, err := os.ReadFile(tracer.Said)
		if err != nil || strings.Count(string(said), " attached") < len(pids) {
			return false // strace says so behind the interrupt, which wakes the thread: from then on it sleeps only where it is traced
		}
		for _, pid := range pids {
			files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
			for _, f := range files {
				if b, err := os.ReadFile(f); err == nil && !strings.Contains(string(b), "State:\tS") {
					return false
				}
			}
		}
		return true
	})
}

// Children are the processes that the threads of one have started and that still run.
func Children(pid int) []int {
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

// Family is a process and all its descendants, the eldest first.
func Family(pid int) []int {
	out := []int{pid}
	for _, c := range Children(pid) {
		out = append(out, Family(c)...)
	}
	return out
}

// BusyLoops starts shells that only burn CPU time, and gives what ends them.
func BusyLoops(n int) (stop func(), err error) {
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

// Ended waits until a process has ended by itself.
func Ended(ctx context.Context, p *Process) error {
	select {
	case <-p.Done():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting until process %d ends: %w", p.PID(), ctx.Err())
	}
}

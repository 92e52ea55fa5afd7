//go:build linux && (amd64 || arm64)

package kernel

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"evviz/internal/testkit"
)

// roles are what the test binary does as a child: it makes something, prints what it knows of it as one line of JSON, and stays as it is
// until its standard input ends.
var roles = map[string]func() (any, error){}

const roleVar = "EVVIZ_KERNEL_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		playRole(role)
	}
	testkit.Main(m)
}

// answer is a child's line.
type answer struct {
	PID   int
	Error string
	Known json.RawMessage
}

func playRole(role string) {
	playAnswer(roles[role]())
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func playAnswer(known any, err error) {
	a := answer{PID: os.Getpid()}
	if err != nil {
		a.Error = err.Error()
	}
	a.Known, _ = json.Marshal(known)
	line, _ := json.Marshal(a)
	os.Stdout.Write(append(line, '\n'))
}

func init() { runtime.LockOSThread() } // a role may want to be the first thread

// child is a process that plays a role.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	pid   int // as the child has it
	known json.RawMessage
}

// start begins a role and returns when it is ready. change may set what the command needs.
func start(t testing.TB, role string, change func(*exec.Cmd)) *child {
	t.Helper()
	return startCommand(t, exec.Command("/proc/self/exe"), role, change)
}

func startCommand(t testing.TB, cmd *exec.Cmd, role string, change func(*exec.Cmd)) *child {
	t.Helper()
	if roles[role] == nil {
		t.Fatalf("no role %q", role)
	}
	cmd.Env = append(os.Environ(), roleVar+"="+role)
	cmd.Stderr = os.Stderr
	if change != nil {
		change(cmd)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, stdin: stdin}
	t.Cleanup(c.end)
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("role %s: %v", role, err)
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatalf("role %s said %q: %v", role, line, err)
	}
	if a.Error != "" {
		t.Fatalf("role %s: %s", role, a.Error)
	}
	c.pid, c.known = a.PID, a.Known
	return c
}

func (c *child) end() {
	c.stdin.Close()
	c.cmd.Wait()
}

func known[T any](t testing.TB, c *child) (v T) {
	t.Helper()
	if err := json.Unmarshal(c.known, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// needBPF opens a reader, or skips where this process may not, and says why.
func needBPF(t testing.TB, o options) *Reader {
	t.Helper()
	r, err := open(o)
	if refused := new(Refused); errors.As(err, &refused) {
		t.Skipf("SKIPPED, not tested: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if o == (options{}) && len(r.Missing()) > 0 {
		t.Logf("not tested, since it is missing: %s", strings.Join(r.Missing(), "; "))
	}
	return r
}

func read(t testing.TB, r *Reader, pid int) *State {
	t.Helper()
	s, err := r.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	if s.Lost != 0 {
		t.Errorf("%d records lost", s.Lost)
	}
	if s.Time > s.End || s.Time <= 0 {
		t.Errorf("the pass is from %d to %d", s.Time, s.End)
	}
	inside := func(at int64) bool { return s.Time <= at && at <= s.End }
	if i := slices.IndexFunc(s.Files, func(f File) bool { return !inside(f.Time) }); i >= 0 {
		t.Errorf("descriptor %d was read at %d, and the pass is from %d to %d", s.Files[i].FD, s.Files[i].Time, s.Time, s.End)
	}
	if i := slices.IndexFunc(s.Regs, func(f Reg) bool { return !inside(f.Time) }); i >= 0 {
		t.Errorf("the registration of %d was read at %d, and the pass is from %d to %d", s.Regs[i].FD, s.Regs[i].Time, s.Time, s.End)
	}
	if i := slices.IndexFunc(s.Threads, func(f Thread) bool { return !inside(f.Time) }); i >= 0 {
		t.Errorf("thread %d was read at %d, and the pass is from %d to %d", s.Threads[i].TID, s.Threads[i].Time, s.Time, s.End)
	}
	return s
}

// file is the one behind a number, which must be there.
func file(t testing.TB, s *State, fd int) *File {
	t.Helper()
	f := s.FileAt(fd)
	if f == nil {
		t.Fatalf("descriptor %d is not in the state", fd)
	}
	return f
}

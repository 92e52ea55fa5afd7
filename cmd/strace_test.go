package cmd

import (
	"bytes"
	"fmt"
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
	"evviz/loop"
	"evviz/trace"
)

// call is a system call as both sides tell it.
type call struct {
	name   string
	fd     int64
	result string // number, or the error's name
}

// eitherWay is a sleep that was interrupted: the program sees EINTR when a handler ran, and one whole sleep when it was
// only the tracer that stopped it and the kernel went on with restart_syscall.
const eitherWay = "EINTR or 0"

func (c call) String() string { return fmt.Sprintf("%s(%d) = %s", c.name, c.fd, c.result) }

// endTraced runs evviz under strace until its server has accepted a connection and tried so many reads that brought
// something, for at least two seconds; then it asks it to end. A traced program is slowed down by an amount that depends on
// the machine, so that what happens within a fixed time cannot be known. texts is a pattern of the files strace writes.
func endTraced(t *testing.T, c *exec.Cmd, texts string, reads int) {
	t.Helper()
	var errs bytes.Buffer
	c.Stdout, c.Stderr = nil, &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	accepted := regexp.MustCompile(`(?m)(?:accept4|io_uring_enter)(?:\(| resumed).* = \d+`)
	read := regexp.MustCompile(`(?m)\b(?:read|recvfrom|io_uring_enter)(?:\(| resumed).* = [1-9]\d*(?: <|$)`)
	begin, asked := time.Now(), false
	for {
		select {
		case <-ended:
			// A signal is how it ended, and then its code says so.
			if code := c.ProcessState.ExitCode(); !asked || code != 128+int(syscall.SIGINT) {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
		if time.Since(begin) > 50*time.Second && asked {
			c.Process.Signal(syscall.SIGKILL)
			t.Fatalf("it did not end: %s", errs.String())
		}
		if asked || time.Since(begin) < 2*time.Second {
			continue
		}
		if !enough(texts, accepted, read, reads) && time.Since(begin) < 40*time.Second {
			continue
		}
		// strace's own child is evviz; the signal is for that one alone.
		asked = true
		for _, pid := range children(t, c.Process.Pid) {
			syscall.Kill(pid, syscall.SIGINT)
		}
	}
}

// enough reports whether one of strace's texts has an accepted connection and so many reads.
func enough(texts string, accepted, read *regexp.Regexp, reads int) bool {
	files, _ := filepath.Glob(texts)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		threads := map[string]*strings.Builder{"": {}}
		for line := range strings.Lines(string(b)) {
			tid := ""
			if n, rest, ok := strings.Cut(line, " "); ok && strings.Trim(n, "0123456789") == "" {
				tid, line = n, rest
			}
			if threads[tid] == nil {
				threads[tid] = &strings.Builder{}
			}
			threads[tid].WriteString(line)
		}
		for _, text := range threads {
			// Before the loop began the thread was the Go runtime's, which reads files of its own.
			s := text.String()
			if at := accepted.FindStringIndex(s); at != nil && len(read.FindAllString(s[at[0]:], -1)) >= reads {
				return true
			}
		}
	}
	return false
}

// TestStraceEqualsTrace: a system call trace of the loop's thread and what the lab recorded of it are the same, call for
// call: kind, descriptor, result.
func TestStraceEqualsTrace(t *testing.T) {
	testkit.Long(t, "traced runs")
	strace := testkit.Need(t, "strace")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"sleep-poll", []string{"--mode", "sleep-poll", "--interval", "20ms"}},
		{"epoll level", []string{"--mode", "epoll", "--trigger", "level"}},
		{"epoll edge", []string{"--mode", "epoll", "--trigger", "edge", "--reads", "drain"}},
		{"io-uring", []string{"--mode", "io-uring"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := (&loop.Behaviour{Driver: trace.DriverURing}).Check(); c.name == "io-uring" && err != nil {
				t.Skipf("SKIPPED, not tested: %v", err)
			}
			dir := t.TempDir()
			rec, out := filepath.Join(dir, "run.evt"), filepath.Join(dir, "st")
			self, _ := os.Executable()
			args := append([]string{"-ff", "-qq", "-o", out, "-e", "signal=none",
				"-e", "trace=epoll_create1,epoll_ctl,epoll_wait,accept4,read,write,recvfrom,sendto,close,socket,connect,clock_nanosleep,io_uring_enter", self,
				"--headless", "--listen", "127.0.0.1:0", "--record", rec, "--scenario", "trickle"}, c.args...)
			cmd := exec.Command(strace, args...)
			cmd.Env = append(os.Environ(), "EVVIZ_TEST_MAIN=1")
			reads := 12
			if c.name == "io-uring" {
				reads = 40 // its calls are few
			}
			endTraced(t, cmd, out+".*", reads)
			evs := readAll(t, rec)
			tid, stream := int64(0), uint32(0)
			for i := range evs {
				if evs[i].Kind == trace.Thread && evs[i].Mask == trace.RoleLoop {
					tid, stream = evs[i].B, evs[i].Stream
				}
			}
			ours := recorded(evs, stream)
			kernel := straced(t, fmt.Sprintf("%s.%d", out, tid))
			// Before the loop began the thread belonged to the Go runtime, and after the last event it belongs to it again:
			// the sequence begins with the listener's socket and ends with the last close the loop made.
			kernel = between(kernel, ours[0], ours[len(ours)-1])
			if len(ours) < 30 {
				t.Fatalf("only %d calls recorded", len(ours))
			}
			for i := 0; i < max(len(ours), len(kernel)); i++ {
				var a, b call
				if i < len(ours) {
					a = ours[i]
				}
				if i < len(kernel) {
					b = kernel[i]
				}
				if b.result == eitherWay && (a.result == "0" || a.result == "EINTR") {
					b.result = a.result
				}
				if a != b {
					t.Fatalf("call %d of %d: the trace has %v, strace %v\nbefore: %v", i, len(ours), a, b, ours[max(0, i-5):i])
				}
			}
		})
	}
}

// recorded is the calls of one stream in the order in which they were made.
func recorded(evs []trace.Event, stream uint32) (out []call) {
	submits := int64(0)
	for i := range evs {
		e := &evs[i]
		if e.Stream != stream || e.Phase.Base() == trace.PhaseEnter {
			continue
		}
		if e.Kind == trace.Submit {
			submits++
		}
		num := func(n int64) string {
			if e.Errno != 0 {
				return trace.ErrnoName(e.Errno)
			}
			return fmt.Sprint(n)
		}
		c := call{fd: int64(e.FD)}
		switch e.Kind {
		case trace.Open:
			if e.Aux>>8&0xff != trace.OriginSocket {
				continue
			}
			c.name, c.fd, c.result = "socket", -1, num(int64(e.FD))
		case trace.Instance:
			c.name, c.fd, c.result = "epoll_create1", -1, num(int64(e.FD))
		case trace.Register, trace.Modify, trace.Deregister:
			n, _ := trace.InstanceNumber(e.Inst)
			c.name, c.fd, c.result = "epoll_ctl", int64(n), num(0)
		case trace.Wait:
			n, _ := trace.InstanceNumber(e.Inst)
			c.name, c.fd, c.result = "epoll_wait", int64(n), num(int64(e.Mask))
			if trace.IsRing(e.Inst) {
				// Its result is how many entries it took: those told since the call before.
				c.name, c.result = "io_uring_enter", num(submits)
				submits = 0
			}
		case trace.Accept:
			c.name, c.result = "accept4", num(e.A)
		case trace.Read:
			c.name, c.result = "read", num(e.B)
		case trace.Write:
			c.name, c.result = "write", num(e.B)
		case trace.Close:
			c.name, c.result = "close", num(0)
		case trace.Sleep:
			c.name, c.fd, c.result = "clock_nanosleep", -1, num(0)
		default:
			continue
		}
		out = append(out, c)
	}
	return out
}

var straceLine = regexp.MustCompile(`^(\w+)\((\w*)(.*)\)\s+= (-?\d+|\?)(?: (\w+))?`)

// straced reads strace's file of one thread.
func straced(t *testing.T, path string) (out []call) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(b), "\n") {
		m := straceLine.FindStringSubmatch(line)
		if m == nil {
			if strings.Contains(line, "(") {
				t.Logf("line not understood: %s", line)
			}
			continue
		}
		c := call{name: m[1], fd: -1, result: m[4]}
		if n, err := strconv.ParseInt(m[2], 10, 64); err == nil && m[1] != "epoll_create1" && m[1] != "clock_nanosleep" && m[1] != "socket" {
			c.fd = n
		}
		if m[4] == "-1" || m[4] == "?" {
			c.result = m[5]
			switch c.result {
			case "ERESTARTNOHAND":
				c.result = "EINTR" // what the program gets to see
			case "ERESTART_RESTARTBLOCK":
				c.result = eitherWay
			}
		}
		out = append(out, c)
	}
	return out
}

func between(calls []call, first, last call) []call {
	i, j := 0, len(calls)
	for ; i < len(calls) && calls[i] != first; i++ {
	}
	for ; j > i && calls[j-1] != last; j-- {
	}
	return calls[i:j]
}

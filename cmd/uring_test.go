package cmd

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
)

// TestRefusedByAFilter: under a seccomp filter that forbids io_uring, as containers have it, the mode is refused in one
// sentence with exit code 3, and every other mode runs.
func TestRefusedByAFilter(t *testing.T) {
	if _, err := sys.Probe(sys.Linux{}); err != nil {
		t.Skipf("SKIPPED, not tested: %v", err)
	}
	type result struct {
		code int
		text string
	}
	under := func(args ...string) result {
		done := make(chan result)
		go func() {
			runtime.LockOSThread() // and never unlocked: the filter stays on this thread, and the thread ends with it
			if err := forbidURing(); err != nil {
				t.Errorf("install a filter: %v", err)
			}
			self, _ := os.Executable()
			c := exec.Command(self, args...)
			c.Env = append(os.Environ(), "EVVIZ_TEST_MAIN=1")
			out, _ := c.CombinedOutput()
			done <- result{c.ProcessState.ExitCode(), string(out)}
		}()
		return <-done
	}
	common := []string{"--headless", "--listen", "127.0.0.1:0", "--scenario", "none", "--for", "50ms"}
	r := under(append(common, "--mode", "io-uring")...)
	if r.code != 3 || !strings.Contains(r.text, "seccomp") || strings.Count(strings.TrimSpace(r.text), "\n") > 0 {
		t.Errorf("exit code %d: %s", r.code, r.text)
	}
	if r := under(append(common, "--mode", "epoll")...); r.code != 0 {
		t.Errorf("epoll: exit code %d: %s", r.code, r.text)
	}
}

// forbidURing has the kernel answer EPERM to io_uring_setup, for this thread and what it starts.
func forbidURing() error {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		ret   = unix.BPF_RET | unix.BPF_K
	)
	filter := []unix.SockFilter{
		{Code: load, K: 0}, // the number of the call
		{Code: equal, K: unix.SYS_IO_URING_SETUP, Jt: 0, Jf: 1},
		{Code: ret, K: 0x00050000 | uint32(unix.EPERM)}, // SECCOMP_RET_ERRNO
		{Code: ret, K: 0x7fff0000},                      // SECCOMP_RET_ALLOW
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, 2, uintptr(unsafe.Pointer(prog)), 0, 0)
	runtime.KeepAlive(filter)
	return err
}

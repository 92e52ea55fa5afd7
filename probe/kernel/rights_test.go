//go:build linux && (amd64 || arm64)

package kernel

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/internal/sys"
)

const targetVar = "EVVIZ_KERNEL_TEST_TARGET"

func init() {
	roles["reader"] = func() (any, error) { return tryReader(nil), nil }
	roles["reader that drops"] = func() (any, error) { return tryReader(dropAll), nil }
	roles["reader without new rights"] = func() (any, error) {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return nil, err
		}
		return tryReader(nil), nil
	}
	roles["reader in a sandbox"] = func() (any, error) {
		if err := forbidBPF(); err != nil {
			return nil, err
		}
		return tryReader(nil), nil
	}
}

// tried is what became of a reader.
type tried struct {
	Rights  sys.Rights
	Refused bool
	Text    string
	Causes  []sys.Cause
	Errno   string
	Log     bool

	Count  uint64 // of the target's eventfd; after dropping, if anything is dropped
	Before uint64 // the same before
	Again  string // what a second Open says then
	Left   []string
}

// tryReader opens and reads the process in targetVar ("PID FD"), once more after drop.
func tryReader(drop func(*tried)) (x tried) {
	x.Rights = sys.LookRights()
	r, err := Open()
	if err != nil {
		x.Text = err.Error()
		var refused *Refused
		if x.Refused = errors.As(err, &refused); x.Refused {
			x.Causes, x.Log = refused.Causes, refused.Log != ""
			if refused.Errno != nil {
				x.Errno = refused.Errno.Error()
			}
		}
		return x
	}
	defer r.Close()
	var pid, fd int
	fmt.Sscan(os.Getenv(targetVar), &pid, &fd)
	count := func() uint64 {
		s, err := r.Read(pid)
		if err != nil {
			x.Text = err.Error()
			return 0
		}
		if f := s.FileAt(fd); f != nil && f.Eventfd != nil && s.Lost == 0 && len(s.Regs) > 0 && len(s.Threads) > 0 {
			return f.Eventfd.Count
		}
		x.Text = "the state is not complete"
		return 0
	}
	if drop != nil {
		x.Before = count()
		drop(&x)
	}
	x.Count = count()
	if drop != nil {
		if again, err := Open(); err != nil {
			x.Again = err.Error()
		} else {
			x.Again = "opened again"
			again.Close()
		}
	}
	return x
}

// dropAll makes threads, drops, makes some more, and looks at all.
func dropAll(x *tried) {
	var hold []chan bool
	more := func() {
		for range 8 {
			ready, end := make(chan bool), make(chan bool)
			hold = append(hold, end)
			go func() {
				runtime.LockOSThread()
				ready <- true
				<-end
			}()
			<-ready
		}
	}
	more()
	if err := sys.DropCapabilities(); err != nil {
		x.Left = append(x.Left, err.Error())
	}
	more()
	es, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(es) < 16 {
		x.Left = append(x.Left, fmt.Sprintf("%d threads (%v)", len(es), err))
	}
	for _, e := range es {
		b, err := os.ReadFile(e)
		if err != nil {
			x.Left = append(x.Left, err.Error())
		}
		for line := range strings.Lines(string(b)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64); slices.Contains([]string{"CapEff", "CapPrm", "CapInh", "CapAmb"}, name) && (err != nil || n != 0) {
				x.Left = append(x.Left, e+" "+line)
			}
		}
	}
	for _, end := range hold {
		close(end)
	}
}

// forbidBPF has a seccomp filter answer EPERM to bpf(2), as container runtimes' does.
func forbidBPF() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_BPF, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog))); errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}

// needRoot skips where children cannot be given other users and namespaces.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 || !sys.LookRights().Effective.Has(sys.CapSysAdmin) {
		t.Skip("SKIPPED, not tested: only root, with CAP_SYS_ADMIN, can start programs as other users and in namespaces")
	}
}

// nobody is a user with some capabilities and nothing else.
func nobody(caps ...sys.Capability) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		for _, c := range caps {
			cmd.SysProcAttr.AmbientCaps = append(cmd.SysProcAttr.AmbientCaps, uintptr(c))
		}
	}
}

// TestRights: who may read, on a process of root's; and what is said to who may not.
func TestRights(t *testing.T) {
	needRoot(t)
	needBPF(t, options{})
	target := start(t, "eventfd", nil)
	try := func(role string, change func(*exec.Cmd)) tried {
		t.Helper()
		c := start(t, role, func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d %d", targetVar, target.pid, known[int](t, target)))
			if change != nil {
				change(cmd)
			}
		})
		return known[tried](t, c)
	}
	works := func(t *testing.T, x tried) {
		t.Helper()
		if x.Refused || x.Count != 4711 {
			t.Errorf("%+v: it should work", x)
		}
	}
	refusedFor := func(t *testing.T, x tried, kind sys.CauseKind, text, errno string) {
		t.Helper()
		if !x.Refused || len(x.Causes) == 0 || x.Causes[0].Kind != kind || x.Errno != errno {
			t.Errorf("%+v: refused for another reason than %d", x, kind)
		}
		if x.Text != text {
			t.Errorf("it says %q\nwant    %q", x.Text, text)
		}
	}
	const begin = "BPF programs cannot be loaded: "

	t.Run("root", func(t *testing.T) {
		x := try("reader", nil)
		works(t, x)
		if x.Rights.UID != 0 || x.Rights.UserNamespace || !x.Rights.BTF || x.Rights.NoNewPrivs || x.Rights.Release == "" || x.Rights.UnprivilegedBPF == sys.Unknown {
			t.Errorf("%+v", x.Rights)
		}
	})
	t.Run("both capabilities", func(t *testing.T) {
		x := try("reader", nobody(sys.CapBPF, sys.CapPerfmon))
		works(t, x)
		if x.Rights.UID != 65534 || x.Rights.Effective != 1<<sys.CapBPF|1<<sys.CapPerfmon {
			t.Errorf("%+v", x.Rights)
		}
	})
	t.Run("no new privileges", func(t *testing.T) {
		x := try("reader without new rights", nobody(sys.CapBPF, sys.CapPerfmon))
		works(t, x)
		if !x.Rights.NoNewPrivs {
			t.Errorf("%+v", x.Rights)
		}
	})
	t.Run("none", func(t *testing.T) {
		x := try("reader", nobody())
		refusedFor(t, x, sys.CauseCapabilities, begin+"this process does not have CAP_BPF and CAP_PERFMON", "")
		if !slices.Equal(x.Causes[0].Missing, []sys.Capability{sys.CapBPF, sys.CapPerfmon}) || !x.Causes[0].Certain {
			t.Errorf("%+v", x.Causes)
		}
	})
	t.Run("only CAP_BPF", func(t *testing.T) {
		x := try("reader", nobody(sys.CapBPF))
		refusedFor(t, x, sys.CauseCapabilities, begin+"this process does not have CAP_PERFMON", "")
	})
	t.Run("only CAP_PERFMON", func(t *testing.T) {
		x := try("reader", nobody(sys.CapPerfmon))
		refusedFor(t, x, sys.CauseCapabilities, begin+"this process does not have CAP_BPF", "")
	})
	t.Run("seccomp", func(t *testing.T) {
		x := try("reader in a sandbox", nil)
		refusedFor(t, x, sys.CauseSeccomp, begin+"a seccomp filter is on this process, which may forbid bpf(2), as those of containers do", unix.EPERM.Error())
		if x.Rights.Seccomp != 2 {
			t.Errorf("%+v", x.Rights)
		}
	})
	t.Run("root of a user namespace", func(t *testing.T) {
		x := try("reader", func(cmd *exec.Cmd) {
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}}
		})
		refusedFor(t, x, sys.CauseUserNamespace, begin+"this process is in a user namespace, whose root has no rights over the kernel", unix.EPERM.Error())
		if !x.Rights.UserNamespace || !x.Rights.Effective.Has(sys.CapBPF) {
			t.Errorf("%+v", x.Rights)
		}
	})
	for _, who := range []struct {
		is     string
		change func(*exec.Cmd)
	}{{"root drops", nil}, {"nobody drops", nobody(sys.CapBPF, sys.CapPerfmon)}} {
		t.Run(who.is, func(t *testing.T) {
			x := try("reader that drops", who.change)
			works(t, x)
			if x.Before != 4711 || len(x.Left) > 0 {
				t.Errorf("before: %d; of capabilities are left: %q", x.Before, x.Left)
			}
			if want := begin + "this process does not have CAP_BPF and CAP_PERFMON"; x.Again != want {
				t.Errorf("opened again: %q, want %q", x.Again, want)
			}
		})
	}
}

// TestRefused: the error is made of causes, in their order, and unwraps to what bpf(2) answered.
func TestRefused(t *testing.T) {
	old := sys.Rights{Release: "5.4.0-42-generic", BTF: true, Effective: 1 << sys.CapSysAdmin, Lockdown: "confidentiality"}
	err := refused(old.Causes(), old, fmt.Errorf("load: %w (MEMLOCK may be too low, consider rlimit.RemoveMemlock)", unix.EPERM))
	want := "BPF programs cannot be loaded: the kernel is locked down (confidentiality): nobody may read its memory; the kernel is 5.4.0-42-generic, and 5.15 or newer is needed"
	if err.Error() != want || !errors.Is(err, unix.EPERM) {
		t.Errorf("%q (%v)", err, errors.Is(err, unix.EPERM))
	}
	fine := sys.Rights{Release: "6.18.1", BTF: true, Effective: 1 << sys.CapSysAdmin}
	err = refused(fine.Causes(), fine, fmt.Errorf("load: %w (MEMLOCK may be too low)", unix.EPERM))
	if want := "BPF programs cannot be loaded: bpf(2) answered EPERM, and no reason for that was found"; err.Error() != want {
		t.Errorf("%q", err)
	}
	err = refused(fine.Causes(), fine, unix.ENOSYS)
	if want := "BPF programs cannot be loaded: the kernel has no bpf(2), or a sandbox hides it"; err.Error() != want {
		t.Errorf("%q", err)
	}
	ours := errors.New("the object is broken")
	if err = refused(nil, fine, ours); !errors.Is(err, ours) || errors.As(err, new(*Refused)) {
		t.Errorf("a fault of this program: %q", err)
	}
}

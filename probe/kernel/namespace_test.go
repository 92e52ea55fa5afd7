//go:build linux && (amd64 || arm64)

package kernel

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func init() {
	roles["pid namespace"] = func() (any, error) { return readInside(false) }
	roles["pid namespace with /proc"] = func() (any, error) { return readInside(true) }
	roles["network namespace"] = makeSocketsInside
	roles["eventfd"] = func() (any, error) { // watched, so that there is a registration
		m := &maker{}
		fd, err := unix.Eventfd(4711, 0)
		m.must("eventfd", err)
		m.register(m.epoll(), fd, unix.EPOLLIN)
		return fd, m.err
	}
}

// inside is what a reader in a pid namespace of its own has found.
type inside struct {
	Self, Parent int // of the reader, in its own state
	Threads      []int
	Child        int // a child of it
	ChildParent  int
	ChildThreads []int
	Count        uint64 // of the child's eventfd
	Above        string // what is said of a number that is none in there
}

func readInside(mount bool) (any, error) {
	if mount {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return nil, os.NewSyscallError("mount", err)
		}
		if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			return nil, os.NewSyscallError("mount /proc", err)
		}
	}
	r, err := Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s, err := r.Read(os.Getpid())
	if err != nil {
		return nil, err
	}
	in := inside{Self: s.PID, Parent: s.Parent, Threads: tids(s)}

	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVar+"=eventfd")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer cmd.Wait()
	defer stdin.Close()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var a answer
	var fd int
	if err := errors.Join(json.Unmarshal(line, &a), json.Unmarshal(a.Known, &fd)); err != nil {
		return nil, err
	}
	if s, err = r.Read(cmd.Process.Pid); err != nil {
		return nil, err
	}
	in.Child, in.ChildParent, in.ChildThreads = s.PID, s.Parent, tids(s)
	if f := s.FileAt(fd); f != nil && f.Eventfd != nil {
		in.Count = f.Eventfd.Count
	}
	_, err = r.Read(cmd.Process.Pid + 1000)
	in.Above = fmt.Sprint(err)
	return in, nil
}

func tids(s *State) (out []int) {
	for _, t := range s.Threads {
		out = append(out, t.TID)
	}
	return out
}

// TestPIDNamespace: numbers are the reader's own, whatever /proc it sees; from outside they are those of outside.
func TestPIDNamespace(t *testing.T) {
	r := needBPF(t, options{})
	for _, role := range []string{"pid namespace", "pid namespace with /proc"} {
		t.Run(role, func(t *testing.T) {
			c := startCommand(t, exec.Command("/proc/self/exe"), role, func(cmd *exec.Cmd) {
				cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
			})
			in := known[inside](t, c)
			if in.Self != 1 || c.pid != 1 || in.Parent != 0 || !slices.Contains(in.Threads, 1) {
				t.Errorf("the reader is %d with parent %d and threads %v: it is 1, and its parent is outside", in.Self, in.Parent, in.Threads)
			}
			if in.ChildParent != 1 || in.Child <= 1 || !slices.Contains(in.ChildThreads, in.Child) || in.Count != 4711 {
				t.Errorf("its child: %+v", in)
			}
			if want := fmt.Sprintf("read process %d: %v", in.Child+1000, ErrNoProcess); in.Above != want {
				t.Errorf("a number that is none inside: %q, want %q", in.Above, want)
			}
			// And from outside.
			s := read(t, r, c.cmd.Process.Pid)
			if s.PID != c.cmd.Process.Pid || s.Parent != os.Getpid() || !slices.Contains(tids(s), s.PID) || slices.Contains(tids(s), 1) {
				t.Errorf("from outside it is %d with parent %d and threads %v", s.PID, s.Parent, tids(s))
			}
			for _, tid := range tids(s) {
				if _, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", s.PID, tid)); err != nil {
					t.Errorf("thread %d: %v", tid, err)
				}
			}
		})
	}
}

type insideNet struct {
	NetNS  uint64
	Truths []truth
}

func makeSocketsInside() (any, error) {
	m := &maker{}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	m.must("socket", err)
	lo, err := unix.NewIfreq("lo")
	m.must("ifreq", err)
	lo.SetUint16(unix.IFF_UP)
	m.must("bring lo up", unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo))
	_, c, a := m.tcp(&unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, unix.AF_INET)
	m.write(c, 4900)
	m.until("4,900 bytes come", func() bool { return ioctl(a, fionread) == 4900 })
	m.add("tcp with 4,900 unread bytes", a, KindSocket, map[string]int64{"unread": 4900, "state": 1})
	m.ask()
	var st unix.Stat_t
	m.must("stat", unix.Stat("/proc/self/ns/net", &st))
	return insideNet{st.Ino, m.out}, m.err
}

// TestNetworkNamespace: sockets of another network namespace are as complete as those of one's own.
func TestNetworkNamespace(t *testing.T) {
	r := needBPF(t, options{})
	c := startCommand(t, exec.Command("/proc/self/exe"), "network namespace", func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	})
	in := known[insideNet](t, c)
	s := read(t, r, c.pid)
	for _, w := range in.Truths {
		k := file(t, s, w.FD).Socket
		if k.NetNS != in.NetNS || k.NetNS == namespaceOf(t, "net") {
			t.Errorf("network namespace %d: it is %d", k.NetNS, in.NetNS)
		}
		if k.Unread != 4900 || k.Local != w.Local || k.Peer != w.Peer || !k.Peer.IsValid() {
			t.Errorf("%+v: it is %+v", *k, w)
		}
	}
}

package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"evviz/lab"
	"evviz/probe/look"
	"evviz/scenarios"
	"evviz/words"
)

// labDescriptors is how many descriptors the lab has open beside its connections: standard ones, the terminal, the listener,
// the two epoll instances and their wake-up descriptors, the clients' pipes, the recording, Go's own. A test holds that it is
// not too low.
const labDescriptors = 32

// examineLimits says how much the kernel lets this process have.
func examineLimits() (w ward) {
	w.Name = "Limits"
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		w.note("descriptors", "unknown", err.Error(), "")
	} else {
		// Go has raised the soft limit to the hard one before main, so the one that the shell shows does not matter.
		free := int64(min(l.Cur, 1<<40)) - labDescriptors
		value := fmt.Sprintf("%s (ulimit -Hn: %s)", limit(l.Cur), limit(l.Max))
		const mend = "ulimit -Hn 65536 in a root shell, LimitNOFILE= in a systemd unit, or nofile in /etc/security/limits.conf"
		switch {
		case free < 1:
			w.needed("descriptors", value, fmt.Sprintf("the lab needs about %d for itself", labDescriptors), mend)
		case free < scenarios.DefaultMaxConns:
			w.note("descriptors", value, fmt.Sprintf("the lab can hold about %s then, and scenarios may want %d; a replay needs ten or so",
				words.Count(free, "connection"), scenarios.DefaultMaxConns), mend)
		default:
			w.ok("descriptors", fmt.Sprintf("%s: about %d connections in the lab", value, free))
		}
	}
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &l); err != nil {
		w.note("locked memory", "unknown", err.Error(), "")
	} else if l.Cur < 1<<20 {
		w.note("locked memory", bytesOrNone(l.Cur), "kernels before 5.12 count the rings of io_uring against it", "ulimit -l 8192 in a root shell, or LimitMEMLOCK=")
	} else {
		w.ok("locked memory", bytesOrNone(l.Cur)+" (io_uring before kernel 5.12 counts its rings against it)")
	}
	examineThreads(&w)
	if n, err := strconv.Atoi(lab.Sysctl("net.core.somaxconn")); err == nil && n < 511 {
		w.note("accept queue", fmt.Sprintf("net.core.somaxconn is %d", n), "the lab asks for 511 (--backlog), and the kernel gives no more than this", "sudo sysctl net.core.somaxconn=4096")
	} else if err == nil {
		w.ok("accept queue", fmt.Sprintf("net.core.somaxconn is %d", n))
	}
	if f := strings.Fields(lab.Sysctl("net.ipv4.ip_local_port_range")); len(f) == 2 {
		lo, _ := strconv.Atoi(f[0])
		hi, _ := strconv.Atoi(f[1])
		if n := hi - lo + 1; n < scenarios.DefaultMaxConns {
			w.note("client ports", fmt.Sprintf("%s to %s, %d", f[0], f[1], n), "no more connections than this can go to one server address", "sudo sysctl net.ipv4.ip_local_port_range='32768 60999'")
		} else {
			w.ok("client ports", fmt.Sprintf("%s to %s: %d connections to one server address", f[0], f[1], n))
		}
	}
	return w
}

func limit(n uint64) string {
	if n == unix.RLIM_INFINITY {
		return "no limit"
	}
	return strconv.FormatUint(n, 10)
}

func bytesOrNone(n uint64) string {
	if n == unix.RLIM_INFINITY {
		return "no limit"
	}
	return words.Bytes(int64(n))
}

// examineThreads: the smallest of the limits that threads are counted against. The user's own (ulimit -u) does not count for root.
func examineThreads(w *ward) {
	const wanted = 100 // the lab with its workers, 64 loops, the clients and Go's own
	least, what := uint64(unix.RLIM_INFINITY), ""
	take := func(n uint64, name string) {
		if n < least {
			least, what = n, name
		}
	}
	var l unix.Rlimit
	if unix.Geteuid() != 0 && unix.Getrlimit(unix.RLIMIT_NPROC, &l) == nil {
		take(l.Cur, "ulimit -u")
	}
	for _, s := range []string{"kernel.threads-max", "kernel.pid_max"} {
		if n, err := strconv.ParseUint(lab.Sysctl(s), 10, 64); err == nil {
			take(n, s)
		}
	}
	if b, err := os.ReadFile("/proc/self/cgroup"); err == nil {
		for line := range strings.Lines(string(b)) {
			f := strings.SplitN(strings.TrimSpace(line), ":", 3)
			if len(f) != 3 {
				continue
			}
			dir := ""
			if f[1] == "" {
				dir = "/sys/fs/cgroup"
			} else if f[1] == "pids" {
				dir = "/sys/fs/cgroup/pids"
			}
			if dir == "" {
				continue
			}
			if b, err := os.ReadFile(filepath.Join(dir, f[2], "pids.max")); err == nil {
				if n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err == nil {
					take(n, "pids.max of the control group")
				}
			}
		}
	}
	switch {
	case what == "":
		w.ok("threads", "no limit found")
	case least < wanted:
		w.note("threads", fmt.Sprintf("%d (%s)", least, what), "evviz and its clients want up to "+strconv.Itoa(wanted)+", counted together with everything else that runs there", "raise "+what)
	default:
		w.ok("threads", fmt.Sprintf("%d (%s)", least, what))
	}
}

// examineObserving is about programs of others. This version reads what strace printed and what /proc says.
func examineObserving() (w ward) {
	w.Name = "Observing other programs"
	if path, err := exec.LookPath("strace"); err != nil {
		w.missing("strace", "not installed", "evviz reads what it prints (evviz check, evviz replay); the lab and recordings do not need it", "apt-get install strace, dnf install strace, or apk add strace")
	} else {
		w.ok("strace", firstLine(path, "-V"))
	}
	examinePtrace(&w)
	if err := ownInterests(); err != nil {
		w.missing("fdinfo", "/proc/PID/fdinfo cannot be read", err.Error()+"; evviz check --look reads interest lists there", "mount -t proc proc /proc")
	} else {
		w.ok("fdinfo", "/proc/PID/fdinfo lists registrations, of processes of the same user")
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		w.note("BTF", "not there", "nothing of this version needs it; eBPF tools that follow kernel structures do", "a kernel with CONFIG_DEBUG_INFO_BTF=y")
	} else {
		w.ok("BTF", "/sys/kernel/btf/vmlinux (nothing of this version needs it)")
	}
	if s := lab.Sysctl("kernel.perf_event_paranoid"); s == "" {
		w.note("perf events", "unknown", "kernel.perf_event_paranoid cannot be read; nothing of this version needs them", "")
	} else {
		w.ok("perf events", "kernel.perf_event_paranoid is "+s+" (nothing of this version needs them)")
	}
	return w
}

// firstLine is the first line of what a program prints.
func firstLine(path string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).Output()
	if err != nil {
		return fmt.Sprintf("%s, which does not run: %v", path, err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// examinePtrace tries whether a child can be traced, which is what "strace COMMAND" does, and reads who else can.
func examinePtrace(w *ward) {
	if s, ok := ownStatus("TracerPid"); ok && s != "0" {
		w.note("ptrace", "cannot be tried", "this process is being traced itself, and so are its children", "evviz doctor without strace or a debugger around it")
		return
	}
	if err := tryPtrace(); err != nil {
		why := err.Error()
		mend := "docker run --cap-add SYS_PTRACE, or another seccomp profile"
		if s := lab.Sysctl("kernel.yama.ptrace_scope"); s == "2" || s == "3" {
			why += "; kernel.yama.ptrace_scope is " + s
			mend = "sudo sysctl kernel.yama.ptrace_scope=1"
			if s == "3" {
				mend = "restart the machine with kernel.yama.ptrace_scope=1 (3 cannot be taken back)"
			}
		}
		w.missing("ptrace", "refused, even for a child", why+"; strace cannot work", mend)
		return
	}
	able := capable(unix.CAP_SYS_PTRACE)
	scope := lab.Sysctl("kernel.yama.ptrace_scope")
	switch {
	case able || scope == "0" || scope == "":
		value := "works: strace COMMAND, and strace -p PID for processes of the same user"
		if able {
			value = "works: strace COMMAND, and strace -p PID for any process"
		}
		w.ok("ptrace", value+ifSet("; kernel.yama.ptrace_scope is ", scope))
	default:
		w.note("ptrace", "works for children: strace COMMAND; not for strace -p PID", "kernel.yama.ptrace_scope is "+scope+", and this process has no CAP_SYS_PTRACE",
			"sudo strace -p PID, or sudo sysctl kernel.yama.ptrace_scope=0")
	}
}

// tryPtrace starts evviz itself as a traced child, which the kernel stops before its first instruction, and ends it there.
func tryPtrace() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	runtime.LockOSThread() // the tracer is a thread, not a process
	defer runtime.UnlockOSThread()
	p, err := os.StartProcess(self, []string{self, "--version"}, &os.ProcAttr{Files: []*os.File{null, null, null}, Sys: &syscall.SysProcAttr{Ptrace: true}})
	if err != nil {
		return err
	}
	var st unix.WaitStatus
	_, err = unix.Wait4(p.Pid, &st, 0, nil)
	p.Kill()
	for err == nil && !st.Exited() && !st.Signaled() {
		_, err = unix.Wait4(p.Pid, &st, 0, nil)
	}
	p.Release()
	return err
}

// capable reports whether this process has a capability, by its number.
func capable(c uint) bool {
	s, ok := ownStatus("CapEff")
	n, err := strconv.ParseUint(s, 16, 64)
	return ok && err == nil && n&(1<<c) != 0
}

// ownStatus is a line of /proc/self/status.
func ownStatus(name string) (string, bool) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "", false
	}
	for line := range bytes.Lines(b) {
		if v, ok := bytes.CutPrefix(line, []byte(name+":")); ok {
			return string(bytes.TrimSpace(v)), true
		}
	}
	return "", false
}

// ownInterests registers a descriptor and looks for it in /proc, as it would be looked for in another process.
func ownInterests() error {
	ep, ev, err := epollOf(unix.EPOLLIN | unix.EPOLLET)
	if err != nil {
		return err
	}
	defer unix.Close(ep)
	defer unix.Close(ev)
	list, err := look.Registrations(os.Getpid())
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.EPFD == ep && r.FD == ev && r.Events&unix.EPOLLET != 0 {
			return nil
		}
	}
	return errors.New("a registration of evviz's own is not listed there")
}

// examineNetwork is about the lab's address. The tries that need a connection are in examineKernel.
func examineNetwork() (w ward) {
	w.Name = "Network"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.needed("loopback", "no listener on 127.0.0.1", err.Error(), "sudo ip link set lo up")
		return w
	}
	defer l.Close()
	c, err := net.DialTimeout("tcp", l.Addr().String(), 2*time.Second)
	if err != nil {
		w.needed("loopback", "no connection to 127.0.0.1", err.Error(), "sudo ip link set lo up; a firewall must let 127.0.0.0/8 through")
		return w
	}
	c.Close()
	w.ok("loopback", "connections to 127.0.0.1 work")
	if own, err := net.Listen("tcp", "127.0.0.1:4201"); err != nil {
		w.note("127.0.0.1:4201", "not free", strings.TrimPrefix(err.Error(), "listen tcp 127.0.0.1:4201: ")+"; the lab takes a free port then, and its header says which", "ss -ltnp 'sport = :4201' says who has it; --listen chooses another")
	} else {
		own.Close()
		w.ok("127.0.0.1:4201", "free, the lab's address")
	}
	return w
}

// examineFiles is about recordings, which go into the current folder unless they are told where to.
func examineFiles() (w ward) {
	w.Name = "Files"
	dir, err := os.Getwd()
	if err != nil {
		w.note("current folder", "unknown", err.Error(), "cd to one that is there")
		return w
	}
	f, err := os.CreateTemp(".", ".evviz-doctor-*")
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		w.note("current folder", homely(dir), "no file can be made in it ("+err.Error()+"), so r, S and --save-on cannot write there", "cd to another, or --record /path/to/run.evt")
	} else {
		f.Close()
		os.Remove(f.Name())
		w.ok("current folder", homely(dir)+", recordings can be written here")
	}
	var st unix.Statfs_t
	if err := unix.Statfs(".", &st); err != nil {
		w.note("free space", "unknown", err.Error(), "")
		return w
	}
	free := int64(st.Bavail) * st.Bsize
	if free < 100<<20 {
		w.note("free space", words.Bytes(free), "a busy recording grows by some megabytes a minute", "make room, or record elsewhere")
	} else {
		w.ok("free space", words.Bytes(free))
	}
	return w
}

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
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
)

func init() {
	roles["idle"] = func() (any, error) { return nil, nil }
	roles["threads"] = makeThreads
	roles["first thread gone"] = makeOrphans
}

// TestErrors: what is no process with descriptors is said to be what it is.
func TestErrors(t *testing.T) {
	r := needBPF(t, options{})
	t.Run("nothing", func(t *testing.T) {
		for _, pid := range []int{0, -1, 1 << 22, 1 << 40} {
			if s, err := r.Read(pid); !errors.Is(err, ErrNoProcess) || s != nil {
				t.Errorf("process %d: %v, %v", pid, s, err)
			}
		}
	})
	t.Run("ended", func(t *testing.T) {
		c := start(t, "idle", nil)
		read(t, r, c.pid)
		c.end()
		if _, err := r.Read(c.pid); !errors.Is(err, ErrNoProcess) {
			t.Errorf("a process that has ended: %v", err)
		}
	})
	t.Run("thread", func(t *testing.T) {
		c := start(t, "threads", nil)
		for _, tid := range known[threads](t, c).TIDs {
			_, err := r.Read(tid)
			var thread *ErrThread
			if !errors.As(err, &thread) || thread.Process != c.pid || thread.TID != tid {
				t.Errorf("thread %d of process %d: %v", tid, c.pid, err)
			}
		}
	})
	t.Run("zombie", func(t *testing.T) {
		c := start(t, "idle", nil)
		c.stdin.Close()
		// It ends, and is not waited for.
		for {
			var info unix.Siginfo
			if err := unix.Waitid(unix.P_PID, c.pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		if _, err := r.Read(c.pid); !errors.Is(err, ErrZombie) {
			t.Errorf("a zombie: %v", err)
		}
	})
	t.Run("thread of the kernel", func(t *testing.T) {
		pid := kernelThread(t)
		if _, err := r.Read(pid); !errors.Is(err, ErrKernelThread) {
			t.Errorf("thread %d of the kernel: %v", pid, err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		r, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := r.Read(os.Getpid()); !errors.Is(err, os.ErrClosed) {
			t.Errorf("a closed reader: %v", err)
		}
	})
}

// kernelThread finds one, by the flag that it has in /proc.
func kernelThread(t *testing.T) int {
	es, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, e := range es {
		b, err := os.ReadFile(e)
		if err != nil {
			continue
		}
		var pid int
		var flags uint64
		_, rest, _ := strings.Cut(string(b), ") ")
		f := strings.Fields(rest)
		if len(f) < 7 {
			continue
		}
		fmt.Sscan(string(b), &pid)
		if fmt.Sscan(f[6], &flags); flags&0x200000 != 0 && pid > 0 {
			return pid
		}
	}
	t.Skip("SKIPPED, not tested: no thread of the kernel is visible in this pid namespace")
	return 0
}

// TestJudge: a name may look like the rest of the line.
func TestJudge(t *testing.T) {
	line := func(name, state string, flags, threads int) string {
		return fmt.Sprintf("42 (%s) %s 1 42 42 0 -1 %d 0 0 0 0 0 0 0 0 20 0 %d 0 1000 0 0", name, state, flags, threads)
	}
	for _, c := range []struct {
		stat string
		want error
	}{
		{line("a", "S", 0x400000, 1), nil},
		{line("a", "S", 0x208040, 1), ErrKernelThread},
		{line("a", "Z", 0x40000c, 1), ErrZombie},
		{line("a", "Z", 0x40000c, 3), nil},
		{line("a) Z 1 1 1 0 -1 2097152 (", "S", 0x400000, 1), nil},
		{line(") Z", "S", 0x400000, 1), nil},
		{"", nil},
		{"42 (a) Z", nil},
	} {
		if got := judge(c.stat); got != c.want {
			t.Errorf("%q: %v, want %v", c.stat, got, c.want)
		}
	}
}

type threads struct {
	TIDs   []int // but the first
	Read   int   // is in read(Pipe)
	Pipe   int
	Nanos  int // is in nanosleep
	Busy   int // is in its own code
	Stolen int // has a table of its own, with descriptor Extra
	Extra  int
}

// thread runs f on a thread of its own and returns its id.
func thread(f func()) int {
	tid := make(chan int)
	go func() {
		runtime.LockOSThread()
		tid <- unix.Gettid()
		f()
	}()
	return <-tid
}

func makeThreads() (any, error) {
	m, l := &maker{}, threads{}
	var p [2]int
	m.must("pipe", unix.Pipe(p[:]))
	l.Pipe = p[0]
	l.Read = thread(func() { syscall.Read(p[0], make([]byte, 77)) })
	l.Nanos = thread(func() {
		long := unix.Timespec{Sec: 1 << 30, Nsec: 5}
		for {
			unix.Nanosleep(&long, nil)
		}
	})
	l.Busy = thread(func() {
		name := []byte("evviz busy\x00")
		unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
		for n := 0; ; n++ {
			spun = n
		}
	})
	extra := make(chan int)
	l.Stolen = thread(func() {
		err := unix.Unshare(unix.CLONE_FILES)
		fd := -1
		if err == nil {
			fd, err = unix.Eventfd(77, 0)
		}
		if err != nil {
			fd = -1
		}
		extra <- fd
		syscall.Read(p[0], make([]byte, 1))
	})
	if l.Extra = <-extra; l.Extra < 0 {
		return nil, errors.New("unshare(CLONE_FILES) or eventfd failed")
	}
	for _, tid := range []int{l.Read, l.Nanos, l.Stolen} {
		m.until("a thread waits", func() bool { return testkit.Sleeping(tid) })
	}
	es, err := os.ReadDir("/proc/self/task")
	m.must("list threads", err)
	for _, e := range es {
		var tid int
		fmt.Sscan(e.Name(), &tid)
		if tid != os.Getpid() {
			l.TIDs = append(l.TIDs, tid)
		}
	}
	return l, m.err
}

var spun int

// TestThreads: threads with their names, calls and arguments; a thread's own table of descriptors.
func TestThreads(t *testing.T) {
	for _, o := range []options{{}, {ring: os.Getpagesize()}, {withoutOneProcess: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			r := needBPF(t, o)
			c := start(t, "threads", nil)
			l := known[threads](t, c)
			s := read(t, r, c.pid)
			by := map[int]*Thread{}
			for i := range s.Threads {
				by[s.Threads[i].TID] = &s.Threads[i]
			}
			if by[c.pid] == nil {
				t.Error("the first thread is not in the state")
			}
			for _, tid := range l.TIDs {
				if by[tid] == nil {
					t.Errorf("thread %d is not in the state", tid)
				}
			}
			if t.Failed() {
				t.FailNow()
			}
			if g := by[l.Read]; g.Call != unix.SYS_READ || g.Args[0] != uint64(l.Pipe) || g.Args[2] != 77 || g.Args[1] == 0 || g.State != "S" || g.CPU || g.Compat || g.Worker {
				t.Errorf("%+v: it is in read(%d, ..., 77)", *g, l.Pipe)
			}
			if g := by[l.Nanos]; g.Call != unix.SYS_NANOSLEEP || g.State != "S" {
				t.Errorf("%+v: it is in nanosleep", *g)
			}
			if s.Start != by[c.pid].Start || s.Start <= 0 || by[l.Busy].Start < s.Start {
				t.Errorf("started at %d, and its first thread at %d", s.Start, by[c.pid].Start)
			}
			i := slices.IndexFunc(s.Files, func(f File) bool { return f.Table == l.Stolen && f.FD == l.Extra })
			if i < 0 || s.Files[i].Eventfd == nil || s.Files[i].Eventfd.Count != 77 {
				t.Errorf("descriptor %d of thread %d's own table is not in the state", l.Extra, l.Stolen)
			}
			if s.Files[0].Table != c.pid {
				t.Errorf("the first table is that of %d", s.Files[0].Table)
			}
			computes(t, r, c.pid, l.Busy)
		})
	}
}

// computes: a thread that computes is seen doing so, and its CPU time grows. Now and then Go's runtime takes it off for a moment.
func computes(t *testing.T, r *Reader, pid, tid int) {
	var first int64
	running := false
	for end := time.Now().Add(2 * time.Minute); ; {
		s := read(t, r, pid)
		g := s.Threads[slices.IndexFunc(s.Threads, func(t Thread) bool { return t.TID == tid })]
		if g.Name != "evviz busy" || g.CPU && (g.Call != UnknownCall || g.State != "R") || g.Call < 0 && g.Args != [6]uint64{} {
			t.Fatalf("%+v: it computes", g)
		}
		running = running || g.CPU || g.Call == NoCall
		if first == 0 {
			first = g.Ran
		}
		if running && g.Ran > first && g.User > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%+v: it computes, was seen running: %v, and had used %d ns before", g, running, first)
		}
	}
}

func makeOrphans() (any, error) {
	m := &maker{}
	epfd := m.epoll()
	r, _ := m.pipe()
	m.register(epfd, r, unix.EPOLLIN)
	for range 3 {
		thread(func() { syscall.Read(r, make([]byte, 1)) })
	}
	go func() {
		os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	// The first thread of a Go program runs the init functions and main.
	if unix.Gettid() != os.Getpid() {
		return nil, errors.New("this is not the first thread")
	}
	playAnswer(longTruth{EPFD: epfd, FDs: []int{r}}, m.err)
	syscall.RawSyscall(unix.SYS_EXIT, 0, 0, 0) // of this thread only
	return nil, nil
}

// TestFirstThreadGone: a process whose first thread has ended is alive; its descriptors are those of the others, each once.
func TestFirstThreadGone(t *testing.T) {
	r := needBPF(t, options{})
	c := start(t, "first thread gone", nil)
	l := known[longTruth](t, c)
	var s *State
	for end := time.Now().Add(2 * time.Minute); ; {
		s = read(t, r, c.pid)
		if i := slices.IndexFunc(s.Threads, func(t Thread) bool { return t.TID == c.pid }); i >= 0 && s.Threads[i].State == "Z" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the first thread does not end")
		}
	}
	seen := map[int]bool{}
	for _, f := range s.Files {
		if seen[f.FD] {
			t.Errorf("descriptor %d is twice in the state", f.FD)
		}
		seen[f.FD] = true
	}
	n := 0
	for _, g := range s.Regs {
		if g.EPFD == l.EPFD && g.FD == l.FDs[0] {
			n++
		}
	}
	if !seen[l.EPFD] || !seen[l.FDs[0]] || n != 1 || s.Parent != os.Getpid() {
		t.Errorf("descriptors %v, %d times the registration, parent %d", seen, n, s.Parent)
	}
}

// TestEndsMeanwhile: processes that end while they are read leave a state or a typed error, and no pass lasts for ever.
func TestEndsMeanwhile(t *testing.T) {
	r := needBPF(t, options{})
	for range 40 {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), roleVar+"=idle")
		if err := cmd.Start(); err != nil { // its standard input is /dev/null: it ends at once
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { cmd.Wait(); close(done) }()
		for {
			s, err := r.Read(cmd.Process.Pid)
			if err == nil && s.PID == cmd.Process.Pid {
				continue
			}
			if !errors.Is(err, ErrNoProcess) && !errors.Is(err, ErrZombie) {
				t.Error(err)
			}
			break
		}
		<-done
	}
}

package look

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Refusal is why a process cannot be looked into. Its text is a whole sentence for a person.
type Refusal struct {
	PID  int
	Name string // of the process, "" unknown
	Why  string
	Err  error // what the kernel answered, nil when it was not asked
}

func (r *Refusal) Error() string {
	who := strconv.Itoa(r.PID)
	if r.Name != "" {
		who += " (" + r.Name + ")"
	}
	return who + ": " + r.Why
}

func (r *Refusal) Unwrap() error { return r.Err }

// ErrEnded is inside a Refusal when the process has ended, or there was none.
var ErrEnded = errors.New("there is no such process")

// pfKthread is PF_KTHREAD (include/linux/sched.h), in the ninth field of /proc/PID/stat.
const pfKthread = 0x00200000

// procStat is what /proc/PID/stat says.
type procStat struct {
	name   string
	state  byte
	parent int
	flags  uint64
	ticks  int64 // CPU time, user and system, clock ticks
	system int64 // ... the kernel's part
	start  uint64
}

// statOf reads a stat file of a process or thread. The name is in parentheses, and may hold some itself.
func statOf(path string) (st procStat, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return st, err
	}
	if st, err = parseStat(string(b)); err != nil {
		return st, fmt.Errorf("%s: %w", path, err)
	}
	return st, nil
}

func parseStat(s string) (st procStat, err error) {
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open < 0 || end < open {
		return st, errors.New("no name in it")
	}
	st.name = s[open+1 : end]
	f := strings.Fields(s[end+1:])
	if len(f) < 20 {
		return st, fmt.Errorf("%d fields behind the name", len(f))
	}
	st.state = f[0][0]
	st.parent, _ = strconv.Atoi(f[1])
	st.flags, _ = strconv.ParseUint(f[6], 10, 64)
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	st.ticks, st.system = user+system, system
	st.start, _ = strconv.ParseUint(f[19], 10, 64)
	return st, nil
}

// examine finds out whether there is a process to look into.
func examine(pid int) (procStat, error) {
	st, err := statOf(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return st, &Refusal{PID: pid, Why: "there is no process with this number", Err: ErrEnded}
	}
	if of := field(fmt.Sprintf("/proc/%d/status", pid), "Tgid"); of != "" && of != strconv.Itoa(pid) {
		return st, &Refusal{PID: pid, Name: st.name, Why: "this is a thread of process " + of + ": evviz snapshot " + of}
	}
	switch {
	case st.flags&pfKthread != 0:
		return st, &Refusal{PID: pid, Name: st.name, Why: "this is a thread of the kernel: it has no descriptors"}
	case st.state == 'Z' || st.state == 'X':
		return st, &Refusal{PID: pid, Name: st.name, Why: fmt.Sprintf("this process has ended (a zombie): its parent, process %d, has not waited for it", st.parent), Err: ErrEnded}
	}
	return st, nil
}

// field is a line of /proc/PID/status and its like, "" when there is none.
func field(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// refused says why /proc does not let this process look into another.
func refused(pid int, name string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return &Refusal{PID: pid, Name: name, Why: "the process ended while it was looked at", Err: ErrEnded}
	}
	if !errors.Is(err, os.ErrPermission) {
		return &Refusal{PID: pid, Name: name, Why: "its descriptors cannot be read: " + err.Error(), Err: err}
	}
	why := "it is another user's process"
	if uid, _, _ := strings.Cut(field(fmt.Sprintf("/proc/%d/status", pid), "Uid"), "\t"); uid == strconv.Itoa(unix.Getuid()) {
		why = "the kernel does not let this user look into it (it has changed its user, has more capabilities, or may not be dumped)"
	}
	if unix.Geteuid() == 0 { // sudo is of no use
		return &Refusal{PID: pid, Name: name, Why: fmt.Sprintf("the kernel does not let this process look into it, and /proc/%d/fd may not be read: that wants CAP_SYS_PTRACE", pid), Err: err}
	}
	return &Refusal{PID: pid, Name: name, Why: fmt.Sprintf("%s, and /proc/%d/fd may not be read: sudo evviz snapshot %d; or once: sudo setcap cap_bpf,cap_perfmon+ep $(command -v evviz)", why, pid, pid), Err: err}
}

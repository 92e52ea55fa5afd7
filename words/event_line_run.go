package words

import (
	"cmp"
	"fmt"
	"strings"

	"evviz/trace"
)

// runLine says what happens to a run, its processes and threads, and the calls that no other line is about. ok is false for
// every other kind.
func runLine(s Around, e *trace.Event, result func(int64) string, took string) (what, note string, ok bool) {
	name := harmless(s.Name(e.Stream, e.Aux))
	switch e.Kind {
	case trace.Start:
		return "the run begins", name, true
	case trace.Stop:
		why := map[string]string{"asked": "by request", "time": "its time was over", "signal": "a signal ended it", "error": "an error ended it"}
		return "the run ends", why[trace.StopOf(e).Why().String()], true
	case trace.Thread:
		role := trace.RoleNames.Word(e.Mask & 0xff)
		if name == role {
			role = ""
		}
		return fmt.Sprintf("thread %d", e.B), strings.TrimSpace(role + " " + name), true
	case trace.Exec:
		return fmt.Sprintf("execve(%s) = %s", name, result(0)), "", true
	case trace.Exit:
		if e.B == 0 {
			return fmt.Sprintf("process %d ended", e.A), "", true
		}
		return fmt.Sprintf("thread %d ended", e.B), "", true
	case trace.Fork:
		if e.Errno != 0 {
			return "clone = " + result(0), "", true
		}
		if e.Mask&cloneThread != 0 {
			return fmt.Sprintf("thread %d was made", e.A), "", true
		}
		return fmt.Sprintf("process %d was made", e.A), "", true
	case trace.Dup:
		return fmt.Sprintf("dup of %d = %s", e.FD, result(e.A)), "", true // by dup, dup2, dup3 or fcntl
	case trace.Instance:
		return fmt.Sprintf("new epoll instance = %s", result(int64(e.FD))), "", true
	case trace.Sys:
		if name == "" {
			name = "a system call"
		}
		if mapping[name] && e.Errno == 0 {
			return fmt.Sprintf("%s = %#x", name, uint64(e.B)), took, true
		}
		return fmt.Sprintf("%s = %s", name, result(e.B)), took, true
	case trace.Signal:
		sig := signalName(e.Aux)
		if e.A > 0 {
			note = fmt.Sprintf("from process %d", e.A)
		}
		return "signal " + sig, note, true
	case trace.InCall:
		v := trace.InCallOf(e)
		doing := v.Doing().String()
		if name == "" {
			return "looked at: " + cmp.Or(doing, "unknown"), "", true
		}
		if e.FD >= 0 {
			name += fmt.Sprintf(" on fd %d", e.FD)
		}
		if v.Same() == trace.AnswerYes {
			doing += ", as at the look before"
		}
		return "looked at: in " + name, doing, true
	case trace.RunDelay:
		return "runnable for " + Duration(e.A), "no CPU was free", true
	}
	return "", "", false
}

// mapping are calls whose result is an address.
var mapping = map[string]bool{"mmap": true, "mmap2": true, "mremap": true, "brk": true, "shmat": true}

// cloneThread is CLONE_THREAD of include/uapi/linux/sched.h: a thread of the same process was made.
const cloneThread = 0x10000

// signals are Linux's numbers of signals on every architecture but alpha, mips, parisc and sparc (man 7 signal). Recordings have
// Linux's numbers, wherever they are read.
var signals = [...]string{1: "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
	"CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"}

// signalName is SIGURG for 23, and the number for what has no name.
func signalName(n uint32) string {
	if n > 0 && n < uint32(len(signals)) {
		return "SIG" + signals[n]
	}
	return fmt.Sprint(n)
}

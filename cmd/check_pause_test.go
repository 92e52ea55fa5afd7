package cmd

import (
	"fmt"
	"strings"
	"testing"

	"evviz/diagnostics"
)

// pauses is what strace prints of a loop that makes no call for 120 ms in each of four iterations; ask is the call by which it asks for its CPU time,
// which is used for so many of them, during is what stands in the middle of a pause.
func pauses(ask string, used int, during ...string) (lines []string) {
	at, cpu := 1795410600_000000, 5000
	add := func(us int, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%d.%06d ", at/1e6, at%1e6)+fmt.Sprintf(format, args...))
		at += us
	}
	question := func() {
		if ask != "" {
			add(20, ask+" = 0 <0.000010>", cpu/1e6, cpu%1e6)
		}
	}
	for _, fd := range []int{7, 8} {
		add(20, "epoll_ctl(4, EPOLL_CTL_ADD, %d, {events=EPOLLIN, data={u32=%[1]d, u64=%[1]d}}) = 0 <0.000010>", fd)
	}
	for i := range 4 {
		add(1020, "epoll_wait(4, [{events=EPOLLIN, data={u32=%d, u64=%[1]d}}], 16, -1) = 1 <0.001000>", 7+i%2)
		add(20, `read(%d, "x", 100) = 1 <0.000010>`, 7+i%2)
		question()
		at += 1000
		for _, line := range during {
			if line == "..." {
				at += 118_000
				continue
			}
			add(20, "%s", line)
		}
		if len(during) == 0 {
			at += 118_000
		}
		at += 1000
		cpu += used * 1000
		question()
	}
	add(1000, "epoll_wait(4, [], 16, 1) = 0 <0.001000>")
	return lines
}

// TestCheckPauses: whether a loop computed while it made no call is certain where it asks for its CPU time, and a stop by a signal is none of its
// doing.
func TestCheckPauses(t *testing.T) {
	for name, ask := range map[string]string{
		"getrusage of the thread":  "getrusage(RUSAGE_THREAD, {ru_utime={tv_sec=%d, tv_usec=%d}, ru_stime={tv_sec=0, tv_usec=0}, ...})",
		"getrusage of the process": "getrusage(RUSAGE_SELF, {ru_utime={tv_sec=%d, tv_usec=%d}, ru_stime={tv_sec=0, tv_usec=0}, ...})",
		"the thread's clock":       "clock_gettime(CLOCK_THREAD_CPUTIME_ID, {tv_sec=%d, tv_nsec=%d000})",
		"the process's clock":      "clock_gettime(CLOCK_PROCESS_CPUTIME_ID, {tv_sec=%d, tv_nsec=%d000})",
	} {
		if f := one(t, said(t, pauses(ask, 110)...), "EV25"); f == nil || f.Severity != diagnostics.Critical || f.Verdict != diagnostics.Certain || !strings.Contains(f.Sentence, "computing, as its CPU time shows") {
			t.Errorf("%s, 110 of 120 ms: %+v", name, f)
		}
		if f := one(t, said(t, pauses(ask, 2)...), "EV25"); f == nil || f.Severity != diagnostics.Info || f.Verdict != diagnostics.Certain || !strings.Contains(f.Sentence, "not computing") {
			t.Errorf("%s, 2 of 120 ms: %+v", name, f)
		}
		if f := one(t, said(t, pauses(ask, 60)...), "EV25"); f == nil || f.Verdict != diagnostics.Likely || strings.Contains(f.Sentence, "shows") {
			t.Errorf("%s, 60 of 120 ms: %+v", name, f)
		}
	}
	for name, stop := range map[string][]string{
		"SIGSTOP": {"--- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=9, si_uid=0} ---", "--- stopped by SIGSTOP ---", "...", "--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=9, si_uid=0} ---"},
		"SIGTSTP": {"--- SIGTSTP {si_signo=SIGTSTP, si_code=SI_KERNEL} ---", "--- stopped by SIGTSTP ---", "...", "--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=9, si_uid=0} ---"},
		"SIGTTIN": {"--- stopped by SIGTTIN ---", "..."},
		"SIGTTOU": {"--- SIGTTOU {si_signo=SIGTTOU, si_code=SI_KERNEL} ---", "...", "--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=9, si_uid=0} ---"},
	} {
		if f := one(t, said(t, pauses("", 0, stop...)...), "EV25"); f == nil || f.Severity != diagnostics.Info || f.Count != 4 || !strings.Contains(f.Sentence, "stopped by "+name) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	handled := []string{"--- SIGTSTP {si_signo=SIGTSTP, si_code=SI_USER, si_pid=9, si_uid=0} ---", "...", "rt_sigreturn({mask=[]}) = 0 <0.000010>"}
	for _, during := range [][]string{nil, handled} {
		if f := one(t, said(t, pauses("", 0, during...)...), "EV25"); f == nil || f.Severity != diagnostics.Warn || !strings.Contains(f.Sentence, "computing, or waiting for a CPU") {
			t.Errorf("%v: %+v", during, f)
		}
	}
}

// TestCheckLocks: how long a lock was waited for is a finding where the log says how long calls took, and otherwise the machine may have had no CPU.
func TestCheckLocks(t *testing.T) {
	log := func(took func(us int) string) (lines []string) {
		at := 1795410600_000000
		add := func(us int, s string) {
			lines = append(lines, fmt.Sprintf("%d.%06d %s%s", at/1e6, at%1e6, s, took(us)))
			at += us + 10
		}
		for _, fd := range []int{7, 8} {
			add(10, fmt.Sprintf("epoll_ctl(4, EPOLL_CTL_ADD, %d, {events=EPOLLIN, data={u32=%[1]d, u64=%[1]d}}) = 0", fd))
		}
		for i := range 5 {
			add(1000, fmt.Sprintf("epoll_wait(4, [{events=EPOLLIN, data={u32=%d, u64=%[1]d}}], 16, -1) = 1", 7+i%2))
			add(10, fmt.Sprintf(`read(%d, "x", 100) = 1`, 7+i%2))
			add(150_000, "futex(0x7f10, FUTEX_WAIT_PRIVATE, 2, NULL) = 0")
		}
		add(1000, "epoll_wait(4, [], 16, 1) = 0")
		return lines
	}
	if f := one(t, said(t, log(func(us int) string { return fmt.Sprintf(" <%d.%06d>", us/1e6, us%1e6) })...), "EV25"); f == nil || f.Severity != diagnostics.Critical || !strings.Contains(f.Sentence, "futex") {
		t.Errorf("with -T: %+v", f)
	}
	if f := one(t, said(t, log(func(int) string { return "" })...), "EV25"); f == nil || f.Severity != diagnostics.Info {
		t.Errorf("without -T: %+v", f)
	}
}

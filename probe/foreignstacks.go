package probe

import (
	"fmt"
	"regexp"
	"strings"
)

// Stacks of threads, as gdb ("thread apply all bt"), pstack and eu-stack print them: where each thread stands.

var (
	threadHead = regexp.MustCompile(`^Thread (\d+) \((.*)\):?$|^TID (\d+):$`)
	frameLine  = regexp.MustCompile(`^#(\d+) +(?:0x[0-9a-f]+ +(?:in +|- +)?([^\s(]+)|([^\s(]+) +\()`)
	frameZero  = regexp.MustCompile(`^#0 `)
	lwpNumber  = regexp.MustCompile(`LWP (\d+)`)
	threadName = regexp.MustCompile(`"([^"]*)"`)
)

func stackOrThread(s string) bool { return frameLine.MatchString(s) || threadHead.MatchString(s) }

// stands says what a thread does that has one of these functions innermost.
var stands = func() map[string]string {
	m := map[string]string{}
	for says, names := range map[string]string{
		"waits for events":                "epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect kevent io_uring_enter io_uring_wait_cqe port_getn pollsys",
		"waits for a lock":                "pthread_mutex_lock lll_lock_wait lll_lock_wait_private pthread_rwlock_rdlock pthread_rwlock_wrlock sem_wait sem_timedwait new_sem_wait flock",
		"waits for a condition":           "pthread_cond_wait pthread_cond_timedwait pthread_cond_clockwait",
		"waits for another thread":        "pthread_join pthread_timedjoin_np pthread_clockjoin_ex pthread_timedjoin_ex",
		"waits for a child":               "wait4 waitpid waitid",
		"sleeps":                          "nanosleep clock_nanosleep usleep sleep",
		"waits for a signal":              "sigwait sigwaitinfo sigtimedwait sigsuspend pause",
		"is blocked":                      "read readv pread64 recv recvfrom recvmsg write writev pwrite64 send sendto sendmsg connect accept accept4 fsync fdatasync open openat close sendfile splice",
		"waits for a lock or a condition": "futex futex_wait futex_abstimed_wait_common futex_abstimed_wait_common64 futex_abstimed_wait_cancelable64 futex_wait_cancelable lll_lock_wait_abstimed",
	} {
		for _, n := range strings.Fields(names) {
			m[n] = says
		}
	}
	return m
}()

// plainName is a function's name without what the C library puts around it.
func plainName(s string) string {
	s, _, _ = strings.Cut(s, "@")
	for _, p := range []string{"__GI_", "__libc_", "___", "__", "_"} {
		s = strings.TrimPrefix(s, p)
	}
	for _, p := range []string{"_nocancel", "_time64"} {
		s = strings.TrimSuffix(s, p)
	}
	return s
}

// standing is where a thread stands, by its innermost frames.
func standing(frames []string) string {
	says, at := "", ""
	for i, f := range frames {
		name := plainName(f)
		what, ok := stands[name]
		switch {
		case i > 6:
		case ok && says == "":
			says, at = what, name
			continue
		case ok && strings.HasPrefix(says, "waits for a lock or") && strings.HasPrefix(what, "waits for"):
			says, at = what, name // the futex is how; this is why
			continue
		}
		if says != "" && (name == "getaddrinfo" || name == "gethostbyname" || name == "gethostbyname_r") {
			return fmt.Sprintf("resolves a name (%s, in %s)", name, at)
		}
	}
	switch {
	case says != "":
		return says + " in " + at
	case len(frames) > 0:
		return "runs in " + frames[0]
	}
	return "shows no frame"
}

// showStacks says where each thread stands; where there are many, those that stand at one place are counted.
func showStacks(_, of []string) string {
	type thread struct {
		name   string
		frames []string
	}
	var threads []thread
	for _, s := range of {
		if m := threadHead.FindStringSubmatch(s); m != nil {
			name := "thread " + m[1] + m[3]
			var more []string
			if x := lwpNumber.FindStringSubmatch(m[2]); x != nil {
				more = append(more, "LWP "+x[1])
			}
			if x := threadName.FindStringSubmatch(s); x != nil {
				more = append(more, x[1])
			}
			if len(more) > 0 {
				name += " (" + strings.Join(more, ", ") + ")"
			}
			threads = append(threads, thread{name: name})
			continue
		}
		m := frameLine.FindStringSubmatch(s)
		if n := len(threads); n == 0 || m[1] == "0" && len(threads[n-1].frames) > 0 {
			threads = append(threads, thread{name: "a thread"})
		}
		t := &threads[len(threads)-1]
		t.frames = append(t.frames, m[2]+m[3])
	}
	var out []string
	n := map[string]int64{}
	var order []string
	for i, t := range threads {
		where := standing(t.frames)
		if i < 6 {
			out = append(out, t.name+" "+where)
			continue
		}
		if n[where]++; n[where] == 1 {
			order = append(order, where)
		}
	}
	for i, where := range order {
		if i == 6 {
			out = append(out, fmt.Sprintf("others elsewhere, in %d places", len(order)-i))
			break
		}
		out = append(out, fmt.Sprintf("%d more: each %s", n[where], where))
	}
	return strings.Join(out, "; ")
}

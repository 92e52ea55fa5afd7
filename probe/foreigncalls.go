package probe

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Other tracers of calls. Each form is told by what strace never prints in that place: the beginning or the end of a line, never its
// middle, where a program's own strings may stand.

var (
	// "kevent(0x4, 0x0, 0x0)		 = 1 0" and "read(0x3, ...)  = -1 Err#35": result and errno; with -f "4711/0x1a2b:  " in front.
	dtrussLine = regexp.MustCompile(`^(?:\s*\d+/0x[0-9a-f]+:\s+)?(?:\s*\d+ )?[a-z_][a-z0-9_]*\(.*\)\s+= -?(?:0x)?[0-9A-Fa-f]+ (?:\d+|Err#\d+)$|^(?:PID/THRD +)?(?:RELATIVE +)?(?:ELAPSD +)?SYSCALL\(args\)\s+= return$`)
	// FreeBSD: "... = 1 (0x1)" and "ERR#35 'Resource temporarily unavailable'"; illumos: "/2:  read(...)", "Err#11 EAGAIN" and its own calls.
	trussLine = regexp.MustCompile(`^(?:\s*\d+: ?\s*)?(?:\d+\.\d+ )?[a-z_][a-z0-9_]*\(.*\)\s*(?:= -?\d+ \(0x[0-9a-f]+\)|ERR#\d+ '.*')$|^(?:\d+)?/\d+:\s+[a-z_][a-z0-9_]*\(.*|^(?:\d+:\s+)?[a-z_][a-z0-9_]*\(.*\)\s+Err#\d+ E[A-Z0-9]+.*$|^(?:\d+:\s+)?(?:pollsys|port_getn?|port_associate|portfs|lwp_park|lwp_cond_wait|lwp_sigmask)\(.*`)
	// " 4711 nginx    CALL  kevent(0x3,0,0,0x7fff,0x40,0)"
	kdumpLine = regexp.MustCompile(`^\s*\d+\s+(?:\d+\s+)?\S+\s+(?:\d+\.\d+\s+)?(?:CALL|RET|GIO|NAMI|CSW|PSIG|STRU|SCTL|USER)\s+\S`)
	// "     0.000 ( 0.003 ms): nginx/1234 epoll_wait(epfd: 8, ...) = 1"
	perfLine = regexp.MustCompile(`^\s*(?:\d+\.\d+|\?) \(\s*(?:\d+\.\d+ ms)?\s*\): .*[a-z0-9_]+\(`)
	// Functions of the C library that are no system calls, of a library by its name, and ltrace's own words.
	ltraceCall = regexp.MustCompile(`^(?:\[pid \d+\] |\d+ +)?(?:\d+[\d:.]* +)?(?:(?:SYS_\w+|\w[\w.+-]*->\w+|_Z\w+|` + libraryCalls + `)\(.*(?:= .*|<unfinished \.\.\.>|<no return \.\.\.>)|<\.\.\. (?:SYS_\w+|` + libraryCalls + `) resumed> .*|\+\+\+ exited \(status \d+\) \+\+\+)$`)
	// "@[epoll_wait]: 12", "@: 5", and the bars of its histograms.
	mapLine = regexp.MustCompile(`^@\w*(?:\[.*\])?: ?(\d+)?$`)
	barLine = regexp.MustCompile(`^[\[(]-?[0-9KMGT.]+(?:, [0-9KMGT.]+[)\]]|\])? +\d+ \|[@ ]+\|$`)
)

const libraryCalls = `malloc|calloc|realloc|free|strlen|strn?cmp|strn?cpy|strr?chr|strstr|strdup|strto[a-z]+|mem(?:cpy|set|move|cmp|chr)|f?printf|v?snprintf|sprintf|f?puts|fwrite|fread|fopen|fclose|fflush|fgets|atoi|getenv|setlocale|setvbuf|isatty|strerror|perror|qsort|__libc_start_main|__errno_location|__\w+_chk|__cxa_\w+|pthread_\w+|std::\w+`

func ltraceLine(s string) bool { return ltraceCall.MatchString(s) }

func bpftraceLine(s string) bool {
	return mapLine.MatchString(s) || barLine.MatchString(s) || strings.HasPrefix(s, "Attaching ") && strings.HasSuffix(s, "...") || strings.HasPrefix(s, "Attached ") && strings.HasSuffix(s, " probes")
}

var (
	callName1 = regexp.MustCompile(`(?:CALL  |^|[\s:>])(?:SYS_)?([A-Za-z_][A-Za-z0-9_]*)\(`)
	result1   = regexp.MustCompile(`\)\s+= (-?\d+)`)
)

// showCalls says which calls there are, and whether anything but waiting is among them.
func showCalls(_, of []string) string {
	n := map[string]int64{}
	var all, waits, moved, results, positive int64
	for _, s := range of {
		if strings.Contains(s, " resumed>") || strings.Contains(s, "SYSCALL(args)") {
			continue
		}
		m := callName1.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		n[m[1]]++
		all++
		if waitCalls[m[1]] {
			waits++
			if r := result1.FindStringSubmatch(s); r != nil {
				results++
				if v, err := strconv.Atoi(r[1]); err == nil && v > 0 {
					positive++
				}
			}
		}
		if moveCalls[m[1]] {
			moved++
		}
	}
	if all == 0 {
		return ""
	}
	names := make([]string, 0, len(n))
	for name := range n {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		if n[names[i]] != n[names[j]] {
			return n[names[i]] > n[names[j]]
		}
		return names[i] < names[j]
	})
	if waits == all {
		s := fmt.Sprintf("only waits (%s %s)", grouped(waits), names[0])
		if results == waits && positive == waits && waits > 1 {
			s += ", each of which reported something, and nothing was read or written in between"
		}
		return s
	}
	var out []string
	for i, name := range names {
		if i == 4 {
			out = append(out, fmt.Sprintf("%d other names", len(names)-i))
			break
		}
		out = append(out, fmt.Sprintf("%s %s", grouped(n[name]), name))
	}
	s := plural(all, "call") + ": " + enumerated(out)
	if waits > 0 && moved == 0 {
		s += "; nothing was read or written in these lines"
	}
	return s
}

// showMaps says what the largest count of a map is.
func showMaps(_, of []string) string {
	most, name := int64(0), ""
	for _, s := range of {
		if m := mapLine.FindStringSubmatch(s); m != nil && m[1] != "" {
			if n, err := strconv.ParseInt(m[1], 10, 64); err == nil && n > most {
				most, name = n, s[:strings.LastIndexByte(s, ':')]
			}
		}
	}
	if name == "" {
		return ""
	}
	if len(name) > 80 {
		name = name[:80] + "..."
	}
	return fmt.Sprintf("its largest count is %s of %s", grouped(most), name)
}

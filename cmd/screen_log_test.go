package cmd

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the screen says of a log of strace is held against the log itself, read here once more and by other code: by lines, and without a table
// of calls. See screen_truth_test.go.

// logCall is a call as it stands in the text, its two halves put together.
type logCall struct {
	tid        int
	name       string
	args       string // the text between the parentheses, as far as it stands there
	result     string // behind "= ", without strace's comment; "" it has not come back
	start, end int64  // ns since the first line
	resumed    int64  // the time of the line that says its end, where that is another one
	dur        int64  // -T; -1 none
	line       int
	headless   bool // the log has its end alone
}

func (c *logCall) ended() bool { return c.result != "" }

// ret is the number that the call returned, errno the name of its error.
func (c *logCall) ret() int64 {
	n, err := strconv.ParseInt(strings.Fields(c.result + " ?")[0], 0, 64)
	if err != nil { // 7</tmp/x>
		num := leading.FindString(c.result)
		n, _ = strconv.ParseInt(num, 10, 64)
	}
	return n
}

func (c *logCall) errno() string {
	if f := strings.Fields(c.result); len(f) > 1 && f[0] == "-1" {
		return f[1]
	}
	return ""
}

var leading = regexp.MustCompile(`^-?\d+`)

// fd is the call's first argument, -1 where that is no descriptor.
func (c *logCall) fd() int {
	if m := leading.FindString(c.args); m != "" {
		n, _ := strconv.Atoi(m)
		return n
	}
	return -1
}

// arg is an argument by its place; commas inside brackets and strings do not count.
func (c *logCall) arg(n int) string {
	depth, quoted, from, at := 0, false, 0, 0
	for i := 0; i < len(c.args); i++ {
		switch ch := c.args[i]; {
		case quoted && ch == '\\':
			i++
		case ch == '"':
			quoted = !quoted
		case quoted:
		case ch == '{' || ch == '[' || ch == '<':
			depth++
		case ch == '}' || ch == ']' || ch == '>' && i > 0 && c.args[i-1] != '-':
			depth--
		case ch == ',' && depth == 0:
			if at == n {
				return strings.TrimSpace(c.args[from:i])
			}
			from, at = i+1, at+1
		}
	}
	if at == n {
		return strings.TrimSpace(c.args[from:])
	}
	return ""
}

// lasts are the moments at which it may have ended: strace prints the end of a call that it cut in two when it comes to it.
func (c *logCall) ends(at, tolerance int64) bool {
	return c.ended() && (near(c.end, at, tolerance) || c.resumed != 0 && near(c.resumed, at, tolerance))
}

func near(a, b, tolerance int64) bool { return a-b <= tolerance && b-a <= tolerance }

// took are how long it may have taken.
func (c *logCall) took() []int64 {
	d := []int64{c.end - c.start}
	if c.dur >= 0 {
		d = append(d, c.dur)
	}
	if c.resumed != 0 {
		d = append(d, c.resumed-c.start)
	}
	return d
}

// waits says whether it is a wait for readiness, sleeps whether it sleeps.
func (c *logCall) waits() bool {
	return slices.Contains([]string{"epoll_wait", "epoll_pwait", "poll", "ppoll", "select", "pselect6"}, c.name)
}
func (c *logCall) sleeps() bool { return c.name == "clock_nanosleep" || c.name == "nanosleep" }

// asked is a wait's timeout in ns, -1 for none.
func (c *logCall) asked() int64 {
	n, err := strconv.ParseInt(c.arg(3), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n * 1e6
}

// logEvent is an event that a wait returned.
type logEvent struct {
	mask string // IN|RDHUP
	data uint64
}

var logEvents = regexp.MustCompile(`\{events=([A-Z|]+), data=\{u32=\d+, u64=(\d+)\}\}`)

func (c *logCall) events() (out []logEvent) {
	for _, m := range logEvents.FindAllStringSubmatch(c.arg(1), -1) {
		data, _ := strconv.ParseUint(m[2], 10, 64)
		out = append(out, logEvent{strings.ReplaceAll(m[1], "EPOLL", ""), data})
	}
	return out
}

// registered is what an epoll_ctl asks for.
func (c *logCall) registered() (op string, fd int, e logEvent) {
	op = strings.TrimPrefix(c.arg(1), "EPOLL_CTL_")
	fd, _ = strconv.Atoi(leading.FindString(c.arg(2)))
	if m := logEvents.FindStringSubmatch(c.arg(3)); m != nil {
		data, _ := strconv.ParseUint(m[2], 10, 64)
		e = logEvent{strings.ReplaceAll(m[1], "EPOLL", ""), data}
	}
	return op, fd, e
}

// logText is a log of strace -f -ttt -T -yy.
type logText struct {
	calls   []*logCall // by their ends, and at the end those that have none
	last    int64      // ns since the first line: the newest moment of it
	tids    []int
	forks   map[int]int // tid -> whose clone made it
	untimed bool
	gone    map[int]int64 // tid -> when strace says that it has exited
}

var (
	logUntimed = regexp.MustCompile(`^()()()([a-z]\w*\(.*)$`)
	logLine    = regexp.MustCompile(`^(\d+) +(\d+)\.(\d{6}) (.*)$`)
	logBegins  = regexp.MustCompile(`^(\w+)\((.*)$`)
	logResumes = regexp.MustCompile(`^<\.\.\. (\w+) resumed>(.*)$`)
	logResult  = regexp.MustCompile(`^(.*)\) += (.*?)(?: <([\d.]+)>)?$`)
	logComment = regexp.MustCompile(` \([^()]*\)$`)
)

// readLog reads the text of a log.
func readLog(t *testing.T, path string) *logText {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x := &logText{forks: map[int]int{}, gone: map[int]int64{}}
	open := map[int]*logCall{}
	zero := int64(0)
	for n, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		m := logLine.FindStringSubmatch(line)
		if m == nil {
			m, x.untimed = logUntimed.FindStringSubmatch(line), true
		}
		if m == nil {
			t.Fatalf("%s:%d: not a line of strace -f -ttt: %q", path, n+1, line)
		}
		tid, _ := strconv.Atoi(m[1])
		sec, _ := strconv.ParseInt(m[2], 10, 64)
		micro, _ := strconv.ParseInt(m[3], 10, 64)
		at := sec*1e9 + micro*1e3
		if n == 0 {
			zero = at
		}
		at -= zero
		x.last = max(x.last, at)
		if !slices.Contains(x.tids, tid) {
			x.tids = append(x.tids, tid)
		}
		rest := m[4]
		var c *logCall
		if r := logResumes.FindStringSubmatch(rest); r != nil {
			if c = open[tid]; c == nil || c.name != r[1] { // the log begins in the middle
				c = &logCall{tid: tid, name: r[1], start: at, dur: -1, line: n + 1, headless: true}
				x.calls = append(x.calls, c)
			}
			delete(open, tid)
			c.resumed, rest = at, c.name+"("+c.args+r[2]
		} else if strings.HasPrefix(rest, "---") || strings.HasPrefix(rest, "+++") {
			if strings.HasPrefix(rest, "+++") {
				x.gone[tid] = at
			}
			continue
		} else {
			c = &logCall{tid: tid, start: at, dur: -1, line: n + 1}
		}
		b := logBegins.FindStringSubmatch(rest)
		if b == nil {
			t.Fatalf("%s:%d: no call: %q", path, n+1, rest)
		}
		c.name, c.args = b[1], b[2]
		if cut, _, unfinished := strings.Cut(c.args, " <unfinished ...>"); unfinished {
			c.args, open[tid] = cut, c
			x.calls = append(x.calls, c)
			continue
		}
		if cut, _, detached := strings.Cut(c.args, " <detached ...>"); detached {
			c.args = cut
			x.calls = append(x.calls, c)
			continue
		}
		r := logResult.FindStringSubmatch(c.args)
		if r == nil {
			t.Fatalf("%s:%d: no result: %q", path, n+1, c.args)
		}
		c.args, c.result, c.end = r[1], logComment.ReplaceAllString(r[2], ""), at
		if r[3] != "" {
			d, _ := strconv.ParseFloat(r[3], 64)
			c.dur = int64(d*1e6+0.5) * 1e3
			c.end = c.start + c.dur
		}
		x.last = max(x.last, c.end)
		if c.resumed == 0 {
			x.calls = append(x.calls, c)
		}
		if (strings.HasPrefix(c.name, "clone") || strings.HasSuffix(c.name, "fork")) && c.ret() > 0 {
			x.forks[int(c.ret())] = tid
		}
	}
	return x
}

// made says whether the call is one that gives a descriptor, and which.
func (c *logCall) made() (fds []int) {
	if !c.ended() || c.errno() != "" {
		return nil
	}
	switch c.name {
	case "accept", "accept4", "socket", "open", "openat", "epoll_create", "epoll_create1", "eventfd2", "timerfd_create", "signalfd4", "dup", "dup2", "dup3", "io_uring_setup", "inotify_init1":
		return []int{int(c.ret())}
	case "pipe", "pipe2", "socketpair":
		for _, m := range regexp.MustCompile(`[\[ ](\d+)<`).FindAllStringSubmatch(c.args, -1) {
			n, _ := strconv.Atoi(m[1])
			fds = append(fds, n)
		}
	case "fcntl":
		if strings.HasPrefix(c.arg(1), "F_DUPFD") {
			return []int{int(c.ret())}
		}
	}
	return fds
}

// kin says whether a thread is one of a process's, or of its parents, as far as the log shows who made whom.
func (x *logText) kin(tid, pid int) bool {
	for _, pair := range [2][2]int{{tid, pid}, {pid, tid}} {
		for t := pair[0]; ; t = x.forks[t] {
			if t == pair[1] {
				return true
			}
			if x.forks[t] == 0 {
				break
			}
		}
	}
	return false
}

// shares says whether two threads may have one table of descriptors: one has made the other, or nothing is known of how they came to be.
func (x *logText) shares(a, b int) bool {
	if a == b {
		return true
	}
	root := func(t int) int {
		for x.forks[t] != 0 {
			t = x.forks[t]
		}
		return t
	}
	return root(a) == root(b) || x.forks[a] == 0 && x.forks[b] == 0
}

package cmd

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"evviz/words"
)

// Rules of TestScreenOfLogs about single calls, which views 2 and 6 list, and about registrations, which view 3 lists.

var (
	eventLine  = regexp.MustCompile(`^ *(\d+\.\d{6})  (.*?)$`)
	threadOf   = regexp.MustCompile(`^(t\d+) +(.*)$`)
	aCall      = regexp.MustCompile(`^(\w+)\((.*)\) = (\S+)$`)
	aDup       = regexp.MustCompile(`^dup of (\d+) = (\d+)$`)
	failedOpen = regexp.MustCompile(`^(open|socket|eventfd|timerfd|signalfd|socketpair|pipe) = (E\w+)$`)
	aMade      = regexp.MustCompile(`^(open|socket|socketpair|pipe|eventfd|timerfd|signalfd|io_uring_setup|new epoll instance) = (\d+)$`)
	anyCall    = regexp.MustCompile(`^(\w+) = (\S+)$`)
	aBegin     = regexp.MustCompile(`^(\w+)(?:\((\d+).*)? \.\.\.$`)
	aReady     = regexp.MustCompile(`^fd (\d+)\?? ([A-Z|]+)$`)
	noFD       = regexp.MustCompile(`^data (0x[0-9a-f]+) ([A-Z|]+)$`)
	isOpenAs   = regexp.MustCompile(`^fd (\d+) is (?:open|an? )`)
	threadLine = regexp.MustCompile(`^(?:thread|process) (\d+)( was made| ended)?$`)
	aSignal    = regexp.MustCompile(`^signal (\S+)$`)
	usedCPU    = regexp.MustCompile(`^(used|the process has used) .* of CPU time$`)
	howLong    = regexp.MustCompile(`^(waited|took|slept) ([\d.]+ \S+(?: \d+ s)?)$`)
)

// events holds every line of view 6.
func (x *truth) events() {
	n := 0
	for _, l := range x.lines()[4:] {
		m := eventLine.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		n++
		at, _ := strconv.ParseFloat(m[1], 64)
		rest, tid := m[2], 0
		if w := threadOf.FindStringSubmatch(rest); w != nil {
			tid, _ = strconv.Atoi(w[1][1:])
			rest = w[2]
		}
		what, note := twoParts(rest)
		x.event(l, int64(at*1e9+0.5), tid, what, note)
	}
	if n == 0 {
		x.errorf(x.text, "view 6 has no line")
	}
}

// twoParts are what happened and the note behind it.
func twoParts(s string) (what, note string) {
	s = strings.TrimSpace(s)
	if i := strings.Index(s, "  "); i >= 0 {
		return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i:])
	}
	return s, ""
}

// event holds one line: what, at a moment, in a thread, or in whichever with 0.
func (x *truth) event(line string, at int64, tid int, what, note string) {
	mine := func(c *logCall) bool { return tid == 0 || c.tid == tid }
	exists := func(ok func(c *logCall) bool) bool {
		return slices.ContainsFunc(x.log.calls, func(c *logCall) bool { return mine(c) && ok(c) })
	}
	switch {
	case aCall.MatchString(what):
		m := aCall.FindStringSubmatch(what)
		var last *logCall
		if exists(func(c *logCall) bool {
			closing := c.name == "close" && c.resumed != 0 && near(c.start, at, aLine) // its number is free from then on
			if !c.ends(at, aLine) && !closing || c.name != m[1] && (c.name != "clock_nanosleep" || m[1] != "nanosleep") {
				return false
			}
			last = c
			return x.sameCall(c, m[2], m[3])
		}) {
			if d := howLong.FindStringSubmatch(note); d != nil && !isFor(d[2], last.took()...) {
				x.errorf(line, "%s took %v ns (line %d)", last.name, last.took(), last.line)
			}
			return
		}
		if last != nil {
			x.errorf(line, "line %d says %s(%.80s) = %s", last.line, last.name, last.args, last.result)
			return
		}
		x.errorf(line, "no line has that call then")
	case aMade.MatchString(what):
		m := aMade.FindStringSubmatch(what)
		fd, _ := strconv.Atoi(m[2])
		made := map[string]string{"open": "open", "socket": "socket", "socketpair": "socketpair", "pipe": "pipe", "eventfd": "eventfd", "timerfd": "timerfd",
			"signalfd": "signalfd", "io_uring_setup": "io_uring_setup", "new epoll instance": "epoll_create"}[m[1]]
		if !exists(func(c *logCall) bool {
			return c.ends(at, aLine) && strings.HasPrefix(c.name, made) && slices.Contains(c.made(), fd)
		}) {
			x.errorf(line, "no call made that descriptor then")
		}
	case aDup.MatchString(what):
		m := aDup.FindStringSubmatch(what)
		if !exists(func(c *logCall) bool {
			return c.ends(at, aLine) && (strings.HasPrefix(c.name, "dup") || c.name == "fcntl") && strconv.Itoa(c.fd()) == m[1] && sameResult(c, m[2])
		}) {
			x.errorf(line, "no call made that number then")
		}
	case failedOpen.MatchString(what):
		m := failedOpen.FindStringSubmatch(what)
		if !exists(func(c *logCall) bool {
			return c.ends(at, aLine) && strings.HasPrefix(c.name, m[1]) && c.errno() == m[2]
		}) {
			x.errorf(line, "no call failed so then")
		}
	case aReady.MatchString(what), noFD.MatchString(what):
		fd, mask, data := -1, "", uint64(0)
		if m := aReady.FindStringSubmatch(what); m != nil {
			fd, _ = strconv.Atoi(m[1])
			mask = m[2]
		} else {
			m := noFD.FindStringSubmatch(what)
			data, _ = strconv.ParseUint(m[1], 0, 64)
			mask = m[2]
		}
		if !exists(func(c *logCall) bool {
			return c.waits() && c.ends(at, aLine) && slices.ContainsFunc(c.events(), func(e logEvent) bool {
				return e.mask == mask && (fd < 0 && e.data == data || fd >= 0 && x.log.couldBe(c, e.data, fd))
			})
		}) {
			x.errorf(line, "no wait returned that event then")
		}
	case aBegin.MatchString(what):
		m := aBegin.FindStringSubmatch(what)
		if !exists(func(c *logCall) bool {
			return c.name == m[1] && near(c.start, at, aLine) && (m[2] == "" || strconv.Itoa(c.fd()) == m[2])
		}) {
			x.errorf(line, "no such call began then")
		}
	case isOpenAs.MatchString(what):
		fd, _ := strconv.Atoi(isOpenAs.FindStringSubmatch(what)[1])
		if !exists(func(c *logCall) bool {
			return c.start <= at+aLine && (c.fd() == fd || slices.Contains(c.made(), fd) || c.name == "epoll_ctl" && strings.HasPrefix(c.arg(2), strconv.Itoa(fd)))
		}) {
			x.errorf(line, "no line up to then has that descriptor")
		}
	case threadLine.MatchString(what):
		id, _ := strconv.Atoi(threadLine.FindStringSubmatch(what)[1])
		if !slices.Contains(x.log.tids, id) && x.log.forks[id] == 0 {
			x.errorf(line, "no line has that thread")
		}
	case anyCall.MatchString(what):
		m := anyCall.FindStringSubmatch(what)
		if !exists(func(c *logCall) bool { return c.name == m[1] && c.ends(at, aLine) && sameResult(c, m[2]) }) {
			x.errorf(line, "no line has that call then")
		}
	case aSignal.MatchString(what), usedCPU.MatchString(what):
	case strings.HasPrefix(what, "clone = "):
	default:
		x.errorf(line, "%q is a form that this test does not know", what)
	}
}

func sameResult(c *logCall, shown string) bool {
	if e := c.errno(); e != "" {
		return shown == e
	}
	return shown == strconv.FormatInt(c.ret(), 10) || strings.HasPrefix(shown, "0x")
}

// sameCall holds the arguments and the result that are shown against those of the call.
func (x *truth) sameCall(c *logCall, args, result string) bool {
	if !sameResult(c, result) {
		return false
	}
	a := strings.Split(args, ", ")
	fd := func(i int) bool { return i < len(a) && a[i] == strconv.Itoa(c.fd()) }
	switch {
	case strings.HasPrefix(c.name, "epoll_") && c.waits():
		asked := map[bool]string{true: "-1", false: words.Duration(max(c.asked(), 0))}[c.asked() < 0]
		if c.asked() == 0 {
			asked = "0"
		}
		return args == asked
	case c.waits(), c.sleeps():
		return true
	case c.name == "epoll_ctl":
		op, of, e := c.registered()
		if op == "DEL" {
			return args == "DEL, "+strconv.Itoa(of)
		}
		return len(a) == 3 && a[0] == op && a[1] == strconv.Itoa(of) && sameMask(a[2], e.mask)
	case c.name == "execve":
		return strings.Contains(c.args, args)
	case c.name == "read", c.name == "recvfrom", c.name == "write", c.name == "sendto", c.name == "pread64", c.name == "pwrite64":
		return fd(0) && len(a) == 2 && a[1] == c.arg(2)
	case c.name == "writev", c.name == "readv", c.name == "sendmsg", c.name == "recvmsg":
		sum := 0
		for _, m := range regexp.MustCompile(`iov_len=(\d+)`).FindAllStringSubmatch(c.args, -1) {
			n, _ := strconv.Atoi(m[1])
			sum += n
		}
		return fd(0) && len(a) == 2 && a[1] == strconv.Itoa(sum)
	case c.name == "ioctl":
		return fd(0) && len(a) > 1 && a[1] == c.arg(1)
	case c.name == "setsockopt":
		return fd(0) && len(a) > 1 && (a[1] == c.arg(2) || strings.HasPrefix(a[1], "level "))
	case c.name == "shutdown":
		return fd(0) && len(a) > 1 && a[1] == c.arg(1)
	case c.name == "listen":
		return fd(0) && len(a) > 1 && a[1] == c.arg(1)
	}
	return fd(0)
}

// sameMask reports whether two sets of event bits are the same, in whatever order.
func sameMask(a, b string) bool {
	p, q := strings.Split(a, "|"), strings.Split(strings.ReplaceAll(b, "EXCLUSIVE", "EXCL"), "|")
	for i := range p {
		p[i] = strings.ReplaceAll(p[i], "EXCLUSIVE", "EXCL")
	}
	slices.Sort(p)
	slices.Sort(q)
	return slices.Equal(p, q)
}

var (
	iterationAt = regexp.MustCompile(`^ iteration at ([\d.]+) s: (.*)$`)
	inThread    = regexp.MustCompile(`thread (\d+)`)
	division    = regexp.MustCompile(`waited ([\d.]+ \S+?),?(?: woke ([\d.]+ \S+) late,)? worked ([\d.]+ \S+?)(?:, slept ([\d.]+ \S+))?$`)
	aroundLine  = regexp.MustCompile(`^\S? *([\d.]+) s  waited ([\d.]+ \S+) +worked ([\d.]+ \S+) +(?:slept ([\d.]+ \S+) +)?(?:woke ([\d.]+ \S+) late +)?`)
	wokeFor     = regexp.MustCompile(`^ woke because (.*)$`)
	gotBytes    = regexp.MustCompile(`fd (\d+) had data \((\S+ bytes?|[\d.]+ KiB) read`)
	gotEOF      = regexp.MustCompile(`the peer of fd (\d+) sent EOF`)
	timeOver    = regexp.MustCompile(`its timeout of (.*?) was over`)
	itemOf      = regexp.MustCompile(`^ fd (\d+)\??(?: \S+)?  ([A-Z|]+) `)
)

// iteration holds view 2.
func (x *truth) iteration() {
	var turn *logCall
	var until int64
	for _, l := range x.lines()[4:] {
		if m := iterationAt.FindStringSubmatch(l); m != nil {
			tid := x.looked()
			if w := inThread.FindStringSubmatch(m[2]); w != nil {
				tid, _ = strconv.Atoi(w[1])
			}
			at, _ := strconv.ParseFloat(m[1], 64)
			d := division.FindStringSubmatch(strings.TrimSpace(l))
			if turn, until = x.rest(l, tid, int64(at*1e9+0.5)); turn != nil && d != nil {
				x.divided(l, turn, until, d[1], d[2], d[3], d[4])
			}
			continue
		}
		if turn == nil {
			continue
		}
		if m := aroundLine.FindStringSubmatch(l); m != nil {
			at, _ := strconv.ParseFloat(m[1], 64)
			if c, until := x.rest(l, turn.tid, int64(at*1e9+0.5)); c != nil {
				x.divided(l, c, until, m[2], m[5], m[3], m[4])
			}
			continue
		}
		if m := wokeFor.FindStringSubmatch(l); m != nil {
			x.wokeFor(l, m[1], turn, until)
			continue
		}
		if strings.HasPrefix(l, " did not wait (timeout 0)") && (turn.asked() != 0 || turn.ret() != 0) {
			x.errorf(l, "line %d waits with timeout %d and returns %s", turn.line, turn.asked(), turn.result)
		}
		if m := itemOf.FindStringSubmatch(l); m != nil {
			fd, _ := strconv.Atoi(m[1])
			if !slices.ContainsFunc(turn.events(), func(e logEvent) bool { return e.mask == m[2] && x.log.couldBe(turn, e.data, fd) }) {
				x.errorf(l, "line %d returns no such event", turn.line)
			}
			continue
		}
		what, _ := twoParts(strings.TrimRight(strings.TrimSpace(l), "░…▁▂▃▄▅▆▇█ "))
		m := aCall.FindStringSubmatch(what)
		if m == nil || !strings.HasPrefix(l, " ") {
			continue
		}
		if !slices.ContainsFunc(x.log.calls, func(c *logCall) bool {
			return c.tid == turn.tid && c.name == m[1] && c.start >= turn.start && (c.start < until || c == turn) && x.sameCall(c, m[2], m[3])
		}) {
			x.errorf(l, "the thread makes no such call between the wait of line %d and its next", turn.line)
		}
	}
}

// rest is the wait with which an iteration begins, and the moment at which the thread's next one does.
func (x *truth) rest(line string, tid int, at int64) (rest *logCall, until int64) {
	for _, c := range x.log.calls {
		if tid > 0 && c.tid != tid || !c.waits() {
			continue
		}
		if rest != nil && c.tid == rest.tid && c.start > rest.start {
			return rest, min(c.start, x.at)
		}
		if rest == nil && near(c.start, at, aLine) {
			rest = c
		}
	}
	if rest == nil {
		// Before the first wait there is an iteration without one.
		if first := slices.IndexFunc(x.log.calls, func(c *logCall) bool { return (tid <= 0 || c.tid == tid) && c.waits() && c.start <= x.at }); first >= 0 && at >= x.log.calls[first].start {
			x.errorf(line, "no wait of thread %d begins then", tid)
		}
		return nil, 0
	}
	until = x.at
	for _, c := range x.log.calls {
		if c.start > rest.start && c.start < until && strings.HasPrefix(c.name, "exit") && c.tid == rest.tid {
			until = c.start // there the thread ends, or a little later
		}
	}
	return rest, until
}

// divided holds how the time of an iteration was spent.
func (x *truth) divided(line string, c *logCall, until int64, waited, late, worked, slept string) {
	took := c.took()
	end := c.end
	if !c.ended() || c.end > x.at {
		took, end = []int64{x.at - c.start}, x.at
	}
	if late == "" {
		if !isFor(waited, took...) && !(c.asked() > 0 && isFor(waited, c.asked())) {
			x.errorf(line, "the wait of line %d took %v ns", c.line, took)
		}
	} else {
		if !isFor(waited, c.asked()) {
			x.errorf(line, "the timeout of line %d is %d ns", c.line, c.asked())
		}
		over := make([]int64, len(took))
		for i := range took {
			over[i] = took[i] - c.asked()
		}
		if !isFor(late, over...) {
			x.errorf(line, "the wait of line %d took %v ns, and was to take %d", c.line, took, c.asked())
		}
	}
	sleeps := int64(0)
	for _, o := range x.log.calls {
		if o.tid == c.tid && o.sleeps() && o.start >= c.start && o.start < until {
			oe := o.end
			if !o.ended() || oe > x.at {
				oe = x.at
			}
			sleeps += oe - o.start
		}
	}
	if slept != "" && !isFor(slept, sleeps) || slept == "" && sleeps > aLine {
		x.errorf(line, "the thread slept %d ns between line %d and its next wait", sleeps, c.line)
	}
	work := until - end - sleeps
	from := until - max(c.resumed, end) - sleeps
	if d, gone := duration(worked), x.log.gone[c.tid]; gone > until && x.at > until && d >= work-work/50 && d <= gone-end+gone/50 {
		return
	}
	if d := duration(worked); !isFor(worked, work, from) && !near(d, work, 4000+work/50) && !near(d, from, 4000+work/50) {
		x.errorf(line, "from the end of the wait of line %d to the next %d ns passed", c.line, work)
	}
}

// wokeFor holds the reason that is given for a wakeup.
func (x *truth) wokeFor(line, why string, turn *logCall, until int64) {
	reads := func(fd string, ok func(c *logCall) bool) bool {
		return slices.ContainsFunc(x.log.calls, func(c *logCall) bool {
			return c.tid == turn.tid && c.start >= turn.start && c.start < until && strconv.Itoa(c.fd()) == fd && strings.HasPrefix(c.name, "re") && ok(c)
		})
	}
	switch {
	case gotBytes.MatchString(why):
		m := gotBytes.FindStringSubmatch(why)
		if !reads(m[1], func(c *logCall) bool { return words.Bytes(c.ret()) == m[2] }) {
			x.errorf(line, "no read of fd %s got that after line %d", m[1], turn.line)
		}
	case gotEOF.MatchString(why):
		m := gotEOF.FindStringSubmatch(why)
		rdhup := slices.ContainsFunc(turn.events(), func(e logEvent) bool { return strings.Contains(e.mask, "HUP") })
		if !rdhup && !reads(m[1], func(c *logCall) bool { return c.ret() == 0 && c.errno() == "" }) {
			x.errorf(line, "no read of fd %s returned 0 after line %d", m[1], turn.line)
		}
	case timeOver.MatchString(why):
		m := timeOver.FindStringSubmatch(why)
		if turn.ret() != 0 || turn.errno() != "" || !isFor(m[1], turn.asked()) {
			x.errorf(line, "line %d returned %s, and its timeout is %d ns", turn.line, turn.result, turn.asked())
		}
	}
}

var aRow = regexp.MustCompile(`^(?:.)? ?(\d+)\??(?: x\d+)? `)

// registered holds view 3.
func (x *truth) registered() {
	lines := x.lines()
	head := slices.IndexFunc(lines, func(l string) bool {
		return strings.HasPrefix(strings.TrimSpace(l), "fd ") && strings.Contains(l, "registered")
	})
	if head < 0 {
		x.errorf(x.text, "view 3 has no table")
		return
	}
	if want := words.Number(0); want == "" || !strings.Contains(lines[head-1], " as of "+strconv.FormatFloat(float64(x.at/1e6)/1e3, 'f', 3, 64)) && !strings.Contains(lines[head-1], " as of "+strconv.FormatFloat(float64(x.at)/1e9, 'f', 3, 64)) {
		x.lastEvent(lines[head-1])
	}
	cell := func(l, name string, width int, right bool) string {
		h, r := []rune(lines[head]), []rune(l)
		at := strings.Index(string(h), name)
		if at < 0 {
			return ""
		}
		from, to := at, at+width
		if right {
			from, to = at+len(name)-width, at+len(name)
		}
		if from >= len(r) {
			return ""
		}
		return strings.TrimSpace(string(r[max(from, 0):min(to, len(r))]))
	}
	for _, l := range lines[head+1:] {
		m := aRow.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		fd, _ := strconv.Atoi(m[1])
		pid, _ := strconv.Atoi(cell(l, "process", 8, false))
		if pid != 0 && !slices.ContainsFunc(x.log.calls, func(c *logCall) bool {
			return c.start <= x.at && x.log.kin(c.tid, pid) && (c.fd() == fd || slices.Contains(c.made(), fd) || c.name == "epoll_ctl" && strings.HasPrefix(c.arg(2), strconv.Itoa(fd)+"<"))
		}) {
			x.errorf(l, "no thread of that process, nor of its parent, has made a call on it")
		}
		x.registration(l, fd, pid, cell(l, "kind", 10, false), cell(l, "registered", 12, false), cell(l, "mode", 8, false))
		if cell(l, "unread", 11, true) == "drained" {
			x.drained(l, fd)
		}
		if e := cell(l, "events", 7, true); e != "" {
			x.counted(l, fd, e)
		}
	}
}

// lastEvent: the table is as of the newest event where the log has none at the moment itself.
func (x *truth) lastEvent(line string) {
	m := regexp.MustCompile(` as of ([\d.]+) s`).FindStringSubmatch(line)
	if m == nil {
		x.errorf(line, "the table does not say when it was so")
		return
	}
	if at, _ := strconv.ParseFloat(m[1], 64); !near(int64(at*1e9), x.at, 2e6) {
		x.errorf(line, "the moment is %.6f s", float64(x.at)/1e9)
	}
}

// registration holds what is said of a descriptor's registration. Where the log does not say who shares descriptors, one thread's calls suffice.
func (x *truth) registration(line string, fd, pid int, kind, mask, mode string) {
	var now *logEvent
	seen := false // a registration since the number was given
	some := false
	for _, c := range x.log.calls {
		if !c.ended() || c.end > x.at || pid != 0 && !x.log.shares(c.tid, pid) {
			continue
		}
		if c.name == "epoll_ctl" && c.errno() == "" {
			op, of, e := c.registered()
			if of != fd {
				continue
			}
			if op == "DEL" {
				now = nil
				continue
			}
			now, seen = &e, true
			some = some || sameMask(strings.Trim(mask+modeBits(mode), "|"), e.mask)
		}
		if slices.Contains(c.made(), fd) {
			now, seen = nil, false
		}
	}
	switch {
	case kind == "epoll" || mask == "":
	case mask == "not seen":
		if seen && now != nil && pid == 0 {
			x.errorf(line, "an epoll_ctl has it for %s", now.mask)
		}
	case mask == "unregistered" && !slices.ContainsFunc(x.log.calls, func(c *logCall) bool {
		return c.end <= x.at && slices.Contains(c.made(), fd) && (pid == 0 || x.log.shares(c.tid, pid))
	}):
		x.errorf(line, "it was open before the log began, and may have been registered then")
	case mask == "unregistered" && !slices.ContainsFunc(x.log.calls, func(c *logCall) bool { return c.name == "epoll_ctl" }):
		x.errorf(line, "the log has no epoll_ctl at all: it was filtered")
	case mask == "unregistered":
		if now != nil && pid == 0 {
			x.errorf(line, "an epoll_ctl has it for %s", now.mask)
		}
	case pid == 0 && (now == nil || !sameMask(strings.Trim(mask+modeBits(mode), "|"), now.mask)), pid != 0 && !some:
		x.errorf(line, "no epoll_ctl has it so")
	}
}

// modeBits are the bits that the column of modes stands for.
func modeBits(mode string) string {
	s := ""
	if strings.HasPrefix(mode, "edge") || strings.HasPrefix(mode, "ET") {
		s += "|ET"
	}
	if strings.HasPrefix(mode, "oneshot") {
		s += "|ONESHOT"
	}
	if strings.Contains(mode, "excl") {
		s += "|EXCLUSIVE"
	}
	return s
}

// drained: somebody's newest read, or accept, got less than it asked for, or found nothing.
func (x *truth) drained(line string, fd int) {
	if !slices.ContainsFunc(x.log.calls, func(c *logCall) bool {
		if !c.ended() || c.end > x.at || c.fd() != fd {
			return false
		}
		asked, _ := strconv.ParseInt(c.arg(2), 10, 64)
		return c.errno() == "EAGAIN" || strings.HasPrefix(c.name, "re") && c.ret() < asked
	}) {
		x.errorf(line, "no read of it was short, and none found nothing")
	}
}

// counted holds how many events a descriptor had, which is at most how many any wait returned for that number.
func (x *truth) counted(line string, fd int, shown string) {
	n, _ := strconv.Atoi(strings.ReplaceAll(shown, ",", ""))
	most := 0
	for _, c := range x.log.calls {
		if !c.waits() || !c.ended() || c.end > x.at+aLine {
			continue
		}
		for _, e := range c.events() {
			if x.log.couldBe(c, e.data, fd) {
				most++
			}
		}
	}
	if n > most {
		x.errorf(line, "the waits up to there returned %d", most)
	}
}

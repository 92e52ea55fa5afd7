package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"evviz/timeline"
	"evviz/tui"
	"evviz/words"
)

// TestScreenOfLogs holds what the screen says of logs of real servers against the lines of these logs: ten moments of each, views 1, 2, 3 and 6,
// at two sizes in turn.
// What is held, by rule:
//
//	every view     no zero for what is not known, no raw event, no time longer than the log up to there, nothing that acts on a terminal
//	1 timeline     wakeups/s, EAGAIN/s, busy (of every thread); what the headline counts; which call a thread is in; peers; nothing is "oldest"
//	2 iteration    its wait stands in the log and took so long; so do those around it; every call of it; what it woke for
//	3 registered   what is registered has an epoll_ctl; what "was not seen" has none; what is drained was read short or to EAGAIN
//	6 events       every line: the call, its descriptor, its result, its time, how long it took; the descriptor of every event of a wait
//
// A line of view 6, and a call of view 2, of a form that is not known here is an error too.
func TestScreenOfLogs(t *testing.T) {
	for _, path := range []string{
		"testdata/screen/redis.strace", "testdata/screen/node.strace", "testdata/screen/asyncio.strace", "testdata/screen/nginx.strace",
		"../diagnostics/testdata/negative/redis.strace", "../diagnostics/testdata/negative/node.strace",
		"../diagnostics/testdata/negative/asyncio.strace", "../diagnostics/testdata/negative/nginx.strace",
	} {
		t.Run(filepath.Base(filepath.Dir(path))+"-"+strings.TrimSuffix(filepath.Base(path), ".strace"), func(t *testing.T) {
			log := readLog(t, path)
			for tenth := int64(1); tenth <= 10; tenth++ {
				at := log.last * tenth / 10
				feed := feedUpTo(t, path, at)
				for _, view := range []string{"timeline", "iteration", "registered", "events"} {
					for _, size := range [][2]int{{120, 36}, {200, 50}} {
						if odd := tenth%2 != 0; tenth < 10 && odd == (size[0] == 120) {
							continue // each moment at one size, the end at both
						}
						pic, err := tui.Draw(tui.Options{Feed: feed, View: view, Span: log.last + log.last/50, Symbols: "block"}, size[0], size[1], 1<<24, nil)
						if err != nil {
							t.Fatal(err)
						}
						x := &truth{t: t, log: log, at: at, tenth: tenth, view: view, size: size, text: pic.Text()}
						x.check()
						if x.wrong > 0 {
							t.Logf("%s", x.text)
							return // one screen is enough to look at
						}
					}
				}
			}
		})
	}
}

// feedUpTo is a log foldedOf up to a moment, ns since its first line.
func feedUpTo(t *testing.T, path string, at int64) *timeline.Feed {
	t.Helper()
	f, err := openRecording(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	feed := timeline.NewFeed(&until{f, zeroOf(f) + at}, timeline.Options{})
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return feed
}

// truth is a screen, and what it is held against.
type truth struct {
	t     *testing.T
	log   *logText
	at    int64
	tenth int64
	view  string
	size  [2]int
	text  string
	wrong int
}

func (x *truth) errorf(line, format string, args ...any) {
	x.t.Helper()
	if x.wrong++; x.wrong <= 12 {
		x.t.Errorf("moment %d (%.6f s), %s at %dx%d: %s\n\t%s", x.tenth, float64(x.at)/1e9, x.view, x.size[0], x.size[1], fmt.Sprintf(format, args...), strings.TrimSpace(line))
	}
}

// lines are those of the view.
func (x *truth) lines() []string { return strings.Split(x.text, "\n") }

func (x *truth) check() {
	x.everywhere()
	x.panel()
	x.headline()
	switch x.view {
	case "timeline":
		x.rows()
	case "iteration":
		x.iteration()
	case "registered":
		x.registered()
	case "events":
		x.events()
	}
}

const aLine = 3_000 // ns: lines are told apart by a microsecond, and durations are rounded to it

// isFor reports whether a text is one of the durations, each as far as it is known.
func isFor(text string, of ...int64) bool {
	for _, d := range of {
		for _, e := range []int64{0, -1000, 1000, -2000, 2000} {
			if words.Duration(max(d+e, 0)) == text {
				return true
			}
		}
	}
	return false
}

var (
	aTime   = regexp.MustCompile(`(?:waited(?: up to)?|worked|slept|woke|took|unread for|accepted for|closed|oldest >) ?((?:[\d.,]+ (?:ns|µs|ms|s|min|h) ?)+)`)
	nothing = regexp.MustCompile(`(?:^|[^\d.,])(0 (?:ns|bytes unread|conn|connections? to be accepted))(?:\W|$)`)
)

// everywhere holds what is true of any screen.
func (x *truth) everywhere() {
	for _, l := range x.lines() {
		for _, wrong := range []string{"State ", "complete ", "seq=", "aux=", "%!", "of another type", "as long as it asked"} {
			if strings.Contains(l, wrong) {
				x.errorf(l, "a raw event, or a sentence that nobody can prove: %q", wrong)
			}
		}
		for _, r := range l {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
				x.errorf(l, "a character that acts on a terminal: %q", r)
			}
		}
		if m := nothing.FindStringSubmatch(l); m != nil {
			x.errorf(l, "%q: that is not known", m[1])
		}
		for _, m := range aTime.FindAllStringSubmatch(l, -1) {
			if d := duration(m[1]); d > x.at+aLine+x.at/20 {
				x.errorf(l, "%q is longer than the log up to there", m[1])
			}
		}
	}
}

// duration reads a duration as words writes it.
func duration(s string) (ns int64) {
	units := map[string]float64{"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9}
	f := strings.Fields(strings.ReplaceAll(s, ",", ""))
	for i := 0; i+1 < len(f); i += 2 {
		v, _ := strconv.ParseFloat(f[i], 64)
		ns += int64(v * units[f[i+1]])
	}
	return ns
}

// looked is the thread that the panel is about: the one that the row of events names, or the only one that waits.
func (x *truth) looked() int {
	if m := regexp.MustCompile(`(?m)^events +t(\d+)`).FindStringSubmatch(x.text); m != nil {
		tid, _ := strconv.Atoi(m[1])
		return tid
	}
	tid := 0
	for _, c := range x.log.calls {
		if c.waits() && (c.start <= x.at) {
			if tid != 0 && tid != c.tid {
				return -1 // view 1 alone says which
			}
			tid = c.tid
		}
	}
	return tid
}

var (
	panelLine   = regexp.MustCompile(`(?m)^ wakeups .*EAGAIN .*$`)
	panelWakes  = regexp.MustCompile(`wakeups (\S+)`)
	panelAgain  = regexp.MustCompile(`EAGAIN (\S+)`)
	panelOldest = regexp.MustCompile(`oldest (\S+)`)
)

// panel counts anew what the numbers under the headline say.
func (x *truth) panel() {
	line := panelLine.FindString(x.text)
	if line == "" {
		x.errorf(x.text[:min(len(x.text), 600)], "there is no panel")
		return
	}
	value := func(of *regexp.Regexp) string {
		if m := of.FindStringSubmatch(line); m != nil {
			return m[1]
		}
		return "nothing"
	}
	tid := x.looked()
	if tid <= 0 {
		return
	}
	wakes, again := 0, 0
	for _, c := range x.log.calls {
		if c.tid != tid || !c.ended() || c.end > x.at {
			continue
		}
		switch {
		case (c.waits() || c.sleeps()) && c.errno() != "EINTR":
			wakes++
		case c.errno() == "EAGAIN" && slices.Contains([]string{"read", "recvfrom", "recvmsg", "readv", "write", "writev", "sendto", "sendmsg", "accept", "accept4"}, c.name):
			again++
		}
	}
	perSecond := func(n int) string { return words.Rate(float64(n)*1e9/float64(x.at)) + "/s" }
	for _, c := range []struct {
		what, got string
		n         int
	}{{"wakeups", value(panelWakes), wakes}, {"EAGAIN", value(panelAgain), again}} {
		if c.got != "-" && c.got != perSecond(c.n) && c.got != perSecond(max(c.n-1, 0)) { // the call that ends at the moment itself
			x.errorf(line, "%s: the log has %d up to there, which is %s", c.what, c.n, perSecond(c.n))
		}
	}
	if value(panelOldest) != "-" {
		x.unread(line, 0)
	}
}

// unread reports where a screen says that something is unread or not accepted: there must be an event after which nobody has read or accepted.
func (x *truth) unread(line string, _ int) {
	for _, w := range x.log.calls {
		if !w.waits() || !w.ended() || w.end > x.at {
			continue
		}
		for _, e := range w.events() {
			if !strings.Contains(e.mask, "IN") {
				continue
			}
			fd := x.log.fdOf(w, e.data)
			served := false
			for _, c := range x.log.calls {
				served = served || c.tid == w.tid && c.ended() && c.start >= w.end && c.end <= x.at && c.fd() == fd && (strings.HasPrefix(c.name, "re") || strings.HasPrefix(c.name, "accept") || c.name == "close")
			}
			if !served {
				return
			}
		}
	}
	x.errorf(line, "something is said to be unread, and after every event somebody has read or accepted")
}

// armedBefore is how many events came with the thread's first wait behind the epoll_ctl that arms their descriptor, which had had one before.
func (x *truth) armedBefore() (n int64) {
	for _, c := range x.log.calls {
		if c.name != "epoll_ctl" || c.errno() != "" || c.start > x.at {
			continue
		}
		op, fd, e := c.registered()
		made := int64(-1)
		for _, o := range x.log.calls {
			if o.ended() && o.end <= c.start && slices.Contains(o.made(), fd) && x.log.shares(o.tid, c.tid) {
				made = max(made, o.end)
			}
		}
		if !slices.ContainsFunc(x.log.calls, func(w *logCall) bool {
			return w.waits() && w.tid == c.tid && w.ended() && w.end <= c.start && w.end > made && slices.ContainsFunc(w.events(), func(o logEvent) bool { return x.log.couldBe(w, o.data, fd) })
		}) {
			continue // nothing was known of it that could be said again
		}
		next := slices.IndexFunc(x.log.calls, func(w *logCall) bool { return w.waits() && w.tid == c.tid && w.start >= c.start })
		if op != "DEL" && next >= 0 && slices.ContainsFunc(x.log.calls[next].events(), func(o logEvent) bool { return o.data == e.data }) {
			n++
		}
	}
	return n
}

// wasUnread holds how long something was unread at most: from an event to the thread's next read.
func (x *truth) wasUnread(line, fd, took string) {
	most := int64(0)
	for _, w := range x.log.calls {
		if !w.waits() || !w.ended() || w.end > x.at {
			continue
		}
		for _, e := range w.events() {
			if n, _ := strconv.Atoi(fd); !x.log.couldBe(w, e.data, n) {
				continue
			}
			for _, c := range x.log.calls {
				if c.tid == w.tid && c.ended() && c.start >= w.end && strconv.Itoa(c.fd()) == fd && (strings.HasPrefix(c.name, "re") || c.name == "close") {
					most = max(most, c.end-w.end, c.resumed-w.end)
					break
				}
			}
		}
	}
	if d := duration(took); d > most+most/20 {
		x.errorf(line, "the longest time from an event to its read is %s", words.Duration(most))
	}
}

// fdOf is which descriptor an event's data stand for: as registered, or as the low half says, or what the thread goes on to call; -1 unknown.
func (l *logText) fdOf(w *logCall, data uint64) int {
	fd := -1
	for _, c := range l.calls {
		if c.name != "epoll_ctl" || c.errno() != "" || c.start > w.end || c.tid != w.tid && !l.shares(c.tid, w.tid) {
			continue
		}
		if op, of, e := c.registered(); op != "DEL" && e.data == data && c.fd() == w.fd() {
			fd = of
		}
	}
	if fd < 0 && data&0xffffffff < 1<<16 {
		fd = int(data & 0xffffffff)
	}
	return fd
}

// couldBe says whether an event of a wait may be about a descriptor.
func (l *logText) couldBe(w *logCall, data uint64, fd int) bool {
	if of := l.fdOf(w, data); of >= 0 {
		return of == fd
	}
	for _, c := range l.calls { // what the thread does next is about it
		if c.tid == w.tid && c.start >= w.end && c.fd() == fd {
			return true
		}
	}
	return false
}

var (
	wokeUp     = regexp.MustCompile(`(\d+(?:,\d+)*) wakeups?( with events)?, (\d+(?:,\d+)*) useful`)
	accepted   = regexp.MustCompile(`(\d+(?:,\d+)*) connections? accepted`)
	bytesMoved = regexp.MustCompile(`([\d.,]+ (?:bytes?|KiB|MiB)) in, ([\d.,]+ (?:bytes?|KiB|MiB)) out`)
	eofs       = regexp.MustCompile(`(\d+(?:,\d+)*) EOFs?`)
	wasUnread  = regexp.MustCompile(`fd (\d+) was unread for ([\d.]+ \S+?)[;,]`)
	unserved   = regexp.MustCompile(`has waited to be accepted|unread for|not accepted for|no further notification`)
	socketArg  = regexp.MustCompile(`^\d+<(TCP|UNIX|UDP|pipe|anon_inode)`)
	rearmed    = regexp.MustCompile(`(\d+) events? came from re-arming`)
	blockedIn  = regexp.MustCompile(`did not return to its wait for up to ([\d.]+ \S+)`)
)

// headline counts anew what the sentence under the tabs counts. All that happened lies in the window.
func (x *truth) headline() {
	lines := x.lines()
	if len(lines) < 3 {
		return
	}
	head := lines[2]
	number := func(s string) int64 {
		n, _ := strconv.ParseInt(strings.ReplaceAll(s, ",", ""), 10, 64)
		return n
	}
	var wakes, timeouts, accepts, ends, in, out int64
	for _, c := range x.log.calls {
		if !c.ended() || c.end > x.at {
			continue
		}
		socket := socketArg.MatchString(c.args)
		tcp := strings.Contains(c.arg(0), "<TCP") || strings.Contains(c.arg(0), "<UNIX")
		switch {
		case c.waits() && c.ret() > 0:
			wakes++
		case c.waits() && c.errno() == "":
			timeouts++
		case strings.HasPrefix(c.name, "accept") && c.errno() == "":
			accepts++
		case (c.name == "read" || c.name == "recvfrom" || c.name == "readv" || c.name == "recvmsg") && c.errno() == "":
			if c.ret() == 0 && tcp {
				ends++
			}
			if tcp {
				in += c.ret()
			}
		case (strings.HasPrefix(c.name, "write") || strings.HasPrefix(c.name, "send")) && c.errno() == "" && socket && tcp:
			out += c.ret()
		}
	}
	if m := wokeUp.FindStringSubmatch(head); m != nil {
		if number(m[1]) != wakes {
			x.errorf(head, "%d waits returned events", wakes)
		}
		if (m[2] != "") != (timeouts > 0) {
			x.errorf(head, "%d waits returned without an event", timeouts)
		}
		if number(m[3]) > wakes {
			x.errorf(head, "more useful wakeups than wakeups")
		}
	}
	if m := accepted.FindStringSubmatch(head); m != nil && number(m[1]) != accepts {
		x.errorf(head, "%d connections were accepted", accepts)
	}
	if m := eofs.FindStringSubmatch(head); m != nil && number(m[1]) != ends {
		x.errorf(head, "%d reads of connections returned 0", ends)
	}
	if m := bytesMoved.FindStringSubmatch(head); m != nil && (m[1] != words.Bytes(in) || m[2] != words.Bytes(out)) {
		x.errorf(head, "connections got %s and sent %s", words.Bytes(in), words.Bytes(out))
	}
	if m := rearmed.FindStringSubmatch(head); m != nil && number(m[1]) > x.armedBefore() {
		x.errorf(head, "%d waits are the first behind an epoll_ctl that arms what they return", x.armedBefore())
	}
	if m := wasUnread.FindStringSubmatch(head); m != nil {
		x.wasUnread(head, m[1], m[2])
	} else if unserved.MatchString(head) {
		x.unread(head, 1)
	}
	if m := blockedIn.FindStringSubmatch(head); m != nil {
		most := int64(0)
		for _, tid := range x.log.tids {
			from := int64(-1)
			for _, c := range x.log.calls {
				if c.tid != tid || !c.waits() {
					continue
				}
				if from >= 0 {
					most = max(most, c.start-from)
				}
				from = c.end
				if c.resumed != 0 {
					from = min(from, c.resumed)
				}
			}
		}
		if d := duration(m[1]); d > most+most/20 {
			x.errorf(head, "the longest time between two waits is %s", words.Duration(most))
		}
	}
}

var (
	rowOf    = regexp.MustCompile(`^(loop|t\d+) +(.*?)  `)
	busy     = regexp.MustCompile(`busy ([\d.]+) %`)
	inCall   = regexp.MustCompile(`^in (\w+)`)
	foldedOf = regexp.MustCompile(`^(\d+) threads in (\w+)`)
	laneOf   = regexp.MustCompile(`^(?:fd |(\d+)/)(\d+) +:(\d+)`)
	closed   = regexp.MustCompile(`── fd (\d+)(?: of process (\d+))? (\S+) · closed ([\d.]+ \S+) ago`)
)

// rows holds the rows of the timeline.
func (x *truth) rows() {
	for _, l := range x.lines() {
		if m := rowOf.FindStringSubmatch(l); m != nil {
			tid := x.looked()
			if m[1] != "loop" {
				tid, _ = strconv.Atoi(m[1][1:])
			}
			x.row(l, tid, m[2])
		}
		if m := foldedOf.FindStringSubmatch(l); m != nil {
			n, _ := strconv.Atoi(m[1])
			for _, tid := range x.log.tids {
				if x.isIn(tid) == m[2] {
					n--
				}
			}
			if n > 0 {
				x.errorf(l, "the log shows %d fewer in %s", n, m[2])
			}
		}
		if m := laneOf.FindStringSubmatch(l); m != nil {
			if !slices.ContainsFunc(x.log.calls, func(c *logCall) bool { return c.start <= x.at && strings.Contains(c.args+c.result, ":"+m[3]) }) {
				x.errorf(l, "no line up to there has the peer %s", m[3])
			}
		}
		if m := closed.FindStringSubmatch(l); m != nil {
			if !slices.ContainsFunc(x.log.calls, func(c *logCall) bool {
				return c.name == "close" && c.ended() && c.end <= x.at+aLine && strconv.Itoa(c.fd()) == m[1] && (isFor(m[4], x.at-c.end) || near(duration(m[4]), x.at-c.end, (x.at-c.end)/50))
			}) && !(strings.Contains(l, "ago (shutdown)") && slices.ContainsFunc(x.log.calls, func(c *logCall) bool { return strings.HasPrefix(c.name, "exit") && c.start <= x.at+aLine })) {
				x.errorf(l, "no close of that descriptor was then")
			}
		}
	}
}

// isIn is the call that a thread has begun and not come back from at the moment.
func (x *truth) isIn(tid int) string {
	for _, c := range x.log.calls {
		if c.tid == tid && c.start <= x.at && (!c.ended() || c.end > x.at) {
			return c.name
		}
	}
	return ""
}

// row holds what stands in front of a thread's row.
func (x *truth) row(line string, tid int, what string) {
	if m := inCall.FindStringSubmatch(what); m != nil {
		if in := x.isIn(tid); !strings.HasPrefix(in, m[1]) {
			x.errorf(line, "thread %d is in %q then", tid, in)
		}
	}
	m := busy.FindStringSubmatch(what)
	if m == nil {
		return
	}
	from, rests := int64(-1), int64(0)
	for _, c := range x.log.calls {
		if c.tid != tid || c.start > x.at || !c.waits() && !c.sleeps() && from < 0 {
			continue
		}
		if from < 0 {
			from = c.start
		}
		end := c.end
		if !c.ended() {
			end = x.at
		}
		blocks := c.dur > 1e6 && (strings.HasPrefix(c.name, "read") || strings.HasPrefix(c.name, "accept") || strings.HasPrefix(c.name, "recv"))
		if c.waits() || c.sleeps() || blocks || c.name == "futex" && strings.Contains(c.args, "FUTEX_WAIT") {
			rests += min(end, x.at) - c.start
		}
	}
	got, _ := strconv.ParseFloat(m[1], 64)
	want := 100 * (1 - float64(rests)/float64(max(x.at-from, 1)))
	if d := got - want; d > 1+want/20 || -d > 1+want/20 {
		x.errorf(line, "thread %d rested %.1f %% of the time since its first wait", tid, 100-want)
	}
}

package probe

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// Foreign is the output of another tool than strace, or of strace in a form that is not a log: what it is, what can be said of it, and
// what to run instead. It is an error, because no events can be made of it.
type Foreign struct {
	Name    string // "a table of strace -c"
	Shows   string // what can be said of it; "" nothing
	Instead string // the command to run, or what to do
}

// Error is all of it in sentences.
func (f *Foreign) Error() string {
	s := "this is " + f.Name
	if f.Shows != "" {
		s += ": " + f.Shows
	}
	return s + ". " + f.Instead
}

// ourLine is a line of the text for people: a time that is set to the right, and two blanks.
var ourLine = regexp.MustCompile(`^ {0,8}\d+\.\d{6}  \S`)

// ourWords stand in one line of it at least, and in none of strace's.
var ourWords = regexp.MustCompile(`  (?:waited|slept) [\d.]+ \S+$|  the run begins |  fd \d+ is (?:open: )?an? |unread$`)

// showNothing is for what needs no summary.
func showNothing([]string, []string) string { return "" }

// headBytes is how much of the beginning of a text is looked at.
const headBytes = 1 << 18

const (
	runStrace = "strace -f -ttt -T -yy -o bug.strace -p PID"
	onLinux   = "evviz reads what strace prints: " + runStrace
	elsewhere = "evviz reads what strace prints, on Linux: if the program runs there, " + runStrace
)

// tool is a kind of text that is recognised.
type tool struct {
	name    string
	least   int                           // so many lines of it are needed; one odd line proves nothing
	among   int                           // how many lines that strace may have printed may stand beside each of them; 0: one
	line    func(s string) bool           // whether a line is one of it
	needs   func(s string) bool           // if set, one line must be so besides
	shows   func(all, of []string) string // what the lines of it say, among all
	instead string
}

var tools = []tool{
	{name: "a table of strace -c, which has counts and no calls", least: 2, line: countRow, needs: countHead, shows: showCounts, instead: "evviz reads the calls themselves: " + runStrace},
	{name: "a summary of perf trace -s, which has counts and no calls", least: 2, line: perfRow.MatchString, needs: perfHead.MatchString, shows: showPerfRows, instead: onLinux},
	{name: "what evviz prints for people (--text)", least: 3, line: ourLine.MatchString, needs: ourWords.MatchString, shows: showNothing, instead: "It cannot be read back: print it with evviz replay --text=raw FILE, or show the file itself"},
	{name: "output of ltrace", least: 3, among: 4, line: ltraceLine, shows: showCalls, instead: onLinux},
	{name: "output of dtruss (DTrace)", least: 3, line: dtrussLine.MatchString, shows: showCalls, instead: elsewhere},
	{name: "output of truss", least: 3, line: trussLine.MatchString, shows: showCalls, instead: elsewhere},
	{name: "output of kdump (ktrace)", least: 3, line: kdumpLine.MatchString, shows: showCalls, instead: elsewhere},
	{name: "output of perf trace", least: 3, line: perfLine.MatchString, shows: showCalls, instead: onLinux},
	{name: "output of bpftrace", least: 2, line: bpftraceLine, shows: showMaps, instead: onLinux},
	{name: "stacks of threads, as gdb, pstack or eu-stack print them", least: 2, line: stackOrThread, needs: frameZero.MatchString, shows: showStacks,
		instead: "A stack is one moment; what the loop does shows in calls: " + runStrace},
}

// ForeignIn says which other tool printed the text that begins like this, nil when none that is known. A log of strace in which such
// lines stand among more of its own is a log of strace.
func ForeignIn(head []byte) *Foreign {
	if bytes.IndexByte(head, 0) >= 0 {
		return nil
	}
	head = head[:min(len(head), headBytes)]
	var all []string
	for line := range strings.Lines(string(dropColours(head))) {
		all = append(all, strings.TrimRight(line, " \t\r\n"))
	}
	all = withoutPrefix(all)
	if f := uniqIn(all); f != nil {
		return f
	}
	lines := make([][]string, len(tools))
	own := 0
	for _, s := range all {
		bare := strings.TrimLeft(s, "> ") // quoted, or indented
		found := false
		for i := range tools {
			if tools[i].line(s) || bare != s && tools[i].line(bare) {
				lines[i], found = append(lines[i], bare), true
			}
		}
		if !found && ownLine(s) {
			own++
		}
	}
	best := -1
	for i := range tools {
		f := &tools[i]
		if n := len(lines[i]); n < f.least || n*max(f.among, 1) <= own || best >= 0 && n <= len(lines[best]) || f.needs != nil && !anyLine(lines[i], f.needs) {
			continue
		}
		best = i
	}
	if best < 0 {
		return nil
	}
	f := &tools[best]
	return &Foreign{f.name, f.shows(all, lines[best]), f.instead}
}

// ownLine says whether a line is one that strace prints.
func ownLine(s string) bool {
	var l line
	switch clean := parsePasted(&l, []byte(s), false); l.what {
	case isCall:
		return hasResult(clean)
	case isBegun, isResumed, isSignal, isExit, isStopped:
		return true
	}
	return false
}

func anyLine(lines []string, is func(string) bool) bool {
	for _, s := range lines {
		if is(s) {
			return true
		}
	}
	return false
}

// uniqLine is a line with a count in front, as uniq -c prints it: right-aligned, and a blank behind it.
var uniqLine = regexp.MustCompile(`^( +)(\d+) (\S.*)$`)

// pidFirst is what begins with a thread's number.
var pidFirst = regexp.MustCompile(`^\d+ +\S`)

// uniqIn recognises strace lines that went through uniq -c. A count in front is told from a thread's number by its place: counts are
// aligned at the right and differ in width, or stand in front of a thread's number; and from the numbers of lines, which grow by one.
func uniqIn(all []string) *Foreign {
	type numbered struct{ edge, width, count int }
	var lines []numbered
	edges := map[int]int{}
	other, doubled, whole := 0, 0, 0
	for _, s := range all {
		m := uniqLine.FindStringSubmatch(s)
		if m == nil {
			if ownLine(s) {
				other++
			}
			continue
		}
		call := ownLine(m[3])
		if !call && !strings.Contains(m[3], "[{EPOLL") && !strings.Contains(m[3], "revents=POLL") {
			continue
		}
		count, _ := decimal([]byte(m[2]))
		lines = append(lines, numbered{len(m[1]) + len(m[2]), len(m[2]), int(count)})
		edges[len(m[1])+len(m[2])]++
		if pidFirst.MatchString(m[3]) {
			doubled++
		}
		if call {
			whole++
		}
	}
	n := len(lines)
	if n < 3 || n <= other || len(edges) > 1 {
		return nil
	}
	widths, grows := map[int]bool{}, true
	for i, l := range lines {
		widths[l.width] = true
		grows = grows && (i == 0 || l.count == lines[i-1].count+1)
	}
	if grows || len(widths) < 2 && doubled < n {
		return nil
	}
	shows := "each line has a count in front, so the order of the calls is gone"
	if whole == n {
		shows = "behind the counts stand whole lines of strace, whose order is gone"
	}
	return &Foreign{"a text counted by uniq -c", shows, "Paste the lines as strace printed them, without sort and uniq (and without cut or awk): " + runStrace}
}

// enumerated words some things, with "and" before the last.
func enumerated(of []string) string {
	if len(of) < 2 {
		return strings.Join(of, "")
	}
	return strings.Join(of[:len(of)-1], ", ") + " and " + of[len(of)-1]
}

// grouped is a number with commas.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

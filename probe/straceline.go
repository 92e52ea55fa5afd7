package probe

import (
	"strconv"
	"strings"
)

// line is a line of strace text without its call being looked into.
type line struct {
	tid   int    // 0 when the line does not say
	comm  string // -Y
	stamp stamp
	what  what
	name  string // the call's name, or the signal's
	body  string // the call from its name on; what follows the name, for a call that goes on
}

type what uint8

const (
	isUnknown what = iota
	isNothing      // understood, and of no interest
	isCall         // name(...) = ...
	isBegun        // name(... <unfinished ...>
	isCut          // name(... and then a message of strace itself
	isRest         // what follows such a line
	isResumed      // <... name resumed>...
	isSignal       // --- SIGINT {...} ---
	isExit         // +++ exited with 0 +++
)

// maxTID is the largest thread number of Linux; a larger number at the start of a line is a time.
const maxTID = 1 << 22

// parseLine splits a line into its prefix and its body. The prefix may hold a thread (-f), times (-t, -r), the call's number
// (-n) and an address (-i), in this order.
func parseLine(s string) (l line) {
	s = strings.TrimRight(s, " \t\r")
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		l.what = isNothing
		return l
	}
	if rest, ok := strings.CutPrefix(s, "strace: "); ok {
		if strings.HasPrefix(rest, "Process ") {
			l.what = isNothing
		}
		return l
	}
	if rest, ok := strings.CutPrefix(s, "Process "); ok && (strings.HasSuffix(rest, " attached") || strings.HasSuffix(rest, " detached")) {
		l.what = isNothing
		return l
	}
	if rest, ok := strings.CutPrefix(s, "[pid"); ok {
		end := strings.Index(rest, "] ")
		if end < 0 {
			return l
		}
		l.tid, l.comm = threadOf(strings.TrimSpace(rest[:end]))
		if l.tid == 0 {
			return l
		}
		s = strings.TrimLeft(rest[end+1:], " ")
	} else if word, rest, ok := cutWord(s); ok {
		if tid, comm := threadOf(word); tid != 0 {
			l.tid, l.comm, s = tid, comm, rest
		}
	}
	if word, rest, ok := cutWord(s); ok {
		if l.stamp = parseStamp(word); l.stamp.kind != stampNone {
			s = rest
		}
	}
	if strings.HasPrefix(s, "(+") {
		end := strings.IndexByte(s, ')')
		if end < 0 {
			return l
		}
		s = strings.TrimLeft(s[end+1:], " ")
	}
	for strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return l
		}
		s = strings.TrimLeft(s[end+1:], " ")
	}
	l.parseBody(s)
	return l
}

func cutWord(s string) (word, rest string, ok bool) {
	word, rest, ok = strings.Cut(s, " ")
	return word, strings.TrimLeft(rest, " "), ok
}

// threadOf reads 27504 or 27504<python3>.
func threadOf(s string) (tid int, comm string) {
	if i := strings.IndexByte(s, '<'); i >= 0 && strings.HasSuffix(s, ">") {
		s, comm = s[:i], s[i+1:len(s)-1]
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n > maxTID {
		return 0, ""
	}
	return int(n), comm
}

func (l *line) parseBody(s string) {
	switch {
	case strings.HasPrefix(s, "--- ") && strings.HasSuffix(s, " ---") && len(s) >= 8:
		l.body = s[4 : len(s)-4]
		l.what = isSignal
		if strings.HasPrefix(l.body, "stopped by ") {
			l.what = isNothing
			return
		}
		l.name, _, _ = strings.Cut(l.body, " ")
		if signalNumber(l.name) == 0 {
			l.what = isUnknown
		}
	case strings.HasPrefix(s, "+++ ") && strings.HasSuffix(s, " +++") && len(s) >= 8:
		l.what, l.body = isExit, s[4:len(s)-4]
	case strings.HasPrefix(s, "<... "):
		name, rest, ok := strings.Cut(s[5:], " resumed>")
		if !ok || !callName(name) {
			return
		}
		l.what, l.name = isResumed, name
		l.body = strings.Replace(rest, " <unfinished ...>)", ")", 1) // the thread died in it
	case strings.HasPrefix(s, "=> {"), strings.HasPrefix(s, ") = "), strings.HasPrefix(s, ")  "):
		l.what, l.body = isRest, s
	default:
		open := strings.IndexByte(s, '(')
		if open < 0 || !callName(s[:open]) {
			return
		}
		l.name, l.body, l.what = s[:open], s, isCall
		for _, end := range []string{"<unfinished ...>", "<detached ...>", "<pending ...>"} {
			if b, ok := strings.CutSuffix(s, end); ok {
				l.body, l.what = b, isBegun
			}
		}
		if i := strings.LastIndex(s, "strace: Process "); i > 0 && strings.HasSuffix(s, " attached") {
			l.body, l.what = s[:i], isCut
		}
	}
}

// callName says whether s can be the name of a system call. A thread that is killed before strace can ask which call it is
// in gets question marks; they are counted as a name of their own.
func callName(s string) bool {
	if s == "???" {
		return true
	}
	if s == "" || len(s) > 40 || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}

// Sniff says whether a file that begins with these bytes looks like what strace prints.
func Sniff(first []byte) bool {
	if len(first) > 1<<14 {
		first = first[:1<<14]
	}
	text := string(first)
	if strings.IndexByte(text, 0) >= 0 {
		return false
	}
	good, bad := 0, 0
	for text != "" && good+bad < 50 {
		var one string
		var whole bool
		if one, text, whole = strings.Cut(text, "\n"); !whole && good+bad > 0 {
			break // cut off by the end of what we were given
		}
		switch l := parseLine(one); l.what {
		case isCall:
			if !strings.Contains(one, ") = ") && !strings.Contains(one, ")  ") {
				bad++
				continue
			}
			good++
		case isBegun, isResumed, isSignal, isExit:
			good++
		case isUnknown:
			bad++
		}
	}
	return good > 0 && good > bad
}

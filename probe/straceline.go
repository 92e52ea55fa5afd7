package probe

import (
	"bytes"
)

// line is a line of strace text without its call being looked into. Its texts are parts of the line.
type line struct {
	tid   int    // 0 when the line does not say
	comm  []byte // -Y
	stamp stamp
	what  what
	name  []byte // the call's name, or the signal's
	sys   Sys    // the call, where it is in the table
	whole bool   // a call that has a result; fetch says so
	short bool   // a call whose end is not in the text
	body  []byte // the call from its arguments on; what follows the name, for a call that goes on
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
	isStopped      // --- stopped by SIGSTOP ---
)

// maxTID is the largest thread number of Linux; a larger number at the start of a line is a time.
const maxTID = 1 << 22

var (
	txtStrace     = []byte("strace: ")
	txtProcess    = []byte("Process ")
	txtAttached   = []byte(" attached")
	txtDetached   = []byte(" detached")
	txtUnfinished = []byte("<unfinished ...>")
	txtResumed    = []byte(" resumed>")
	txtMessage    = []byte("strace: Process ")
	txtDies       = []byte(" <unfinished ...>)")
)

// parseLine splits a line into its prefix and its body. The prefix may hold a thread (-f), times (-t, -r), the call's number
// (-n) and an address (-i), in this order.
func parseLine(l *line, s []byte) {
	*l = line{}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t' || s[len(s)-1] == '\r') {
		s = s[:len(s)-1]
	}
	s = skipBlanks(s)
	if len(s) == 0 {
		l.what = isNothing
		return
	}
	switch c := s[0]; {
	case isDigit(c):
		// A number is the thread's unless it is a time.
		tid, i := 0, 0
		for ; i < len(s) && i < 8 && isDigit(s[i]); i++ {
			tid = tid*10 + int(s[i]-'0')
		}
		if i < len(s) && s[i] == ' ' && tid <= maxTID {
			l.tid, s = tid, skipBlanks(s[i:])
			break
		}
		end := wordEnd(s)
		if l.tid, l.comm = threadOf(s[:end]); l.tid != 0 {
			s = skipBlanks(s[end:])
		}
	case c == '[' && bytes.HasPrefix(s, []byte("[pid")):
		end := bytes.Index(s, []byte("] "))
		if end < 0 {
			return
		}
		if l.tid, l.comm = threadOf(bytes.TrimSpace(s[4:end])); l.tid == 0 {
			return
		}
		s = skipBlanks(s[end+1:])
	case c == 's' && bytes.HasPrefix(s, txtStrace):
		if rest := s[len(txtStrace):]; bytes.HasPrefix(rest, txtProcess) {
			l.what = isNothing
		}
		return
	case c == '<' && (bytes.Equal(s, txtUnfinished) || bytes.Equal(s, []byte("<detached ...>"))):
		l.what = isNothing // of a call whose line a message of strace has ended
		return
	case c == 'P' && bytes.HasPrefix(s, txtProcess):
		if bytes.HasSuffix(s, txtAttached) || bytes.HasSuffix(s, txtDetached) {
			l.what = isNothing
		}
		return
	}
	if len(s) > 0 && isDigit(s[0]) {
		end := 1
		for end < len(s) && s[end] != ' ' {
			end++
		}
		if l.stamp = parseStamp(s[:end]); l.stamp.kind != stampNone {
			s = skipBlanks(s[end:])
		}
	}
	if bytes.HasPrefix(s, []byte("(+")) {
		end := bytes.IndexByte(s, ')')
		if end < 0 {
			return
		}
		s = skipBlanks(s[end+1:])
	}
	for len(s) > 0 && s[0] == '[' {
		end := bytes.IndexByte(s, ']')
		if end < 0 || !addressOrNumber(s[1:end]) {
			return
		}
		s = skipBlanks(s[end+1:])
	}
	l.parseBody(s)
}

// addressOrNumber says whether s is what -i or -n put in brackets.
func addressOrNumber(s []byte) bool {
	for _, c := range s {
		if !isHex(c) && c != ' ' && c != 'x' && c != '?' {
			return false
		}
	}
	return true
}

func skipBlanks(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}

// wordEnd is where the first word ends. A name in angle brackets belongs to the number before it, blanks and all.
func wordEnd(s []byte) int {
	for i, c := range s {
		switch {
		case c == ' ':
			return i
		case c == '<' && i < 12:
			if end := bytes.Index(s[i:], []byte("> ")); end >= 0 {
				return i + end + 1
			}
		}
	}
	return len(s)
}

// threadOf reads 27504 or 27504<python3>.
func threadOf(s []byte) (tid int, comm []byte) {
	if i := bytes.IndexByte(s, '<'); i >= 0 && s[len(s)-1] == '>' {
		s, comm = s[:i], s[i+1:len(s)-1]
	}
	n, ok := decimal(s)
	if !ok || n > maxTID {
		return 0, nil
	}
	return int(n), comm
}

func (l *line) parseBody(s []byte) {
	if len(s) == 0 {
		return
	}
	switch s[0] {
	case '-':
		if len(s) < 8 || !bytes.HasPrefix(s, []byte("--- ")) || !bytes.HasSuffix(s, []byte(" ---")) {
			return
		}
		l.body = s[4 : len(s)-4]
		l.what = isSignal
		if name, ok := bytes.CutPrefix(l.body, []byte("stopped by ")); ok {
			l.what = isNothing
			if signalNumber(name) != 0 {
				l.what, l.name = isStopped, name
			}
			return
		}
		l.name, _, _ = bytes.Cut(l.body, []byte(" "))
		if signalNumber(l.name) == 0 {
			l.what = isUnknown
		}
	case '+':
		if len(s) >= 8 && bytes.HasPrefix(s, []byte("+++ ")) && bytes.HasSuffix(s, []byte(" +++")) {
			l.what, l.body = isExit, s[4:len(s)-4]
		}
	case '<':
		if !bytes.HasPrefix(s, []byte("<... ")) {
			return
		}
		name, rest, ok := bytes.Cut(s[5:], txtResumed)
		if !ok || !callName(name) {
			return
		}
		l.what, l.name, l.body = isResumed, name, rest
		if i := bytes.Index(rest, txtDies); i >= 0 { // the thread died in it
			l.body = append(append([]byte{}, rest[:i]...), rest[i+len(txtDies)-1:]...)
		}
		l.sys = sysOf(name)
	case '=', ')':
		if bytes.HasPrefix(s, []byte("=> {")) || bytes.HasPrefix(s, []byte(") = ")) || bytes.HasPrefix(s, []byte(")  ")) {
			l.what, l.body = isRest, s
		}
	default:
		open := 0
		for open < len(s) && nameByte[s[open]] {
			open++
		}
		if open == len(s) || s[open] != '(' || open == 0 || open > 40 || isDigit(s[0]) {
			return
		}
		l.name, l.body, l.what = s[:open], s[open+1:], isCall
		if l.sys = sysOf(l.name); l.sys == SysOther && !callName(l.name) {
			l.what = isUnknown
			return
		}
		switch s[len(s)-1] {
		case '>':
			if s[len(s)-2] != '.' {
				break
			}
			for _, end := range [][]byte{txtUnfinished, []byte("<detached ...>"), []byte("<pending ...>")} {
				if bytes.HasSuffix(l.body, end) {
					l.body, l.what = bytes.TrimSuffix(l.body[:len(l.body)-len(end)], []byte("^C ")), isBegun
					l.short = end[1] == 'd'
					break
				}
			}
		case 'd':
			if bytes.HasSuffix(s, txtDetached) {
				if i := bytes.LastIndex(l.body, txtMessage); i >= 0 { // strace was ended with the call in progress
					l.body, l.what, l.short = bytes.TrimSuffix(l.body[:i], []byte("^C")), isBegun, true
				}
				break
			}
			if i := bytes.LastIndex(l.body, txtMessage); i >= 0 && bytes.HasSuffix(s, txtAttached) {
				l.body, l.what = l.body[:i], isCut
			}
		}
	}
}

// nameByte are the bytes that names of calls consist of; a thread that is killed before strace can ask which call it is in
// gets question marks, which are counted as a name of their own.
var nameByte = func() (t [256]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789_?" {
		t[c] = true
	}
	return
}()

// sysOf is SysByName by a guess from three bytes, which is right for nearly all names of the table.
func sysOf(name []byte) Sys {
	if s := guesses[guess(name)]; s != SysOther && table[s].name == string(name) {
		return s
	}
	return sysByName[string(name)]
}

func guess(name []byte) uint8 {
	n := len(name)
	return uint8(n) + 7*name[0] + 31*name[n-1] + 13*name[n/2]
}

var guesses [256]Sys

// callName says whether s can be the name of a system call.
func callName(s []byte) bool {
	if len(s) == 0 || len(s) > 40 || isDigit(s[0]) {
		return false
	}
	if s[0] == '?' {
		return string(s) == "???"
	}
	for _, c := range s {
		if !nameByte[c] || c == '?' {
			return false
		}
	}
	return true
}

// Sniff says whether a file that begins with these bytes looks like what strace prints, or like a text in which some of that
// was pasted. One call of the table is enough, and so is one that has no end.
func Sniff(first []byte) bool {
	if bytes.IndexByte(first, 0) >= 0 && !marked16(first) {
		return false
	}
	r := newStraceReader([]*input{newInput(bytes.NewReader(first), "", len(first)+1)}, nil)
	n := r.in[0]
	good, bad := 0, 0
	for {
		_, clean, ok := r.fetch(n)
		if !ok {
			break
		}
		l := &n.l
		if n.from == n.to && len(first) > 0 && first[len(first)-1] != '\n' && good+bad > 0 {
			break // cut off by the end of what we were given
		}
		switch l.what {
		case isCall:
			if !l.whole {
				if !r.cutShort(l) {
					bad++
					continue
				}
				return true
			}
			if l.sys != SysOther && (good > 0 || r.readable(l)) {
				return true
			}
			good++
		case isBegun, isResumed:
			if l.sys != SysOther && l.tid != 0 {
				return true
			}
			good++
		case isSignal, isExit, isStopped:
			good++
		case isUnknown:
			if len(bytes.TrimSpace(clean)) > 0 && !commandLine(clean) && !leftOut(clean) {
				bad++
			}
		}
	}
	return good > bad
}

package probe

import (
	"bytes"
)

// A line that was broken when it was pasted is put together again: a mail wraps it, an encoding cuts it at 76 columns, a wiki makes a
// paragraph of each brace. Only a call that has no end is looked at, so a log that is whole is not read any slower.

// Bounds of what is put together.
const (
	maxPieces   = 24 // lines, empty ones included
	maxBlanks   = 3  // empty lines in a row
	maxTogether = 1 << 14
)

// whole says whether what follows a call's name has a result.
func whole(s []byte) bool {
	i := resultAt(s)
	return i >= 0 && !openTail(s[i:])
}

// resultAt is where the result of a call stands, behind ") = ", which strace pads with blanks; -1 where there is none.
func resultAt(s []byte) int {
	for i := len(s) - 2; i > 0; i-- {
		if s[i] != '=' || s[i+1] != ' ' || s[i-1] != ' ' && s[i-1] != '\t' {
			continue
		}
		j := i - 1
		for j >= 0 && (s[j] == ' ' || s[j] == '\t') {
			j--
		}
		if j >= 0 && s[j] == ')' {
			return i + 2
		}
	}
	return -1
}

// openTail says whether what follows "= " has a parenthesis that is not closed: "1 (in".
func openTail(s []byte) bool {
	if len(s) < 3 {
		return false
	}
	if c := s[len(s)-1]; c == ')' || c == '>' {
		return false
	}
	i := bytes.IndexByte(s, '(')
	return i > 0 && i < 60 && s[i-1] == ' ' && bytes.IndexByte(s[i:], ')') < 0
}

// tailOf is the part of a text that stands in such a parenthesis, from it on; nil where there is none.
func tailOf(s []byte) []byte {
	i := resultAt(s)
	if i < 0 || !openTail(s[i:]) {
		return nil
	}
	return s[i+bytes.IndexByte(s[i:], '('):]
}

// inTail says whether a line can go on in a parenthesis behind a result: the descriptors that are ready, what is left of the time, or what
// an error means.
func inTail(tail, s []byte) bool {
	if len(s) > 200 {
		return false
	}
	for _, word := range []string{"in", "out", "exc", "left", "tv_", "fd=", "revents=", "{", "[", "]", "}", ","} {
		if bytes.HasPrefix(s, []byte(word)) {
			return true
		}
	}
	if isDigit(s[0]) {
		return bytes.IndexByte(tail, '[') >= 0 || bytes.IndexByte(tail, '{') >= 0
	}
	for i, c := range s {
		if c == ')' {
			return i > 0 && len(tail) > 1 && (tail[1] >= 'A' && tail[1] <= 'Z') && (i+1 == len(s) || bytes.HasPrefix(s[i+1:], []byte(" <")))
		}
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c == ' ' || c == '/' || c == '-' || c == '\'') {
			return false
		}
	}
	return false
}

// hasEnd says whether a line is understood and whole.
func (l *line) hasEnd() bool {
	switch l.what {
	case isUnknown:
		return false
	case isCall, isResumed:
		l.whole = whole(l.body)
		return l.whole
	}
	return true
}

// fetch is an input's next line, put together again where it was broken.
func (r *straceReader) fetch(n *input) (raw, clean []byte, ok bool) {
	raw, ok = n.next()
	if !ok {
		return nil, nil, false
	}
	if n.numbered || n.mailed || !n.looked {
		raw = r.prepared(n, raw)
	}
	if n.typed && !n.piece {
		if s := typed(raw); s != nil && bytes.IndexByte(s, '\n') < 0 {
			raw = s
		}
	}
	if n.escaped {
		raw = unescaped(raw)
	}
	clean = r.look(n, raw)
	l := &n.l
	if l.what == isUnknown && !n.piece {
		if text := r.unwrappedSignal(n, raw); text != nil {
			return text, text, true
		}
	}
	if !n.piece && !n.giant {
		if text, more := r.withoutEcho(n, clean); text != nil {
			r.skip(n, more)
			parsePasted(l, text, n.colours)
			l.whole = true
			return text, text, true
		}
	}
	ends := l.hasEnd()
	if !n.piece && (!ends || len(clean) != len(raw) && severalByTags(raw)) {
		if n.removed(l, raw) {
			*l = line{what: isNothing}
			return raw, clean, true
		}
		if r.mend(n, raw) {
			return r.fetch(n)
		}
	}
	if ends && !n.piece && !n.giant && (l.what == isCall || l.what == isResumed) {
		if text := r.unwrapped(n, raw, true); text != nil {
			return text, text, true
		}
	}
	if ends || n.giant {
		return raw, clean, true
	}
	if !n.mailed && bytes.Contains(raw, []byte("=3D")) {
		// So are mails encoded, and so do programs write what has nothing to do with it: it is the former if that makes a call of it.
		whole, more := n.softBreaks(raw)
		s := quotedPrintable(whole)
		if c := r.look(n, s); l.hasEnd() && l.what == isCall {
			n.mailed = true
			r.skip(n, more)
			return s, c, true
		}
		clean = r.look(n, raw)
	}
	if l.what == isCall || l.what == isResumed {
		return raw, r.together(n, raw, clean), true
	}
	return raw, clean, true
}

// prepared undoes what was done to every line of a text.
func (r *straceReader) prepared(n *input, raw []byte) []byte {
	if !n.looked {
		n.looked = true
		n.numbered = n.numberedLines(raw)
	}
	if n.mailed {
		whole, more := n.softBreaks(raw)
		r.skip(n, more)
		raw = quotedPrintable(whole)
	}
	if n.numbered {
		if s := skipBlanks(raw); len(s) > 0 && isDigit(s[0]) {
			i := 0
			for i < len(s) && isDigit(s[i]) {
				i++
			}
			raw = s[i:]
		}
	}
	return raw
}

// softBreaks puts a line together that a mail's encoding has broken, and says how many of the lines behind it are in it.
func (n *input) softBreaks(raw []byte) (whole []byte, more int) {
	whole = bytes.Clone(bytes.TrimRight(raw, "\r"))
	for len(whole) > 0 && whole[len(whole)-1] == '=' && len(whole) < maxTogether {
		next, ok := n.peek(more)
		if !ok {
			break
		}
		more++
		whole = append(whole[:len(whole)-1], bytes.TrimRight(next, "\r")...)
	}
	return whole, more
}

// skip takes lines that were looked at already.
func (r *straceReader) skip(n *input, lines int) {
	for range lines {
		n.next()
		r.lines++
	}
}

// numberedLines says whether the lines have numbers of an editor: each one more than the one before, and calls are whole in some of them.
// Threads that strace attaches to may be numbered like that, but they are in the middle of their calls.
func (n *input) numberedLines(first []byte) bool {
	was, wholes := int64(-1), 0
	for i, line := 0, first; ; i++ {
		s := skipBlanks(line)
		k := 0
		for k < len(s) && k < 8 && isDigit(s[k]) {
			k++
		}
		v, ok := decimal(s[:k])
		if !ok || k < len(s) && s[k] != ' ' && s[k] != '\t' || was >= 0 && v != was+1 {
			return false
		}
		was = v
		if whole(line) {
			wholes++
		}
		if i == numberedFor {
			return wholes > i/2
		}
		if line, ok = n.peek(i); !ok {
			return i >= 2 && wholes > i/2 && (i >= fewNumbered || v < leastOfThreads)
		}
	}
}

const (
	// numberedFor is in how many lines one behind the other there must be a number: a family of workers that are woken for the same thing has
	// such numbers too, but then its first one comes again.
	numberedFor = 64
	// In a text of fewer lines than this the numbers are an editor's if they are smaller than those that threads have on a machine that is up.
	fewNumbered    = 16
	leastOfThreads = 1000
)

// peek is the line at i of those that follow, from 0, without handing it on. It reads no further than to the end of that line.
func (n *input) peek(i int) (line []byte, ok bool) {
	at := 0
	for {
		for n.from+at < n.to {
			end := bytes.IndexByte(n.buf[n.from+at:n.to], '\n')
			if end < 0 {
				if n.err == nil {
					break
				}
				end = n.to - n.from - at
			}
			if i == 0 {
				return n.buf[n.from+at : n.from+at+end], true
			}
			i--
			at = min(at+end+1, n.to-n.from)
		}
		if n.err != nil || n.to-n.from > maxLine {
			return nil, false
		}
		if n.to == len(n.buf) {
			n.buf = append(n.buf, make([]byte, len(n.buf))...) // a new array: whoever looks at the old one still may
		}
		n.fill()
	}
}

// together looks behind a call that has no end for the rest of it. What is no rest stays where it is.
func (r *straceReader) together(n *input, raw, clean []byte) []byte {
	clean = bytes.TrimRight(clean, "\r")
	first := bytes.Clone(raw)
	if n.wrapAt > 0 && len(bytes.TrimRight(first, "\r")) == n.wrapAt && !n.piece {
		if text := r.unwrapped(n, first, false); text != nil {
			return text
		}
	}
	wide := bytes.Clone(clean) // with a blank where it was broken,
	tight := bytes.Clone(clean)
	at, pieces, blanks, lines := 0, 0, 0, int64(0)
	even := len(first) >= leastWidth
	var cut func() []byte // makes do with a call whose result is cut
	var l line
	for pieces < maxPieces && blanks <= maxBlanks && len(wide) < maxTogether {
		end := bytes.IndexByte(n.buf[n.from+at:n.to], '\n')
		if end < 0 {
			if n.err == nil {
				if n.to == len(n.buf) {
					n.buf = append(n.buf, make([]byte, len(n.buf))...) // a new array: the line that is looked at stays where it was
				}
				n.fill()
				continue
			}
			if n.from+at == n.to {
				break
			}
			end = n.to - n.from - at
		}
		raw := n.buf[n.from+at : n.from+at+end]
		at = min(at+end+1, n.to-n.from)
		lines++
		pieces++
		even = even && len(raw) == len(first)
		if len(bytes.TrimSpace(raw)) == 0 {
			blanks++
			continue
		}
		blanks = 0
		if n.mailed {
			raw = quotedPrintable(raw)
		}
		parsePasted(&l, raw, n.colours)
		if l.what == isNothing && len(unwrap(raw)) == 0 {
			blanks++
			continue
		}
		if l.what != isUnknown && !(l.what == isRest && l.body[0] == ')') {
			break
		}
		s := skipQuote(raw)
		if form := withoutMarkup(s); form != nil {
			s = form
		}
		if !continues(wide, s) {
			break
		}
		wide = append(append(wide, ' '), s...)
		tight = append(tight, s...)
		if !whole(wide) {
			continue
		}
		for _, text := range [][]byte{wide, tight} {
			if parsePasted(&l, text, false); l.what == n.l.what && l.sys == n.l.sys && r.readable(&l) {
				if tidy(l.body) {
					if even && !n.piece { // the last piece is as wide as the others, so it may not be the last
						if text := r.unwrapped(n, first, false); text != nil {
							return text
						}
					}
					return r.takes(n, first, text, at, lines)
				}
				if cut == nil {
					text, at, lines := bytes.Clone(text), at, lines
					cut = func() []byte { return r.takes(n, first, text, at, lines) }
				}
			}
		}
	}
	if !n.piece {
		if text := r.unwrapped(n, first, false); text != nil {
			return text
		}
	}
	if cut != nil {
		return cut()
	}
	if tailOf(n.l.body) != nil { // its end was cut off; all that matters is there
		n.l.whole = true
	}
	return clean
}

// takes makes one line of what was put together, and hands on no more of it.
func (r *straceReader) takes(n *input, first, text []byte, bytesOf int, lines int64) []byte {
	parsePasted(&n.l, text, false)
	n.l.whole = true
	n.brokenAt(first)
	n.from += bytesOf
	if n.from > n.mendedTo {
		n.number += lines
		r.lines += lines
	}
	return text
}

// skipQuote takes off what a mail or a comment puts before every line.
func skipQuote(s []byte) []byte {
	s = bytes.TrimSpace(s)
	for len(s) > 1 && (s[0] == '>' || s[0] == '|' || s[0] == '#') && s[1] == ' ' {
		s = bytes.TrimSpace(s[1:])
	}
	return s
}

// continues says whether a line can be the rest of a call: it is inside a string, or begins with what strace prints between parentheses.
func continues(before, s []byte) bool {
	if len(s) == 0 {
		return false
	}
	if tail := tailOf(before); tail != nil {
		return inTail(tail, s)
	}
	if openString(before) {
		return bytes.IndexByte(s, '"') >= 0
	}
	switch c := s[0]; {
	case bytes.IndexByte([]byte(`{}[]),"|<=`), c) >= 0, isDigit(c), c == '-' && len(s) > 1 && isDigit(s[1]), c == '.' && bytes.HasPrefix(s, []byte("...")):
		return true
	case c >= 'A' && c <= 'Z':
		i := 1
		for i < len(s) && (s[i] >= 'A' && s[i] <= 'Z' || isDigit(s[i]) || s[i] == '_') {
			i++
		}
		return i > 2 && (i == len(s) || bytes.IndexByte([]byte("|,})]"), s[i]) >= 0)
	case c >= 'a' && c <= 'z': // events=EPOLLIN, tv_sec=1
		return namedArguments(s)
	}
	return false
}

// openString says whether a text ends inside a string.
func openString(s []byte) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			if i = skipString(s, i); i < 0 {
				return true
			}
			i--
		}
	}
	return false
}

// readable says whether the arguments and the result of a line can be read. Of a call that goes on, only its end is here.
func (r *straceReader) readable(l *line) bool {
	if l.what != isCall {
		return true
	}
	var c Call
	c.Sys = l.sys
	_, ok := r.p.parseCall(&c, l.body, false)
	return ok
}

// cutShort says whether a call without an end may be one that had none when it was pasted: what there is of it can be read, and nothing but
// blanks follows. Prose names calls too: "read(2) returns".
func (r *straceReader) cutShort(l *line) bool {
	if l.sys == SysOther && !holding[string(l.name)] {
		return false
	}
	items := list{l.body}
	n := 0
	for it, ok := items.next(); ok; it, ok = items.next() {
		if n == 0 && !beginsLikeArgument(it) {
			return false
		}
		n++
	}
	switch rest := bytes.TrimSpace(items.s); {
	case len(rest) == 0:
	case rest[0] == ')':
		if rest = bytes.TrimSpace(rest[1:]); len(rest) > 0 && (rest[0] != '=' || len(rest) > 1) {
			return false
		}
		if n < shapes[l.sys].least {
			return false // "read(2)"
		}
	default:
		return false
	}
	if l.sys == SysOther {
		return true
	}
	var c Call
	c.Sys = l.sys
	_, ok := r.p.parseCall(&c, l.body, true)
	return ok && (n > 0 || len(l.body) == 0)
}

// beginsLikeArgument says whether a text is what strace prints as a first argument, and not a variable's name.
func beginsLikeArgument(s []byte) bool {
	c := s[0]
	return isDigit(c) || bytes.IndexByte([]byte(`-[{"<?`), c) >= 0 || c >= 'A' && c <= 'Z' && (len(s) == 1 || s[1] >= 'A' && s[1] <= 'Z' || s[1] == '_') || namedArguments(s)
}

// holding are calls outside the table that can hold a thread.
var holding = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range []string{"wait4", "waitid", "waitpid", "flock", "semop", "semtimedop", "msgrcv", "msgsnd", "mq_timedreceive",
		"mq_timedsend", "rt_sigtimedwait", "rt_sigsuspend", "pause", "sync", "syncfs", "sync_file_range", "fallocate", "ftruncate", "unlink",
		"unlinkat", "rename", "renameat", "renameat2", "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access",
		"faccessat", "mkdir", "getdents", "getdents64", "mmap", "munmap", "madvise", "mprotect", "msync", "io_getevents", "ptrace",
		"sched_yield", "restart_syscall", "lseek", "readlink", "getrandom", "clock_gettime", "gettimeofday", "rt_sigprocmask", "copy_file_range",
		"vmsplice", "tee", "process_vm_readv", "sigsuspend", "rt_sigtimedwait_time64", "umount2", "mount", "fcntl"} {
		m[n] = true
	}
	return m
}()

// restartName gives a call of restart_syscall the name of the call that it goes on with: "<... resuming interrupted read ...>".
func (t *tracee) restartName(name string, args []byte) bool {
	if name != "restart_syscall" {
		return false
	}
	w := between(args, "resuming interrupted ", " ...>")
	if !callName(w) {
		return false
	}
	t.name, t.restarted = string(w), true
	return true
}

package probe

import "bytes"

// How much of a text was understood is measured in call lines: lines that look like strace's own, whether they were understood or
// not. Sentences, fences and command lines around a paste are none of them, so a paste of two lines in a page of prose can be
// understood wholly.

// callLine says whether a line that was not understood looks like one of strace's all the same: behind what may stand in front of a
// line, a call with its parenthesis and a result, or without an end; the rest of a call; a signal; an exit.
func callLine(s []byte) bool {
	s = bytes.TrimRight(unwrap(s), " \t\r")
	for len(s) > 0 && (isDigit(s[0]) || s[0] == '[') {
		end := bytes.IndexByte(s, ' ')
		if s[0] == '[' {
			end = bytes.IndexByte(s, ']') + 1
		}
		if end <= 0 || end >= len(s) {
			return false
		}
		s = skipBlanks(s[end:])
	}
	switch {
	case len(s) == 0:
		return false
	case bytes.HasPrefix(s, []byte("<...")):
		return bytes.Contains(s, []byte(" resumed"))
	case bytes.HasPrefix(s, []byte("--- SIG")), bytes.HasPrefix(s, []byte("+++ exited")), bytes.HasPrefix(s, []byte("+++ killed")):
		return true
	}
	open := 0
	for open < len(s) && nameByte[s[open]] {
		open++
	}
	if open == 0 || open == len(s) || s[open] != '(' || !callName(s[:open]) {
		return false
	}
	rest := s[open+1:]
	if bytes.HasSuffix(rest, []byte(" ...>")) || hasResult(rest) {
		return true
	}
	last := s[len(s)-1]
	return sysOf(s[:open]) != SysOther && bytes.IndexByte(rest, ')') < 0 && last != ';' && last != '{' // its end was cut off
}

// hasResult says whether a call's parenthesis is closed and a result follows: ") = 5", ")      = -1 EAGAIN", ") = ?".
func hasResult(s []byte) bool {
	for {
		i := bytes.LastIndexByte(s, ')')
		if i < 0 {
			return false
		}
		if rest := skipBlanks(s[i+1:]); len(rest) > 2 && len(rest) < len(s)-i-1 && rest[0] == '=' && rest[1] == ' ' {
			if c := rest[2]; isDigit(c) || c == '-' || c == '?' {
				return true
			}
		}
		s = s[:i]
	}
}

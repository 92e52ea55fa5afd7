package probe

import "bytes"

// What happens to a log between a terminal and us: it is quoted in a mail, pasted into an issue among sentences, indented,
// coloured, made a list, run through a web page. parsePasted reads a line as it is and, only if that fails, without what such
// a journey puts around it. s is the line as it was understood.
func parsePasted(l *line, s []byte, colours bool) (clean []byte) {
	if colours && bytes.IndexByte(s, 0x1b) >= 0 {
		s = dropColours(s)
	}
	if len(s) > 4 && s[len(s)-1] == ';' && bytes.HasSuffix(s, []byte("&gt;")) {
		s = unwrap(s)
	}
	if parseLine(l, s); l.what != isUnknown {
		return s
	}
	clean = unwrap(s)
	switch {
	case len(clean) == 0, fence(clean), stackLine(s):
		*l = line{what: isNothing}
	case len(clean) != len(s):
		parseLine(l, clean)
	}
	return clean
}

// unwrap takes off quote marks, bullets, back quotes, and what web pages make of < and >.
func unwrap(s []byte) []byte {
	if bytes.IndexByte(s, '&') >= 0 && bytes.Contains(s, []byte("t;")) {
		s = bytes.ReplaceAll(s, []byte("&lt;"), []byte("<"))
		s = bytes.ReplaceAll(s, []byte("&gt;"), []byte(">"))
		s = bytes.ReplaceAll(s, []byte("&quot;"), []byte(`"`))
		s = bytes.ReplaceAll(s, []byte("&amp;"), []byte("&"))
	}
	s = bytes.TrimRight(s, " \t\r")
	for len(s) > 0 {
		switch {
		case s[0] == ' ', s[0] == '\t', s[0] == '>', s[0] == '|', s[0] == '*', s[0] == '`' && !fence(s):
			s = s[1:]
		case s[0] == '-' && len(s) > 1 && s[1] == ' ', s[0] == '+' && len(s) > 1 && s[1] == ' ':
			s = s[2:] // a bullet, or a line of a patch; --- and +++ are strace's own
		case bytes.HasPrefix(s, []byte("•")), bytes.HasPrefix(s, []byte("│")):
			s = s[3:]
		case bytes.HasPrefix(s, []byte("\u00a0")), bytes.HasPrefix(s, []byte("»")):
			s = s[2:]
		case isDigit(s[0]): // "12. " or "12: ", a numbered line
			i := 1
			for i < len(s) && i < 7 && isDigit(s[i]) {
				i++
			}
			if i+1 < len(s) && (s[i] == '.' || s[i] == ':' || s[i] == ')' || s[i] == '|') && (s[i+1] == ' ' || s[i+1] == '\t') {
				s = s[i+2:]
				continue
			}
			return trimTick(s)
		default:
			return trimTick(s)
		}
	}
	return s
}

func trimTick(s []byte) []byte {
	if s[len(s)-1] == '`' && !fence(s) {
		return s[:len(s)-1]
	}
	return s
}

// fence says whether a line begins or ends a block of code.
func fence(s []byte) bool {
	return bytes.HasPrefix(s, []byte("```")) || bytes.HasPrefix(s, []byte("~~~"))
}

// stackLine says whether a line is one of a stack that -k prints: " > /lib/libc.so.6(epoll_wait+0x56) [0x10fd56]".
func stackLine(s []byte) bool {
	bare := bytes.TrimLeft(bytes.TrimSpace(s), "> |\t")
	if bytes.IndexByte(s[:bytes.Index(s, bare)], '>') < 0 {
		return false
	}
	s = bare
	return len(s) > 0 && s[len(s)-1] == ']' && bytes.Contains(s, []byte("[0x")) || bytes.HasPrefix(s, []byte("unexpected_backtracing_error"))
}

// dropColours takes out what a terminal understands as colours and other commands (ECMA-48 control sequences).
func dropColours(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != 0x1b {
			out = append(out, s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '[' {
			j := i + 2
			for j < len(s) && s[j] >= 0x20 && s[j] < 0x40 {
				j++
			}
			i = j // the final byte
		}
	}
	return out
}

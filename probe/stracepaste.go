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
	case len(clean) == 0, bareFence(clean), stackLine(s), tagsOnly(clean), bareMarker(clean), pagerMark(s):
		*l = line{what: isNothing}
		return clean
	case len(clean) != len(s):
		if parseLine(l, clean); l.what != isUnknown {
			return clean
		}
	}
	if out, ok := parseForms(l, clean); ok {
		return out
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
		case s[0] == ' ', s[0] == '\t', s[0] == '>', s[0] == '|', s[0] == '*', s[0] == '#', s[0] == ';', s[0] == '`' && !fence(s):
			s = s[1:]
		case fence(s) && !bareFence(s): // glued to a line
			s = bytes.TrimLeft(s, "`~")
		case (s[0] == '-' || s[0] == '+' || s[0] == '$' || s[0] == '%') && len(s) > 1 && s[1] == ' ':
			s = s[2:] // a bullet, a line of a patch, a prompt; --- and +++ are strace's own
		case s[0] == '-' && s[len(s)-1] != '-' && bytes.HasPrefix(s, []byte("-- ")):
			s = s[3:] // a comment of SQL, Lua or Haskell
		case s[0] == '/' && len(s) > 1 && (s[1] == '/' || s[1] == '*'):
			s = s[2:]
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
			if i+1 < len(s) && s[i] == '\t' { // cat -n, nl
				s = s[i+1:]
				continue
			}
			return trimTick(s)
		default:
			return trimTick(s)
		}
	}
	return s
}

// trimTick takes back quotes off the end of a line.
func trimTick(s []byte) []byte {
	if bareFence(s) {
		return s
	}
	return bytes.TrimRight(s, "` \t")
}

// fence says whether a line begins or ends a block of code.
func fence(s []byte) bool {
	return bytes.HasPrefix(s, []byte("```")) || bytes.HasPrefix(s, []byte("~~~"))
}

// bareFence says whether a line is a fence and nothing else, but for the name of a language.
func bareFence(s []byte) bool {
	if !fence(s) {
		return false
	}
	for _, c := range bytes.TrimSpace(bytes.TrimLeft(s, "`~")) {
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || isDigit(c) || c == '-' || c == '_' || c == '+' || c == '.' || c == '{' || c == '}') {
			return false
		}
	}
	return true
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

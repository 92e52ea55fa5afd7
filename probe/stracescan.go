package probe

import "strings"

// The grammar of what strace prints between a call's parentheses: values separated by ", ", nested in (), [] and {}, with
// strings in double quotes, comments (-X verbose) and, behind descriptors, decorations in <> (-y). Nothing here allocates
// more than the text is long, and every function comes to an end on any text.

// skipString gives the position behind the string that begins at i, -1 when it does not end.
func skipString(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// skipDecoration gives the position behind the decoration that begins at i, -1 when it does not end. A '>' within brackets
// belongs to an arrow between two addresses.
func skipDecoration(s string, i int) int {
	angle, square := 0, 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			if i = skipString(s, i); i < 0 {
				return -1
			}
			i--
		case '<':
			angle++
		case '[':
			square++
		case ']':
			square = max(square-1, 0)
		case '>':
			if square > 0 {
				continue
			}
			if angle--; angle == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// decorates says whether the '<' at i follows a descriptor.
func decorates(s string, i int) bool { return i > 0 && s[i-1] >= '0' && s[i-1] <= '9' }

// scanList splits what follows an opening bracket at the commas of its own level. rest begins with the closing bracket; it
// is empty when there is none, which is so for a call that never came back.
func scanList(s string) (items []string, rest string) {
	depth, from := 0, 0
	add := func(to int) {
		if t := strings.TrimSpace(s[from:to]); t != "" {
			items = append(items, t)
		}
		from = to + 1
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			if i = skipString(s, i); i < 0 {
				add(len(s))
				return items, ""
			}
			i--
		case '<':
			if decorates(s, i) {
				end := skipDecoration(s, i)
				if end < 0 {
					add(len(s))
					return items, ""
				}
				i = end - 1
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth == 0 {
				add(i)
				return items, s[i:]
			}
			depth--
		case ',':
			if depth == 0 {
				add(i)
			}
		}
	}
	add(len(s))
	return items, ""
}

// dropComments takes out what -X verbose adds.
func dropComments(s string) string {
	if !strings.Contains(s, "/*") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch {
		case s[i] == '"':
			end := skipString(s, i)
			if end < 0 {
				end = len(s)
			}
			b.WriteString(s[i:end])
			i = end
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i:], "*/")
			if end < 0 {
				return b.String()
			}
			i += end + 2
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

// inside gives the items of a list in the given brackets.
func inside(s string, open byte) (items []string, ok bool) {
	if s == "" || s[0] != open {
		return nil, false
	}
	items, rest := scanList(s[1:])
	return items, rest != ""
}

// quoted is the text of the string at the start of s, its escapes undone, and whether there is one.
func quoted(s string) (string, bool) {
	if s == "" || s[0] != '"' {
		return "", false
	}
	end := skipString(s, 0)
	if end < 0 {
		return "", false
	}
	s = s[1 : end-1]
	if !strings.Contains(s, `\`) {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; {
		case c == 'x' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		case c >= '0' && c <= '7':
			v, n := 0, 0
			for ; n < 3 && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '7'; n++ {
				v = v<<3 | int(s[i+n]-'0')
			}
			b = append(b, byte(v))
			i += n - 1
		default:
			if at := strings.IndexByte("abfnrtv", c); at >= 0 {
				c = "\a\b\f\n\r\t\v"[at]
			}
			b = append(b, c)
		}
	}
	return string(b), true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

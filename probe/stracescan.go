package probe

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// The grammar of what strace prints between a call's parentheses: values separated by ", ", nested in (), [] and {}, with
// strings in double quotes, comments (-X verbose) and, behind descriptors, decorations in <> (-y). Nothing here allocates
// more than the text is long, and every function comes to an end on any text.

// Classes of the bytes that mean something to the grammar.
const (
	clPlain = iota
	clQuote
	clAngle
	clOpen
	clClose
	clComma
)

var classOf = func() (t [256]uint8) {
	t['"'], t['<'], t[','] = clQuote, clAngle, clComma
	for _, c := range "([{" {
		t[c] = clOpen
	}
	for _, c := range ")]}" {
		t[c] = clClose
	}
	return
}()

// skipString gives the position behind the string that begins at i, -1 when it does not end.
func skipString(s []byte, i int) int {
	for i++; ; {
		n := bytes.IndexByte(s[i:], '"')
		if n < 0 {
			return -1
		}
		i += n + 1
		back := 0
		for j := i - 2; s[j] == '\\' && back < n; j-- {
			back++
		}
		if back&1 == 0 {
			return i
		}
	}
}

// skipDecoration gives the position behind the decoration that begins at i, -1 when it does not end. A '>' within brackets
// belongs to an arrow between two addresses.
func skipDecoration(s []byte, i int) int {
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

// decorates says whether the '<' at i follows a descriptor. Two of them are a shift: 1<<CAP_KILL.
func decorates(s []byte, i int) bool {
	return i > 0 && isDigit(s[i-1]) && (i+1 == len(s) || s[i+1] != '<')
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// list goes through what follows an opening bracket, item by item.
type list struct {
	s []byte // what is left; it begins with the closing bracket when the items are through, and is empty without one
}

// next is the next item. ok is false when there is none.
func (l *list) next() (item []byte, ok bool) {
	s := l.s
	for len(s) > 0 && (s[0] == ' ' || s[0] == ',') {
		s = s[1:]
	}
	depth, i := 0, 0
scan:
	for i < len(s) {
		switch classOf[s[i]] {
		case clQuote:
			if i = skipString(s, i); i < 0 {
				i = len(s)
				break scan
			}
			continue
		case clAngle:
			if decorates(s, i) {
				end := skipDecoration(s, i)
				if end < 0 {
					i = len(s)
					break scan
				}
				i = end
				continue
			}
		case clOpen:
			depth++
		case clClose:
			if depth == 0 {
				break scan
			}
			depth--
		case clComma:
			if depth == 0 {
				break scan
			}
		}
		i++
	}
	item, l.s = s[:i], s[i:]
	for len(item) > 0 && item[len(item)-1] == ' ' {
		item = item[:len(item)-1]
	}
	return item, len(item) > 0
}

// inside is the list in the given brackets.
func inside(s []byte, open byte) (l list, ok bool) {
	if len(s) == 0 || s[0] != open {
		return l, false
	}
	return list{s[1:]}, true
}

// field splits "name=value"; name is empty where there is none.
func field(item []byte) (name, value []byte) {
	for i, c := range item {
		switch {
		case c == '=':
			return item[:i], item[i+1:]
		case !(c >= 'a' && c <= 'z' || c == '_' || isDigit(c)):
			return nil, item
		}
	}
	return nil, item
}

// dropComments takes out what -X verbose adds, in place of s.
func dropComments(s []byte) []byte {
	at := bytes.IndexByte(s, '/')
	if at < 0 || !bytes.Contains(s[at:], []byte("/*")) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		switch {
		case s[i] == '"':
			end := skipString(s, i)
			if end < 0 {
				end = len(s)
			}
			out = append(out, s[i:end]...)
			i = end
		case s[i] == '/' && i+1 < len(s) && s[i+1] == '*':
			end := bytes.Index(s[i:], []byte("*/"))
			if end < 0 {
				return out
			}
			i += end + 2
		default:
			out = append(out, s[i])
			i++
		}
	}
	return out
}

// quoted is the text of the string at the start of s, its escapes undone, and whether there is one. It may be s itself.
func quoted(s []byte) ([]byte, bool) {
	if len(s) == 0 || s[0] != '"' {
		return nil, false
	}
	end := skipString(s, 0)
	if end < 0 {
		return nil, false
	}
	s = s[1 : end-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return s, true
	}
	return unescape(make([]byte, 0, len(s)), s), true
}

// unescape undoes the escapes of C.
func unescape(b, s []byte) []byte {
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
			if at := bytes.IndexByte([]byte("abfnrtv"), c); at >= 0 {
				c = "\a\b\f\n\r\t\v"[at]
			}
			b = append(b, c)
		}
	}
	return b
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

// number reads a number of C: decimal, octal, hexadecimal, also negative, and NULL.
func number(s []byte) (v uint64, ok bool) {
	if len(s) == 0 {
		return 0, false
	}
	if s[0] == '-' {
		v, ok = number(s[1:])
		return -v, ok && len(s) > 1 && isDigit(s[1]) && v <= 1<<63
	}
	base := uint64(10)
	if s[0] == '0' && len(s) > 1 {
		base = 8
		if s = s[1:]; s[0] == 'x' || s[0] == 'X' {
			base, s = 16, s[1:]
		}
	}
	if len(s) == 0 || len(s) > 22 {
		return 0, false
	}
	for _, c := range s {
		d := uint64(99)
		switch {
		case isDigit(c):
			d = uint64(c - '0')
		case base == 16 && isHex(c):
			d = uint64(unhex(c))
		}
		if d >= base {
			return 0, string(s) == "NULL"
		}
		if v > (math.MaxUint64-d)/base {
			return 0, false
		}
		v = v*base + d
	}
	return v, true
}

// decimal reads an unsigned decimal number of at most 18 digits.
func decimal(s []byte) (v int64, ok bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for _, c := range s {
		if !isDigit(c) {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

// after is the word behind a mark.
func after(s []byte, mark string) []byte {
	i := bytes.Index(s, []byte(mark))
	if i < 0 {
		return nil
	}
	s = s[i+len(mark):]
	if i = bytes.IndexAny(s, ", })"); i >= 0 {
		s = s[:i]
	}
	return s
}

// between is the text between two marks, nil when they are not there.
func between(s []byte, from, to string) []byte {
	i := bytes.Index(s, []byte(from))
	if i < 0 {
		return nil
	}
	s = s[i+len(from):]
	if i = bytes.Index(s, []byte(to)); i < 0 {
		return nil
	}
	return s[:i]
}

// clip is the beginning of a text, for showing it.
func clip(s []byte, n int) string {
	if len(s) <= n {
		return string(bytes.ToValidUTF8(s, []byte("?")))
	}
	for s = s[:n]; len(s) > 0 && !utf8.RuneStart(s[len(s)-1]); {
		s = s[:len(s)-1]
	}
	return string(bytes.ToValidUTF8(s, []byte("?"))) + "..."
}

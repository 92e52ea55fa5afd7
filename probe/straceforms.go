package probe

import (
	"bytes"
	"time"
)

// The forms in which text is pasted that take more than the beginning of a line (stracepaste.go): markup in the middle of it, and
// what other programs put before it. Nothing here is asked of a line that can be read as it is.

// forms are tried in turn on a line that is not understood; each gives nil where it has nothing to say. What comes out is never longer
// than what went in.
var forms = []func(s []byte) []byte{withoutMarkup, withoutSource, withoutService, bracketed, interrupted}

// parseForms reads a line that is not understood in the forms in which it may have been pasted.
func parseForms(l *line, s []byte) (clean []byte, ok bool) {
	if out, at := withoutLogger(s); out != nil {
		if parseLine(l, unwrap(out)); l.what != isUnknown {
			if l.stamp.kind == stampNone {
				l.stamp = at
			}
			return unwrap(out), true
		}
	}
	if out, at := withoutLabels(s); out != nil {
		parseLine(l, out)
		if l.stamp.kind == stampNone {
			l.stamp = at
		}
		return out, true
	}
	for range 3 { // one may hide another
		again := false
		for _, form := range forms {
			out := form(s)
			if len(out) == 0 {
				continue
			}
			out = unwrap(out)
			if parseLine(l, out); l.what != isUnknown {
				return out, true
			}
			if rest, at := withoutLabels(out); rest != nil {
				if parseLine(l, rest); l.stamp.kind == stampNone {
					l.stamp = at
				}
				return rest, true
			}
			if !again {
				s, again = out, true
			}
		}
		if !again {
			break
		}
	}
	*l = line{}
	return s, false
}

// inlineTags are the elements of HTML that stand inside a line, or around lines.
var inlineTags = map[string]bool{"b": true, "i": true, "em": true, "strong": true, "tt": true, "code": true, "pre": true, "p": true,
	"br": true, "span": true, "font": true, "div": true, "li": true, "ul": true, "u": true, "s": true, "a": true, "kbd": true, "samp": true,
	"blockquote": true, "td": true, "tr": true, "small": true, "mark": true, "var": true, "html": true, "body": true,
	"table": true, "tbody": true, "thead": true, "th": true, "ol": true, "hr": true}

// tagAt gives the position behind the tag that begins at i, and its name; -1 where there is none.
func tagAt(s []byte, i int) (end int, name string, closes bool) {
	j := i + 1
	if j < len(s) && s[j] == '/' {
		closes = true
		j++
	}
	k := j
	for k < len(s) && k-j < 11 && (s[k]|0x20 >= 'a' && s[k]|0x20 <= 'z') {
		k++
	}
	name = string(bytes.ToLower(s[j:k]))
	if !inlineTags[name] || k == len(s) || s[k] != '>' && s[k] != ' ' && s[k] != '/' {
		return -1, "", false
	}
	to := bytes.IndexByte(s[k:], '>')
	if to < 0 || to > 200 {
		return -1, "", false
	}
	return k + to + 1, name, closes
}

// withoutMarkup takes tags, stars and misread braces out of a line. Wikis make <tt> of {{ and a fence of {{{, and eat braces of strace
// with it: inside a call they stand for what they were.
func withoutMarkup(s []byte) []byte { return markup(s, false) }

// markup is withoutMarkup; inside says that all of s stands inside a call's parentheses.
func markup(s []byte, inside bool) []byte {
	bold := bytes.Contains(s, []byte("**"))
	ticks := bytes.Contains(s, []byte("```"))
	if !bold && !ticks && bytes.IndexByte(s, '<') < 0 && bytes.IndexByte(s, '_') < 0 {
		return nil
	}
	out := make([]byte, 0, len(s))
	depth, opened, changed := 0, 0, false // braces that are open; those that were tags
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			end := skipString(s, i)
			if end < 0 {
				end = len(s)
			}
			out = append(out, s[i:end]...)
			i = end
			continue
		case c == '*' && i+1 < len(s) && s[i+1] == '*':
			i, changed = i+2, true
			continue
		case c == '_' && i+1 < len(s) && s[i+1] == '_' && (len(out) == 0 || i+2 == len(s)):
			i, changed = i+2, true
			continue
		case c == '`' && bytes.HasPrefix(s[i:], []byte("```")):
			switch {
			case depth > 0:
				out = append(out, "}}}"...)
				depth = max(depth-3, 0)
			case len(bytes.TrimSpace(s[i+3:])) > 0 && len(out) > 0:
				out = append(out, "{{{"...)
				depth += 3
			}
			i, changed = i+3, true
			continue
		case c == '<':
			end, name, closes := tagAt(s, i)
			if end < 0 {
				break
			}
			if name == "tt" && (inside || bytes.IndexByte(out, '(') >= 0 || bytes.Contains(out, []byte("resumed>"))) {
				if closes && opened > 0 {
					out = append(out, "}}"...)
					opened--
				} else if !closes {
					out = append(out, "{{"...)
					opened++
				}
			}
			i, changed = end, true
			continue
		case c == '{':
			depth++
		case c == '}':
			depth = max(depth-1, 0)
		}
		out = append(out, s[i])
		i++
	}
	if !changed {
		return nil
	}
	return bytes.TrimSpace(out)
}

// tagsOnly says whether a line has nothing but tags: they begin or end a block, as a fence does.
func tagsOnly(s []byte) bool {
	s = bytes.TrimSpace(s)
	if len(s) == 0 || s[0] != '<' {
		return false
	}
	for len(s) > 0 {
		if s[0] != '<' {
			return false
		}
		end, _, _ := tagAt(s, 0)
		if end < 0 {
			return false
		}
		s = bytes.TrimSpace(s[end:])
	}
	return true
}

// withoutSource takes off what grep puts before a line: the name of a file, and the number of the line.
func withoutSource(s []byte) []byte {
	i := 0
	letters := false
	for i < len(s) && i < 256 && s[i] != ':' && s[i] != ' ' && s[i] != '\t' && s[i] != '(' && s[i] != '<' && s[i] != '[' && s[i] != '"' {
		letters = letters || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z'
		i++
	}
	if i == 0 || i+1 >= len(s) || s[i] != ':' {
		return nil
	}
	rest := s[i+1:]
	j := 0
	for j < len(rest) && j < 9 && isDigit(rest[j]) {
		j++
	}
	switch {
	case !letters: // grep -n alone; a time goes on with digits
		if isDigit(rest[0]) && !plainLine(rest) {
			return nil
		}
		return rest
	case j > 0 && j+1 < len(rest) && (rest[j] == ':' || rest[j] == '-') && (j+3 > len(rest) || !(isDigit(rest[j+1]) && j == 2 && timeOfDay(rest))):
		return rest[j+1:]
	}
	return skipBlanks(rest)
}

// timeOfDay says whether a text begins with one, as of strace -t.
func timeOfDay(s []byte) bool { return len(s) >= 8 && parseStamp(s[:8]).kind == stampDay }

// plainLine says whether a text can be read as a line.
func plainLine(s []byte) bool {
	var l line
	parseLine(&l, s)
	return l.what != isUnknown && l.what != isNothing
}

// withoutService takes off the name of the service that containers' logs put before a line: "web_1  | ".
func withoutService(s []byte) []byte {
	i := bytes.IndexByte(s, '|')
	if i < 1 || i > 64 || i+1 >= len(s) || s[i+1] != ' ' {
		return nil
	}
	for _, c := range bytes.TrimRight(s[:i], " ") {
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || isDigit(c) || c == '-' || c == '_' || c == '.' || c == '/') {
			return nil
		}
	}
	return s[i+2:]
}

// bracketed gives "pid 30025] ..." its bracket back, however much of its beginning was cut off.
func bracketed(s []byte) []byte {
	rest := s
	for _, cut := range []string{"pid ", "id ", "d "} {
		if bytes.HasPrefix(s, []byte(cut)) {
			rest = s[len(cut):]
			break
		}
	}
	num, rest, ok := bytes.Cut(skipBlanks(rest), []byte("] "))
	if tid, _ := threadOf(bytes.TrimSpace(append([]byte{'0'}, num...))); !ok || tid == 0 {
		return nil
	}
	return append(append(append(make([]byte, 0, len(s)), num...), ' '), skipBlanks(rest)...)
}

// interrupted takes off the ^C that a terminal shows where strace was ended, and what strace said then.
func interrupted(s []byte) []byte {
	if rest, ok := bytes.CutPrefix(s, []byte("^C")); ok {
		return rest
	}
	return nil
}

// loggerForms are the moments that loggers put before a line, with a date: nothing else looks like them.
var loggerForms = []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999", "2006/01/02 15:04:05.999999999"}

// withoutLogger takes off the moment that a logger wrote before a line, and gives it, where it is finer than a second. strace writes a
// line when a call is over, or begins, and so does whoever passes it on.
func withoutLogger(s []byte) (rest []byte, at stamp) {
	s = bytes.TrimLeft(s, "[( ")
	if len(s) > 20 && isDigit(s[0]) && isDigit(s[3]) && (s[4] == '-' || s[4] == '/') {
		end := 11
		for end < len(s) && end < 36 && (isDigit(s[end]) || s[end] == ':' || s[end] == '.' || s[end] == ',' || s[end] == 'Z' || s[end] == '+' || s[end] == '-') {
			end++
		}
		text := bytes.Replace(s[:end], []byte(","), []byte("."), 1)
		for _, form := range loggerForms {
			if m, err := time.Parse(form, string(bytes.TrimRight(text, ".-"))); err == nil {
				if ns := m.UnixNano(); ns%1e9 != 0 && ns > 1e8*1e9 && ns < maxSeconds*1e9 {
					at = stamp{kind: stampUnix, ns: ns}
				}
				return bytes.TrimLeft(s[end:], "]) \t:-"), at
			}
		}
		return nil, at
	}
	// syslog: "Jan  2 15:04:05 host program[12]: "
	if len(s) > 16 && s[3] == ' ' && s[6] == ' ' && timeOfDay(s[7:]) {
		if _, err := time.Parse("Jan _2", string(s[:6])); err == nil {
			rest := s[16:]
			if i := bytes.Index(rest, []byte(": ")); i > 0 && i < 100 {
				return rest[i+2:], at
			}
			return rest, at
		}
	}
	return nil, at
}

// namedArguments says whether a call is printed with the names of its arguments, as strace -N does: read(fd=3, buf="", count=8192).
func namedArguments(s []byte) bool {
	i := 0
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] == '_' || i > 0 && isDigit(s[i])) {
		i++
	}
	return i > 0 && i+1 < len(s) && s[i] == '=' && s[i+1] != ' '
}

// dropNames takes out the names of a call's arguments.
func dropNames(s []byte) []byte {
	out := make([]byte, 0, len(s))
	items := list{s}
	for {
		it, ok := items.next()
		if !ok {
			break
		}
		if namedArguments(it) {
			it = it[bytes.IndexByte(it, '=')+1:]
		}
		if len(out) > 0 {
			out = append(out, ", "...)
		}
		out = append(out, it...)
	}
	return append(out, items.s...)
}

// quotedPrintable undoes the encoding of mails (RFC 2045): =3D is =.
func quotedPrintable(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) && upperHex(s[i+1]) && upperHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

func upperHex(c byte) bool { return isDigit(c) || c >= 'A' && c <= 'F' }

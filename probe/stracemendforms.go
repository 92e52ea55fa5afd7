package probe

import (
	"bytes"
	"html"
	"strconv"
	"time"
	"unicode/utf8"
)

// Each form takes a text of one line and gives what it may have been before it was pasted, in lines; nil where it has nothing to say.

// blockTags are the elements of HTML that end a line.
var blockTags = map[string]bool{"br": true, "p": true, "pre": true, "div": true, "li": true, "ul": true, "ol": true, "tr": true, "td": true,
	"th": true, "table": true, "tbody": true, "thead": true, "blockquote": true, "html": true, "body": true, "hr": true}

// byTags ends lines where a page does. A cell of a table is a line; one that holds but a number is left out.
func byTags(s []byte) []byte {
	if bytes.IndexByte(s, '<') < 0 || bytes.IndexByte(s, '>') < 0 {
		return nil
	}
	var out []byte
	from, changed := 0, false
	put := func(to int) {
		if piece := bytes.TrimSpace(s[from:to]); len(piece) > 0 {
			if _, ok := decimal(piece); !ok {
				out = append(append(out, piece...), '\n')
			}
		}
	}
	for i := 0; i < len(s); {
		if s[i] == '"' {
			if i = skipString(s, i); i < 0 {
				return nil
			}
			continue
		}
		if s[i] == '<' && (i == 0 || !isDigit(s[i-1]) || blockEnd(s[i:])) { // 3<...> is a descriptor with its name
			if end, name := elementAt(s, i); end > 0 && blockTags[name] {
				put(i)
				i, from, changed = end, end, true
				continue
			}
		}
		i++
	}
	if !changed {
		return nil
	}
	put(len(s))
	return out
}

// blockEnd says whether a text begins with a tag that may stand right behind a result: "= 1<br>", "= 1</td>".
func blockEnd(s []byte) bool {
	end, name := elementAt(s, 0)
	return end > 0 && blockTags[name]
}

// elementAt gives the position behind the tag that begins at i, and its name; 0 where there is none. It takes nothing that could be a
// path, "</pre/x>".
func elementAt(s []byte, i int) (end int, name string) {
	j := i + 1
	closes := j < len(s) && s[j] == '/'
	if closes {
		j++
	}
	k := j
	for k < len(s) && k-j < 11 && s[k]|0x20 >= 'a' && s[k]|0x20 <= 'z' {
		k++
	}
	name = string(bytes.ToLower(s[j:k]))
	to := bytes.IndexByte(s[k:min(k+200, len(s))], '>')
	if k == j || to < 0 {
		return 0, ""
	}
	inner := bytes.TrimSpace(s[k : k+to])
	if len(inner) > 0 && string(inner) != "/" && (closes || s[k] != ' ' || bytes.IndexByte(inner, '=') < 0) {
		return 0, ""
	}
	return k + to + 1, name
}

// byReturns ends lines at carriage returns.
func byReturns(s []byte) []byte {
	s = bytes.TrimRight(s, "\r")
	if bytes.IndexByte(s, '\r') < 0 {
		return nil
	}
	return bytes.ReplaceAll(s, []byte("\r"), []byte("\n"))
}

// markerAt gives the length of what begins or ends a block in wikis and forums at the beginning of s, 0 where there is none:
// "{noformat}", "{code:title=x}", "[/code]", "[color=red]".
func markerAt(s []byte) int {
	if len(s) < 3 || s[0] != '{' && s[0] != '[' {
		return 0
	}
	i := 1
	if s[0] == '[' && s[1] == '/' {
		i++
	}
	k := i
	for k < len(s) && k-i < 9 && s[k]|0x20 >= 'a' && s[k]|0x20 <= 'z' {
		k++
	}
	var ends byte
	switch name := string(bytes.ToLower(s[i:k])); {
	case s[0] == '{' && (name == "noformat" || name == "code" || name == "quote" || name == "panel"):
		ends = '}'
	case s[0] == '[' && (name == "code" || name == "quote" || name == "pre" || name == "tt" || name == "font" || name == "color" ||
		name == "size" || name == "spoiler" || name == "noparse"):
		ends = ']'
	default:
		return 0
	}
	to := bytes.IndexByte(s[k:], ends)
	if to < 0 || to > 60 || to > 0 && s[k] != ':' && s[k] != '=' {
		return 0
	}
	return k + to + 1
}

// bareMarker says whether a line is such a mark, or several, and nothing else.
func bareMarker(s []byte) bool {
	if s = bytes.TrimSpace(s); len(s) == 0 {
		return false
	}
	for len(s) > 0 {
		n := markerAt(s)
		if n == 0 {
			return false
		}
		s = bytes.TrimSpace(s[n:])
	}
	return true
}

// byMarkers gives marks that are glued to a line a line of their own.
func byMarkers(s []byte) []byte {
	var out, tail []byte
	s = bytes.TrimSpace(s)
	for n := markerAt(s); n > 0 && len(out) < 200; n = markerAt(s) {
		out = append(append(out, s[:n]...), '\n')
		s = bytes.TrimSpace(s[n:])
	}
	for len(s) > 0 && len(tail) < 200 && (s[len(s)-1] == '}' || s[len(s)-1] == ']') {
		at := bytes.LastIndexByte(s, map[byte]byte{'}': '{', ']': '['}[s[len(s)-1]])
		if at <= 0 || markerAt(s[at:]) != len(s)-at {
			break
		}
		tail = append(append(append([]byte{}, s[at:]...), '\n'), tail...)
		s = bytes.TrimSpace(s[:at])
	}
	if len(out) == 0 && len(tail) == 0 {
		return nil
	}
	return append(append(append(out, s...), '\n'), tail...)
}

// withoutEntities undoes what pages make of characters, once.
func withoutEntities(s []byte) []byte {
	if bytes.IndexByte(s, '&') < 0 || bytes.IndexByte(s, ';') < 0 {
		return nil
	}
	if out := html.UnescapeString(string(s)); out != string(s) {
		return []byte(out)
	}
	return nil
}

// unescaped undoes it as often as it was done, in a line of which every quotation mark has become an entity.
func unescaped(s []byte) []byte {
	if bytes.IndexByte(s, '&') < 0 || bytes.IndexByte(s, '"') >= 0 || bytes.IndexByte(s, '<') >= 0 {
		return s
	}
	for range 3 {
		out := withoutEntities(s)
		if out == nil || bytes.IndexByte(out, '\n') >= 0 {
			break
		}
		if s = out; bytes.IndexByte(s, '"') >= 0 {
			break
		}
	}
	return s
}

// typed undoes what typesetting makes of characters. strace prints ASCII, but for names of files and programs.
func typed(s []byte) []byte {
	if ascii(s) {
		return nil
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] < 0x80 {
			out = append(out, s[i])
			i++
			continue
		}
		c, size := utf8.DecodeRune(s[i:])
		if c == utf8.RuneError && size == 1 {
			c = windows[s[i]]
		}
		switch {
		case c == 0xa0, c >= 0x2000 && c <= 0x200a, c == 0x202f, c == 0x205f, c == 0x3000: // blanks
			out = append(out, ' ')
		case c == 0xad, c >= 0x200b && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x2060 && c <= 0x2064, c == 0xfeff: // of no width
		case c == 0x2028, c == 0x2029, c == 0x85:
			out = append(out, '\n')
		case c >= 0x2010 && c <= 0x2015, c == 0x2212:
			out = append(out, '-')
		case c >= 0x201c && c <= 0x201f, c == 0x2033, c == 0xab, c == 0xbb:
			out = append(out, '"')
		case c >= 0x2018 && c <= 0x201b, c == 0x2032:
			out = append(out, '\'')
		case c == 0x2026:
			out = append(out, "..."...)
		default:
			out = append(out, s[i:i+size]...)
		}
		i += size
	}
	if bytes.Equal(out, s) {
		return nil
	}
	return out
}

// windows are the bytes of Windows' own encoding that stand for what typed looks for.
var windows = map[byte]rune{0x85: 0x2026, 0x91: 0x2018, 0x92: 0x2019, 0x93: 0x201c, 0x94: 0x201d, 0x96: 0x2013, 0x97: 0x2014, 0xa0: 0xa0}

// structural says whether a text can stand before a string in another program's data: brackets, names with : or =, other values. Prose and
// calls are none.
func structural(s []byte) bool {
	if len(s) > 400 || bytes.IndexByte(s, '(') >= 0 {
		return false
	}
	for _, w := range bytes.Fields(s) {
		if c := w[len(w)-1]; bytes.IndexByte([]byte(":,;={[-"), c) < 0 && bytes.IndexByte(w, '=') < 0 && !isDigit(w[0]) {
			return false
		}
	}
	return true
}

// fromTable gives the fields of a line of comma-separated values that stand in quotation marks: a mark inside is doubled.
func fromTable(s []byte) []byte {
	if !bytes.Contains(s, []byte(`""`)) {
		return nil
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '"' || i > 0 && bytes.IndexByte([]byte(",;\t "), s[i-1]) < 0 {
			continue
		}
		if len(out) == 0 && !structural(s[:i]) {
			return nil
		}
		var field []byte
		for i++; i < len(s); i++ {
			if s[i] == '"' {
				if i+1 >= len(s) || s[i+1] != '"' {
					break
				}
				i++
			}
			field = append(field, s[i])
		}
		if i >= len(s) {
			return nil
		}
		if bytes.IndexByte(field, '(') >= 0 || bytes.Contains(field, []byte("---")) || bytes.Contains(field, []byte("+++")) || bytes.Contains(field, []byte("<...")) {
			out = append(append(out, field...), '\n')
		}
	}
	return out
}

// fromColumns gives the field of such a line that holds a call, where it needs no quotation marks. Numbers and moments stand before it.
func fromColumns(s []byte) []byte {
	open := bytes.IndexByte(s, '(')
	for _, mark := range []string{"<... ", "+++ ", "--- "} {
		if i := bytes.Index(s, []byte(mark)); i >= 0 && (open < 0 || i < open) {
			open = i
		}
	}
	if open < 0 || open > 200 {
		return nil
	}
	from := bytes.LastIndexAny(s[:open], ",;\t") + 1
	if from == 0 || len(bytes.Trim(s[:from], "0123456789.,:;-+TZ\"\t ")) > 0 {
		return nil
	}
	s = bytes.TrimSpace(s[from:])
	if end := bytes.LastIndex(s, []byte(") = ")); end >= 0 {
		if i := bytes.IndexAny(s[end:], ",;\t"); i > 0 {
			s = s[:end+i]
		}
	}
	return s
}

// fromStrings gives the lines of what stands in a string of JSON, YAML, a programming language or a logger's field. Where the data hold a
// moment beside a single line, it goes before that line.
func fromStrings(s []byte) []byte {
	var out, moment []byte
	lines := 0
	first := true
	for i := 0; i < len(s); {
		mark := s[i]
		if mark != '"' && mark != '\'' {
			i++
			continue
		}
		if first && !structural(s[:i]) {
			return nil
		}
		first = false
		text, end := stringAt(s, i)
		if end < 0 {
			return nil
		}
		i = end
		switch {
		case bytes.IndexByte(text, '(') >= 0, bytes.Contains(text, []byte("---")), bytes.Contains(text, []byte("+++")), bytes.Contains(text, []byte("<...")):
			for l := range bytes.Lines(text) {
				if l = bytes.TrimSpace(l); len(l) > 0 {
					out = append(append(out, l...), '\n')
					lines++
				}
			}
		case len(text) > 20 && len(text) < 36:
			if _, err := time.Parse(time.RFC3339Nano, string(text)); err == nil {
				moment = text
			}
		}
	}
	if lines == 1 && moment != nil {
		return append(append(bytes.Clone(moment), ' '), out...)
	}
	return out
}

// stringAt reads the string that begins at i with a mark, and undoes what a backslash says of the character behind it. end is -1 where it
// does not end.
func stringAt(s []byte, i int) (text []byte, end int) {
	mark := s[i]
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == mark:
			return text, i + 1
		case c != '\\' || i+1 == len(s):
			text = append(text, c)
		default:
			i++
			switch s[i] {
			case 'n':
				text = append(text, '\n')
			case 'r':
				text = append(text, '\n')
			case 't':
				text = append(text, '\t')
			case 'u':
				if i+4 < len(s) {
					if v, err := strconv.ParseUint(string(s[i+1:i+5]), 16, 16); err == nil {
						text = utf8.AppendRune(text, rune(v))
						i += 4
						continue
					}
				}
				text = append(text, '\\', 'u')
			case '"', '\'', '\\', '/':
				text = append(text, s[i])
			default:
				text = append(text, '\\', s[i])
			}
		}
	}
	return nil, -1
}

// withoutPatch takes off the sign that a patch puts before every line.
func withoutPatch(s []byte) []byte {
	if len(s) < 4 || s[0] != '+' && s[0] != '-' || s[1] == ' ' {
		return nil
	}
	return s[1:]
}

// removed says whether a line is one that a patch takes out of a log: the lines that it puts in are the log.
func (n *input) removed(l *line, s []byte) bool {
	return l.what == isUnknown && len(s) > 4 && s[0] == '-' && s[1] != '-' && s[1] != ' ' && plainLine(s[1:]) &&
		(n.patched || bytes.Contains(n.buf[n.from:n.to], []byte("\n+")))
}

// patchHead says whether a line tells which part of which file a patch is about.
func patchHead(s []byte) bool {
	return bytes.HasPrefix(s, []byte("@@ -")) || bytes.HasPrefix(s, []byte("--- a/")) || bytes.HasPrefix(s, []byte("+++ b/")) ||
		bytes.HasPrefix(s, []byte("--- /dev/null")) || bytes.HasPrefix(s, []byte("diff --git "))
}

// pagerMark says whether a line is what a pager shows below a page: "--More--(12%)".
func pagerMark(s []byte) bool {
	if s = bytes.TrimSpace(s); len(s) > 16 {
		return false
	}
	s = bytes.ToLower(s)
	return bytes.HasPrefix(s, []byte("--more--")) && len(s) < 16 || string(s) == "-- more --" || string(s) == "(end)"
}

// severalByTags says whether a page's marks make several lines of a text.
func severalByTags(s []byte) bool {
	if out := withoutEntities(s); out != nil {
		s = out
	}
	if bytes.Contains(s, []byte("<td")) || bytes.Contains(s, []byte("<TD")) {
		return byTags(s) != nil // what stands in two cells is not one word
	}
	return bytes.IndexByte(s, '<') >= 0 && bytes.Count(byTags(s), []byte("\n")) > 1
}

// byCalls ends a line behind each result where another line of strace seems to begin: all lines have become one. Nearly every one
// must be a line, which mended does not ask, so it is asked here.
func byCalls(s []byte) []byte {
	var out []byte
	from, depth, result, n := 0, 0, false, 0
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' && !result:
			end := skipString(s, i)
			if end < 0 {
				return nil
			}
			i = end
			continue
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth = max(depth-1, 0)
			if c == ')' && depth == 0 {
				if rest := skipBlanks(s[i+1:]); bytes.HasPrefix(rest, []byte("= ")) {
					result = true
					i = len(s) - len(rest) + 2
					continue
				}
			}
		case c == '>' && bytes.HasSuffix(s[:i+1], txtUnfinished):
			depth, result = 0, true
		case (c == '+' || c == '-') && depth == 0 && (bytes.HasSuffix(s[:i+1], []byte(" +++")) || bytes.HasSuffix(s[:i+1], []byte(" ---"))):
			result = true
		case (c == ' ' || c == '\t') && depth == 0 && result && beginsLine(s[i+1:]):
			out = append(append(out, bytes.TrimRight(bytes.TrimSpace(s[from:i]), ";,")...), '\n')
			from, result = i+1, false
			n++
		}
		i++
	}
	if n == 0 {
		return nil
	}
	out = append(append(out, bytes.TrimRight(bytes.TrimSpace(s[from:]), ";,")...), '\n')
	odd := 0
	for l := range bytes.Lines(out) {
		var at line
		if parsePasted(&at, bytes.TrimSpace(l), false); at.what == isUnknown || at.what == isNothing {
			odd++
		}
	}
	if odd*20 > n { // prose has a few, a long log may have been cut wrongly somewhere
		return nil
	}
	return out
}

// beginsLine says whether a text looks like the beginning of a line of strace.
func beginsLine(s []byte) bool {
	if bytes.HasPrefix(s, []byte("[pid")) {
		return true
	}
	for range 3 { // a thread, and times
		i := 0
		for i < len(s) && (isDigit(s[i]) || s[i] == ':' || s[i] == '.') {
			i++
		}
		if i == 0 || i == len(s) || s[i] != ' ' {
			break
		}
		s = skipBlanks(s[i:])
	}
	for _, mark := range []string{"<... ", "--- SIG", "+++ exited", "+++ killed", "+++ superseded"} {
		if bytes.HasPrefix(s, []byte(mark)) {
			return true
		}
	}
	open := 0
	for open < len(s) && nameByte[s[open]] {
		open++
	}
	return open > 2 && open < len(s) && s[open] == '(' && callName(s[:open])
}

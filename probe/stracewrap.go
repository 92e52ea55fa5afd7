package probe

import "bytes"

// Lines that a terminal, a form or a mail broke at a column, wherever that was: inside a word, a number, a string. Each piece but the last is as wide
// as the others. They are put together without anything between them, and only where that makes a call of them that can be read.

// leastWidth is the narrowest column at which anything breaks lines.
const leastWidth = 40

// brokenAt notes that a line was put together whose first piece is this.
func (n *input) brokenAt(first []byte) {
	width := len(bytes.TrimRight(first, "\r"))
	if width == n.lastWidth && width >= leastWidth {
		n.wrapAt = width
	}
	n.lastWidth = width
}

// unwrapped puts a call together that was broken at a column, and takes the lines that are in it; nil where that makes no call of it.
// ends says that the first piece has a result: then that must be cut, or the width one at which lines of this text were broken before.
func (r *straceReader) unwrapped(n *input, raw []byte, ends bool) []byte {
	raw = bytes.TrimRight(raw, "\r")
	width := len(raw)
	lacks := ends && !lasted(raw) && n.lasts // a duration, which other lines have
	n.lasts = n.lasts || ends && lasted(raw)
	if width < leastWidth || ends && width != n.wrapAt && !lacks && !cutInside(raw) {
		return nil
	}
	text, more := r.wrapped(n, raw, width)
	if more == 0 || lacks && width != n.wrapAt && !lasted(text) {
		return nil
	}
	n.brokenAt(raw)
	r.skip(n, more)
	parsePasted(&n.l, text, n.colours)
	n.l.whole = true
	return text
}

// wrapped is unwrapped without taking the lines; it says how many they are.
func (r *straceReader) wrapped(n *input, raw []byte, width int) (text []byte, more int) {
	first := n.l
	all := bytes.Clone(bytes.TrimRight(raw, "\r"))
	for i := 0; i < maxPieces && len(all) < maxTogether; i++ {
		piece, ok := n.peek(i)
		if !ok {
			break
		}
		piece = bytes.TrimRight(piece, "\r")
		if len(piece) == 0 || len(piece) > width {
			break
		}
		last := len(piece) < width
		if bothQuoted(raw, piece) {
			piece = piece[2:]
		}
		if !r.restOf(&first, piece, n.colours) {
			break
		}
		all = append(all, piece...)
		if r.makesCall(&first, all) {
			text, more = bytes.Clone(all), i+1
		}
		if last {
			break
		}
	}
	return text, more
}

// restOf says whether a line can be a piece of a call that begins before it: by itself it is no line of strace's.
func (r *straceReader) restOf(first *line, piece []byte, colours bool) bool {
	var l line
	parsePasted(&l, piece, colours)
	switch l.what {
	case isUnknown, isRest:
		return true
	case isNothing: // of the duration
		return len(piece) == 1 && piece[0] == '>'
	case isCall: // the end of a name may look like a call's: "open", "at(AT_FDCWD"
		return l.sys == SysOther && l.tid == 0 && l.stamp.kind == stampNone && (first.tid != 0 || first.stamp.kind != stampNone)
	}
	return false
}

// makesCall says whether a text is the call that its first piece began, whole and readable.
func (r *straceReader) makesCall(first *line, text []byte) bool {
	var l line
	parsePasted(&l, text, false)
	return l.what == first.what && l.sys == first.sys && bytes.Equal(l.name, first.name) && l.hasEnd() && tidy(l.body) && r.readable(&l)
}

// tidy says whether nothing of a call's result is cut: a duration or a decoration that is begun is ended.
func tidy(s []byte) bool {
	i := resultAt(s)
	if i < 0 || bytes.Count(s[i:], []byte("<")) > bytes.Count(s[i:], []byte(">")) {
		return false
	}
	at := bytes.LastIndexByte(s[i:], '<')
	return at < 0 || at+1 == len(s[i:]) || !isDigit(s[i+at+1]) || bytes.IndexByte(s[i+at:], ' ') < 0
}

// cutInside says of a line with a result, in a quick look, whether a duration or a decoration at its end is not ended.
func cutInside(s []byte) bool {
	i := bytes.LastIndexByte(s, '<')
	return i >= 0 && bytes.IndexByte(s[i:], '>') < 0
}

// bothQuoted says whether both a line and the one behind it begin with a mail's mark.
func bothQuoted(a, b []byte) bool {
	return bytes.HasPrefix(a, []byte("> ")) && bytes.HasPrefix(b, []byte("> "))
}

// unwrappedSignal does the same for a line about a signal.
func (r *straceReader) unwrappedSignal(n *input, raw []byte) []byte {
	raw = bytes.TrimRight(raw, "\r")
	if len(raw) < leastWidth || !bytes.Contains(raw, []byte("--- SIG")) {
		return nil
	}
	text, width := bytes.Clone(raw), len(raw)
	for i := range maxPieces {
		piece, ok := n.peek(i)
		if piece = bytes.TrimRight(piece, "\r"); !ok || len(piece) == 0 || len(piece) > width {
			return nil
		}
		last := len(piece) < width
		if bothQuoted(raw, piece) {
			piece = piece[2:]
		}
		text = append(text, piece...)
		var l line
		if parsePasted(&l, text, n.colours); l.what == isSignal {
			r.skip(n, i+1)
			parsePasted(&n.l, text, n.colours)
			return text
		}
		if last {
			return nil
		}
	}
	return nil
}

// lasted says whether a line ends with a duration.
func lasted(s []byte) bool {
	if len(s) < 4 || s[len(s)-1] != '>' || !isDigit(s[len(s)-2]) {
		return false
	}
	i := bytes.LastIndexByte(s, '<')
	return i > 0 && s[i-1] == ' ' && isDigit(s[i+1])
}

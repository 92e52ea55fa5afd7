package probe

import "bytes"

// A line that cannot be read as it is, nor in the forms of stracepaste.go and straceforms.go, may be several: the page that it was copied
// from had its own ends of lines, or it was put into a string of another program. The forms of stracemendforms.go are tried on it one
// behind the other, and what they make of it is read in its place if a line of strace comes out. A log that is whole never gets here.

// maxMends is how many forms may lie around each other.
const maxMends = 3

// patience is how many bytes the forms may make of each of a line's: who makes up a text can make many forms lie around each other.
const patience = 40

// mends are what is tried, in this order: what splits a text by the page's own marks stands before what looks for marks in a line.
var mends = []func(s []byte) []byte{byTags, byReturns, byMarkers, withoutEntities, typed, fromTable, fromColumns, fromStrings, withoutPatch, byCalls}

// mend puts what a line was before it was pasted before what follows in the input. It is false where nothing comes out.
func (r *straceReader) mend(n *input, s []byte) bool {
	if n.piece || n.giant || len(s) < 8 || !bytes.ContainsAny(s, "(<&{+") && ascii(s) || !mayHold(s) {
		return false
	}
	r.patience = 1<<16 + patience*len(s)
	was := n.l // what s is part of stays as it is
	out := r.mended(s, maxMends)
	n.l = was
	if out == nil {
		return false
	}
	if !n.typed && !ascii(s) {
		n.typed = ascii(out)
	}
	n.patched = n.patched || s[0] == '+'
	n.push(out)
	return true
}

// mayHold says whether there can be a line of strace in a text, in whatever form: the result of a call, or a word that strace has for one that
// is not whole. Logs are full of a program's own lines, on which no form need be tried.
func mayHold(s []byte) bool {
	for _, word := range [][]byte{[]byte("resumed"), []byte("unfinished"), []byte("+++"), []byte("---")} {
		if bytes.Contains(s, word) {
			return true
		}
	}
	for i := 0; ; {
		k := bytes.IndexByte(s[i:], ')')
		if k < 0 {
			return bytes.Contains(s, []byte("&#41;")) || bytes.Contains(s, []byte("&rpar;"))
		}
		i += k + 1
		if j := behindMarks(s, i); j < len(s) && s[j] == '=' {
			return true
		}
	}
}

// behindMarks is where a text goes on behind blanks, quotes, entities and tags.
func behindMarks(s []byte, i int) int {
	for i < len(s) {
		switch c := s[i]; {
		case c == '&':
			end := bytes.IndexByte(s[i:min(i+12, len(s))], ';')
			if end < 0 {
				return i
			}
			i += end
		case c == '<':
			end := bytes.IndexByte(s[i:min(i+80, len(s))], '>')
			if end < 0 {
				return i
			}
			i += end
		case c > ' ' && c < 0x80 && bytes.IndexByte([]byte("\"',|*`_\\"), c) < 0:
			return i
		}
		i++
	}
	return i
}

// mended tries the forms on a text. What comes out has no empty lines.
func (r *straceReader) mended(s []byte, depth int) []byte {
	for _, form := range mends {
		in := form(s)
		if r.patience -= len(in); r.patience < 0 {
			return nil
		}
		if len(in) == 0 {
			continue
		}
		var out []byte
		found := false
		for len(in) > 0 {
			piece, more, _ := bytes.Cut(in, []byte("\n"))
			if in = more; len(bytes.TrimSpace(piece)) == 0 {
				continue
			}
			if r.reads(piece) {
				found = true
			} else if depth > 1 {
				if again := r.mended(piece, depth-1); again != nil {
					piece, found = bytes.TrimSuffix(again, []byte("\n")), true
				}
			}
			out = append(append(out, piece...), '\n')
		}
		if found {
			return out
		}
	}
	return nil
}

// reads says whether a text is one whole line of strace, and nothing else.
func (r *straceReader) reads(s []byte) bool {
	var l line
	parsePasted(&l, s, false)
	switch l.what {
	case isCall:
		if !whole(l.body) {
			return false
		}
		was := r.p.strict
		r.p.strict = true
		ok := r.readable(&l)
		r.p.strict = was
		return ok
	case isResumed:
		return whole(l.body)
	case isBegun, isSignal, isExit, isStopped:
		return true
	}
	return false
}

// push puts lines before what has not been read. They stand where the line that they are made of was, as far as they fit there.
func (n *input) push(text []byte) {
	if len(text) > n.from {
		buf := make([]byte, len(text)+n.to-n.from, max(len(n.buf), 2*(len(text)+n.to-n.from)))
		n.to = len(text) + copy(buf[len(text):], n.buf[n.from:n.to])
		n.buf, n.from = buf[:cap(buf)], len(text)
	}
	n.mendedTo = n.from
	n.from -= len(text)
	copy(n.buf[n.from:], text)
}

// mendLine is mend for a line that looks like a call and cannot be read.
func (r *straceReader) mendLine(clean []byte) bool {
	return r.single && r.mend(r.where, clean)
}

func ascii(s []byte) bool {
	for _, c := range s {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// goesOn says whether what follows a result holds another call: all lines have become one.
func goesOn(rest []byte) bool {
	c := rest[0]
	if rest[len(rest)-1] == ')' && len(rest) < 120 && !(c >= 'a' && c <= 'z' || c == '[' || isDigit(c)) {
		return false
	}
	return hasResult(rest) || bytes.HasSuffix(rest, txtUnfinished)
}

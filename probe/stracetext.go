package probe

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// How a text is encoded and what ends its lines is decided once, by its first bytes: a mark of the byte order is taken off, what
// Windows' shells write (UTF-16) becomes UTF-8, and a text whose first line ends in a carriage return has lines that end so.

var (
	bom8     = []byte("\xef\xbb\xbf")
	bomLow16 = []byte("\xff\xfe")
	bomBig16 = []byte("\xfe\xff")
)

// marked16 says whether a text begins with the mark of UTF-16.
func marked16(s []byte) bool { return bytes.HasPrefix(s, bomLow16) || bytes.HasPrefix(s, bomBig16) }

// decide looks at the beginning of an input, of which nothing has been handed on. It does nothing while there is too little of it.
func (n *input) decide() {
	s := n.buf[:n.to]
	switch {
	case n.number > 0:
	case len(s) < len(bom8) && n.err == nil:
		return
	case bytes.HasPrefix(s, bom8):
		n.from, n.head = len(bom8), bytes.TrimPrefix(n.head, bom8)
	case marked16(s):
		n.in = &wide{in: io.MultiReader(bytes.NewReader(bytes.Clone(s[2:])), n.in), big: s[0] == bomBig16[0]}
		n.to, n.err, n.head = 0, nil, nil
		n.fill()
		return
	}
	n.decided = true
	s = n.buf[n.from:n.to]
	i := bytes.IndexByte(s, '\r')
	n.returns = i >= 0 && i+1 < len(s) && s[i+1] != '\n' && bytes.IndexByte(s[:i], '\n') < 0
	if n.returns {
		endLines(s)
	}
}

// endLines makes a line's end of each carriage return that has none behind it.
func endLines(s []byte) {
	for i, c := range s {
		if c == '\r' && (i+1 == len(s) || s[i+1] != '\n') {
			s[i] = '\n'
		}
	}
}

// wide reads UTF-16 and gives UTF-8.
type wide struct {
	in  io.Reader
	big bool
	raw []byte // what has been read and is no whole character yet
	out []byte // what has not been handed on; no more than the next Read takes away
	buf [4096]byte
	err error
}

func (w *wide) Read(p []byte) (int, error) {
	for len(w.out) == 0 {
		if w.err != nil {
			err := w.err
			if err == errQuiet {
				w.err = nil // more may come
			}
			return 0, err
		}
		var n int
		n, w.err = w.in.Read(w.buf[:])
		w.raw = append(w.raw, w.buf[:n]...)
		w.convert()
	}
	n := copy(p, w.out)
	w.out = w.out[n:]
	return n, nil
}

func (w *wide) convert() {
	var order binary.ByteOrder = binary.LittleEndian
	if w.big {
		order = binary.BigEndian
	}
	w.out = w.out[:0]
	s := w.raw
	for len(s) >= 2 {
		r, size := rune(order.Uint16(s)), 2
		if utf16.IsSurrogate(r) {
			if len(s) < 4 && w.err == nil {
				break
			}
			if len(s) >= 4 {
				if both := utf16.DecodeRune(r, rune(order.Uint16(s[2:]))); both != utf8.RuneError {
					r, size = both, 4
				}
			}
		}
		w.out = utf8.AppendRune(w.out, r)
		s = s[size:]
	}
	w.raw = append(w.raw[:0], s...)
}

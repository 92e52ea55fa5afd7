package probe

import (
	"bytes"
	"io"
)

// input is one text, read line by line without keeping it.
type input struct {
	in    io.Reader
	name  string // for telling where a line stands
	alone int    // the thread of lines that name none, from the name of a file of strace -ff
	clock *clock

	buf       []byte
	from, to  int // what of buf has not been handed on
	err       error
	number    int64 // of the last line
	colours   bool  // there is an escape character in what was read so far,
	comments  bool  // and what looks like a comment
	looked    bool  // the first line has been looked at:
	numbered  bool  // lines have numbers of an editor in front
	mailed    bool  // the text is quoted-printable
	gap       gapMarks
	decided   bool  // how the text is encoded, and what ends its lines
	returns   bool  // carriage returns end them
	escaped   bool  // there are quotation marks that a page has made entities
	typed     bool  // the text went through typesetting: lines are mended before they are read
	mendedTo  int   // up to here, buf holds what was made of a line that was no line of strace (stracemend.go)
	patched   bool  // it is a patch that puts lines in
	piece     bool  // the last line is of it
	wrapAt    int   // the width at which lines of it were broken, more than once; 0 none was
	lasts     bool  // it has durations (-T)
	lastWidth int   // of the first piece of the last one that was
	lineAt    int64 // time of the last line
	heads     bool  // the beginning is kept, to tell what kind of text it is
	head      []byte
	quiet     bool // next found no whole line because nothing more has come yet
	giant     bool // the last line was longer than maxLine, and only its beginning is there

	// The line that is read next, for putting several inputs into one order.
	l   line
	raw []byte
	at  int64
}

const (
	maxLine = 1 << 20 // bytes of a line that are kept
	blockOf = 1 << 18 // bytes that are read at a time
)

func newInput(in io.Reader, name string, block int) *input {
	return &input{in: Unzip(in), name: name, buf: make([]byte, block), clock: &clock{}}
}

// next is the next line without its end, valid until the call after it. ok is false at the end, and then err says why.
func (n *input) next() (text []byte, ok bool) {
	n.giant, n.piece = false, n.from < n.mendedTo
	seen := n.from
	for {
		if i := bytes.IndexByte(n.buf[seen:n.to], '\n'); i >= 0 {
			text = n.buf[n.from : seen+i]
			n.from = seen + i + 1
			break
		}
		seen = n.to
		if n.err == errQuiet {
			n.err, n.quiet = nil, true
			return nil, false
		}
		if n.err != nil {
			if n.from == n.to {
				return nil, false
			}
			text, n.from = n.buf[n.from:n.to], n.to
			break
		}
		if n.to-n.from > maxLine {
			return n.skip(), true
		}
		seen -= n.from
		if n.from > 0 {
			n.to = copy(n.buf, n.buf[n.from:n.to])
			n.mendedTo = max(n.mendedTo-n.from, 0)
			n.from = 0
		} else if n.to == len(n.buf) {
			n.buf = append(n.buf, make([]byte, len(n.buf))...)
		}
		if n.fill(); n.number == 0 { // what is there may have been decoded
			seen = n.from
		}
	}
	if !n.piece {
		n.number++
	}
	if len(text) > maxLine {
		text, n.giant = text[:maxLine], true
	}
	return text, true
}

// fill reads once.
func (n *input) fill() {
	for empty := 0; empty < 100; empty++ {
		got, err := n.in.Read(n.buf[n.to:])
		news := n.buf[max(n.to-1, 0) : n.to+got]
		n.colours = n.colours || bytes.IndexByte(news, 0x1b) >= 0
		n.comments = n.comments || bytes.Contains(news, []byte("/*"))
		n.escaped = n.escaped || bytes.Contains(news, []byte("quot;")) || bytes.Contains(news, []byte("&#34;"))
		if n.heads && len(n.head) < headBytes {
			n.head = append(n.head, n.buf[n.to:n.to+min(got, headBytes-len(n.head))]...)
		}
		if n.to += got; n.returns {
			endLines(n.buf[n.to-got : n.to])
		}
		n.err = err
		if !n.decided {
			n.decide()
		}
		if got > 0 || err != nil {
			return
		}
	}
	n.err = io.ErrNoProgress
}

// skip gives the beginning of a line that is too long and reads over the rest of it.
func (n *input) skip() []byte {
	n.number++
	n.giant = true
	start := append([]byte{}, n.buf[n.from:n.from+keptBytes+1]...)
	for {
		n.from, n.to, n.mendedTo = 0, 0, 0
		if n.err == errQuiet {
			n.err = nil
		}
		if n.err != nil {
			return start
		}
		n.fill()
		if i := bytes.IndexByte(n.buf[:n.to], '\n'); i >= 0 {
			n.from = i + 1
			return start
		}
	}
}

package probe

import "bytes"

// aheadOf is how far the reader looks ahead for the end of a clone: it comes back within a few lines of its child's first.
const aheadOf = 1 << 16

// maxLooks is how often that is done while a clone is in progress: as many strangers may speak before its child.
const maxLooks = 16

// ahead is what follows the line that was read last, without handing it on: so many bytes, or fewer at the end. The line itself
// stays where it is.
func (n *input) ahead(most int) []byte {
	for n.err == nil && n.to-n.from < most {
		if n.to == len(n.buf) {
			n.buf = append(n.buf, make([]byte, len(n.buf))...) // a new array: whoever looks at the old one still may
		}
		n.fill()
	}
	return n.buf[n.from:min(n.from+most, n.to)]
}

// parentOf is the thread whose clone made the new thread tid. Where several clones are in progress, or the one that is may have
// made another, the text that follows tells: a clone comes back with the number of its child. Files of strace -ff have each their own
// order, and a text may end before; then it is taken for the child of the oldest clone that may have made it.
func (r *straceReader) parentOf(tid int) *tracee {
	oldest := r.cloning()
	if oldest == nil || !r.single || oldest.looks >= maxLooks {
		return oldest
	}
	oldest.looks++
	rest := r.where.ahead(aheadOf)
	var l line
	for len(rest) > 0 {
		raw, more, _ := bytes.Cut(rest, []byte("\n"))
		rest = more
		if !bytes.Contains(raw, []byte(" resumed>")) {
			continue
		}
		parsePasted(&l, raw, r.where.colours)
		if l.what != isResumed || !isFork(l.sys) {
			continue
		}
		t := r.tracees[r.tidOf(l.tid)]
		if t == nil || !t.open || !isFork(t.sys) {
			continue // a clone that begins only later
		}
		child := returned(l.body)
		switch {
		case child == tid:
			return t
		case t == oldest && child > 0:
			oldest = nil // it has made another
		}
	}
	return oldest
}

// returned is the number that a call's last "= " is followed by, 0 when there is none.
func returned(body []byte) (v int) {
	at := bytes.LastIndex(body, []byte("= "))
	if at < 0 {
		return 0
	}
	for _, c := range body[at+2:] {
		if !isDigit(c) || v > maxTID {
			break
		}
		v = v*10 + int(c-'0')
	}
	return v
}

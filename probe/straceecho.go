package probe

import "bytes"

// What a program writes to the terminal on which strace prints stands in the middle of the line about it: strace prints the arguments when the call
// begins and the result when it is over.
//
//	write(1, "hello\n", 6hello
//	)                  = 6
//
// The arguments say which text that is, so it is taken out where it is just that.

// maxEcho is how long such a text may be.
const maxEcho = 1 << 14

// withoutEcho is the line of a write without what it wrote, and how many of the lines behind it are in it; nil where it does not look so.
func (r *straceReader) withoutEcho(n *input, raw []byte) (text []byte, more int) {
	if n.l.what != isCall || n.l.sys != SysWrite {
		return nil, 0
	}
	raw = bytes.TrimRight(raw, "\r")
	head, count, rest := writeArguments(raw, n.l.body)
	if head == nil || len(rest) > 0 && (rest[0] == ')' || rest[0] == ',' || bytes.HasPrefix(rest, []byte(" <"))) {
		return nil, 0
	}
	said, cut, ok := saidBy(n.l.body)
	if !ok {
		return nil, 0
	}
	for k := 1; k <= len(count); k++ { // where the number ends and the text begins, if that begins with a digit
		asked, ok := decimal(count[:k])
		if !ok || asked == 0 || asked > maxEcho || !cut && asked != int64(len(said)) || cut && asked < int64(len(said)) {
			continue
		}
		all := append(bytes.Clone(count[k:]), rest...)
		more = 0
		for int64(len(all)) <= asked && more < maxEcho {
			next, ok := n.peek(more)
			if !ok {
				break
			}
			more++
			all = append(append(all, '\n'), bytes.TrimRight(next, "\r")...)
		}
		if int64(len(all)) <= asked || !bytes.HasPrefix(all, said) || all[asked] != ')' {
			continue
		}
		text = append(append(bytes.Clone(head), count[:k]...), all[asked:]...)
		var l line
		if parsePasted(&l, text, n.colours); l.what == isCall && l.sys == SysWrite && l.hasEnd() && r.readable(&l) {
			return text, more
		}
	}
	return nil, 0
}

// writeArguments splits the line of a write behind its string: what stands before the number of bytes, the digits there, and what follows them.
func writeArguments(raw, body []byte) (head, count, rest []byte) {
	quote := bytes.IndexByte(body, '"')
	if quote < 0 || quote > 64 {
		return nil, nil, nil
	}
	end := skipString(body, quote)
	if end < 0 {
		return nil, nil, nil
	}
	tail := bytes.TrimPrefix(body[end:], []byte("..."))
	number, ok := bytes.CutPrefix(tail, []byte(", "))
	at := len(raw) - len(number)
	if !ok || at < 0 || !bytes.HasSuffix(raw, number) {
		return nil, nil, nil
	}
	i := 0
	for i < len(number) && i < 18 && isDigit(number[i]) {
		i++
	}
	if i == 0 {
		return nil, nil, nil
	}
	return raw[:at], number[:i], number[i:]
}

// saidBy is the text that a write was to write, or its beginning.
func saidBy(body []byte) (said []byte, cut, ok bool) {
	quote := bytes.IndexByte(body, '"')
	end := skipString(body, quote)
	said, ok = quoted(body[quote:end])
	return said, bytes.HasPrefix(body[end:], []byte("...")), ok && len(said) > 0
}

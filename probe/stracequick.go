package probe

import "bytes"

// The arguments that nearly every line of a server's log consists of, read in one go in the shape in which strace prints
// them. Whatever looks different is left to the general way (list.next, parser.argument), which must give the same for these.

// quick reads the argument at i from the beginning of s. rest begins with the comma or bracket behind it.
func (p *parser) quick(c *Call, i int, how argument, s []byte) (rest []byte, ok bool) {
	if len(s) > 1 && s[0] == ',' && s[1] == ' ' {
		s = s[2:]
	}
	switch how {
	case argNum:
		v, n := plainNumber(s)
		if n == 0 || n == len(s) || s[n] != ',' && s[n] != ')' {
			return s, false
		}
		c.Args[i] = v
		return s[n:], true
	case argFD:
		return p.quickFD(c, i, s)
	case argEvents:
		return quickEvents(c, s)
	case argMsg:
		if len(s) > 1 && s[0] == '0' && (s[1] == ',' || s[1] == ')') {
			return s[1:], true
		}
	case argEight: // a small number begins with an escape, or has one behind its first byte
		if len(s) > 2 && s[0] == '"' && s[1] != '\\' && s[2] != '\\' {
			return quickSkip(s)
		}
	case argNone:
		return quickSkip(s)
	}
	return s, false
}

// plainNumber reads a decimal number of at most 18 digits, and gives its length; 0 when there is none, or one that other rules
// hold for (a leading zero makes it octal).
func plainNumber(s []byte) (v uint64, n int) {
	for ; n < len(s) && isDigit(s[n]); n++ {
		v = v*10 + uint64(s[n]-'0')
	}
	if n > 18 || n > 1 && s[0] == '0' {
		return 0, 0
	}
	return v, n
}

// quickSkip reads over a string, or over words. Blanks at either end are no part of an argument, and nothing but blanks is none:
// that is for the careful reading.
func quickSkip(s []byte) ([]byte, bool) {
	i := 0
	if len(s) > 0 && s[0] == '"' {
		if i = skipString(s, 0); i < 0 {
			return s, false
		}
		if i+2 < len(s) && s[i] == '.' && s[i+1] == '.' && s[i+2] == '.' {
			i += 3
		}
	}
	for ; i < len(s); i++ {
		if cl := classOf[s[i]]; cl != clPlain {
			return s[i:], i > 0 && (cl == clComma || s[i] == ')') && s[0] != ' ' && s[i-1] != ' '
		}
	}
	return s, false
}

// deco is how a descriptor was decorated last.
type deco struct {
	text []byte // with its angle brackets
	note FDNote
}

// quickFDs is up to which number decorations are remembered by descriptor.
const quickFDs = 1 << 12

func (p *parser) quickFD(c *Call, i int, s []byte) ([]byte, bool) {
	v, n := plainNumber(s)
	if n == 0 || n > 9 || n == len(s) {
		return s, false
	}
	fd := int(v)
	switch s[n] {
	case ',', ')':
		c.Args[i] = uint64(fd)
		return s[n:], true
	case '<':
		if !decorates(s, n) {
			return s, false
		}
		if fd >= len(p.last) {
			if fd >= quickFDs {
				return s, false
			}
			p.last = append(p.last, make([]deco, fd+64-len(p.last))...)
		}
		d := &p.last[fd]
		if len(d.text) == 0 || !bytes.HasPrefix(s[n:], d.text) {
			end := skipDecoration(s, n)
			if end < 0 || end-n > 1<<10 || end-n < 3 {
				return s, false
			}
			d.text = append(d.text[:0], s[n:end]...)
			d.note = p.decoration(s[n+1 : end-1])
			d.note.FD = int32(fd)
		}
		end := n + len(d.text)
		if end >= len(s) || s[end] != ',' && s[end] != ')' {
			return s, false
		}
		c.Args[i] = uint64(fd)
		c.note(&d.note)
		return s[end:], true
	}
	return s, false
}

// quickEvents reads [{events=EPOLLIN, data={u32=7, u64=7}}, ...].
func quickEvents(c *Call, s []byte) ([]byte, bool) {
	if len(s) < 2 || s[0] != '[' {
		return s, false
	}
	from := len(c.Events)
	fail := func() ([]byte, bool) {
		c.Events = c.Events[:from]
		return s, false
	}
	i := 1
	for s[i] != ']' {
		if !bytes.HasPrefix(s[i:], []byte("{events=EPOLL")) {
			return fail()
		}
		flags := s[i+len("{events="):]
		end := bytes.IndexByte(flags, ',')
		if end < 0 {
			return fail()
		}
		ev := EpollEvent{Events: bitIn}
		if string(flags[:end]) != "EPOLLIN" {
			v, ok := pollFlags.value(flags[:end])
			if !ok {
				return fail()
			}
			ev.Events = uint32(v)
		}
		i += len("{events=") + end
		if !bytes.HasPrefix(s[i:], []byte(", data={u32=")) {
			return fail()
		}
		i += len(", data={u32=")
		_, n := plainNumber(s[i:])
		if i += n; n == 0 || !bytes.HasPrefix(s[i:], []byte(", u64=")) {
			return fail()
		}
		i += len(", u64=")
		ev.Data, n = plainNumber(s[i:])
		if i += n; n == 0 || i+3 > len(s) || s[i] != '}' || s[i+1] != '}' {
			return fail()
		}
		i += 2
		c.Events = append(c.Events, ev)
		switch {
		case s[i] == ']':
		case s[i] == ',' && i+2 < len(s) && s[i+1] == ' ' && s[i+2] == '{':
			i += 2
		default:
			return fail()
		}
	}
	if i+1 < len(s) && s[i] == ']' && s[i+1] == ',' {
		return s[i+1:], true
	}
	return fail()
}

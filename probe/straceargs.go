package probe

import (
	"bytes"
	"math"
	"net/netip"
	"strings"

	"evviz/trace"
)

// parser reads calls. It remembers the texts that come again and again: decorations and names.
type parser struct {
	decos map[string]FDNote
	// unixStream says that the kernel calls stream sockets UNIX-STREAM, so that UNIX alone is one of messages.
	unixStream bool
	names      map[string]string
	last       []deco

	slowly   bool  // nothing is read in one go; tests compare the two ways
	comments bool  // the text has what looks like a comment of -X verbose
	strict   bool  // a call whose result is followed by another call is not understood
	left     int64 // of the timeout of the last call, ns; -1 unknown
	aside    Call  // takes the notes of what is read twice
}

func newParser() *parser { return &parser{decos: map[string]FDNote{}, names: map[string]string{}} }

// maxTexts bounds each of the parser's two memories; when one is full it begins anew.
const maxTexts = 1 << 14

// intern is a text as a string of its own.
func (p *parser) intern(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := p.names[string(b)]; ok {
		return s
	}
	if len(p.names) >= maxTexts {
		clear(p.names)
	}
	if len(b) > maxText {
		b = b[:maxText]
	}
	s := string(b)
	p.names[s] = s
	return s
}

// maxText is what is kept of a path or an address: as much as a Name holds.
const maxText = 4096

// descriptor reads a number with whatever decorates it.
func (p *parser) descriptor(s []byte) (fd int32, note FDNote, ok bool) {
	n, i := int64(0), 0
	for ; i < len(s) && i < 18 && isDigit(s[i]); i++ {
		n = n*10 + int64(s[i]-'0')
	}
	num := i
	if len(s) > 2 && s[0] == '0' && s[1] == 'x' || i == 18 { // hexadecimal, or far too large
		if num = bytes.IndexByte(s, '<'); num < 0 {
			num = len(s)
		}
		v, ok := number(s[:num])
		if !ok {
			return -1, note, false
		}
		if n = int64(v); v > math.MaxInt32 {
			n = -1
		}
		if v >= 1<<64-1<<31 || v >= 1<<31 && v <= math.MaxUint32 {
			n = int64(int32(v))
		}
	}
	if i == 0 {
		if !bytes.HasPrefix(s, []byte("-")) {
			return -1, note, bytes.HasPrefix(s, []byte("AT_FDCWD"))
		}
		num = bytes.IndexByte(s, '<')
		if num < 0 {
			num = len(s)
		}
		v, ok := number(s[:num])
		if n = int64(v); !ok || n < math.MinInt32 {
			return -1, note, false
		}
	}
	if n > math.MaxInt32 {
		n = -1 // no number that Linux gives: the call fails, and is a call all the same
	}
	fd = int32(n)
	note.FD = fd
	if num == len(s) {
		return fd, note, true
	}
	if s[num] != '<' {
		return -1, note, false
	}
	if deco := s[num:]; len(deco) > 2 && deco[len(deco)-1] == '>' && len(deco) <= maxText {
		note = p.decoration(deco[1 : len(deco)-1])
		note.FD = fd
	}
	return fd, note, true
}

// decoration is what -y and -yy say of a descriptor.
func (p *parser) decoration(s []byte) FDNote {
	if n, ok := p.decos[string(s)]; ok {
		return n
	}
	if len(p.decos) >= maxTexts {
		clear(p.decos) // Same may now stand for another text; see decorate
	}
	n := FDNote{}
	n.decorate(string(s))
	n.Same = sameText(s)
	// Linux 5.15 gave streams a name of their own (unix_stream_proto in net/unix/af_unix.c): where it is used, the bare one means messages.
	if !p.unixStream && bytes.HasPrefix(s, []byte("UNIX-STREAM:")) {
		p.unixStream = true
		clear(p.decos)
	}
	if n.Unsure && p.unixStream {
		n.Type = trace.TypeDatagram
	}
	p.decos[string(s)] = n
	return n
}

// sameText is a number for a text, not 0. FNV-1a, folded: that two decorations of one descriptor have the same is one chance
// in four thousand million, and costs an address that is shown late.
func sameText(s []byte) uint32 {
	h := uint64(14695981039346656037)
	for _, c := range s {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return uint32(h>>32^h) | 1
}

var anonTypes = map[string]uint32{"[eventpoll]": trace.TypeEpoll, "[eventfd]": trace.TypeEventfd, "[timerfd]": trace.TypeTimerfd,
	"[signalfd]": trace.TypeSignalfd, "[io_uring]": trace.TypeURing, "inotify": trace.TypeInotify, "[inotify]": trace.TypeInotify}

// decorate reads a decoration.
func (n *FDNote) decorate(s string) {
	if strings.HasPrefix(s, "/") {
		n.Type = trace.TypeOther // a path: a file on disk, a device; -yy adds which: </dev/pts/0<char 136:0>>
		n.Path, _, _ = strings.Cut(s, "<")
		return
	}
	if rest, ok := strings.CutPrefix(s, "anon_inode:"); ok {
		if n.Type = anonTypes[rest]; n.Type == trace.TypeUnknown {
			n.Type = trace.TypeOther
		}
		return
	}
	name, rest, ok := strings.Cut(s, ":")
	if !ok {
		return
	}
	switch strings.TrimSuffix(name, "v6") {
	case "pipe":
		n.Type = trace.TypePipe
		return
	case "signalfd":
		n.Type = trace.TypeSignalfd
		return
	case "TCP", "UNIX-STREAM", "MPTCP", "SCTP":
		n.Type = trace.TypeStream
	case "UDP", "UDPLITE", "UNIX-DGRAM", "UNIX", "NETLINK":
		n.Type = trace.TypeDatagram
		if n.Unsure = name == "UNIX"; n.Unsure {
			n.Type = trace.TypeStream
		}
	case "UNIX-SEQPACKET":
		n.Type = trace.TypeSeqpacket
	default:
		return // "socket:[123]" says no more than that
	}
	if len(rest) < 2 || rest[0] != '[' || rest[len(rest)-1] != ']' {
		return
	}
	local, peer, _ := strings.Cut(rest[1:len(rest)-1], "->")
	n.Local, n.Peer = address(local), address(peer)
}

// address keeps host:port in the way the lab writes it; inode numbers are no addresses.
func address(s string) string {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.String()
	}
	return ""
}

// sockaddr reads a struct sockaddr, "" for what is no address.
func sockaddr(s []byte) string {
	items, ok := inside(s, '{')
	if !ok {
		return ""
	}
	var ip netip.Addr
	port := -1
	for it, ok := items.next(); ok; it, ok = items.next() {
		key, v := field(it)
		switch {
		case string(key) == "sun_path":
			at := bytes.HasPrefix(v, []byte("@"))
			path, ok := quoted(bytes.TrimPrefix(v, []byte("@")))
			if at && ok {
				return "@" + string(path)
			}
			return string(path)
		case bytes.HasSuffix(key, []byte("_port")):
			if raw, ok := quoted(v); ok && len(raw) == 2 {
				port = int(raw[0])<<8 | int(raw[1])
			} else if n, ok := decimal(between(v, "htons(", ")")); ok && n < 1<<16 {
				port = int(n)
			}
		case bytes.Contains(v, []byte("inet_addr(")), bytes.Contains(v, []byte("inet_pton(")):
			ip, _ = netip.ParseAddr(string(between(v, `"`, `"`)))
		case bytes.HasSuffix(key, []byte("_addr")):
			if raw, ok := quoted(v); ok {
				ip, _ = netip.AddrFromSlice(raw)
			}
		}
	}
	if port < 0 || !ip.IsValid() {
		return ""
	}
	return netip.AddrPortFrom(ip, uint16(port)).String()
}

// epollEvent reads {events=EPOLLIN, data={u32=7, u64=7}}, and the shapes that older and newer versions give it.
func epollEvent(s []byte) (ev EpollEvent, ok bool) {
	items, ok := inside(s, '{')
	if !ok {
		return ev, false
	}
	for n := 0; ; n++ {
		it, ok := items.next()
		if !ok {
			return ev, n == 2
		}
		key, v := field(it)
		switch {
		case string(key) == "events" || key == nil && n == 0:
			mask, ok := pollFlags.value(v)
			if !ok {
				return ev, false
			}
			ev.Events = uint32(mask)
		case string(key) == "data" || key == nil && n == 1:
			if ev.Data, ok = epollData(v); !ok {
				return ev, false
			}
		default:
			return ev, false
		}
	}
}

// epollData reads {u32=7, u64=7}, or a number.
func epollData(s []byte) (data uint64, ok bool) {
	words, is := inside(s, '{')
	if !is {
		return number(s)
	}
	for w, more := words.next(); more; w, more = words.next() {
		key, v := field(w)
		switch string(key) {
		case "u64":
			ok = false // the whole of it
		case "u32", "fd", "ptr":
		default:
			continue
		}
		if !ok {
			if data, ok = number(v); !ok {
				return 0, false
			}
		}
	}
	return data, ok
}

// epollEvents reads the list that a wait delivered. A list that strace cut short, or did not print, is not complete; what
// of it could be read is given.
func epollEvents(evs []EpollEvent, s []byte) ([]EpollEvent, bool) {
	items, ok := inside(s, '[')
	if !ok {
		if !bytes.HasPrefix(s, []byte("{{")) {
			return evs, true // a pointer
		}
		items, _ = inside(s, '{')
	}
	for it, ok := items.next(); ok && it[0] != '.'; it, ok = items.next() {
		ev, ok := epollEvent(it)
		if !ok {
			return evs, false
		}
		evs = append(evs, ev)
	}
	return evs, true
}

// pollSet reads [{fd=3, events=POLLIN}, ...]; word is what the bits are called. cut says that the list is not complete.
func (p *parser) pollSet(set []PollFD, s []byte, word string, c *Call) (_ []PollFD, cut, ok bool) {
	items, ok := inside(s, '[')
	if !ok {
		return set, string(s) != "NULL", true
	}
	for it, ok := items.next(); ok; it, ok = items.next() {
		if it[0] == '.' {
			return set, true, true
		}
		parts, ok := inside(it, '{')
		if !ok {
			return set, false, false
		}
		m := PollFD{}
		for f, ok := parts.next(); ok; f, ok = parts.next() {
			key, v := field(f)
			switch string(key) {
			case "fd":
				fd, note, ok := p.descriptor(v)
				if !ok {
					return set, false, false
				}
				m.FD = fd
				c.note(&note)
			case word:
				bits, ok := pollFlags.value(v)
				if !ok {
					return set, false, false
				}
				m.Events = uint32(bits)
			}
		}
		set = append(set, m)
	}
	return set, false, true
}

// fdSet reads [3 4 5] and gives each of them the bit.
func (p *parser) fdSet(set []PollFD, s []byte, bit uint32, c *Call) ([]PollFD, bool) {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return set, s == nil || s[0] != '['
	}
	for s = s[1 : len(s)-1]; len(s) > 0; {
		end := 0
		for end < len(s) && s[end] != ' ' {
			if s[end] == '<' {
				if end = skipDecoration(s, end); end < 0 {
					return set, false
				}
				continue
			}
			end++
		}
		if word := s[:end]; len(word) > 0 && word[0] != '.' {
			fd, note, ok := p.descriptor(word)
			if !ok {
				return set, false
			}
			c.note(&note)
			set = addBit(set, fd, bit)
		}
		s = skipBlanks(s[end:])
	}
	return set, true
}

// addBit gives a descriptor another bit. Sets come sorted, so it is near the end or not there.
func addBit(set []PollFD, fd int32, bit uint32) []PollFD {
	for i := len(set) - 1; i >= 0; i-- {
		if set[i].FD == fd {
			set[i].Events |= bit
			return set
		}
		if len(set)-i > 1<<10 {
			break // the table puts the rest together
		}
	}
	return append(set, PollFD{fd, bit})
}

// timespec reads {tv_sec=1, tv_nsec=500} or {tv_sec=1, tv_usec=5} as ns; NULL is for ever.
func timespec(s []byte) (ns int64, ok bool) {
	items, ok := inside(s, '{')
	if !ok {
		return -1, string(s) == "NULL"
	}
	sec, frac, n := int64(0), int64(0), 0
	for it, ok := items.next(); ok; it, ok = items.next() {
		key, v := field(it)
		u, ok := number(v)
		if !ok {
			return 0, false
		}
		switch n++; {
		case n == 1 && (key == nil || string(key) == "tv_sec"):
			sec = int64(u)
		case n == 2 && string(key) == "tv_usec":
			if u < 1e6 {
				u *= 1000
			}
			frac = int64(u)
		case n == 2:
			frac = int64(u)
		}
	}
	switch {
	case n != 2:
		return 0, false
	case sec < 0 || frac < 0 || frac > 999_999_999:
		return 0, true // the kernel refuses it
	case sec > maxSeconds:
		return maxSeconds * 1e9, true
	}
	return sec*1e9 + frac, true
}

// itimer reads {it_interval={...}, it_value={...}}.
func itimer(s []byte) (every, value int64, ok bool) {
	items, ok := inside(s, '{')
	if !ok {
		return 0, 0, false
	}
	for it, more := items.next(); more; it, more = items.next() {
		switch key, v := field(it); string(key) {
		case "it_interval":
			every, ok = timespec(v)
		case "it_value":
			value, ok = timespec(v)
		}
		if !ok {
			return 0, 0, false
		}
	}
	return max(every, 0), max(value, 0), true
}

// buffersOf is how many bytes several buffers hold: [{iov_base="...", iov_len=5}, ...]. Of a list that was cut, as many as
// could be read.
func buffersOf(s []byte) (n int64) {
	items, ok := inside(s, '[')
	if !ok {
		return 0
	}
	for it, ok := items.next(); ok; it, ok = items.next() {
		parts, ok := inside(it, '{')
		if !ok {
			continue
		}
		for f, i, ok := first(&parts); ok; f, i, ok = following(&parts, i) {
			if key, v := field(f); string(key) == "iov_len" || key == nil && i == 1 {
				if u, ok := number(v); ok && u < 1<<40 {
					n += int64(u)
				}
			}
		}
	}
	return min(n, 1<<50)
}

func first(l *list) (item []byte, i int, ok bool) {
	item, ok = l.next()
	return item, 0, ok
}

func following(l *list, i int) ([]byte, int, bool) {
	item, ok := l.next()
	return item, i + 1, ok
}

// message reads a struct msghdr: what its buffers hold, and the descriptors that came with it, if it was received.
func (p *parser) message(c *Call, s []byte) (size int64) {
	parts, ok := inside(s, '{')
	if !ok {
		return 0
	}
	for f, ok := parts.next(); ok; f, ok = parts.next() {
		key, v := field(f)
		if bytes.HasPrefix(f, []byte("msg_iov(")) { // an old spelling: msg_iov(1)=[...]
			_, v, _ = bytes.Cut(f, []byte("="))
			key = []byte("msg_iov")
		}
		if string(key) == "msg_flags" && bytes.Contains(v, []byte("MSG_TRUNC")) {
			c.Cut = true
		}
		if string(key) == "msg_iov" || key == nil && f[0] == '[' {
			size += buffersOf(v)
		}
		if string(key) == "msg_control" && c.Phase != trace.PhaseEnter && c.Errno == 0 && (c.Sys == SysRecvmsg || c.Sys == SysRecvmmsg) {
			p.received(c, v)
		}
	}
	return size
}

// received reads the descriptors of [{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[7]}]; see unix(7).
func (p *parser) received(c *Call, s []byte) {
	items, ok := inside(s, '[')
	if !ok {
		return
	}
	for it, ok := items.next(); ok; it, ok = items.next() {
		parts, ok := inside(it, '{')
		if !ok {
			continue
		}
		rights := false
		for f, ok := parts.next(); ok; f, ok = parts.next() {
			key, v := field(f)
			switch {
			case string(key) == "cmsg_type":
				rights = string(v) == "SCM_RIGHTS"
			case string(key) == "cmsg_data" && rights:
				fds, ok := inside(v, '[')
				if !ok {
					continue
				}
				for x, ok := fds.next(); ok; x, ok = fds.next() {
					if fd, note, ok := p.descriptor(x); ok && fd >= 0 {
						note.FD = fd
						c.Received = append(c.Received, note)
					}
				}
			}
		}
	}
}

// messages reads the list of recvmmsg or sendmmsg: what the buffers of all hold, and how many bytes the first done of them
// moved.
func (p *parser) messages(c *Call, s []byte, done int64) (bytes, moved int64) {
	items, ok := inside(s, '[')
	if !ok {
		return 0, 0
	}
	for it, ok := items.next(); ok; it, ok = items.next() {
		parts, ok := inside(it, '{')
		if !ok {
			continue
		}
		for f, ok := parts.next(); ok; f, ok = parts.next() {
			switch key, v := field(f); string(key) {
			case "msg_hdr":
				bytes += p.message(c, v)
			case "msg_len":
				if n, ok := number(v); ok && n < 1<<32 && done > 0 {
					moved += int64(n)
				}
			}
		}
		done--
	}
	return bytes, moved
}

// eight reads 8 bytes that strace printed as a string: the number that an eventfd or a timerfd gives.
func eight(s []byte) (v uint64, ok bool) {
	raw, ok := quoted(s)
	if !ok || len(raw) != 8 {
		return 0, false
	}
	for i := 7; i >= 0; i-- {
		v = v<<8 | uint64(raw[i])
	}
	return v, true
}

// pair reads [3, 4] or [3<pipe:[1]>, 4<pipe:[1]>].
func (p *parser) pair(s []byte, c *Call) bool {
	items, ok := inside(s, '[')
	if !ok {
		return false
	}
	for i := range c.Pair {
		it, _ := items.next()
		fd, note, ok := p.descriptor(it)
		if !ok || fd < 0 {
			return false
		}
		c.Pair[i] = fd
		c.note(&note)
	}
	return true
}

// note keeps what is known of a descriptor.
func (c *Call) note(n *FDNote) {
	if n.Type != trace.TypeUnknown || n.Peer != "" || n.Local != "" {
		c.FDs = append(c.FDs, *n)
	}
}

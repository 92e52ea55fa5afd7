package probe

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"evviz/trace"
)

// flagSet are the names that strace prints for the bits of an argument.
type flagSet map[string]uint64

var (
	pollFlags = flagSet{"EPOLLIN": 0x1, "EPOLLPRI": 0x2, "EPOLLOUT": 0x4, "EPOLLERR": 0x8, "EPOLLHUP": 0x10, "EPOLLNVAL": 0x20,
		"EPOLLRDNORM": 0x40, "EPOLLRDBAND": 0x80, "EPOLLWRNORM": 0x100, "EPOLLWRBAND": 0x200, "EPOLLMSG": 0x400, "EPOLLRDHUP": 0x2000,
		"EPOLL_URING_WAKE": 1 << 27, "EPOLLEXCLUSIVE": 1 << 28, "EPOLLWAKEUP": 1 << 29, "EPOLLONESHOT": 1 << 30, "EPOLLET": 1 << 31}
	createFlags = flagSet{"EPOLL_CLOEXEC": oCloexec, "EPOLL_NONBLOCK": oNonblock}
	ctlOps      = flagSet{"EPOLL_CTL_ADD": ctlAdd, "EPOLL_CTL_DEL": ctlDel, "EPOLL_CTL_MOD": ctlMod}
	sockFlags   = flagSet{"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5, "SOCK_DCCP": 6,
		"SOCK_PACKET": 10, "SOCK_NONBLOCK": oNonblock, "SOCK_CLOEXEC": oCloexec}
	msgFlags = flagSet{"MSG_OOB": 0x1, "MSG_PEEK": 0x2, "MSG_DONTROUTE": 0x4, "MSG_CTRUNC": 0x8, "MSG_PROBE": 0x10, "MSG_TRUNC": 0x20,
		"MSG_DONTWAIT": 0x40, "MSG_EOR": 0x80, "MSG_WAITALL": 0x100, "MSG_FIN": 0x200, "MSG_SYN": 0x400, "MSG_CONFIRM": 0x800,
		"MSG_RST": 0x1000, "MSG_ERRQUEUE": 0x2000, "MSG_NOSIGNAL": 0x4000, "MSG_MORE": 0x8000, "MSG_WAITFORONE": 0x10000,
		"MSG_SENDPAGE_NOTLAST": 0x20000, "MSG_BATCH": 0x40000, "MSG_NO_SHARED_FRAGS": 0x80000, "MSG_SENDPAGE_DECRYPTED": 0x100000,
		"MSG_ZEROCOPY": 0x4000000, "MSG_SPLICE_PAGES": 0x8000000, "MSG_FASTOPEN": 0x20000000, "MSG_CMSG_CLOEXEC": 0x40000000,
		"MSG_CMSG_COMPAT": 0x80000000}
	timerFlags  = flagSet{"TIMER_ABSTIME": 1}
	forkFlags   = flagSet{"CLONE_VM": cloneVM, "CLONE_FILES": cloneFiles, "CLONE_VFORK": cloneVfork, "CLONE_THREAD": cloneThread}
	signalNames = strings.Fields(`SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE
		SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH
		SIGIO SIGPWR SIGSYS`)
)

// value reads names and numbers joined by |.
func (f flagSet) value(s string) (v uint64, err error) {
	for _, w := range strings.Split(s, "|") {
		w = strings.TrimSpace(w)
		b, ok := f[w]
		if !ok {
			if b, err = number(w); err != nil {
				return 0, err
			}
		}
		v |= b
	}
	return v, nil
}

// known reads only the names that are in the set; what else stands there is of no interest.
func (f flagSet) known(s string) (v uint64) {
	for _, w := range strings.Split(s, "|") {
		v |= f[strings.TrimSpace(w)]
	}
	return v
}

// number reads a number of C: decimal, octal, hexadecimal, also negative.
func number(s string) (uint64, error) {
	if strings.HasPrefix(s, "-") {
		n, err := strconv.ParseInt(s, 0, 64)
		return uint64(n), err
	}
	if s == "NULL" {
		return 0, nil
	}
	return strconv.ParseUint(s, 0, 64)
}

var errDescriptor = errors.New("no descriptor")

// descriptor reads a number with whatever decorates it.
func descriptor(s string) (fd int32, note FDNote, err error) {
	num, deco := s, ""
	if i := strings.IndexByte(s, '<'); i >= 0 {
		num, deco = s[:i], s[i:]
	}
	n, err := strconv.ParseInt(num, 10, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxUint32 || n > math.MaxInt32 && n != math.MaxUint32 {
		return -1, note, errDescriptor
	}
	fd = int32(n)
	note.FD = fd
	if len(deco) > 2 && deco[len(deco)-1] == '>' {
		note.decorate(deco[1 : len(deco)-1])
	}
	return fd, note, nil
}

// decorate reads what -y and -yy say of a descriptor.
func (n *FDNote) decorate(s string) {
	switch {
	case strings.HasPrefix(s, "/"):
		n.Type = trace.TypeOther // a path: a file on disk, a device
		return
	case strings.HasPrefix(s, "anon_inode:"):
		n.Type = trace.TypeOther
		for word, typ := range map[string]uint32{"[eventpoll]": trace.TypeEpoll, "[eventfd]": trace.TypeEventfd,
			"[timerfd]": trace.TypeTimerfd, "[signalfd]": trace.TypeSignalfd} {
			if s == "anon_inode:"+word {
				n.Type = typ
			}
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
	case "UDP", "UDPLITE", "UNIX-DGRAM":
		n.Type = trace.TypeDatagram
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
func sockaddr(s string) string {
	items, ok := inside(s, '{')
	if !ok {
		return ""
	}
	var ip netip.Addr
	port := -1
	for _, it := range items {
		key, v, eq := strings.Cut(it, "=")
		if !eq {
			v = it
		}
		switch {
		case key == "sun_path":
			at := strings.HasPrefix(v, "@")
			path, ok := quoted(strings.TrimPrefix(v, "@"))
			if at && ok {
				return "@" + path
			}
			return path
		case strings.HasSuffix(key, "_port") && eq:
			if raw, ok := quoted(v); ok && len(raw) == 2 {
				port = int(raw[0])<<8 | int(raw[1])
			} else if n, err := strconv.ParseUint(between(v, "htons(", ")"), 10, 16); err == nil {
				port = int(n)
			}
		case strings.Contains(v, "inet_addr("), strings.Contains(v, "inet_pton("):
			ip, _ = netip.ParseAddr(between(v, `"`, `"`))
		case strings.HasSuffix(key, "_addr") && eq:
			if raw, ok := quoted(v); ok {
				ip, _ = netip.AddrFromSlice([]byte(raw))
			}
		}
	}
	if port < 0 || !ip.IsValid() {
		return ""
	}
	return netip.AddrPortFrom(ip, uint16(port)).String()
}

// between is the text between two marks, "" when they are not there.
func between(s, from, to string) string {
	_, s, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	s, _, ok = strings.Cut(s, to)
	if !ok {
		return ""
	}
	return s
}

// epollEvent reads {events=EPOLLIN, data={u32=7, u64=7}}, and the shapes that older and newer versions give it.
func epollEvent(s string) (ev EpollEvent, err error) {
	items, ok := inside(s, '{')
	if !ok || len(items) != 2 {
		return ev, fmt.Errorf("no epoll_event: %.40q", s)
	}
	mask, err := pollFlags.value(strings.TrimPrefix(items[0], "events="))
	if err != nil {
		return ev, err
	}
	ev.Events = uint32(mask)
	data := strings.TrimPrefix(items[1], "data=")
	words, ok := inside(data, '{')
	if !ok {
		ev.Data, err = number(data)
		return ev, err
	}
	err = fmt.Errorf("no epoll_data: %.40q", data)
	for _, w := range words {
		key, v, _ := strings.Cut(w, "=")
		if key == "u64" || key == "u32" && err != nil {
			ev.Data, err = number(v)
		}
	}
	return ev, err
}

// epollEvents reads the list that a wait delivered. A list that strace cut short, or did not print, is not complete; what
// of it could be read is given.
func epollEvents(s string) (evs []EpollEvent, err error) {
	items, ok := inside(s, '[')
	if !ok {
		if strings.HasPrefix(s, "{{") {
			items, _ = inside(s, '{')
		} else {
			return nil, nil // a pointer
		}
	}
	for _, it := range items {
		if strings.HasPrefix(it, "...") {
			break
		}
		ev, err := epollEvent(it)
		if err != nil {
			return nil, err
		}
		evs = append(evs, ev)
	}
	return evs, nil
}

// timespec reads {tv_sec=1, tv_nsec=500} as ns.
func timespec(s string) (ns int64, err error) {
	items, ok := inside(s, '{')
	if !ok || len(items) != 2 {
		return 0, fmt.Errorf("no timespec: %.40q", s)
	}
	sec, err := strconv.ParseInt(strings.TrimPrefix(items[0], "tv_sec="), 10, 64)
	if err != nil {
		return 0, err
	}
	frac, err := strconv.ParseInt(strings.TrimPrefix(items[1], "tv_nsec="), 10, 64)
	if err != nil {
		return 0, err
	}
	if sec < 0 || frac < 0 || frac > 999_999_999 {
		return 0, nil // the kernel refuses it
	}
	if sec > maxSeconds {
		return maxSeconds * 1e9, nil
	}
	return sec*1e9 + frac, nil
}

// maxSeconds keeps times and durations within what an int64 of nanoseconds holds, with room for sums.
const maxSeconds = 4_000_000_000

// signalNumber finds a signal by name, 0 when there is none.
func signalNumber(name string) uint32 {
	for i, n := range signalNames {
		if n == name {
			return uint32(i + 1)
		}
	}
	if rest, ok := strings.CutPrefix(name, "SIGRT_"); ok {
		if n, err := strconv.ParseUint(rest, 10, 6); err == nil {
			return 32 + uint32(n)
		}
	}
	if name == "SIGRTMIN" {
		return 32
	}
	return 0
}

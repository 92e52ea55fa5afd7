package probe

import (
	"bytes"
	"strings"

	"evviz/trace"
)

// flagSet are the names that strace prints for the bits or values of an argument.
type flagSet map[string]uint64

var (
	pollFlags = flagSet{"EPOLLIN": 0x1, "EPOLLPRI": 0x2, "EPOLLOUT": 0x4, "EPOLLERR": 0x8, "EPOLLHUP": 0x10, "EPOLLNVAL": 0x20,
		"EPOLLRDNORM": 0x40, "EPOLLRDBAND": 0x80, "EPOLLWRNORM": 0x100, "EPOLLWRBAND": 0x200, "EPOLLMSG": 0x400, "EPOLLRDHUP": 0x2000,
		"EPOLL_URING_WAKE": 1 << 27, "EPOLLEXCLUSIVE": 1 << 28, "EPOLLWAKEUP": 1 << 29, "EPOLLONESHOT": 1 << 30, "EPOLLET": 1 << 31,
		"POLLIN": 0x1, "POLLPRI": 0x2, "POLLOUT": 0x4, "POLLERR": 0x8, "POLLHUP": 0x10, "POLLNVAL": 0x20, "POLLRDNORM": 0x40,
		"POLLRDBAND": 0x80, "POLLWRNORM": 0x100, "POLLWRBAND": 0x200, "POLLMSG": 0x400, "POLLREMOVE": 0x1000, "POLLRDHUP": 0x2000,
		"POLL_BUSY_LOOP": 0x8000}
	ctlOps    = flagSet{"EPOLL_CTL_ADD": ctlAdd, "EPOLL_CTL_DEL": ctlDel, "EPOLL_CTL_MOD": ctlMod}
	sockFlags = flagSet{"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5, "SOCK_DCCP": 6,
		"SOCK_PACKET": 10, "SOCK_NONBLOCK": oNonblock, "SOCK_CLOEXEC": oCloexec}
	msgFlags = flagSet{"MSG_OOB": 0x1, "MSG_PEEK": 0x2, "MSG_DONTROUTE": 0x4, "MSG_CTRUNC": 0x8, "MSG_PROBE": 0x10, "MSG_TRUNC": 0x20,
		"MSG_DONTWAIT": 0x40, "MSG_EOR": 0x80, "MSG_WAITALL": 0x100, "MSG_FIN": 0x200, "MSG_SYN": 0x400, "MSG_CONFIRM": 0x800,
		"MSG_RST": 0x1000, "MSG_ERRQUEUE": 0x2000, "MSG_NOSIGNAL": 0x4000, "MSG_MORE": 0x8000, "MSG_WAITFORONE": 0x10000,
		"MSG_SENDPAGE_NOTLAST": 0x20000, "MSG_BATCH": 0x40000, "MSG_NO_SHARED_FRAGS": 0x80000, "MSG_SENDPAGE_DECRYPTED": 0x100000,
		"MSG_ZEROCOPY": 0x4000000, "MSG_SPLICE_PAGES": 0x8000000, "MSG_FASTOPEN": 0x20000000, "MSG_CMSG_CLOEXEC": 0x40000000,
		"MSG_CMSG_COMPAT": 0x80000000}
	timerFlags = flagSet{"TIMER_ABSTIME": timerAbstime, "TFD_TIMER_ABSTIME": timerAbstime, "TFD_TIMER_CANCEL_ON_SET": 2}
	// Names of other flags stand beside these and are of no interest: only the sets above must be known whole.
	fileFlags = flagSet{"O_NONBLOCK": oNonblock, "O_NDELAY": oNonblock, "O_CLOEXEC": oCloexec, "FD_CLOEXEC": fdCloexec,
		"EPOLL_CLOEXEC": oCloexec, "EPOLL_NONBLOCK": oNonblock, "EFD_CLOEXEC": oCloexec, "EFD_NONBLOCK": oNonblock,
		"TFD_CLOEXEC": oCloexec, "TFD_NONBLOCK": oNonblock, "SFD_CLOEXEC": oCloexec, "SFD_NONBLOCK": oNonblock,
		"IN_CLOEXEC": oCloexec, "IN_NONBLOCK": oNonblock, "SPLICE_F_NONBLOCK": spliceNonblock, "CLOSE_RANGE_CLOEXEC": closeRangeCloexec}
	fcntlCmds = flagSet{"F_DUPFD": fDupfd, "F_GETFD": fGetfd, "F_SETFD": fSetfd, "F_GETFL": fGetfl, "F_SETFL": fSetfl,
		"F_DUPFD_CLOEXEC": fDupfdCloexec}
	hows      = flagSet{"SHUT_RD": 0, "SHUT_WR": 1, "SHUT_RDWR": 2}
	forkFlags = flagSet{"CLONE_VM": cloneVM, "CLONE_FILES": cloneFiles, "CLONE_VFORK": cloneVfork, "CLONE_THREAD": cloneThread}
	futexOps  = flagSet{"FUTEX_WAIT": 0, "FUTEX_WAKE": 1, "FUTEX_FD": 2, "FUTEX_REQUEUE": 3, "FUTEX_CMP_REQUEUE": 4, "FUTEX_WAKE_OP": 5,
		"FUTEX_LOCK_PI": 6, "FUTEX_UNLOCK_PI": 7, "FUTEX_TRYLOCK_PI": 8, "FUTEX_WAIT_BITSET": 9, "FUTEX_WAKE_BITSET": 10,
		"FUTEX_WAIT_REQUEUE_PI": 11, "FUTEX_CMP_REQUEUE_PI": 12, "FUTEX_LOCK_PI2": 13}
	levels = flagSet{"SOL_IP": 0, "SOL_SOCKET": solSocket, "SOL_TCP": 6, "SOL_UDP": 17, "SOL_IPV6": 41, "SOL_RAW": 255, "SOL_NETLINK": 270}
	// Options of socket(7), tcp(7), ip(7) and ipv6(7).
	options = flagSet{"SO_DEBUG": 1, "SO_REUSEADDR": 2, "SO_TYPE": 3, "SO_ERROR": soError, "SO_DONTROUTE": 5, "SO_BROADCAST": 6,
		"SO_SNDBUF": 7, "SO_RCVBUF": 8, "SO_KEEPALIVE": 9, "SO_OOBINLINE": 10, "SO_PRIORITY": 12, "SO_LINGER": 13, "SO_REUSEPORT": 15,
		"SO_PASSCRED": 16, "SO_RCVLOWAT": 18, "SO_SNDLOWAT": 19, "SO_RCVTIMEO": 20, "SO_SNDTIMEO": 21, "SO_RCVTIMEO_OLD": 20,
		"SO_SNDTIMEO_OLD": 21, "SO_BINDTODEVICE": 25, "SO_ATTACH_FILTER": 26, "SO_TIMESTAMP": 29, "SO_TIMESTAMP_OLD": 29, "SO_ACCEPTCONN": 30,
		"SO_SNDBUFFORCE": 32, "SO_RCVBUFFORCE": 33, "SO_TIMESTAMPNS": 35, "SO_TIMESTAMPNS_OLD": 35, "SO_MARK": 36, "SO_TIMESTAMPING": 37,
		"SO_TIMESTAMPING_OLD": 37, "SO_PROTOCOL": 38, "SO_DOMAIN": 39, "SO_BUSY_POLL": 46, "SO_INCOMING_CPU": 49, "SO_ATTACH_BPF": 50,
		"SO_ATTACH_REUSEPORT_CBPF": 51, "SO_ATTACH_REUSEPORT_EBPF": 52, "SO_ZEROCOPY": 60, "SO_PREFER_BUSY_POLL": 69,
		"TCP_NODELAY": 1, "TCP_MAXSEG": 2, "TCP_CORK": 3, "TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 6, "TCP_SYNCNT": 7,
		"TCP_LINGER2": 8, "TCP_DEFER_ACCEPT": 9, "TCP_WINDOW_CLAMP": 10, "TCP_INFO": 11, "TCP_QUICKACK": 12, "TCP_CONGESTION": 13,
		"TCP_USER_TIMEOUT": 18, "TCP_FASTOPEN": 23, "TCP_NOTSENT_LOWAT": 25, "TCP_FASTOPEN_CONNECT": 30, "TCP_ULP": 31,
		"IP_TOS": 1, "IP_TTL": 2, "IP_RECVERR": 11, "IP_FREEBIND": 15, "IP_TRANSPARENT": 19, "IP_BIND_ADDRESS_NO_PORT": 24,
		"IPV6_UNICAST_HOPS": 16, "IPV6_V6ONLY": 26, "IPV6_RECVERR": 25, "IPV6_TCLASS": 67}
	signalNames = strings.Fields(`SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE
		SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH
		SIGIO SIGPWR SIGSYS`)
)

// cutFlag takes the first of several names joined by |.
func cutFlag(s []byte) (w, rest []byte) {
	if i := bytes.IndexByte(s, '|'); i >= 0 {
		return bytes.TrimSpace(s[:i]), s[i+1:]
	}
	return bytes.TrimSpace(s), nil
}

// value reads names and numbers joined by |.
func (f flagSet) value(s []byte) (v uint64, ok bool) {
	for first := true; first || len(s) > 0; first = false {
		var w []byte
		w, s = cutFlag(s)
		if b, ok := f[string(w)]; ok {
			v |= b
			continue
		}
		b, ok := number(w)
		if !ok {
			return 0, false
		}
		v |= b
	}
	return v, true
}

// known reads numbers and the names that are in the set; what else stands there is of no interest.
func (f flagSet) known(s []byte) (v uint64) {
	for len(s) > 0 {
		var w []byte
		w, s = cutFlag(s)
		if b, ok := f[string(w)]; ok {
			v |= b
		} else if b, ok := number(w); ok {
			v |= b
		}
	}
	return v
}

// one reads a single name or number; what is neither is other.
func (f flagSet) one(s []byte, other uint64) uint64 {
	if v, ok := f[string(s)]; ok {
		return v
	}
	if v, ok := number(s); ok {
		return v
	}
	return other
}

// signalNumber finds a signal by name, 0 when there is none.
func signalNumber(name []byte) uint32 {
	for i, n := range signalNames {
		if n == string(name) {
			return uint32(i + 1)
		}
	}
	if rest, ok := bytes.CutPrefix(name, []byte("SIGRT_")); ok {
		if n, ok := decimal(rest); ok && n <= 32 {
			return 32 + uint32(n)
		}
	}
	if string(name) == "SIGRTMIN" {
		return 32
	}
	return 0
}

// signalCode is si_code of sigaction(2) as far as it says who sent the signal.
func signalCode(s []byte) int64 {
	for i, n := range []string{"SI_USER", "SI_QUEUE", "SI_TIMER", "SI_MESGQ", "SI_ASYNCIO", "SI_SIGIO", "SI_TKILL"} {
		if n == string(s) {
			return -int64(i)
		}
	}
	if string(s) == "SI_KERNEL" {
		return 0x80
	}
	n, _ := number(s)
	return int64(int32(n))
}

// errnoAt is the error that a text begins with, by name or as "(errno 523)"; 0 when there is none.
func errnoAt(s []byte) uint16 {
	if string(s) == "EAGAIN (Resource temporarily unavailable)" {
		return eAGAIN
	}
	if n, ok := decimal(between(s, "(errno ", ")")); ok && n < 1<<16 {
		return uint16(n)
	}
	if i := bytes.IndexByte(s, ' '); i >= 0 {
		s = s[:i]
	}
	n, _ := trace.ErrnoByName(string(s))
	return n
}

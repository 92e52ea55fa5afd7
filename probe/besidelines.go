package probe

import (
	"regexp"
	"strconv"
	"strings"

	"evviz/trace"
)

// The lines that Beside knows.

var (
	procPath      = regexp.MustCompile(`/proc/(\d+|self|\$?\{?\w+\}?)/(?:task/\d+/)?(fdinfo|fd)(?:/(\d+))?\b`)
	lsofFD        = regexp.MustCompile(`^(\d+)[rwu]?[a-zA-Z]?$`)
	listing       = regexp.MustCompile(`^l[rwx-]{9}[.+@]? .* (\d+) -> '?(.+?)'?$`)
	ssUsers       = regexp.MustCompile(`"[^"]*",pid=(\d+),fd=(\d+)`)
	ssInode       = regexp.MustCompile(`\bino:(\d+)`)
	fdinfoKey     = regexp.MustCompile(`^(pos|flags|mnt_id|ino|scm_fds|clockid|ticks|eventfd-id|eventfd-count|eventfd-semaphore|sigmask):\s+([0-9a-f]+)$`)
	besideCommand = regexp.MustCompile(`^[$#%] (?:sudo )?(?:ss|netstat|lsof) -`)
	lsofFor       = regexp.MustCompile(`\blsof\b.* -\w*p ?(\d+)`)
)

// Line takes a line, and reports whether it is one that is known.
func (b *Beside) Line(raw []byte) bool {
	if len(raw) == 0 || len(raw) > 4096 {
		return false
	}
	s := string(unwrap(raw))
	if s == "" {
		return false
	}
	if strings.Contains(s, "/proc/") && strings.IndexByte(s, '(') < 0 {
		if done, known := b.path(&s); done {
			return known
		}
	}
	f := strings.Fields(s)
	switch {
	case strings.HasPrefix(s, "tfd:"):
		return b.interest(s)
	case len(s) < 64 && fdinfoKey.MatchString(s):
		b.info(fdinfoKey.FindStringSubmatch(s))
		return true
	case s[0] == 'l' && strings.Contains(s, " -> "):
		return b.listed(s)
	case strings.Contains(s, "lsof") && lsofFor.MatchString(s):
		b.where.pid, _ = strconv.Atoi(lsofFor.FindStringSubmatch(s)[1])
		return true
	case besideCommand.MatchString(s):
		return true
	case len(f) < 5:
		return len(f) == 2 && f[0] == "total" && f[1] == "0"
	case tcpStates[f[0]] != "" || tcpStates[f[1]] != "" && netids[f[0]]:
		return b.ss(s, f)
	case netids[f[0]]:
		return b.netstat(f)
	case heading(f):
		return true
	}
	return b.lsof(f)
}

var netids = wordSet("tcp tcp6 udp udp6 u_str u_dgr u_seq unix raw raw6 mptcp sctp nl p_raw p_dgr v_str icmp6")

// tcpStates are the kernel's words for the words of ss and netstat.
var tcpStates = map[string]string{"ESTAB": "ESTABLISHED", "ESTABLISHED": "ESTABLISHED", "LISTEN": "LISTEN", "CLOSE-WAIT": "CLOSE_WAIT", "CLOSE_WAIT": "CLOSE_WAIT",
	"TIME-WAIT": "TIME_WAIT", "TIME_WAIT": "TIME_WAIT", "FIN-WAIT-1": "FIN_WAIT1", "FIN_WAIT1": "FIN_WAIT1", "FIN-WAIT-2": "FIN_WAIT2", "FIN_WAIT2": "FIN_WAIT2",
	"SYN-SENT": "SYN_SENT", "SYN_SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "SYN_RECV": "SYN_RECV", "LAST-ACK": "LAST_ACK", "LAST_ACK": "LAST_ACK",
	"CLOSING": "CLOSING", "UNCONN": "CLOSE", "CLOSE": "CLOSE"}

// heading says whether a line is the first one of a table.
func heading(f []string) bool {
	s := strings.Join(f, " ")
	return strings.HasPrefix(s, "COMMAND PID") || strings.HasPrefix(s, "State Recv-Q Send-Q") || strings.HasPrefix(s, "Netid State Recv-Q") ||
		strings.HasPrefix(s, "Proto Recv-Q Send-Q") || strings.HasPrefix(s, "Active Internet connections")
}

// path takes a name of procfs in a command or above what it printed: what follows is about that. A line of grep goes on behind it.
func (b *Beside) path(s *string) (done, known bool) {
	m := procPath.FindStringSubmatchIndex(*s)
	if m == nil {
		return false, false
	}
	at := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return (*s)[m[2*i]:m[2*i+1]]
	}
	pid, _ := strconv.Atoi(at(1))
	fd := -1
	if at(3) != "" {
		fd, _ = strconv.Atoi(at(3))
	}
	if strings.Contains((*s)[:m[0]], " -> ") {
		return false, false
	}
	b.where = besideKey{pid, fd}
	if rest, ok := strings.CutPrefix((*s)[m[1]:], ":"); ok && m[0] == 0 && strings.TrimSpace(rest) != "" {
		*s = strings.TrimSpace(rest)
		return false, false
	}
	return true, true
}

// interest takes an entry of an interest list, in which the numbers but tfd are hexadecimal.
func (b *Beside) interest(s string) bool {
	regs := ParseRegistrations([]byte(s))
	for _, r := range regs {
		epfd := b.where.fd
		if epfd == 0 && b.where.pid == 0 {
			epfd = -1 // no line has said which
		}
		r.EPFD = epfd
		b.register(BesideReg{PID: b.where.pid, Registration: r, late: b.late})
	}
	return len(regs) > 0
}

// info takes what fdinfo says of every descriptor.
func (b *Beside) info(m []string) {
	if m[1] != "flags" || b.where.fd < 0 || b.where == (besideKey{}) {
		return
	}
	if flags, err := strconv.ParseUint(m[2], 8, 32); err == nil {
		b.put(BesideFD{PID: b.where.pid, FD: b.where.fd, Recv: -1, Flags: uint32(flags) & openFlags})
	}
}

// listed takes a line of ls -l.
func (b *Beside) listed(s string) bool {
	m := listing.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	fd, err := strconv.Atoi(m[1])
	if err != nil || fd > 1<<30 {
		return false
	}
	x := BesideFD{PID: b.where.pid, FD: fd, Recv: -1}
	x.target(m[2])
	b.put(x)
	return true
}

// anonymous are the kernel's names of files that have none.
var anonymous = map[string]uint32{"eventpoll": trace.TypeEpoll, "eventfd": trace.TypeEventfd, "timerfd": trace.TypeTimerfd, "signalfd": trace.TypeSignalfd,
	"inotify": trace.TypeInotify, "io_uring": trace.TypeURing}

// target takes what a link of /proc/PID/fd points to.
func (x *BesideFD) target(s string) {
	kind, name, ok := strings.Cut(s, ":")
	name = strings.Trim(name, "[]")
	switch {
	case ok && kind == "socket":
		x.Inode, _ = strconv.ParseUint(name, 10, 64)
	case ok && kind == "pipe":
		x.Type = trace.TypePipe
	case ok && kind == "anon_inode":
		if x.Type = anonymous[name]; x.Type == trace.TypeUnknown {
			x.Type = trace.TypeOther
		}
	case strings.HasPrefix(s, "/"):
		x.Type, x.Path = trace.TypeOther, s
	}
}

// ss takes a line of ss -n, with the network's name in front or without.
func (b *Beside) ss(s string, f []string) bool {
	typ := uint32(trace.TypeStream)
	if netids[f[0]] {
		if !strings.HasPrefix(f[0], "tcp") {
			typ = trace.TypeDatagram
		}
		if !strings.HasPrefix(f[0], "tcp") && !strings.HasPrefix(f[0], "udp") {
			return true // its addresses are of another kind
		}
		f = f[1:]
	}
	if len(f) < 5 {
		return false
	}
	recv, err := strconv.ParseInt(f[1], 10, 64)
	if _, err2 := strconv.ParseInt(f[2], 10, 64); err != nil || err2 != nil {
		return false
	}
	if f[0] == "UNCONN" {
		typ = trace.TypeDatagram
	}
	x := BesideFD{FD: -1, Recv: recv, Type: typ, State: tcpStates[f[0]], Local: numeric(f[3]), Peer: numeric(f[4])}
	if x.State == "LISTEN" {
		x.Type = trace.TypeListener
	}
	if m := ssInode.FindStringSubmatch(s); m != nil {
		x.Inode, _ = strconv.ParseUint(m[1], 10, 64)
	}
	users := ssUsers.FindAllStringSubmatch(s, 64)
	for _, m := range users {
		x.PID, _ = strconv.Atoi(m[1])
		if x.FD, err = strconv.Atoi(m[2]); err == nil {
			b.put(x)
		}
	}
	if len(users) == 0 {
		b.put(x)
	}
	return true
}

// netstat takes a line of netstat -anp, which has no descriptor's number.
func (b *Beside) netstat(f []string) bool {
	recv, err := strconv.ParseInt(f[1], 10, 64)
	if _, err2 := strconv.ParseInt(f[2], 10, 64); err != nil || err2 != nil {
		return false
	}
	x := BesideFD{FD: -1, Recv: recv, Type: trace.TypeStream, Local: numeric(f[3]), Peer: numeric(f[4])}
	switch {
	case strings.HasPrefix(f[0], "udp"):
		x.Type = trace.TypeDatagram
	case !strings.HasPrefix(f[0], "tcp"):
		return false
	case len(f) > 5:
		if x.State = tcpStates[f[5]]; x.State == "LISTEN" {
			x.Type = trace.TypeListener
		}
	}
	for _, w := range f[5:] {
		if pid, _, ok := strings.Cut(w, "/"); ok && x.PID == 0 {
			x.PID, _ = strconv.Atoi(pid)
		}
	}
	b.put(x)
	return true
}

var lsofTypes = wordSet("IPv4 IPv6 unix REG DIR CHR BLK FIFO a_inode sock netlink pack raw LINK unknown 0000")

// lsof takes a line of lsof: command, process, perhaps a thread, user, descriptor, type, device, size, node, name.
func (b *Beside) lsof(f []string) bool {
	at := 0
	for i := 2; i+1 < len(f) && i < 10; i++ {
		if lsofTypes[f[i+1]] && (lsofFD.MatchString(f[i]) || lsofOther[strings.ToLower(f[i])]) {
			at = i
			break
		}
	}
	if at == 0 || len(f) < at+4 {
		return false
	}
	pid, err := strconv.Atoi(f[1])
	if err != nil {
		return false
	}
	m := lsofFD.FindStringSubmatch(f[at])
	if m == nil {
		return true // a directory, or what is mapped
	}
	x := BesideFD{PID: pid, Recv: -1}
	if x.FD, err = strconv.Atoi(m[1]); err != nil {
		return false
	}
	kind, rest := f[at+1], f[at+2:]
	last := rest[len(rest)-1]
	state := ""
	if strings.HasPrefix(last, "(") && strings.HasSuffix(last, ")") {
		state = strings.Trim(last, "()")
	}
	switch kind {
	case "IPv4", "IPv6":
		x.Type = trace.TypeStream
		x.Inode, _ = strconv.ParseUint(rest[0], 10, 64)
		for i, w := range rest {
			if (w == "TCP" || w == "UDP") && i+1 < len(rest) {
				if w == "UDP" {
					x.Type = trace.TypeDatagram
				}
				local, peer, _ := strings.Cut(rest[i+1], "->")
				x.Local, x.Peer = numeric(local), numeric(peer)
				break
			}
		}
		if x.State = tcpStates[state]; x.State == "LISTEN" {
			x.Type = trace.TypeListener
		}
	case "unix":
		x.Type = trace.TypeStream
		for _, w := range rest {
			switch {
			case w == "type=DGRAM":
				x.Type = trace.TypeDatagram
			case w == "type=SEQPACKET":
				x.Type = trace.TypeSeqpacket
			}
		}
		if state == "LISTEN" {
			x.Type = trace.TypeListener
		}
	case "FIFO":
		x.Type = trace.TypePipe
	case "a_inode":
		name, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(last, "anon_inode:"), "[]"), ":")
		if x.Type = anonymous[name]; x.Type == trace.TypeUnknown {
			x.Type = trace.TypeOther
		}
	case "REG", "DIR", "CHR", "BLK":
		x.Type = trace.TypeOther
		if i := len(rest) - 1; strings.HasPrefix(rest[i], "/") {
			x.Path = rest[i]
		}
	}
	b.put(x)
	return true
}

var lsofOther = wordSet("cwd rtd txt mem del err jld ltx pd nofd mmap")

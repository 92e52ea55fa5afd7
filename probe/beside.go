package probe

import (
	"net/netip"
	"strconv"
	"strings"

	"evviz/trace"
)

// Beside is what other tools say of a process's descriptors, in lines that stand beside a log: lsof -p, ls -l /proc/PID/fd, ss -tnp,
// netstat -anp, /proc/PID/fdinfo/N. A log that was attached to a running program lacks just that. The zero value is empty.
//
// Thread rule: everything belongs to one goroutine.
type Beside struct {
	FDs  []BesideFD
	Regs []BesideReg

	fds   map[besideKey]int // places in FDs
	regs  map[besideReg]int // places in Regs
	where besideKey         // process and descriptor that the lines are about
	late  bool              // a call of the log came before
	of    int               // the only process that the log is about, as strace's command line or its first words say; 0 unknown
}

// BesideFD is a descriptor, or a socket of which the number is not known. What is "" or 0 is unknown.
type BesideFD struct {
	PID, FD     int    // process; FD is -1 for a socket without a number
	Type        uint32 // trace.Type*
	Path        string // of a file
	Local, Peer string // addresses in numbers; those of a listener have no peer
	State       string // of TCP, as the kernel calls it: CLOSE_WAIT
	Recv        int64  // unread bytes, or connections to be accepted; -1 unknown
	Flags       uint32 // of open(2)
	Inode       uint64

	late bool // it stands behind the log's first call
}

// BesideReg is an entry of an instance's interest list.
type BesideReg struct {
	PID          int
	Registration // EPFD is -1 where no line says which instance's it is
	late         bool
}

type besideKey struct{ pid, fd int }

type besideReg struct{ pid, epfd, fd int }

// maxBeside bounds how many descriptors and registrations are kept.
const maxBeside = 1 << 16

// Empty reports whether nothing is known.
func (b *Beside) Empty() bool { return len(b.FDs) == 0 && len(b.Regs) == 0 }

// Add takes in what another says.
func (b *Beside) Add(o *Beside) {
	for i := range o.FDs {
		x := o.FDs[i]
		late := b.late
		b.late = x.late
		b.put(x)
		b.late = late
	}
	for i := range o.Regs {
		b.register(o.Regs[i])
	}
}

// put takes what a line says of a descriptor; what other lines said stays where this one says nothing.
func (b *Beside) put(x BesideFD) {
	if b.fds == nil {
		b.fds = map[besideKey]int{}
	}
	key := besideKey{x.PID, x.FD}
	at, ok := b.fds[key]
	if x.FD < 0 {
		for i := range b.FDs {
			if o := &b.FDs[i]; o.Local == x.Local && o.Peer == x.Peer && x.Local != "" {
				at, ok = i, true
			}
		}
	}
	if !ok {
		if len(b.FDs) >= maxBeside {
			return
		}
		x.late = b.late
		if x.FD >= 0 {
			b.fds[key] = len(b.FDs)
		}
		b.FDs = append(b.FDs, x)
		return
	}
	o := &b.FDs[at]
	if x.Type != trace.TypeUnknown && (o.Type == trace.TypeUnknown || x.Type == trace.TypeListener) {
		o.Type = x.Type
	}
	for _, p := range []struct {
		to   *string
		from string
	}{{&o.Path, x.Path}, {&o.Local, x.Local}, {&o.Peer, x.Peer}, {&o.State, x.State}} {
		if p.from != "" {
			*p.to = p.from
		}
	}
	if x.Recv >= 0 {
		o.Recv = x.Recv
	}
	o.Flags |= x.Flags
	if x.Inode != 0 {
		o.Inode = x.Inode
	}
}

func (b *Beside) register(r BesideReg) {
	if b.regs == nil {
		b.regs = map[besideReg]int{}
	}
	key := besideReg{r.PID, r.EPFD, r.FD}
	if at, ok := b.regs[key]; ok {
		r.late = b.Regs[at].late
		b.Regs[at] = r
		return
	}
	if len(b.Regs) >= maxBeside {
		return
	}
	b.regs[key] = len(b.Regs)
	b.Regs = append(b.Regs, r)
}

// join gives sockets whose addresses one tool knows the number that another knows: both name the inode.
func (b *Beside) join() {
	sockets := map[uint64]*BesideFD{}
	for i := range b.FDs {
		if x := &b.FDs[i]; x.Inode != 0 && x.Local != "" {
			sockets[x.Inode] = x
		}
	}
	for i := range b.FDs {
		x := &b.FDs[i]
		if s := sockets[x.Inode]; s != nil && s != x && x.FD >= 0 && x.Local == "" {
			x.Type, x.Local, x.Peer, x.State, x.Recv = s.Type, s.Local, s.Peer, s.State, s.Recv
		}
	}
}

// Queue says what lies in a socket: unread bytes, or connections to be accepted when remote is "". ok is false when no line says it.
func (b *Beside) Queue(local, remote string) (waiting int64, ok bool) {
	local, remote = numeric(local), numeric(remote)
	for i := range b.FDs {
		x := &b.FDs[i]
		if x.Recv < 0 || x.Local == "" {
			continue
		}
		if remote == "" && x.Type == trace.TypeListener && sameListener(x.Local, local) ||
			remote != "" && x.Peer == remote && (local == "" || x.Local == local) {
			return x.Recv, true
		}
	}
	return 0, false
}

// Interest says how a process has a descriptor registered.
func (b *Beside) Interest(pid int64, fd int32) (armed, stale, ok bool) {
	if r := b.registration(pid, fd); r != nil {
		return r.Armed(), false, true
	}
	return false, false, false
}

// Level says whether a process has a descriptor registered level-triggered.
func (b *Beside) Level(pid int64, fd int32) (level, ok bool) {
	if r := b.registration(pid, fd); r != nil {
		return r.Level(), true
	}
	return false, false
}

func (b *Beside) registration(pid int64, fd int32) *BesideReg {
	for i := range b.Regs {
		if r := &b.Regs[i]; r.FD == int(fd) && b.about(r.PID, pid) {
			return r
		}
	}
	return nil
}

// about says whether a line about one process, 0 where it does not say, may be about another, 0 where the log does not say. What nobody says
// the process of is anybody's, unless the log is of one that is known otherwise.
func (b *Beside) about(line int, pid int64) bool {
	if pid == 0 {
		pid = int64(b.of)
	}
	return line == 0 || pid == 0 || int64(line) == pid
}

// Closing reports whether the kernel has a socket in CLOSE_WAIT: its peer has closed it, and the program has not. The socket is found by
// its peer, and where that is not known by its number; pid is the process whose number that is, 0 unknown.
func (b *Beside) Closing(pid int64, fd int32, peer string) bool {
	for i := range b.FDs {
		x := &b.FDs[i]
		if x.State != "CLOSE_WAIT" {
			continue
		}
		if p := numeric(peer); p != "" {
			if x.Peer == p {
				return true
			}
		} else if x.FD >= 0 && int32(x.FD) == fd && b.about(x.PID, pid) {
			return true
		}
	}
	return false
}

// sameListener reports whether two addresses are of one listener: one of them may stand for every address.
func sameListener(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := netip.ParseAddrPort(a)
	y, err2 := netip.ParseAddrPort(b)
	return err1 == nil && err2 == nil && x.Port() == y.Port() && (x.Addr().IsUnspecified() || y.Addr().IsUnspecified())
}

// numeric is an address as events have it, "" for one with names in it and for none. The tools write *:80, :::80, 127.0.0.1%lo:80.
func numeric(s string) string {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return ""
	}
	port, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil {
		return ""
	}
	host := strings.Trim(s[:i], "[]")
	if at := strings.IndexByte(host, '%'); at >= 0 {
		host = host[:at]
	}
	if host == "*" {
		host = "0.0.0.0"
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)).String()
}

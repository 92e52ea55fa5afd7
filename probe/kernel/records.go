//go:build linux && (amd64 || arm64)

package kernel

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"unsafe"
)

// Kinds of records, as in state.bpf.c.
const (
	recordFile = iota + 1
	recordSocket
	recordReg
	recordThread
)

// builder makes a State of records. What it does not understand it counts.
type builder struct {
	s     State
	lost  int
	lists bool // interest lists were asked for
	clock clock

	tables    map[uint64]int // tables of descriptors, by their keys: the thread that had it first
	instances map[Key]place
	watched   map[Key]bool
}

// place is where an instance was found first.
type place struct{ table, fd, entries int }

func newBuilder(pid int, now int64) *builder {
	return &builder{s: State{Time: now, PID: pid}, tables: map[uint64]int{}, instances: map[Key]place{}, watched: map[Key]bool{}}
}

// as is a record as its type, if it has exactly the type's length. It is a copy: a sample may stand at any address.
func as[T any](raw []byte) (r T, ok bool) {
	if uintptr(len(raw)) != unsafe.Sizeof(r) {
		return r, false
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r)), raw)
	return r, true
}

// add takes one record.
func (b *builder) add(raw []byte) {
	if !b.understood(raw) {
		b.lost++
	}
}

func (b *builder) understood(raw []byte) bool {
	if len(raw) < 4 {
		return false
	}
	switch binary.LittleEndian.Uint32(raw) {
	case recordFile:
		r, ok := as[stateFileRecord](raw)
		return ok && b.file(&r, nil)
	case recordSocket:
		r, ok := as[stateSocketRecord](raw)
		return ok && b.file(&r.File, &r)
	case recordReg:
		r, ok := as[stateRegRecord](raw)
		return ok && b.reg(&r)
	case recordThread:
		r, ok := as[stateThreadRecord](raw)
		return ok && b.thread(&r)
	}
	return false
}

func (b *builder) file(r *stateFileRecord, s *stateSocketRecord) bool {
	if Kind(r.Kind) >= kinds || (Kind(r.Kind) == KindSocket) != (s != nil) || r.Fd < Unknown {
		return false
	}
	f := File{Time: int64(r.Time) + b.clock.monotonic, FD: int(r.Fd), Table: int(r.Tid), File: Key(r.File), Kind: Kind(r.Kind), Name: text(r.Name[:]), Flags: r.Flags,
		CloseOnExec: r.Cloexec != 0, Mode: uint32(r.Mode), Inode: r.Ino, Device: device(r.Dev)}
	if s != nil {
		if int(s.NameLen) > len(s.Name) || int(s.PeerNameLen) > len(s.PeerName) {
			return false
		}
		f.Socket = socket(s)
	}
	if r.Valid != 0 {
		more(&f, r)
	}
	if f.FD == Unknown {
		if !b.watched[f.File] {
			b.watched[f.File] = true
			b.s.Watched = append(b.s.Watched, f)
		}
		return true
	}
	// Threads share their process's table. When the first thread has ended, the iterator shows the table again for each that is left.
	first, seen := b.tables[r.Table]
	if !seen {
		first = f.Table
		b.tables[r.Table] = first
	}
	if first == f.Table {
		b.s.Files = append(b.s.Files, f)
	}
	return true
}

// more is what only one kind of file has.
func more(f *File, r *stateFileRecord) {
	switch f.Kind {
	case KindPipe:
		const fmodeRead, fmodeWrite = 1, 2
		f.Pipe = &Pipe{Unread: int(int64(r.More[0])), Slots: int(r.More[1]), Size: int(r.More[2]), Readers: int(r.More[3]), Writers: int(r.More[4]),
			Reads: r.Fmode&fmodeRead != 0, Writes: r.Fmode&fmodeWrite != 0}
	case KindEpoll:
		f.Epoll = &Epoll{Waiting: r.More[0] != 0, Polled: r.More[1] != 0, Entries: Unknown}
	case KindEventfd:
		f.Eventfd = &Eventfd{Count: r.More[0]}
	case KindTimerfd:
		f.Timerfd = &Timerfd{Ticks: r.More[0], Interval: int64(r.More[1]), Clock: int(int64(r.More[2])), Armed: r.More[3] != 0}
	}
}

// device is a device number as stat(2) encodes it (new_encode_dev) of the kernel's own form.
func device(d uint32) uint64 {
	major, minor := d>>20, d&(1<<20-1)
	return uint64(minor&0xff | major<<8 | minor&^0xff<<12)
}

// sockDone is the bit of sk_flags that says that a FIN is in (SOCK_DONE).
const sockDone = 1 << 1

func socket(r *stateSocketRecord) *Socket {
	s := &Socket{Sock: Key(r.Sock), Family: int(r.Family), Type: int(r.Type), Protocol: int(r.Protocol), State: int(r.State), NetNS: uint64(r.Netns),
		Unread: Unknown, Packets: Unknown, Unacked: Unknown, Unsent: Unknown, Low: int(r.Lowat), SendBuffer: int(r.Sndbuf), Accept: Unknown, Backlog: Unknown,
		ReusePort: r.Reuseport != 0, Group: Key(r.Group), ReadShut: r.Shutdown&1 != 0, WriteShut: r.Shutdown&2 != 0, Err: int(r.Err), SoftErr: int(r.ErrSoft)}
	s.Listening = s.State == tcpListen && s.Type != sockDgram
	s.SendQueued = max(int(r.WmemAlloc)-1, 0) // a count that begins with 1
	switch {
	case r.Tcp != 0:
		s.SendQueued = int(r.WmemQueued)
		s.notSentLow = r.NotsentLowat
		if s.notSentLow == 0 {
			s.notSentLow = 1<<32 - 1 // net.ipv4.tcp_notsent_lowat, which has this value unless somebody set it
		}
		if s.Listening {
			break
		}
		s.Unread = unreadTCP(r)
		s.Unacked = max(int(int32(r.WriteSeq-r.SndUna)), 0)
		if r.Tcp != mptcp {
			s.Unsent = max(int(int32(r.WriteSeq-r.SndNxt)), 0)
		}
	case s.Listening:
	case s.Family == afUnix, s.isUDP():
		s.Packets, s.Unread = int(r.Packets), int(r.Bytes)
	}
	if s.Listening {
		s.Accept, s.Backlog = int(r.Backlog), int(r.MaxBacklog)
		if s.Family == afUnix {
			s.Accept = int(r.Packets) // a connection waits in the queue of packets
		}
	}
	if s.Family == afUnix {
		s.Path, s.PeerPath, s.PeerInode = unixPath(r.Name[:r.NameLen]), unixPath(r.PeerName[:r.PeerNameLen]), r.PeerIno
	}
	s.Local, s.Peer = address(s.Family, r.Local, r.Lport), address(s.Family, r.Peer, r.Rport)
	return s
}

// unreadTCP is what FIONREAD says (tcp_inq, net/ipv4/tcp.c; mptcp_ioctl), but for urgent data: a FIN takes one number of the sequence, and so
// does the end of the data of MPTCP, which sets no SOCK_DONE.
func unreadTCP(r *stateSocketRecord) int {
	if s := int(r.State); s == tcpSynSent || s == 3 { // TCP_SYN_RECV
		return 0
	}
	n := int(int32(r.RcvNxt - r.CopiedSeq))
	if n > 0 && (r.Flags&sockDone != 0 || r.Tcp == mptcp && (r.State == tcpCloseWait || r.State == tcpLastAck || r.State == tcpClosing)) {
		n--
	}
	return max(n, 0)
}

// mptcp is the value of a record's tcp for MPTCP (since Linux 5.6), whose sockets a Go program listens with unless it is told not to.
const mptcp = 2

// address is not valid when neither address nor port is set. The port is in network order.
func address(family int, b [16]byte, swapped uint16) netip.AddrPort {
	port := bits.ReverseBytes16(swapped) // amd64 and arm64 are little-endian
	var a netip.Addr
	switch family {
	case afInet:
		a = netip.AddrFrom4([4]byte(b[:4]))
	case afInet6:
		a = netip.AddrFrom16(b)
	default:
		return netip.AddrPort{}
	}
	if a.IsUnspecified() && port == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a, port)
}

// unixPath is an AF_UNIX name: a path ends at its NUL, an abstract one begins with it and has any bytes.
func unixPath(b []int8) string {
	s := raw(b)
	if len(s) > 0 && s[0] == 0 {
		return s
	}
	return text(b)
}

// text is a string of the kernel up to its NUL.
func text(b []int8) string {
	if i := slices.Index(b, 0); i >= 0 {
		b = b[:i]
	}
	return raw(b)
}

func raw(b []int8) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(b))), len(b)))
}

func (b *builder) reg(r *stateRegRecord) bool {
	if Kind(r.Kind) >= kinds || r.Epfd < 0 {
		return false
	}
	at, seen := b.instances[Key(r.Instance)]
	if !seen {
		at = place{table: int(r.Tid), fd: int(r.Epfd)}
	}
	if at.table != int(r.Tid) || at.fd != int(r.Epfd) {
		return true // a duplicate of the descriptor
	}
	at.entries++
	b.instances[Key(r.Instance)] = at
	b.s.Regs = append(b.s.Regs, Reg{Time: int64(r.Time) + b.clock.monotonic, EPFD: int(r.Epfd), Instance: Key(r.Instance), FD: int(r.Fd), File: Key(r.File), Kind: Kind(r.Kind),
		Inode: r.Ino, Device: device(r.Dev), Events: r.Events, Data: r.Data, Queued: r.Queued != 0, Stale: r.Stale != 0})
	return true
}

func (b *builder) thread(r *stateThreadRecord) bool {
	const worker = 0x10 | 0x4000 // PF_IO_WORKER, PF_USER_WORKER
	t := Thread{Time: int64(r.Time) + b.clock.monotonic, TID: int(r.Tid), Name: text(r.Comm[:]), State: stateLetter(r.State, r.ExitState), Call: int(r.Call), Args: r.Args,
		Compat: r.Compat != 0, Worker: r.Flags&worker != 0, CPU: r.OnCpu != 0, Start: int64(r.Start) + b.clock.boot, User: int64(r.Utime), System: int64(r.Stime), Ran: int64(r.Ran),
		Voluntary: int64(r.Nvcsw), Preempted: int64(r.Nivcsw)}
	if t.Call < 0 {
		t.Args = [6]uint64{}
		t.Compat = false
		if t.Call != UnknownCall {
			t.Call = NoCall
		}
	}
	if r.Leader != 0 {
		b.s.Start, b.s.Parent = t.Start, int(r.Parent)
	}
	b.s.Threads = append(b.s.Threads, t)
	return true
}

// stateLetter is how /proc/PID/stat writes a state (task_state_index, linux/sched.h).
func stateLetter(state, exit uint32) string {
	const uninterruptible, noload = 2, 0x400
	if state&(uninterruptible|noload) == uninterruptible|noload { // TASK_IDLE
		return "I"
	}
	report := (state | exit) & 0x7f
	if state&0x1000 != 0 || state&0x8000 != 0 { // TASK_RTLOCK_WAIT, TASK_FROZEN
		report = uninterruptible
	}
	return "RSDTtXZP"[bits.Len32(report):][:1]
}

// state is what has come together.
func (b *builder) state(now int64) *State {
	s := &b.s
	s.End, s.Lost = now, b.lost
	slices.SortFunc(s.Files, func(a, c File) int {
		return cmp.Or(cmp.Compare(ofThread(a, s.PID), ofThread(c, s.PID)), cmp.Compare(a.FD, c.FD))
	})
	slices.SortFunc(s.Watched, func(a, c File) int { return cmp.Or(cmp.Compare(a.Inode, c.Inode), cmp.Compare(a.Time, c.Time)) })
	// Comparing one after another, as there are many; of entries of one number the one that was read first.
	slices.SortFunc(s.Regs, func(a, c Reg) int {
		if a.EPFD != c.EPFD {
			return a.EPFD - c.EPFD
		}
		if a.FD != c.FD {
			return a.FD - c.FD
		}
		return cmp.Compare(a.Time, c.Time)
	})
	slices.SortFunc(s.Threads, func(a, c Thread) int { return cmp.Compare(a.TID, c.TID) })
	if b.lists {
		for i := range s.Files {
			if f := &s.Files[i]; f.Epoll != nil {
				f.Epoll.Entries = b.instances[f.File].entries
			}
		}
	}
	return s
}

// ofThread orders tables: that of the process comes first, which is the key 0.
func ofThread(f File, pid int) int {
	if f.Table == pid {
		return 0
	}
	return f.Table
}

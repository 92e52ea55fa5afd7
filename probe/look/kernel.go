package look

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"evviz/probe"
	"evviz/probe/kernel"
	"evviz/trace"
)

// kernelLooker looks by BPF iterators. /proc is asked for nothing but what a thread has passed to poll or select.
type kernelLooker struct {
	reader  *kernel.Reader
	missing missing
	files   generations[kernelFile]
	next    uint64
	ages    map[uint64]*Socket // of this network namespace, by inode; nil: not asked in this look
	other   map[int]bool       // processes whose memory may not be read
}

// kernelFile is an open file. A key is used again when its object is gone; most kinds have an inode that is not.
type kernelFile struct {
	key   kernel.Key
	inode uint64
}

func (kl *kernelLooker) again() {
	kl.missing, kl.ages = nil, nil
	kl.files.again()
}

// file gives an open file a number of its own.
func (kl *kernelLooker) file(k kernel.Key, inode uint64) uint64 {
	if k == 0 {
		return 0
	}
	n := kl.files.of(kernelFile{k, inode})
	if n == 0 {
		kl.next++
		n = kl.next
		kl.files.put(kernelFile{k, inode}, n)
	}
	return n
}

// errHidden says that a process is there and the iterators do not come by it: a hardened kernel may keep some from them.
var errHidden = errors.New("the kernel does not show this process to BPF programs")

// process looks at one process.
func (kl *kernelLooker) process(pid int) (*ProcessMoment, error) {
	st, err := examine(pid)
	if err != nil {
		return nil, err
	}
	at := trace.Now()
	s, err := kl.reader.Read(pid)
	switch {
	case errors.Is(err, kernel.ErrNoProcess), errors.Is(err, kernel.ErrZombie):
		if again, err := examine(pid); err == nil && again.start == st.start {
			return nil, errHidden
		}
		return nil, &Refusal{PID: pid, Name: st.name, Why: "the process ended while it was looked at", Err: ErrEnded}
	case err != nil:
		return nil, &Refusal{PID: pid, Name: st.name, Why: "it cannot be looked into: " + err.Error(), Err: err}
	}
	p := &ProcessMoment{PID: pid, Parent: st.parent, Name: st.name, Time: at, User: userOf(pid), Bits: bitsOf(pid), Lists: true, Queues: true, Inside: true}
	for _, m := range kl.reader.Missing() {
		kl.missing.add("a part of what the kernel knows", m)
	}
	if s.Lost > 0 {
		kl.missing.add(fmt.Sprintf("%d entries of process %d", s.Lost, pid), "the lists changed faster than they could be read")
	}
	for i := range s.Files {
		if f := &s.Files[i]; f.Table == s.Files[0].Table { // a thread with another table is not followed
			if f.Epoll != nil && f.Epoll.Entries < 0 {
				p.Lists = false
			}
			p.Files = append(p.Files, kl.descriptor(f))
		} else {
			kl.missing.add(fmt.Sprintf("descriptors of thread %d", f.Table), "its descriptor table is not that of the process")
		}
	}
	for i := range s.Regs {
		r := &s.Regs[i]
		x := RegMoment{Registration: probe.Registration{EPFD: r.EPFD, FD: r.FD, Events: r.Events, Data: r.Data, Inode: r.Inode, Stale: r.Stale}, Target: kl.file(r.File, r.Inode), Queued: trace.AnswerNo}
		if r.Queued {
			x.Queued = trace.AnswerYes
		}
		p.Regs = append(p.Regs, x)
	}
	p.inherits()
	slices.SortFunc(p.Files, func(a, b FileMoment) int { return int(a.FD - b.FD) })
	kl.threads(p, s)
	return p, nil
}

func (kl *kernelLooker) descriptor(f *kernel.File) FileMoment {
	x := Describe(f)
	x.File = kl.file(f.File, f.Inode)
	if s := f.Socket; f.Kind == kernel.KindSocket && s != nil && s.Family != unix.AF_UNIX && x.Type != trace.TypeListener && (x.Unread > 0 || s.ReadShut) {
		if o := kl.age(x.Inode); o != nil && o.timed { // the kernel keeps when the newest came, and the iterators do not read it
			if x.Unread > 0 {
				x.UnreadFor = o.LastData
			}
			if s.ReadShut {
				x.FinishedFor = o.LastHeard
			}
		}
	}
	return x
}

// Describe is what the kernel says of a descriptor, but for who else has the file, and since when anything is so.
func Describe(f *kernel.File) FileMoment {
	x := FileMoment{FD: int32(f.FD), Flags: f.Flags, Inode: f.Inode, Device: f.Device, Unread: -1, Backlog: -1, Unsent: -1, Count: -1, UnreadFor: -1}
	if f.CloseOnExec {
		x.Flags |= unix.O_CLOEXEC
	}
	switch f.Kind {
	case kernel.KindSocket:
		if f.Socket != nil {
			x.socket(f.Socket)
		}
	case kernel.KindPipe:
		x.Type = trace.TypePipe
		if p := f.Pipe; p != nil {
			if p.Reads {
				x.Unread = int64(p.Unread)
				x.Finished = yesNo(p.Writers == 0)
			} else {
				x.Unread = 0
			}
			if p.Writes {
				x.Room = yesNo(p.Slots < p.Size)
			}
		}
	case kernel.KindEpoll:
		x.Type = trace.TypeEpoll
	case kernel.KindEventfd:
		x.Type = trace.TypeEventfd
		if f.Eventfd != nil {
			x.counted(int64(min(f.Eventfd.Count, 1<<62)))
		}
	case kernel.KindTimerfd:
		x.Type = trace.TypeTimerfd
		if f.Timerfd != nil {
			x.counted(int64(min(f.Timerfd.Ticks, 1<<62)))
		}
	case kernel.KindSignalfd:
		x.Type = trace.TypeSignalfd
	case kernel.KindInotify:
		x.Type = trace.TypeInotify
	case kernel.KindUring:
		x.Type = trace.TypeURing
	default:
		x.Type, x.Path = trace.TypeOther, f.Name
	}
	return x
}

func yesNo(b bool) trace.Answer {
	if b {
		return trace.AnswerYes
	}
	return trace.AnswerNo
}

func known(n int) int64 {
	if n < 0 {
		return -1
	}
	return int64(n)
}

func (x *FileMoment) socket(s *kernel.Socket) {
	x.Family, x.State, x.Local, x.Peer, x.ReusePort = s.Family, s.State, plainAddress(s.Local), plainAddress(s.Peer), yesNo(s.ReusePort)
	x.LocalName, x.PeerName = unixAddress(s.Path), unixAddress(s.PeerPath)
	switch {
	case s.Listening:
		x.Type, x.Unread, x.Backlog = trace.TypeListener, known(s.Accept), known(s.Backlog)
		x.Peer = netip.AddrPort{}
		return
	case s.Family != unix.AF_INET && s.Family != unix.AF_INET6 && s.Family != unix.AF_UNIX:
		x.Type, x.Path = trace.TypeOther, "socket"
		return
	case s.Type == unix.SOCK_STREAM:
		x.Type = trace.TypeStream
	case s.Type == unix.SOCK_SEQPACKET:
		x.Type = trace.TypeSeqpacket
	default:
		x.Type = trace.TypeDatagram
	}
	x.Unread, x.Unsent = known(s.Unread), known(s.Unacked)
	if ok, known := s.Writable(); known {
		x.Room = yesNo(ok)
	}
	if x.Type == trace.TypeStream {
		x.Finished = yesNo(s.ReadShut)
	}
}

// age is what sock_diag says of a TCP socket of this network namespace, nil of every other.
func (kl *kernelLooker) age(inode uint64) *Socket {
	if kl.ages == nil {
		kl.ages = map[uint64]*Socket{}
		all, err := Sockets()
		if err != nil {
			kl.missing.add("since when data is unread", err.Error())
		}
		for i := range all {
			kl.ages[uint64(all[i].Inode)] = &all[i]
		}
	}
	return kl.ages[inode]
}

// plainAddress is an address as a person writes it: that of an IPv4 peer of an IPv6 socket is an IPv4 address.
func plainAddress(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// unixAddress is an address of AF_UNIX, as ss writes it: @ begins an abstract one.
func unixAddress(path string) string {
	if path != "" && path[0] == 0 {
		return "@" + path[1:]
	}
	return path
}

// threads takes the threads, but for those that the kernel runs in the process.
func (kl *kernelLooker) threads(p *ProcessMoment, s *kernel.State) {
	for i := range s.Threads {
		t := &s.Threads[i]
		if t.Worker {
			continue
		}
		x := ThreadMoment{TID: t.TID, Name: t.Name, Call: int64(t.Call), Args: t.Args, CPU: t.Ran, Switches: t.Voluntary + t.Preempted, Voluntary: t.Voluntary, Involuntary: t.Preempted}
		if t.State != "" {
			x.Doing = doing(t.State[0])
		}
		if all := t.User + t.System; all > 0 {
			x.System = int64(float64(t.Ran) * float64(t.System) / float64(all))
		}
		if t.Compat {
			x.Call, p.Bits = unknownCall, 32
		}
		if name := callName(x.Call); waitCalls[name] && !kl.other[p.PID] {
			x.Set, x.HasSet = setOf(p.PID, &x)
			x.Timeout = timeoutOf(p.PID, &x)
			if !x.HasSet && setCalls[name] {
				kl.refuse(p.PID)
			}
		}
		p.Threads = append(p.Threads, x)
	}
}

// refuse notes that the memory of a process cannot be read.
func (kl *kernelLooker) refuse(pid int) {
	if kl.other == nil {
		kl.other = map[int]bool{}
	}
	kl.other[pid] = true
	kl.missing.add("the sets that threads have passed to poll and select", fmt.Sprintf("the memory of process %d may not be read (it wants CAP_SYS_PTRACE, or the same user)", pid))
}

var (
	setCalls  = wordSet("poll ppoll select pselect6")
	waitCalls = wordSet("poll ppoll select pselect6 epoll_wait epoll_pwait epoll_pwait2")
)

package look

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"evviz/probe"
	"evviz/trace"
)

// many is from how many descriptors on reading an interest list from /proc is worth a warning: it holds the instance's mutex, 5 µs or so for
// ten entries.
const many = 1000

// procLooker looks by /proc and sock_diag.
type procLooker struct {
	sockets map[uint64]*Socket // of this network namespace, by inode; nil: not asked yet
	failed  error              // why they could not be had
	own     string             // this process's network namespace
	other   map[string]map[uint64]*Socket
	missing missing
	files   identities
	long    map[longList][]probe.Registration // lists that are read once
}

// longList is an interest list that is long.
type longList struct{ pid, fd int }

// missing gathers what could not be looked at.
type missing []trace.Missing

func (m *missing) add(what, why string) {
	for _, x := range *m {
		if x.What == what && x.Why == why {
			return
		}
	}
	*m = append(*m, trace.Missing{What: what, Why: why})
}

// identities gives open files numbers of their own, from 1. A file keeps its number from look to look.
type identities struct {
	sockets generations[uint64]   // by inode: a socket has one open file
	epolls  []epollFile           // of this look, one for each instance
	numbers generations[epollKey] // of descriptors of instances
	used    map[uint64]bool       // ... by instances of this look
	next    uint64
}

type epollKey struct{ pid, fd int }

type epollFile struct {
	epollKey
	id uint64
}

// generations remembers what the present look and the one before have found, so that it does not grow with all that was ever open.
type generations[K comparable] struct{ now, before map[K]uint64 }

// again begins a look.
func (g *generations[K]) again() { g.now, g.before = map[K]uint64{}, g.now }

// of is the number of something, 0 when neither look has seen it.
func (g *generations[K]) of(k K) uint64 {
	n := g.now[k]
	if n == 0 {
		if n = g.before[k]; n != 0 {
			g.put(k, n)
		}
	}
	return n
}

func (g *generations[K]) put(k K, n uint64) {
	if g.now == nil {
		g.now = map[K]uint64{}
	}
	g.now[k] = n
}

// again begins a look.
func (id *identities) again() {
	id.sockets.again()
	id.numbers.again()
	id.epolls, id.used = nil, map[uint64]bool{}
}

func (id *identities) socket(inode uint64) uint64 {
	n := id.sockets.of(inode)
	if n == 0 {
		id.next++
		n = id.next
		id.sockets.put(inode, n)
	}
	return n
}

// maxCompared bounds how many epoll instances are held against each other.
const maxCompared = 64

// epoll finds out whether an instance is one that another descriptor leads to already.
func (id *identities) epoll(pid, fd int) uint64 {
	k := epollKey{pid, fd}
	for _, x := range id.epolls {
		if same, ok := sameFile(x.pid, x.fd, pid, fd); ok && same {
			id.numbers.put(k, x.id)
			return x.id
		}
	}
	n := id.numbers.before[k]
	if n == 0 || id.used[n] {
		id.next++
		n = id.next
	}
	if id.used == nil {
		id.used = map[uint64]bool{}
	}
	id.used[n] = true
	id.numbers.put(k, n)
	if len(id.epolls) < maxCompared {
		id.epolls = append(id.epolls, epollFile{k, n})
	}
	return n
}

// kcmp types (linux/kcmp.h).
const kcmpFile = 0

// sameFile asks whether two descriptors lead to one open file (kcmp(2), Linux 3.5). ok is false where the kernel does not say.
func sameFile(pid1, fd1, pid2, fd2 int) (same, ok bool) {
	r, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(pid1), uintptr(pid2), kcmpFile, uintptr(fd1), uintptr(fd2), 0)
	return r == 0 && errno == 0, errno == 0
}

// inherits finds the instances that came with a fork. Where kcmp(2) is not allowed none is found.
func (p *ProcessMoment) inherits() {
	if p.Parent <= 1 {
		return
	}
	for i := range p.Files {
		if f := &p.Files[i]; f.Type == trace.TypeEpoll {
			same, _ := sameFile(p.PID, int(f.FD), p.Parent, int(f.FD))
			f.Inherited = same
		}
	}
}

// process looks at one process.
func (pl *procLooker) process(pid int) (*ProcessMoment, error) {
	st, err := examine(pid)
	if err != nil {
		return nil, err
	}
	p := &ProcessMoment{PID: pid, Parent: st.parent, Name: st.name, Time: trace.Now(), Bits: bitsOf(pid)}
	p.User = userOf(pid)
	dir := fmt.Sprintf("/proc/%d/", pid)
	links, err := linksOf(dir + "fd/")
	if err != nil {
		return nil, refused(pid, st.name, err)
	}
	numbers := make([]int32, 0, len(links))
	for n := range links {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	p.Lists = true
	for _, n := range numbers {
		f, regs, ok := pl.file(pid, n, links)
		if !ok {
			continue
		}
		p.Files = append(p.Files, f)
		p.Regs = append(p.Regs, regs...)
	}
	pl.recheck(p)
	p.inherits()
	if len(p.Regs) > many {
		pl.missing.add(fmt.Sprintf("the loop of %d without a pause", pid), fmt.Sprintf("reading %d registrations from /proc has held its instance's mutex for some milliseconds; by BPF it is not touched", len(p.Regs)))
	}
	threads(p, st, &pl.missing)
	if _, err := os.Stat(dir + "stat"); err != nil {
		return nil, refused(pid, st.name, os.ErrNotExist)
	}
	return p, nil
}

// linksOf reads what the descriptors of a process refer to. The kernel may list them and let nobody follow them, to a user without CAP_SYS_PTRACE whose
// process has fewer capabilities: then nothing is known of them, which is not the same as none.
func linksOf(dir string) (map[int32]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	links := map[int32]string{}
	var denied error
	for _, d := range entries {
		n, err := strconv.ParseInt(d.Name(), 10, 32)
		if err != nil {
			continue
		}
		link, err := os.Readlink(dir + d.Name())
		switch {
		case err == nil:
			links[int32(n)] = link
		case os.IsPermission(err):
			denied = err
		} // or it was closed meanwhile
	}
	if len(links) > 0 {
		denied = nil
	}
	return links, denied
}

func (pl *procLooker) file(pid int, n int32, links map[int32]string) (f FileMoment, regs []RegMoment, ok bool) {
	link := links[n]
	f = FileMoment{FD: n, Unread: -1, Backlog: -1, Unsent: -1, Count: -1, UnreadFor: -1}
	dir := fmt.Sprintf("/proc/%d/", pid)
	if list, known := pl.long[longList{pid, int(n)}]; known && link == epollLink {
		f.Type, f.File = trace.TypeEpoll, pl.files.epoll(pid, int(n))
		pl.missing.add(fmt.Sprintf("what has changed among %d registrations of fd %d", len(list), n), "the list is long, and was read once: reading it holds the instance's mutex")
		return f, pl.entries(list, pid, int(n), links), true
	}
	info, err := os.ReadFile(dir + "fdinfo/" + strconv.Itoa(int(n)))
	if err != nil {
		if !os.IsPermission(err) {
			return f, nil, false // closed meanwhile
		}
		pl.missing.add("flags and counters of descriptors", "/proc/PID/fdinfo may not be read")
	}
	kind, inode, named := strings.Cut(strings.TrimSuffix(link, "]"), ":[")
	if named {
		f.Inode, _ = strconv.ParseUint(inode, 10, 64)
	}
	values := infoOf(info)
	f.Flags = uint32(values.octal("flags"))
	if named && f.Flags&unix.O_NONBLOCK == 0 {
		// The number may have been given to another file since the links were read, and these are the flags of that one.
		if now, err := os.Readlink(dir + "fd/" + strconv.Itoa(int(n))); err != nil || now != link {
			return f, nil, false
		}
	}
	switch {
	case kind == "socket" && named:
		pl.socket(pid, &f)
	case kind == "pipe" && named:
		f.Type = trace.TypePipe
		var st unix.Stat_t
		if f.Path = ""; unix.Stat(dir+"fd/"+strconv.Itoa(int(n)), &st) == nil {
			f.Device = st.Dev
		}
	case link == epollLink:
		f.Type, f.File = trace.TypeEpoll, pl.files.epoll(pid, int(n))
		list := probe.ParseRegistrations(info)
		if len(list) > many {
			if pl.long == nil {
				pl.long = map[longList][]probe.Registration{}
			}
			pl.long[longList{pid, int(n)}] = list
		}
		regs = pl.entries(list, pid, int(n), links)
	case link == "anon_inode:[eventfd]":
		f.Type = trace.TypeEventfd
		f.counted(values.hex("eventfd-count", -1))
	case link == "anon_inode:[timerfd]":
		f.Type = trace.TypeTimerfd
		f.counted(values.decimal("ticks", -1))
	case link == "anon_inode:[signalfd]":
		f.Type = trace.TypeSignalfd
	case link == "anon_inode:inotify", link == "anon_inode:[inotify]":
		f.Type = trace.TypeInotify
	case link == "anon_inode:[io_uring]":
		f.Type = trace.TypeURing
	default:
		f.Type, f.Path = trace.TypeOther, link
		var st unix.Stat_t
		if unix.Stat(dir+"fd/"+strconv.Itoa(int(n)), &st) == nil {
			f.Inode, f.Device = st.Ino, st.Dev
		}
	}
	return f, regs, true
}

// entries are the entries of an instance's list.
func (pl *procLooker) entries(list []probe.Registration, pid, epfd int, links map[int32]string) []RegMoment {
	regs := make([]RegMoment, 0, len(list))
	for _, r := range list {
		r.EPFD = epfd
		target, open := links[int32(r.FD)]
		r.Stale = !open || otherInode(target, fmt.Sprintf("/proc/%d/fd/%d", pid, r.FD), r.Inode)
		regs = append(regs, RegMoment{Registration: r})
	}
	return regs
}

// recheck asks again about registrations whose number does not lead to what they are about: it may have been given away, or the
// registration made, between the two readings.
func (pl *procLooker) recheck(p *ProcessMoment) {
	dir := fmt.Sprintf("/proc/%d/", p.PID)
	again := map[int]map[int]bool{} // by instance: numbers that are registered still
	p.Regs = slices.DeleteFunc(p.Regs, func(r RegMoment) bool {
		if !r.Stale {
			return false
		}
		path := dir + "fd/" + strconv.Itoa(r.FD)
		if link, err := os.Readlink(path); err == nil && !otherInode(link, path, r.Inode) {
			return true // it has come since the descriptors were read: the next look finds both
		}
		fds, asked := again[r.EPFD]
		if _, long := pl.long[longList{p.PID, r.EPFD}]; long {
			return true // it may have been taken out since
		}
		if !asked {
			fds = map[int]bool{}
			if b, err := os.ReadFile(dir + "fdinfo/" + strconv.Itoa(r.EPFD)); err == nil {
				for _, o := range probe.ParseRegistrations(b) {
					fds[o.FD] = true
				}
			}
			again[r.EPFD] = fds
		}
		return !fds[r.FD]
	})
}

// targets finds out which files registrations are about, once every process was looked at: another one may have it.
func (pl *procLooker) targets(all []*ProcessMoment) {
	for _, p := range all {
		for i := range p.Regs {
			p.Regs[i].Target = pl.files.sockets.now[p.Regs[i].Inode]
		}
	}
}

// socket fills in what sock_diag says of a socket; where it is another network namespace's, what /proc says of that.
func (pl *procLooker) socket(pid int, f *FileMoment) {
	f.File = pl.files.socket(f.Inode)
	all := pl.socketsOf(pid)
	s := all[f.Inode]
	if s == nil {
		f.Type = trace.TypeOther
		f.Path = "socket"
		pl.missing.add(fmt.Sprintf("some sockets of process %d", pid), "sock_diag and /proc do not show those whose connection was reset, those that are not bound, and other families")
		return
	}
	s.tell(f)
	if s.noBytes {
		pl.missing.add("how many bytes are unread in datagram sockets", "sock_diag and /proc count the memory, or the first packet")
	}
	if s.Family == unix.AF_UNIX && s.Peer != 0 {
		if o := all[uint64(s.Peer)]; o != nil && o.Name != "" {
			f.PeerName = o.Name
		}
	}
}

// tell fills in what is known of a socket.
func (s *Socket) tell(f *FileMoment) {
	f.Type, f.Family, f.State = s.Type, s.Family, s.State
	f.Local, f.Peer, f.LocalName = s.Local, s.Remote, s.Name
	f.Room, f.Finished = s.Room, s.Finished
	if !s.noQueues && !s.noBytes {
		f.Unread = int64(s.RecvQ)
	}
	if s.Listening {
		if !s.noQueues && !s.noBacklog {
			f.Backlog = int64(s.SendQ)
		}
	} else if s.Type == trace.TypeStream && s.Family != unix.AF_UNIX {
		f.Unsent = int64(s.SendQ)
	}
	if s.Finished == trace.AnswerYes && s.timed {
		f.FinishedFor = s.LastHeard
	}
	if f.Unread > 0 && s.timed {
		f.UnreadFor = s.LastData
	}
}

// socketsOf are the sockets of a process's network namespace, by inode.
func (pl *procLooker) socketsOf(pid int) map[uint64]*Socket {
	ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	if pl.own == "" {
		pl.own, _ = os.Readlink("/proc/self/ns/net")
	}
	if err == nil && pl.own != "" && ns != pl.own {
		if pl.other == nil {
			pl.other = map[string]map[uint64]*Socket{}
		}
		if _, asked := pl.other[ns]; !asked {
			pl.other[ns] = tablesOf(pid)
			pl.missing.add("backlogs, and whether there is room to write", fmt.Sprintf("process %d is in another network namespace, and without BPF only /proc shows its sockets", pid))
		}
		return pl.other[ns]
	}
	if pl.sockets == nil {
		all, err := everySocket()
		if err != nil {
			pl.failed = err
			pl.missing.add("sockets", err.Error())
		}
		pl.sockets = make(map[uint64]*Socket, len(all))
		for i := range all {
			pl.sockets[uint64(all[i].Inode)] = &all[i]
		}
	}
	return pl.sockets
}

// again forgets what changes from look to look.
func (pl *procLooker) again() {
	pl.sockets, pl.other, pl.missing = nil, nil, nil
	pl.files.again()
}

// info is what a file of /proc/PID/fdinfo says.
type info map[string]string

func infoOf(b []byte) info {
	m := info{}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && k != "tfd" {
			m[k] = strings.TrimSpace(v)
		}
	}
	return m
}

func (m info) octal(key string) int64            { return m.number(key, 8, 0) }
func (m info) hex(key string, none int64) int64  { return m.number(key, 16, none) }
func (m info) decimal(key string, n int64) int64 { return m.number(key, 10, n) }

func (m info) number(key string, base int, none int64) int64 {
	n, err := strconv.ParseUint(m[key], base, 63)
	if err != nil {
		return none
	}
	return int64(n)
}

// userOf is the effective user of a process, -1 unknown.
func userOf(pid int) int {
	f := strings.Fields(field(fmt.Sprintf("/proc/%d/status", pid), "Uid"))
	if len(f) < 2 {
		return -1
	}
	n, err := strconv.Atoi(f[1])
	if err != nil {
		return -1
	}
	return n
}

// bitsOf is how wide the registers of a process's program are, by its ELF header; 0 unknown.
func bitsOf(pid int) int {
	f, err := os.Open(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
	if err != nil {
		return 0
	}
	defer f.Close()
	var head [5]byte
	if _, err := f.Read(head[:]); err != nil || string(head[:4]) != "\x7fELF" {
		return 0
	}
	switch head[4] {
	case 1:
		return 32
	case 2:
		return 64
	}
	return 0
}

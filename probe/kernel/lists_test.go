//go:build linux && (amd64 || arm64)

package kernel

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"evviz/internal/testkit"
)

func init() {
	roles["lists"] = makeLists
	roles["long list"] = makeLongList
	roles["changing list"] = makeChangingList
}

// entry is what a child knows of one registration.
type entry struct {
	Is       string
	EPFD, FD int
	Events   uint32 // as the kernel keeps them: ERR and HUP are in all, but for what EPOLLONESHOT has taken
	Data     uint64
	Queued   bool
	Stale    bool
}

type lists struct {
	Entries []entry
	EPFD    int // of most entries
	Dup     int // another number of it
	Outer   int // an instance that watches it
	Blocked int // an instance in which a thread waits
	TID     int // that thread
}

// add registers with data of its own in both halves.
func (m *maker) register(epfd, fd int, events uint32) uint64 {
	ev := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(0x1234_0000 + fd)}
	m.must("epoll_ctl", unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &ev))
	return uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32
}

func (m *maker) pipe() (r, w int) {
	var p [2]int
	m.must("pipe", unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC))
	return p[0], p[1]
}

func (m *maker) epoll() int {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	m.must("epoll_create1", err)
	return fd
}

const always = unix.EPOLLERR | unix.EPOLLHUP // the kernel adds them

func makeLists() (any, error) {
	m, l := &maker{}, lists{}
	l.EPFD, l.Outer, l.Blocked = m.epoll(), m.epoll(), m.epoll()
	type made struct {
		entry
		writer int
		data   []byte
		later  bool // written after the report was taken
	}
	var all []*made
	watch := func(is string, events uint32, data, later int, after entry) *made {
		r, w := m.pipe()
		after.Is, after.EPFD, after.FD = is, l.EPFD, r
		after.Data = m.register(l.EPFD, r, events)
		if after.Events == 0 {
			after.Events = events | always
		}
		x := &made{entry: after, writer: w, data: make([]byte, later), later: later > 0}
		if data > 0 {
			m.write(w, data)
		}
		all = append(all, x)
		return x
	}
	watch("level, unread", unix.EPOLLIN, 10, 0, entry{Queued: true})
	watch("level, nothing", unix.EPOLLIN|unix.EPOLLRDHUP, 0, 0, entry{})
	watch("edge, report taken, data left", unix.EPOLLIN|unix.EPOLLET, 10, 0, entry{})
	watch("edge, nothing", unix.EPOLLIN|unix.EPOLLET, 0, 0, entry{})
	watch("edge, pending", unix.EPOLLIN|unix.EPOLLET|unix.EPOLLPRI, 0, 10, entry{Queued: true})
	watch("edge, more after the report", unix.EPOLLIN|unix.EPOLLET, 10, 10, entry{Queued: true})
	watch("oneshot, disarmed", unix.EPOLLIN|unix.EPOLLONESHOT, 10, 0, entry{Events: unix.EPOLLONESHOT})
	watch("oneshot, disarmed, more data", unix.EPOLLIN|unix.EPOLLONESHOT|unix.EPOLLET, 10, 10, entry{Events: unix.EPOLLONESHOT | unix.EPOLLET})
	watch("oneshot, armed", unix.EPOLLIN|unix.EPOLLONESHOT, 0, 0, entry{})
	watch("exclusive", unix.EPOLLIN|unix.EPOLLEXCLUSIVE|unix.EPOLLET, 0, 0, entry{})
	gone := watch("number closed, file still open", unix.EPOLLIN|unix.EPOLLET, 0, 0, entry{Stale: true})
	other := watch("number means another file now", unix.EPOLLIN, 0, 10, entry{Stale: true, Queued: true})

	var events [64]unix.EpollEvent
	n, err := unix.EpollWait(l.EPFD, events[:], 0)
	if m.must("epoll_wait", err) && n != 5 {
		return nil, fmt.Errorf("epoll_wait reports %d events: 5 have data", n)
	}
	for _, x := range all {
		if x.later {
			m.write(x.writer, len(x.data))
		}
	}
	null, err := unix.Open("/dev/null", unix.O_RDONLY, 0)
	m.must("open", err)
	for _, x := range []*made{gone, other} {
		_, err := unix.FcntlInt(uintptr(x.FD), unix.F_DUPFD_CLOEXEC, 500)
		m.must("dup", err)
		m.must("close", unix.Close(x.FD))
	}
	m.must("dup2", unix.Dup3(null, other.FD, 0))

	for _, x := range all {
		l.Entries = append(l.Entries, x.entry)
	}
	l.Dup, err = unix.FcntlInt(uintptr(l.EPFD), unix.F_DUPFD_CLOEXEC, 500)
	m.must("dup", err)
	// Something is on the inner list, so the outer one has the inner one on its own.
	l.Entries = append(l.Entries, entry{Is: "instance", EPFD: l.Outer, FD: l.EPFD, Events: unix.EPOLLIN | always, Data: m.register(l.Outer, l.EPFD, unix.EPOLLIN), Queued: true})
	r, err := unix.Eventfd(0, unix.EFD_NONBLOCK) // not a pipe, which would take the number that is to stay free
	m.must("eventfd", err)
	if r == gone.FD {
		r, err = unix.FcntlInt(uintptr(r), unix.F_DUPFD_CLOEXEC, 500)
		m.must("dup", err)
		m.must("close", unix.Close(gone.FD))
	}
	l.Entries = append(l.Entries, entry{Is: "blocked", EPFD: l.Blocked, FD: r, Events: unix.EPOLLIN | always, Data: m.register(l.Blocked, r, unix.EPOLLIN)})
	tid := make(chan int)
	go func() {
		runtime.LockOSThread()
		tid <- unix.Gettid()
		for {
			unix.EpollWait(l.Blocked, events[:1], -1)
		}
	}()
	l.TID = <-tid
	m.until("a thread waits", func() bool { return testkit.Sleeping(l.TID) })
	return l, m.err
}

// TestLists: every registration of a child is in the state as the child knows it, and as /proc has it.
func TestLists(t *testing.T) {
	for _, o := range []options{{}, {ring: os.Getpagesize()}, {withoutOneProcess: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			r := needBPF(t, o)
			if !r.objects.lists {
				t.Skipf("SKIPPED, not tested: %v", r.Missing())
			}
			c := start(t, "lists", nil)
			l := known[lists](t, c)
			var s *State
			testkit.Until(t, time.Minute, func() bool { // the child says that it is about to wait, before it does
				s = read(t, r, c.pid)
				i := slices.IndexFunc(s.Threads, func(t Thread) bool { return t.TID == l.TID })
				return i >= 0 && slices.Contains(epollWaits(), s.Threads[i].Call) && s.Threads[i].State == "S" && s.FileAt(l.Blocked).Epoll.Waiting
			}, func() string { return fmt.Sprintf("thread %d does not come to wait: %+v", l.TID, s.Threads) })
			for _, e := range l.Entries {
				i := slices.IndexFunc(s.Regs, func(r Reg) bool { return r.EPFD == e.EPFD && r.FD == e.FD && r.Data == e.Data })
				if i < 0 {
					t.Errorf("%s: not in the state", e.Is)
					continue
				}
				g := s.Regs[i]
				if g.Events != e.Events || g.Queued != e.Queued || g.Stale != e.Stale {
					t.Errorf("%s: events %#x, queued %v, stale %v; they are %#x, %v, %v", e.Is, g.Events, g.Queued, g.Stale, e.Events, e.Queued, e.Stale)
				}
				compareWatched(t, s, &g, e)
			}
			compareFdinfo(t, s, c.pid)
			instances(t, s, &l)
		})
	}
}

// compareWatched: a registration leads to the file behind its number, or, if it is stale, to one of its own.
func compareWatched(t *testing.T, s *State, g *Reg, e entry) {
	f := s.FileAt(g.FD)
	if !e.Stale {
		if f == nil || f.File != g.File || f.Kind != g.Kind || f.Inode != g.Inode || f.Device != g.Device {
			t.Errorf("%s: it watches another file than there is at %d", e.Is, g.FD)
		}
		return
	}
	if f != nil && f.File == g.File {
		t.Errorf("%s: it is stale, and its file is at %d", e.Is, g.FD)
	}
	n := 0
	for _, w := range s.Watched {
		if w.File == g.File {
			n++
			if w.FD != Unknown || w.Kind != KindPipe || w.Inode != g.Inode || w.Pipe == nil || e.Queued != (w.Pipe.Unread > 0) {
				t.Errorf("%s: the watched file is %+v", e.Is, w)
			}
		}
	}
	if n != 1 {
		t.Errorf("%s: its file is %d times among those that are watched", e.Is, n)
	}
	if !slices.ContainsFunc(s.Files, func(f File) bool { return f.File == g.File }) {
		t.Errorf("%s: its file has another number, which is not found by its key", e.Is)
	}
}

// epollWaits are the numbers of the calls that wait on an instance.
func epollWaits() []int {
	if runtime.GOARCH == "amd64" {
		return []int{unix.SYS_EPOLL_PWAIT, 232} // epoll_wait, which arm64 does not have
	}
	return []int{unix.SYS_EPOLL_PWAIT}
}

func instances(t *testing.T, s *State, l *lists) {
	if s.FileAt(l.Dup).File != s.FileAt(l.EPFD).File {
		t.Error("a duplicate of the instance is not the same open file")
	}
	if slices.ContainsFunc(s.Regs, func(r Reg) bool { return r.EPFD == l.Dup }) {
		t.Error("registrations of the instance's second number: they are those of the first")
	}
	for _, want := range []struct {
		fd      int
		entries int
		waiting bool
	}{{l.EPFD, 12, false}, {l.Dup, 12, false}, {l.Outer, 1, false}, {l.Blocked, 1, true}} {
		if e := s.FileAt(want.fd).Epoll; e.Entries != want.entries || e.Waiting != want.waiting {
			t.Errorf("instance %d: %+v; it has %d entries, waited on: %v", want.fd, *e, want.entries, want.waiting)
		}
	}
	i := slices.IndexFunc(s.Threads, func(t Thread) bool { return t.TID == l.TID })
	if i < 0 {
		t.Fatalf("thread %d is not in the state", l.TID)
	}
	if th := s.Threads[i]; !slices.Contains(epollWaits(), th.Call) || th.Args[0] != uint64(l.Blocked) || int32(th.Args[3]) != -1 || th.State != "S" || th.CPU {
		t.Errorf("thread %+v: it is in epoll_wait(%d, ..., -1)", th, l.Blocked)
	}
}

// fdinfo is every registration that /proc has of a process, by instance and number; instances with two numbers once.
func fdinfo(t testing.TB, pid int, numbers map[int]bool) (out []string) {
	dir := fmt.Sprintf("/proc/%d/fdinfo", pid)
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		epfd, _ := strconv.Atoi(e.Name())
		if !numbers[epfd] {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			var fd int
			var events uint32
			var data, ino, dev uint64
			var pos int64
			// tfd:        5 events:       19 data:                5  pos:0 ino:3211b1d sdev:9
			if n, _ := fmt.Sscanf(line, "tfd: %d events: %x data: %x pos:%d ino:%x sdev:%x", &fd, &events, &data, &pos, &ino, &dev); n == 6 {
				out = append(out, registration(epfd, fd, events, data, ino, device(uint32(dev))))
			}
		}
	}
	slices.Sort(out)
	return out
}

func registration(epfd, fd int, events uint32, data, ino, dev uint64) string {
	return fmt.Sprintf("%d %d %x %x %x %x", epfd, fd, events, data, ino, dev)
}

// compareFdinfo: the state and /proc have the same registrations, to the last bit.
func compareFdinfo(t *testing.T, s *State, pid int) {
	t.Helper()
	var got []string
	first := map[int]bool{}
	for _, r := range s.Regs {
		got = append(got, registration(r.EPFD, r.FD, r.Events, r.Data, r.Inode, r.Device))
		first[r.EPFD] = true
	}
	slices.Sort(got)
	want := fdinfo(t, pid, first)
	if len(want) == 0 {
		t.Error("/proc has no registrations: there is nothing to compare with")
	}
	if !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("%d registrations, /proc has %d; they differ from the %dth on", len(got), len(want), i)
				return
			}
		}
	}
}

const longList = 20_000

const entriesVar = "EVVIZ_KERNEL_TEST_ENTRIES"

type longTruth struct {
	EPFD    int
	Again   int // a number under which many are registered; 0: none
	Stale   int // how many of those it does not mean any more
	Entries int
	FDs     []int
	Queued  []bool
}

func makeLongList() (any, error) {
	m := &maker{}
	n := longList
	if s := os.Getenv(entriesVar); s != "" {
		n, _ = strconv.Atoi(s)
	}
	var limit unix.Rlimit
	m.must("getrlimit", unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if higher := uint64(n) + 100; limit.Max < higher && unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: higher, Max: higher}) == nil {
		limit.Max = higher
	}
	l := longTruth{EPFD: m.epoll()}
	for i := 0; i < min(n, int(limit.Max)-100) && m.err == nil; i++ {
		// Two of three are ready, every fifth of all is edge-triggered.
		fd, err := unix.Eventfd(uint(min(i%3, 1)), unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
		m.must("eventfd", err)
		events := uint32(unix.EPOLLIN)
		if i%5 == 0 {
			events |= unix.EPOLLET & 0xffffffff
		}
		m.register(l.EPFD, fd, events)
		l.FDs = append(l.FDs, fd)
		l.Queued = append(l.Queued, i%3 > 0)
	}
	// Where so many numbers are not allowed, the rest are registered one after another under one number; all but the last are stale then.
	for i := 0; len(l.FDs)+i < n && m.err == nil; i++ {
		l.Again = l.FDs[len(l.FDs)-1] + 1
		m.must("dup3", unix.Dup3(l.FDs[i], l.Again, unix.O_CLOEXEC))
		m.register(l.EPFD, l.Again, unix.EPOLLIN)
		l.Stale = i
	}
	l.Entries = n
	return l, m.err
}

// TestLongList: a list that is many times longer than the ring holds is complete.
func TestLongList(t *testing.T) {
	testkit.Long(t, "an interest list of 20,000 entries")
	c := start(t, "long list", nil)
	l := known[longTruth](t, c)
	for _, o := range []options{{}, {ring: os.Getpagesize()}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			r := needBPF(t, o)
			if !r.objects.lists {
				t.Skipf("SKIPPED, not tested: %v", r.Missing())
			}
			s := read(t, r, c.pid)
			compareFdinfo(t, s, c.pid)
			if e := s.FileAt(l.EPFD).Epoll; e.Entries != l.Entries {
				t.Errorf("%d entries: it has %d", e.Entries, l.Entries)
			}
			queued, stale := map[int]bool{}, 0
			for _, g := range s.Regs {
				queued[g.FD] = g.Queued
				if g.Stale && g.FD != l.Again {
					t.Errorf("%+v is stale: it is not", g)
				} else if g.Stale {
					stale++
				}
			}
			if stale != l.Stale || len(s.Watched) != l.Stale {
				t.Errorf("%d stale registrations of %d files: there are %d", stale, len(s.Watched), l.Stale)
			}
			for i, fd := range l.FDs {
				if queued[fd] != l.Queued[i] {
					t.Fatalf("descriptor %d, the %dth: queued %v, it is %v", fd, i, queued[fd], l.Queued[i])
				}
			}
		})
	}
}

// kept is how many entries of the changing list stay where they are.
const kept = 500

func makeChangingList() (any, error) {
	m := &maker{}
	l := longTruth{EPFD: m.epoll()}
	fd := func() int {
		fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
		m.must("eventfd", err)
		return fd
	}
	var others []int
	for range kept {
		x := fd()
		m.register(l.EPFD, x, unix.EPOLLIN)
		l.FDs = append(l.FDs, x)
		others = append(others, fd())
	}
	go func() {
		for {
			for _, x := range others {
				unix.EpollCtl(l.EPFD, unix.EPOLL_CTL_ADD, x, &unix.EpollEvent{Events: unix.EPOLLIN})
			}
			for _, x := range others {
				unix.EpollCtl(l.EPFD, unix.EPOLL_CTL_DEL, x, nil)
			}
		}
	}()
	return l, m.err
}

// TestChangingList: a list that changes all the time is read to its end, in order, with nothing twice and nothing that was never there. An
// entry that stays may be missed while the tree is turned, which is why it is asked again; one that is missed every time is lost.
func TestChangingList(t *testing.T) {
	r := needBPF(t, options{ring: 4 * os.Getpagesize()})
	if !r.objects.lists {
		t.Skipf("SKIPPED, not tested: %v", r.Missing())
	}
	c := start(t, "changing list", nil)
	l := known[longTruth](t, c)
	never := map[int]bool{}
	for _, fd := range l.FDs {
		never[fd] = true
	}
	most := l.FDs[len(l.FDs)-1] + 1 // the last of the others
	end := time.Now().Add(2 * time.Minute)
	for pass := 0; pass < 200 || len(never) > 0; pass++ {
		s, err := r.Read(c.pid)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		for _, g := range s.Regs {
			if g.EPFD != l.EPFD {
				continue // the Go runtime's
			}
			if seen[g.FD] {
				t.Fatalf("descriptor %d is twice in the list", g.FD)
			}
			if seen[g.FD] = true; g.FD < l.FDs[0] || g.FD > most || g.Kind != KindEventfd {
				t.Fatalf("%+v was never registered", g)
			}
			delete(never, g.FD)
		}
		if time.Now().After(end) {
			t.Fatalf("%d entries are never seen", len(never))
		}
	}
}

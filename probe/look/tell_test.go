package look

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"evviz/probe"
	"evviz/timeline"
	"evviz/trace"
)

// openFile is an open file description of a world that a test makes.
type openFile struct {
	id     uint64
	typ    uint32
	inode  uint64
	port   uint16
	unread int64
	hidden bool            // a process that is not looked at has it, too
	list   []*registration // of an epoll instance
}

type registration struct {
	fd     int
	file   *openFile
	events uint32
	data   uint64
	queued bool
}

type process struct {
	pid     int
	table   map[int]*openFile
	threads map[int]*thread
}

type thread struct {
	name string
	set  []SetMember // nil: it is in no such call
	epfd int         // ... but waits on this, -1 none
}

// passed is a descriptor in the set of a thread.
type passed struct {
	file   *openFile
	events uint32
}

// anonInode is the inode that eventfds, timerfds and epoll instances share.
const anonInode = 77

// made is a world whose processes do what programs do, between looks.
type made struct {
	rt     *rapid.T
	byProc bool // it is seen as /proc shows it
	procs  map[int]*process
	sets   map[threadKey]map[int32]passed // the newest that a look has found; a thread that is in no such call may pass it again
	next   uint64
	now    int64
}

func (w *made) pick(what string, n int) int { return rapid.IntRange(0, n-1).Draw(w.rt, what) }

func (w *made) process() *process {
	pids := slices.Sorted(maps.Keys(w.procs))
	if len(pids) == 0 {
		return nil
	}
	return w.procs[pids[w.pick("process", len(pids))]]
}

// number is one of a process that is open, -1 when there is none.
func (w *made) number(p *process) int {
	fds := slices.Sorted(maps.Keys(p.table))
	if len(fds) == 0 {
		return -1
	}
	return fds[w.pick("number", len(fds))]
}

// free is the lowest number that is not open, as the kernel gives it.
func (p *process) free() int {
	for fd := 0; ; fd++ {
		if p.table[fd] == nil {
			return fd
		}
	}
}

// sweep removes registrations of files that nobody has open any more, as the kernel does.
func (w *made) sweep() {
	open := map[*openFile]bool{}
	for _, p := range w.procs {
		for _, f := range p.table {
			open[f] = true
		}
	}
	for f := range open {
		f.list = slices.DeleteFunc(f.list, func(r *registration) bool { return !open[r.file] && !r.file.hidden })
	}
}

// step does one thing.
func (w *made) step() {
	p := w.process()
	if p == nil {
		p = w.begin(nil)
	}
	switch w.pick("what", 16) {
	case 0:
		if len(w.procs) < 4 {
			w.begin(p)
		}
	case 1:
		if len(w.procs) > 1 {
			delete(w.procs, p.pid)
		}
	case 2, 3, 4:
		if len(p.table) < 12 {
			types := []uint32{trace.TypeStream, trace.TypeListener, trace.TypePipe, trace.TypeEventfd, trace.TypeEpoll, trace.TypeOther}
			w.next++
			f := &openFile{id: w.next, typ: types[w.pick("type", len(types))], inode: 1000 + w.next, port: uint16(5000 + w.next)}
			if f.typ == trace.TypeEventfd || f.typ == trace.TypeEpoll {
				f.inode = anonInode
			}
			p.table[p.free()] = f
		}
	case 5:
		if fd := w.number(p); fd >= 0 {
			delete(p.table, fd)
		}
	case 6:
		if fd := w.number(p); fd >= 0 && len(p.table) < 12 {
			p.table[p.free()] = p.table[fd]
		}
	case 7, 8, 9:
		w.register(p)
	case 10:
		if fd := w.number(p); fd >= 0 {
			f := p.table[fd]
			if f.unread = int64(w.pick("unread", 4)); f.typ == trace.TypeEventfd || f.typ == trace.TypeEpoll || f.typ == trace.TypeOther {
				f.unread = -1
			}
		}
	case 11:
		if fd := w.number(p); fd >= 0 && p.table[fd].typ != trace.TypeEpoll {
			p.table[fd].hidden = !p.table[fd].hidden
		}
	case 12:
		if len(p.threads) < 4 {
			tid := 200 + w.pick("tid", 6)
			for _, q := range w.procs {
				if q.threads[tid] != nil {
					return
				}
			}
			p.threads[tid] = &thread{name: fmt.Sprintf("t%d", w.pick("name", 3)), epfd: -1}
		}
	case 13:
		tids := slices.Sorted(maps.Keys(p.threads))
		if tid := tids[w.pick("thread", len(tids))]; tid != p.pid {
			delete(p.threads, tid)
		}
	case 14, 15:
		tids := slices.Sorted(maps.Keys(p.threads))
		th := p.threads[tids[w.pick("thread", len(tids))]]
		th.set, th.epfd = nil, -1
		if w.pick("wait", 2) == 0 {
			th.set = []SetMember{}
			for _, fd := range slices.Sorted(maps.Keys(p.table)) {
				if w.pick("in the set", 3) == 0 {
					th.set = append(th.set, SetMember{int32(fd), uint32(1 + w.pick("events", 4))})
				}
			}
		} else if fd := w.number(p); fd >= 0 && p.table[fd].typ == trace.TypeEpoll {
			th.epfd = fd
		}
	}
	w.sweep()
}

// begin makes a process; one that another forks has what that has.
func (w *made) begin(parent *process) *process {
	pid := 100 + w.pick("pid", 5)
	if w.procs[pid] != nil {
		return w.procs[pid]
	}
	p := &process{pid: pid, table: map[int]*openFile{}, threads: map[int]*thread{pid: {name: fmt.Sprintf("p%d", w.pick("name", 3)), epfd: -1}}}
	if parent != nil {
		maps.Copy(p.table, parent.table)
	}
	w.procs[pid] = p
	return p
}

// register adds to an interest list, changes it, or removes from it.
func (w *made) register(p *process) {
	var instances []int
	for _, fd := range slices.Sorted(maps.Keys(p.table)) {
		if p.table[fd].typ == trace.TypeEpoll {
			instances = append(instances, fd)
		}
	}
	fd := w.number(p)
	if len(instances) == 0 || fd < 0 {
		return
	}
	inst, f := p.table[instances[w.pick("instance", len(instances))]], p.table[fd]
	if f.typ == trace.TypeEpoll || f.typ == trace.TypeOther {
		return
	}
	if w.byProc && f.typ != trace.TypeStream && f.typ != trace.TypeListener {
		return // /proc does not say that two numbers of a pipe or an eventfd are one file
	}
	events := []uint32{0x1, 0x5, 1<<31 | 0x1, 1<<30 | 0x1, 1<<28 | 0x1}[w.pick("mask", 5)] | epollAlways
	if w.pick("fired", 6) == 0 {
		events = 1 << 30
	}
	for i, r := range inst.list {
		if r.fd == fd && r.file == f {
			if w.pick("remove", 2) == 0 {
				inst.list = slices.Delete(inst.list, i, i+1)
			} else {
				r.events, r.data, r.queued = events, uint64(w.pick("data", 100)), w.pick("queued", 2) == 0
			}
			return
		}
	}
	inst.list = append(inst.list, &registration{fd, f, events, uint64(w.pick("data", 100)), w.pick("queued", 2) == 0})
}

// look is what a look finds of the world.
func (w *made) look() *Moment {
	w.now += 100_000_000
	m := &Moment{Time: w.now}
	sets := map[threadKey]map[int32]passed{}
	for _, pid := range slices.Sorted(maps.Keys(w.procs)) {
		w.now += 1000
		p := w.procs[pid]
		x := &ProcessMoment{PID: pid, Name: p.threads[pid].name, Time: w.now, Bits: 64, Lists: true, Queues: !w.byProc, Inside: true}
		for _, tid := range slices.Sorted(maps.Keys(p.threads)) {
			th := p.threads[tid]
			y := ThreadMoment{TID: tid, Name: th.name, Doing: trace.DoingWaiting, Call: noCall, CPU: -1, Switches: int64(w.pick("switches", 2)), Voluntary: -1, Involuntary: -1}
			if th.set != nil {
				y.Call, y.Set, y.HasSet = int64(unix.SYS_PPOLL), slices.Clone(th.set), true
				y.Set = slices.DeleteFunc(y.Set, func(s SetMember) bool { return p.table[int(s.FD)] == nil })
			}
			if f := p.table[th.epfd]; th.epfd >= 0 && f != nil && f.typ == trace.TypeEpoll {
				y.Call, y.Args[0] = int64(unix.SYS_EPOLL_PWAIT), uint64(th.epfd)
			}
			x.Threads = append(x.Threads, y)
			set := map[int32]passed{}
			if th.set == nil {
				set = w.sets[threadKey{pid, tid}]
				maps.DeleteFunc(set, func(fd int32, s passed) bool { return !w.same(p.table[int(fd)], s.file) })
			}
			for _, s := range y.Set {
				set[s.FD] = passed{p.table[int(s.FD)], s.Events}
			}
			sets[threadKey{pid, tid}] = set
		}
		lists := map[*openFile]bool{}
		for _, fd := range slices.Sorted(maps.Keys(p.table)) {
			f := p.table[fd]
			x.Files = append(x.Files, w.file(fd, f))
			if f.typ != trace.TypeEpoll || lists[f] && !w.byProc {
				continue
			}
			lists[f] = true
			for _, r := range f.list {
				x.Regs = append(x.Regs, w.reg(p, fd, r))
			}
		}
		m.Processes = append(m.Processes, x)
	}
	w.sets = sets
	return m
}

// same says whether looks take two files for one: /proc does not tell eventfds apart.
func (w *made) same(a, b *openFile) bool {
	return a == b || w.byProc && a != nil && a.typ == trace.TypeEventfd && b.typ == trace.TypeEventfd
}

func (w *made) file(fd int, f *openFile) FileMoment {
	x := FileMoment{FD: int32(fd), Type: f.typ, Flags: unix.O_NONBLOCK, Inode: f.inode, File: f.id, Unread: f.unread, Backlog: -1, Unsent: -1, Count: -1, UnreadFor: -1}
	switch f.typ {
	case trace.TypeStream:
		x.Local, x.Peer = netip.MustParseAddrPort("127.0.0.1:80"), netip.MustParseAddrPort(fmt.Sprintf("127.0.0.1:%d", f.port))
	case trace.TypeListener:
		x.Local, x.Backlog = netip.MustParseAddrPort(fmt.Sprintf("127.0.0.1:%d", f.port)), 128
	case trace.TypeOther:
		x.Path = fmt.Sprintf("/tmp/%d", f.id)
	}
	if w.byProc && f.typ != trace.TypeStream && f.typ != trace.TypeListener && f.typ != trace.TypeEpoll {
		x.File = 0
	}
	if w.byProc && f.inode == anonInode {
		x.Inode = 0
	}
	return x
}

func (w *made) reg(p *process, epfd int, r *registration) RegMoment {
	x := RegMoment{Registration: probe.Registration{EPFD: epfd, FD: r.fd, Events: r.events, Data: r.data, Inode: r.file.inode}, Target: r.file.id, Queued: trace.AnswerNo}
	if r.queued {
		x.Queued = trace.AnswerYes
	}
	there := p.table[r.fd]
	x.Stale = there != r.file
	if w.byProc {
		x.Queued = trace.AnswerUnknown
		x.Stale = there == nil || there.inode != r.file.inode
		if r.file.typ != trace.TypeStream && r.file.typ != trace.TypeListener {
			x.Target = 0
		}
	}
	return x
}

// wanted is what a fold of the events has to know after the last look, in words.
func (w *made) wanted(m *Moment) (out []string) {
	names := map[*openFile][]string{}
	for _, p := range m.Processes {
		for i := range p.Files {
			f := &p.Files[i]
			local, peer := f.Addresses()
			out = append(out, fmt.Sprintf("process %d fd %d: %s %s %s unread %d", p.PID, f.FD, trace.TypeNames.Word(f.Type), local, peer, f.Unread))
			o := w.procs[p.PID].table[int(f.FD)]
			names[o] = append(names[o], fmt.Sprintf("%d/%d", p.PID, f.FD))
		}
		for i := range p.Threads {
			th := &p.Threads[i]
			out = append(out, fmt.Sprintf("process %d thread %d: %s in %q", p.PID, th.TID, th.Name, callName(th.Call)))
			for fd, s := range w.sets[threadKey{p.PID, th.TID}] {
				out = append(out, fmt.Sprintf("set of thread %d: %d/%d as %d, events %x", th.TID, p.PID, fd, fd, s.events))
			}
		}
	}
	for inst, numbers := range names {
		for _, r := range inst.list {
			events := asked(r.events)
			if r.events == 1<<30 {
				events = r.events
			}
			queued := "unknown"
			if !w.byProc {
				queued = fmt.Sprint(r.queued)
			}
			at := names[r.file]
			slices.Sort(at)
			// It is stale when the number leads to the file in no process that has the instance.
			stale := true
			for _, p := range w.procs {
				if p.table[r.fd] == r.file && slices.ContainsFunc(numbers, func(n string) bool { return strings.HasPrefix(n, fmt.Sprint(p.pid, "/")) }) {
					stale = false
				}
			}
			slices.Sort(numbers)
			out = append(out, fmt.Sprintf("instance %v watches %v as fd %d, events %x data %x queued %s stale %v", numbers, at, r.fd, events, r.data, queued, stale))
		}
	}
	slices.Sort(out)
	return out
}

// found is the same of a snapshot.
func found(s *timeline.Snapshot) (out []string) {
	alive := map[int]bool{}
	for i := range s.Threads {
		t := &s.Threads[i]
		alive[t.PID] = true
		out = append(out, fmt.Sprintf("process %d thread %d: %s in %q", t.PID, t.TID, t.Name, t.Call))
	}
	names := map[int64][]string{}
	for _, l := range s.Lanes {
		if l.Look == nil || l.Closed != 0 {
			continue
		}
		names[l.ID] = []string{}
		for _, h := range l.Look.Holders {
			if alive[int(h.Process)] {
				out = append(out, fmt.Sprintf("process %d fd %d: %s %s %s unread %d", h.Process, h.FD, trace.TypeNames.Word(l.Type), l.Local, l.Peer, l.Look.Unread))
				names[l.ID] = append(names[l.ID], fmt.Sprintf("%d/%d", h.Process, h.FD))
			}
		}
		slices.Sort(names[l.ID])
	}
	for _, l := range s.Lanes {
		if names[l.ID] == nil {
			continue
		}
		for _, r := range l.Look.Regs {
			if r.Thread != 0 {
				for _, n := range names[l.ID] {
					if strings.HasSuffix(n, fmt.Sprint("/", r.FD)) && ownerOf(s, r.Thread) == strings.TrimSuffix(n, fmt.Sprint("/", r.FD)) {
						out = append(out, fmt.Sprintf("set of thread %d: %s as %d, events %x", r.Thread, n, r.FD, r.Mask))
					}
				}
				continue
			}
			queued := "unknown"
			if r.Queued != timeline.Unknown {
				queued = fmt.Sprint(r.Queued == timeline.Yes)
			}
			out = append(out, fmt.Sprintf("instance %v watches %v as fd %d, events %x data %x queued %s stale %v", names[r.Instance], names[l.ID], r.FD, r.Mask, r.Data, queued, r.Stale))
		}
	}
	slices.Sort(out)
	return out
}

func ownerOf(s *timeline.Snapshot, tid int) string {
	for i := range s.Threads {
		if s.Threads[i].TID == tid {
			return fmt.Sprint(s.Threads[i].PID)
		}
	}
	return ""
}

// TestTold: whatever looks find, the events keep every invariant of a trace, and who folds them knows after the last look what that has found:
// every number with its file, every registration, set and thread, and nothing else.
func TestTold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &made{rt: rt, procs: map[int]*process{}, now: trace.Now(), byProc: rapid.Bool().Draw(rt, "by /proc")}
		w.begin(nil)
		var events []trace.Event
		tell := newTeller(func(e trace.Event) { events = append(events, e) })
		v := trace.NewValidator(trace.ValidateOptions{})
		var fold *timeline.Timeline
		for look, looks := 0, rapid.IntRange(1, 6).Draw(rt, "looks"); look < looks; look++ {
			for n := rapid.IntRange(0, 25).Draw(rt, "steps"); n > 0; n-- {
				w.step()
			}
			m := w.look()
			if fold == nil {
				fold = timeline.New(timeline.Options{Ledger: true, Info: infoOfMoment(m, Plan{})})
			}
			tell.moment(m)
			for i := range events {
				v.Add(&events[i])
			}
			fold.Add(events)
			if err := v.Err(); err != nil {
				rt.Fatalf("look %d: %v", look, err)
			}
			want, got := w.wanted(m), found(fold.Snapshot(0))
			if !slices.Equal(want, got) {
				for _, s := range want {
					if !slices.Contains(got, s) {
						rt.Logf("missing:  %s", s)
					}
				}
				for _, s := range got {
					if !slices.Contains(want, s) {
						rt.Logf("invented: %s", s)
					}
				}
				rt.Fatalf("look %d (%d facts, %d found)", look, len(want), len(got))
			}
			events = events[:0]
		}
		if rapid.Bool().Draw(rt, "ended") {
			tell.allEnded()
		}
		tell.stop(trace.StopAsked)
		for i := range events {
			v.Add(&events[i])
		}
		if err := v.Err(); err != nil {
			rt.Fatal(err)
		}
	})
}

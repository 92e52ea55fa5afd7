package look

import (
	"maps"
	"slices"
	"strings"

	"evviz/trace"
)

// teller makes events of looks: what is there is told again by every look, and what a look no longer finds has ended.
type teller struct {
	put     func(trace.Event)
	streams map[threadKey]*stream
	n       uint32
	last    int64 // time of the newest event
	began   bool
	before  *Moment
	shared  map[uint64]int    // numbers that lead to an open file
	ids     map[fileKey]int64 // of registrations whose file no number is known to lead to
	next    int64
}

type threadKey struct{ pid, tid int }

type fileKey struct {
	epfd, fd int
	pid      int
	inode    uint64
}

// stream is that of a thread.
type stream struct {
	no    uint32
	seq   uint32
	name  string
	names map[string]uint32
	next  uint32
	alive bool
	set   map[int32]uint32 // what it has passed to poll or select when a look last found it in such a call, with the events
}

// maxStreamNames bounds the names of a stream; then the oldest ids get new ones.
const maxStreamNames = 1 << 15

// strangers is where the identities begin that files get which no look has found: below them are those of looks.
const strangers = 1 << 30

func newTeller(put func(trace.Event)) *teller {
	return &teller{put: put, streams: map[threadKey]*stream{}, ids: map[fileKey]int64{}, next: strangers}
}

func (t *teller) stream(pid, tid int) *stream {
	k := threadKey{pid, tid}
	s := t.streams[k]
	if s == nil {
		t.n++
		s = &stream{no: t.n, names: map[string]uint32{}}
		t.streams[k] = s
	}
	return s
}

func (t *teller) emit(s *stream, e trace.Event) {
	s.seq++
	e.Stream, e.Seq = s.no, s.seq
	t.last = max(t.last, e.Time)
	e.Time = t.last
	t.put(e)
}

// name gives a string an id of a stream; 0 for "".
func (t *teller) name(s *stream, text string) uint32 {
	if text == "" {
		return 0
	}
	if id := s.names[text]; id != 0 {
		return id
	}
	if len(s.names) >= maxStreamNames {
		clear(s.names)
		s.next = 0
	}
	s.next++
	id := s.next
	s.names[text] = id
	at := t.last
	trace.NamePieces(id, text, func(e trace.Event) {
		e.Time = at
		t.emit(s, e)
	})
	return id
}

// moment tells a look.
func (t *teller) moment(m *Moment) {
	t.last = max(t.last, m.Time)
	t.shared = map[uint64]int{}
	for _, p := range m.Processes {
		for i := range p.Files {
			if id := p.Files[i].File; id != 0 {
				t.shared[id]++
			}
		}
		for i := range p.Regs {
			if r := &p.Regs[i]; r.Stale && r.Target != 0 {
				t.shared[r.Target] += 2
			}
		}
	}
	for _, p := range m.Processes {
		t.last = max(t.last, p.Time)
		t.threads(p)
	}
	if t.before != nil {
		for _, p := range t.before.Processes {
			t.gone(p, m.Process(p.PID))
		}
	}
	for _, known := range []bool{true, false} { // who reads it knows those of the look before already, and finds out that others lead there, too
		for _, p := range m.Processes {
			t.files(p, known)
		}
	}
	told := map[uint64]bool{}
	for _, p := range m.Processes {
		t.registrations(m, p, told)
	}
	for _, p := range m.Processes {
		t.inCalls(p)
	}
	t.before = m
}

// threads introduces what threads there are.
func (t *teller) threads(p *ProcessMoment) {
	for i := range p.Threads {
		th := &p.Threads[i]
		s := t.stream(p.PID, th.TID)
		if s.alive && s.name == th.Name {
			continue
		}
		s.alive, s.name = true, th.Name
		if !t.began {
			t.began = true
			t.emit(s, trace.Event{Kind: trace.Start, Time: t.last, A: int64(p.PID), Aux: t.name(s, p.Name)})
			clock := trace.ReadClock()
			t.emit(s, trace.Event{Kind: trace.Sync, Time: t.last, A: clock.Wall - (clock.Mono - t.last)})
		}
		t.emit(s, trace.Event{Kind: trace.Thread, Time: t.last, A: int64(p.PID), B: int64(th.TID), Gen: uint32(p.PID), Aux: t.name(s, th.Name)})
	}
}

// gone tells what a process had at the look before, and has no more; is is nil when it has ended.
func (t *teller) gone(was, is *ProcessMoment) {
	if is == nil {
		t.ended(was)
		return
	}
	main := t.stream(was.PID, was.PID)
	now := map[regKey]bool{}
	for i := range is.Regs {
		now[is.keyOf(&is.Regs[i])] = true
	}
	there := map[instanceKey]bool{} // instances that it has still
	for i := range is.Files {
		if f := &is.Files[i]; f.Type == trace.TypeEpoll {
			there[is.instance(int(f.FD))] = true
		}
	}
	entries := map[[2]int]int{} // so many have a number of an instance
	for i := range was.Regs {
		entries[[2]int{was.Regs[i].EPFD, was.Regs[i].FD}]++
	}
	for i := range was.Regs {
		r := &was.Regs[i]
		if now[was.keyOf(r)] || !is.Lists || !there[was.instance(r.EPFD)] {
			continue
		}
		// An event names a number and no file. Where several entries have it all of them are taken out; those that are left are told next.
		k := [2]int{r.EPFD, r.FD}
		for ; entries[k] > 0; entries[k]-- {
			t.emit(main, trace.Event{Kind: trace.Deregister, Time: t.last, Inst: trace.EpollInstance(r.EPFD), FD: int32(r.FD), Mask: asked(r.Events)})
		}
	}
	alive := map[int]*ThreadMoment{}
	for i := range is.Threads {
		alive[is.Threads[i].TID] = &is.Threads[i]
	}
	for i := range was.Threads {
		t.unset(was, is, was.Threads[i].TID, alive[was.Threads[i].TID])
	}
	for i := range was.Files {
		f := &was.Files[i]
		if o := is.File(f.FD); o == nil || f.other(o) {
			t.emit(main, trace.Event{Kind: trace.Close, Time: t.last, FD: f.FD})
		}
	}
	for i := range was.Threads {
		if tid := was.Threads[i].TID; alive[tid] == nil {
			t.exit(was.PID, tid)
		}
	}
}

// unset tells what a thread passes to poll or select no more. What it is found outside such a call says nothing of the next one.
func (t *teller) unset(was, is *ProcessMoment, tid int, now *ThreadMoment) {
	s := t.stream(was.PID, tid)
	for _, fd := range slices.Sorted(maps.Keys(s.set)) {
		f, o := was.File(fd), is.File(fd)
		closed := f != nil && (o == nil || f.other(o))
		left := now == nil || now.HasSet && !slices.ContainsFunc(now.Set, func(x SetMember) bool { return x.FD == fd })
		if closed || left {
			t.emit(s, trace.Event{Kind: trace.Deregister, Time: t.last, Inst: trace.SetInstance(tid), FD: fd, Mask: s.set[fd], Aux: trace.InterestDiff})
			delete(s.set, fd)
		}
	}
}

func (t *teller) exit(pid, tid int) {
	s := t.stream(pid, tid)
	t.emit(s, trace.Event{Kind: trace.Exit, Time: t.last, A: int64(pid), B: int64(tid)})
	delete(t.streams, threadKey{pid, tid}) // the number may be given to another
}

// ended tells that a process has ended.
func (t *teller) ended(p *ProcessMoment) {
	for i := range p.Threads {
		if tid := p.Threads[i].TID; tid != p.PID {
			t.exit(p.PID, tid)
		}
	}
	t.emit(t.stream(p.PID, p.PID), trace.Event{Kind: trace.Exit, Time: t.last, A: int64(p.PID)})
	delete(t.streams, threadKey{p.PID, p.PID})
}

// allEnded tells that every process has ended.
func (t *teller) allEnded() {
	t.last = max(t.last, trace.Now())
	for _, p := range t.before.Processes {
		t.ended(p)
	}
}

// stop ends the run.
func (t *teller) stop(why uint32) {
	p := t.before.Processes[0]
	t.emit(t.stream(p.PID, p.PID), trace.Event{Kind: trace.Stop, Time: t.last, Aux: why})
}

// other reports whether a number means another file than at a look before. Anonymous files have no inode of their own.
func (f *FileMoment) other(o *FileMoment) bool {
	return f.Type != o.Type || f.Inode != o.Inode || f.Path != o.Path || f.File != 0 && o.File != 0 && f.File != o.File
}

// instanceKey is an instance of a process: its file, or its number where that is not known.
type instanceKey struct {
	file   uint64
	number int
}

func (p *ProcessMoment) instance(epfd int) instanceKey {
	if f := p.File(int32(epfd)); f != nil && f.File != 0 {
		return instanceKey{file: f.File}
	}
	return instanceKey{number: epfd}
}

type regKey struct {
	inst   instanceKey
	fd     int
	inode  uint64
	target uint64
}

func (p *ProcessMoment) keyOf(r *RegMoment) regKey {
	return regKey{p.instance(r.EPFD), r.FD, r.Inode, r.Target}
}

// epollAlways are the bits that the kernel puts into every registration: EPOLLERR and EPOLLHUP.
const epollAlways = 0x8 | 0x10

// asked is what a program has asked for, of a mask as the kernel has it.
func asked(mask uint32) uint32 { return mask &^ epollAlways }

// files tells the descriptors of a process: those that the look before had, or those that it had not.
func (t *teller) files(p *ProcessMoment, known bool) {
	main := t.stream(p.PID, p.PID)
	var was *ProcessMoment
	if t.before != nil {
		was = t.before.Process(p.PID)
	}
	for i := range p.Files {
		f := &p.Files[i]
		old := false
		if was != nil {
			o := was.File(f.FD)
			old = o != nil && !o.other(f)
		}
		if old != known {
			continue
		}
		local, peer := f.Addresses()
		e := trace.Event{Kind: trace.State, Time: t.last, FD: f.FD, Mask: f.Flags, Dur: f.Unread + 1,
			Aux: trace.StateAux(trace.StateDescriptor, f.Type, uint32(f.Room), uint32(f.Finished), uint32(f.unsent()))}
		if f.Inherited {
			e.Aux |= stateInherited
		}
		if f.Type == trace.TypeEpoll {
			e.Inst = trace.EpollInstance(int(f.FD))
		}
		e.A, e.B = int64(t.name(main, peer)), int64(t.name(main, local))
		if t.shared[f.File] > 1 {
			e.B |= int64(f.File) << 32
		}
		t.came(main, f)
		t.emit(main, e)
		if f.Type == trace.TypeListener && f.Unread >= 0 {
			t.emit(main, trace.Event{Kind: trace.Queue, Time: t.last, FD: f.FD, A: f.Unread, B: max(f.Backlog, 0)})
		}
	}
}

// unsent reports whether something that was written is under way.
func (f *FileMoment) unsent() trace.Answer {
	switch {
	case f.Unsent < 0:
		return trace.AnswerUnknown
	case f.Unsent > 0:
		return trace.AnswerYes
	}
	return trace.AnswerNo
}

// Addresses are a descriptor's own and the other end's, as events have them.
func (f *FileMoment) Addresses() (local, peer string) {
	local, peer = f.LocalName, f.PeerName
	if f.Local.IsValid() {
		local = f.Local.String()
	}
	if f.Peer.IsValid() && f.Peer.Port() != 0 {
		peer = f.Peer.String()
	}
	if local == "" && peer == "" {
		peer = f.Path
	}
	return local, peer
}

// registrations tells what the instances of a process watch. An instance that several processes have is told once; what it watches is told
// in the words of the process whose number leads to it.
func (t *teller) registrations(m *Moment, p *ProcessMoment, told map[uint64]bool) {
	mine := map[uint64]bool{}
	for i := range p.Regs {
		r := &p.Regs[i]
		inst := p.File(int32(r.EPFD))
		if inst != nil && inst.File != 0 {
			if told[inst.File] && !mine[inst.File] {
				continue
			}
			told[inst.File], mine[inst.File] = true, true
		}
		speaker, epfd, stale := p, r.EPFD, r.Stale
		if stale && inst != nil && t.shared[inst.File] > 1 {
			if q, n := m.holder(inst.File, r); q != nil {
				speaker, epfd, stale = q, n, false
			}
		}
		e := trace.Event{Kind: trace.State, Time: t.last, FD: int32(r.FD), Inst: trace.EpollInstance(epfd), Mask: asked(r.Events), A: int64(r.Data),
			Aux: trace.StateAux(trace.StateRegistration, 0, 0, 0, 0)}
		if !r.Armed() {
			e.Mask = r.Events // the kernel has taken ERR and HUP, too
		}
		switch r.Queued {
		case trace.AnswerYes:
			e.Aux |= trace.StateLooked | trace.StateQueued
		case trace.AnswerNo:
			e.Aux |= trace.StateLooked
		}
		if stale {
			e.B = t.target(p.PID, r) << 32
		}
		t.emit(t.stream(speaker.PID, speaker.PID), e)
	}
}

// More bits of a State's aux slot.
const (
	stateInherited = 1 << 25
)

// holder finds a process that has an instance, too, and whose number leads to what a registration is about.
func (m *Moment) holder(inst uint64, r *RegMoment) (p *ProcessMoment, epfd int) {
	for _, q := range m.Processes {
		f := q.File(int32(r.FD))
		if f == nil || r.Target != 0 && f.File != r.Target || r.Target == 0 && f.Inode != r.Inode {
			continue
		}
		for i := range q.Files {
			if x := &q.Files[i]; x.File == inst {
				return q, int(x.FD)
			}
		}
	}
	return nil, 0
}

// target is the identity of the file that a stale registration watches.
func (t *teller) target(pid int, r *RegMoment) int64 {
	if r.Target != 0 {
		return int64(r.Target)
	}
	k := fileKey{r.EPFD, r.FD, pid, r.Inode}
	id := t.ids[k]
	if id == 0 {
		t.next++
		id = t.next
		t.ids[k] = id
	}
	return id
}

// came tells how long ago the newest of what is unread, or the end, has come, where the kernel keeps that.
func (t *teller) came(main *stream, f *FileMoment) {
	if f.Finished == trace.AnswerYes && f.FinishedFor > 0 {
		t.emit(main, trace.Event{Kind: trace.Arrive, Time: t.last, FD: f.FD, Mask: rdHup, Dur: f.FinishedFor, Aux: trace.ArriveProbe})
	}
	if f.Unread > 0 && f.UnreadFor >= 0 {
		t.emit(main, trace.Event{Kind: trace.Arrive, Time: t.last, FD: f.FD, Mask: pollIn, B: f.Unread + 1, Dur: f.UnreadFor, Aux: trace.ArriveProbe})
	}
}

const (
	pollIn = 0x1
	rdHup  = 0x2000
)

// inCalls tells what the threads of a process are doing.
func (t *teller) inCalls(p *ProcessMoment) {
	var was *ProcessMoment
	if t.before != nil {
		was = t.before.Process(p.PID)
	}
	for i := range p.Threads {
		th := &p.Threads[i]
		s := t.stream(p.PID, th.TID)
		for _, x := range th.Set {
			if s.set == nil {
				s.set = map[int32]uint32{}
			}
			s.set[x.FD] = x.Events
			t.emit(s, trace.Event{Kind: trace.State, Time: t.last, FD: x.FD, Inst: trace.SetInstance(th.TID), Mask: x.Events, Aux: trace.StateRegistration})
		}
		e := trace.Event{Kind: trace.InCall, Time: t.last, FD: -1, A: th.Timeout, Mask: uint32(th.Doing) | uint32(th.sameAs(was))<<8}
		name := callName(th.Call)
		e.Aux = t.name(s, name)
		switch {
		case name == "epoll_wait" || name == "epoll_pwait" || name == "epoll_pwait2":
			e.FD, e.Inst = int32(th.Args[0]), trace.EpollInstance(int(int32(th.Args[0])))
		case name == "poll" || name == "ppoll" || name == "select" || name == "pselect6":
			e.Inst = trace.SetInstance(th.TID)
		case onDescriptor[name]:
			e.FD = int32(th.Args[0])
		}
		e.Time = t.last
		t.emit(s, e)
		if th.CPU >= 0 {
			t.emit(s, trace.Event{Kind: trace.Usage, Time: t.last, A: th.CPU - th.System, B: th.System, Inst: uint32(max(th.Voluntary, 0)), Mask: uint32(max(th.Involuntary, 0))})
		}
	}
}

// sameAs reports whether a thread is in the call that it was in before, and did not run meanwhile.
func (th *ThreadMoment) sameAs(was *ProcessMoment) trace.Answer {
	if was == nil {
		return trace.AnswerUnknown
	}
	i, ok := slices.BinarySearchFunc(was.Threads, th.TID, func(o ThreadMoment, tid int) int { return o.TID - tid })
	if !ok {
		return trace.AnswerNo
	}
	o := &was.Threads[i]
	switch {
	case th.Doing == trace.DoingRunning || o.Doing == trace.DoingRunning || th.Call != o.Call || th.Args != o.Args:
		return trace.AnswerNo
	case th.Switches < 0 || o.Switches < 0:
		return trace.AnswerUnknown
	case th.Switches != o.Switches:
		return trace.AnswerNo
	}
	return trace.AnswerYes
}

// onDescriptor are calls whose first argument is a descriptor and that may take long.
var onDescriptor = wordSet("read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 recvfrom sendto recvmsg sendmsg recvmmsg sendmmsg accept accept4 connect " +
	"fsync fdatasync sync_file_range ftruncate fallocate flock fcntl ioctl sendfile splice tee vmsplice close epoll_ctl io_uring_enter getdents64 copy_file_range")

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

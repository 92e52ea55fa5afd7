package probe

import (
	"slices"
	"strings"

	"evviz/trace"
)

// Emitter makes events of calls: one stream for each thread, numbered without holes.
//
// Thread rule: everything belongs to one goroutine. Calls of one thread come in order; between threads the order is that in
// which descriptors changed hands, as far as the tracer knows it. Within a stream times never go back: what claims to be
// older than the event before it gets that one's time.
type Emitter struct {
	put     func(trace.Event)
	threads map[int]*thread
	files   map[int]*files
	streams uint32
	others  map[string]int64
}

// NewEmitter makes an emitter that hands its events to put.
func NewEmitter(put func(trace.Event)) *Emitter {
	return &Emitter{put: put, threads: map[int]*thread{}, files: map[int]*files{}, others: map[string]int64{}}
}

// Call takes the next call. An error says that the call contradicts itself; no event is made of it then.
func (em *Emitter) Call(c *Call) error {
	if c.Sys == SysOther || c.Sys >= sysCount {
		em.Other(c.Name)
		return nil
	}
	en := &table[c.Sys]
	if err := c.check(en); err != nil {
		return err
	}
	th := em.thread(c)
	phase := c.Phase.Base()
	start := c.Time - c.Dur
	for i := range c.FDs {
		if phase == trace.PhaseEnter || c.Errno != 0 || !c.made(c.FDs[i].FD) {
			em.note(th, &c.FDs[i], start)
		}
	}
	entered := int64(0)
	switch {
	case phase == trace.PhaseEnter:
		if en.blocks && th.mayBlock(en, c) {
			em.enter(th, en, c, start)
			th.inside = c.Sys
		}
		return nil
	case phase == trace.PhaseExit && th.inside == c.Sys:
		entered, th.inside = start, SysOther
		phase = trace.PhaseExit
	case phase == trace.PhaseComplete && en.blocks && th.mayBlock(en, c):
		entered = em.enter(th, en, c, start)
		phase = trace.PhaseExit
	default:
		phase = trace.PhaseComplete
	}
	if en.before != nil && c.Errno == 0 {
		en.before(em, th, c)
	}
	e := th.event(en, c)
	e.Phase, e.Time, e.Dur, e.Errno = phase, max(c.Time, th.last), c.Dur, seen(c.Errno)
	if phase == trace.PhaseExit && c.Dur != 0 {
		e.Dur = max(e.Time-entered, 0)
	}
	if !hasDur[e.Kind] {
		e.Dur = 0
	}
	if en.result != nil {
		en.result(&e, c)
	}
	em.name(th, &e, c)
	em.emit(th, e)
	if c.Errno == eAGAIN && c.Dur < 1e6 || c.Errno == eINPROGRESS {
		th.files.nonblocking(e.FD) // it would have waited otherwise
	}
	if en.after != nil && (c.Errno == 0 || c.Sys == SysClose && c.Errno != eBADF) {
		en.after(em, th, c)
	}
	if c.Errno == 0 {
		for i := range c.FDs {
			if c.made(c.FDs[i].FD) {
				em.note(th, &c.FDs[i], e.Time)
			}
		}
	}
	return nil
}

// hasDur says which kinds tell how long they took.
var hasDur = func() (has [trace.KindCount]bool) {
	for k := range trace.Specs {
		for _, f := range trace.Specs[k].Fields {
			has[k] = has[k] || f.Slot == trace.SlotDur && f.Unit == trace.UNanos
		}
	}
	return
}()

// enter tells that a call has begun, and gives the moment that the event got.
func (em *Emitter) enter(th *thread, en *entry, c *Call, at int64) int64 {
	e := th.event(en, c)
	e.Phase, e.Time = trace.PhaseEnter, max(at, th.last)
	em.name(th, &e, c)
	em.emit(th, e)
	return e.Time
}

// event is the call's event without its result.
func (th *thread) event(en *entry, c *Call) trace.Event {
	e := trace.Event{Kind: en.kind, Aux: en.call}
	if en.fd >= 0 {
		e.FD = int32(c.Args[en.fd])
	}
	if en.args != nil {
		en.args(&e, c)
	}
	return e
}

// name gives the strings of an event their ids.
func (em *Emitter) name(th *thread, e *trace.Event, c *Call) {
	switch e.Kind {
	case trace.Connect:
		e.Aux, e.B = em.nameID(th, c.Peer, e.Time), int64(em.nameID(th, c.Local, e.Time))
	case trace.Exec:
		e.Aux = em.nameID(th, c.Program, e.Time)
	}
}

// made reports whether the descriptor is the one that the call made.
func (c *Call) made(fd int32) bool {
	switch c.Sys {
	case SysEpollCreate1, SysAccept4, SysSocket:
		return c.Ret == int64(fd)
	}
	return false
}

// mayBlock says whether a call that can hold the thread is worth two events. The descriptor's mode decides, where it is known.
func (th *thread) mayBlock(en *entry, c *Call) bool {
	switch c.Sys {
	case SysEpollWait:
		return int32(c.Args[3]) != 0
	case SysRecvfrom, SysSendto:
		if c.Args[3]&msgDontwait != 0 {
			return false
		}
	case SysClockNanosleep:
		return true
	}
	if c.Errno == eAGAIN && c.Dur < 1e6 || c.Errno == eINPROGRESS || c.Errno == eBADF {
		return false
	}
	f, known := th.files.get(int32(c.Args[en.fd]))
	return !known || f.flags&oNonblock == 0 && f.typ != trace.TypeOther // files on disk are always ready
}

// reports tells what a wait delivered. Reports that could not be read are told as lost.
func (em *Emitter) reports(th *thread, c *Call) {
	inst := instance(int32(c.Args[0]))
	for _, r := range c.Events {
		em.emit(th, trace.Event{Kind: trace.Ready, Time: th.last, Inst: inst, FD: -1, Mask: r.Events, A: int64(r.Data)})
	}
	if missing := c.Ret - int64(len(c.Events)); missing > 0 {
		em.emit(th, trace.Event{Kind: trace.Lost, Time: th.last, A: missing})
	}
}

// accepted tells of a new connection, and has learnt that the socket is a listener.
func (em *Emitter) accepted(th *thread, c *Call) {
	lis := int32(c.Args[0])
	l, _ := th.files.get(lis)
	typ := l.sock()
	if typ == trace.TypeUnknown {
		for i := range c.FDs {
			if c.FDs[i].FD == int32(c.Ret) {
				typ = c.FDs[i].Type
			}
		}
	}
	if typ == trace.TypeUnknown && strings.Contains(c.Peer, ":") {
		typ = trace.TypeStream // of the families with ports only streams can be accepted
	}
	l.made, l.typ = typ, trace.TypeListener
	th.files.put(lis, l)
	em.opened(th, c, typ, trace.OriginAccept, uint32(c.Args[3]))
}

// opened tells of the descriptor that a call has made.
func (em *Emitter) opened(th *thread, c *Call, typ, from, flags uint32) {
	at := max(c.Time, th.last)
	peer, local := em.nameID(th, c.Peer, at), em.nameID(th, c.Local, at)
	em.emit(th, trace.Event{Kind: trace.Open, Time: at, FD: int32(c.Ret), Aux: typ | from<<8, A: int64(peer), B: int64(local),
		Mask: flags & openFlags})
	th.files.put(int32(c.Ret), fdState{typ: typ, flags: flags & openFlags, peer: c.Peer, local: c.Local})
}

// note restates a descriptor about which the tracer knows more than the calls told.
func (em *Emitter) note(th *thread, n *FDNote, at int64) {
	f, known := th.files.get(n.FD)
	news := false
	if f.typ == trace.TypeListener && f.made == trace.TypeUnknown {
		f.made = n.Type
	}
	if n.Type != trace.TypeUnknown && n.Type != f.typ && n.Type != f.sock() {
		f, news = fdState{typ: n.Type}, true // an open that was not seen
	}
	if n.Peer != "" && n.Peer != f.peer {
		if f.peer != "" {
			f.flags = 0
		}
		f.peer, news = n.Peer, true
	}
	if n.Local != "" && n.Local != f.local {
		f.local, news = n.Local, true
	}
	if !news && known || n.FD < 0 || !news && f.typ == trace.TypeUnknown {
		return
	}
	th.files.put(n.FD, f)
	at = max(at, th.last)
	e := trace.Event{Kind: trace.State, Time: at, FD: n.FD, Aux: trace.StateDescriptor | f.typ<<8, Mask: f.flags}
	e.A, e.B = int64(em.nameID(th, f.peer, at)), int64(em.nameID(th, f.local, at))
	em.emit(th, e)
}

// forked copies the descriptor table for a child that does not share it.
func (em *Emitter) forked(th *thread, c *Call) {
	if flags := c.Args[0]; flags&(cloneFiles|cloneThread) == 0 && c.Ret > 0 {
		em.files[int(c.Ret)] = th.files.clone()
	}
}

// Exit tells that a thread has ended, with its wait status.
func (em *Emitter) Exit(pid, tid int, status uint32, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at, Files: em.filesOf(tid)})
	em.emit(th, trace.Event{Kind: trace.Exit, Time: max(at, th.last), A: int64(pid), B: int64(tid), Aux: status})
	delete(em.threads, tid) // the number may be given to another
	if pid == tid && th.table == pid {
		delete(em.files, pid)
	}
}

func (em *Emitter) filesOf(tid int) int {
	if th := em.threads[tid]; th != nil {
		return th.table
	}
	return 0
}

// Signal tells that a thread was sent a signal.
func (em *Emitter) Signal(pid, tid int, signo uint32, from, code, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at, Files: em.filesOf(tid)})
	em.emit(th, trace.Event{Kind: trace.Signal, Time: max(at, th.last), Aux: signo, A: from, B: code})
}

// Other counts a call that is not in the table.
func (em *Emitter) Other(name string) {
	if _, ok := em.others[name]; !ok && len(em.others) >= maxOthers {
		name = "calls of other names"
	}
	em.others[name]++
}

// maxOthers bounds how many names are counted apart; Linux has fewer calls.
const maxOthers = 1024

// Count is how often a call was met.
type Count struct {
	Name string
	N    int64
}

// Others are the calls that are not in the table, the most frequent first.
func (em *Emitter) Others() []Count {
	out := make([]Count, 0, len(em.others))
	for name, n := range em.others {
		out = append(out, Count{name, n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		if a.N != b.N {
			return int(b.N - a.N)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

package probe

import (
	"slices"
	"strings"

	"evviz/trace"
	"evviz/world"
)

// Emitter makes events of calls: one stream for each thread, numbered without holes.
//
// Thread rule: everything belongs to one goroutine. Calls of one thread come in order; between threads the order is that in
// which descriptors changed hands, as far as the tracer knows it. Within a stream times never go back: what claims to be
// older than the event before it gets that one's time.
type Emitter struct {
	// Mend, if it is set, is told that an enter was handed on with arguments that were not known then, and how it should
	// read. It may do nothing.
	Mend func(trace.Event)

	put     func(*trace.Event)
	threads map[int]*thread
	recent  *thread      // of the last call
	world   *world.World // of what was told
	folding *thread      // of the event that it takes
	streams uint32
	others  map[string]*int64

	nameBytes int
	sets      int         // members of the sets of all threads
	e         trace.Event // the event that is being made; here, so that making one needs no memory
	aside     trace.Event // one that is told beside it
	untimed   bool        // the times of calls mean nothing
}

// NewEmitter makes an emitter that hands its events to put.
func NewEmitter(put func(trace.Event)) *Emitter {
	return newEmitter(func(e *trace.Event) { put(*e) })
}

func newEmitter(put func(*trace.Event)) *Emitter {
	em := &Emitter{put: put, threads: map[int]*thread{}, others: map[string]*int64{}}
	em.world = world.New(namer{em}, nil)
	return em
}

// silence is how long a thread may do only what is not told, ns: then one such call is.
const silence = 5e6

// slow is when a call that is not in the table is told all the same, by its name: it may be what held up a loop.
const slow = 1e6

// Call takes the next call. An error says that the call contradicts itself; no event is made of it then.
func (em *Emitter) Call(c *Call) error {
	if c.Sys == SysOther || c.Sys >= sysCount {
		em.unknown(c, c.Name)
		return nil
	}
	en := &table[c.Sys]
	if err := c.check(en); err != nil {
		return err
	}
	if en.skip != nil && en.skip(c) {
		if c.Phase.Base() != trace.PhaseEnter {
			em.unknown(c, en.name)
		}
		return nil
	}
	th := em.thread(c)
	phase := c.Phase.Base()
	start := c.Time - c.Dur
	if th.inside != SysOther && (phase != trace.PhaseExit || th.inside != c.Sys || c.Headless) {
		em.abandon(th, start)
	}
	makes := phase != trace.PhaseEnter && c.Errno == 0 && makers.Has(en.kind)
	for i := range c.FDs {
		n := &c.FDs[i]
		if makes && c.made(n.FD) {
			continue
		}
		if f := th.file(n.FD); f == nil || n.Same == 0 || sameOf(f) != n.Same {
			em.note(th, n, start)
		}
	}
	if (en.call == trace.CallPoll || en.call == trace.CallPpoll || en.call == trace.CallSelect || en.call == trace.CallPselect6) &&
		phase != trace.PhaseExit && em.sets <= maxSets {
		em.differences(th, c, start)
	}
	entered := int64(0)
	th.told = false
	switch {
	case phase == trace.PhaseEnter:
		if en.blocks && th.mayBlock(en, c) {
			em.enter(th, en, c, start)
			th.inside = c.Sys
		}
		return nil
	case phase == trace.PhaseExit && th.inside == c.Sys:
		entered, th.inside = th.entered.Time, SysOther
		th.told = true
		em.mend(th, en, c)
	case c.Headless && phase == trace.PhaseExit && trace.Specs[en.kind].Phased:
		entered = c.Time - c.Dur
		if th.seq > 1 || entered < th.last { // it began before what was told of the thread
			c.Dur, entered = 0, 0
		}
	case phase == trace.PhaseComplete && en.blocks && th.mayBlock(en, c):
		entered = em.enter(th, en, c, start)
		th.told = true
		phase = trace.PhaseExit
	default:
		phase = trace.PhaseComplete
	}
	if en.before != nil && c.Errno == 0 {
		en.before(em, th, c)
	}
	if (c.Sys == SysRead || c.Sys == SysWrite) && c.Ret == 8 && c.Known && c.Value > 0 && c.Value < maxCounted {
		if fd := int32(c.Args[0]); th.nothingKnown(fd) { // 8 bytes that are a small number: a counter
			em.restate(th, fd, descriptor{typ: trace.TypeEventfd, flags: th.flags(fd)}, start)
		}
	}
	if c.Addressed {
		if fd := int32(c.Args[0]); th.nothingKnown(fd) { // an address comes with each datagram, and never with bytes of a stream
			em.restate(th, fd, descriptor{typ: trace.TypeDatagram, flags: th.flags(fd)}, start)
		}
	}
	e := em.event(th, en, c)
	e.Phase, e.Time, e.Dur, e.Errno = phase, max(c.Time, th.last), c.Dur, seen(c.Errno)
	if phase == trace.PhaseExit && c.Dur != 0 {
		e.Dur = max(e.Time-entered, 0)
	}
	if en.result != nil {
		at, dur, errno := e.Time, e.Dur, e.Errno
		en.result(th, e, c)
		e.Phase, e.Time, e.Dur, e.Errno = phase, at, dur, errno
	}
	if !has[e.Kind].dur {
		e.Dur = 0
	}
	if !has[e.Kind].errno {
		e.Errno = 0
	}
	if e.Kind != trace.KindNone {
		em.name(th, en, e, c)
		em.emit(th, e)
	}
	fd, sys := e.FD, e.Kind == trace.Sys
	if c.Errno == eAGAIN && c.Dur < slow || c.Errno == eINPROGRESS {
		if en.fd >= 0 && !sys {
			th.learn(fd, oNonblock) // it would have waited otherwise
		}
	}
	if en.after != nil && (c.Errno == 0 || c.Sys == SysClose && c.Errno != eBADF) {
		en.after(em, th, c)
	}
	if makes {
		for i := range c.FDs {
			if c.made(c.FDs[i].FD) {
				em.note(th, &c.FDs[i], th.last)
			}
		}
	}
	return nil
}

// maxCounted is what a counter of wakeups stays below, where nobody says that it is one.
const maxCounted = 1 << 16

// has says which kinds tell how long they took, and how they failed.
var has = func() (has [trace.KindCount]struct{ dur, errno bool }) {
	for k := range trace.Specs {
		for _, f := range trace.Specs[k].Fields {
			has[k].dur = has[k].dur || f.Slot == trace.SlotDur && f.Unit == trace.UNanos
			has[k].errno = has[k].errno || f.Slot == trace.SlotErrno
		}
	}
	return
}()

// unknown takes a call that the table says nothing about: it is counted, or told by its name when it lasted.
func (em *Emitter) unknown(c *Call, name string) {
	for i := range c.FDs {
		if c.FDs[i].Type == trace.TypeOther && em.threads[c.TID] != nil {
			em.note(em.threads[c.TID], &c.FDs[i], c.Time-c.Dur)
		}
	}
	if c.Dur < slow || c.Phase.Base() == trace.PhaseEnter {
		em.Other(name)
		if th := em.threads[c.TID]; th == nil || em.untimed || !th.began || c.Time-th.last < silence || th.inside != SysOther || c.Phase.Base() == trace.PhaseEnter {
			return
		} // it has done nothing that is told for long, and is told to be at work all the same
	}
	th := em.thread(c)
	em.abandon(th, c.Time-c.Dur)
	em.sys(th, c, name)
}

// sys tells of a call by its name.
func (em *Emitter) sys(th *thread, c *Call, name string) {
	e := trace.Event{Kind: trace.Sys, Time: max(c.Time, th.last), Dur: c.Dur, FD: -1, B: c.result(), Errno: seen(c.Errno)}
	if len(c.FDs) > 0 {
		em.note(th, &c.FDs[0], c.Time-c.Dur)
		e.FD = c.FDs[0].FD
	}
	e.Aux = em.nameID(th, name, e.Time)
	em.tell(th, e)
}

// Stuck tells that a thread is in a call that the table says nothing about, and has been for long.
func (em *Emitter) Stuck(c *Call) {
	th := em.thread(c)
	em.abandon(th, c.Time)
	e := trace.Event{Kind: trace.Sys, Phase: trace.PhaseEnter, Time: max(c.Time, th.last), FD: -1}
	e.Aux = em.nameID(th, c.Name, e.Time)
	em.tell(th, e)
}

// Hole tells that the program went on unseen: a thread has done what nobody knows, and is in no call any more.
func (em *Emitter) Hole(tid int, at int64) {
	th := em.threads[tid]
	if th == nil || th.holeAt == th.seq && th.seq > 0 {
		return
	}
	th.inside = SysOther
	em.tell(th, trace.Event{Kind: trace.Lost, Time: max(at, th.last), Aux: trace.LostPaste})
	th.holeAt = th.seq
}

// inside is the call that a thread was told to be in.
func (em *Emitter) inside(tid int) Sys {
	if th := em.threads[tid]; th != nil {
		return th.inside
	}
	return SysOther
}

// abandon tells that the end of the call that a thread was in is missing, because it has gone on all the same.
func (em *Emitter) abandon(th *thread, at int64) {
	if th.inside == SysOther {
		return
	}
	th.inside = SysOther
	em.tell(th, trace.Event{Kind: trace.Lost, Time: at, A: 1})
}

// enter tells that a call has begun, and gives the moment that the event got.
func (em *Emitter) enter(th *thread, en *entry, c *Call, at int64) int64 {
	e := em.event(th, en, c)
	e.Phase, e.Time = trace.PhaseEnter, max(at, th.last)
	em.name(th, en, e, c)
	em.emit(th, e)
	th.entered = *e
	return e.Time
}

// mend tells what an enter should have said, now that all arguments of the call are known.
func (em *Emitter) mend(th *thread, en *entry, c *Call) {
	if em.Mend == nil {
		return
	}
	switch en.kind {
	case trace.Wait, trace.Read, trace.Write, trace.Accept, trace.Sleep:
	default:
		return // the others are known whole when they begin, or have names
	}
	was := &th.entered
	e := em.event(th, en, c)
	if e.Kind != was.Kind || e.FD != was.FD || e.A == was.A && e.B == was.B && e.Aux == was.Aux && e.Mask == was.Mask {
		return
	}
	e.Phase, e.Time, e.Seq, e.Stream = trace.PhaseEnter, was.Time, was.Seq, was.Stream
	em.Mend(*e)
}

// event is the call's event without its result. It is valid until the next call.
func (em *Emitter) event(th *thread, en *entry, c *Call) *trace.Event {
	e := &em.e
	*e = trace.Event{Kind: en.kind, Aux: en.call}
	if en.fd >= 0 {
		e.FD = int32(c.Args[en.fd])
	}
	if en.args != nil {
		en.args(th, e, c)
	}
	return e
}

// name gives the strings of an event their ids.
func (em *Emitter) name(th *thread, en *entry, e *trace.Event, c *Call) {
	switch e.Kind {
	case trace.Connect:
		e.Aux, e.B = em.nameID(th, c.Peer, e.Time), int64(em.nameID(th, c.Local, e.Time))
	case trace.Exec:
		e.Aux = em.nameID(th, c.Path, e.Time)
	case trace.Open:
		e.A = int64(em.nameID(th, c.Path, e.Time))
	case trace.Listen:
		if f := th.file(e.FD); f != nil {
			local := f.Local.Text
			if k, ok := f.User.(*known); ok && local == "" {
				local = k.bound
			}
			e.Aux = em.nameID(th, local, e.Time)
		}
	case trace.Sys:
		e.Aux = em.nameID(th, en.name, e.Time)
	}
}

// makers are the kinds of calls that may make a descriptor.
var makers = trace.Kinds(trace.Instance, trace.Accept, trace.Dup, trace.Open, trace.FdFlags)

// made reports whether the descriptor is the one that the call made.
func (c *Call) made(fd int32) bool {
	switch table[c.Sys].kind {
	case trace.Instance, trace.Accept, trace.Dup:
		return c.Ret == int64(fd)
	case trace.Open:
		return c.Ret == int64(fd) || c.Pair[0] == fd || c.Pair[1] == fd
	case trace.FdFlags:
		return c.Sys == SysFcntl && (c.Args[1] == fDupfd || c.Args[1] == fDupfdCloexec) && c.Ret == int64(fd)
	}
	return false
}

// mayBlock says whether a call that can hold the thread is worth two events. The descriptor's mode decides, where it is known.
func (th *thread) mayBlock(en *entry, c *Call) bool {
	if en.may != nil {
		return en.may(th, c)
	}
	if en.flags != 0 && c.Args[en.flags]&msgDontwait != 0 {
		return false
	}
	if c.Errno == eAGAIN && c.Dur < slow || c.Errno == eINPROGRESS || c.Errno == eBADF {
		return false
	}
	f := th.file(int32(c.Args[en.fd]))
	return f == nil || f.Type != trace.TypeOther && !neverWaits(f) // files on disk are always ready
}

// opened tells of a descriptor that a call has made.
func (em *Emitter) opened(th *thread, c *Call, fd int32, typ, from, flags uint32) {
	em.openedAs(th, c.Time, fd, descriptor{typ, flags & openFlags, c.Peer, c.Local}, from)
}

// openedAs is opened for one that is described apart from the call.
func (em *Emitter) openedAs(th *thread, at int64, fd int32, d descriptor, from uint32) {
	at = max(at, th.last)
	peer, local := em.nameID(th, d.peer, at), em.nameID(th, d.local, at)
	em.tell(th, trace.Event{Kind: trace.Open, Time: at, FD: fd, Aux: trace.OpenAux(d.typ, from), A: int64(peer), B: int64(local), Mask: d.flags})
}

// note restates a descriptor about which the tracer knows more than the calls told.
func (em *Emitter) note(th *thread, n *FDNote, at int64) {
	if n.FD < 0 {
		return
	}
	f := th.file(n.FD)
	d := th.descriptor(n.FD)
	was := d.typ
	if f != nil {
		if was = sock(f); f.Type == trace.TypeListener && was == trace.TypeUnknown {
			was = n.Type
			knownOf(f).made = was
		}
	}
	news := false
	// What is only known to be a file or something of the kernel's own may be any of those that calls tell apart.
	vague := n.Type == trace.TypeOther && d.typ != trace.TypeUnknown && d.typ != trace.TypeStream && d.typ != trace.TypeDatagram ||
		n.Unsure && (was == trace.TypeStream || was == trace.TypeDatagram || was == trace.TypeSeqpacket)
	if n.Type != trace.TypeUnknown && n.Type != d.typ && n.Type != was && !vague {
		if d.typ != trace.TypeUnknown {
			d = descriptor{} // an open that was not seen
		}
		if d.typ, news = n.Type, true; d.peer == "" {
			d.peer = n.Path
		}
	}
	if n.Peer != "" && differs(n.Peer, d.peer) {
		if d.peer != "" {
			d.flags = 0
		}
		d.peer, news = n.Peer, true
	}
	if n.Local != "" && differs(n.Local, d.local) {
		d.local, news = n.Local, true
	}
	if news {
		em.restate(th, n.FD, d, at)
		f = th.file(n.FD)
	}
	if f != nil && sameOf(f) != n.Same {
		knownOf(f).same = n.Same
	}
}

// restate tells what the calls have shown of a descriptor.
func (em *Emitter) restate(th *thread, fd int32, d descriptor, at int64) {
	em.state(th, &Fact{FD: fd, Type: d.typ, Flags: d.flags, Peer: d.peer, Local: d.local, Unread: -1, Backlog: -1}, at)
}

// Exit tells that a thread has ended, with its wait status.
func (em *Emitter) Exit(pid, tid int, status uint32, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at, Files: em.tableOf(tid)})
	em.tell(th, trace.Event{Kind: trace.Exit, Time: max(at, th.last), A: int64(pid), B: int64(tid), Aux: status})
	delete(em.threads, tid) // the number may be given to another
	em.recent = nil
	em.sets -= th.setRoom
	for _, s := range th.texts {
		em.nameBytes -= len(s) + nameCost
	}
}

func (em *Emitter) tableOf(tid int) int {
	if th := em.threads[tid]; th != nil {
		return th.table
	}
	return 0
}

// Signal tells that a thread was sent a signal.
func (em *Emitter) Signal(pid, tid int, signo uint32, from, code, at int64) {
	th := em.thread(&Call{PID: pid, TID: tid, Time: at, Files: em.tableOf(tid)})
	em.tell(th, trace.Event{Kind: trace.Signal, Time: max(at, th.last), Aux: signo, A: from, B: code})
}

// Other counts a call that is not in the table.
func (em *Emitter) Other(name string) {
	n := em.others[name]
	if n == nil {
		if len(em.others) >= maxOthers {
			name = "calls of other names"
		}
		if n = em.others[name]; n == nil {
			n = new(int64)
			em.others[strings.Clone(name)] = n
		}
	}
	*n++
}

// maxOthers bounds how many names are counted apart; Linux has fewer calls.
const maxOthers = 1024

// Count is how often a call was met.
type Count struct {
	Name string
	N    int64
}

// Others are the calls that are not in the table and were over within a millisecond, the most frequent first.
func (em *Emitter) Others() []Count {
	out := make([]Count, 0, len(em.others))
	for name, n := range em.others {
		out = append(out, Count{name, *n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		if a.N != b.N {
			if a.N < b.N {
				return 1
			}
			return -1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

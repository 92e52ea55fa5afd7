package record

import (
	"cmp"
	"evviz/trace"
	"maps"
	"slices"
)

// Tracker remembers what is open, registered and named, so that it can be told again: at the start of every chunk of a
// file, or when a recording begins in the middle of a session.
//
// It is a fold of Start, Thread, Mode, Open, Dup, Close, Listen, Connect, FdFlags, Instance, Register, Modify,
// Deregister, Exit, Name and Sync, and understands its own restatements (State), so a tracker can be filled from
// another one. Its memory is bounded: what is beyond the limits below is simply not told again.
//
// It is not safe for concurrent use.
type Tracker struct {
	sync    trace.Event // the last one; Kind is KindNone before there was one
	threads map[uint32]trace.Event
	modes   map[uint32]trace.Event
	table   map[uint32]uint32 // descriptor table by stream
	fds     map[fdKey]*openFD
	regs    map[regKey]registration
	names   map[nameKey]*trackedName
	names0  int    // size of names after the last eviction
	files   uint64 // counts open file descriptions
	clock   uint64 // counts uses of names
}

// Limits of a Tracker.
const (
	maxTrackedStreams = 1 << 14
	maxTrackedFDs     = 1 << 16
	maxTrackedRegs    = 1 << 17
	maxFreeNames      = 1024 // names that nothing open refers to
)

// fdKey is a descriptor number in its table: threads that share a table share its numbers.
type fdKey struct {
	table uint32
	fd    int32
}

// openFile is an open file description: registrations hang on it, not on a number.
type openFile struct {
	id   uint64
	refs int
	regs map[regKey]struct{}
}

type openFD struct {
	file        *openFile
	known       bool // an Open was seen, not only a registration
	stream, gen uint32
	inst        uint32 // for an epoll instance: its id
	flags, typ  uint32
	peer, local int64 // Name ids of the stream
}

type regKey struct {
	table, inst uint32
	fd          int32
	file        uint64
}

type registration struct {
	stream, gen, mask uint32
	data              int64
}

type nameKey struct{ stream, id uint32 }

type trackedName struct {
	text string
	part []byte // of a string of which not every piece has come
	used uint64
}

// trackedKinds are those that Add looks at: the fold, and whatever refers to a name, so that names in use stay.
var trackedKinds = func() trace.KindSet {
	s := trace.Kinds(trace.Start, trace.Thread, trace.Mode, trace.Open, trace.Dup, trace.Close, trace.Listen, trace.Connect, trace.FdFlags, trace.Instance, trace.Register, trace.Modify, trace.Deregister, trace.Exit, trace.Name, trace.Sync, trace.State)
	for k := range trace.KindCount {
		if len(k.NameSlots()) > 0 {
			s |= 1 << k
		}
	}
	return s
}()

// NewTracker makes a tracker that knows nothing yet.
func NewTracker() *Tracker {
	return &Tracker{threads: map[uint32]trace.Event{}, modes: map[uint32]trace.Event{}, table: map[uint32]uint32{}, fds: map[fdKey]*openFD{},
		regs: map[regKey]registration{}, names: map[nameKey]*trackedName{}}
}

// Add takes the next event. Events that change nothing cost a nanosecond.
func (t *Tracker) Add(e *trace.Event) {
	if !trackedKinds.Has(e.Kind) || e.Phase.Base() == trace.PhaseEnter {
		return
	}
	for _, s := range e.Kind.NameSlots() {
		if n := t.names[nameKey{e.Stream, uint32(e.Slot(s))}]; n != nil {
			t.clock++
			n.used = t.clock
		}
	}
	switch e.Kind {
	case trace.Sync:
		t.sync = *e
	case trace.Name:
		t.addName(e)
	case trace.Start:
		if _, ok := t.table[e.Stream]; !ok && len(t.table) < maxTrackedStreams {
			t.table[e.Stream] = uint32(e.A)
		}
	case trace.Thread:
		if _, ok := t.threads[e.Stream]; !ok && len(t.threads) >= maxTrackedStreams {
			return
		}
		t.threads[e.Stream] = *e
		t.table[e.Stream] = e.Gen
		if e.Gen == 0 {
			t.table[e.Stream] = uint32(e.A)
		}
	case trace.Mode:
		if _, ok := t.modes[e.Stream]; ok || len(t.modes) < maxTrackedStreams {
			t.modes[e.Stream] = *e
		}
	case trace.Exit:
		t.exit(e)
	case trace.State:
		t.addState(e)
	case trace.Close:
		if e.Errno != errnoEBADF { // after any other error the number is free all the same
			t.drop(t.key(e, e.FD))
		}
	default:
		if e.Errno == 0 || e.Kind == trace.Connect && e.Errno == errnoEINPROGRESS {
			t.addChange(e)
		}
	}
}

const (
	errnoEBADF       = 9
	errnoEINPROGRESS = 115
)

func (t *Tracker) key(e *trace.Event, fd int32) fdKey { return fdKey{t.table[e.Stream], fd} }

// addChange takes the kinds of descriptors and interest, all of them successful.
func (t *Tracker) addChange(e *trace.Event) {
	switch e.Kind {
	case trace.Open:
		t.open(e, t.key(e, e.FD), nil, &openFD{known: true, stream: e.Stream, gen: e.Gen, flags: e.Mask, typ: e.Aux & 0xff, peer: e.A, local: e.B})
	case trace.Dup:
		old := t.fds[t.key(e, e.FD)]
		if old == nil {
			return
		}
		fd := *old
		fd.flags, fd.gen, fd.stream = e.Mask, 0, e.Stream
		if fd.stream != old.stream {
			fd.peer, fd.local = 0, 0 // name ids belong to their stream
		}
		t.open(e, t.key(e, int32(e.A)), old.file, &fd)
	case trace.Listen:
		if fd := t.fds[t.key(e, e.FD)]; fd != nil {
			fd.typ = trace.TypeListener
			if fd.local == 0 && fd.stream == e.Stream {
				fd.local = int64(e.Aux)
			}
		}
	case trace.Connect:
		if fd := t.fds[t.key(e, e.FD)]; fd != nil && fd.stream == e.Stream {
			if e.Aux != 0 {
				fd.peer = int64(e.Aux)
			}
			if e.B != 0 {
				fd.local = e.B
			}
		}
	case trace.FdFlags:
		if fd := t.fds[t.key(e, e.FD)]; fd != nil {
			fd.flags = e.Mask
		}
	case trace.Instance:
		k := t.key(e, e.FD)
		if fd := t.fds[k]; fd != nil && fd.inst == 0 && fd.typ == trace.TypeEpoll {
			fd.inst = e.Inst // the Open of the same descriptor came before
			return
		}
		t.open(e, k, nil, &openFD{known: true, stream: e.Stream, gen: e.Gen, flags: e.Mask, typ: trace.TypeEpoll, inst: e.Inst})
	case trace.Register:
		t.register(e, true)
	case trace.Modify:
		t.register(e, false)
	case trace.Deregister:
		k := t.regKey(e, t.fds[t.key(e, e.FD)])
		delete(t.regs, k)
		if fd := t.fds[t.key(e, e.FD)]; fd != nil {
			delete(fd.file.regs, k)
		}
	}
}

// open puts a descriptor into its table; a number that is still taken was closed without our seeing it.
func (t *Tracker) open(e *trace.Event, k fdKey, file *openFile, fd *openFD) {
	if k.fd < 0 {
		return
	}
	if old := t.fds[k]; old != nil {
		if e.Kind == trace.Open && fd.typ == trace.TypeEpoll && old.typ == trace.TypeEpoll && old.inst == trace.EpollInstance(int(k.fd)) && old.gen == fd.gen {
			old.flags |= fd.flags
			return // its Instance event came before
		}
		t.drop(k)
	}
	if len(t.fds) >= maxTrackedFDs {
		return
	}
	if file == nil {
		t.files++
		file = &openFile{id: t.files}
	}
	file.refs++
	fd.file = file
	t.fds[k] = fd
}

// drop forgets a number. The registrations go with the last number of the open file description, as in the kernel.
func (t *Tracker) drop(k fdKey) {
	fd := t.fds[k]
	if fd == nil {
		return
	}
	delete(t.fds, k)
	fd.file.refs--
	if fd.file.refs > 0 {
		return
	}
	for r := range fd.file.regs {
		delete(t.regs, r)
	}
	if fd.inst != 0 {
		maps.DeleteFunc(t.regs, func(r regKey, _ registration) bool { return r.table == k.table && r.inst == fd.inst })
	}
}

func (t *Tracker) regKey(e *trace.Event, fd *openFD) regKey {
	k := regKey{table: t.table[e.Stream], inst: e.Inst, fd: e.FD}
	if fd != nil {
		k.file = fd.file.id
	}
	return k
}

func (t *Tracker) register(e *trace.Event, add bool) {
	if e.FD < 0 || len(t.regs) >= maxTrackedRegs {
		return
	}
	fk := t.key(e, e.FD)
	fd := t.fds[fk]
	if fd == nil {
		// Nobody told us of its Open. It still has to be known, so that its Close ends the registration.
		t.open(e, fk, nil, &openFD{stream: e.Stream, gen: e.Gen})
		if fd = t.fds[fk]; fd == nil {
			return
		}
	}
	k := t.regKey(e, fd)
	t.regs[k] = registration{stream: e.Stream, gen: e.Gen, mask: e.Mask, data: e.A}
	if fd.file.regs == nil {
		fd.file.regs = map[regKey]struct{}{}
	}
	fd.file.regs[k] = struct{}{}
}

// addState takes a restatement, its own or one that a source makes.
func (t *Tracker) addState(e *trace.Event) {
	switch e.Aux & 0xff {
	case trace.StateDescriptor:
		k := t.key(e, e.FD)
		if old := t.fds[k]; old != nil && old.known && old.gen == e.Gen {
			old.flags, old.typ, old.inst = e.Mask, e.Aux>>8&0xff, e.Inst
			return
		}
		t.open(e, k, nil, &openFD{known: true, stream: e.Stream, gen: e.Gen, inst: e.Inst, flags: e.Mask, typ: e.Aux >> 8 & 0xff, peer: e.A, local: e.B})
	case trace.StateRegistration:
		t.register(e, true)
	}
}

// exit forgets a process: its threads, and its descriptors when nobody else can share them.
func (t *Tracker) exit(e *trace.Event) {
	for s, th := range t.threads {
		if th.A == e.A && (e.B == 0 || th.B == e.B) {
			delete(t.threads, s)
			delete(t.modes, s)
		}
	}
	if e.B != 0 {
		return
	}
	for _, th := range t.threads {
		if t.table[th.Stream] == uint32(e.A) {
			return
		}
	}
	for k := range t.fds {
		if k.table == uint32(e.A) && k.table != 0 {
			t.drop(k)
		}
	}
}

// addName collects the pieces of a string.
func (t *Tracker) addName(e *trace.Event) {
	k := nameKey{e.Stream, e.Aux}
	n := t.names[k]
	if n == nil {
		if len(t.names) > t.names0+maxFreeNames {
			t.evict()
		}
		n = &trackedName{}
		t.names[k] = n
	}
	t.clock++
	n.used = t.clock
	switch {
	case e.Mask <= trace.NamePiece:
		n.text, n.part = e.NameText(), nil
	case e.Mask > trace.MaxName || int(e.Gen) != len(n.part) && e.Gen != 0:
		n.text, n.part = "", nil
	default:
		if e.Gen == 0 {
			n.part = n.part[:0]
		}
		n.part = append(n.part, e.NameText()...)
		if len(n.part) >= int(e.Mask) {
			n.text, n.part = string(n.part), nil
		}
	}
}

// evict drops the half of the names that were used longest ago and that nothing open refers to. Peers come and go by
// the thousand, while "futex" is named once and used for hours: hence by use, not by age.
func (t *Tracker) evict() {
	held := map[nameKey]bool{}
	for _, fd := range t.fds {
		held[nameKey{fd.stream, uint32(fd.peer)}] = true
		held[nameKey{fd.stream, uint32(fd.local)}] = true
	}
	for s, th := range t.threads {
		held[nameKey{s, th.Aux}] = true
	}
	var free []nameKey
	for k := range t.names {
		if !held[k] {
			free = append(free, k)
		}
	}
	slices.SortFunc(free, func(a, b nameKey) int { return cmp.Compare(t.names[a].used, t.names[b].used) })
	for _, k := range free[:max(0, len(free)-maxFreeNames/2)] {
		delete(t.names, k)
	}
	t.names0 = len(t.names)
}

// Restate tells everything again, as events of the moment now (CLOCK_MONOTONIC ns): Sync, then names, threads, modes,
// descriptors and registrations, each under the stream that told it. A restatement has Seq 0: it is not counted among
// the events of its stream. Calls that are in progress are not part of it.
func (t *Tracker) Restate(now int64) []trace.Event {
	var out []trace.Event
	if t.sync.Kind == trace.Sync {
		e := t.sync
		e.A += now - e.Time
		out = append(out, e)
	}
	for _, k := range sortedKeys(t.names, func(a, b nameKey) int {
		return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.id, b.id))
	}) {
		if n := t.names[k]; n.part == nil {
			trace.NamePieces(k.id, n.text, func(e trace.Event) {
				e.Stream = k.stream
				out = append(out, e)
			})
		}
	}
	for _, s := range sortedKeys(t.threads, cmp.Compare[uint32]) {
		out = append(out, t.threads[s])
	}
	for _, s := range sortedKeys(t.modes, cmp.Compare[uint32]) {
		out = append(out, t.modes[s])
	}
	for _, k := range sortedKeys(t.fds, func(a, b fdKey) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.fd, b.fd))
	}) {
		if fd := t.fds[k]; fd.known {
			out = append(out, trace.Event{Kind: trace.State, Stream: fd.stream, FD: k.fd, Gen: fd.gen, Inst: fd.inst, Mask: fd.flags,
				Aux: trace.StateDescriptor | fd.typ<<8, A: fd.peer, B: fd.local})
		}
	}
	for _, k := range sortedKeys(t.regs, func(a, b regKey) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.inst, b.inst), cmp.Compare(a.fd, b.fd), cmp.Compare(a.file, b.file))
	}) {
		r := t.regs[k]
		out = append(out, trace.Event{Kind: trace.State, Stream: r.stream, FD: k.fd, Gen: r.gen, Inst: k.inst, Mask: r.mask,
			Aux: trace.StateRegistration, A: r.data})
	}
	for i := range out {
		out[i].Time, out[i].Seq, out[i].Phase = now, 0, trace.PhaseComplete
	}
	return out
}

func sortedKeys[K comparable, V any](m map[K]V, less func(a, b K) int) []K {
	ks := slices.AppendSeq(make([]K, 0, len(m)), maps.Keys(m))
	slices.SortFunc(ks, less)
	return ks
}

package trace

import (
	"cmp"
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
	sync    Event // the last one; Kind is KindNone before there was one
	threads map[uint32]Event
	modes   map[uint32]Event
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
var trackedKinds = func() KindSet {
	s := Kinds(Start, Thread, Mode, Open, Dup, Close, Listen, Connect, FdFlags, Instance, Register, Modify, Deregister, Exit, Name, Sync, State)
	for k := range nameSlots {
		if len(nameSlots[k]) > 0 {
			s |= 1 << k
		}
	}
	return s
}()

// nameSlots lists, for each kind, the slots that hold a Name id.
var nameSlots = func() (t [KindCount][]Slot) {
	for k := range Specs {
		for _, fl := range Specs[k].Fields {
			if fl.Unit == UName {
				t[k] = append(t[k], fl.Slot)
			}
		}
	}
	return
}()

// NewTracker makes a tracker that knows nothing yet.
func NewTracker() *Tracker {
	return &Tracker{threads: map[uint32]Event{}, modes: map[uint32]Event{}, table: map[uint32]uint32{}, fds: map[fdKey]*openFD{},
		regs: map[regKey]registration{}, names: map[nameKey]*trackedName{}}
}

// Add takes the next event. Events that change nothing cost a nanosecond.
func (t *Tracker) Add(e *Event) {
	if !trackedKinds.Has(e.Kind) || e.Phase.Base() == PhaseEnter {
		return
	}
	for _, s := range nameSlots[e.Kind] {
		if n := t.names[nameKey{e.Stream, uint32(e.slot(s))}]; n != nil {
			t.clock++
			n.used = t.clock
		}
	}
	switch e.Kind {
	case Sync:
		t.sync = *e
	case Name:
		t.addName(e)
	case Start:
		if _, ok := t.table[e.Stream]; !ok && len(t.table) < maxTrackedStreams {
			t.table[e.Stream] = uint32(e.A)
		}
	case Thread:
		if _, ok := t.threads[e.Stream]; !ok && len(t.threads) >= maxTrackedStreams {
			return
		}
		t.threads[e.Stream] = *e
		t.table[e.Stream] = e.Gen
		if e.Gen == 0 {
			t.table[e.Stream] = uint32(e.A)
		}
	case Mode:
		if _, ok := t.modes[e.Stream]; ok || len(t.modes) < maxTrackedStreams {
			t.modes[e.Stream] = *e
		}
	case Exit:
		t.exit(e)
	case State:
		t.addState(e)
	case Close:
		if e.Errno != errnoEBADF { // after any other error the number is free all the same
			t.drop(t.key(e, e.FD))
		}
	default:
		if e.Errno == 0 || e.Kind == Connect && e.Errno == errnoEINPROGRESS {
			t.addChange(e)
		}
	}
}

const (
	errnoEBADF       = 9
	errnoEINPROGRESS = 115
)

// slot is the raw value of a slot, sign-extended only where the slot is signed.
func (e *Event) slot(s Slot) uint64 {
	switch s {
	case SlotDur:
		return uint64(e.Dur)
	case SlotA:
		return uint64(e.A)
	case SlotB:
		return uint64(e.B)
	case SlotFD:
		return uint64(uint32(e.FD))
	case SlotGen:
		return uint64(e.Gen)
	case SlotInst:
		return uint64(e.Inst)
	case SlotMask:
		return uint64(e.Mask)
	case SlotAux:
		return uint64(e.Aux)
	case SlotErrno:
		return uint64(e.Errno)
	}
	return 0
}

// setSlot is the inverse of slot.
func (e *Event) setSlot(s Slot, v uint64) {
	switch s {
	case SlotDur:
		e.Dur = int64(v)
	case SlotA:
		e.A = int64(v)
	case SlotB:
		e.B = int64(v)
	case SlotFD:
		e.FD = int32(uint32(v))
	case SlotGen:
		e.Gen = uint32(v)
	case SlotInst:
		e.Inst = uint32(v)
	case SlotMask:
		e.Mask = uint32(v)
	case SlotAux:
		e.Aux = uint32(v)
	case SlotErrno:
		e.Errno = uint16(v)
	}
}

// slotBits is how wide a slot is.
func slotBits(s Slot) uint8 {
	switch s {
	case SlotDur, SlotA, SlotB:
		return 64
	case SlotErrno:
		return 16
	}
	return 32
}

func (t *Tracker) key(e *Event, fd int32) fdKey { return fdKey{t.table[e.Stream], fd} }

// addChange takes the kinds of descriptors and interest, all of them successful.
func (t *Tracker) addChange(e *Event) {
	switch e.Kind {
	case Open:
		t.open(e, t.key(e, e.FD), nil, &openFD{known: true, stream: e.Stream, gen: e.Gen, flags: e.Mask, typ: e.Aux & 0xff, peer: e.A, local: e.B})
	case Dup:
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
	case Listen:
		if fd := t.fds[t.key(e, e.FD)]; fd != nil {
			fd.typ = TypeListener
			if fd.local == 0 && fd.stream == e.Stream {
				fd.local = int64(e.Aux)
			}
		}
	case Connect:
		if fd := t.fds[t.key(e, e.FD)]; fd != nil && fd.stream == e.Stream {
			if e.Aux != 0 {
				fd.peer = int64(e.Aux)
			}
			if e.B != 0 {
				fd.local = e.B
			}
		}
	case FdFlags:
		if fd := t.fds[t.key(e, e.FD)]; fd != nil {
			fd.flags = e.Mask
		}
	case Instance:
		k := t.key(e, e.FD)
		if fd := t.fds[k]; fd != nil && fd.inst == 0 && fd.typ == TypeEpoll {
			fd.inst = e.Inst // the Open of the same descriptor came before
			return
		}
		t.open(e, k, nil, &openFD{known: true, stream: e.Stream, gen: e.Gen, flags: e.Mask, typ: TypeEpoll, inst: e.Inst})
	case Register:
		t.register(e, true)
	case Modify:
		t.register(e, false)
	case Deregister:
		k := t.regKey(e, t.fds[t.key(e, e.FD)])
		delete(t.regs, k)
		if fd := t.fds[t.key(e, e.FD)]; fd != nil {
			delete(fd.file.regs, k)
		}
	}
}

// open puts a descriptor into its table; a number that is still taken was closed without our seeing it.
func (t *Tracker) open(e *Event, k fdKey, file *openFile, fd *openFD) {
	if k.fd < 0 {
		return
	}
	if old := t.fds[k]; old != nil {
		if e.Kind == Open && fd.typ == TypeEpoll && old.typ == TypeEpoll && old.inst == EpollInstance(int(k.fd)) && old.gen == fd.gen {
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

func (t *Tracker) regKey(e *Event, fd *openFD) regKey {
	k := regKey{table: t.table[e.Stream], inst: e.Inst, fd: e.FD}
	if fd != nil {
		k.file = fd.file.id
	}
	return k
}

func (t *Tracker) register(e *Event, add bool) {
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
func (t *Tracker) addState(e *Event) {
	switch e.Aux & 0xff {
	case StateDescriptor:
		k := t.key(e, e.FD)
		if old := t.fds[k]; old != nil && old.known && old.gen == e.Gen {
			old.flags, old.typ, old.inst = e.Mask, e.Aux>>8&0xff, e.Inst
			return
		}
		t.open(e, k, nil, &openFD{known: true, stream: e.Stream, gen: e.Gen, inst: e.Inst, flags: e.Mask, typ: e.Aux >> 8 & 0xff, peer: e.A, local: e.B})
	case StateRegistration:
		t.register(e, true)
	}
}

// exit forgets a process: its threads, and its descriptors when nobody else can share them.
func (t *Tracker) exit(e *Event) {
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
func (t *Tracker) addName(e *Event) {
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
	case e.Mask <= nameChunk:
		n.text, n.part = e.NameText(), nil
	case e.Mask > maxName || int(e.Gen) != len(n.part) && e.Gen != 0:
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
func (t *Tracker) Restate(now int64) []Event {
	var out []Event
	if t.sync.Kind == Sync {
		e := t.sync
		e.A += now - e.Time
		out = append(out, e)
	}
	for _, k := range sortedKeys(t.names, func(a, b nameKey) int {
		return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.id, b.id))
	}) {
		if n := t.names[k]; n.part == nil {
			NamePieces(k.id, n.text, func(e Event) {
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
			out = append(out, Event{Kind: State, Stream: fd.stream, FD: k.fd, Gen: fd.gen, Inst: fd.inst, Mask: fd.flags,
				Aux: StateDescriptor | fd.typ<<8, A: fd.peer, B: fd.local})
		}
	}
	for _, k := range sortedKeys(t.regs, func(a, b regKey) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.inst, b.inst), cmp.Compare(a.fd, b.fd), cmp.Compare(a.file, b.file))
	}) {
		r := t.regs[k]
		out = append(out, Event{Kind: State, Stream: r.stream, FD: k.fd, Gen: r.gen, Inst: k.inst, Mask: r.mask,
			Aux: StateRegistration, A: r.data})
	}
	for i := range out {
		out[i].Time, out[i].Seq, out[i].Phase = now, 0, PhaseComplete
	}
	return out
}

func sortedKeys[K comparable, V any](m map[K]V, less func(a, b K) int) []K {
	ks := slices.AppendSeq(make([]K, 0, len(m)), maps.Keys(m))
	slices.SortFunc(ks, less)
	return ks
}

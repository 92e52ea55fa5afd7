package timeline

import (
	"slices"

	"evviz/trace"
)

// Event bits.
const (
	bitIn      = 0x1
	bitPri     = 0x2
	bitOut     = 0x4
	bitErr     = 0x8
	bitHup     = 0x10
	bitRdNorm  = 0x40
	bitRdHup   = 0x2000
	bitOneshot = 1 << 30
	bitET      = 1 << 31

	bitsIn = bitIn | bitPri | bitRdNorm
)

// Registrations
//
// The kernel keys an interest list by (number at the time of ADD, open file description), and the entry lives until DEL or
// until the description ends. So a registration here hangs on an instance and a lane, and remembers its number only to be
// found by it. An instance is an open file description too and so has a lane; the set that poll and select pass is a
// pseudo-instance of the calling thread. The 64 data bits lead to a registration only while no two live ones share them.

// instance is what a wait asks.
type instance struct {
	lane  *laneB // nil for a set
	set   bool
	dense []*reg
	more  map[int32]*reg
	data  map[uint64]dataRef
	stats InstanceStats
	watch instanceWatch
	batch []*reg // reported, or read, since somebody went to wait here
	stale []*reg // their number means something else by now
}

type dataRef struct {
	r *reg
	n int // how many live registrations share the bits
}

// reg is a registration: what one instance watches of one lane.
type reg struct {
	inst    *instance
	lane    *laneB
	tb      *table
	fd      int32
	mask    uint32
	data    uint64
	trigger uint32 // 0 unknown; a set counts as level
	armed   bool
	stale   bool // its number was closed, its description lives
	known   bool // by ADD, MOD or State; otherwise only from reports
	inBatch bool
	dead    bool

	drain   Drain
	rearmed bool // MOD or ADD since the last report, while data waited
	last    uint32
	rep     report
	watch   regWatch
}

// instCache saves the look-up of the instance that a stream used last.
type instCache struct {
	id   uint32
	inst *instance
}

// instance finds what an InstanceID of a stream means.
func (t *Timeline) instance(s *stream, id uint32) *instance {
	if id == 0 {
		if s.anon == nil {
			s.anon = &instance{}
		}
		return s.anon
	}
	if s.inst.id == id && (s.inst.inst.lane == nil || s.inst.inst.lane.refs > 0) {
		return s.inst.inst
	}
	n, set := trace.InstanceNumber(id)
	var in *instance
	if set {
		if in = t.sets[id]; in == nil {
			in = &instance{set: true}
			t.sets[id] = in
		}
		// A set belongs to one thread; it is not cached across tables, its id is unique.
	} else {
		sl := s.tb.at(int32(n), true)
		if sl == nil {
			return t.instance(s, 0)
		}
		l := sl.lane
		if l != nil && l.inst == nil && l.pub.Kind != KindEpoll && l.pub.Type != trace.TypeUnknown && l.pub.Type != trace.TypeURing {
			t.release(s.tb, sl, int32(n), s.last, trace.CloseUnknown)
			l = nil
		}
		if l == nil {
			l = t.newLane(s.tb, int32(n))
			t.fill(s.tb, sl, int32(n), l)
		}
		if l.inst == nil {
			if trace.IsRing(id) {
				t.setType(l, trace.TypeURing)
			} else {
				t.setType(l, trace.TypeEpoll)
			}
			l.inst = &instance{lane: l}
		}
		in = l.inst
	}
	s.inst = instCache{id, in}
	return in
}

// reg finds the registration of a number.
func (in *instance) reg(fd int32) *reg {
	if uint32(fd) < uint32(len(in.dense)) {
		return in.dense[fd]
	}
	if fd < denseFDs {
		return nil
	}
	return in.more[fd]
}

func (in *instance) put(fd int32, r *reg) {
	switch {
	case fd < 0:
	case fd < denseFDs:
		for int(fd) >= len(in.dense) {
			in.dense = append(in.dense, make([]*reg, max(16, len(in.dense)))...)
		}
		in.dense[fd] = r
	default:
		if in.more == nil {
			in.more = map[int32]*reg{}
		}
		if r == nil {
			delete(in.more, fd)
		} else {
			in.more[fd] = r
		}
	}
}

func (in *instance) setData(r *reg, data uint64) {
	if in.data == nil {
		in.data = map[uint64]dataRef{}
	}
	r.data = data
	d := in.data[data]
	in.data[data] = dataRef{r, d.n + 1}
}

func (in *instance) clearData(r *reg) {
	d, ok := in.data[r.data]
	if !ok || !r.known {
		return
	}
	if d.n--; d.n <= 0 {
		delete(in.data, r.data)
		return
	}
	if d.r == r {
		d.r = nil
		for _, o := range in.dense {
			if o != nil && o != r && o.known && o.data == r.data {
				d.r = o
			}
		}
	}
	in.data[r.data] = d
}

// triggerOf reads the trigger from a mask.
func triggerOf(set bool, mask uint32) uint32 {
	switch {
	case set:
		return trace.TriggerLevel
	case mask&bitOneshot != 0:
		return trace.TriggerOneshot
	case mask&bitET != 0:
		return trace.TriggerEdge
	}
	return trace.TriggerLevel
}

// ctl handles Register, Modify and Deregister.
func (t *Timeline) ctl(s *stream, e *trace.Event) {
	call := e.Aux&trace.InterestDiff == 0
	if call {
		t.count(s, e.Time, cntInterest, 0)
	}
	if e.Errno != 0 {
		t.stats.InterestErrors++
		t.ctlFailed(s, e)
		return
	}
	in := t.instance(s, e.Inst)
	t.usesInstance(s, in, e.Time)
	if e.Kind == trace.Deregister {
		t.stats.Deregisters++
		in.stats.Deregisters++
		r := in.reg(e.FD)
		if r == nil {
			if l, old := t.find(s, e, false); l != nil && !old {
				t.mark(l, e.Time, MarkDeregister, 0)
			}
			return
		}
		l := r.lane
		l.watch.undone(IncDisarmed)
		t.unregister(r, e.Time)
		t.mark(l, e.Time, MarkDeregister, 0)
		return
	}
	l, old := t.find(s, e, true)
	if l == nil || old {
		return
	}
	r := in.reg(e.FD)
	if r != nil && (r.lane != l || e.Kind == trace.Register) {
		if r.lane != l && r.stale {
			in.put(e.FD, nil) // the stale entry lives on under a number that now means something else
			in.stale = append(in.stale, r)
		} else {
			t.unregister(r, e.Time)
		}
		r = nil
	}
	m := MarkRegister
	if e.Kind == trace.Modify {
		t.stats.Modifies++
		t.modified(s, in, r, e)
		m = MarkModify
		if r != nil && r.known && r.mask == e.Mask {
			m = MarkRearmed
		}
	} else {
		t.stats.Registers++
		in.stats.Registers++
	}
	if r == nil {
		if l.watch.left == in && l.pub.Kind == KindConn {
			in.stats.Readds++
		}
		if len(l.regs) > 0 && l.regs[0].inst != in {
			l.watch.cancels(IncStranded) // another instance is to be told of it
		}
		r = t.register(in, l, s.tb, e.FD)
		r.rearmed = l.since != 0 && l.reported
	} else {
		t.settle(r, outNone, e.Time)
		r.rearmed = l.since != 0
		l.watch.undone(IncDisarmed)
		l.watch.ends(IncDisarmed, e.Time)
	}
	if r.rearmed {
		l.fresh = false // what came before the kernel looked again is no news after it
	}
	t.setInterest(r, e.Mask, uint64(e.A), e.Time)
	r.watch.pid, r.watch.inBatch = s.pid, false
	if e.Mask&bitOut != 0 {
		l.watch.ends(IncStuckOutput, e.Time)
	}
	t.endStranded(l, e.Time)
	t.mark(l, e.Time, m, 0)
}

// register makes a registration.
func (t *Timeline) register(in *instance, l *laneB, tb *table, fd int32) *reg {
	r := &reg{inst: in, lane: l, tb: tb, fd: fd}
	in.put(fd, r)
	l.regs = append(l.regs, r)
	t.touch(l)
	return r
}

// setInterest gives a registration its mask and data.
func (t *Timeline) setInterest(r *reg, mask uint32, data uint64, at int64) {
	if !r.known || r.data != data {
		r.inst.clearData(r)
		r.inst.setData(r, data)
	}
	r.countEdge(-1)
	r.mask, r.known, r.armed = mask, true, true
	r.countEdge(1)
	r.trigger = triggerOf(r.inst.set, mask)
	shown := r.trigger
	if r.inst.set {
		shown = trace.TriggerNone
	}
	r.lane.setTrigger(at, shown)
	t.touch(r.lane)
}

// countEdge keeps the number of edge-triggered registrations of the instance.
func (r *reg) countEdge(by int) {
	if r.known && r.mask&bitET != 0 {
		r.inst.stats.Edge += by
	}
}

// unregister ends a registration.
func (t *Timeline) unregister(r *reg, at int64) {
	if r.dead {
		return
	}
	t.settle(r, outNone, at)
	r.countEdge(-1)
	r.dead = true
	in, l := r.inst, r.lane
	l.watch.left = in
	if in.reg(r.fd) == r {
		in.put(r.fd, nil)
	}
	in.clearData(r)
	for i, o := range l.regs {
		if o == r {
			l.regs = append(l.regs[:i], l.regs[i+1:]...)
			break
		}
	}
	if len(l.regs) == 0 {
		l.setTrigger(at, trace.TriggerNone)
	}
	t.touch(l)
}

// endInstance takes everything out of an instance that has ended.
func (t *Timeline) endInstance(in *instance, at int64) {
	for _, r := range in.dense {
		if r != nil {
			t.unregister(r, at)
		}
	}
	for _, fd := range sortedFDs(in.more) {
		t.unregister(in.more[fd], at)
	}
	for _, r := range in.stale {
		t.unregister(r, at)
	}
}

// sortedFDs makes the order of a map of numbers certain.
func sortedFDs[V any](m map[int32]V) []int32 {
	fds := make([]int32, 0, len(m))
	for fd := range m {
		fds = append(fds, fd)
	}
	slices.Sort(fds)
	return fds
}

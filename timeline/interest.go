package timeline

import (
	"evviz/trace"
	"evviz/world"
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
// What is registered is package world's: an instance watches files, and remembers each by the number that it had at the time of ADD. Here
// stands what the ledger knows besides.

// instance is what a wait asks.
type instance struct {
	who   *world.Instance
	lane  *laneB // nil for a set
	stats InstanceStats
	watch instanceWatch
	batch []*reg // reported, or read, since somebody went to wait here
}

// set says that it is the set that a thread passes to poll or select.
func (in *instance) set() bool { return in.who.Set }

// reg finds the registration of a number.
func (lg *ledger) reg(in *instance, fd int32) *reg {
	if of := in.who.Of(fd); of != nil {
		return lg.lanes.regOf(of)
	}
	return nil
}

// reg is a registration: what one instance watches of one lane.
type reg struct {
	*world.Registration
	inst    *instance
	lane    *laneB
	trigger uint32 // 0 unknown; a set counts as level
	armed   bool
	inBatch bool
	edge    bool // it is among the edge-triggered ones that its instance counts
	listed  bool // ... and among the listeners that its instance watches

	drain   Drain
	rearmed bool    // MOD or ADD since the last report, while data waited
	sameBy  *stream // that MOD changed nothing: a level-triggered event comes anyway, but to another thread that waits
	last    uint32
	rep     report
	watch   regWatch

	// Of one whose number is not certain (presumed.go).
	strays      strays // of its table when it was reported last
	suspect     int32  // what was called behind its event
	suspected   int    // ... so often
	suspectWake uint32
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
func (lg *ledger) ctl(s *stream, e *trace.Event) {
	call := trace.RegisterOf(e).Diff() == 0
	if call {
		lg.lanes.count(s, e.Time, cntInterest, 0)
	}
	if e.Errno != 0 {
		lg.stats.InterestErrors++
		lg.watch.ctlFailed(s, e)
		return
	}
	in := lg.lanes.instance(s, e.Inst)
	lg.watch.usesInstance(s, in, e.Time)
	if e.Kind == trace.Deregister {
		lg.stats.Deregisters++
		in.stats.Deregisters++
		of := lg.who.Leaving(s.who, in.who, e.FD)
		if of == nil {
			if l, old := lg.lanes.find(s, e, false); l != nil && !old {
				lg.lanes.mark(l, e.Time, MarkDeregister, 0)
			}
			return
		}
		l := lg.lanes.regOf(of).lane
		l.watch.undone(IncDisarmed)
		lg.who.Unregister(of, e.Time)
		lg.lanes.mark(l, e.Time, MarkDeregister, 0)
		return
	}
	_, f, of := lg.who.Subject(s.who, e)
	if f == nil {
		return
	}
	l := lg.lanes.laneOf(f)
	var r *reg
	if of != nil {
		r = lg.lanes.regOf(of)
	}
	m := MarkRegister
	if e.Kind == trace.Modify {
		lg.stats.Modifies++
		lg.watch.modified(s, in, r, e)
		m = MarkModify
		if r != nil && r.Known && r.Mask == e.Mask {
			m = MarkRearmed
		}
	} else {
		lg.stats.Registers++
		in.stats.Registers++
	}
	if r == nil {
		if l.watch.left == in && l.pub.Kind == KindConn {
			in.stats.Readds++
		}
		if len(l.regs) > 0 && l.regs[0].inst != in {
			l.watch.cancels(IncStranded) // another instance is to be told of it
		}
		if of = lg.who.Register(s.who, in.who, f, e.FD); of == nil {
			return
		}
		r = lg.lanes.regOf(of)
		r.rearmed = l.since != 0 && l.reported
		if l.since != 0 && l.watch.left == in { // taken out and put in again: what its event was about may have been served in between
			r.drain = l.watch.leftAs
			lg.enlist(r)
		}
	} else {
		lg.settle(r, outNone, e.Time)
		r.rearmed, r.sameBy = l.since != 0, nil
		if r.Known && r.Mask == e.Mask && triggerOf(in.set(), e.Mask) == trace.TriggerLevel {
			r.sameBy = s
		}
		l.watch.undone(IncDisarmed)
		l.watch.ends(IncDisarmed, e.Time)
	}
	if r.rearmed {
		r.watch.seenBy(in)
		l.fresh = false // what came before the kernel looked again is no news after it
	}
	r.Interest(e)
	lg.interested(r, e.Time)
	r.watch.pid, r.watch.inBatch = s.who.PID, false
	if e.Mask&bitOut != 0 {
		l.watch.ends(IncStuckOutput, e.Time)
	}
	lg.lanes.endStranded(l, e.Time)
	lg.lanes.mark(l, e.Time, m, 0)
}

// interested takes over the mask of a registration that is known by a call, or a restatement of one.
func (lg *ledger) interested(r *reg, at int64) {
	r.countEdge(r.Mask&bitET != 0)
	r.armed = true
	r.trigger = triggerOf(r.inst.set(), r.Mask)
	shown := r.trigger
	if r.inst.set() {
		shown = trace.TriggerNone
	}
	r.lane.setTrigger(at, shown)
	lg.lanes.touch(r.lane)
}

// presumed is interested for a registration that only its events tell of.
func (r *reg) presumed() {
	r.armed = true
	if r.inst.set() {
		r.trigger = trace.TriggerLevel
	}
}

// countEdge keeps the number of edge-triggered registrations of the instance.
func (r *reg) countEdge(edge bool) {
	if edge == r.edge {
		return
	}
	if r.edge = edge; edge {
		r.inst.stats.Edge++
	} else {
		r.inst.stats.Edge--
	}
}

// unregistered ends what was known of a registration.
func (lg *ledger) unregistered(r *reg, at int64) {
	r.countEdge(false)
	l := r.lane
	l.watch.left, l.watch.leftAs, l.data = r.inst, r.drain, r.Data
	for i, o := range l.regs {
		if o == r {
			l.regs = append(l.regs[:i], l.regs[i+1:]...)
			break
		}
	}
	if len(l.regs) == 0 {
		l.setTrigger(at, trace.TriggerNone)
	}
	lg.lanes.touch(l)
}

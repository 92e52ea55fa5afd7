package timeline

import "evviz/trace"

// The ledger: what a report was worth
//
// Each registration remembers what became of its last report (drain state). It is judged when somebody goes to wait on the
// instance again, because until then the program may still read. A report gets one class when it comes, from what is known
// then; the first operation after it, or the lab's Renotify, may settle it otherwise. So classes always add up to reports.

// Drain is what a registration's last report left behind.
type Drain uint8

// The drain states.
const (
	DrainUnknown   Drain = iota
	DrainUntouched       // reported, and nobody has done anything since
	DrainEmpty           // EAGAIN, a short read on a byte stream, or nothing left: everything was taken
	DrainMaybe           // a full read, or a message taken: more may wait
	DrainEOF             // read returned 0
	DrainExhausted       // accept failed for want of descriptors or memory
	DrainError           // the read failed
)

var drainNames = [...]string{"", "not touched", "drained", "maybe left", "end of file", "exhausted", "error"}

// String is the state in words, "" for unknown.
func (d Drain) String() string {
	if int(d) < len(drainNames) {
		return drainNames[d]
	}
	return "drain?"
}

// Class is what a report told.
type Class uint8

// The classes, in the order of their precedence: the first that fits is the headline.
const (
	ClassStale     Class = iota // its number was closed, its description lives elsewhere
	ClassRearmed                // caused by MOD or ADD, about data that waited before it
	ClassHerd                   // another thread had got it, or took it
	ClassUntouched              // the same as before, and nobody has touched it since
	ClassExhausted              // a connection that cannot be accepted for want of descriptors
	ClassNothing                // the first operation after it found nothing (EAGAIN)
	ClassLeftover               // about the rest of what was read only in part
	ClassError                  // an error, or the first operation failed
	ClassEOF                    // the first operation found the end of file, or nobody acted on it before
	ClassHangup                 // the peer shut down or is gone
	ClassTimer                  // a timerfd
	ClassWake                   // an eventfd
	ClassFresh                  // news: data or a connection
	ClassWritable               // room to write
	ClassUnknown
	ClassCount
)

var classNames = [ClassCount]string{"stale", "re-armed", "herd loser", "untouched", "exhausted", "nothing there", "left-over", "error", "end of file",
	"hang-up", "timer", "wake-up", "fresh", "writable", "unknown"}

// String is the class in words.
func (c Class) String() string {
	if c < ClassCount {
		return classNames[c]
	}
	return "class?"
}

// outcome is how the first operation after a report went.
type outcome uint8

const (
	outNone outcome = iota
	outData
	outAgain
	outEOF
	outErr
	outExhausted
)

// report is the newest report of a registration.
type report struct {
	s       *stream
	wakeNo  uint32
	mask    uint32
	open    bool // its class may still change
	class   Class
	useful  bool
	rearmed bool
	stale   bool
	why     uint8 // trace.Renotify*: it told what was known
	told    bool  // ... and was counted
	same    bool  // it repeats what it said before about something that holds no bytes: room to write, a hang-up
	prev    Drain // what the report before left behind
	maybe   bool  // left-over is likely: something may have been left and the wait did not sleep
	first   outcome
	looked  int64 // end of that first operation
	at      int64
	from    int64  // beginning of the wait that returned it
	herd    bool   // another thread was told of the same, or took it
	before  uint32 // bits of the report before
	level   bool
	every   bool // it came with every wait since the first that told of it
	glance  bool // it came with a wait of 0
	bits    [BitCount]Class
	note    int64 // in Timeline.notes; 0 none
	w       weight
}

func classify(r *report, k LaneKind) Class {
	in := r.mask&bitsIn != 0
	switch {
	case r.stale:
		return ClassStale
	case r.rearmed && in:
		return ClassRearmed
	case r.herd:
		return ClassHerd
	case r.why == trace.RenotifyUntouched, r.same:
		return ClassUntouched
	case r.first == outExhausted, r.prev == DrainExhausted && in && r.first != outData:
		return ClassExhausted
	case r.first == outAgain && r.mask&^bitOut != 0:
		return ClassNothing
	case (r.why != 0 || r.maybe) && r.prev != DrainEOF && r.prev != DrainError && r.first != outEOF:
		return ClassLeftover
	case r.mask&bitErr != 0, r.first == outErr, r.prev == DrainError:
		return ClassError
	case r.first == outEOF, r.prev == DrainEOF && r.first != outData && in:
		return ClassEOF
	case r.mask&(bitHup|bitRdHup) != 0 && r.first != outData:
		return ClassHangup
	case k == KindTimer:
		return ClassTimer
	case k == KindWake:
		return ClassWake
	case in:
		return ClassFresh
	case r.mask&bitOut != 0:
		return ClassWritable
	}
	return ClassUnknown
}

// tells says whether a report of this class told something new.
func (r *report) tells() bool {
	switch r.class {
	case ClassFresh, ClassHangup, ClassWritable, ClassTimer, ClassWake:
		return true
	case ClassEOF:
		return r.prev != DrainEOF
	case ClassError:
		return r.prev != DrainError
	}
	return false
}

// ledger knows what waits on each lane, and what each report was about.
type ledger struct {
	*base
	lanes   *laneSet
	watch   *watcher
	delays  *delayStore
	traffic *traffic

	idle []*laneB // data waits, and their completion queue has nothing in flight for them
}

// judge gives a report its class, or another one.
func (lg *ledger) judge(r *reg, first bool) {
	p := &r.rep
	c := classify(p, r.lane.pub.Kind)
	st := &r.lane.pub.Stats
	bits := p.bits
	lg.judgeBits(p, r.lane.pub.Kind, first)
	mine := p.s.wakeNo == p.wakeNo
	if !first {
		if c == p.class {
			if p.bits != bits {
				lg.renote(p)
			}
			return
		}
		if mine {
			p.s.heads[index(p.useful)][p.class]--
		}
		lg.stats.Class[p.class] -= lg.w.times
		st.Class[p.class] -= lg.w.times
	}
	p.class = c
	lg.stats.Class[c] += lg.w.times
	st.Class[c] += lg.w.times
	was := !first && p.useful
	p.useful = p.tells()
	if p.useful != was && p.s.wakeNo == p.wakeNo {
		if p.useful {
			if p.s.wakeUse++; p.s.wakeUse == 1 {
				lg.stats.UsefulWakeups += p.s.headOf
			}
		} else if p.s.wakeUse--; p.s.wakeUse == 0 {
			lg.stats.UsefulWakeups -= p.s.headOf
		}
	}
	if mine {
		p.s.heads[index(p.useful)][c]++
		lg.rehead(p.s)
	}
	lg.renote(p)
	lg.lanes.touch(r.lane)
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// settle fixes the class of the open report, now that the first operation after it, or none, is known.
func (lg *ledger) settle(r *reg, out outcome, at int64) {
	p := &r.rep
	if !p.open {
		return
	}
	now := lg.w
	lg.w = p.w
	defer func() { lg.w = now }()
	if out != outNone {
		p.first, p.looked = out, at
		if out == outAgain && p.mask&^bitOut != 0 && r.lane.watch.takenElsewhere(p) {
			p.herd = true
		}
		lg.judge(r, false)
	}
	p.open = false
	lg.lanes.count(p.s, at, cntClass+uint8(p.class), 0)
	lg.watch.reportSettled(r, out, at)
}

// recall forgets what was assumed of a lane before events were lost.
func (ls *laneSet) recall(l *laneB) {
	if l.epoch == l.gaps.epoch {
		return
	}
	l.epoch = l.gaps.epoch
	l.ledger, l.arrival, l.pauseSince, l.lastServed, l.fresh = -1, 0, 0, 0, false
	l.ring = ringLane{done: l.ring.done}
	l.reply, l.pair = replyTo{}, pairing{}
	ls.forgetDelays(l)
	l.end.known = false
	l.watch.owed, l.watch.eofAt, l.watch.starved, l.watch.eofs, l.ended = 0, 0, false, nil, false
	for _, r := range l.regs {
		r.drain, r.last, r.rearmed = DrainUnknown, 0, false
	}
}

// quick is how long a wait may last and still count as one that did not sleep, ns. Under a tracer every call is slow.
func (b *base) quick() int64 { return max(100_000, 8*b.pace) }

// ready handles a report.
func (lg *ledger) ready(s *stream, e *trace.Event) {
	in := lg.lanes.instance(s, e.Inst)
	r, stale := lg.reported(s, in, e)
	lg.stats.Reports += lg.w.times
	lg.lanes.count(s, e.Time, uint8(MarkReport), 0)
	if s.loop != nil {
		s.loop.wakeReports++
	}
	if r == nil {
		c := ClassUnknown
		if stale {
			c = ClassStale
		}
		lg.stats.Class[c] += lg.w.times
		for b := range BitCount {
			if e.Mask&bitMasks[b] != 0 {
				lg.stats.BitClass[b][c] += lg.w.times
			}
		}
		lg.lanes.count(s, e.Time, cntClass+uint8(c), 0)
		if n := lg.notes.at(lg.noted(0, c)); n != nil {
			for b := range n.bits {
				n.bits[b] = c
			}
		}
		return
	}
	l := r.lane
	lg.lanes.recall(l)
	l.calls.report(s.id)
	lg.settle(r, outNone, e.Time)

	// Are there bytes that were not known of? The ledger knows best; else somebody must have seen an arrival.
	news := l.fresh
	expected := l.ledger
	if e.B > 0 {
		if expected >= 0 {
			news = e.B-1 > expected
		}
		l.ledger = e.B - 1
		if !l.byItem() {
			l.arrived.known(e.B - 1)
		}
	}
	passed := lg.watch.passedOver(in, r)
	r.rearmed = r.rearmed && r.sameBy != s && !passed
	s.guessed(r)
	if r.refuted(s, e.Mask) || lg.watch.servedUnseen(in, r) {
		r.drain, r.last = DrainUnknown, 0
	}
	r.watch.seenBy(in)
	prev := r.drain
	p := report{w: lg.w, s: s, wakeNo: s.wakeNo, mask: e.Mask, open: true, prev: prev, stale: r.Stale, rearmed: r.rearmed && !news,
		note: lg.noted(l.pub.ID, ClassUnknown)}
	lg.watch.delivered(s, in, r, e, &p, news)
	if r.level() && !r.rearmed && !news && r.last&e.Mask != 0 {
		lg.repeated(&p, r, e, expected)
	}
	r.rep = p
	lg.lanes.mark(l, e.Time, MarkReport, 0)
	if s.loop != nil {
		l.loop = s.loop
	}
	if e.Mask&bitsIn != 0 {
		lg.delays.toldOf(l, e.Time)
	}
	lg.judge(r, true)
	if p.why != 0 {
		lg.renotified(s, r, e.Time)
	}

	if r.inCharge() {
		lg.lanes.endStranded(l, e.Time)
	}
	l.fresh, l.reported, r.rearmed = false, true, false
	r.last, r.drain = e.Mask, DrainUntouched
	// The end of file stays readable for ever, and leaving an edge-triggered eventfd unread is a design: no data waits there.
	atEnd := prev == DrainEOF || e.B == 1 && l.pub.Kind == KindConn
	byDesign := r.trigger == trace.TriggerEdge && (l.pub.Kind == KindWake || l.pub.Kind == KindTimer && l.every == 0)
	if e.Mask&bitsIn != 0 && !atEnd && !byDesign {
		since := e.Time
		if l.pauseSince != 0 && !news && !passed {
			since = l.pauseSince
		}
		lg.lanes.openBar(l, since, e.Time)
	}
	l.pauseSince = 0
	if r.trigger == trace.TriggerOneshot {
		r.armed = false
	}
	lg.enlist(r)
}

// repeated judges a level-triggered report without news. Where the source tells re-notifications of connections itself,
// only it does; for what it does not judge (a listener, a hang-up, room to write) the class is found here, uncounted.
func (lg *ledger) repeated(p *report, r *reg, e *trace.Event, expected int64) {
	bytes := e.Mask&bitsIn != 0 && e.B != 1
	told := lg.exact && bytes && r.lane.pub.Kind != KindListener
	slept := !lg.timed || p.s.last-p.s.waitFrom >= lg.quick()
	took := p.s.last - p.s.waitFrom
	if r.trigger == trace.TriggerNone && !lg.exact && lg.measured && took >= lg.quick() && bytes && e.Mask&r.last&(bitErr|bitHup|bitRdHup) == 0 && !p.s.watch.idles(took) {
		return // it may be edge-triggered, and the wait was long enough for something to come
	}
	if !lg.exact && (lg.measured && took >= surelySlept || lg.timed && took >= certainlySlept) || r.lane.takenUnseen() {
		return // what lasts makes no wait sleep: it was served unseen, and is so anew
	}
	switch {
	case told, p.stale: // a stale report has a class of its own
	case p.prev == DrainUntouched && bytes && !lg.exact:
		p.why = trace.RenotifyUntouched
	case p.prev == DrainUntouched:
		p.same = true
	case p.prev == DrainMaybe && bytes && r.lane.end.wholeSends():
		return
	case p.prev == DrainMaybe && bytes && expected > 0 && r.lane.pub.Kind != KindListener && !lg.exact:
		p.why = trace.RenotifyLeftover
	case p.prev == DrainMaybe && bytes && r.lane.pub.Kind != KindListener && expected < 0 && (!r.lane.stream() || r.lane.watch.exact || r.lane.watch.answered || r.lane.watch.asks):
		return // each event may be about another message
	case p.prev == DrainMaybe && bytes && (expected > 0 || expected < 0 && !slept):
		p.maybe = true
	}
}

// idles says whether a thread that was reported the same again after a wait of took ns has done nothing at all in between: an edge would need
// somebody who sends at that very rate to a program that never reads. The longer the wait, the more such iterations have to lie before it.
func (w *streamWatch) idles(took int64) bool {
	return w.progress.bare && (took < seldomSlow || w.progress.row >= idleRowLeast)
}

const (
	seldomSlow   = 1_000_000 // a wait that does not sleep takes less, ns, also beside a tracer that has other work
	idleRowLeast = 8
)

// reported finds the registration that a report is about. stale says that there is none because the report is about
// something that the program closed after the kernel had put it into the batch.
func (lg *ledger) reported(s *stream, in *instance, e *trace.Event) (r *reg, stale bool) {
	rep := lg.who.Reported(s.who, in.who, e)
	if rep.Ambiguous {
		lg.stats.Ambiguous += lg.w.times
	}
	if rep.Reg == nil {
		return nil, rep.Stale
	}
	r = lg.lanes.regOf(rep.Reg)
	if rep.Inferred {
		r.presumed()
	}
	return r, false
}

// replaced is called before a lane ends because its number turns out to mean another file: that it was closed nobody has seen, nor when. What was
// reported since may have been about the other file already, so nothing of what is known of this one explains it.
func (lg *ledger) replaced(l *laneB) {
	l.pub.ClosedUnseen = true
	for _, r := range l.regs {
		if r.rep.open && r.rep.prev != DrainUnknown {
			now := lg.w
			lg.w = r.rep.w
			r.rep.prev, r.rep.maybe = DrainUnknown, false
			lg.judge(r, false)
			lg.w = now
		}
	}
}

// enlist remembers to look at a registration when somebody goes to wait.
func (lg *ledger) enlist(r *reg) {
	if !r.inBatch && !r.Dead {
		r.inBatch = true
		r.inst.batch = append(r.inst.batch, r)
	}
}

// renotify handles the lab's word that the report before told what was known.
func (lg *ledger) renotify(s *stream, e *trace.Event) {
	in := lg.lanes.instance(s, e.Inst)
	var r *reg
	if e.FD >= 0 {
		r = lg.reg(in, e.FD)
	}
	if r == nil {
		lg.stats.Renotify += lg.w.times
		lg.lanes.count(s, e.Time, uint8(MarkRenotify), 0)
		return
	}
	if e.B > 0 {
		r.lane.ledger = e.B - 1
	}
	if r.rep.why == 0 {
		r.rep.why = uint8(e.Aux)
		if r.rep.why == 0 {
			r.rep.why = trace.RenotifyLeftover
		}
	}
	if r.rep.open {
		lg.judge(r, false)
	}
	lg.renotified(s, r, e.Time)
}

// renotified counts a re-notification, once a report.
func (lg *ledger) renotified(s *stream, r *reg, at int64) {
	if r.rep.told {
		return
	}
	r.rep.told = true
	now := lg.w
	if r.rep.w.times > 0 { // the report has been seen
		lg.w = r.rep.w
	}
	defer func() { lg.w = now }()
	lg.renote(&r.rep)
	lg.stats.Renotify += lg.w.times
	lg.lanes.count(s, at, uint8(MarkRenotify), 0)
	lg.lanes.mark(r.lane, at, MarkRenotify, 0)
	if s.loop != nil {
		s.loop.wakeRenotify++
	}
}

// touched notes an operation that takes data out: it settles reports and gives every registration of the lane its new
// drain state, whichever thread or number it came through. Where several threads were told of it each of them has its own
// try; whoever was told of nothing acts for all.
func (lg *ledger) touched(l *laneB, out outcome, d Drain, at int64) {
	who := l.watch.toucher
	own := false
	for _, r := range l.regs {
		own = own || r.rep.open && r.rep.s == who && r.rep.mask&^bitOut != 0
	}
	for _, r := range l.regs {
		if r.rep.open && r.rep.mask&^bitOut != 0 && (!own || r.rep.s == who) {
			lg.settle(r, out, at)
		}
		r.drain = d
		if l.since != 0 {
			lg.enlist(r)
		}
	}
	if d == DrainMaybe && lg.restUnknown(l) {
		l.pauseSince = l.since
		lg.lanes.closeBar(l, at)
	}
}

// restUnknown says whether nobody knows that another connection is to be accepted, now that one was. A program that takes one at a time leaves the
// rest to the next wait, and most often there is none: where arrivals are not seen, a bar that went on until then would be an assertion. (A read
// that filled its buffer is another matter: more is likely.) Of an edge nothing more is said, so there what may be left is stranded.
func (lg *ledger) restUnknown(l *laneB) bool {
	if l.pub.Kind != KindListener || lg.exact || l.since == 0 || l.ledger > 0 || l.fresh || l.arrival != 0 {
		return false
	}
	for _, r := range l.regs {
		if !r.level() {
			return false
		}
	}
	return len(l.regs) > 0
}

// goWait judges what the loop leaves behind when it goes to wait.
//
//   - Level: if nothing is known to be left the bar pauses; the kernel will say at once if that is wrong. So does that of a registration
//     that nobody has seen being made: whether it is level-triggered is not known, and neither is that anything was left.
//   - Edge, or a oneshot registration that has fired: if data is left, known or likely, and no more came since the report,
//     nobody will be told of it: stranded, from now until the next report, MOD, or the read that drains. Wake-ups and
//     timers are exempt: leaving an edge-triggered eventfd unread is a design. A timer that repeats is not: the kernel
//     starts its next period when the last expiration is read (timerfd_read in fs/timerfd.c), so an unread one stops it.
func (lg *ledger) goWait(in *instance, at int64) {
	kept := in.batch[:0]
	for _, r := range in.batch {
		r.inBatch = false
		if r.Dead {
			continue
		}
		lg.settle(r, outNone, at)
		l := r.lane
		if r.drain == DrainExhausted && r.trigger != trace.TriggerLevel {
			lg.watch.begins(r.rep.s, l, IncDeaf, at, lg.exact || l.watch.accepts == 0)
		}
		if l.since == 0 {
			lg.watch.disarmed(r, at)
			continue
		}
		switch r.trigger {
		case trace.TriggerLevel, trace.TriggerNone: // of one whose trigger is not known nobody knows that anything is left
			if r.drain == DrainMaybe && l.ledger <= 0 && !l.fresh {
				l.pauseSince = l.since
				lg.lanes.closeBar(l, at)
			}
		case trace.TriggerEdge, trace.TriggerOneshot:
			if r.trigger == trace.TriggerOneshot && r.armed || r.rearmed {
				continue
			}
			if r.trigger == trace.TriggerEdge && l.fresh && !r.watch.waited(in) {
				kept, r.inBatch = append(kept, r), true // the next wait tells of it, or else it was not so new
				continue
			}
			if l.pub.Kind == KindWake || l.pub.Kind == KindTimer && l.every == 0 || l.strandedAt != 0 || !r.inCharge() {
				continue
			}
			if l.ledger > 0 || r.drain == DrainUntouched || r.drain == DrainMaybe {
				lg.lanes.setStranded(l, at)
				lg.watch.leftBehind(r, at)
			}
		}
	}
	in.batch = kept
}

package timeline

import (
	"slices"

	"evviz/trace"
	"evviz/world"
)

// LaneKind says what a lane is, as far as a view needs to know.
type LaneKind uint8

// The kinds.
const (
	KindOther LaneKind = iota
	KindListener
	KindConn
	KindWake // an eventfd
	KindTimer
	KindEpoll
)

var laneKindNames = [...]string{"other", "listener", "connection", "wake-up", "timer", "epoll"}

// String is the kind in words.
func (k LaneKind) String() string {
	if int(k) < len(laneKindNames) {
		return laneKindNames[k]
	}
	return "kind?"
}

// Lane is an open file description during its life, as a snapshot shows it.
type Lane struct {
	ID   int64 // unique in a run, never used again
	Kind LaneKind
	Type uint32 // trace.Type*
	FD   int32  // the number it has, or had last
	FDs  int    // how many numbers lead to it
	// Data is what the program attached when it registered the descriptor, where that was not seen: Numbered says how FD follows from it.
	Data     uint64
	Numbered Numbered
	Gen      uint32 // how many lanes this number has meant, this one included
	Table    uint32 // descriptor table, named by a process; 0 unknown
	// Process is that process where the source has several: there a number alone does not say which descriptor is meant. 0 elsewhere.
	Process      uint32
	Thread       uint32 // stream of the loop's thread that did something on it last; 0 none
	Peer         string // address of the other end, "" unknown
	Local        string
	Label        string // what it is in a word, for lanes that are not connections
	Opened       int64  // 0: before the events began, or unknown
	Closed       int64  // 0: open
	ClosedUnseen bool   // ... or before: its number meant another file then, and nobody saw it closed

	CloseWhy   uint32 // trace.Close*
	Trigger    uint32 // trace.Trigger*: how it is registered now, TriggerNone where the mechanism has no triggering
	Registered bool   // some instance watches it
	Armed      bool   // and would report it: false for a oneshot registration that has fired
	Interest   uint32 // event bits asked for
	Drain      Drain  // what the last report left behind
	HungUp     bool   // ... and it told of a hang-up or an error, which nobody has acted on
	RoomOnly   bool   // ... and it told of nothing but room to write, which nobody has used
	Whole      bool   // its reads look like whole messages: of different sizes that were just had, asked for (FIONREAD), or answered
	Before     bool   // its registration lies before the events
	InSet      bool   // it is in the set that a thread passes to poll or select

	Unread        int64 // bytes (connections waiting, for a listener) known to wait; at least so many; -1 unknown
	Unsent        int64 // bytes that the program still holds for it; -1 unknown
	Pending       bool  // the bar is open
	PendingSince  int64
	Stranded      bool // nobody will be told of what waits
	StrandedSince int64
	LastActivity  int64
	LastRead      Op // the newest read or accept
	LastWrite     Op
	LastCut       Op // the newest read that got the beginning of a message and lost its end (MSG_TRUNC)
	Stats         LaneStats
	Calls         Calls
	Client        ClientStats // what the scripted client at the other end did

	Look      *Look          // what looks into the kernel have found; nil: nobody looked
	Incidents []Incident     // what a rule may judge; nil none
	Takers    []Taker        // listener: who accepted how many
	HandedOn  int64          // listener: connections of which another thread than the one that accepted them read first
	Instance  *InstanceStats // epoll instance: what was asked of it; nil for other lanes
	EOFSince  int64          // the end of file was read and nothing has been written since; 0 not
	EOFTold   bool           // ... as an event with RDHUP or HUP told, and not a read
	Origin    uint32         // trace.Origin*, 0 unknown
	Nonblock  Tri            // O_NONBLOCK
	OnDemand  bool           // registered as runtimes do that read when a task asks

	delays  *laneDelays
	open    []openDelay // what has not ended,
	now     int64       // ... at this moment
	marks   markView
	bars    barView
	service barView
	output  barView
	trigger []triggerTurn
	gaps    []int64
	levels  []levelPoint
	tally   []int64
}

// Reported says whether waits have told of a descriptor of which nothing says what it is, as where a program was attached to late.
func (l *Lane) Reported() bool {
	if l.Kind != KindOther || l.Type != trace.TypeUnknown {
		return false
	}
	for _, n := range l.Stats.Class {
		if n > 0 {
			return true
		}
	}
	return false
}

// Numbered is how a lane's number is known.
type Numbered uint8

// A registration that lies before the events is known by its data, which may or may not be the descriptor.
const (
	NumberKnown   = Numbered(world.NumberTold)
	NumberGuessed = Numbered(world.NumberLikely)  // FD is what the data say, if they are a descriptor
	NumberUnknown = Numbered(world.NumberUnknown) // FD is -1
)

// Op is one call as it went.
type Op struct {
	Time   int64 // 0: there was none
	Asked  int64
	Result int64
	Errno  uint16
}

// LaneStats counts what happened on a lane over the whole run.
type LaneStats struct {
	Counts            [MarkCount]int64
	Class             [ClassCount]int64
	BytesIn, BytesOut int64
	Waited            int64 // ns covered by finished bars
	LongestWait       int64 // ns, finished bars
	LastLatency       int64 // arrival to served, ns; -1 unknown
	Latencies         int64 // how many are known
	LatencySum        int64 // ... all together, ns
}

// Tri is yes, no or not known.
type Tri uint8

// The values of a Tri.
const (
	Unknown Tri = iota
	Yes
	No
)

// Taker is a thread that accepted connections.
type Taker struct {
	PID, TID int64
	N        int64
}

// triggerTurn is the moment from which a lane is registered with a trigger.
type triggerTurn struct {
	t       int64
	trigger uint32
}

const maxTriggerTurns = 4096

// gapList holds the moments at which events of a table were lost.
type gapList struct {
	at     []int64
	epoch  uint32
	strays strays

	progress int64 // of its threads
}

const maxGaps = 1 << 16

func (g *gapList) add(at int64) {
	g.epoch++
	if len(g.at) < maxGaps {
		if n := len(g.at); n > 0 {
			at = max(at, g.at[n-1])
		}
		g.at = append(g.at, at)
	}
}

// laneB is the writer's side of a lane.
type laneB struct {
	pub   Lane
	shown *Lane // what the last snapshot got
	file  *world.File
	gaps  *gapList // of the table in which the file was seen first
	gone  imposter // whose report may wait for it, when its number was given back
	dirty bool
	dead  bool // forgotten

	data     uint64 // of its newest registration that has ended
	absorbed bool   // what happened on it is another lane's

	regs  []*reg
	inst  *instance // if it is an epoll instance
	ring  ringLane
	marks markStore
	bars  barStore
	trig  []triggerTurn

	levels []levelPoint

	since, start int64 // open bar: arrival, and where the open piece begins; since 0: closed
	pauseSince   int64 // arrival of a bar that level triggering closed for the moment
	strandedAt   int64
	pendIndex    int       // place in Timeline.pending
	arrival      int64     // of the oldest of which no report and no read is known
	arrived      arrivals  // that were not read
	loop         *loopB    // that did something on it last, or was told of it
	busy         *busyWith // nil: with nothing
	lastServed   int64     // end of the last read that got something
	emptied      int64     // end of the last operation that took everything
	stamp        int64     // the newest receive stamp
	servedKnown  bool      // its latency was recorded
	fresh        bool      // bytes came since the last report
	ledger       int64     // bytes known to wait, at least; -1 unknown
	ended        bool      // the end of file was read
	every        int64     // of a timer that repeats: ns between two expirations; 0 it does not, or unknown
	epoch        uint32
	reported     bool
	reply        replyTo
	pair         pairing
	end          end
	delays       *laneDelays
	watch        laneWatch
	look         *laneLook // nil: nobody looks
	calls        callCount
	client       clientOf
	tally        []int64 // by Options.Count; nil none
}

// laneSet is the lanes, and what is counted for threads.
type laneSet struct {
	*base
	ledger  *ledger
	watch   *watcher
	delays  *delayStore
	traffic *traffic

	id        int64    // of the newest lane
	all       []*laneB // in order of their beginning
	closed    []*laneB // in order of their end
	maxClosed int
	dirty     []*laneB
	allDirty  bool
	pending   []*laneB // with an open bar
	spans     int
	maxSpans  int
	held      int64 // from here on nothing was forgotten; 0: nothing was. See keeper.held for marks.

	table   uint32 // the first descriptor table that was named
	several bool   // there is another one

	clients clients
	ends    ends
	lat     distribution // arrival to read
	rest    markStore    // counts of threads that are not loops
	besides besides      // counts of what is no socket
}

func (ls *laneSet) newLane(f *world.File) *laneB {
	ls.id++
	l := &laneB{file: f, gaps: gapsOf(f.Table), pendIndex: -1, ledger: -1}
	l.epoch = l.gaps.epoch
	f.User = l
	ls.hasTable(f.Table.ID)
	l.pub.ID, l.pub.FD, l.pub.Unread, l.pub.Unsent, l.pub.Table, l.pub.Gen = ls.id, f.FD, -1, -1, f.Table.ID, f.Use
	l.pub.Stats.LastLatency = -1
	l.marks.keep = &ls.keep
	l.bars.lean = ls.lean
	ls.all = append(ls.all, l)
	ls.setType(l, f.Type)
	ls.inherit(l, f.Table.At(f.FD))
	ls.touch(l)
	return l
}

// touch makes the next snapshot take a new picture of the lane.
func (ls *laneSet) touch(l *laneB) {
	if !l.dirty {
		l.dirty = true
		ls.dirty = append(ls.dirty, l)
	}
}

// mark puts a mark on a lane.
func (ls *laneSet) mark(l *laneB, at int64, m Mark, v uint32) {
	if !l.dirty {
		l.dirty = true
		ls.dirty = append(ls.dirty, l)
	}
	if !ls.lean {
		ls.about = l
		l.marks.add(at, uint8(m), v, ls.w.times)
	}
	l.pub.Stats.Counts[m] += ls.w.times
	if at > l.pub.LastActivity {
		l.pub.LastActivity = at
	}
}

// endLane ends a lane and its bar. Its registrations end next.
func (ls *laneSet) endLane(l *laneB, at int64, why uint32) {
	ls.watch.closing(l, at, why)
	if l.inst != nil {
		l.inst.watch.closed = true
		if l.inst.watch.waiting > 0 && why != trace.CloseShutdown {
			ls.watch.happened(nil, l, IncClosedUnder, at, 0, true)
		}
	}
	ls.neverRead(l, at)
	ls.closeBar(l, at)
	ls.noEnd(l)
	ls.endService(l, at)
	l.pair = pairing{}
	l.pauseSince = 0
	ls.mark(l, at, MarkClose, 0)
	ls.stats.Closes++
	l.pub.Closed, l.pub.CloseWhy = max(at, 1), why
	ls.closed = append(ls.closed, l)
	if len(ls.closed) > ls.maxClosed+ls.maxClosed/4 {
		ls.forget(len(ls.closed) - ls.maxClosed)
	}
}

// forget drops the n lanes that were closed first.
func (ls *laneSet) forget(n int) {
	for _, l := range ls.closed[:n] {
		l.dead = true
		ls.held = max(ls.held, l.pub.Closed)
		ls.watch.past.take(l)
		ls.clients.forget(l)
		l.marks.drop()
		ls.spans -= len(l.bars.spans)
		l.bars = barStore{}
		if x := l.busy; x != nil {
			ls.spans -= len(x.service.spans) + len(x.output.spans)
			l.busy = nil
		}
	}
	ls.closed = append(ls.closed[:0:0], ls.closed[n:]...)
	ls.all = slices.DeleteFunc(ls.all, func(l *laneB) bool { return l.dead })
	ls.stats.LanesForgotten += int64(n)
}

// setType learns what a lane is.
func (ls *laneSet) setType(l *laneB, typ uint32) {
	if typ == trace.TypeUnknown {
		return
	}
	l.pub.Type, l.file.Type = typ, typ
	k, label := KindOther, trace.TypeNames.Word(typ)
	switch typ {
	case trace.TypeListener:
		k, label = KindListener, "listener"
	case trace.TypeStream, trace.TypeDatagram, trace.TypeSeqpacket:
		k, label = KindConn, ""
	case trace.TypeEventfd:
		k, label = KindWake, "wake-fd"
	case trace.TypeTimerfd:
		k, label = KindTimer, "timer"
	case trace.TypeEpoll:
		k = KindEpoll
	case trace.TypeURing:
		label = "io_uring"
	}
	l.pub.Kind, l.pub.Label = k, label
	ls.touch(l)
}

// setPeer learns the address of the other end, by which a scripted client is recognised.
func (ls *laneSet) setPeer(l *laneB, peer string) {
	if peer == "" || peer == l.pub.Peer {
		return
	}
	l.pub.Peer = peer
	ls.claimSteps(l, peer)
}

// setTrigger notes from when on a lane is registered how.
func (l *laneB) setTrigger(at int64, trigger uint32) {
	if l.pub.Trigger == trigger {
		return
	}
	l.pub.Trigger = trigger
	if len(l.trig) >= maxTriggerTurns {
		l.trig = append(make([]triggerTurn, 0, maxTriggerTurns), l.trig[maxTriggerTurns/2:]...)
	}
	l.trig = append(l.trig, triggerTurn{at, trigger})
}

// stream says whether a short read proves that nothing is left. A type that nobody told counts as a byte stream: that is
// what programs read with a buffer.
func (l *laneB) stream() bool {
	switch l.pub.Type {
	case trace.TypeUnknown, trace.TypeStream, trace.TypePipe, trace.TypeEventfd, trace.TypeTimerfd:
		return true
	}
	return false
}

// takenUnseen says whether what a lane holds is taken from memory, without a call.
func (l *laneB) takenUnseen() bool { return l.watch.mapped || l.pub.Type == trace.TypeURing }

// publish makes the picture of a lane that a snapshot hands out.
func (l *laneB) publish(now int64, answers, arrivals bool) *Lane {
	p := new(Lane)
	*p = l.pub
	p.FDs = l.file.Refs
	p.Pending, p.PendingSince = l.since != 0, l.since
	p.Stranded, p.StrandedSince = l.strandedAt != 0, l.strandedAt
	if p.Unread = l.ledger; p.Unread == 0 && p.Pending && !l.ended {
		p.Unread = -1 // something was reported since nothing was left; how much nobody has said
	}
	if p.Unread == 0 && !arrivals && l.pub.Closed == 0 && !l.ended && !(l.end.far != nil && l.end.known) && l.look == nil {
		p.Unread = -1 // nothing was left by the newest read; what came since nobody sees
	}
	p.Calls, p.Client = l.calls.pub, l.client.publish()
	p.tally = slices.Clone(l.tally)
	l.watch.publish(p, now)
	if l.look != nil {
		k := l.look.Look
		p.Look = &k
	}
	p.Whole = l.watch.exact || l.watch.answered || l.watch.asks
	if l.inst != nil {
		p.Instance = l.inst.stats.publish(l.inst)
	}
	if p.delays = l.delays; p.delays != nil {
		p.delays.shared = true
	}
	p.open, p.now = l.waits(answers), now
	p.marks = l.marks.view()
	p.bars = l.bars.view(l.since, l.start, l.strandedAt, now)
	inService := l.pair.read
	if !answers {
		inService = 0
	}
	if x := l.busy; x != nil {
		p.service, p.output = x.service.view(inService, inService, 0, now), x.output.view(x.heldSince, x.heldSince, 0, now)
	} else if inService != 0 {
		p.service = new(barStore).view(inService, inService, 0, now)
	}
	p.trigger, p.levels = l.trig, l.levels
	p.gaps = l.gaps.at
	p.Registered = len(l.regs) > 0
	p.Armed, p.Interest = false, 0
	if n := len(l.regs); n > 0 {
		r := l.regs[n-1]
		p.Armed, p.Interest, p.Drain = r.armed, r.Mask, r.drain
		p.InSet, p.RoomOnly = r.inst.set(), r.drain == DrainUntouched && r.last == bitOut
		p.HungUp, p.Before = r.drain == DrainUntouched && r.last&(bitHup|bitErr) != 0, !r.Known && !r.inst.set()
		if p.Numbered = NumberKnown; !r.Certain() {
			p.Numbered, p.Data = Numbered(r.Basis), r.Data
		}
	}
	if p.FD = l.file.FD; p.FD < 0 && len(l.regs) == 0 {
		p.Numbered, p.Data = NumberUnknown, l.data
	}
	return p
}

// ---- the bar ----

// openBar opens a lane's bar unless it is open.
func (ls *laneSet) openBar(l *laneB, since, start int64) {
	if l.pub.Closed != 0 {
		return
	}
	if l.since != 0 {
		if since < l.since && since >= l.bars.end {
			l.since, l.start = since, since // somebody saw the same arrival earlier
		}
		return
	}
	l.since, l.start = max(since, 1), max(start, 1)
	l.pendIndex = len(ls.pending)
	ls.pending = append(ls.pending, l)
	ls.touch(l)
}

// closeBar ends a lane's bar.
func (ls *laneSet) closeBar(l *laneB, at int64) {
	if l.since == 0 {
		return
	}
	if !l.arrived.seen {
		ls.delays.delay(measureUntimed, l.loop, l, at, at-l.since)
	}
	l.arrived.seen = !l.arrived.empty()
	n := 0
	if l.strandedAt != 0 {
		cut := max(l.strandedAt, l.start)
		n += l.bars.put(l.start, min(cut, at), l.since, false)
		n += l.bars.put(cut, at, l.since, true)
	} else {
		n += l.bars.put(l.start, at, l.since, false)
	}
	ls.noteSpans(l, n)
	st := &l.pub.Stats
	st.Waited = l.bars.total
	st.LongestWait = max(st.LongestWait, at-l.since)
	l.since, l.start = 0, 0
	ls.setStranded(l, 0)
	l.watch.ends(IncStranded, at)
	l.watch.ends(IncDisarmed, at)
	last := ls.pending[len(ls.pending)-1]
	ls.pending[l.pendIndex] = last
	last.pendIndex = l.pendIndex
	ls.pending = ls.pending[:len(ls.pending)-1]
	l.pendIndex = -1
	ls.touch(l)
}

// noteSpans keeps the number of spans below its bound: a lane with more than its share forgets its older half.
func (ls *laneSet) noteSpans(l *laneB, n int) { ls.noteSpansOf(&l.bars, n) }

func (ls *laneSet) noteSpansOf(b *barStore, n int) {
	ls.spans += n
	if ls.spans > ls.maxSpans && len(b.spans) > max(64, ls.maxSpans/(len(ls.all)+1)) {
		ls.spans -= b.trim()
		ls.held = max(ls.held, b.spans[0].start)
	}
}

// endStranded turns the stranded piece of an open bar into a finished one; the bar goes on plainly.
func (ls *laneSet) endStranded(l *laneB, at int64) {
	if l.strandedAt == 0 {
		return
	}
	cut := max(l.strandedAt, l.start)
	n := l.bars.put(l.start, min(cut, at), l.since, false)
	n += l.bars.put(cut, at, l.since, true)
	ls.noteSpans(l, n)
	l.start = max(at, l.start)
	ls.setStranded(l, 0)
	l.watch.ends(IncStranded, at)
	l.watch.ends(IncDisarmed, at)
	ls.touch(l)
}

func (ls *laneSet) setStranded(l *laneB, at int64) {
	if (l.strandedAt != 0) != (at != 0) {
		if at != 0 {
			ls.stats.StrandedTimes++
		}
		ls.touch(l)
	}
	l.strandedAt = at
}

package timeline

import (
	"slices"

	"evviz/trace"
	"evviz/world"
)

// Options of a timeline. The zero value is good.
type Options struct {
	Info      trace.Info
	MaxEvents int        // raw events kept for the list of events; default 200,000
	MaxMarks  int        // marks and turns kept at full resolution; default 4,000,000 (16 bytes each)
	MaxClosed int        // lanes kept after they were closed; default 2,000
	First     int64      // begin of the whole source, where it is known to lie elsewhere than the first event; 0: it does not
	Begin     int64      // from here on events are told, when what comes before First is left out; 0: from First on
	Bookmarks []Bookmark // known beforehand, by moment
	Limits    Limits     // what is counted as an incident; zero: DefaultLimits
	Count     []Matcher  // events to be counted, for Snapshot.Counted
	Ledger    bool       // keep sums, incidents and the ledger alone: nothing can be drawn, no event looked at
}

// base is what all parts of the fold have in common: what was asked for, the sums, who is who, and the event at hand.
type base struct {
	// What nearly every event needs stands together.
	w        weight
	about    *laneB     // the lane that the event at hand is about
	lean     bool       // Options.Ledger
	exact    bool       // the source tells repeats itself
	folds    trace.Kind // of the event at hand
	looks    bool       // the source looks into the kernel (look.go)
	timed    bool
	measured bool // how long calls took is known
	who      *world.World
	calls    runCalls
	mode     Mode
	pace     int64 // how long a call that cannot wait takes here, ns: a tracer makes it longer
	delay    int64 // the longest that one took, ns
	limits   Limits
	stats    Stats

	names  *nameTable
	events eventStore
	keep   keeper
	notes  noteStore
	modes  []ModeChange
	info   trace.Info
}

// Timeline folds events. It belongs to one goroutine; its snapshots belong to everybody.
//
// Each event goes to its rule (fold), and from there through the parts: the lanes, which hold what there is to be seen of each
// descriptor; the ledger, which knows what waits and what each report was about; the watcher, which notes what a rule may judge; the
// delays and the traffic, which measure.
type Timeline struct {
	first, last int64
	any         bool
	streams     []*stream // by number, for the small ones that nearly all sources use
	tally       tallies
	runs        runtimes

	base
	lanes   laneSet
	ledger  ledger
	watch   watcher
	delays  delayStore
	traffic traffic

	origin    int64 // Options.First
	begin     int64 // Options.Begin
	loops     []*loopB
	bookmarks []Bookmark
	knobs     []KnobChange
}

// New makes an empty timeline.
func New(o Options) *Timeline {
	if o.MaxEvents <= 0 {
		o.MaxEvents = 200_000
	}
	if o.MaxMarks <= 0 {
		o.MaxMarks = 4_000_000
	}
	if o.MaxClosed <= 0 {
		o.MaxClosed = 2_000
	}
	t := &Timeline{origin: o.First, begin: o.Begin, bookmarks: slices.Clip(o.Bookmarks)}
	t.base = base{info: o.Info, lean: o.Ledger, limits: o.Limits.bounded(), exact: o.Info.Facts().Has(trace.KnowsRepeats), looks: o.Info.Kinds.Has(trace.InCall), timed: o.Info.Timed, measured: o.Info.Timed && o.Info.Facts().Has(trace.KnowsDurations),
		names: newNameTable(), w: once}
	t.events.max = max(o.MaxEvents, blockEvents)
	t.keep.max = o.MaxMarks
	t.lanes = laneSet{base: &t.base, ledger: &t.ledger, watch: &t.watch, delays: &t.delays, traffic: &t.traffic,
		maxClosed: o.MaxClosed, maxSpans: max(o.MaxMarks/4, 1024)}
	t.lanes.rest.keep = &t.keep
	t.ledger = ledger{base: &t.base, lanes: &t.lanes, watch: &t.watch, delays: &t.delays, traffic: &t.traffic}
	t.watch = watcher{base: &t.base, lanes: &t.lanes, ledger: &t.ledger}
	t.delays.base = &t.base
	t.delays.keep.max = maxSamples
	t.traffic.base, t.traffic.delays, t.traffic.lanes = &t.base, &t.delays, &t.lanes
	t.tally.pick = o.Count
	t.who = world.New(text{t}, watching{t})
	return t
}

// Mode is how the lab's loop runs.
type Mode struct {
	Known    bool // false: the source does not tell, as for any program watched from outside
	Driver   uint32
	Trigger  uint32
	Interval int64 // between rounds of a polling loop, ns
	Since    int64
}

// ModeChange is a switch on the time axis.
type ModeChange struct {
	At    int64
	Cause uint32 // trace.Cause*
	Mode  Mode
}

// KnobChange is a setting that changed.
type KnobChange struct {
	At             int64
	Name, Old, New string
}

// maxNotes bounds the marks on the time axis, of each sort.
const maxNotes = 4096

func note[T any](list []T, v T) []T {
	if len(list) >= maxNotes {
		list = append(make([]T, 0, maxNotes), list[maxNotes/2:]...)
	}
	return append(list, v)
}

// Add takes events, in the order of the source.
func (t *Timeline) Add(evs []trace.Event) {
	for i := range evs {
		t.add(&evs[i])
	}
}

// lastMoment is the latest moment that a timeline has, 253 years after its clock's zero. No event begins before 0 or ends after it, whatever a damaged file says, so that the distance of two moments, and a little more, is always a number.
const lastMoment = int64(8e18)

// bounded is an event with its times within what a timeline has.
func bounded(e *trace.Event) *trace.Event {
	long := (e.Dur < 0 || e.Dur > e.Time) && lasting.Has(e.Kind)
	if e.Time >= 0 && e.Time <= lastMoment && !long {
		return e
	}
	c := *e
	c.Time = min(max(c.Time, 0), lastMoment)
	if long {
		c.Dur = min(max(c.Dur, 0), c.Time)
	}
	return &c
}

// lasting are the kinds whose Dur is a duration. Others keep something else there, a Name a piece of its text.
var lasting = func() (s trace.KindSet) {
	for k := range trace.Specs {
		for _, f := range trace.Specs[k].Fields {
			if f.Slot == trace.SlotDur && f.Unit == trace.UNanos {
				s |= trace.Kinds(trace.Kind(k))
			}
		}
	}
	return s
}()

func (t *Timeline) add(e *trace.Event) {
	e = bounded(e)
	if !t.lean {
		t.events.add(e)
	}
	t.stats.Events++
	if e.Phase.IsLate() {
		t.stats.Late++
	}
	if e.Kind == trace.Name {
		if t.names.full() {
			t.names = t.names.compact()
		}
		t.names.add(e)
		t.stream(e.Stream).events++
		return
	}
	if e.Time > t.last {
		t.last = e.Time
	}
	if !t.any {
		t.any, t.first = true, e.Time
	}
	var s *stream
	if int(e.Stream) < len(t.streams) {
		s = t.streams[e.Stream]
	}
	if s == nil {
		s = t.stream(e.Stream)
	}
	s.events++
	if s.loop != nil && s.loop.now() == LoopUnknown {
		s.loop.begins(e)
	}
	if e.Kind == trace.Repeat {
		t.repeat(s, e)
	} else {
		s.keepRecent(e)
		t.fold(s, e)
		if len(t.tally.pick) > 0 {
			t.counted(s, e)
		}
		t.lanes.levelled(e)
	}
	if e.Time > s.last {
		s.last = e.Time
	}
}

// fold sends an event to its rule.
func (t *Timeline) fold(s *stream, e *trace.Event) {
	phase := e.Phase.Base()
	t.folds = e.Kind
	t.who.Before(e)
	switch e.Kind {
	case trace.Thread:
		t.thread(s, e)
		return
	case trace.Lost:
		t.lost(s, e)
		return
	case trace.Step:
		t.step(s, e)
		return
	case trace.Peer:
		t.peerFound(s, e)
		return
	case trace.Arrive:
		t.arrive(s, e)
		return
	case trace.Queue:
		t.queue(s, e)
		return
	case trace.Unread:
		t.unread(s, e)
	case trace.Wake:
		t.wake(s, e)
		return
	case trace.InCall:
		t.inCall(s, e)
		return
	}
	if s.observed() {
		// Calls of the watching are no calls of the watched; but the lab's observer registers for the program when it is told to.
		switch e.Kind {
		case trace.Register, trace.Modify, trace.Deregister:
			t.ledger.ctl(s, e)
		}
		return
	}
	t.traffic.made(s, e)
	t.calls.event(s, e, t.w)
	s.goesIn(e)
	t.watch.progressed(s, e)
	t.watch.ticked(s, e)
	t.runtime(s, e)
	if e.Dur > 0 {
		t.watch.spent(s, e)
	}
	switch e.Kind {
	case trace.Wait:
		t.wait(s, e)
	case trace.Ready:
		t.ledger.ready(s, e)
	case trace.Renotify:
		t.ledger.renotify(s, e)
	case trace.Read, trace.Write, trace.Accept, trace.Connect:
		if phase == trace.PhaseEnter {
			if s.loop != nil {
				s.loop.block(e)
				t.delays.blocks(s, e, phase)
			}
			return
		}
		if phase == trace.PhaseExit && s.loop != nil {
			s.loop.unblock(e)
			t.delays.blocks(s, e, phase)
			t.held(s, e)
		}
		switch e.Kind {
		case trace.Read:
			t.read(s, e)
		case trace.Write:
			t.write(s, e)
		case trace.Accept:
			t.accept(s, e)
		default:
			t.connect(s, e)
		}
	case trace.Sys, trace.Lock:
		if e.Kind == trace.Sys && e.FD >= 0 && phase != trace.PhaseEnter {
			t.acted(s, e)
		}
		if s.loop != nil {
			if phase == trace.PhaseEnter {
				s.loop.block(e)
			} else {
				s.loop.unblock(e)
			}
			if e.Kind == trace.Sys && parks[t.names.now(e.Stream, e.Aux)] {
				s.loop.parked(e, phase)
			}
		}
	case trace.Sleep:
		t.sleep(s, e)
	case trace.Round:
		t.round(s, e)
	case trace.Register, trace.Modify, trace.Deregister:
		t.ledger.ctl(s, e)
	case trace.Open:
		t.open(s, e)
	case trace.Close:
		t.closeFD(s, e)
	case trace.Dup:
		t.dup(s, e)
	case trace.FdFlags:
		t.fdFlags(s, e)
	case trace.Listen:
		t.listen(s, e)
	case trace.Shutdown:
		if l, old := t.lanes.find(s, e, false); l != nil && !old && e.Errno == 0 {
			if e.Aux != 0 {
				t.watch.outputEnds(s, l, e.Time)
			}
			t.lanes.note(s, l, e.Time, MarkShutdown, 0)
		}
	case trace.Instance:
		t.newInstance(s, e)
	case trace.State:
		t.state(s, e)
	case trace.Fork:
		t.who.Fork(s.who, e)
	case trace.Exec:
		t.who.Exec(s.who, e)
	case trace.Exit:
		t.exit(s, e)
	case trace.Call:
		t.watch.handling(s, e, phase)
		if phase != trace.PhaseEnter && e.FD >= 0 {
			if l, old := t.lanes.find(s, e, false); l != nil && !old {
				t.lanes.mark(l, e.Time, MarkCall, 0)
			}
		}
	case trace.Submit:
		t.ledger.submission(s, e)
	case trace.Complete:
		t.ledger.completion(s, e)
	case trace.RunDelay:
		s.split.delay += max(e.A, 0)
		if s.loop != nil {
			s.loop.ready(e.Time, e.A)
		}
	case trace.TimerSet, trace.TimerStop:
		t.armed(s, e)
		if e.Kind == trace.TimerSet {
			t.watch.timerSet(s, e)
		}
	case trace.TimerFire:
		t.watch.timerFired(s, e)
		t.stats.Timers += max(int64(e.Mask), 1)
	case trace.Task:
		if phase != trace.PhaseEnter {
			t.stats.Tasks++
		}
	case trace.Signal:
		t.stats.Signals++
	case trace.Usage:
		t.watch.used(s, e)
	case trace.Mode:
		v := trace.ModeOf(e)
		m := Mode{true, uint32(v.Driver()), uint32(v.Trigger()), v.Interval(), t.mode.Since}
		if m == t.mode {
			return // told again at the start of a chunk
		}
		m.Since = e.Time
		t.mode = m
		s.watch.home = home{} // a loop that moves to another mechanism is not kept away from the one before
		t.modes = note(t.modes, ModeChange{e.Time, uint32(v.Cause()), t.mode})
	case trace.Bookmark:
		t.bookmark(e)
	case trace.Knob:
		t.knobs = note(t.knobs, KnobChange{e.Time, t.names.now(e.Stream, e.Aux), t.names.now(e.Stream, e.Gen), t.names.now(e.Stream, e.Inst)})
	}
}

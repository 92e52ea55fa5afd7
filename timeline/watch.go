package timeline

import (
	"cmp"
	"slices"

	"evviz/trace"
)

// What is remembered to notice incidents: per lane, registration, instance and thread. The rules are in watch_reports.go,
// watch_io.go and watch_threads.go.

type laneWatch struct {
	inc incidents
	row *incident // the incident that the newest report was when it was settled,
	got *incident // ... and when it came

	from       *laneB  // listener that it was accepted from, until it is read first,
	acceptedBy *stream // ... and by whom

	exact     bool  // its reads ask for what a message has, and for different amounts: one that got all it asked for has left nothing
	size      int64 // asked for by its newest read
	whole     bool  // ... which got it
	answered  bool  // something was written since
	mapped    bool  // it is mapped: what it holds is taken without a call
	asks      bool  // the program asks how much is unread (FIONREAD) before it reads
	nonblock  Tri
	origin    uint32
	connected bool
	demand    bool // what is left behind may not be wanted (demandMask)
	eofAt     int64
	eofBy     bool // ... as an event told, and no read

	takers     map[*stream]int64
	taker      *stream // who took something last
	takenAt    int64
	toucher    *stream // who made a call on it last
	touchedAt  int64
	reportedAt int64 // end of the wait that told of it last
	accepts    int   // since its newest report
	looked     bool  // its queue was looked at,
	filled     bool  // ... and held what the backlog allows, or more
	starved    bool  // the newest accept that was no EAGAIN failed for want of descriptors, and no report came since

	eofs *incident // the newest read that returned 0 once more

	shortBy   *stream // whose newest read was short, and in which of its turns
	shortTurn uint32

	left     *instance // that watched it last and does no more,
	leftAs   Drain     // ... and what its last report had left then
	asked    int64     // by the newest write
	owed     int64     // what the newest write did not take; 0 nothing
	overlap  overlap
	handler  *stream // whose handler of it began last, where handlers are told
	imposter imposter
}

// overlap is a suspicion: b was told of what a is at work on.
type overlap struct {
	a, b     *stream
	rests    uint32 // of a
	bTouched bool
}

// imposter is a descriptor that got a number out of a batch that still has a report for it.
type imposter struct {
	by    *stream
	inst  *instance // whose batch it is
	begun uint64    // waits on it when that was
}

type regWatch struct {
	seen    [4]*stream // threads that were told of the same thing
	nseen   int
	pid     int64 // who made or changed it last
	early   *stream
	wake    uint32 // of early
	waitNo  uint64
	oneOnly bool // the open report may be about the second of several connections
	inBatch bool
	asked   bool // whether it is stranded, and was not known then
	ended   uint64
	roomy   uint64 // waits with room to spare that its instance had ended when it was reported last, or armed anew
	first   int64  // waits of its instance when it was reported first, that one included
	told    int64  // how often it was reported
}

type instanceWatch struct {
	ended   uint64    // waits that have returned
	waiting int       // threads in a wait on it
	begun   uint64    // waits that have begun
	waitNo  uint64    // waits that brought reports
	roomy   uint64    // waits that did not fill their array, the newest not counted
	waiter  *stream   // who waited on it first
	many    bool      // and others too, so that nobody's being away leaves it alone
	slept   bool      // some wait was not of 0
	gaps    incidents // IncBlocked of the only waiter
	listens []*reg    // registrations of listeners that it has, or had
	full    bool      // the newest one filled its array
	closed  bool      // its last number was given back
	etMods  int64     // MODs that kept EPOLLET
	pid     int64     // who used it last
	pids    [4]int64
	npids   int
}

// InstanceStats is what was asked of an epoll instance, or of the set that a thread passes to poll or select.
type InstanceStats struct {
	Waits                            int64 // that were not interrupted
	Reports                          int64
	Full                             int64 // waits that filled the array of reports
	FullLeft                         int64 // ... after which the next wait told at once of what had found no room
	Registers, Modifies, Deregisters int64
	SameMask                         int64 // MODs of level-triggered registrations that changed nothing
	Rearms                           int64 // MODs of oneshot registrations
	Readds                           int64 // connections that were taken out and put in again
	Watched                          int64 // sum over the waits for which it is known
	WatchedWaits                     int64
	MostWatched                      int64
	Edge                             int   // registrations with EPOLLET now
	EdgeKept                         int64 // MODs that kept EPOLLET
	MaxEvents                        int64 // room in the array, newest wait
	Select                           bool  // the newest wait was select or pselect6
	Shared                           bool  // several threads have waited on it
}

func (st *InstanceStats) publish(in *instance) *InstanceStats {
	p := *st
	p.EdgeKept, p.Shared = in.watch.etMods, in.watch.many
	return &p
}

type streamWatch struct {
	set     *instance
	wokeAt  int64
	glance  bool   // ... out of a wait of 0
	reports int    // of the newest wake
	rests   uint32 // turns: how often it went to wait, to sleep, or to sleep on a futex

	handles   *laneB // whose handler it is in, where handlers are told
	away      away
	home      home
	hog       hog
	burst     burst
	zeroes    *instance // of the newest wait, if it was a zero wait that brought nothing
	gone      *instance // of the newest wait, if it failed because that is closed
	slept     bool      // no wait since its newest sleep
	dozed     bool      // ... which was a runtime's pause, too short to be one between polls
	shedding  int32     // number of a connection that was accepted right after that; 0 none
	shedOf    *laneB    // ... and its listener
	again     int64     // calls since then that found nothing
	returned  int64     // waits that have
	lasting   bool      // the wait that begins is to last
	naps      int64     // rests of a millisecond and more since it last got something done
	progress  progress
	ticks     ticks
	cpu       cpuTime
	waits     []*instance // that it has waited on, the first few
	timers    map[uint32]*timerWatch
	afterFull bool // the wait before its newest filled its array
}

// away is the time since the newest wait.
type away struct {
	from  int64
	inst  *instance
	begun uint64
	slept bool   // the wait was to last
	told  uint32 // events that it brought
	n     int
	made  int64 // calls in all
	last  int64 // when the newest call ended
	solid int64 // time in pieces of gapFloor and more; a piece is a call, or from the end of one to the beginning of the next
	calls [8]callTime
}

type callTime struct {
	kind trace.Kind
	aux  uint32
	dur  int64
	ev   trace.Event

	waits bool   // it waits, beyond doubt
	where string // of a wait inside a handler: what for
}

// hog is a row of reads of one lane.
type hog struct {
	lane       *laneB
	n          int64
	from, last int64
	suspect    *laneB // a long row that has ended, not known yet whether anybody waited
	reads      int64
	ended      int64 // ... and when
}

// burst is a row of zero waits after a wait that timed out.
type burst struct {
	armed      bool
	n          int64
	from, last int64
}

type timerWatch struct {
	set, due int64
	fired    bool
}

// What no setting moves, because it is so of kernels, tracers and machines, or is noise. Times are ns. What decides is in Limits.
const (
	gapFloor       = 10_000_000 // one piece of a thread's time that is no tracer's turn, nor another thread's at the same processor
	tracerPace     = 8_000      // a call that cannot wait and takes so long is traced: by itself it takes a tenth
	tracerStalls   = 4          // a thread that stands still for so many times what one did that cannot wait waits for something
	delayedBy      = 2_000_000  // a call that cannot wait and takes so long had no CPU, or its tracer had none
	manyCalls      = 64         // a traced turn of so many calls is long because of them
	tracerTurns    = 5          // a tracer takes so many times what it shows as the duration of a call
	roundingMax    = 1_200_000  // a timeout is rounded to the millisecond, and the slack of a timer comes on top
	slackLeast     = 50_000     // the kernel's slack of a timer: 50 µs or a thousandth, at most 100 ms
	slackMost      = 100_000_000
	observerLate   = 5_000_000  // an observer's news of an arrival: it is a thread that needs a processor, too
	lateTimer      = 20_000_000 // ... nor is a timer so late where a CPU is free
	machineStood   = 3          // which is as much evidence as so many calls that could not wait and took long
	surelySlept    = 20_000_000 // a wait that is so long has slept: a thread that gets no CPU is away for less
	certainlySlept = 60_000_000 // the distance to a thread's next line, where nothing else tells how long a wait was: a tracer that prints stacks takes half of it
	leastSleep     = 50_000     // runtimes that wait elsewhere sleep for less, to let another thread go on (Go: 3 and 20 µs)
	periodNear     = 50         // the same period again: give or take a fiftieth
	driftLeast     = 100_000    // a period is longer by the time between the timer and its callback
	hogFew         = 8          // fewer reads are no row, however long they take
	maxTimers      = 4096
	maxWaits       = 8
)

// publish fills in what a snapshot shows of a lane.
func (w *laneWatch) publish(p *Lane, now int64) {
	p.Incidents = w.inc.publish(now)
	p.EOFTold = w.eofBy
	p.EOFSince, p.Origin, p.Nonblock, p.OnDemand = w.eofAt, w.origin, w.nonblock, w.demand
	if len(w.takers) > 0 {
		p.Takers = make([]Taker, 0, len(w.takers))
		for s, n := range w.takers {
			p.Takers = append(p.Takers, Taker{s.who.PID, s.who.TID, n})
		}
		slices.SortFunc(p.Takers, func(a, b Taker) int { return cmp.Or(cmp.Compare(a.TID, b.TID), cmp.Compare(a.N, b.N)) })
	}
}

// watcher notes what a rule of package diagnostics may judge, while it happens.
type watcher struct {
	*base
	lanes  *laneSet
	ledger *ledger

	past pastIncidents
}

// begins notes that an episode has begun, unless it goes on.
func (wt *watcher) begins(s *stream, l *laneB, k IncidentKind, at int64, sure bool) {
	x := wt.incident(&l.watch.inc, k, "")
	if x.since != 0 {
		return
	}
	x.happened(s, at, -1, sure, false)
	x.pub.Sum++ // the -1
	x.since, x.pub.Amount = max(at, 1), l.ledger
	x.pub.Rested = s != nil && s.watch.lasting
	wt.lanes.touch(l)
}

// undone forgets an episode of which it was not known whether anything waited, now that nothing can be missed any more.
func (w *laneWatch) undone(k IncidentKind) {
	for _, x := range w.inc {
		if x.pub.Kind == k && x.since != 0 && x.guess {
			x.since, x.guess = 0, false
			x.pub.N--
		}
	}
}

// disarmed notes that a oneshot registration says nothing more until it is armed again. Whether anything waits behind it is
// known where arrivals are.
func (wt *watcher) disarmed(r *reg, at int64) {
	if r.trigger != trace.TriggerOneshot || r.armed || r.Dead || wt.exact || r.lane.pub.Kind != KindConn {
		return
	}
	wt.begins(r.rep.s, r.lane, IncDisarmed, at, false)
	for _, x := range r.lane.watch.inc {
		if x.pub.Kind == IncDisarmed && x.since == at {
			x.guess = true
		}
	}
}

// arrivedDisarmed notes data that came to a oneshot registration that is not armed.
func (wt *watcher) arrivedDisarmed(l *laneB, at int64) {
	for _, r := range l.regs {
		if r.trigger == trace.TriggerOneshot && !r.armed && !r.Dead && r.rep.s != nil {
			wt.begins(r.rep.s, l, IncDisarmed, at, true)
			return
		}
	}
}

// ends closes an episode: it lasted until at.
func (w *laneWatch) ends(k IncidentKind, at int64) {
	for _, x := range w.inc {
		if x.pub.Kind != k || x.since == 0 {
			continue
		}
		p := &x.pub
		d := max(at-x.since, 0)
		p.Sum, p.Most, p.Last = p.Sum+d, max(p.Most, d), max(p.Last, at)
		p.keep(Moment{x.since, d})
		x.since = 0
	}
}

// gotLate ends what was stranded when a read gets something without a report: an episode if it has lasted as long as a rule asks for, and
// then it is proved; else none.
func (w *laneWatch) gotLate(at, stall int64) {
	for _, x := range w.inc {
		if x.pub.Kind == IncStranded && x.since != 0 && at-x.since >= stall && !x.guess {
			x.pub.Sure++
			x.pub.Proved++
			w.ends(IncStranded, at)
			return
		}
	}
	w.cancels(IncStranded)
}

// cancels takes back an episode that was none.
func (w *laneWatch) cancels(k IncidentKind) {
	for i, x := range w.inc {
		if x.pub.Kind == k && x.since != 0 {
			x.since = 0
			if x.pub.N--; x.pub.N == 0 {
				w.inc = append(w.inc[:i:i], w.inc[i+1:]...)
				w.row = nil
			}
			return
		}
	}
}

// cancelled takes back all of a kind.
func (w *laneWatch) cancelled(k IncidentKind) {
	w.inc = slices.DeleteFunc(w.inc, func(x *incident) bool { return x.pub.Kind == k })
	w.row, w.got = nil, nil
}

// touchedBy notes who makes a call on a lane.
func (wt *watcher) touchedBy(s *stream, l *laneB, at int64) {
	w := &l.watch
	w.toucher, w.touchedAt = s, at
	if o := &w.overlap; o.a != nil && w.handler == nil {
		switch {
		case s == o.b:
			o.bTouched = true
		case s == o.a && s.watch.rests != o.rests:
			*o = overlap{}
		case s == o.a && o.bTouched:
			wt.happened(s, l, IncOverlap, at, 0, true)
			*o = overlap{}
		}
	}
	if w.imposter.by == s {
		if w.imposter.inst.watch.begun == w.imposter.begun {
			wt.happened(s, l, IncMisdispatch, at, 0, false)
		}
		w.imposter = imposter{}
	}
	for _, r := range l.regs {
		if r.watch.early == s && r.watch.wake == s.wakeNo {
			wt.happened(s, l, IncEarlyRearm, at, 0, true)
			r.watch.early = nil
		}
	}
}

// took notes who got data or a connection.
func (w *laneWatch) took(s *stream, at int64) { w.taker, w.takenAt = s, at }

// tookFirst is called with a call that got data or a connection, before it is judged. A thread that gets no CPU at the end of its call is
// the last to be heard of, behind those that found nothing because of it: they had looked after it began.
func (wt *watcher) tookFirst(s *stream, l *laneB, e *trace.Event) {
	if e.Phase.Base() == trace.PhaseExit {
		return // it may have waited for what came after they had looked
	}
	for _, r := range l.regs {
		p := &r.rep
		if p.open || p.herd || p.s == s || p.first != outAgain || p.mask&^bitOut == 0 || p.looked < e.Start() || p.from > e.Time {
			continue
		}
		now := wt.w
		wt.w = p.w
		p.herd = true
		wt.ledger.judge(r, false)
		wt.inRow(p.s, l, &l.watch.row, IncHerd, p.at, 0, true)
		wt.w = now
	}
}

// takenElsewhere says whether another thread took what a report was about. The kernel looked between the beginning of the wait
// and its end; a thread that gets no processor after that emits the report later than the other took.
func (w *laneWatch) takenElsewhere(p *report) bool {
	return w.taker != nil && w.taker != p.s && w.takenAt >= p.from
}

package timeline

import (
	"evviz/trace"
	"evviz/world"
)

// Loops: what a thread does
//
// A loop lane belongs to each thread whose role says so, and, where no role is told, to each thread that waits or sleeps.
// It waits between entering and leaving a wait (or another call that may block: accept, read, write, connect, told by an
// enter), it sleeps while it sleeps, and otherwise it works. Whether a wake was re-notified is known only after its
// reports, so the newest turns stay open until the thread goes to wait again. A wait that a signal ended is counted apart.

// LoopLane is a loop's thread as a snapshot shows it.
type LoopLane struct {
	Stream  uint32
	PID     int
	TID     int
	Name    string
	Table   uint32     // descriptor table, named by a process; 0 unknown
	Process int        // PID where the source has several processes; 0 elsewhere
	State   LoopState  // now
	Since   int64      // begin of that state
	Ended   int64      // the thread ended; 0: not
	In      trace.Kind // call that may block and that the thread is in now; KindNone: none
	InFD    int32      // its descriptor, -1 none
	InSince int64
	Stuck   string // call that it has begun and not come back from, and that is no rest of its loop, as a call trace names it; "" none
	StuckAt int64  // when that began
	Watched int64  // descriptors that the last wait was about; -1 unknown
	Owns    bool   // it has waited for descriptors
	Lasts   bool   // one of its waits was to last: it rests there, and a sleep holds it up
	Waits   int64  // that have returned
	Alone   bool   // no other thread of its process is seen
	Events  uint64 // of its stream so far

	Split     Split
	Incidents []Incident
	Set       *InstanceStats // of the set that it passes to poll or select; nil it passed none
	Listens   []Listens      // listeners that it waits for, or waited
	Runtime   Runtime        // whose loop it is

	counts markView
	states stateView
	delays *delayView // nil: nothing was measured, or with others
	gaps   []int64
}

// loopB is the writer's side.
type loopB struct {
	s     *stream
	pub   LoopLane
	store markStore
	st    stateStore
	open  [openTurns]turn // turns that are not settled yet; the last is now
	nopen int
	gaps  []int64

	delays *loopDelays // nil: it has none of its own

	wakeReports, wakeRenotify int
}

func (t *Timeline) loopOf(s *stream) *loopB {
	if s.loop == nil {
		lp := &loopB{s: s}
		lp.pub.Stream, lp.pub.InFD, lp.pub.Watched = s.id, -1, -1
		lp.store.keep, lp.st.keep = &t.keep, &t.keep
		lp.st.lean = t.lean
		s.loop = lp
		lp.named(s)
		t.loops = append(t.loops, lp)
	}
	return s.loop
}

func (lp *loopB) named(s *stream) {
	lp.pub.PID, lp.pub.TID, lp.pub.Name = int(s.who.PID), int(s.who.TID), s.who.Name.Text
}

// now is the open state.
func (lp *loopB) now() LoopState {
	if lp.nopen == 0 {
		return LoopUnknown
	}
	return lp.open[lp.nopen-1].s
}

// settled says what an open turn counts as.
func (lp *loopB) settled(s LoopState) LoopState {
	if (s == LoopWaiting || s == LoopWorking) && lp.wakeReports > 0 && lp.wakeRenotify >= lp.wakeReports {
		return LoopRenotified
	}
	return s
}

// flush settles the open turns.
func (lp *loopB) flush() {
	for _, o := range lp.open[:lp.nopen] {
		lp.st.add(o.t, lp.settled(o.s))
	}
	lp.nopen = 0
}

// openTurns is how many turns may not be settled yet: those that a wakeup or a delay before it may still judge otherwise.
const openTurns = 8

// turn begins a state and settles what was before.
func (lp *loopB) turn(at int64, s LoopState) {
	if lp.nopen > 0 {
		at = max(at, lp.open[lp.nopen-1].t)
	}
	if lp.now() == s && lp.nopen > 0 {
		return
	}
	lp.flush()
	lp.open[0], lp.nopen = turn{at, s}, 1
}

// woke begins working after a wait, which may yet turn out to have been re-notified.
func (lp *loopB) woke(at int64) {
	if lp.nopen == 0 || lp.nopen == len(lp.open) {
		lp.turn(at, LoopWorking)
		return
	}
	lp.open[lp.nopen] = turn{max(at, lp.open[lp.nopen-1].t), LoopWorking}
	lp.nopen++
}

func (lp *loopB) ended(at int64) {
	lp.turn(at, LoopUnknown)
	lp.pub.Ended = at
}

// begins is called with every event of a loop's thread: one whose state is unknown works.
func (lp *loopB) begins(e *trace.Event) {
	switch e.Kind {
	case trace.Lost, trace.Name, trace.State, trace.Sync, trace.Thread, trace.Mode, trace.Knob, trace.Exit, trace.Stop, trace.Bookmark, trace.Usage:
	default:
		lp.pub.Ended = 0
		lp.turn(e.Start(), LoopWorking)
	}
}

// block and unblock mark a call that may block.
func (lp *loopB) block(e *trace.Event) {
	lp.pub.In, lp.pub.InFD, lp.pub.InSince = e.Kind, e.FD, e.Time
	switch e.Kind {
	case trace.Accept, trace.Read, trace.Write, trace.Connect:
		lp.turn(e.Time, LoopWaiting)
	case trace.Lock:
		lp.turn(e.Time, LoopLocked)
	}
}

func (lp *loopB) unblock(e *trace.Event) {
	lp.pub.In, lp.pub.InFD, lp.pub.InSince = trace.KindNone, -1, 0
	switch e.Kind {
	case trace.Accept, trace.Read, trace.Write, trace.Connect, trace.Lock:
		lp.turn(e.Time, LoopWorking)
	}
}

// parks are calls that wait for somebody else and use no CPU meanwhile. Which of futex's operations wait a source tells only of those that do.
var parks = map[string]bool{"futex": true, "wait4": true, "waitid": true, "pause": true, "rt_sigsuspend": true, "rt_sigtimedwait": true, "semop": true, "semtimedop": true,
	"msgrcv": true}

// parked marks a call in which the thread did not work.
func (lp *loopB) parked(e *trace.Event, phase trace.Phase) {
	if phase != trace.PhaseEnter && lp.now() != LoopWaiting {
		lp.turn(e.Start(), LoopWaiting)
	}
	if phase == trace.PhaseEnter {
		lp.turn(e.Time, LoopWaiting)
		return
	}
	lp.turn(e.Time, LoopWorking)
}

// ready puts in what became known of the time up to a moment: for so long the thread could run and did not. It goes on as it was.
func (lp *loopB) ready(at, d int64) {
	if lp.nopen == 0 || d <= 0 {
		return
	}
	was := lp.open[lp.nopen-1]
	from := max(at-d, was.t)
	if from >= at {
		return
	}
	if lp.nopen+2 > len(lp.open) {
		lp.flush()
		lp.open[0], lp.nopen = was, 1
	}
	lp.open[lp.nopen] = turn{from, LoopRunnable}
	lp.open[lp.nopen+1] = turn{at, was.s}
	lp.nopen += 2
}

func (lp *loopB) view(now int64) stateView {
	st := &lp.st
	v := stateView{points: st.points, blocks: st.blocks[st.head:], now: now, nopen: lp.nopen, base: st.total}
	if n := len(st.blocks); n > st.head {
		v.tail = st.blocks[n-1].turns
	}
	for i := 0; i < lp.nopen; i++ {
		v.open[i] = turn{lp.open[i].t, lp.settled(lp.open[i].s)}
	}
	if lp.nopen > 0 && st.any {
		v.base[st.last.s] += max(0, v.open[0].t-st.last.t)
	}
	return v
}

func (lp *loopB) publish(now int64) *LoopLane {
	p := new(LoopLane)
	*p = lp.pub
	p.Events = lp.s.events
	p.states = lp.view(now)
	p.counts = lp.store.view()
	p.delays = lp.delays.view()
	p.gaps = lp.gaps
	p.Table = lp.s.who.Table.ID
	p.Split = lp.s.split.sum
	p.Incidents = lp.s.inc.publish(0)
	for _, in := range lp.s.watch.waits {
		if !in.watch.many {
			p.Incidents = append(p.Incidents, in.watch.gaps.publish(0)...)
		}
	}
	if in := lp.s.watch.set; in != nil {
		p.Set = in.stats.publish(in)
	}
	p.Listens = lp.s.listens()
	p.Waits = lp.s.watch.returned
	for _, in := range lp.s.watch.waits {
		p.Owns = p.Owns || !in.set() && in.lane != nil || in.stats.MostWatched > 0
	}
	p.State = lp.settled(lp.now())
	if lp.nopen > 0 {
		p.Since = lp.open[lp.nopen-1].t
		for i := lp.nopen - 2; i >= 0 && p.states.open[i].s == p.State; i-- {
			p.Since = lp.open[i].t
		}
	}
	return p
}

// count adds to the counters of a thread, at its own pace: times do not go back.
func (ls *laneSet) count(s *stream, at int64, k uint8, v uint32) {
	if ls.lean {
		return
	}
	st := &ls.rest
	if s.loop != nil {
		st = &s.loop.store
	}
	st.add(max(at, st.last), k, v, ls.w.times)
}

// wait handles a wait for readiness.
func (t *Timeline) wait(s *stream, e *trace.Event) {
	if n, set := trace.InstanceNumber(e.Inst); !set && len(s.guesses) > 0 { // what watches its descriptor is answered by a wait on it
		t.attribute(s, &trace.Event{Kind: trace.Sys, FD: int32(n), Time: e.Time})
	}
	if s.who.Waits() {
		t.loopOf(s)
	}
	phase := e.Phase.Base()
	w := trace.WaitOf(e)
	ring := w.Call() == trace.CallURingEnter
	if ring && w.Max() == 0 && phase == trace.PhaseComplete {
		t.ledger.handOver(s, e)
		return
	}
	if phase == trace.PhaseEnter || !s.inWait {
		at := e.Time
		if phase != trace.PhaseEnter {
			at = e.Start()
		}
		s.watch.lasting = e.B != 0
		if s.loop != nil && e.B != 0 {
			s.loop.pub.Lasts = true
		}
		t.waitBegins(s, t.lanes.instance(s, e.Inst), at)
		if s.inRing = ring; ring {
			t.ledger.ringWait(s, at)
		}
	}
	if phase == trace.PhaseEnter {
		if s.loop != nil {
			s.loop.pub.In, s.loop.pub.InFD, s.loop.pub.InSince = trace.Wait, -1, e.Time
		}
		return
	}
	s.inWait = false
	t.delays.rested(s, e.Time)
	t.watch.waitEnds(s, e)
	if n, known := w.Watched(); s.loop != nil && known {
		s.loop.pub.Watched = n
	}
	if s.loop != nil {
		s.loop.pub.In, s.loop.pub.InFD, s.loop.pub.InSince = trace.KindNone, -1, 0
		s.loop.woke(e.Time)
	}
	if ring {
		t.stats.Enters += t.w.times
		t.lanes.count(s, e.Time, cntEnter, 0)
	}
	if e.Errno == eINTR || ring && cutShort(e) {
		t.stats.Interrupted += t.w.times
		t.lanes.count(s, e.Time, cntIntr, 0)
		return
	}
	t.stats.Waits += t.w.times
	t.lanes.count(s, e.Time, cntWait, 0)
	switch {
	case ring && !t.info.Kinds.Has(trace.Complete): // from outside one does not see what completed
	case e.Errno != 0 && !(ring && e.Errno == eTIME):
		t.stats.WaitErrors += t.w.times
	case e.Mask > 0:
		t.stats.Wakeups += t.w.times
		t.lanes.count(s, e.Time, cntWakeup, 0)
		t.ledger.wakeBegins(s)
		if ring { // there is no completion that tells what was known
			t.stats.UsefulWakeups += t.w.times
			t.lanes.count(s, e.Time, cntUseful, 0)
			s.heads[1][ClassFresh]++
			t.ledger.rehead(s)
		}
	default:
		t.stats.Timeouts += t.w.times
		if e.B == 0 {
			t.stats.ZeroWaits += t.w.times
		}
		t.lanes.count(s, e.Time, cntTimeout, 0)
	}
}

// cutShort says whether a signal ended an io_uring_enter that took entries: the kernel then tells their number instead.
func cutShort(e *trace.Event) bool {
	return e.Errno == 0 && e.Mask == 0 && (e.B < 0 || e.B > 0 && e.Dur < e.B)
}

func (t *Timeline) waitBegins(s *stream, in *instance, at int64) {
	t.delays.listens(s, at)
	t.wakeEnds(s, at)
	t.ledger.goWait(in, at)
	t.watch.goesToWait(s, in, at)
	s.inWait, s.waitFrom, s.waitOn = true, at, in
	if s.loop != nil {
		s.loop.rest(at, LoopWaiting)
	}
}

// rest begins a waiting or sleeping state of its own, also after one of the same kind: a wake is judged alone.
func (lp *loopB) rest(at int64, s LoopState) {
	if lp.nopen > 0 {
		at = max(at, lp.open[lp.nopen-1].t)
	}
	lp.flush()
	lp.open[0], lp.nopen = turn{at, s}, 1
	lp.wakeReports, lp.wakeRenotify = 0, 0
}

// wakeEnds closes the account of a wakeup.
func (t *Timeline) wakeEnds(s *stream, at int64) {
	if s.wakeUse > 0 {
		now := t.w
		t.w.times = s.headOf
		t.lanes.count(s, at, cntUseful, 0)
		t.w = now
	} else if s.heading && !s.inRing {
		now := t.w
		t.w.times = s.headOf
		t.lanes.count(s, at, cntUseless, 0)
		t.w = now
	}
	s.wakeNo++
	s.wakeUse, s.heading = 0, false
	s.guesses, s.batch = s.guesses[:0], s.batch[:0]
}

// sleep handles a sleep.
func (t *Timeline) sleep(s *stream, e *trace.Event) {
	if s.who.Waits() {
		t.loopOf(s)
	}
	phase := e.Phase.Base()
	t.delays.dozes(s, e, phase)
	t.watch.sleeps(s, e, phase)
	if lp := s.loop; lp != nil {
		if phase == trace.PhaseEnter || lp.now() != LoopAsleep {
			at := e.Time
			if phase != trace.PhaseEnter {
				at = e.Start()
			}
			lp.rest(at, LoopAsleep)
		}
		if phase == trace.PhaseEnter {
			lp.pub.In, lp.pub.InFD, lp.pub.InSince = trace.Sleep, -1, e.Time
			return
		}
		lp.pub.In, lp.pub.InFD, lp.pub.InSince = trace.KindNone, -1, 0
		lp.turn(e.Time, LoopWorking)
	}
	if phase == trace.PhaseEnter {
		return
	}
	if e.Errno == eINTR {
		t.stats.Interrupted += t.w.times
		t.lanes.count(s, e.Time, cntIntr, 0)
		return
	}
	t.stats.Sleeps += t.w.times
	t.lanes.count(s, e.Time, cntSleep, 0)
}

// round handles a pass of a polling loop.
func (t *Timeline) round(s *stream, e *trace.Event) {
	if s.who.Waits() {
		t.loopOf(s)
	}
	t.delays.asked(s, e)
	t.stats.Rounds += t.w.times
	t.stats.Asked += e.A * t.w.times
	t.stats.AskedUseful += e.B * t.w.times
	t.lanes.count(s, e.Time, cntRound, cut(e.A))
	t.lanes.count(s, e.Time, cntRoundUse, cut(e.B))
}

// lost handles a gap: whatever was going on in this table may have gone differently.
func (t *Timeline) lost(s *stream, e *trace.Event) {
	t.watch.progressed(s, e)
	s.watch.away.from, s.watch.zeroes, s.watch.burst, s.isIn = 0, nil, burst{}, false
	t.stats.Lost += max(e.A, 0)
	t.stats.Gaps++
	t.lanes.count(s, e.Time, cntLost, 0)
	t.who.Lost(s.who, e)
	lost := func(tb *world.Table) {
		for i := len(t.lanes.pending) - 1; i >= 0; i-- {
			if l := t.lanes.pending[i]; l.file.Table == tb {
				t.lanes.closeBar(l, e.Time)
			}
		}
		for _, l := range t.lanes.all {
			if l.file.Table == tb {
				t.lanes.endService(l, e.Time)
			}
		}
		gapsOf(tb).add(e.Time)
	}
	if e.Stream == 0 { // nobody says whose events are missing
		t.who.Tables(lost)
	} else {
		lost(s.who.Table)
	}
	t.lanes.allDirty = true
	if lp := s.loop; lp != nil {
		from := s.last
		if from == 0 {
			from = e.Time
		}
		lp.wakeReports, lp.wakeRenotify = 0, 0
		lp.turn(from, LoopUnknown)
		lp.pub.In, lp.pub.InFD, lp.pub.InSince = trace.KindNone, -1, 0
		if n := len(lp.gaps); n < maxGaps {
			at := e.Time
			if n > 0 {
				at = max(at, lp.gaps[n-1])
			}
			lp.gaps = append(lp.gaps, at)
		}
	}
	s.inWait, s.away = false, 0
}

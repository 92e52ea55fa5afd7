package timeline

import (
	"slices"
	"strings"

	"evviz/trace"
)

// spent adds up what a thread does between two waits. It is called with every call that has a duration, before the call
// itself is looked at.
func (wt *watcher) spent(s *stream, e *trace.Event) {
	switch e.Kind {
	case trace.Register, trace.Modify, trace.Deregister:
		wt.paced(e.Dur)
		wt.delayed(e.Dur)
	case trace.Close:
		wt.paced(e.Dur)
	case trace.Read, trace.Accept, trace.Write, trace.Connect:
		if e.Errno == eAGAIN {
			wt.paced(e.Dur)
			wt.delayed(e.Dur)
		}
		if e.Dur >= wt.limits.BlockedCall {
			wt.heldUp(s, e)
		}
		if e.Dur >= gapFloor && !fromDisk(e) {
			if l, old := wt.lanes.find(s, e, false); l != nil && !old && l.watch.nonblock == Yes {
				wt.delayed(e.Dur)
				return // it cannot have waited: it had no processor
			}
		}
		if e.Mask&msgDontwait != 0 && e.Kind != trace.Accept && e.Kind != trace.Connect {
			wt.delayed(e.Dur)
		}
	case trace.Sys:
		if instant[wt.names.now(s.id, e.Aux)] {
			wt.delayed(e.Dur)
		}
		if e.Dur >= gapFloor && wt.names.now(s.id, e.Aux) == "futex" {
			s.watch.rests++
			if a := &s.watch.away; a.told == 0 && !a.slept {
				a.from = 0 // it has looked once more and parked, as schedulers do
			}
		}
	case trace.Sleep, trace.Lock:
	default:
		return
	}
	if !s.inWait {
		wt.spentIn(s, &s.watch.away, e)
		wt.spentIn(s, &s.watch.home.second, e)
	}
}

// spentIn adds a call to the time away from a wait.
func (wt *watcher) spentIn(s *stream, a *away, e *trace.Event) {
	if a.from == 0 {
		return
	}
	if e.Kind == trace.Accept && e.Dur >= gapFloor && e.Errno == 0 {
		if l, old := wt.lanes.find(s, e, false); l != nil && !old && l.watch.nonblock != Yes && !l.watchedBy(a.inst) {
			a.from = 0 // it waits for work here: that is as much its wait as the other
			return
		}
	}
	a.made++
	a.passed(e.Start())
	a.passed(e.Time)
	if wt.cannotWait(s, e) {
		return // it took long because the thread had no processor, or because it is traced
	}
	key := e.Aux
	if e.Kind != trace.Sys {
		key &= 0xff
	}
	for i := range a.calls[:a.n] {
		if c := &a.calls[i]; c.kind == e.Kind && c.aux == key {
			c.dur += e.Dur
			return
		}
	}
	if a.n < len(a.calls) {
		a.calls[a.n] = callTime{kind: e.Kind, aux: key, dur: e.Dur, ev: *e, waits: wt.mayWait(s, e)}
		a.n++
	}
}

// passed notes that the thread has got so far.
func (a *away) passed(at int64) {
	if at-a.last >= gapFloor {
		a.solid += at - a.last
	}
	a.last = max(a.last, at)
}

// scattered says of a thread that is traced that most of so much time until a moment was not long in one piece: many short
// calls, each with the tracer's turn and perhaps with another thread's, and not one thing that took long.
func (wt *watcher) scattered(a *away, at, d int64) bool {
	a.passed(at)
	return a.solid < d/2 && (wt.pace >= tracerPace || !wt.exact && a.made >= manyCalls)
}

// fromDisk says whether a call may read from the disk: sendfile does, and waits for it with O_NONBLOCK, too.
func fromDisk(e *trace.Event) bool {
	return e.Kind == trace.Write && trace.WriteOf(e).Call() == trace.CallSendfile
}

// cannotWait says whether a call has nothing to wait for: its descriptor has O_NONBLOCK, or it is registered, not known to be
// without it, and the call was short.
func (wt *watcher) cannotWait(s *stream, e *trace.Event) bool {
	switch e.Kind {
	case trace.Register, trace.Modify, trace.Deregister:
		return true
	case trace.Sys:
		return instant[wt.names.now(s.id, e.Aux)]
	case trace.Read, trace.Write, trace.Accept:
		if e.Kind != trace.Accept && e.Mask&msgDontwait != 0 {
			return true
		}
		l, old := wt.lanes.find(s, e, false)
		if l != nil && !old && wt.promised(s, l, e) {
			return true
		}
		if l == nil || old || l.watch.nonblock == No || e.Dur >= gapFloor && fromDisk(e) {
			return false
		}
		return l.watch.nonblock == Yes || e.Dur < max(gapFloor, tracerStalls*wt.delay) && len(l.regs) > 0
	}
	return false
}

// delayed learns for how long a thread may stand still here for no reason of its own: a call that cannot wait took so long, because
// the tracer, which serves one thread at a time, was busy (naming a new socket, printing a long line), or the machine was.
func (b *base) delayed(d int64) {
	b.delay = max(b.delay, d)
	if d >= delayedBy {
		b.stats.Delays++
	}
}

// instant are calls that neither wait nor do much work.
var instant = map[string]bool{"clock_gettime": true, "gettimeofday": true, "time": true, "getpid": true, "gettid": true, "getppid": true, "getuid": true, "geteuid": true,
	"getgid": true, "getegid": true, "getsockname": true, "getpeername": true, "getsockopt": true, "setsockopt": true, "fcntl": true, "rt_sigprocmask": true,
	"rt_sigaction": true, "rt_sigreturn": true, "sigaltstack": true, "timer_settime": true, "timer_gettime": true, "sched_getaffinity": true, "bind": true, "listen": true,
	"lseek": true, "dup": true, "umask": true, "getrlimit": true, "prlimit64": true, "set_robust_list": true, "arch_prctl": true, "tgkill": true, "kill": true}

// paced learns how long a call takes that has nothing to wait for.
func (b *base) paced(d int64) {
	if b.pace == 0 {
		b.pace = min(d, 1_000_000)
	}
	b.pace += (min(d, 1_000_000) - b.pace) / 16
}

// stretch is by how much a tracer has lengthened so many calls, ns: what it takes besides what it shows as the duration of
// each. A call that costs less than tracerPace was not traced so.
func (b *base) stretch(calls int64) int64 {
	if b.pace < tracerPace {
		return 0
	}
	return calls * tracerTurns * b.pace
}

// heldUp notes a call that kept the thread although its descriptor is registered, so that it should have returned at once.
func (wt *watcher) heldUp(s *stream, e *trace.Event) {
	l, old := wt.lanes.find(s, e, false)
	if l == nil || old || l.watch.nonblock != No || s.watch.away.from == 0 || s.watch.away.inst.set() || !l.watchedBy(s.watch.away.inst) {
		return
	}
	if wt.promised(s, l, e) {
		wt.delayed(e.Dur)
		return
	}
	wt.incident(&l.watch.inc, IncBlockedCall, wt.describeCall(s, e)).happened(s, e.Time, e.Dur, true, false)
	wt.lanes.touch(l)
}

// promised says of a program that is watched from outside that a read is the first of what was reported to this thread: there was something
// to be read, so it cannot have waited.
func (wt *watcher) promised(s *stream, l *laneB, e *trace.Event) bool {
	if wt.exact || e.Kind != trace.Read || e.Errno != 0 || e.B <= 0 {
		return false
	}
	for _, r := range l.regs {
		if r.rep.open && r.rep.s == s && r.rep.mask&bitsIn != 0 {
			return true
		}
	}
	return false
}

// watchedBy says whether an instance watches a lane.
func (l *laneB) watchedBy(in *instance) bool {
	for _, r := range l.regs {
		if r.inst == in {
			return true
		}
	}
	return false
}

// goesToWait is called when a thread begins a wait.
func (wt *watcher) goesToWait(s *stream, in *instance, at int64) {
	w := &s.watch
	if !wt.waitOf(s, in) {
		wt.comesBack(s, &w.away, in, at)
		w.home.second.from = 0
	} else if !in.set() {
		wt.comesBack(s, &w.home.second, in, at)
	}
	if len(w.waits) < maxWaits && !slices.Contains(w.waits, in) {
		w.waits = append(w.waits, in)
	}
	if in.watch.waiter == nil {
		in.watch.waiter = s
	} else if in.watch.waiter != s {
		in.watch.many = true
	}
	wt.hogEnds(s, at)
	s.split.to(splitWaiting, at)
	w.rests++
	w.slept, w.again = false, 0
	in.watch.waiting++
	if !w.home.foreign { // the loop does not come back to its instance by it
		in.watch.begun++
	}
	wt.usesInstance(s, in, at)
}

// comesBack looks at the time away from an instance that a thread waits on again.
func (wt *watcher) comesBack(s *stream, a *away, in *instance, at int64) {
	if a.from == 0 || a.inst != in {
		return
	}
	if gap := at - a.from - wt.stretch(a.made); gap >= wt.limits.Away && in.watch.waiting == 0 && in.watch.begun == a.begun {
		wt.wasAway(s, a, at, gap)
	}
	a.from = 0
}

// blame names the call that most of so much time away went into; "" is the processor.
func (wt *watcher) blame(s *stream, a *away, at, gap int64) (call string, sure bool) {
	var most *callTime
	sum := int64(0)
	for i := range a.calls[:a.n] {
		c := &a.calls[i]
		sum += c.dur
		if most == nil || c.dur > most.dur {
			most = c
		}
	}
	switch {
	case most != nil && sum > gap/2 && most.where != "":
		return wt.describeCall(s, &most.ev) + most.where, true
	case most != nil && sum > gap/2:
		return wt.describeCall(s, &most.ev), most.waits
	case wt.scattered(a, at, gap):
		return Scattered, false
	}
	return "", false
}

// mayWait says whether a call that took long did so because it waited, beyond doubt: not one of which it is not known whether it can.
func (wt *watcher) mayWait(s *stream, e *trace.Event) bool {
	switch e.Kind {
	case trace.Read, trace.Write, trace.Accept:
		l, old := wt.lanes.find(s, e, false)
		return wt.exact || l != nil && !old && l.watch.nonblock == No
	case trace.Sys:
		name := wt.names.now(s.id, e.Aux)
		return wt.exact || waitsFor[name] || Stopped(name)
	}
	return true
}

// waitsFor are calls outside the families that take long because they wait for something.
var waitsFor = map[string]bool{"fsync": true, "fdatasync": true, "futex": true, "flock": true, "wait4": true, "waitid": true, "waitpid": true, "msgrcv": true,
	"semop": true, "semtimedop": true, "rt_sigtimedwait": true, "sync": true, "syncfs": true, "io_getevents": true, "pause": true, "sync_file_range": true}

// Stopped says whether what a thread was in is no call: it was stopped by a signal.
func Stopped(call string) bool { return strings.HasPrefix(call, "stopped by ") }

// wasAway notes a long time between two waits, and the call that most of it went into.
func (wt *watcher) wasAway(s *stream, a *away, at, gap int64) {
	call, sure := wt.blame(s, a, at, gap)
	n := int64(a.inst.who.Watches())
	if call == "" && !wt.exact {
		if call = s.watch.cpu.computed(a.from, at); call != "" {
			sure = true
		} else if len(s.watch.cpu.open) < maxPauses && wt.w.times == 1 {
			s.watch.cpu.open = append(s.watch.cpu.open, pause{&a.inst.watch.gaps, a.from, at, gap, a.inst.set() && n <= 1, n})
		}
	}
	x := wt.incident(&a.inst.watch.gaps, IncBlocked, call)
	x.happened(s, a.from, gap, sure || wt.exact, false)
	x.pub.Lone = (x.pub.N == x.w.times || x.pub.Lone) && a.inst.set() && n <= 1
	x.pub.Amount = max(x.pub.Amount, n)
}

// waitEnds is called when a wait has returned.
func (wt *watcher) waitEnds(s *stream, e *trace.Event) {
	in := wt.lanes.instance(s, e.Inst)
	w := &s.watch
	in.watch.waiting = max(in.watch.waiting-1, 0)
	in.watch.ended++
	w.returned += wt.w.times
	call := trace.WaitOf(e)
	ring := call.Call() == trace.CallURingEnter
	w.wokeAt, w.reports = e.Time, 0
	w.glance = e.B == 0
	s.splitWaitEnded(e)
	if in.set() {
		w.set = in
	}
	if w.home.foreign {
		wt.insideEnds(s, in, e)
		if !in.set() {
			w.home.second = away{from: e.Time, inst: in, begun: in.watch.begun, slept: e.B != 0, last: e.Time, told: e.Mask}
		}
	} else {
		w.away = away{from: e.Time, inst: in, begun: in.watch.begun, slept: e.B != 0, last: e.Time, told: e.Mask}
	}
	if !w.home.foreign && (in.watch.waiting > 0 || ring && call.Max() == 0) {
		w.away.from = 0 // somebody else waits: the instance is not left alone
	}
	wt.usesInstance(s, in, e.Time)
	if in.lane != nil {
		wt.lanes.touch(in.lane)    // its figures have changed
		if len(in.lane.regs) > 0 { // what watches its descriptor is answered by a wait on it
			wt.touchedBy(s, in.lane, e.Time)
			if e.Mask > 0 {
				wt.ledger.touched(in.lane, outData, DrainUnknown, e.Time)
			} else {
				wt.ledger.touched(in.lane, outAgain, DrainUnknown, e.Time)
			}
		}
	}
	if e.Errno == eBADF {
		wt.onThread(s, IncBadWait, "", e.Time, 0, w.gone == in)
		w.gone = in
		return
	}
	w.gone = nil
	if e.Errno == eINTR || ring {
		return
	}
	st := &in.stats
	st.Waits += wt.w.times
	st.Select = call.Call() == trace.CallSelect || call.Call() == trace.CallPselect6
	st.MaxEvents = int64(call.Max())
	if n, known := call.Watched(); known {
		st.Watched += n * wt.w.times
		st.WatchedWaits += wt.w.times
		st.MostWatched = max(st.MostWatched, n)
	}
	if e.Errno != 0 {
		return
	}
	if e.Mask > 0 {
		in.watch.waitNo++
	}
	if st.Waits > 1 && !in.watch.full {
		in.watch.roomy++ // the wait before this one
	}
	w.afterFull = in.watch.full
	in.watch.full = e.Mask > 0 && !in.set() && int64(e.Mask) == st.MaxEvents
	if in.watch.full {
		st.Full += wt.w.times
	}
	wt.timedWait(s, in, e)
}

// timedWait looks at how a wait's time was used.
func (wt *watcher) timedWait(s *stream, in *instance, e *trace.Event) {
	w := &s.watch
	b := &w.burst
	nothing := e.Mask == 0
	in.watch.slept = in.watch.slept || e.B != 0
	if nothing && e.B == 0 {
		if b.armed {
			if b.n == 0 {
				b.from = e.Start()
			}
			if e.Time-b.from <= roundingMax {
				b.n++
				b.last = e.Time
				return
			}
			b.armed = false
		}
		call := ""
		if in.watch.many && (in.watch.slept || in.watch.waiting > 0) {
			call = OthersWait
		}
		wt.onThread(s, IncZeroWait, call, e.Time, 0, w.zeroes == in).pub.Every = !w.progress.any
		w.zeroes = in
		return
	}
	if b.armed && b.n >= int64(wt.limits.ZeroBurst) {
		call := ""
		if in.stats.MaxEvents == goRoom {
			call = GoPoller
		}
		wt.onThread(s, IncRounding, call, b.from, b.n, true)
	}
	*b = burst{armed: nothing && e.B > 0}
	w.zeroes = nil
	if !nothing || e.B <= 0 {
		return
	}
	slack := min(max(slackLeast, e.B/1000), slackMost)
	if e.Dur-e.B-slack > lateTimer && wt.measured {
		wt.stats.Delays += machineStood // no timer is so late where a CPU is free
	}
	if e.Dur-e.B-slack > wt.limits.Late {
		wt.wasLate(s, e.Time, e.Dur-e.B)
	}
}

// wasLate notes a wait that lasted too long. It is sure where most of that was time in which the thread had no CPU.
func (wt *watcher) wasLate(s *stream, at, d int64) {
	wt.incident(&s.inc, IncLate, "").happened(s, at, d, s.split.explains(d), false)
}

// sleeps looks at what came before a sleep.
func (wt *watcher) sleeps(s *stream, e *trace.Event, phase trace.Phase) {
	w := &s.watch
	begin := phase == trace.PhaseEnter || phase == trace.PhaseComplete
	if begin && w.slept && w.again > 0 && !w.dozed {
		wt.onThread(s, IncPolled, "", e.Start(), w.again, true)
	}
	if begin {
		w.again = 0
		w.rests++
		s.split.to(splitAsleep, e.Start())
	}
	if phase != trace.PhaseEnter {
		w.slept = true
		w.dozed = e.A < leastSleep && (len(w.waits) > 0 || wt.stats.Waits > 0)
		s.splitSleepEnded(e)
	}
}

func (wt *watcher) timerSet(s *stream, e *trace.Event) {
	w := &s.watch
	if w.timers == nil {
		w.timers = map[uint32]*timerWatch{}
	}
	x := w.timers[e.Aux]
	if x == nil {
		if len(w.timers) >= maxTimers {
			return
		}
		w.timers[e.Aux] = &timerWatch{set: e.Time, due: e.A}
		return
	}
	was, is := x.due-x.set, e.A-e.Time
	if x.fired && e.B == 0 && was > 0 && is > was-was/periodNear && is < was+was/periodNear {
		if d := e.A - x.due - is; d > driftLeast {
			wt.onThread(s, IncDrift, "", e.Time, d, true)
		}
	}
	*x = timerWatch{set: e.Time, due: e.A}
}

func (wt *watcher) timerFired(s *stream, e *trace.Event) {
	if x := s.watch.timers[e.Aux]; x != nil {
		x.fired = true
	}
	if e.Mask > 1 {
		wt.onThread(s, IncOverrun, "", e.Time, int64(e.Mask), true)
	}
}

// handling follows the handlers of descriptors, where the source tells them: two of one descriptor at once are an overlap.
func (wt *watcher) handling(s *stream, e *trace.Event, phase trace.Phase) {
	switch phase {
	case trace.PhaseEnter:
		l, old := wt.lanes.find(s, e, false)
		if e.FD < 0 || l == nil || old {
			return
		}
		if h := l.watch.handler; h != nil && h != s && h.watch.handles == l {
			wt.happened(s, l, IncOverlap, e.Time, 0, true)
		}
		l.watch.handler, s.watch.handles = s, l
		l.calls.enter(s.id)
		wt.calls.pub.MostAtOnce = max(wt.calls.pub.MostAtOnce, l.calls.pub.MostAtOnce)
	default:
		if l := s.watch.handles; l != nil {
			l.calls.leave(s.id)
		}
		s.watch.handles = nil
	}
}

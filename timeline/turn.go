package timeline

import (
	"evviz/trace"
)

// One turn of a loop
//
// A turn begins where the thread goes to rest and ends where it goes to rest again:
//
//	readiness    the wait, then what it reported, handler by handler, then timers and tasks
//	polling      the sleep, then the round over all descriptors; a thread that rests in a wait sleeps inside its turns
//	completion   the io_uring_enter that waits, then the completions; a call that only hands operations over is work
//	blocking     the accept or read that may block, then what follows until the next one
//
// Every event of the thread belongs to exactly one turn: from the event that begins its rest up to, and without, the one
// that begins the next. Inside the turn every event belongs either to the rest or to exactly one item (turn_items.go). A
// wait that a signal cut short is a turn of its own, because the program may do anything before it waits again.
//
// A wait that was told as a whole (phase complete) is an event at its end, so the turn's first event is younger than its
// Begin. What came before the thread's first rest, and what is left of a turn whose rest is no longer kept, is a turn
// without a rest.
//
// Which calls of a thread are its rests is a question of how it runs: an accept or a read begins a turn only while the lab
// runs blocking (or on goroutines, whose calls come one by one), or in a thread that is never seen to wait or sleep.
//
// Turns are computed from the raw events when somebody looks, so they reach back as far as those are kept.

// RestKind is how a thread rests in a turn.
type RestKind uint8

// The kinds.
const (
	RestNone  RestKind = iota // none: before the first, or no longer kept
	RestWait                  // for readiness
	RestSleep                 // without waiting for anything
	RestRing                  // for completions
	RestCall                  // in a call on one descriptor that may block
)

var restNames = [...]string{"none", "wait", "sleep", "completion wait", "blocking call"}

// String is the kind in words.
func (k RestKind) String() string {
	if int(k) < len(restNames) {
		return restNames[k]
	}
	return "rest?"
}

// Limit is what limits a rest.
type Limit uint8

// The limits.
const (
	LimitUnknown Limit = iota
	LimitNone          // nothing: it lasts until something happens
	LimitZero          // it is not to wait at all: there is other work, or the loop polls
	LimitTimer         // the next timer
	LimitAsked         // a time that the program asked for, and no timer that is known
)

// Rest is the waiting part of a turn.
type Rest struct {
	Kind   RestKind
	Events []int64 // its events: enter and exit, or one
	Begin  int64
	End    int64 // 0: it is not over

	Call      string // system call, "" unknown
	Asked     int64  // how long the program wanted to rest, ns; -1 for ever; unknown for a blocking call and where a sleep ends at a moment (LimitUnknown)
	Passed    int64  // what it told the kernel
	Limit     Limit
	Timer     uint32 // which timer limits it; 0 none is known
	Due       int64  // when that is due: Begin + Asked, which the program has computed from it just before; 0 unknown
	Max       int64  // most reports that could be taken; 0 unknown
	Watched   int64  // descriptors asked about; -1 unknown
	Count     int64  // reports or completions delivered; -1 unknown, or not over
	Errno     uint16
	FD        int32 // blocking call: its descriptor; -1 else
	Lane      int64 // blocking call: 0 unknown
	Result    int64 // blocking call: what it returned; -1 none
	Interrupt bool  // a signal ended it
}

// Took is how long the rest lasted, up to now when it is not over.
func (r *Rest) Took(now int64) int64 {
	if r.Kind == RestNone {
		return 0
	}
	if r.End == 0 {
		return max(now-r.Begin, 0)
	}
	return r.End - r.Begin
}

// TimedOut says that the rest ended because its time was over.
func (r *Rest) TimedOut() bool {
	return r.Kind != RestCall && r.End != 0 && r.Count <= 0 && !r.Interrupt && (r.Errno == 0 || r.Errno == eTIME) && r.Passed >= 0
}

// Turn is one turn of a loop.
type Turn struct {
	Stream      uint32
	First, Last int64 // indices of its first and last event
	Next        int64 // index of the event that begins the next turn; -1 there is none yet
	Begin, End  int64 // End is the present when it is not over
	Running     bool  // not over: End moves
	Cut         bool  // it began before what is kept, or has more events than one looks at
	Lost        bool  // events are missing in it
	Repeats     int64 // so many times more it came, right after its end,
	RepeatedFor int64 // ... within so much time, ns
	Timed       bool  // false: the source does not tell times; durations mean nothing

	Rest  Rest
	Items []Item // in order of time

	Reports, Timers, Tasks int   // how many items of each
	Completions            int   // ...
	Useful                 int64 // polling: calls that got something; -1 no round, or it is not over
	Asked                  int64 // ... of so many

	Waited  int64 // in the rest as far as it was asked for, ns
	Overrun int64 // in the rest longer than asked, ns; -1 unknown: something else ended it, or it had no limit
	Slept   int64 // in sleeps after the rest, ns
	Working int64 // the remainder, ns
}

// Took is how long the turn lasted.
func (u *Turn) Took() int64 { return u.End - u.Begin }

// Busy says that the turn had something to do: a report, a completion, a timer, a task, or a call that got something.
func (u *Turn) Busy() bool {
	if u.Reports+u.Timers+u.Tasks+u.Completions > 0 || u.Useful > 0 {
		return true
	}
	if u.Useful == 0 {
		return false
	}
	if u.Rest.Kind == RestCall {
		return u.Rest.End != 0 && u.Rest.Errno != eAGAIN && u.Rest.Errno != eINTR
	}
	for i := range u.Items {
		if u.Items[i].Kind == ItemCalls && u.Items[i].Got {
			return true
		}
	}
	return false
}

// maxTurnEvents bounds what one looks at of a turn. A loop that drains a flood may make thousands of calls in one; a
// thread that never rests has a single turn without end.
const maxTurnEvents = 1 << 15

// walker walks the raw events of one stream.
type walker struct {
	s          *Snapshot
	stream     uint32
	first, end int64
	loop       bool // it is seen to wait or sleep
	lasts      bool // ... and rests in a wait, so that a sleep is none
}

func (s *Snapshot) walker(stream uint32) walker {
	w := walker{s: s, stream: stream}
	w.first, w.end = s.EventRange()
	for _, l := range s.Loops {
		if l.Stream == stream {
			w.loop, w.lasts = true, l.Lasts
		}
	}
	return w
}

// next is the first event of the stream at or after i; prev the last one at or before. ok is false when there is none.
func (w *walker) next(i int64) (int64, trace.Event, bool) { return w.at(w.s.events.next(w.stream, i)) }
func (w *walker) prev(i int64) (int64, trace.Event, bool) { return w.at(w.s.events.prev(w.stream, i)) }

func (w *walker) at(i int64) (int64, trace.Event, bool) {
	e, ok := w.s.Event(i)
	return i, e, ok
}

// handsOver says that an io_uring_enter takes no completions, it only hands operations over.
func handsOver(e *trace.Event) bool {
	return e.Kind == trace.Wait && trace.WaitOf(e).Call() == trace.CallURingEnter && trace.WaitOf(e).Max() == 0 && e.Phase.Base() == trace.PhaseComplete
}

// rests says how an event rests; RestNone when it does not.
func (w *walker) rests(e *trace.Event) RestKind {
	switch e.Kind {
	case trace.Wait:
		switch {
		case handsOver(e):
			return RestNone
		case trace.WaitOf(e).Call() == trace.CallURingEnter:
			return RestRing
		}
		return RestWait
	case trace.Sleep:
		m := w.s.ModeAt(e.Time)
		if m.Known && waitsInTurns(m.Driver) || !m.Known && w.lasts {
			return RestNone
		}
		return RestSleep
	case trace.Accept, trace.Read, trace.Connect:
		if m := w.s.ModeAt(e.Time); m.Known {
			if m.Driver == trace.DriverBlocking || m.Driver == trace.DriverGo {
				return RestCall
			}
		} else if !w.loop {
			return RestCall
		}
	}
	return RestNone
}

// waitsInTurns says whether the loop of a mechanism rests in a wait.
func waitsInTurns(driver uint32) bool {
	switch driver {
	case trace.DriverSelect, trace.DriverPoll, trace.DriverEpoll, trace.DriverURing:
		return true
	}
	return false
}

// begins says whether the event at i begins a turn. The end of a rest does so only when its beginning was not told.
func (w *walker) begins(i int64, e *trace.Event) bool {
	if w.rests(e) == RestNone {
		return false
	}
	if e.Phase.Base() != trace.PhaseExit {
		return true
	}
	for j := i - 1; ; j-- {
		k, p, ok := w.prev(j)
		if !ok {
			return true
		}
		if p.Kind == trace.Lost {
			return true
		}
		if w.rests(&p) != RestNone {
			return p.Kind != e.Kind || p.Phase.Base() != trace.PhaseEnter
		}
		j = k
	}
}

// restBegin is when the rest that an event begins did begin.
func restBegin(e *trace.Event) int64 {
	if e.Phase.Base() == trace.PhaseEnter {
		return e.Time
	}
	return e.Start()
}

// start is the first event of the turn that holds the event i.
func (w *walker) start(i int64) (int64, bool) {
	first := int64(-1)
	for {
		k, e, ok := w.prev(i)
		if !ok {
			return first, first >= 0
		}
		if w.begins(k, &e) {
			return k, true
		}
		first, i = k, k-1
	}
}

// after is the index of the event that begins the next turn after the one that begins at i; -1 there is none.
func (w *walker) after(i int64) int64 {
	for {
		k, e, ok := w.next(i + 1)
		if !ok {
			return -1
		}
		if w.begins(k, &e) {
			return k
		}
		i = k
	}
}

// Turn is the turn of a thread that holds the event with index i, or, when that event is of another thread, the thread's
// event before it, or else after it. ok is false when nothing of the thread is kept.
func (s *Snapshot) Turn(stream uint32, i int64) (Turn, bool) {
	w := s.walker(stream)
	k, ok := w.start(i)
	if !ok {
		if k, _, ok = w.next(i); !ok {
			return Turn{}, false
		}
	}
	return w.turn(k), true
}

// TurnAt is the turn of a thread at a moment: before its first kept one that one, after its last the last.
func (s *Snapshot) TurnAt(stream uint32, t int64) (Turn, bool) {
	w := s.walker(stream)
	i := s.EventAt(t + 1)
	// A rest that was told as a whole at its end may have begun before the moment and end after it.
	if k, e, ok := w.next(i); ok && w.begins(k, &e) && restBegin(&e) <= t {
		return w.turn(k), true
	}
	return s.Turn(stream, i-1)
}

// NextTurn is the turn after u; ok is false when there is none yet.
func (s *Snapshot) NextTurn(u *Turn) (Turn, bool) {
	if u.Next < 0 {
		return Turn{}, false
	}
	w := s.walker(u.Stream)
	if u.Next < w.first {
		return s.Turn(u.Stream, w.first)
	}
	return w.turn(u.Next), true
}

// PrevTurn is the turn before u; ok is false when none is kept.
func (s *Snapshot) PrevTurn(u *Turn) (Turn, bool) {
	w := s.walker(u.Stream)
	k, ok := w.start(u.First - 1)
	if !ok {
		return Turn{}, false
	}
	return w.turn(k), true
}

// maxIdleTurns is how many turns are looked at for a busy one.
const maxIdleTurns = 20_000

// NextBusy and PrevBusy are the next turn and the one before that had something to do ([Turn.Busy]).
func (s *Snapshot) NextBusy(u *Turn) (Turn, bool) { return seekBusy(*u, s.NextTurn) }

// PrevBusy is the turn before u that had something to do.
func (s *Snapshot) PrevBusy(u *Turn) (Turn, bool) { return seekBusy(*u, s.PrevTurn) }

func seekBusy(u Turn, step func(*Turn) (Turn, bool)) (Turn, bool) {
	for range maxIdleTurns {
		v, ok := step(&u)
		if !ok {
			break
		}
		if v.Busy() {
			return v, true
		}
		u = v
	}
	return Turn{}, false
}

// turn makes the turn that begins at event i.
func (w *walker) turn(i int64) Turn {
	s := w.s
	u := Turn{Stream: w.stream, First: i, Last: i, Next: w.after(i), Useful: -1, Overrun: -1, Timed: s.Info.Timed}
	u.Rest = Rest{FD: -1, Count: -1, Watched: -1, Result: -1}
	end := w.end
	if u.Next >= 0 {
		end = u.Next
	}
	var evs []turnEvent
	repeated := int64(-1) // begin of that
	for k, e, ok := w.next(i); ok && k < end; k, e, ok = w.next(k + 1) {
		if len(evs) == maxTurnEvents {
			u.Cut = true
			break
		}
		evs = append(evs, turnEvent{i: k, e: e, span: -1})
		u.Last = k
		u.Lost = u.Lost || e.Kind == trace.Lost
		if e.Kind == trace.Repeat {
			r := trace.RepeatOf(&e)
			u.Repeats, u.RepeatedFor = u.Repeats+max(r.N, 0), u.RepeatedFor+max(r.Span, 0)
			if repeated < 0 {
				repeated = e.Start()
			}
		}
	}
	first := &evs[0].e
	if w.begins(i, first) {
		u.Begin = restBegin(first)
		evs = u.takeRest(w, evs)
	} else {
		for k := range evs { // a name has the time at which its table was made, which may be before everything
			if u.Begin = evs[k].e.Start(); evs[k].e.Kind != trace.Name {
				break
			}
		}
		u.Cut = u.Cut || w.first > 0
	}
	switch {
	case u.Next >= 0:
		e, _ := s.Event(u.Next)
		u.End = restBegin(&e)
	default:
		u.Running, u.End = true, s.Now
		for _, l := range s.Loops {
			if l.Stream == w.stream && l.Ended != 0 {
				u.Running, u.End = false, l.Ended
			}
		}
	}
	if repeated >= 0 {
		u.End = min(u.End, repeated)
	}
	u.End = max(u.End, u.Begin)
	u.fillItems(w, evs)
	u.divide(s)
	u.sleeps(s, evs)
	return u
}

// divide says where the time of the turn went.
func (u *Turn) divide(s *Snapshot) {
	took := min(u.Rest.Took(s.Now), u.Took())
	u.Waited, u.Working = took, u.Took()-took
	limit := u.Rest.Passed
	if u.Rest.Limit == LimitUnknown || limit <= 0 { // a wait of 0 looks and comes back: what that takes is not late
		return
	}
	switch {
	case took > limit && u.Rest.TimedOut():
		u.Overrun = took - limit
		u.Waited = limit
	case u.Rest.TimedOut():
		u.Overrun = 0
	}
}

// sleeps takes the time of sleeps inside the turn out of its work.
func (u *Turn) sleeps(s *Snapshot, evs []turnEvent) {
	begun := int64(-1)
	for k := range evs {
		e := &evs[k].e
		switch {
		case e.Kind != trace.Sleep:
			continue
		case e.Phase.Base() == trace.PhaseEnter:
			begun = e.Time
			continue
		case e.Phase.Base() == trace.PhaseExit && begun >= 0:
			u.Slept += e.Time - begun
		default:
			u.Slept += e.Dur
		}
		begun = -1
	}
	if begun >= 0 {
		u.Slept += max(u.End-begun, 0)
	}
	u.Slept = max(min(u.Slept, u.Working), 0)
	u.Working -= u.Slept
}

// takeRest fills in the rest from its events and gives back the others.
func (u *Turn) takeRest(w *walker, evs []turnEvent) []turnEvent {
	r := &u.Rest
	e := &evs[0].e
	r.Kind = w.rests(e)
	r.Events = []int64{evs[0].i}
	r.Begin = u.Begin
	rest := evs[1:]
	last := e
	if e.Phase.Base() == trace.PhaseEnter {
		last = nil
		for k := range rest {
			x := &rest[k].e
			if x.Kind == e.Kind && x.Phase.Base() == trace.PhaseExit {
				last = x
				r.Events = append(r.Events, rest[k].i)
				// What came between, a signal for instance, is an item of the turn.
				rest = append(append(make([]turnEvent, 0, len(rest)), rest[:k]...), rest[k+1:]...)
				break
			}
		}
	}
	r.Call = trace.SyscallOf(e).String()
	if last != nil {
		r.End, r.Errno = last.Time, last.Errno
		r.Interrupt = last.Errno == eINTR
	}
	switch r.Kind {
	case RestSleep:
		if r.Asked, r.Passed, r.Limit = e.A, e.A, LimitAsked; e.A <= 0 { // a moment, or not known
			r.Asked, r.Passed, r.Limit = -1, -1, LimitUnknown
		}
	case RestCall:
		r.Asked, r.Passed, r.FD = -1, -1, e.FD
		if l := w.s.LaneOf(evs[0].i, e); l != nil {
			r.Lane = l.ID
		}
		if e.Kind == trace.Connect {
			r.Call = "connect"
		} else if last != nil {
			r.Result = last.B
			if e.Kind == trace.Accept {
				r.Result = last.A
			}
		}
	default:
		u.takeWait(w, e, last)
	}
	return rest
}

func (u *Turn) takeWait(w *walker, e, last *trace.Event) {
	r := &u.Rest
	v := trace.WaitOf(e)
	r.Asked, r.Passed, r.Max = v.Asked(), v.Passed(), int64(v.Max())
	if n, known := v.Watched(); known {
		r.Watched = n
	}
	switch {
	case e.FD > 0:
		r.Limit, r.Timer = LimitTimer, uint32(e.FD)
		if e.A >= 0 {
			r.Due = r.Begin + e.A
		}
	case e.B < 0:
		r.Limit = LimitNone
	case e.B == 0:
		r.Limit = LimitZero
	default:
		r.Limit = LimitAsked
	}
	if last == nil {
		return
	}
	if n, known := trace.WaitOf(last).Watched(); known {
		r.Watched = n
	}
	if last.Errno == 0 || r.Kind == RestRing && last.Errno == eTIME {
		r.Count = int64(last.Mask)
	}
	if r.Kind == RestRing {
		r.Interrupt = r.Interrupt || cutShort(last)
		if !w.s.Info.Kinds.Has(trace.Complete) {
			r.Count = -1 // from outside one does not see what completed
		}
	}
}

package timeline

import (
	"slices"
	"strconv"
	"strings"

	"evviz/trace"
)

// A tick made of timeouts
//
// Some programs do their periodic work when a wait has timed out, and only then. Each event ends the wait, the next one begins with the whole
// timeout again, and while events come faster than that the work is not done. What a log shows of it: waits with one and the same timeout, the
// same calls behind each that expired, none of them ever behind one that brought something, and long times with events and without these calls.
//
// A program that computes its timeout passes another one as soon as an event comes, and then nothing is said of it.

// ticks is what is known of a thread's timeouts.
type ticks struct {
	inst  *instance
	asked int64               // the timeout of its waits, ns; 0 none yet
	woken tickWake            // by what the turn that goes on was
	turn  []tickCall          // its calls
	work  []tickCall          // those that followed each timeout so far
	told  map[uint64]struct{} // calls that followed events
	n     int64               // timeouts with that work
	off   bool                // it does something else behind its timeouts

	wokeAt int64 // end of its newest wait
	from   int64 // end of the newest wait that expired; 0 it is not known when the work was done last
	until  int64 // end of the newest wait since that brought something
	events int64 // such waits
	late   []Moment
	first  int64
}

type tickWake uint8

const (
	wokenByNothing tickWake = iota // it has not waited
	wokenByTimeout
	wokenByEvents
)

// tickCall is a call of such work.
type tickCall struct {
	key uint64
	ev  trace.Event
	own bool   // it can be somebody's periodic work
	of  *laneB // what it writes to, if the loop watches that; nil otherwise
}

const (
	tickCalls  = 32      // of a turn are looked at
	tickTold   = 1 << 12 // calls that are remembered to have followed events
	leastTicks = 2       // timeouts with the same work, before anything is said
	tickEvents = 3       // events that a stretch without it must have
)

// leave forgets when the work was done last: what was between is no stretch of traffic.
func (x *ticks) leave() { x.stretched(); x.from, x.events = 0, 0 }

// stretched notes a stretch that is over, if it was one: longer than two periods.
func (x *ticks) stretched() {
	if m, ok := x.open(); ok {
		if x.late = append(x.late, m); len(x.late) > maxMoments {
			x.late = slices.DeleteFunc(x.late, func(o Moment) bool {
				return o == slices.MinFunc(x.late, func(a, b Moment) int { return int(min(max(a.V-b.V, -1), 1)) })
			})
		}
	}
}

func (x *ticks) open() (Moment, bool) {
	d := x.until - x.from
	return Moment{x.from, d}, x.from != 0 && x.events >= tickEvents && d >= 2*x.asked
}

// ticked is called with every event of a thread that is watched from outside.
func (wt *watcher) ticked(s *stream, e *trace.Event) {
	x := &s.watch.ticks
	if wt.exact || !wt.timed || x.off {
		return
	}
	switch e.Kind {
	case trace.Wait:
		if call := trace.WaitOf(e).Call(); call == trace.CallURingEnter {
			x.off = true
			return
		}
		if in := wt.lanes.instance(s, e.Inst); in != x.inst {
			if x.n > 0 {
				return // inside a handler, or it has two
			}
			*x = ticks{inst: in, told: x.told}
		}
		phase := e.Phase.Base()
		if phase != trace.PhaseExit {
			wt.tickTurn(x, e.Start())
		}
		if phase != trace.PhaseEnter {
			wt.tickWoken(x, e)
		}
	case trace.Lost, trace.Exec:
		x.leave()
		x.woken, x.turn = wokenByNothing, x.turn[:0]
	case trace.Sleep:
		x.off = x.off || e.A >= restful // it has another clock
	case trace.Write, trace.Connect, trace.Open, trace.Fork, trace.Read, trace.Accept, trace.Close, trace.Sys, trace.Register, trace.Deregister, trace.Modify:
		if x.asked == 0 || e.Phase.Base() == trace.PhaseEnter || x.woken == wokenByNothing || len(x.turn) >= tickCalls && x.woken == wokenByTimeout {
			return
		}
		c := tickCall{key: mix(0, uint64(e.Kind), uint64(e.FD)), ev: *e}
		switch e.Kind {
		case trace.Open:
			c.key, c.own = mix(0, uint64(e.Kind), uint64(e.A)), e.A != 0
		case trace.Sys:
			c.key, c.own = mix(0, uint64(e.Kind), uint64(e.Aux)), true
		case trace.Fork:
			c.key, c.own = mix(0, uint64(e.Kind)), true
		case trace.Write, trace.Connect:
			l, old := wt.lanes.find(s, e, false)
			c.own = e.Errno == 0
			if l != nil && !old && l.watchedBy(x.inst) {
				c.of = l
			}
		}
		if x.woken == wokenByTimeout {
			x.turn = append(x.turn, c)
			return
		}
		if x.told == nil {
			x.told = map[uint64]struct{}{}
		}
		x.told[c.key] = struct{}{}
		if len(x.told) > tickTold {
			*x = ticks{off: true}
		}
		if len(x.work) > 0 {
			x.work = slices.DeleteFunc(x.work, func(o tickCall) bool { return o.key == c.key })
			x.off = x.off || len(x.work) == 0
		}
	}
}

// heard takes an event of what the loop watches: what is written to it when nothing has come for long keeps it alive, and is no tick.
func (x *ticks) heard(l *laneB) {
	if n := len(x.work); n > 0 {
		x.work = slices.DeleteFunc(x.work, func(o tickCall) bool { return o.of == l })
		x.off = x.off || len(x.work) == 0
	}
}

// tickTurn ends a turn when the next wait begins.
func (wt *watcher) tickTurn(x *ticks, at int64) {
	if x.asked > 0 && x.from != 0 && at-x.wokeAt >= x.asked {
		x.leave() // it was away itself
	}
	if x.woken != wokenByTimeout {
		return
	}
	x.woken = wokenByNothing
	did := x.turn[:0]
	for _, c := range x.turn {
		if _, told := x.told[c.key]; c.own && !told && !slices.ContainsFunc(did, func(o tickCall) bool { return o.key == c.key }) {
			did = append(did, c)
		}
	}
	if x.n == 0 {
		x.work, x.first = slices.Clone(did), x.wokeAt
	} else {
		x.work = slices.DeleteFunc(x.work, func(o tickCall) bool {
			return !slices.ContainsFunc(did, func(c tickCall) bool { return c.key == o.key })
		})
	}
	x.off = len(x.work) == 0
	x.n += wt.w.times
	x.turn = x.turn[:0]
}

// tickWoken takes the end of a wait.
func (wt *watcher) tickWoken(x *ticks, e *trace.Event) {
	expired := e.Errno == 0 && e.Mask == 0 && e.B > 0
	if e.B != x.asked { // it is computed, or it polls
		*x = ticks{inst: x.inst, told: x.told}
		x.asked = max(e.B, 0)
	}
	x.wokeAt, x.turn = e.Time, x.turn[:0]
	switch {
	case expired:
		x.stretched()
		x.woken, x.from, x.events = wokenByTimeout, e.Time, 0
	default:
		x.woken = wokenByEvents
		if e.Errno == 0 && x.from != 0 {
			x.until = e.Time
			x.events += wt.w.times
		}
	}
}

// publish is what a rule may judge, false when there is nothing. V of the moments is how long the work was not done, Amount the timeout,
// What the work.
func (x *ticks) publish(wt *watcher, s *stream) (i Incident, ok bool) {
	late := x.late
	if m, ok := x.open(); ok {
		late = append(late[:len(late):len(late)], m)
	}
	if x.off || x.n < leastTicks || len(late) == 0 || len(x.work) == 0 || x.inst == nil || x.inst.watch.many {
		return i, false
	}
	i = Incident{Kind: IncTick, Stream: s.id, N: int64(len(late)), Amount: x.asked, Run: x.n, First: late[0].At, Moments: late, Lone: true}
	var names []string
	for k := range x.work {
		c := &x.work[k].ev
		i.Lone = i.Lone && c.Kind == trace.Write && (c.FD == 1 || c.FD == 2)
		if name := wt.describeCall(s, c); name != "" && len(names) < 3 {
			if c.Kind == trace.Write || c.Kind == trace.Connect {
				name += "(" + strconv.Itoa(int(c.FD)) + ")"
			}
			names = append(names, name)
		}
	}
	i.What = strings.Join(names, ", ")
	for _, m := range late {
		i.Sum, i.Most, i.Last = i.Sum+m.V, max(i.Most, m.V), max(i.Last, m.At+m.V)
	}
	return i, true
}

package timeline

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"evviz/trace"
)

// Progress
//
// A turn of a thread goes from the begin of a wait to the begin of the next; of a thread that never waits each call is one. It has made
// progress when bytes were moved, a connection came, a descriptor was opened or closed, or a timer or a signal came. A signal that
// a thread of the same process sends is none. A counter (an eventfd, a timerfd) moves nothing by itself, nor does what is written to
// standard output or error. A change of a registration is no progress either: one that is made and taken back in every turn leads
// nowhere, and one that leads somewhere makes the next turn another one.
//
// Turns that were told something, made no progress and are equal to the one before but for times are counted (IncNoProgress). A wait that
// expired, and turns of those alone, is another thing: the thread was woken for nothing (IncIdle).

// progress is what is known of a thread's turns.
type progress struct {
	hash, last  uint64         // of the calls of the turn that goes on, and of the one before
	told, calls int            // events of it that a wait brought, and calls
	counted     int            // of the events, those of counters
	glances     bool           // its waits were of 0
	others      int64          // progress of all threads of the table when the one before ended
	ops         [3]trace.Event // the first calls of the turn
	base        int64          // progress of the table when it was woken by nothing for the first time
	own         int64          // of that, its own writes to counters
	moved       bool           // it made progress
	waited      bool           // the thread has waited or slept at all
	bare        bool           // the thread did nothing at all between its newest wait and the one before
	idling      bool           // ... and nothing since the newest
	began       bool
	any         bool // the thread ever made progress
	turns       int64
	idle        idleRow
	row         int64 // equal turns so far
}

// idleRow is a row of waits that expired, with no progress between.
type idleRow struct {
	n     int64
	from  int64
	asked int64 // sum of their timeouts, ns
}

// mix adds a fact to a hash. Facts of one turn may come in any order: of several descriptors that are ready the kernel turns the order.
func mix(h uint64, parts ...uint64) uint64 {
	x := uint64(1469598103934665603)
	for _, p := range parts {
		x = (x ^ p) * 1099511628211
		x ^= x >> 29
	}
	return h + x
}

// progressed is called with every event of a thread that is watched.
func (wt *watcher) progressed(s *stream, e *trace.Event) {
	p := &s.watch.progress
	phase := e.Phase.Base()
	switch e.Kind {
	case trace.Wait, trace.Sleep:
		if phase != trace.PhaseExit {
			p.waited = true
			wt.turnEnds(s, e.Start())
		}
		if phase == trace.PhaseEnter {
			return
		}
		if e.Kind == trace.Wait {
			p.bare, p.idling = p.idling, true
			wt.expired(s, e)
			p.glances = p.glances && e.B == 0
			if e.Errno != 0 && e.Errno != eINTR {
				p.told++ // of an error
			}
			if e.Mask > 0 && (wt.measured && e.Dur >= surelySlept || wt.timed && e.Dur >= certainlySlept) {
				p.moved = true // what it brought was not so when it began
			}
			if e.B == 0 && wt.lanes.instance(s, e.Inst).watch.many {
				p.moved = true // it looks while others wait in earnest, as a scheduler does
			}
			p.hash = mix(p.hash, uint64(e.Kind), uint64(e.Inst), uint64(e.Errno))
			return
		}
		wt.dozed(s, e)
		p.hash = mix(p.hash, uint64(e.Kind))
		return
	case trace.Ready:
		p.told++
		p.hash = mix(p.hash, uint64(e.Kind), uint64(e.Inst), uint64(uint32(e.FD)), uint64(e.Mask), uint64(e.A))
		return
	}
	switch e.Kind {
	case trace.Name, trace.Thread, trace.State, trace.Repeat, trace.Usage: // of the source, and not of the program
	default:
		p.idling = false
	}
	if phase == trace.PhaseEnter {
		return
	}
	switch e.Kind {
	case trace.Read, trace.Write, trace.Accept:
		if wt.measured && e.Dur >= restful && !wt.w.folded {
			p.moved = true // it has waited there: no spin
			s.watch.naps++
		}
		if !p.waited {
			wt.turnEnds(s, e.Start())
		}
		if p.calls < len(p.ops) {
			p.ops[p.calls] = *e
		}
		p.calls++
		asked := e.A
		if e.Kind == trace.Accept {
			asked = 0
		}
		p.hash = mix(p.hash, uint64(e.Kind), uint64(uint32(e.FD)), uint64(e.Errno), uint64(asked))
		if moved(e) {
			wt.movedSome(s, e)
		} else if e.Kind == trace.Read && e.Errno == 0 && e.B == 0 {
			if l, _ := wt.lanes.find(s, e, false); l != nil && !l.stream() {
				wt.made(s) // a message may be empty
			}
		}
	case trace.Register, trace.Modify, trace.Deregister:
		p.hash = mix(p.hash, uint64(e.Kind), uint64(e.Inst), uint64(uint32(e.FD)), uint64(e.Mask), uint64(e.Errno))
	case trace.FdFlags, trace.Shutdown:
		p.hash = mix(p.hash, uint64(e.Kind), uint64(uint32(e.FD)), uint64(e.Mask), uint64(e.Errno))
	case trace.Unread:
		p.hash = mix(p.hash, uint64(e.Kind), uint64(uint32(e.FD)), uint64(e.B))
	case trace.Sys, trace.Lock:
		p.hash = mix(p.hash, uint64(e.Kind), uint64(e.Aux))
	case trace.Close, trace.Connect:
		if e.Errno == 0 || e.Kind == trace.Connect && e.Errno == eINPROGRESS {
			wt.made(s)
		}
		p.hash = mix(p.hash, uint64(e.Kind), uint64(uint32(e.FD)), uint64(e.Errno))
	case trace.Open, trace.Dup, trace.Listen, trace.Instance, trace.Fork, trace.Exec, trace.Exit, trace.TimerFire, trace.Wake, trace.Task,
		trace.Mode, trace.Knob, trace.Complete:
		wt.made(s)
	case trace.Signal:
		if sig := trace.SignalOf(e); sig.Code() != siTkill || !wt.lanes.who.Related(s.who, sig.From()) {
			wt.made(s)
		}
	case trace.Lost: // what was between is not known, nor whether it was progress
		p.moved = true
		p.row, p.idle = 0, idleRow{}
	}
}

const eINPROGRESS = 115

// siTkill is the si_code of a signal for one thread (tgkill(2)). From its own process it is how a runtime preempts the thread, as Go's does: by
// itself that is no work.
const siTkill = -6

// made notes progress.
func (wt *watcher) made(s *stream) {
	p := &s.watch.progress
	p.moved, p.any = true, p.any || p.waited
	gapsOf(s.who.Table).progress++
	s.watch.zeroes = nil // what looks while there is work does not poll
	p.idle = idleRow{}
	s.watch.naps = 0
}

// movedSome notes a call that moved bytes, or brought a connection.
func (wt *watcher) movedSome(s *stream, e *trace.Event) {
	if e.Kind == trace.Write && e.FD >= 1 && e.FD <= 2 && s.watch.progress.told > 0 {
		if l, _ := wt.lanes.find(s, e, false); l == nil || l.pub.Kind != KindConn {
			return
		}
	}
	if e.Kind != trace.Accept {
		if l, _ := wt.lanes.find(s, e, false); l != nil && (l.pub.Kind == KindWake || l.pub.Kind == KindTimer) {
			s.watch.progress.counted++
			if e.Kind == trace.Write {
				gapsOf(s.who.Table).progress++ // whoever waits for it has news, but for this thread itself
				s.watch.progress.own++
			}
			return
		}
	}
	wt.made(s)
}

// turnEnds judges the turn that has gone on, and begins another.
func (wt *watcher) turnEnds(s *stream, at int64) {
	p := &s.watch.progress
	if p.began {
		p.turns += wt.w.times
		others := gapsOf(s.who.Table).progress - p.own
		switch {
		case p.moved, p.others != others, p.told == 0 && (p.waited || p.calls == 0), p.counted > 0 && !p.glances:
			p.row = 0
		case p.hash != p.last || p.row == 0:
			p.row = 1
		default:
			p.row += wt.w.times
			x := wt.onThread(s, IncNoProgress, "", at, 0, p.row > 1+wt.w.times)
			if x.pub.What == "" {
				x.pub.What = wt.describeOps(s, p.ops[:min(p.calls, len(p.ops))])
			}
			x.pub.Every = p.row+2 >= p.turns // the first is not whole, and what it is about is known only behind it
			x.pub.Counters = p.counted > 0
			x.pub.Naps = s.watch.naps
			if p.row >= fewTurns {
				s.wanted = true
			}
		}
		p.last, p.others = p.hash, others
	}
	p.began = true
	p.hash, p.told, p.calls, p.counted, p.moved, p.glances = 0, 0, 0, 0, false, true
}

// fewTurns is from how many equal turns on a short text says anything.
const fewTurns = 3

// restful is how long a wait that expires, or a sleep, must be at least to be a rest and not a part of a spin, ns.
const restful = 1_000_000

// expired looks at a wait that brought nothing.
func (wt *watcher) expired(s *stream, e *trace.Event) {
	if e.Mask != 0 || e.Errno != 0 || e.B <= 0 {
		return
	}
	if e.B >= restful {
		s.watch.naps += wt.w.times
	}
	wt.idled(s, e.Start(), e.Time, e.B)
}

// dozed looks at a sleep.
func (wt *watcher) dozed(s *stream, e *trace.Event) {
	if e.A >= restful || e.Dur >= restful {
		s.watch.naps += wt.w.times
	}
}

// idled counts a wakeup by nothing but a timeout.
func (wt *watcher) idled(s *stream, from, at, asked int64) {
	w := &s.watch.progress.idle
	if w.n == 0 {
		w.from = from
	}
	w.n += wt.w.times
	w.asked += asked * wt.w.times
	x := wt.incident(&s.inc, IncIdle, "")
	p := &x.pub
	if p.N == 0 {
		p.First = from
	}
	p.N += wt.w.times
	p.Last = max(p.Last, at)
	p.Stream = s.id
	p.Sum += asked * wt.w.times
	span := at - w.from
	if !wt.timed || wt.info.Derived {
		span = max(span, w.asked) // it is known from nothing else
	}
	// The row that is worst is the one with the most wakeups in a second, of those that last; before one has lasted, the longest.
	if span > 0 && (p.RunTime < second && span >= p.RunTime || span >= second && w.n*1000/(span/1000+1) >= p.Run*1000/(p.RunTime/1000+1)) {
		p.Run, p.RunTime, p.Amount = w.n, span, w.asked/w.n
	}
	now := gapsOf(s.who.Table).progress
	if p.N == wt.w.times {
		s.watch.progress.base = now
	}
	p.Every = !s.watch.progress.any && s.watch.progress.base == now
	s.wanted = true
}

const second = 1_000_000_000

// describeOps names calls with their results, as strace would: "recvfrom(9) = EAGAIN, write(4) = 8".
func (wt *watcher) describeOps(s *stream, ops []trace.Event) string {
	var b strings.Builder
	for i := range ops {
		e := &ops[i]
		if i > 0 {
			b.WriteString(", ")
		}
		name := wt.describeCall(s, e)
		if name == "" {
			name = strings.ToLower(e.Kind.String())
		}
		fmt.Fprintf(&b, "%s(%d) = ", name, e.FD)
		switch {
		case e.Errno != 0:
			b.WriteString(cmp.Or(trace.ErrnoName(e.Errno), "error "+strconv.Itoa(int(e.Errno))))
		case e.Kind == trace.Accept:
			fmt.Fprint(&b, e.A)
		default:
			fmt.Fprint(&b, e.B)
		}
	}
	return b.String()
}

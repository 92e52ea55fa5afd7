package timeline

import (
	"slices"

	"evviz/trace"
	"evviz/world"
)

// Registrations that lie before the events
//
// A log that begins in the middle of a run has events of registrations that nobody has told of (world.Basis). Which descriptor such an
// event means follows from the calls behind it: what a thread reads right after a wakeup that brought one event is what the event was
// about. Until that is known nothing may be said of it that a call on another number could refute: such calls are strays, and counted
// for the whole table, because another thread may act on what one was told of.

// maxGuesses bounds how many events of a wakeup are remembered so; a batch of more is no evidence of anything.
const maxGuesses = 64

// suspects is how often a call that is not of the direction of an event must follow it, alone, to be its answer.
const suspects = 3

// strays are calls of a table on descriptors that are not known to be registered.
type strays struct{ in, out uint32 }

// guessed remembers an event whose number is not certain.
func (s *stream) guessed(r *reg) {
	if len(s.batch) < maxGuesses {
		s.batch = append(s.batch, r)
	}
	if r.Basis != world.NumberTold && len(s.guesses) < maxGuesses && !slices.Contains(s.guesses, r) {
		s.guesses = append(s.guesses, r)
	}
}

// attribute is called with a call on a descriptor before its lane is looked up: it may be what an event of this wakeup was about.
func (t *Timeline) attribute(s *stream, e *trace.Event) {
	if len(s.guesses) == 0 || e.FD < 0 || e.Errno == eBADF {
		return
	}
	var one *reg
	n := 0
	for i, g := range s.guesses {
		if g.Dead || g.Basis == world.NumberTold {
			continue
		}
		if g.FD == e.FD {
			t.who.Confirm(s.who, g.Registration, e.Time)
			t.lanes.touch(g.lane)
			s.guesses = slices.Delete(s.guesses, i, i+1)
			return
		}
		one = g
		n++
	}
	// Data that could be a descriptor go before every other number: only what has none is given one.
	if n != 1 || s.watch.reports != 1 || one.Basis != world.NumberUnknown || e.FD < 3 {
		return
	}
	if number := s.who.Table.At(e.FD); number != nil && number.File != nil {
		f := number.File
		if len(f.Regs) > 0 || f.Type == trace.TypeOther || f.Opened != 0 && f.Opened >= s.watch.wokeAt {
			return // it is registered and has events of its own, or nothing that is registered, or was opened since
		}
	}
	if !fitting(one.rep.mask, e) {
		// A handler that reads when there is room to write: often enough, and alone, it is the answer all the same.
		if e.Kind != trace.Read || one.suspect == e.FD && one.suspectWake == s.wakeNo {
			return
		}
		if one.suspect != e.FD {
			one.suspect, one.suspected = e.FD, 0
		}
		one.suspectWake = s.wakeNo
		if one.suspected++; one.suspected < suspects {
			return
		}
	}
	if t.who.Bind(s.who, one.Registration, e.FD, e.Time) {
		s.guesses = s.guesses[:0]
	}
}

// fitting says whether a call can be the answer to an event.
func fitting(mask uint32, e *trace.Event) bool {
	switch e.Kind {
	case trace.Sys:
		return true
	case trace.Write, trace.Connect:
		return mask&bitOut != 0
	case trace.Accept:
		return mask&bitsIn != 0
	}
	return mask&(bitsIn|bitRdHup|bitErr|bitHup) != 0 && (moved(e) || e.Errno != 0 || e.B == 0)
}

// moved says whether a call has moved bytes, or brought a connection.
func moved(e *trace.Event) bool {
	switch e.Kind {
	case trace.Accept:
		return e.Errno == 0 && e.A >= 0
	case trace.Read, trace.Write:
		return e.Errno == 0 && e.B > 0
	}
	return false
}

// strayed counts a call on a descriptor that is not known to be registered, or only by a guess: it may have been on what an event of
// unknown number was about.
func (ls *laneSet) strayed(l *laneB, e *trace.Event) {
	if e.FD >= 0 && e.FD < 3 || l.pub.Type == trace.TypeOther {
		return // a message to a terminal, a file
	}
	for _, r := range l.regs {
		if r.Certain() && !r.inst.set() {
			return
		}
	}
	if e.Kind == trace.Write {
		if moved(e) {
			l.gaps.strays.out++
			if l.pub.Kind == KindWake {
				l.gaps.strays.in++ // it has news now
			}
		}
		return
	}
	if moved(e) || e.Errno == eAGAIN || e.Errno == 0 && e.B == 0 {
		l.gaps.strays.in++
	}
}

// refuted says of a registration whose number is not certain that it may have been acted on since it was reported last, by a call
// on another number. A hang-up stays whatever is read.
func (r *reg) refuted(s *stream, mask uint32) bool {
	if r.Certain() {
		return false
	}
	now := gapsOf(s.who.Table).strays
	was := r.strays
	r.strays = now
	if mask&r.last&(bitErr|bitHup) != 0 {
		return false
	}
	return mask&bitsIn != 0 && now.in != was.in || mask&bitOut != 0 && now.out != was.out
}

// level says whether a registration reports what lasts again and again: it is level-triggered, or what it is is not known, and then its
// events tell (repeated).
func (r *reg) level() bool { return r.trigger == trace.TriggerLevel || r.trigger == trace.TriggerNone }

// absorb makes one lane of two that turned out to be the same: what happened on the one that was known by its registration alone goes to
// the other.
func (ls *laneSet) absorb(l, was *laneB, at int64) {
	for _, x := range was.watch.inc {
		have := false
		for _, y := range l.watch.inc {
			have = have || y.pub.Kind == x.pub.Kind && y.pub.Call == x.pub.Call
		}
		if !have {
			l.watch.inc = append(l.watch.inc, x)
		}
	}
	l.watch.row, l.watch.got = was.watch.row, was.watch.got
	for m, n := range was.pub.Stats.Counts {
		l.pub.Stats.Counts[m] += n
	}
	for c, n := range was.pub.Stats.Class {
		l.pub.Stats.Class[c] += n
	}
	if since := was.since; since != 0 {
		ls.closeBar(was, at)
		ls.openBar(l, since, since)
	}
	l.reported = l.reported || was.reported
	ls.touch(l)
}

// vanish drops a lane that was known by its registration alone and turned out to be another one's.
func (ls *laneSet) vanish(l *laneB) {
	l.dead = true
	l.marks.drop()
	ls.all = slices.DeleteFunc(ls.all, func(o *laneB) bool { return o == l })
	ls.dirty = slices.DeleteFunc(ls.dirty, func(o *laneB) bool { return o == l })
	ls.allDirty = true
}

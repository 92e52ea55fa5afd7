package trace

// Repeats: a spin is written once and counted
//
// A loop that comes back to its wait a million times a second and achieves nothing would fill every buffer with the same few
// events. Its producer writes an iteration in full and then one Repeat, which says how often the same came again. Only
// iterations without progress are counted so: no byte was moved, nothing accepted, opened, closed or registered, no timer or
// task ran. A client and a server that play ping-pong make equal iterations, too, but they work.

// MaxRepeated is how many events an iteration that is repeated may have.
const MaxRepeated = 1024

// Repeats is a Repeat, read: the Of events before it in its stream came N times more.
type Repeats struct {
	Of      int   // events; they are one iteration, or a whole number of them
	N       int64 // times
	Span    int64 // ns, from the end of the iteration in full to the end of the last repeated one
	Waited  int64 // ns, inside waits and sleeps, all N together
	Longest int64 // ns, the longest iteration from end to end
}

// maxTimes is how often an iteration may be repeated by one Repeat, which is one of 1 ns.
const maxTimes = repeatAge + longIteration

// RepeatOf reads an event of kind Repeat. A damaged one that says more than can be has as many times as can be.
func RepeatOf(e *Event) Repeats {
	return Repeats{Of: int(e.Aux), N: min(e.A, maxTimes), Span: e.Dur, Waited: e.B, Longest: int64(e.Mask)}
}

// put is the inverse of RepeatOf, but for the time, which is the end of the last iteration.
func (r Repeats) put(e *Event) {
	e.Kind, e.Phase = Repeat, PhaseComplete
	e.Aux, e.A, e.Dur, e.B, e.Mask = uint32(r.Of), r.N, r.Span, r.Waited, uint32(r.Longest)
}

// idle are the kinds that an iteration without progress may consist of, if they brought nothing.
var idle = Kinds(Wait, Sleep, Round, Ready, Renotify, Call, Accept, Read, Write, Sys, Lock, Unread)

// Idle reports whether an event is no progress: it may be part of an iteration that is repeated.
func (e *Event) Idle() bool {
	if !idle.Has(e.Kind) {
		return false
	}
	switch e.Kind {
	case Read, Write:
		return e.B <= 0
	case Accept:
		return e.A < 0 || e.Phase.Base() == PhaseEnter
	case Round:
		return e.B == 0
	case Call:
		what := e.Aux & 0xff
		return what != HandlerTimer && what != HandlerTask
	}
	return true
}

// same reports whether two events differ in nothing but when they were and how long it took: a timeout that is shorter each time
// because a timer comes nearer is the same timeout, and rounds are numbered.
func same(a, b *Event) bool {
	if a.Kind != b.Kind || a.Phase != b.Phase || a.FD != b.FD || a.Mask != b.Mask || a.Inst != b.Inst || a.Gen != b.Gen || a.Errno != b.Errno || a.Stream != b.Stream {
		return false
	}
	switch a.Kind {
	case Wait:
		return a.Aux == b.Aux && sameLimit(a.A, b.A) && sameLimit(a.B, b.B)
	case Sleep:
		return a.Aux == b.Aux && sameLimit(a.A, b.A)
	case Round:
		return a.A == b.A && a.B == b.B
	}
	return a.Aux == b.Aux && a.A == b.A && a.B == b.B
}

// sameLimit reports whether two timeouts are both for ever, both 0, or both something else.
func sameLimit(a, b int64) bool { return (a < 0) == (b < 0) && (a == 0) == (b == 0) }

// rested is how long the call that ends with this event has waited, ns: 0 for all that is no wait.
func (e *Event) rested() int64 {
	if e.Kind == Wait || e.Kind == Sleep {
		return e.Dur
	}
	return 0
}

// When iterations are folded.
const (
	repeatFrom    = 8          // from so many equal ones on
	longIteration = int64(1e6) // ns; so long a one is written in full: a spin has 1,000 a second and more
	repeatAge     = int64(10e6)
)

// fold counts iterations that repeat the one before. It is used by whoever writes a stream: Turn at each point at which an
// iteration ends.
type fold struct {
	of      int // events of the template, and so of each repeated iteration
	n       int64
	begin   int64 // end of the template
	last    int64 // end of the newest repeated iteration
	waited  int64
	longest int64
}

// takes counts an iteration, if it may be counted: it is the template again, and was not long.
func (f *fold) takes(template, it []Event) bool {
	if len(it) != f.of || len(it) == 0 {
		return false
	}
	end := it[len(it)-1].Time
	if end-f.last > longIteration {
		return false
	}
	var waited int64
	for i := range it {
		if !same(&template[i], &it[i]) {
			return false
		}
		waited += it[i].rested()
	}
	f.longest = max(f.longest, end-f.last)
	f.n, f.last, f.waited = f.n+1, end, f.waited+waited
	return true
}

func (f *fold) repeats() Repeats {
	return Repeats{Of: f.of, N: f.n, Span: f.last - f.begin, Waited: min(f.waited, f.last-f.begin), Longest: f.longest}
}

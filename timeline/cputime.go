package timeline

import (
	"slices"

	"evviz/trace"
)

// CPU time and pauses
//
// Between two calls that take long a thread computes, or has no CPU, is stopped, or waits for a page: a log of calls shows the same of each. A
// program that asks for the CPU time that it has used says which, for the time between two answers. The clock of the thread says both; that of the
// whole process says that a thread has not computed, and that it has where it is the only one.

// cpuSpan is the time between two answers.
type cpuSpan struct {
	from, to int64
	used     int64 // CPU time in it, ns
	fuzz     int64 // ... give or take
	of       uint32
}

// cpuTime is what is known of a thread's CPU time.
type cpuTime struct {
	last  [3]trace.Event // the newest answer of each clock
	spans []cpuSpan
	open  []pause // of which nothing is known yet
}

// pause is a time away from a wait that no call explains.
type pause struct {
	list     *incidents
	from, to int64
	gap      int64
	lone     bool
	amount   int64
}

const (
	maxSpans  = 8
	maxPauses = 16
	cpuTick   = 20_000_000 // two answers in ticks of 10 ms are so far off
)

// Calls of an IncBlocked or IncBehind that no system call explains, and of which the program's own questions tell whether it was computing.
const (
	Computing        = "computing"
	ComputingProcess = "computing, the process" // some thread of the process was
	NotComputing     = "not computing"
)

// used takes an answer.
func (wt *watcher) used(s *stream, e *trace.Event) {
	u := trace.UsageOf(e)
	x, of := &s.watch.cpu, uint32(u.Of())
	if wt.exact || of >= uint32(len(x.last)) {
		return
	}
	was := x.last[of]
	x.last[of] = *e
	if n := u.User() + u.System() - was.A - was.B; was.Kind == trace.Usage && n >= 0 && e.Time > was.Time {
		if len(x.spans) >= maxSpans {
			x.spans = slices.Delete(x.spans, 0, 1)
		}
		span := cpuSpan{from: was.Time, to: e.Time, used: n, of: of}
		if of == trace.UsageTicks {
			span.fuzz = cpuTick
		}
		x.spans = append(x.spans, span)
	}
	for _, p := range x.open {
		wt.resolve(s, p)
	}
	x.open = x.open[:0]
}

// computed says whether a thread computed during most of a time in which it made no call that explains it, or hardly at all; "" nobody knows.
func (x *cpuTime) computed(from, to int64) string {
	for _, whole := range [2]bool{false, true} {
		covered, most, least := int64(0), int64(0), int64(0)
		for _, c := range x.spans {
			o := min(to, c.to) - max(from, c.from)
			if o <= 0 || (c.of != trace.UsageThread) != whole {
				continue
			}
			covered += o
			most += min(o, c.used+c.fuzz)
			least += max(0, c.used-c.fuzz-(c.to-c.from-o))
		}
		d := to - from
		switch {
		case 2*covered < d:
		case 4*(most+d-covered) < d:
			return NotComputing
		case 2*least > d && whole:
			return ComputingProcess
		case 2*least > d:
			return Computing
		}
	}
	return ""
}

// resolve says of a pause that was noted as unexplained what is known of it now.
func (wt *watcher) resolve(s *stream, p pause) {
	call := s.watch.cpu.computed(p.from, p.to)
	if call == "" {
		return
	}
	if x := wt.incident(p.list, IncBlocked, ""); x.retracts(p.from, p.gap) {
		if x.pub.N == 0 {
			*p.list = slices.DeleteFunc(*p.list, func(o *incident) bool { return o == x })
		}
		y := wt.incident(p.list, IncBlocked, call)
		y.happened(s, p.from, p.gap, true, false)
		y.pub.Lone, y.pub.Amount = p.lone, max(y.pub.Amount, p.amount)
	}
}

// retracts takes back one of its moments; false when it is not kept.
func (x *incident) retracts(at, v int64) bool {
	p := &x.pub
	i := slices.Index(p.Moments, Moment{at, v})
	if i < 0 {
		return false
	}
	kept := make([]Moment, 0, len(p.Moments)-1) // snapshots have the old list
	p.Moments = append(append(kept, p.Moments[:i]...), p.Moments[i+1:]...)
	p.N, p.Sum, p.Most = p.N-1, p.Sum-v, 0
	for _, m := range p.Moments {
		p.Most = max(p.Most, m.V)
	}
	if len(p.Moments) > 0 {
		p.First, p.Last = p.Moments[0].At, max(p.Moments[len(p.Moments)-1].At, p.Moments[0].At)
	}
	return true
}

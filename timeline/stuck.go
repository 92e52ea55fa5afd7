package timeline

import (
	"cmp"
	"slices"

	"evviz/trace"
	"evviz/world"
)

// Stuck is a thread that is in a call which has begun and not come back.
type Stuck struct {
	Loop    *LoopLane
	Kind    trace.Kind
	Call    string  // as strace would name it
	FD      int32   // -1 none
	Lane    int64   // Lane.ID of its descriptor, 0 none
	Since   int64   // ns
	Timeout int64   // of a wait, ns; -1 for ever
	Set     []int32 // descriptors that poll or select was passed, the first few
	Calls   int64   // that the thread has made before, as far as is seen
	Waiting int64   // other descriptors of its table with unread data
	Longest int64   // ... and since when the first of them has, ns ago
}

// maxSetShown bounds Stuck.Set.
const maxSetShown = 8

// holding are the kinds of calls that may hold a thread.
var holding = trace.Kinds(trace.Wait, trace.Sleep, trace.Read, trace.Write, trace.Accept, trace.Connect, trace.Sys, trace.Lock)

// goesIn notes that a thread has begun a call, or gone on.
func (s *stream) goesIn(e *trace.Event) {
	if e.Phase.Base() == trace.PhaseEnter && holding.Has(e.Kind) {
		s.inside, s.isIn = *e, true
		return
	}
	s.isIn = false
	s.made++
}

// stuck finds the threads that are in a call now. They get lanes, as do those that something else is to be said of.
func (t *Timeline) stuck() (out []*stream) {
	for _, s := range t.streams {
		if s != nil && s.wanted {
			t.loopOf(s)
		}
		if s == nil || !s.isIn || s.observed() || s.who.Ended() {
			continue
		}
		if s.inside.Kind == trace.Wait && s.made > 0 || s.inside.Kind == trace.Sleep || s.inside.Kind == trace.Lock || s.inside.Kind == trace.Accept {
			continue // its loop's own rest
		}
		t.loopOf(s)
		out = append(out, s)
	}
	return out
}

func (t *Timeline) publishStuck(streams []*stream, loops []*LoopLane, now int64) (out []Stuck) {
	for _, s := range streams {
		e := &s.inside
		x := Stuck{Kind: e.Kind, Call: t.watch.describeCall(s, e), FD: -1, Since: e.Time, Timeout: -1, Calls: s.made}
		for _, lp := range loops {
			if lp.Stream == s.id {
				x.Loop = lp
				lp.Stuck, lp.StuckAt = x.Call, x.Since
			}
		}
		switch e.Kind {
		case trace.Wait:
			x.Timeout = e.A
			// As it was when the wait began: the thread may have got another table since, in which nobody knows of the instance.
			if in := s.waitOn; in != nil && in.set() {
				fds := in.members()
				x.Set = fds[:min(len(fds), maxSetShown)]
			} else if in != nil && in.lane != nil {
				x.FD = in.lane.pub.FD
			}
		default:
			if x.FD = e.FD; e.FD >= 0 {
				if l, old := t.lanes.find(s, e, false); l != nil && !old {
					x.Lane = l.pub.ID
				}
			}
		}
		for _, l := range t.lanes.pending {
			if l.pub.ID != x.Lane && l.file.Table == s.who.Table {
				x.Waiting++
				x.Longest = max(x.Longest, now-l.since)
			}
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Stuck) int { return cmp.Compare(a.Since, b.Since) })
	return out
}

// members are the numbers that a set has.
func (in *instance) members() (fds []int32) {
	for _, r := range in.who.Registrations() {
		fds = append(fds, r.FD)
	}
	return fds
}

// threads is how many threads of each descriptor table are seen.
func (t *Timeline) threads() map[*world.Table]int {
	n := map[*world.Table]int{}
	for _, s := range t.streams {
		if s != nil && s.events > 0 && !s.observed() {
			n[s.who.Table]++
		}
	}
	return n
}

// held is called with a call that has kept a thread which waits for readiness nowhere, where the source knows what is unread: it notes
// when others had unread data, or connections, meanwhile.
func (t *Timeline) held(s *stream, e *trace.Event) {
	if !t.exact || e.Phase.Base() != trace.PhaseExit || e.Dur < t.limits.BlockedCall || s.watch.returned > 0 {
		return
	}
	own, _ := t.lanes.find(s, e, false)
	worst := int64(0)
	for _, l := range t.lanes.pending {
		if l != own && l.file.Table == s.who.Table {
			worst = max(worst, e.Time-max(l.since, e.Start()))
		}
	}
	if worst == 0 {
		return
	}
	x := t.watch.incident(&s.inc, IncStuck, t.watch.describeCall(s, e))
	x.happened(s, e.Time, e.Dur, true, false)
	x.pub.Worst = max(x.pub.Worst, worst)
}

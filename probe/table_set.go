package probe

import (
	"cmp"
	"slices"

	"evviz/trace"
)

// poll and select pass their set with every call. As in the lab, what differs from the set of the thread's last call is told
// ahead of the wait as Register, Modify and Deregister on the thread's pseudo-instance, marked diff, and the program attached
// nothing to a descriptor, so its own number stands for that.

// member is a descriptor of the set that a thread passed last.
type member struct {
	PollFD
	use uint32 // which use of the number: it may be another file by now
}

// waitsSet is an entry for poll and select; size is the argument that says how large the set is.
func waitsSet(name string, call uint32, size int, timeout func(c *Call) int64) entry {
	return entry{name: name, kind: trace.Wait, call: call, fd: -1, blocks: true,
		may: func(_ *thread, c *Call) bool { return timeout(c) != 0 },
		args: func(th *thread, e *trace.Event, c *Call) {
			e.Inst = trace.SetInstance(th.tid)
			e.A = timeout(c)
			e.B = e.A
			if most := c.Args[size]; most < 1<<24 {
				e.Aux |= uint32(most) << 8
				switch {
				case !c.SetCut:
					e.Gen = uint32(len(th.set)) + 1
				case size == 1:
					e.Gen = uint32(most) + 1 // all that were passed, although not all of them were printed
				}
			}
		},
		result: func(_ *thread, e *trace.Event, c *Call) {
			if c.Errno == 0 {
				e.Mask = uint32(c.Ret)
				if size == 0 { // descriptors; select's own number counts bits
					e.Mask = uint32(len(c.Got))
				}
			}
		},
		after: (*Emitter).setReports}
}

// differences tells how the set of a call differs from that of the thread's last one.
func (em *Emitter) differences(th *thread, c *Call, at int64) {
	next := th.spare[:0]
	for _, p := range c.Set {
		if p.FD >= 0 { // others are ignored by poll
			next = append(next, member{p, th.uses(p.FD)})
		}
	}
	byFD := func(a, b member) int { return cmp.Compare(a.FD, b.FD) }
	if !slices.IsSortedFunc(next, byFD) {
		slices.SortFunc(next, byFD)
	}
	n := 0
	for _, m := range next { // a descriptor may stand there twice
		if n > 0 && next[n-1].FD == m.FD {
			next[n-1].Events |= m.Events
			continue
		}
		next[n] = m
		n++
	}
	next = next[:n]
	last := th.set
	if slices.Equal(last, next) {
		th.spare = next
		return
	}
	at = max(at, th.last)
	tell := func(kind trace.Kind, m member) {
		e := trace.Event{Kind: kind, Time: at, Inst: trace.SetInstance(th.tid), FD: m.FD, Aux: trace.InterestDiff}
		if kind != trace.Deregister {
			e.Mask, e.A = m.Events, int64(m.FD)
		}
		em.tell(th, e)
	}
	var kept []member
	j := 0
	for _, m := range last {
		for j < len(next) && next[j].FD < m.FD {
			j++
		}
		here := j < len(next) && next[j].FD == m.FD
		if !here && c.SetCut {
			kept = append(kept, m) // it may be among those that were not printed
			continue
		}
		if !here || next[j].use != m.use {
			tell(trace.Deregister, m)
		}
	}
	j = 0
	for _, m := range next {
		for j < len(last) && last[j].FD < m.FD {
			j++
		}
		switch {
		case j == len(last) || last[j].FD != m.FD || last[j].use != m.use:
			tell(trace.Register, m)
		case last[j].Events != m.Events:
			tell(trace.Modify, m)
		}
	}
	for i := range next { // those that were unknown are known by now
		next[i].use = th.uses(next[i].FD)
	}
	if len(kept) > 0 {
		next = append(next, kept...)
		slices.SortFunc(next, byFD)
		next = next[:min(len(next), maxSet)]
	}
	th.set, th.spare = next, last
	em.sets += cap(th.set) - th.setRoom
	th.setRoom = cap(th.set)
}

// maxSet bounds what is remembered of a set that was never printed whole; maxSets what all threads remember together.
const (
	maxSet  = 1 << 16
	maxSets = 1 << 21
)

// setReports tells which descriptors of the set a call reported.
func (em *Emitter) setReports(th *thread, c *Call) {
	inst := trace.SetInstance(th.tid)
	bits := int64(0)
	for _, r := range c.Got {
		em.tell(th, trace.Event{Kind: trace.Ready, Time: th.last, Inst: inst, FD: r.FD, Mask: r.Events, A: int64(r.FD)})
		if c.Sys == SysSelect || c.Sys == SysPselect6 {
			for m := r.Events; m != 0; m &= m - 1 {
				bits++
			}
		} else {
			bits++
		}
	}
	if missing := c.Ret - bits; missing > 0 {
		em.tell(th, trace.Event{Kind: trace.Lost, Time: th.last, A: missing})
	}
}

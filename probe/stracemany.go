package probe

import (
	"cmp"
	"container/heap"
	"math"

	"evviz/trace"
)

// strace -ff writes a file for each thread. They are read side by side, always the line that is oldest. In such a file a call
// stands in one line, at the time when it began, however long it lasted: so where another thread has something to say before
// it was over, it is told in two parts, as strace -f would have.

// advance reads an input's next line and puts it among the others.
func (r *straceReader) advance(n *input) {
	for {
		r.where = n
		raw, clean, ok := r.fetch(n)
		if !ok {
			r.finish(n)
			return
		}
		l := &n.l
		if l.what == isCall && !l.whole && !r.endless(raw, l) {
			r.odd(raw)
			continue
		}
		switch l.what {
		case isUnknown:
			if !r.strange(raw) {
				r.odd(raw)
			}
			continue
		case isNothing:
			continue
		}
		n.raw, n.at = clean, math.MinInt64
		if l.stamp.kind != stampNone && l.what != isRest {
			n.at = n.clock.at(l.stamp)
		}
		heap.Push((*byTime)(&r.in), n)
		return
	}
}

// stepMany reads the oldest line, or ends the call that ended before it.
func (r *straceReader) stepMany() bool {
	for len(r.later) > 0 && (len(r.in) == 0 || r.later[0].at <= r.in[0].at) {
		x := heap.Pop((*endings)(&r.later)).(ending)
		if x.t.ending && x.t.begunAt == x.start {
			r.where, r.clock = x.of, x.of.clock
			r.over(x.t)
			return true
		}
	}
	if len(r.in) == 0 {
		if r.ended {
			return false
		}
		r.ended = true
		r.end()
		return false
	}
	n := heap.Pop((*byTime)(&r.in)).(*input)
	r.where, r.clock, r.alone = n, n.clock, n.alone
	if n.at == math.MinInt64 {
		n.at = r.shared.at(n.l.stamp) // without times one file is read after the other
		r.clock = &r.shared
	}
	took := n.took()
	if n.l.what == isCall && n.l.sys != SysOther && took > 0 && r.clock.timed() && len(r.in) > 0 && n.at+took > r.in[0].at {
		r.twice(n, n.at+took)
	} else {
		r.line(n.raw, n.raw, &n.l, n.at)
	}
	r.advance(n)
	return true
}

// took is how long the call of the waiting line lasted, 0 when the line does not say.
func (n *input) took() int64 {
	_, took := cutTook(n.l.body)
	return max(took, 0)
}

// twice tells that a call began and keeps its line for when it was over.
func (r *straceReader) twice(n *input, end int64) {
	if len(n.l.body) > maxBegun || r.begun+len(n.l.body) > maxAllBegun {
		r.line(n.raw, n.raw, &n.l, n.at)
		return
	}
	l := n.l
	l.what = isBegun
	r.line(n.raw, n.raw, &l, n.at)
	if t := r.recent; t != nil && t.open && t.begunAt == n.at {
		t.ending = true
		heap.Push((*endings)(&r.later), ending{end, n.at, t, n})
	}
}

// over ends a call whose line was kept.
func (r *straceReader) over(t *tracee) {
	start := t.begunAt
	if text := t.join(r, "", nil); !r.call(t, t.sys, t.name, text, start, -1, trace.PhaseExit) {
		r.odd(text)
	}
}

// ending is the end of a call whose line has been read.
type ending struct {
	at, start int64
	t         *tracee
	of        *input
}

// byTime orders inputs by their waiting lines.
type byTime []*input

func (h byTime) Len() int { return len(h) }
func (h byTime) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].at, h[j].at), cmp.Compare(h[i].alone, h[j].alone)) < 0
}
func (h byTime) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *byTime) Push(x any)   { *h = append(*h, x.(*input)) }
func (h *byTime) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

type endings []ending

func (h endings) Len() int           { return len(h) }
func (h endings) Less(i, j int) bool { return h[i].at < h[j].at }
func (h endings) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *endings) Push(x any)        { *h = append(*h, x.(ending)) }
func (h *endings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

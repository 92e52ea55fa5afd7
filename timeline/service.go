package timeline

import (
	"slices"
	"sort"
)

// What a lane is busy with, besides what is unread
//
//   - A request is in service from the first read that is not answered to the first write after it. Of a program that never writes
//     nothing is in service: it does not answer. Nor is anything on a pipe, or a pair of sockets to which this end has never written.
//   - Output waits to be sent from a write that took less than it was given, or nothing (EAGAIN), to the one that takes all; and where the source says how
//     much the program still holds, for as long as that is more than nothing.
//
// Both end with the lane, and with a gap in the events.

// Span is a stretch of time on a lane.
type Span struct {
	From, To int64
	Open     bool // it goes on at To, which is the present
}

// Took is how long it lasted so far.
func (x Span) Took() int64 { return x.To - x.From }

// InService are the times within [t0, t1) at which a request was in service, whole, the oldest first.
func (l *Lane) InService(t0, t1 int64) []Span { return l.service.spansIn(t0, t1) }

// UnsentOutput are the times within [t0, t1) at which output waited to be sent, whole, the oldest first.
func (l *Lane) UnsentOutput(t0, t1 int64) []Span { return l.output.spansIn(t0, t1) }

// Shares are the parts of a cell's time in which a request was in service and output waited to be sent.
type Shares struct{ Service, Unsent float32 }

// AppendShares draws [t0, t1) in n cells of equal width. The cost follows n, not the number of spans.
func (l *Lane) AppendShares(dst []Shares, t0, t1 int64, n int) []Shares {
	if n <= 0 || t1 <= t0 {
		return dst
	}
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	l.fillShares(dst[at:], t0, t1, n, 0)
	return dst
}

// fillShares computes the shares of [t0, t1), in n cells, from one of them on.
func (l *Lane) fillShares(cells []Shares, t0, t1 int64, n, from int) {
	if from >= n {
		return
	}
	cells = cells[from:]
	clear(cells)
	t0, all := edge(t0, t1, from, n), t0
	for k, v := range [...]*barView{&l.service, &l.output} {
		if v.len() == 0 && len(v.points) == 0 {
			continue
		}
		before, begin := v.cover(t0), t0
		if v.cover(t1) == before {
			continue
		}
		next := sort.Search(v.len(), func(i int) bool { return v.at(i).start >= t0 })
		for i := range cells {
			end := edge(all, t1, from+i+1, n)
			to := before
			if next = v.after(next, end); next > 0 {
				x := v.at(next - 1)
				to = x.before + min(end, x.end) - x.start
			} else {
				to = v.cover(end)
			}
			share := float32(float64(to-before) / float64(max(end-begin, 1)))
			begin = end
			if before = to; k == 0 {
				cells[i].Service = share
			} else {
				cells[i].Unsent = share
			}
		}
	}
}

// InServiceAt is since when a request was in service at a moment; ok is false when none was.
func (l *Lane) InServiceAt(t int64) (since int64, ok bool) {
	if x := l.service.lastIn(t, t+1); x != nil {
		return x.start, true
	}
	return 0, false
}

// spansIn are the spans that touch [t0, t1).
func (v *barView) spansIn(t0, t1 int64) (out []Span) {
	n := v.len()
	i := sort.Search(n, func(i int) bool { return v.at(i).end > t0 })
	for ; i < n && v.at(i).start < t1; i++ {
		x := v.at(i)
		out = append(out, Span{x.start, x.end, i >= len(v.spans)})
	}
	return out
}

// busyWith is the writer's side.
type busyWith struct {
	service   barStore // requests in service
	output    barStore // output that waited to be sent,
	heldSince int64    // ... and waits; 0 none does
}

func (l *laneB) isBusy() *busyWith {
	if l.busy == nil {
		l.busy = new(busyWith)
	}
	return l.busy
}

// answered ends the service of a request.
func (ls *laneSet) answered(l *laneB, at int64) {
	if since := l.pair.read; since != 0 && !ls.lean && ls.stats.BytesOut > 0 {
		x := l.isBusy()
		ls.noteSpansOf(&x.service, x.service.put(since, at, since, false))
		ls.touch(l)
	}
	l.pair.read = 0
}

// holds notes that output waits to be sent from a moment on, or that none does.
func (ls *laneSet) holds(l *laneB, at int64, output bool) {
	x := l.busy
	switch {
	case ls.lean:
	case output && (x == nil || x.heldSince == 0):
		l.isBusy().heldSince = max(at, 1)
	case !output && x != nil && x.heldSince != 0:
		ls.noteSpansOf(&x.output, x.output.put(x.heldSince, at, x.heldSince, false))
		x.heldSince = 0
		ls.touch(l)
	}
}

// endService ends what a lane is busy with: it is over, or events are missing.
func (ls *laneSet) endService(l *laneB, at int64) {
	ls.answered(l, at)
	ls.holds(l, at, false)
}

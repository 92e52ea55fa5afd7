package timeline

import "sort"

// The bar: a lane is covered while data waits for the program.
//
//   - It opens at the arrival (start of Arrive, or Queue with somebody waiting), or, when nobody saw one, at the first
//     report that says readable. An arrival with nothing left to read opens nothing: the loop was faster than the observer.
//   - New arrivals while it is open do not restart it: its length is the longest delay in it.
//   - It closes at the read that drains (short read on a byte stream, EAGAIN, 0, nothing left, error), at the accept that
//     finds the queue empty, at close, and at a gap in the events.
//   - A full read of which nobody knows what it left keeps it open. Under level triggering the loop's going back to wait
//     closes it for the moment: if something is left the kernel says so at once, and then the bar goes on with its old age.
//   - Its part from the moment on when it was stranded is a span of its own.
//
// Spans of a lane follow each other and never overlap, so each carries the sum of those before it, and the cover of a cell
// is the difference of two sums (as in marks.go).

// span is a finished piece of a bar. since is the arrival, which is earlier than start where the bar was interrupted.
type span struct {
	start, end, since int64
	before            int64 // cover of all earlier spans
	stranded          bool
}

// coverPoint is what remains of forgotten spans.
type coverPoint struct{ t, before int64 }

// barStore belongs to the writer.
type barStore struct {
	spans  []span
	ages   ages
	points []coverPoint
	thin   thinning
	total  int64
	end    int64
	lean   bool // keep the sum alone
}

// put appends a finished piece, cut where it would overlap. It returns the growth.
func (b *barStore) put(start, end, since int64, stranded bool) int {
	if start < b.end {
		start = b.end
	}
	if end <= start {
		return 0
	}
	grown := 0
	if !b.lean {
		if n := len(b.spans); n == cap(b.spans) { // append would grow a long one by a quarter, and copy each span five times
			b.spans = append(make([]span, 0, max(2*n, 8)), b.spans...)
		}
		b.spans = append(b.spans, span{start, end, since, b.total, stranded})
		b.ages.add(b.spans)
		grown = 1
	}
	b.total += end - start
	b.end = end
	return grown
}

// trim forgets the older half, but for one point in 64.
func (b *barStore) trim() int {
	n := len(b.spans) / 2
	for i := 0; i < n; i += 64 {
		if b.thin.point() {
			b.points = thinned(&b.thin, b.points, coverPoint{b.spans[i].start, b.spans[i].before}, maxPoints)
		}
	}
	b.spans = append(make([]span, 0, len(b.spans)-n+64), b.spans[n:]...)
	b.ages = agesOf(b.spans)
	return n
}

// barView is an immutable picture of a barStore with the open piece, which ends at the snapshot.
type barView struct {
	spans  []span
	ages   ages
	points []coverPoint
	open   [2]span // at most a plain piece and a stranded one
	nopen  int
}

func (b *barStore) view(openSince, openStart, strandedAt, now int64) barView {
	v := barView{spans: b.spans, ages: b.ages, points: b.points}
	if openSince == 0 {
		return v
	}
	start := max(openStart, b.end)
	if now < start {
		now = start
	}
	cut := now
	if strandedAt != 0 {
		cut = min(max(strandedAt, start), now)
	}
	total := b.total
	if cut > start {
		v.open[v.nopen] = span{start, cut, openSince, total, false}
		total += cut - start
		v.nopen++
	}
	if strandedAt != 0 && now > cut {
		v.open[v.nopen] = span{cut, now, openSince, total, true}
		v.nopen++
	}
	return v
}

func (v *barView) len() int { return len(v.spans) + v.nopen }

func (v *barView) at(i int) *span {
	if i < len(v.spans) {
		return &v.spans[i]
	}
	return &v.open[i-len(v.spans)]
}

// cover is how long data waited before t.
func (v *barView) cover(t int64) int64 {
	n := v.len()
	i := sort.Search(n, func(i int) bool { return v.at(i).start >= t }) - 1
	if i >= 0 {
		s := v.at(i)
		return s.before + min(t, s.end) - s.start
	}
	// Older than every span that is left: between two points the cover is spread evenly.
	p := sort.Search(len(v.points), func(i int) bool { return v.points[i].t >= t })
	if p == 0 {
		return 0
	}
	a := v.points[p-1]
	var b coverPoint
	switch {
	case p < len(v.points):
		b = v.points[p]
	case n > 0:
		b = coverPoint{v.at(0).start, v.at(0).before}
	default:
		return a.before
	}
	if b.t <= a.t {
		return a.before
	}
	return a.before + int64(float64(b.before-a.before)*float64(t-a.t)/float64(b.t-a.t))
}

// after is the first span from i on that does not begin before t: a few steps when it is near, a search when it is far.
func (v *barView) after(i int, t int64) int {
	end := i + 16
	for near := v.spans[:min(end, len(v.spans))]; i < len(near) && near[i].start < t; {
		i++
	}
	n := v.len()
	if i < len(v.spans) && i < end {
		return i
	}
	return i + sort.Search(n-i, func(k int) bool { return v.at(i+k).start >= t })
}

// lastIn is the youngest span that touches [t0, t1), nil if there is none.
func (v *barView) lastIn(t0, t1 int64) *span {
	i := sort.Search(v.len(), func(i int) bool { return v.at(i).start >= t1 }) - 1
	if i < 0 {
		return nil
	}
	if s := v.at(i); s.end > t0 {
		return s
	}
	return nil
}

// longest is the longest wait that touches [t0, t1), counted from the arrival to its end or t1, whichever is first. It
// looks at the 512 youngest spans of the window.
func (v *barView) longest(t0, t1 int64) (d int64) {
	i := sort.Search(v.len(), func(i int) bool { return v.at(i).start >= t1 }) - 1
	for low := i - 512; i >= 0 && i > low; i-- {
		s := v.at(i)
		if s.end <= t0 {
			break
		}
		d = max(d, min(s.end, t1)-s.since)
	}
	return d
}

package timeline

import "math"

// Delays is a distribution of one measure, in ns. Percentiles are exact to 2 % for a run or a window and to 10 % for a lane's life; Max
// and Count are exact.
//
// What has not ended counts for as long as it has lasted so far. A figure that would be greater if that never ended is a lower bound
// (Least): "at least 6.5 s".
type Delays struct {
	Known                    bool   // false: the source, or the mechanism, cannot know it
	Why                      string // ... because
	Count                    int64  // Unfinished included
	Unfinished               int64  // how many of them have not ended
	Sum                      int64
	P50, P90, P99, P999, Max int64
	Least                    LowerBounds
	Bars                     []LatencyBar // from short to long; empty pieces are left out
}

// LowerBounds says which figures of a distribution are lower bounds, because of what has not ended.
type LowerBounds struct{ P50, P90, P99, P999, Max bool }

// Delays is the distribution of a measure over the whole run. What has not ended now counts as long as it has lasted.
func (s *Snapshot) Delays(m Measure) Delays {
	d := Delays{Why: s.unknownDelay(m)}
	if d.Known = d.Why == ""; !d.Known || m >= MeasureCount {
		return d
	}
	done, open := newSpread(), newSpread()
	for _, v := range s.delaysOf(nil) {
		v[m].addAll(done)
		if m == MeasureServed {
			v[measureNever].addAll(open)
		}
	}
	s.unfinished(nil, nil, m, s.Now+1, open.add)
	d.read(done, open)
	return d
}

// DelaysIn is the distribution over [t0, t1) of what ended in that window, and of what had not ended by t1: that counts as long as it had
// lasted by then. It is of one loop, or, with nil, of all. It costs the same for any window. Before Snapshot.DelaysHeld a window is coarser at its edges,
// and what was unfinished at its end and has ended since is not known.
func (s *Snapshot) DelaysIn(of *LoopLane, m Measure, t0, t1 int64) Delays {
	d := Delays{Why: s.unknownDelay(m)}
	if d.Known = d.Why == ""; !d.Known || m >= MeasureCount {
		return d
	}
	done, open := newSpread(), newSpread()
	for _, v := range s.delaysOf(of) {
		v[m].addWindow(t0, t1, done)
		if m == MeasureServed {
			v[measureNever].addWindow(t0, t1, open)
		}
	}
	s.unfinished(of, nil, m, t1, open.add)
	d.read(done, open)
	return d
}

// LaneDelaysIn is DelaysIn of one descriptor, as far back as delays are kept one by one.
func (s *Snapshot) LaneDelaysIn(l *Lane, m Measure, t0, t1 int64) Delays {
	d := Delays{Why: s.unknownDelay(m)}
	if m == MeasureGap {
		d.Why = gapOfLane
	}
	if d.Known = d.Why == ""; !d.Known || m >= MeasureCount {
		return d
	}
	done, open := newSpread(), newSpread()
	for _, v := range s.delaysOf(nil) {
		v[m].each(t0, t1, func(x *sample) {
			if x.lane == uint32(l.ID) {
				done.add(x.v, x.n)
			}
		})
		if m == MeasureServed {
			v[measureNever].each(t0, t1, func(x *sample) {
				if x.lane == uint32(l.ID) {
					open.add(x.v, x.n)
				}
			})
		}
	}
	s.unfinished(nil, l, m, t1, open.add)
	d.read(done, open)
	return d
}

// DelaysHeld is the moment from which on delays are kept one by one; 0: all are.
func (s *Snapshot) DelaysHeld() int64 { return s.delaysHeld }

const gapOfLane = "the gap belongs to the loop, not to a descriptor"

// Delays is the distribution of a measure over a lane's life. A loop's gap belongs to no lane.
func (l *Lane) Delays(m Measure) Delays {
	d := Delays{Known: m != MeasureGap}
	if !d.Known {
		d.Why = gapOfLane
		return d
	}
	done, open := newSpread(), newSpread()
	if l.delays != nil && m < MeasureCount && l.delays.hist[m] != nil {
		l.delays.hist[m].spread(done)
	}
	if l.delays != nil && m == MeasureServed && l.delays.hist[measureNever] != nil {
		l.delays.hist[measureNever].spread(open)
	}
	for i := range l.open {
		if x := &l.open[i]; x.m == m {
			open.add(max(l.now-x.since, 0), x.n)
		}
	}
	d.read(done, open)
	return d
}

// delaysOf are the delays of a loop, of all with nil.
func (s *Snapshot) delaysOf(of *LoopLane) []*delayView {
	if of != nil {
		if of.delays == nil {
			return nil
		}
		return []*delayView{of.delays}
	}
	return s.delays
}

// openDelay is a delay that has not ended.
type openDelay struct {
	since int64
	lane  *Lane // nil: a loop's own
	loop  uint32
	n     uint32
	m     Measure
}

// unfinished visits what of a measure had begun before t and not ended by then: of one loop, of one lane, or of all with nil.
func (s *Snapshot) unfinished(of *LoopLane, l *Lane, m Measure, t int64, visit func(age int64, n uint32)) {
	for i := range s.open {
		x := &s.open[i]
		if x.m == m && x.since < t && (of == nil || x.loop == of.Stream) && (l == nil || x.lane != nil && x.lane.ID == l.ID) {
			visit(min(t, s.Now)-x.since, x.n)
		}
	}
	if t > s.Now {
		return
	}
	take := func(age int64, x *sample) {
		if l == nil || x.lane == uint32(l.ID) {
			visit(age, x.n)
		}
	}
	for _, v := range s.delaysOf(of) {
		v[m].addUnfinished(t, take)
		if m == MeasureServed {
			v[measureNever].addUnfinished(t, take)
		}
	}
}

// measured says whether there is a sample of a measure.
func (s *Snapshot) measured(m Measure) bool {
	for _, v := range s.delays {
		if v[m].count > 0 {
			return true
		}
	}
	for i := range s.open {
		if s.open[i].m == m {
			return true
		}
	}
	return false
}

// read makes the figures of what has ended and of what has not. done is changed.
func (d *Delays) read(done, open *spread) {
	q := quantilesOf(done, open, [...]float64{0.5, 0.9, 0.99, 0.999})
	d.P50, d.P90, d.P99, d.P999 = q.v[0], q.v[1], q.v[2], q.v[3]
	d.Least = LowerBounds{q.least[0], q.least[1], q.least[2], q.least[3], q.maxLeast}
	d.Count, d.Unfinished, d.Sum, d.Max = done.count+open.count, open.count, done.sum+open.sum, q.max
	if d.Count > 0 {
		d.Bars = barsOf(done, open)
	}
}

// barsOf is the shape of a distribution.
func barsOf(done, open *spread) (bars []LatencyBar) {
	for i := min(done.low, open.low); i <= max(done.high, open.high); i++ {
		if n := int64(done.n[i]) + int64(open.n[i]); n > 0 {
			low, high := bucketRange(i, runBits)
			bars = append(bars, LatencyBar{low, high, n, int64(open.n[i])})
		}
	}
	return bars
}

// quantiles are percentiles, each with whether it is a lower bound.
type quantiles struct {
	v        [4]int64
	least    [4]bool
	max      int64
	maxLeast bool
}

// quantilesOf reads percentiles. The middle of a bucket stands for what is in it, but for the longest, which is exact. One is a lower bound when it would be in
// a longer bucket if what is unfinished never ended; the longest is one when it has not ended itself.
func quantilesOf(done, open *spread, of [4]float64) (q quantiles) {
	q.max = max(done.max, open.max)
	q.maxLeast = open.count > 0 && open.max >= done.max
	count := done.count + open.count
	if count <= 0 {
		return q
	}
	var rank [4]int64
	for i, p := range of {
		rank[i] = min(max(int64(math.Ceil(p*float64(count))), 1), count)
	}
	next, seen, ended := 0, int64(0), int64(0)
	for b := min(done.low, open.low); b <= max(done.high, open.high) && next < len(rank); b++ {
		ended += int64(done.n[b])
		seen += int64(done.n[b]) + int64(open.n[b])
		for next < len(rank) && seen >= rank[next] {
			low, high := bucketRange(b, runBits)
			q.v[next] = min((low+high-1)/2, q.max)
			q.least[next] = ended < rank[next] // else it would be in this bucket all the same
			if rank[next] == count {
				q.v[next], q.least[next] = q.max, q.maxLeast
			}
			next++
		}
	}
	return q
}

// laneHist is a histogram that holds only the buckets between its shortest and its longest sample.
type laneHist struct {
	count, sum, max int64
	low             int
	n               []uint32
}

func (h *laneHist) add(v, times int64) {
	h.count += times
	h.sum += v * times
	h.max = max(h.max, v)
	b := bucketOf(v, laneBits)
	switch {
	case len(h.n) == 0:
		h.low, h.n = b, make([]uint32, 1, 8)
	case b < h.low:
		h.n = append(make([]uint32, h.low-b, len(h.n)+h.low-b+4), h.n...)
		h.low = b
	case b >= h.low+len(h.n):
		h.n = append(h.n, make([]uint32, b-h.low-len(h.n)+1)...)
	}
	i := b - h.low
	h.n[i] = uint32(min(int64(h.n[i])+times, 1<<32-1))
}

// spread adds the histogram to a distribution: each bucket by its middle.
func (h *laneHist) spread(d *spread) {
	for i, n := range h.n {
		if n > 0 {
			low, high := bucketRange(h.low+i, laneBits)
			d.add(min((low+high-1)/2, h.max), n)
		}
	}
	d.count, d.sum, d.max = h.count, h.sum, h.max
}

// bucketOf is the bucket of a delay.
func bucketOf(v int64, sub uint) int {
	if v < 0 {
		v = 0
	}
	v = min(v, maxDelay)
	if v < 1<<sub {
		return int(v)
	}
	shift := uint(octave(v)) - sub
	return int(shift+1)<<sub + int(v>>shift) - 1<<sub
}

// bucketRange is what falls into a bucket: low <= v < high.
func bucketRange(b int, sub uint) (low, high int64) {
	if b < 1<<sub {
		return int64(b), int64(b) + 1
	}
	shift := uint(b>>sub) - 1
	low = int64(b&(1<<sub-1)+1<<sub) << shift
	return low, low + 1<<shift
}

// publishDelays gives a snapshot the delays: those that have ended, and those that have not.
func (t *Timeline) publishDelays(s *Snapshot) {
	var all, served, answered, trips *spread
	add := func(d **spread, v int64) {
		if *d == nil {
			*d = newSpread()
		}
		(*d).add(max(v, 0), 1)
	}
	answers := t.stats.BytesOut > 0
	for _, l := range t.lanes.pending {
		a := &l.arrived
		first := true
		for i := a.head; i < len(a.q) && l.epoch == l.gaps.epoch; i++ {
			if !a.unread(i) {
				continue
			}
			add(&all, s.Now-a.q[i].at)
			if l.pub.Kind == KindConn {
				add(&served, s.Now-a.q[i].at)
				if first && answers && l.reply.asked == 0 {
					add(&answered, s.Now-a.q[i].at)
				}
				first = false
			}
		}
	}
	for _, since := range t.traffic.asked {
		add(&trips, s.Now-since)
	}
	s.Stats.Latency, s.latBars = t.lanes.lat.read(all)
	s.Stats.Served, _ = t.traffic.served.read(served)
	s.Stats.RoundTrip, _ = t.traffic.trip.read(trips)
	for _, l := range t.lanes.all {
		if answers && l.reply.asked != 0 && l.epoch == l.gaps.epoch {
			add(&answered, s.Now-l.reply.asked)
		}
	}
	if !t.lean {
		s.delaysHeld = t.delays.keep.held
		if v := t.delays.rest.view(); v != nil {
			s.delays = append(s.delays, v)
		}
		for _, l := range s.Loops {
			if l.delays != nil {
				s.delays = append(s.delays, l.delays)
			}
		}
		t.publishOpen(s)
	}
	s.Stats.Answered, _ = t.traffic.answered.read(answered)
}

// publishOpen gives a snapshot the delays that have not ended.
func (t *Timeline) publishOpen(s *Snapshot) {
	for _, l := range t.lanes.all {
		if l.dead || len(l.shown.open) == 0 {
			continue
		}
		loop := uint32(0)
		if l.loop != nil {
			loop = l.loop.pub.Stream
		}
		for _, x := range l.shown.open {
			x.lane, x.loop = l.shown, loop
			s.open = append(s.open, x)
		}
	}
	for _, lp := range t.loops {
		if lp.s.away != 0 && lp.pub.Ended == 0 {
			s.open = append(s.open, openDelay{since: lp.s.away, loop: lp.pub.Stream, n: 1, m: MeasureGap})
		}
	}
}

package timeline

import (
	"slices"
	"sort"
)

// How delays are kept
//
// A window may be any span of the run, and what is asked of it (a percentile, a histogram, a column of the heat map) must cost the same
// whether it holds ten delays or ten million. So delays are kept as marks are (marks.go): one by one, in order of their ends, in blocks, and
// each block knows how many delays of which length ended before it. What ended in a window is the difference of two such totals, and two
// blocks that are looked through.
//
// What is unfinished at a moment in the past are the delays that began before it and end after it. Each block knows the earliest beginning
// in it, so the blocks without one are passed over.
//
// Each loop has stores of its own, one a measure, and what no loop did is in one more. The single delays of all stores together are bounded
// (maxSamples); of a block that is forgotten its totals remain as a point, at the moment of its first delay: a window that old is coarser at
// its edges, and right in sum.

// Buckets are 2^subBits to an octave. Below 2^subBits each value has its own.
const (
	runBits  = 5 // middle of a bucket is at most 1.6 % off
	laneBits = 3 // ... 6 %
	maxDelay = int64(1)<<45 - 1

	runBuckets = (45 - runBits + 1) << runBits
)

const (
	blockSamples = 512
	maxSamples   = 1 << 18 // of all stores together, 24 bytes each
	maxDelayPts  = 1024    // points of all stores together, 5 KiB each
)

// buckets count delays by length.
type buckets [runBuckets]uint32 // wraps; only differences count

// sample is one delay. It began at end-v.
type sample struct {
	end  int64
	v    int64
	lane uint32 // low half of the lane's ID; 0 a loop's
	n    uint32 // so many of it
}

// sampleSum is a running total.
type sampleSum struct {
	n          *buckets // never changed when a block has it
	count, sum int64
}

// sampleBlock is a run of delays. A reader may look at the first two fields of any block, and at the others of any but the last.
type sampleBlock struct {
	before sampleSum
	first  int64 // end of the first delay
	max    int64
	m      []sample
}

// samplePoint is what remains of a forgotten block.
type samplePoint struct {
	t      int64
	max    int64 // of what was forgotten between it and the next
	before sampleSum
}

// sampleStore belongs to the writer.
type sampleStore struct {
	keep   *delayKeeper
	points []samplePoint
	thin   thinning
	blocks []*sampleBlock
	froms  []int64 // the earliest beginning in each block, the last one's included
	head   int     // blocks before it are forgotten
	seen   int     // delays of the last block that a snapshot can see
	shared bool    // a snapshot has froms
	n      buckets
	sum    sampleSum // n apart
	max    int64
	last   int64
	low    int // the buckets that were ever used
	high   int
}

// delayKeeper bounds the memory of all stores together.
type delayKeeper struct {
	keeper
	stores int
}

func (s *sampleStore) add(x sample) {
	n := len(s.blocks)
	b := bucketOf(x.v, runBits)
	if s.sum.count == 0 {
		s.low, s.high = b, b
	}
	s.low, s.high = min(s.low, b), max(s.high, b)
	if n > s.head && x.end < s.last {
		s.insert(x, b)
	} else {
		s.last = x.end
		if n == s.head || len(s.blocks[n-1].m) >= blockSamples {
			s.grow(n)
			n = len(s.blocks)
		}
		k := s.blocks[n-1]
		if len(k.m) == 0 {
			k.first = x.end
		}
		k.m = append(k.m, x)
		k.max = max(k.max, x.v)
		s.earlier(n-1, x.end-x.v)
	}
	s.n[b] += x.n
	s.sum.count += int64(x.n)
	s.sum.sum += x.v * int64(x.n)
	s.max = max(s.max, x.v)
}

// grow begins a block.
func (s *sampleStore) grow(n int) {
	c := s.n
	k := &sampleBlock{before: sampleSum{&c, s.sum.count, s.sum.sum}}
	if n > s.head {
		k.m = make([]sample, 0, blockSamples)
	}
	s.blocks = append(s.blocks, k)
	s.froms = append(s.froms, lastMoment)
	s.seen = 0
	if n > s.head {
		s.keep.full(s, blockSamples)
	}
}

// earlier notes a beginning in a block.
func (s *sampleStore) earlier(i int, from int64) {
	if from >= s.froms[i] {
		return
	}
	if s.shared {
		s.froms, s.shared = slices.Clone(s.froms), false
	}
	s.froms[i] = from
}

// insert puts a delay that is known late between older ones.
func (s *sampleStore) insert(x sample, bucket int) {
	last := len(s.blocks) - 1
	bi := last
	for bi > s.head && bi > last-maxReach && s.blocks[bi].first > x.end {
		bi--
	}
	if f := s.blocks[bi].first; bi > s.head && x.end < f {
		x.v, x.end = max(x.v-(f-x.end), 0), f // it began when it did
	}
	if at := afterSample(s.blocks[last].m, x.end); bi == last && at >= s.seen {
		k := s.blocks[last]
		k.m = slices.Insert(k.m, at, x)
		k.first, k.max = k.m[0].end, max(k.max, x.v) // no snapshot has what changes here
		s.earlier(last, x.end-x.v)
		return
	}
	blocks := make([]*sampleBlock, len(s.blocks)-s.head, len(s.blocks)-s.head+8)
	copy(blocks, s.blocks[s.head:])
	froms := make([]int64, len(blocks), cap(blocks))
	copy(froms, s.froms[s.head:])
	bi, last, s.head, s.blocks, s.froms, s.shared = bi-s.head, last-s.head, 0, blocks, froms, false
	for i := bi; i <= last; i++ {
		c := *blocks[i]
		if i > bi {
			n := *c.before.n
			n[bucket] += x.n
			c.before = sampleSum{&n, c.before.count + int64(x.n), c.before.sum + x.v*int64(x.n)}
		} else {
			c.m = slices.Insert(append(make([]sample, 0, max(blockSamples, len(c.m)+1)), c.m...), afterSample(c.m, x.end), x)
			c.first, c.max = c.m[0].end, max(c.max, x.v)
			froms[i] = min(froms[i], x.end-x.v)
		}
		blocks[i] = &c
	}
	s.seen = 0
	if bi != last {
		s.seen = len(blocks[last].m) // what it holds is shared with the block before it was copied
	}
}

// afterSample is the place behind the last delay that does not end after t.
func afterSample(m []sample, t int64) int {
	i := len(m)
	for i > 0 && m[i-1].end > t {
		i--
	}
	return i
}

// evict forgets the oldest block. It is called by the keeper.
func (s *sampleStore) evict() int {
	if len(s.blocks)-s.head < 2 {
		return 0
	}
	b := s.blocks[s.head]
	s.head++
	s.keep.held = max(s.keep.held, s.blocks[s.head].first)
	if s.thin.point() {
		if most := max(maxDelayPts/max(s.keep.stores, 1), 16); len(s.points) >= most { // what goes leaves its longest to the one before it
			points := slices.Clone(s.points)
			for i := 1; i < len(points); i += 2 {
				points[i-1].max = max(points[i-1].max, points[i].max)
			}
			s.points = thinned(&s.thin, points, samplePoint{b.first, b.max, b.before}, most)
		} else {
			s.points = append(s.points, samplePoint{b.first, b.max, b.before})
		}
	}
	if last := &s.points[len(s.points)-1]; b.max > last.max {
		s.points = slices.Clone(s.points) // snapshots have the old ones
		s.points[len(s.points)-1].max = b.max
	}
	if s.head > 64 && s.head > len(s.blocks)/4 {
		s.blocks = append(make([]*sampleBlock, 0, len(s.blocks)-s.head+64), s.blocks[s.head:]...)
		s.froms, s.shared = append(make([]int64, 0, len(s.froms)-s.head+64), s.froms[s.head:]...), false
		s.head = 0
	}
	return blockSamples
}

// view is what a snapshot keeps of a store.
func (s *sampleStore) view() sampleView {
	v := sampleView{points: s.points, blocks: s.blocks[s.head:], froms: s.froms[s.head:], count: s.sum.count, sum: s.sum.sum, max: s.max, low: s.low, high: s.high}
	if n := len(s.blocks); n > s.head {
		v.tail, v.tailMax = s.blocks[n-1].m, s.blocks[n-1].max
		s.seen, s.shared = len(v.tail), true
	}
	return v
}

// sampleView is an immutable picture of a sampleStore. The last block may grow meanwhile, so what it holds is held apart.
type sampleView struct {
	points     []samplePoint
	blocks     []*sampleBlock
	froms      []int64
	tail       []sample
	tailMax    int64
	count, sum int64
	max        int64
	low, high  int
}

func (v *sampleView) samples(i int) []sample {
	if i == len(v.blocks)-1 {
		return v.tail
	}
	return v.blocks[i].m
}

func (v *sampleView) most(i int) int64 {
	if i == len(v.blocks)-1 {
		return v.tailMax
	}
	return v.blocks[i].max
}

// place is a place between two delays: before the point of that number, or, behind all points, before the delay at of a block.
type place struct{ point, block, at int }

// find is the place before the first delay that ends at t or later.
func (v *sampleView) find(t int64) place {
	p := place{point: sort.Search(len(v.points), func(i int) bool { return v.points[i].t >= t })}
	if p.point < len(v.points) || len(v.blocks) == 0 {
		return p
	}
	p.block = sort.Search(len(v.blocks), func(i int) bool { return v.blocks[i].first >= t })
	if p.block > 0 {
		m := v.samples(p.block - 1)
		if at := sort.Search(len(m), func(i int) bool { return m[i].end >= t }); at < len(m) {
			p.block, p.at = p.block-1, at
		}
	}
	return p
}

// spread is a distribution that is being put together.
type spread struct {
	n          buckets
	low, high  int // the buckets that are used; none while high < low
	count, sum int64
	max        int64
}

func (d *spread) reset() {
	if d.high >= d.low {
		clear(d.n[d.low : d.high+1])
	}
	d.low, d.high, d.count, d.sum, d.max = runBuckets, -1, 0, 0, 0
}

// join adds another distribution.
func (d *spread) join(o *spread) {
	for i := o.low; i <= o.high; i++ {
		d.n[i] += o.n[i]
	}
	d.low, d.high = min(d.low, o.low), max(d.high, o.high)
	d.count += o.count
	d.sum += o.sum
	d.max = max(d.max, o.max)
}

func newSpread() *spread { return &spread{low: runBuckets, high: -1} }

func (d *spread) add(v int64, n uint32) {
	b := bucketOf(v, runBits)
	d.n[b] += n
	d.low, d.high = min(d.low, b), max(d.high, b)
	d.count += int64(n)
	d.sum += v * int64(n)
	d.max = max(d.max, v)
}

// addAll adds what a store has of the whole run.
func (v *sampleView) addAll(d *spread) {
	if len(v.blocks) > 0 {
		v.addBetween(place{}, place{point: len(v.points), block: len(v.blocks)}, d)
	}
}

// addWindow adds what ended in [t0, t1).
func (v *sampleView) addWindow(t0, t1 int64, d *spread) {
	if t1 > t0 && len(v.blocks) > 0 {
		v.addBetween(v.find(t0), v.find(t1), d)
	}
}

// total is what is before a place, and the delays of its block that come before it.
func (v *sampleView) total(p place) (*sampleSum, []sample) {
	switch {
	case p.point < len(v.points):
		return &v.points[p.point].before, nil
	case p.block < len(v.blocks):
		return &v.blocks[p.block].before, v.samples(p.block)[:p.at]
	}
	last := len(v.blocks) - 1
	return &v.blocks[last].before, v.tail
}

// addBetween adds what is from one place to another.
func (v *sampleView) addBetween(a, b place, d *spread) {
	if len(v.points) == 0 || a.point == len(v.points) {
		end := b.block
		if b.at > 0 {
			end++
		}
		if end-a.block <= 2 { // few: one by one
			for i := a.block; i < end; i++ {
				m := v.samples(i)
				if i == b.block {
					m = m[:b.at]
				}
				if i == a.block {
					m = m[a.at:]
				}
				for k := range m {
					d.add(m[k].v, m[k].n)
				}
			}
			return
		}
	}
	from, less := v.total(a)
	to, more := v.total(b)
	for i := v.low; i <= v.high; i++ {
		d.n[i] += to.n[i] - from.n[i]
	}
	d.low, d.high = min(d.low, v.low), max(d.high, v.high)
	d.count += to.count - from.count
	d.sum += to.sum - from.sum
	for i := range more {
		x := &more[i]
		d.add(x.v, x.n)
	}
	for i := range less {
		x := &less[i]
		d.n[bucketOf(x.v, runBits)] -= x.n
		d.count -= int64(x.n)
		d.sum -= x.v * int64(x.n)
	}
	for i := a.point; i < b.point && i < len(v.points); i++ {
		d.max = max(d.max, v.points[i].max)
	}
	if b.point == len(v.points) {
		first := 0
		if a.point == len(v.points) {
			first = a.block
			for _, x := range v.samples(first)[a.at:] {
				d.max = max(d.max, x.v)
			}
			first++
		}
		for i := first; i < b.block; i++ {
			d.max = max(d.max, v.most(i))
		}
	}
}

// addUnfinished adds what began before t and had not ended by then: for as long as it had lasted.
func (v *sampleView) addUnfinished(t int64, visit func(age int64, x *sample)) {
	p := v.find(t)
	if p.point < len(v.points) { // of what is forgotten nothing is known but sums
		p.block, p.at = 0, 0
	}
	for i := p.block; i < len(v.blocks); i++ {
		if v.froms[i] >= t {
			continue
		}
		m := v.samples(i)
		if i == p.block {
			m = m[p.at:]
		}
		for k := range m {
			if x := &m[k]; x.end >= t && x.end-x.v < t {
				visit(t-(x.end-x.v), x)
			}
		}
	}
}

// each visits the delays that are kept one by one and end in [t0, t1).
func (v *sampleView) each(t0, t1 int64, visit func(x *sample)) {
	p := v.find(t0)
	for i := p.block; i < len(v.blocks) && v.blocks[i].first < t1; i++ {
		m := v.samples(i)
		for k := range m {
			if x := &m[k]; x.end >= t0 && x.end < t1 {
				visit(x)
			}
		}
	}
}

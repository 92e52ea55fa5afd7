package timeline

import "sort"

// How marks are kept, and what a cell that holds 900 of them looks like
//
// A screen is some two hundred cells wide and a trace may hold ten million marks, so a cell of a zoomed-out picture
// stands for thousands of them. Walking over them for each frame is out of the question; thinning them out would lie:
// the one reset among 900 reads is what the person is looking for. The usual answer is a pyramid of levels, each with
// coarser buckets than the one below. Buckets have edges of their own, though, and cells have other edges, so marks move
// from cell to cell while one pans.
//
// We keep running totals instead. Marks lie in time order in blocks of 256, and each block knows how many marks of each
// kind came before it. What a cell holds is the total at its right edge minus the total at its left edge: two partly used
// blocks at most, however many lie between. So a cell knows exactly how many marks of each kind it holds at any zoom, and
// the sum over the cells is the number of marks in the window. Which one it shows is a question of precedence (mark.go),
// not of time; the number beside it ("64x") says that it stands for many.
//
// Memory is bounded by forgetting the marks of the oldest blocks, of whichever lane, but not their totals: a forgotten
// block becomes one point (when it began, and the totals there), which draws the old part coarser, never wrong in sum.
// When a lane has 2048 such points, every other one goes, and from then on every other block leaves one (thin.go). So the cost is MaxMarks times 16 bytes, plus 300 bytes for each
// 256 marks that were forgotten, at most 600 KiB a lane.
//
// Snapshots share the blocks with the writer. What a snapshot can see is never changed: the writer appends beyond it, and
// where an event comes late and has to be put in between, the blocks concerned are copied first.

const (
	blockMarks = 256
	maxPoints  = 2048
	maxReach   = 8 // blocks that a late mark may reach back; an older one is drawn at the edge
)

// mark is one thing at one moment; v is an amount (bytes, calls), cut at 4 GiB.
type mark struct {
	t int64
	v uint32
	k uint8
	m uint16 // so many more of it
}

// tally is a running total.
type tally struct {
	n   [tallyKinds]uint32 // wraps; only differences count
	sum [tallySums]uint64
}

func (a *tally) add(m mark) {
	a.n[m.k] += 1 + uint32(m.m)
	if s := sumOf[m.k]; s != sumNone {
		a.sum[s] += uint64(m.v) * (1 + uint64(m.m))
	}
}

// addDiff adds what lies between two totals.
func (a *tally) addDiff(from, to *tally) {
	for i := range a.n {
		a.n[i] += to.n[i] - from.n[i]
	}
	for i := range a.sum {
		a.sum[i] += to.sum[i] - from.sum[i]
	}
}

// markBlock is a run of marks. A reader may look at the first two fields of any block, and at m of any but the last.
type markBlock struct {
	before tally
	first  int64 // time of the first mark
	m      []mark
}

// point is what remains of a forgotten block.
type point struct {
	t      int64
	before tally
}

// markStore belongs to the writer.
type markStore struct {
	keep   *keeper
	points []point
	thin   thinning
	blocks []*markBlock
	head   int // blocks before it are forgotten
	seen   int // marks of the last block that a snapshot can see
	total  tally
	last   int64
	gone   bool
}

// add puts a mark, so many times, where it belongs in time; nearly always that is the end.
func (s *markStore) add(t int64, k uint8, v uint32, times int64) {
	m := mark{t, v, k, 0}
	if times != 1 {
		const most = 1 << 16
		for ; times > most; times -= most {
			s.put(mark{t, v, k, most - 1})
		}
		m.m = uint16(times - 1)
	}
	s.put(m)
}

func (s *markStore) put(m mark) {
	t := m.t
	n := len(s.blocks)
	if n > s.head && t < s.last {
		s.insert(m)
		s.total.add(m)
		return
	}
	s.last = t
	if n == s.head || len(s.blocks[n-1].m) >= blockMarks {
		s.grow(n)
		n = len(s.blocks)
	}
	b := s.blocks[n-1]
	if len(b.m) == 0 {
		b.first = t
	}
	b.m = append(b.m, m)
	s.total.add(m)
}

// grow begins a block.
func (s *markStore) grow(n int) {
	b := &markBlock{before: s.total}
	if n > s.head {
		b.m = make([]mark, 0, blockMarks)
	} else {
		b.m = make([]mark, 0, 4)
	}
	s.blocks = append(s.blocks, b)
	s.seen = 0
	if n > s.head {
		s.keep.full(s, blockMarks)
	}
}

// insert puts a late mark between older ones.
func (s *markStore) insert(m mark) {
	last := len(s.blocks) - 1
	b := s.blocks[last]
	if at := after(b.m, m.t); at >= s.seen && (at > 0 || last == s.head) {
		b.m = append(b.m, mark{})
		copy(b.m[at+1:], b.m[at:])
		b.m[at] = m
		if at == 0 {
			b.first = m.t // no snapshot knows this block
		}
		return
	}
	bi := last
	for bi > s.head && bi > last-maxReach && s.blocks[bi].first > m.t {
		bi--
	}
	if f := s.blocks[bi].first; bi > s.head && m.t < f {
		m.t = f
	}
	blocks := make([]*markBlock, len(s.blocks)-s.head, len(s.blocks)-s.head+8)
	copy(blocks, s.blocks[s.head:])
	bi, last, s.head, s.blocks = bi-s.head, last-s.head, 0, blocks
	for i := bi; i <= last; i++ {
		c := &markBlock{before: blocks[i].before, first: blocks[i].first}
		c.m = make([]mark, len(blocks[i].m), max(blockMarks, len(blocks[i].m)+1))
		copy(c.m, blocks[i].m)
		if i > bi {
			c.before.add(m)
		}
		blocks[i] = c
	}
	c := blocks[bi]
	at := after(c.m, m.t)
	c.m = append(c.m, mark{})
	copy(c.m[at+1:], c.m[at:])
	c.m[at] = m
	c.first = c.m[0].t
	s.seen = 0
}

// after is the place behind the last mark that is not younger than t.
func after(ms []mark, t int64) int {
	i := len(ms)
	for i > 0 && ms[i-1].t > t {
		i--
	}
	return i
}

// evict forgets the oldest block. It is called by the keeper.
func (s *markStore) evict() int {
	if s.gone || len(s.blocks)-s.head < 2 {
		return 0
	}
	b := s.blocks[s.head]
	s.head++
	s.keep.held = max(s.keep.held, s.blocks[s.head].first)
	if s.thin.point() {
		s.points = thinned(&s.thin, s.points, point{b.first, b.before}, maxPoints)
	}
	if s.head > 64 && s.head > len(s.blocks)/4 {
		s.blocks = append(make([]*markBlock, 0, len(s.blocks)-s.head+64), s.blocks[s.head:]...)
		s.head = 0
	}
	return blockMarks
}

// drop forgets everything, for a lane that is no longer kept.
func (s *markStore) drop() {
	if full := len(s.blocks) - s.head - 1; full > 0 && !s.gone {
		s.keep.total -= full * blockMarks
	}
	s.gone = true
	s.blocks, s.points, s.head = nil, nil, 0
}

// view is what a snapshot keeps of a store.
func (s *markStore) view() markView {
	v := markView{points: s.points, blocks: s.blocks[s.head:]}
	if n := len(s.blocks); n > s.head {
		v.tail = s.blocks[n-1].m
		s.seen = len(v.tail)
	}
	return v
}

// markView is an immutable picture of a markStore. The last block may grow meanwhile, so its marks are held apart.
type markView struct {
	points []point
	blocks []*markBlock
	tail   []mark
}

func (v *markView) marks(i int) []mark {
	if i == len(v.blocks)-1 {
		return v.tail
	}
	return v.blocks[i].m
}

// end is the total over everything.
func (v *markView) end(out *tally) {
	n := len(v.blocks)
	if n == 0 {
		*out = tally{}
		return
	}
	*out = v.blocks[n-1].before
	for _, m := range v.tail {
		out.add(m)
	}
}

// window is what lies in [t0, t1).
func (v *markView) window(t0, t1 int64, out *tally) {
	*out = tally{}
	if t1 <= t0 || len(v.blocks) == 0 {
		return
	}
	c := markCursor{v: v}
	c.seek(t0)
	c.next(t1, out)
}

// markCursor walks a view from edge to edge. It stands before the point `point`, or, behind all points, before the mark
// `at` of block `block`.
type markCursor struct {
	v     *markView
	point int
	block int
	at    int
}

// seek goes to the first mark at or after t.
func (c *markCursor) seek(t int64) {
	v := c.v
	c.point = sort.Search(len(v.points), func(i int) bool { return v.points[i].t >= t })
	if c.point < len(v.points) {
		c.block, c.at = 0, 0
		return
	}
	c.block = sort.Search(len(v.blocks), func(i int) bool { return v.blocks[i].first >= t })
	c.at = 0
	if c.block > 0 {
		b := v.marks(c.block - 1)
		if at := sort.Search(len(b), func(i int) bool { return b[i].t >= t }); at < len(b) {
			c.block, c.at = c.block-1, at
		}
	}
}

// done reports that nothing is left.
func (c *markCursor) done() bool { return c.point >= len(c.v.points) && c.block >= len(c.v.blocks) }

// next adds what lies between the cursor and t to d and goes to t.
func (c *markCursor) next(t int64, d *tally) {
	v := c.v
	if c.point < len(v.points) {
		from := c.point
		for c.point < len(v.points) && v.points[c.point].t < t {
			c.point++
		}
		if c.point > from {
			to := &v.blocks[0].before
			if c.point < len(v.points) {
				to = &v.points[c.point].before
			}
			d.addDiff(&v.points[from].before, to)
		}
		if c.point < len(v.points) {
			return
		}
	}
	for c.block < len(v.blocks) {
		// Whole blocks inside the cell are taken at once.
		if c.at == 0 && c.block+1 < len(v.blocks) && v.blocks[c.block+1].first <= t {
			to := c.block + 1
			if to+1 < len(v.blocks) && v.blocks[to+1].first <= t {
				to += sort.Search(len(v.blocks)-to-1, func(i int) bool { return v.blocks[to+1+i].first > t })
			}
			// A mark of the skipped blocks may be as young as t itself when several share the moment; step back then.
			for to > c.block {
				b := v.marks(to - 1)
				if b[len(b)-1].t < t {
					break
				}
				to--
			}
			if to > c.block {
				d.addDiff(&v.blocks[c.block].before, &v.blocks[to].before)
				c.block = to
				continue
			}
		}
		b := v.marks(c.block)
		for c.at < len(b) && b[c.at].t < t {
			d.add(b[c.at])
			c.at++
		}
		if c.at < len(b) {
			return
		}
		c.block++
		c.at = 0
	}
}

// nextMarks is next for a lane, whose marks are all of kinds below MarkCount: it counts them into out, and says of which
// kinds there were any, a bit each. Few marks are counted one by one, many by their totals.
func (c *markCursor) nextMarks(t int64, out *[MarkCount]uint32) (kinds uint64) {
	v := c.v
	for c.block < len(v.blocks) {
		if c.point < len(v.points) || c.at == 0 && c.block+1 < len(v.blocks) && v.blocks[c.block+1].first <= t {
			var d tally
			c.next(t, &d)
			for k := range out {
				if n := d.n[k]; n > 0 {
					out[k] += n
					kinds |= 1 << k
				}
			}
			return kinds
		}
		b := v.marks(c.block)
		at := c.at
		for at < len(b) && b[at].t < t {
			k := b[at].k
			out[k] += 1 + uint32(b[at].m)
			kinds |= 1 << k
			at++
		}
		if at < len(b) {
			c.at = at
			return kinds
		}
		c.block++
		c.at = 0
	}
	return kinds
}

// keeper bounds the memory of all stores together: it forgets the oldest full block, whosever it is.
type keeper struct {
	max, total int
	held       int64 // all marks and turns from this moment on are kept
	queue      []evictor
	head       int
}

type evictor interface{ evict() int }

func (k *keeper) full(s evictor, n int) {
	k.total += n
	k.queue = append(k.queue, s)
	for k.total > k.max && k.head < len(k.queue) {
		k.total -= k.queue[k.head].evict()
		k.queue[k.head] = nil
		k.head++
	}
	if k.head > 1024 && k.head > len(k.queue)/2 {
		k.queue = append(k.queue[:0], k.queue[k.head:]...)
		k.head = 0
	}
}

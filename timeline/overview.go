package timeline

import (
	"cmp"
	"slices"
	"sort"
	"sync"

	"evviz/trace"
)

// An overview: a recording as its chunks' own summaries have it
//
// A chunk says how many events of which kind it holds on which descriptor, but not when within it. So its counts are spread
// evenly over the time that they took, and a cell says over which cells what it shows was spread: a view can tell a coarse
// picture from a sharp one. Nothing here needs an event to be decoded: a recording of 100 million events has some 1,500
// summaries.
//
// Memory is bounded: where there are more than maxOverview pieces, neighbouring ones of a lane are put together, which
// makes the picture coarser, never wrong in sum.

const (
	maxOverview     = 400_000 // pieces of all lanes together, 88 bytes each
	maxOverviewLane = 8_192   // of one lane
	maxOverviewFDs  = 10_000  // lanes that are told apart; the others are in the whole
)

// OverviewCell is what happened during one cell. Renotify is what a source told itself: one that is watched from outside
// tells none, and its 0 means unknown. Calls that found nothing are among Reads, Writes and Accepts.
type OverviewCell struct {
	Events   int64
	Waits    int64
	Reports  int64 // Ready
	Renotify int64
	Reads    int64
	Writes   int64
	Accepts  int64
	Arrivals int64
	BytesIn  int64
	BytesOut int64
	Lost     int64

	From, To int  // the cells, both included, over which what this one holds was spread
	Coarse   bool // it is an even share of something longer, and not what happened just here
	Unknown  bool // there were events here of which nothing but their number is known
}

// counts of a piece, in the order of OverviewCell.
const (
	ovEvents = iota
	ovWaits
	ovReports
	ovRenotify
	ovReads
	ovWrites
	ovAccepts
	ovArrivals
	ovIn
	ovOut
	ovLost
	ovCount
)

// piece is what one chunk, or several, say about one lane.
type piece struct {
	first, last int64
	unknown     bool
	n           [ovCount]int64
}

func (p *piece) join(o *piece) {
	p.first, p.last = min(p.first, o.first), max(p.last, o.last)
	p.unknown = p.unknown || o.unknown
	for i := range p.n {
		p.n[i] += o.n[i]
	}
}

// OverviewLane is one descriptor number of a stream over the whole recording, whatever it meant at a time, or, under FD -1,
// what a stream did that belongs to no descriptor.
type OverviewLane struct {
	Stream      uint32
	FD          int32
	First, Last int64 // CLOCK_MONOTONIC ns
	Events      int64

	pieces pieces
}

// Overview is a coarse picture of a whole recording. It is immutable.
type Overview struct {
	First, Last int64 // CLOCK_MONOTONIC ns
	Events      int64
	Lost        int64
	Chunks      int
	Unknown     int             // chunks whose summary could not be read
	Dropped     int             // lanes that are not told apart because there are too many
	Lanes       []*OverviewLane // by stream and descriptor

	all pieces
}

// pieces are in order of their first moment. reach[i] is the greatest last of the pieces up to i, so that a window can be
// searched although pieces may overlap.
type pieces struct {
	p     []piece
	reach []int64
}

func (ps *pieces) settle() {
	if !slices.IsSortedFunc(ps.p, byFirst) {
		slices.SortStableFunc(ps.p, byFirst)
	}
	ps.reach = make([]int64, len(ps.p))
	for i := range ps.p {
		ps.reach[i] = ps.p[i].last
		if i > 0 {
			ps.reach[i] = max(ps.reach[i], ps.reach[i-1])
		}
	}
}

func byFirst(a, b piece) int { return cmp.Compare(a.first, b.first) }

// halve puts neighbours together.
func (ps *pieces) halve() {
	n := 0
	for i := 0; i < len(ps.p); i += 2 {
		p := ps.p[i]
		if i+1 < len(ps.p) {
			p.join(&ps.p[i+1])
		}
		ps.p[n] = p
		n++
	}
	ps.p = slices.Clip(ps.p[:n])
}

// NewOverview makes an overview of summaries, in any order.
func NewOverview(sums []trace.ChunkSummary) *Overview {
	o := &Overview{Chunks: len(sums)}
	byLane := map[uint64]*OverviewLane{}
	total := 0
	for i := range sums {
		s := &sums[i]
		if s.Events == 0 {
			continue
		}
		if o.Events == 0 {
			o.First, o.Last = s.First, s.Last
		}
		o.First, o.Last = min(o.First, s.First), max(o.Last, s.Last)
		o.Events += s.Events
		o.Lost += s.Lost
		all := piece{first: s.First, last: s.Last, unknown: !s.Known}
		if !s.Known {
			o.Unknown++
		}
		for k := range s.Lanes {
			l := &s.Lanes[k]
			p := pieceOf(l)
			for x := ovWaits; x < ovLost; x++ {
				all.n[x] += p.n[x]
			}
			key := uint64(l.Stream)<<32 | uint64(uint32(l.FD))
			lane := byLane[key]
			if lane == nil {
				if len(byLane) >= maxOverviewFDs {
					o.Dropped++
					continue
				}
				lane = &OverviewLane{Stream: l.Stream, FD: l.FD, First: p.first, Last: p.last}
				byLane[key] = lane
				o.Lanes = append(o.Lanes, lane)
			}
			lane.First, lane.Last = min(lane.First, p.first), max(lane.Last, p.last)
			lane.Events += p.n[ovEvents]
			lane.pieces.p = append(lane.pieces.p, p)
			total++
			if len(lane.pieces.p) > maxOverviewLane {
				total -= len(lane.pieces.p)
				lane.pieces.halve()
				total += len(lane.pieces.p)
			}
		}
		// Of the whole the header tells exactly what the summary counts by its own rule: enters count, too.
		all.n[ovEvents], all.n[ovLost] = s.Events, s.Lost
		o.all.p = append(o.all.p, all)
		for total > maxOverview {
			was := total
			total = 0
			for _, l := range o.Lanes {
				l.pieces.halve()
				total += len(l.pieces.p)
			}
			if total == was { // one piece each
				break
			}
		}
	}
	for len(o.all.p) > maxOverview/4 {
		o.all.halve()
	}
	o.all.settle()
	for _, l := range o.Lanes {
		l.pieces.settle()
	}
	slices.SortFunc(o.Lanes, func(a, b *OverviewLane) int {
		return cmp.Or(cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.FD, b.FD))
	})
	return o
}

func pieceOf(l *trace.LaneSummary) piece {
	p := piece{first: l.First, last: l.Last}
	p.n[ovIn], p.n[ovOut] = l.Read, l.Written
	for _, c := range l.Counts {
		n := int64(c.N)
		p.n[ovEvents] += n
		switch c.Kind {
		case trace.Wait:
			p.n[ovWaits] += n
		case trace.Ready:
			p.n[ovReports] += n
		case trace.Renotify:
			p.n[ovRenotify] += n
		case trace.Read:
			p.n[ovReads] += n
		case trace.Write:
			p.n[ovWrites] += n
		case trace.Accept:
			p.n[ovAccepts] += n
		case trace.Arrive:
			p.n[ovArrivals] += n
		case trace.Lost:
			p.n[ovLost] += n
		}
	}
	return p
}

// Cells draws [t0, t1) of everything in n cells of equal width. Lost counts events; the sum over cells that hold the whole
// recording is the number of events in it.
func (o *Overview) Cells(t0, t1 int64, n int) []OverviewCell { return o.all.cells(nil, t0, t1, n) }

// AppendCells is Cells into a slice that is used again.
func (o *Overview) AppendCells(dst []OverviewCell, t0, t1 int64, n int) []OverviewCell {
	return o.all.cells(dst, t0, t1, n)
}

// Lane finds the lane of a stream's descriptor number, nil when nothing happened on it; -1 is the stream itself.
func (o *Overview) Lane(stream uint32, fd int32) *OverviewLane {
	i, ok := slices.BinarySearchFunc(o.Lanes, 0, func(l *OverviewLane, _ int) int {
		return cmp.Or(cmp.Compare(l.Stream, stream), cmp.Compare(l.FD, fd))
	})
	if !ok {
		return nil
	}
	return o.Lanes[i]
}

// Cells draws [t0, t1) of one lane. Events are counted as summaries count them: a call once, at its exit. Lost counts gaps.
func (l *OverviewLane) Cells(t0, t1 int64, n int) []OverviewCell {
	return l.pieces.cells(nil, t0, t1, n)
}

// AppendCells is Cells into a slice that is used again.
func (l *OverviewLane) AppendCells(dst []OverviewCell, t0, t1 int64, n int) []OverviewCell {
	return l.pieces.cells(dst, t0, t1, n)
}

func (ps *pieces) cells(dst []OverviewCell, t0, t1 int64, n int) []OverviewCell {
	if n <= 0 || t1 <= t0 {
		return dst
	}
	at := len(dst)
	for i := range n {
		dst = append(dst, OverviewCell{From: i, To: i})
	}
	cells := dst[at:]
	from := sort.Search(len(ps.p), func(i int) bool { return ps.reach[i] >= t0 })
	for i := from; i < len(ps.p) && ps.p[i].first < t1; i++ {
		if ps.p[i].last >= t0 {
			ps.p[i].spread(cells, t0, t1)
		}
	}
	return dst
}

// cellOf is the cell of n over [t0, t1) that holds the moment t, which lies in it.
func cellOf(t0, t1, t int64, n int) int {
	i := min(int(float64(t-t0)/float64(t1-t0)*float64(n)), n-1)
	for i > 0 && edge(t0, t1, i, n) > t {
		i--
	}
	for i+1 < n && edge(t0, t1, i+1, n) <= t {
		i++
	}
	return i
}

// spread adds a piece to the cells that it touches: to each its share of the running total at its right edge less that at
// its left edge, so that the sum is exact.
func (p *piece) spread(cells []OverviewCell, t0, t1 int64) {
	n := len(cells)
	a, b := cellOf(t0, t1, max(p.first, t0), n), cellOf(t0, t1, min(p.last, t1-1), n)
	whole := float64(p.last-p.first) + 1
	upTo := func(total, t int64) int64 {
		switch {
		case t <= p.first:
			return 0
		case t > p.last:
			return total
		}
		return int64(float64(total) * (float64(t-p.first) / whole))
	}
	for i := a; i <= b; i++ {
		c := &cells[i]
		lo, hi := edge(t0, t1, i, n), edge(t0, t1, i+1, n)
		c.From, c.To = min(c.From, a), max(c.To, b)
		c.Coarse = c.Coarse || b > a || p.first < t0 || p.last >= t1
		c.Unknown = c.Unknown || p.unknown
		d := p.n
		if b > a || p.first < t0 || p.last >= t1 {
			for k, total := range p.n {
				if total != 0 {
					d[k] = upTo(total, hi) - upTo(total, lo)
				}
			}
		}
		c.Events += d[ovEvents]
		c.Waits += d[ovWaits]
		c.Reports += d[ovReports]
		c.Renotify += d[ovRenotify]
		c.Reads += d[ovReads]
		c.Writes += d[ovWrites]
		c.Accepts += d[ovAccepts]
		c.Arrivals += d[ovArrivals]
		c.BytesIn += d[ovIn]
		c.BytesOut += d[ovOut]
		c.Lost += d[ovLost]
	}
}

// overviewOnce keeps a feed's overview.
type overviewOnce struct {
	mu   sync.Mutex
	done bool
	o    *Overview
}

// Overview is a coarse picture of the whole source, from its own summaries; nil when it has none, as a live one has not. The
// first call reads them with a reader of its own, which takes tens of milliseconds for a long recording; later ones return
// the same. Callers that cannot wait ask OverviewNow.
func (f *Feed) Overview() *Overview {
	v := &f.over
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.done {
		v.done = true
		v.o = f.readOverview()
	}
	return v.o
}

// OverviewNow is the overview if it was made already; ready is false while nobody has asked for it, or it is being made.
func (f *Feed) OverviewNow() (o *Overview, ready bool) {
	v := &f.over
	if !v.mu.TryLock() {
		return nil, false
	}
	defer v.mu.Unlock()
	return v.o, v.done
}

func (f *Feed) readOverview() *Overview {
	if f.opt.Info.Live {
		return nil
	}
	if _, ok := trace.As[trace.Summarized](f.src); !ok {
		return nil
	}
	src, err := trace.Reopen(f.src)
	if err != nil {
		return nil
	}
	defer src.Close()
	s, ok := src.(trace.Summarized)
	if !ok {
		return nil
	}
	return NewOverview(s.Summaries())
}

package timeline

import (
	"math/bits"
	"sort"
)

// The heat map of a measure: when were delays how long?
//
// For the whole run time is cut into slots of equal width, each with a count for every half octave of delay. When the run
// outgrows its slots, pairs of them are added together and the width doubles, so a run of any length has between 256 and 512
// of them and takes at most 180 KB a measure. Slots are shared with snapshots; the one that changes is copied once a snapshot.
//
// The slots of a long run are too coarse for a short window, and they do not know lanes. So the newest samples are kept one
// by one as well; a window that they cover is drawn from them and is exact, and so is a lane's map, as far back as they go.

const (
	heatRows   = 90 // half octaves up to 2^45 ns
	heatSlots  = 512
	firstShift = 20 // the first width is 2^20 ns; a width is a power of two because a division would cost more than the rest
	firstWidth = 1 << firstShift
)

// octave is the place of the highest bit.
func octave(v int64) int { return bits.Len64(uint64(v)) - 1 }

// heatRow is the half octave of a delay.
func heatRow(v int64) int {
	if v < 2 {
		return 0
	}
	o := octave(min(v, maxDelay))
	half := 0
	if o >= 7 && v>>(o-7) >= 181 || o < 7 && v<<(7-o) >= 181 { // 128 * sqrt 2
		half = 1
	}
	return 2*o + half
}

// rowLow is the shortest delay of a half octave.
func rowLow(r int) int64 {
	if r <= 0 {
		return 0
	}
	o := uint(r / 2)
	if r%2 == 0 {
		return 1 << o
	}
	return (181<<o + 127) >> 7
}

type heatSlot struct {
	n    [heatRows]uint32
	made uint32 // snapshots that there had been when it was made or copied
}

// heatStore belongs to the writer.
type heatStore struct {
	from  int64 // begin of the first slot
	last  int64 // youngest sample
	shift uint  // a slot is 2^shift ns wide
	slots []*heatSlot
	shown uint32
	any   bool
}

func (h *heatStore) add(at, v, times int64) {
	if !h.any {
		h.any, h.from, h.shift = true, at&^(firstWidth-1), firstShift
	}
	h.last = max(h.last, at)
	i := (max(at, h.from) - h.from) >> h.shift
	for i >= heatSlots {
		h.double()
		i = (at - h.from) >> h.shift
	}
	for int(i) >= len(h.slots) {
		h.slots = append(h.slots, nil)
	}
	s := h.slots[i]
	if s == nil || s.made != h.shown {
		c := &heatSlot{made: h.shown}
		if s != nil {
			c.n = s.n
		}
		s, h.slots[i] = c, c
	}
	s.n[heatRow(v)] += uint32(times)
}

// double adds pairs of slots together.
func (h *heatStore) double() {
	half := make([]*heatSlot, (len(h.slots)+1)/2, heatSlots)
	for i, s := range h.slots {
		if s == nil {
			continue
		}
		to := half[i/2]
		if to == nil {
			to = &heatSlot{made: h.shown}
			half[i/2] = to
		}
		for r, n := range s.n {
			to.n[r] += n
		}
	}
	h.slots = half
	h.shift++
}

type heatView struct {
	from, last, width int64
	slots             []*heatSlot
}

func (h *heatStore) view() heatView {
	h.shown++
	return heatView{h.from, h.last, 1 << h.shift, append([]*heatSlot(nil), h.slots...)}
}

// sample is one delay: 24 bytes.
type sample struct {
	at   int64
	v    float32 // exact to 1 in 16 million
	lane uint32  // low half of the lane's ID; 0 a loop's
	m    Measure
	n    uint32 // so many of it
}

const (
	blockSamples = 1024
	maxSamples   = 64 // blocks: 1.6 MB
)

// sampleStore keeps the newest samples of all measures.
type sampleStore struct {
	blocks []*[]sample
	lost   int64 // the youngest time among the samples that are not kept; 0 all are
}

func (r *sampleStore) add(x sample) {
	k := len(r.blocks)
	if k == 0 || len(*r.blocks[k-1]) == blockSamples {
		if k == maxSamples {
			for _, o := range *r.blocks[0] {
				r.lost = max(r.lost, o.at)
			}
			r.blocks = append(make([]*[]sample, 0, maxSamples), r.blocks[1:]...)
			k--
		}
		b := make([]sample, 0, blockSamples)
		r.blocks = append(r.blocks, &b)
		k++
	}
	b := r.blocks[k-1]
	*b = append(*b, x)
}

// sampleView is an immutable picture: the last block may grow meanwhile, so its samples are held apart.
type sampleView struct {
	blocks []*[]sample
	tail   []sample
	lost   int64
}

func (r *sampleStore) view() sampleView {
	v := sampleView{blocks: r.blocks, lost: r.lost}
	if k := len(r.blocks); k > 0 {
		v.tail = *r.blocks[k-1]
	}
	return v
}

func (v *sampleView) each(visit func(x *sample)) {
	for i, b := range v.blocks {
		list := v.tail
		if i < len(v.blocks)-1 {
			list = *b
		}
		for k := range list {
			visit(&list[k])
		}
	}
}

// HeatMap counts the delays of a window by time and length.
type HeatMap struct {
	T0, T1  int64
	Cols    int
	Bounds  []int64  // edges of the rows, ns, from short to long: row r holds Bounds[r] <= delay < Bounds[r+1]
	N       []uint32 // Cols for each row: N[row*Cols+col]
	Max     uint32   // of a cell
	Total   int64
	Longest int64 // the longest delay, where it is drawn from single samples; else the upper edge of the top row
	Width   int64 // time that one cell cannot divide any more, ns; 0 single samples were counted
	Since   int64 // lane: what is older than this is not kept; 0 all is
}

// Rows is how many rows there are; 0 when nothing was measured in the window.
func (h *HeatMap) Rows() int { return max(len(h.Bounds)-1, 0) }

// At is the count of a cell; row 0 is the shortest.
func (h *HeatMap) At(col, row int) uint32 { return h.N[row*h.Cols+col] }

// Heat is the heat map of a measure over [t0, t1) in so many columns and at most so many rows, which are half octaves or,
// when there are not enough, several together.
func (s *Snapshot) Heat(m Measure, t0, t1 int64, cols, rows int) HeatMap {
	b := heatBuilder{t0: t0, t1: t1, cols: cols}
	if !b.begin() || s.delays == nil || m >= MeasureCount {
		return b.finish(rows)
	}
	r := &s.delays.recent
	if r.lost < t0 {
		r.each(func(x *sample) {
			if x.m == m {
				b.one(x)
			}
		})
		return b.finish(rows)
	}
	h := &s.delays.heat[m]
	b.width = h.width
	for i, slot := range h.slots {
		if slot != nil {
			from := h.from + int64(i)*h.width
			to := h.last + 1 // nothing is in what the newest slot has still to come
			if to-from > h.width {
				to = from + h.width
			}
			b.slot(slot, from, to)
		}
	}
	return b.finish(rows)
}

// LaneHeat is the heat map of one lane, as far back as single samples are kept (HeatMap.Since).
func (s *Snapshot) LaneHeat(l *Lane, m Measure, t0, t1 int64, cols, rows int) HeatMap {
	b := heatBuilder{t0: t0, t1: t1, cols: cols}
	if b.begin() && s.delays != nil {
		b.since = s.delays.recent.lost
		s.delays.recent.each(func(x *sample) {
			if x.m == m && x.lane == uint32(l.ID) {
				b.one(x)
			}
		})
	}
	return b.finish(rows)
}

type heatBuilder struct {
	t0, t1  int64
	cols    int
	n       [][heatRows]uint32 // by column
	longest int64
	width   int64
	since   int64
}

func (b *heatBuilder) begin() bool {
	if b.cols <= 0 || b.t1 <= b.t0 {
		return false
	}
	b.n = make([][heatRows]uint32, b.cols)
	return true
}

// col is the column of a moment.
func (b *heatBuilder) col(t int64) int {
	c := sort.Search(b.cols, func(i int) bool { return edge(b.t0, b.t1, i+1, b.cols) > t })
	return min(c, b.cols-1)
}

func (b *heatBuilder) one(x *sample) {
	if x.at >= b.t0 && x.at < b.t1 {
		v := int64(x.v)
		b.n[b.col(x.at)][heatRow(v)] += x.n
		b.longest = max(b.longest, v)
	}
}

// slot spreads a slot evenly over the columns that it covers: of n samples the part that lies in a column, and over all of
// them no more and no fewer than lie in the window.
func (b *heatBuilder) slot(s *heatSlot, from, to int64) {
	if to <= b.t0 || from >= b.t1 {
		return
	}
	first, last := b.col(max(from, b.t0)), b.col(min(to, b.t1)-1)
	part := func(t int64, n uint32) int64 {
		t = min(max(t, from), to)
		return int64(float64(n)*float64(t-from)/float64(to-from) + 0.5)
	}
	for r, n := range s.n {
		if n == 0 {
			continue
		}
		for c := first; c <= last; c++ {
			b.n[c][r] += uint32(part(edge(b.t0, b.t1, c+1, b.cols), n) - part(edge(b.t0, b.t1, c, b.cols), n))
		}
	}
}

// finish cuts the rows that hold something, several together when there are too many.
func (b *heatBuilder) finish(rows int) HeatMap {
	h := HeatMap{T0: b.t0, T1: b.t1, Cols: max(b.cols, 0), Width: b.width, Since: b.since, Longest: b.longest}
	low, high := heatRows, -1
	for c := range b.n {
		for r, n := range b.n[c] {
			if n > 0 {
				low, high = min(low, r), max(high, r)
			}
		}
	}
	if high < 0 || rows <= 0 {
		return h
	}
	step := (high - low + rows) / rows
	count := (high-low)/step + 1
	for r := 0; r <= count; r++ {
		h.Bounds = append(h.Bounds, rowLow(low+r*step))
	}
	h.N = make([]uint32, count*h.Cols)
	for c := range b.n {
		for r := low; r <= high; r++ {
			n := b.n[c][r]
			i := (r-low)/step*h.Cols + c
			h.N[i] += n
			h.Max = max(h.Max, h.N[i])
			h.Total += int64(n)
		}
	}
	if h.Longest == 0 {
		h.Longest = h.Bounds[count]
	}
	return h
}

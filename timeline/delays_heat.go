package timeline

import (
	"math/bits"
	"sort"
)

// The heat map of a measure: when were delays how long?
//
// A column holds what ended in its time, told apart by half octaves of length; the rightmost one also what had not ended by then, as long as it
// had lasted. Each is read from the stores by itself (delays_store.go), so a window of any length costs the same.

const heatRows = 90 // half octaves up to 2^45 ns

// octave is the place of the highest bit.
func octave(v int64) int { return bits.Len64(uint64(v)) - 1 }

// heatRow is the half octave of a delay.
func heatRow(v int64) int {
	if v < 2 {
		return 0
	}
	o := octave(min(v, maxDelay))
	half := 0
	if o >= 5 && v>>(o-5) >= 45 || o < 5 && v<<(5-o) >= 45 { // 32 * sqrt 2, where a bucket ends
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
	return (45<<o + 31) >> 5
}

// HeatMap counts the delays of a window by time and length.
type HeatMap struct {
	T0, T1  int64
	Cols    int
	Bounds  []int64  // edges of the rows, ns, from short to long: row r holds Bounds[r] <= delay < Bounds[r+1]
	N       []uint32 // Cols for each row: N[row*Cols+col]
	Max     uint32   // of a cell
	Total   int64
	Longest int64 // the longest delay

	Unfinished int64 // of Total, what had not ended at T1: it is in the last column, as long as it had lasted by then
	Since      int64 // what is older than this is not kept one by one: of all descriptors together it is coarser, of one it is not there; 0 all is kept
}

// Rows is how many rows there are; 0 when nothing was measured in the window.
func (h *HeatMap) Rows() int { return max(len(h.Bounds)-1, 0) }

// At is the count of a cell; row 0 is the shortest.
func (h *HeatMap) At(col, row int) uint32 { return h.N[row*h.Cols+col] }

// Heat is the heat map of a measure over [t0, t1) in so many columns and at most so many rows, which are half octaves or,
// when there are not enough, several together.
func (s *Snapshot) Heat(m Measure, t0, t1 int64, cols, rows int) HeatMap {
	b := heatBuilder{t0: t0, t1: t1, cols: cols}
	if !b.begin() || m >= MeasureCount {
		return b.finish(rows)
	}
	b.since = s.delaysHeld
	d := newSpread()
	for _, v := range s.delaysOf(nil) {
		if v[m].count == 0 {
			continue
		}
		for c := range b.n {
			d.reset()
			v[m].addWindow(edge(t0, t1, c, cols), edge(t0, t1, c+1, cols), d)
			for i := d.low; i <= d.high; i++ {
				if d.n[i] > 0 {
					low, _ := bucketRange(i, runBits)
					b.n[c][heatRow(low)] += d.n[i]
				}
			}
			b.longest = max(b.longest, d.max)
		}
	}
	s.unfinished(nil, nil, m, t1, b.open)
	return b.finish(rows)
}

// LaneHeat is the heat map of one lane, as far back as single samples are kept (HeatMap.Since).
func (s *Snapshot) LaneHeat(l *Lane, m Measure, t0, t1 int64, cols, rows int) HeatMap {
	b := heatBuilder{t0: t0, t1: t1, cols: cols}
	if b.begin() && m < MeasureCount {
		b.since = s.delaysHeld
		for _, v := range s.delaysOf(nil) {
			v[m].each(t0, t1, func(x *sample) {
				if x.lane == uint32(l.ID) {
					b.one(x)
				}
			})
		}
		s.unfinished(nil, l, m, t1, b.open)
	}
	return b.finish(rows)
}

type heatBuilder struct {
	t0, t1     int64
	cols       int
	n          [][heatRows]uint32 // by column
	longest    int64
	since      int64
	unfinished int64
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
	b.n[b.col(x.end)][heatRow(x.v)] += x.n
	b.longest = max(b.longest, x.v)
}

// open takes what has not ended by the right edge.
func (b *heatBuilder) open(age int64, n uint32) {
	b.n[b.cols-1][heatRow(age)] += n
	b.longest = max(b.longest, age)
	b.unfinished += int64(n)
}

// finish cuts the rows that hold something, several together when there are too many.
func (b *heatBuilder) finish(rows int) HeatMap {
	h := HeatMap{T0: b.t0, T1: b.t1, Cols: max(b.cols, 0), Unfinished: b.unfinished, Since: b.since, Longest: b.longest}
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
	return h
}

package timeline

import "sort"

// LoopState is what a loop's thread does.
type LoopState uint8

// The states. Renotified is working, or a wait that returned at once, on reports that all told what was known.
const (
	LoopUnknown LoopState = iota
	LoopWaiting
	LoopWorking
	LoopRenotified
	LoopAsleep
	LoopLocked   // waiting for a lock that another thread holds
	LoopRunnable // ready to run, and other threads have the CPUs; known only where the source tells (RunDelay)
	LoopStateCount
)

var loopStateNames = [LoopStateCount]string{"unknown", "waiting", "working", "re-notified", "asleep", "waiting for a lock", "runnable"}

// String is the state in words.
func (s LoopState) String() string {
	if s < LoopStateCount {
		return loopStateNames[s]
	}
	return "state?"
}

// Durations is time per state, ns.
type Durations [LoopStateCount]int64

// turn is the moment at which a state begins; it ends where the next begins.
type turn struct {
	t int64
	s LoopState
}

const blockTurns = 256

type turnBlock struct {
	before Durations // up to the first turn
	first  int64
	turns  []turn
}

type durPoint struct {
	t      int64
	before Durations
}

// stateStore keeps the states of one loop, with running totals per state; see marks.go for why.
type stateStore struct {
	keep   *keeper
	points []durPoint
	thin   thinning
	blocks []*turnBlock
	head   int
	total  Durations // up to last.t
	last   turn
	any    bool
	lean   bool // keep the sums alone
}

// add says that s begins at t. Time does not go back.
func (st *stateStore) add(t int64, s LoopState) {
	if st.any {
		if s == st.last.s {
			return
		}
		if t < st.last.t {
			t = st.last.t
		}
		st.total[st.last.s] += t - st.last.t
	}
	st.any, st.last = true, turn{t, s}
	if st.lean {
		return
	}
	n := len(st.blocks)
	if n == st.head || len(st.blocks[n-1].turns) >= blockTurns {
		st.blocks = append(st.blocks, &turnBlock{before: st.total, first: t, turns: make([]turn, 0, blockTurns)})
		if n > st.head {
			st.keep.full(st, blockTurns)
		}
		n = len(st.blocks)
	}
	b := st.blocks[n-1]
	b.turns = append(b.turns, turn{t, s})
}

func (st *stateStore) evict() int {
	if len(st.blocks)-st.head < 2 {
		return 0
	}
	b := st.blocks[st.head]
	st.head++
	st.keep.held = max(st.keep.held, st.blocks[st.head].first)
	if st.thin.point() {
		st.points = thinned(&st.thin, st.points, durPoint{b.first, b.before}, maxPoints)
	}
	if st.head > 64 && st.head > len(st.blocks)/4 {
		st.blocks = append(make([]*turnBlock, 0, len(st.blocks)-st.head+64), st.blocks[st.head:]...)
		st.head = 0
	}
	return blockTurns
}

// stateView is an immutable picture, with the turns that the writer has not settled yet.
type stateView struct {
	points []durPoint
	blocks []*turnBlock
	tail   []turn // of the last block
	open   [openTurns]turn
	nopen  int
	base   Durations // up to open[0].t
	now    int64
}

func (v *stateView) turns(i int) []turn {
	if i == len(v.blocks)-1 {
		return v.tail
	}
	return v.blocks[i].turns
}

// upTo is the time per state before t.
func (v *stateView) upTo(t int64) (d Durations) {
	if t > v.now {
		t = v.now
	}
	if v.nopen > 0 && t >= v.open[0].t {
		d = v.base
		for i := 0; i < v.nopen && v.open[i].t < t; i++ {
			end := t
			if i+1 < v.nopen {
				end = min(end, v.open[i+1].t)
			}
			d[v.open[i].s] += end - v.open[i].t
		}
		return d
	}
	i := sort.Search(len(v.blocks), func(i int) bool { return v.blocks[i].first >= t }) - 1
	if i >= 0 {
		b := v.turns(i)
		d = v.blocks[i].before
		for j := range b {
			if b[j].t >= t {
				break
			}
			end := t
			if j+1 < len(b) {
				end = min(end, b[j+1].t)
			} else if i+1 < len(v.blocks) {
				end = min(end, v.blocks[i+1].first)
			}
			d[b[j].s] += end - b[j].t
		}
		return d
	}
	p := sort.Search(len(v.points), func(i int) bool { return v.points[i].t >= t })
	if p == 0 {
		return d
	}
	a, b := v.points[p-1], durPoint{}
	switch {
	case p < len(v.points):
		b = v.points[p]
	case len(v.blocks) > 0:
		b = durPoint{v.blocks[0].first, v.blocks[0].before}
	default:
		return a.before
	}
	d = a.before
	if b.t > a.t {
		part := float64(t-a.t) / float64(b.t-a.t)
		for s := range d {
			d[s] += int64(float64(b.before[s]-a.before[s]) * part)
		}
	}
	return d
}

// stateAt is the state at t.
func (v *stateView) stateAt(t int64) LoopState {
	for i := v.nopen - 1; i >= 0; i-- {
		if v.open[i].t <= t {
			return v.open[i].s
		}
	}
	i := sort.Search(len(v.blocks), func(i int) bool { return v.blocks[i].first > t }) - 1
	if i < 0 {
		return LoopUnknown
	}
	b := v.turns(i)
	j := sort.Search(len(b), func(j int) bool { return b[j].t > t }) - 1
	if j < 0 {
		return LoopUnknown
	}
	return b[j].s
}

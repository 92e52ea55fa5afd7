package trace

import (
	"runtime"
	"sync/atomic"
)

// Folding in a ring
//
// While an iteration repeats the one before, the producer writes it over the last one instead of behind it: it counts. One slot is
// kept free for the Repeat, before the events of the iteration that is going on:
//
//	... template | (Repeat) | this iteration so far
//
// The producer writes the Repeat as soon as an iteration differs, and when the count is 10 ms old. But it may be inside a call
// for long, in the middle of an iteration; then the reader does it, so that what the thread is in becomes visible. For that, one
// of the two owns what is not published: the producer from the first event after a Publish until the next Publish, which comes before
// each call that may block; between the two whoever comes first. In a ring that does not fold the producer owns it always.

// Who owns what a folding ring has not published.
const (
	ownProducer uint32 = iota
	ownNobody
	ownReader
)

// foldState is the part of a ring that counts repeats. All but owner and since belong to whoever owns it.
type foldState struct {
	// the producer's own, also while it does not fold
	turn    uint64 // slot at which the current iteration begins
	turnSeq uint32 // Seq of the event before it
	of      uint64 // events of the iteration before; 0 it cannot be repeated
	gap     uint64 // slots between the two: 1 where a Repeat was written
	end     int64  // its end
	equal   int    // so many iterations were equal
	on      bool

	f     fold
	slot  uint64 // of the Repeat that is to come
	seq   uint32 // its number
	taken bool   // the reader has published everything, the Repeat included
	moved bool   // ... and there was nothing to repeat: what came behind the free slot has moved into it

	// while the reader may come
	tail uint64 // the producer's tail at its last Publish

	owner atomic.Uint32
	since atomic.Int64 // begin of what is not published; 0: the ring does not fold
}

// Turn says that an iteration of the producer's loop has ended, and another begins, at which events that repeat the last one may
// be counted. It belongs to the producer. The iteration must not end inside a call.
func (r *Ring) Turn() {
	if r.off {
		return
	}
	f := &r.fold
	if f.on {
		r.turnFolding()
		return
	}
	k := r.tail - f.turn
	switch {
	case k == 0:
	case k > MaxRepeated:
		f.equal = 0
		r.turned(0)
	default:
		r.turnSlow(k)
	}
}

// turned begins the next iteration; the one that has ended has k events that may be repeated, or 0.
func (r *Ring) turned(k uint64) {
	f := &r.fold
	f.turn, f.turnSeq, f.of, f.gap = r.tail, r.seq, k, 0
	f.end = r.Last()
}

// turnSlow looks whether the iteration is the one before again, and begins to count when that has happened often enough. A long one, as
// when the thread had no CPU, is written in full, and what comes behind it is counted again at once.
func (r *Ring) turnSlow(k uint64) {
	f := &r.fold
	lost := uint64(r.seq-f.turnSeq) != k || r.dropped != 0
	end := r.Last()
	repeats, long := k == f.of, end-f.end > longIteration
	for i := f.turn; i < r.tail; i++ {
		e := &r.slots[i&r.mask]
		if lost || !e.Idle() {
			f.equal = 0
			r.turned(0)
			return
		}
		repeats = repeats && same(&r.slots[(i-k-f.gap)&r.mask], e)
	}
	if f.equal++; !repeats {
		f.equal = 1
	}
	r.turned(k)
	// Room for the Repeat and an iteration; the template has to stay in the ring, too.
	if f.equal >= repeatFrom && !long && uint64(len(r.slots)) >= 4*k+64 {
		r.beginFold()
	}
}

// beginFold leaves a slot free for the Repeat and counts from here on.
func (r *Ring) beginFold() {
	f := &r.fold
	r.Publish(f.end)
	if limit := r.head.Load() + uint64(len(r.slots)); limit-r.tail < 2*f.of+8 {
		return // no room now
	}
	f.on, f.taken, f.moved = true, false, false
	f.f = fold{of: int(f.of), begin: f.end, last: f.end}
	f.slot, f.seq = r.tail, r.seq+1
	r.rewind()
	f.since.Store(f.end)
}

// rewind begins the next iteration over the one that was counted.
func (r *Ring) rewind() {
	f := &r.fold
	r.slots[f.slot&r.mask].Time = f.f.last // what Last finds
	r.tail, r.seq = f.slot+1, f.seq
	r.limit = r.tail // each event takes the slow way
}

// own waits until the producer owns what is not published. It tells whether the ring still folds.
func (r *Ring) own() bool {
	f := &r.fold
	for f.owner.Load() != ownProducer && !f.owner.CompareAndSwap(ownNobody, ownProducer) {
		runtime.Gosched() // the reader copies some events
	}
	if !f.taken {
		return true
	}
	if f.taken = false; f.moved {
		r.tail, r.seq = r.tail-1, r.seq-1
	}
	r.unfolded()
	return false
}

// unfolded goes on without folding. All that was emitted is published, and what is repeated lies before the iteration that is going
// on, or before the Repeat that is before that.
func (r *Ring) unfolded() {
	f := &r.fold
	f.on, f.moved = false, false
	f.of, f.gap, f.turn, f.turnSeq, f.end = uint64(f.f.of), 0, f.slot, f.seq-1, f.f.last
	if f.f.n > 0 {
		f.gap, f.turn, f.turnSeq = 1, f.slot+1, f.seq
	}
	r.pub = r.tail
	r.limit = r.head.Load() + uint64(len(r.slots))
}

// nextFolding is next while the ring folds.
func (r *Ring) nextFolding(k Kind, now int64) *Event {
	f := &r.fold
	if !r.own() {
		return r.next(k, now)
	}
	if r.tail-f.slot > uint64(f.f.of)+1 { // longer than what it should repeat
		r.endFold()
		return r.next(k, now)
	}
	e := &r.slots[r.tail&r.mask]
	r.tail++
	r.limit = r.tail
	r.seq++
	*e = Event{Time: now, Seq: r.seq, Stream: r.stream, Kind: k}
	return e
}

// turnFolding is Turn while the ring folds.
func (r *Ring) turnFolding() {
	f := &r.fold
	if !r.own() {
		r.Turn()
		return
	}
	k := r.tail - f.slot - 1
	if k == 0 {
		return
	}
	if k != uint64(f.f.of) || !f.f.takesRing(r, f.slot-k, f.slot+1) {
		r.endFold()
		r.Turn()
		return
	}
	r.rewind()
	r.watermark.Store(f.f.last)
	if f.f.last-f.f.begin >= repeatAge {
		r.endFold() // the next iteration is written in full, and is the one that is counted from then on
	}
}

// takesRing is takes for two runs of slots.
func (f *fold) takesRing(r *Ring, template, it uint64) bool {
	n := uint64(f.of)
	if t, i := template&r.mask, it&r.mask; t+n <= uint64(len(r.slots)) && i+n <= uint64(len(r.slots)) {
		return f.takes(r.slots[t:t+n], r.slots[i:i+n])
	}
	a, b := make([]Event, n), make([]Event, n)
	for i := range n {
		a[i], b[i] = r.slots[(template+i)&r.mask], r.slots[(it+i)&r.mask]
	}
	return f.takes(a, b)
}

// endFold publishes the Repeat and what came behind it, and goes on without folding. The producer owns it.
func (r *Ring) endFold() {
	f := &r.fold
	if end := r.settle(r.tail); end < r.tail {
		r.tail, r.seq = end, r.seq-1
	}
	f.since.Store(0)
	r.published.Store(r.tail)
	r.unfolded()
}

// settle writes the Repeat into its slot, or, if nothing was repeated, moves what came behind it there. It returns the tail after that.
func (r *Ring) settle(tail uint64) uint64 {
	f := &r.fold
	if f.f.n > 0 {
		e := &r.slots[f.slot&r.mask]
		*e = Event{Time: f.f.last, Seq: f.seq, Stream: r.stream}
		f.f.repeats().put(e)
		return tail
	}
	for i := f.slot; i+1 < tail; i++ {
		e := &r.slots[i&r.mask]
		*e = r.slots[(i+1)&r.mask]
		e.Seq--
	}
	return tail - 1
}

// Holds reports whether the ring keeps events to itself because they repeat each other. Anybody may call it.
func (r *Ring) Holds() bool { return !r.off && r.fold.since.Load() != 0 }

// rest is Publish while the ring folds: from here on the reader may come.
func (r *Ring) rest() {
	f := &r.fold
	if r.own() {
		f.tail = r.tail
		f.owner.Store(ownNobody)
	}
}

// reveal publishes what a folding ring has kept to itself since a moment before old, if its producer is inside a call. It belongs to
// the reader.
func (r *Ring) reveal(old int64) {
	f := &r.fold
	if since := f.since.Load(); since == 0 || since > old || !f.owner.CompareAndSwap(ownNobody, ownReader) {
		return
	}
	if !f.taken {
		tail := f.tail
		end := r.settle(tail)
		f.taken, f.moved = true, end < tail
		f.since.Store(0)
		r.published.Store(end)
	}
	f.owner.Store(ownNobody)
}

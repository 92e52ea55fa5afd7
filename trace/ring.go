package trace

import (
	"fmt"
	"sync/atomic"
)

// publishEvery is how many events a producer keeps to itself before it makes them visible. An atomic store is an XCHG
// on x86-64 (about 10 ns), so publishing each event would double its price.
const publishEvery = 32

// Ring carries events from one producing thread to one reader without a lock.
//
// The producer calls Next, fills the event it gets, and calls Publish before any call that may block; until then the
// newest events are its own. A full ring never blocks and never grows: the event is dropped, counted, and its sequence
// number used up, and as soon as there is room a Lost event says how many are missing. So a hole in the sequence
// numbers is always followed directly by the Lost that explains it.
//
// Thread rule: Next, Publish, Now, Name and Close belong to the producer; everything else belongs to one reader, but for
// Lost, Len and Published, which anybody may call.
type Ring struct {
	// producer's own
	slots   []Event
	mask    uint64
	tail    uint64
	pub     uint64 // what published held last
	limit   uint64 // tail may grow to here before head has to be read again
	seq     uint32
	stream  uint32
	dropped uint32 // dropped since the last Lost
	off     bool
	scratch Event // where the caller writes what is dropped
	fold    foldState
	_       [64]byte

	published atomic.Uint64
	watermark atomic.Int64  // every event before this moment is published
	lost      atomic.Uint64 // events dropped in all
	pending   atomic.Uint32 // dropped, not told in a Lost, at Close
	pendSeq   atomic.Uint32
	closed    atomic.Bool
	_         [64]byte

	head atomic.Uint64 // reader's own
}

// NewRing makes a ring for the given stream with room for size events, rounded up to a power of two and at least 64.
// Stream numbers begin at 1.
func NewRing(stream uint32, size int) *Ring {
	n := 64
	for n < size {
		n <<= 1
	}
	r := &Ring{slots: allocSlots(n), mask: uint64(n - 1), stream: stream}
	r.limit = uint64(n)
	return r
}

// NoRing is a ring that throws everything away, for a loop that is not being watched.
func NoRing() *Ring { return &Ring{off: true} }

// allocSlots is the only place that makes ring memory, so that a recording can later put it into a shared file mapping.
func allocSlots(n int) []Event { return make([]Event, n) }

// Published is how many events the reader can take, or has taken: the Lost events that tell of dropped ones among them, but not those that
// were dropped. Anybody may call it.
func (r *Ring) Published() uint64 { return r.published.Load() }

// On reports whether anybody can see what is emitted.
func (r *Ring) On() bool { return !r.off }

// Stream is the ring's stream number.
func (r *Ring) Stream() uint32 { return r.stream }

// Now reads the clock, or returns 0 when the ring is off: then nobody looks at the time.
func (r *Ring) Now() int64 {
	if r.off {
		return 0
	}
	return nanotime()
}

// Last is the time of the newest event that found room, 0 when there is none. It belongs to the producer.
func (r *Ring) Last() int64 {
	if r.off || r.tail == 0 {
		return 0
	}
	return r.slots[(r.tail-1)&r.mask].Time
}

// Next begins an event of the given kind at the given moment. The caller fills the rest before its next call to the
// ring; the pointer is not valid after that.
func (r *Ring) Next(k Kind, now int64) *Event {
	if r.off { // small enough to be inlined, so that a ring that is off costs its caller a branch
		return &r.scratch
	}
	return r.next(k, now)
}

func (r *Ring) next(k Kind, now int64) *Event {
	if r.tail == r.limit {
		return r.nextSlow(k, now)
	}
	if r.tail-r.pub >= publishEvery {
		r.Publish(now)
	}
	e := &r.slots[r.tail&r.mask]
	r.tail++
	r.seq++
	*e = Event{} // cleared in place; a literal with values would be built beside it and copied
	e.Time, e.Seq, e.Stream, e.Kind = now, r.seq, r.stream, k
	return e
}

// nextSlow runs when the ring looks full: it asks how far the reader is, and drops when that does not help.
func (r *Ring) nextSlow(k Kind, now int64) *Event {
	if r.fold.on {
		return r.nextFolding(k, now)
	}
	r.Publish(now)
	r.limit = r.head.Load() + uint64(len(r.slots))
	need := uint64(1)
	if r.dropped > 0 {
		need = 2
	}
	if r.limit-r.tail < need {
		r.limit = r.tail // come here again next time
		r.seq++
		r.dropped++
		r.lost.Add(1)
		return &r.scratch
	}
	if r.dropped > 0 {
		e := &r.slots[r.tail&r.mask]
		r.tail++
		r.seq++
		*e = Event{Time: now, Seq: r.seq, Stream: r.stream, Kind: Lost, A: int64(r.dropped), Aux: LostRing}
		r.dropped = 0
	}
	e := &r.slots[r.tail&r.mask]
	r.tail++
	r.seq++
	*e = Event{Time: now, Seq: r.seq, Stream: r.stream, Kind: k}
	return e
}

// skip is for a producer that hands on what another ring recorded, when that one has lost n events: as many numbers are
// used up, and the next event follows a Lost.
func (r *Ring) skip(n uint32) {
	if r.fold.on && r.own() {
		r.endFold()
	}
	r.seq += n
	r.dropped += n
	r.lost.Add(uint64(n))
	r.limit = r.tail // the slow way, which tells it
}

// Name emits a string under an id.
func (r *Ring) Name(id uint32, s string, now int64) {
	if r.off {
		return
	}
	NamePieces(id, s, func(e Event) {
		p := r.Next(Name, now)
		p.Dur, p.A, p.B, p.Aux, p.Mask, p.Gen = e.Dur, e.A, e.B, e.Aux, e.Mask, e.Gen
	})
}

// Publish makes everything emitted so far visible to the reader, and promises that later events are not older than now.
// It must be called before any call that may block. While iterations repeat each other, what is emitted becomes visible within
// 10 ms; see Turn.
func (r *Ring) Publish(now int64) {
	if r.off {
		return
	}
	if r.fold.on {
		r.rest()
		if r.fold.on {
			return // the watermark stays at what was counted
		}
	}
	if r.tail != r.pub {
		r.pub = r.tail
		r.published.Store(r.tail)
	}
	r.watermark.Store(now)
}

// Close ends the stream. What is still to be read stays readable.
func (r *Ring) Close() {
	if r.off {
		return
	}
	if r.fold.on && r.own() {
		r.endFold()
	}
	r.pendSeq.Store(r.seq)
	r.pending.Store(r.dropped)
	r.Publish(nanotime())
	r.closed.Store(true)
}

// Lost is how many events were dropped so far.
func (r *Ring) Lost() uint64 { return r.lost.Load() }

// Len is how many published events wait to be read.
func (r *Ring) Len() int { return int(r.published.Load() - r.head.Load()) }

func (r *Ring) String() string {
	return fmt.Sprintf("ring %d: %d of %d used, %d lost", r.stream, r.Len(), len(r.slots), r.Lost())
}

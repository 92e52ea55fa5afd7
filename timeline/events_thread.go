package timeline

import (
	"cmp"
	"slices"
	"sync"

	"evviz/trace"
)

// The events of one thread
//
// The events of all threads are kept together, in the order of the source. Who walks those of one thread (turn.go) must not look at the
// others': beside fifteen busy threads that would take sixteen times as long, and the next event of a quiet thread may lie a million events away. So a full block has an
// index of its threads. It is made when somebody looks for the first time, which the fold never does.

// streamIndex says which events of a block are of which stream.
type streamIndex struct {
	once   sync.Once
	least  int64       // the earliest moment at which one of them stands in a list
	runs   []streamRun // by stream
	places []uint16    // in the block, run by run, in order
}

// streamRun is the places of one stream.
type streamRun struct {
	stream   uint32
	from, to uint16
}

// of is the places of a stream's events in a full block.
func (b *eventBlock) of(stream uint32) []uint16 {
	x := &b.threads
	x.once.Do(func() { x.make(b.e) })
	i, ok := slices.BinarySearchFunc(x.runs, stream, func(r streamRun, s uint32) int { return cmp.Compare(r.stream, s) })
	if !ok {
		return nil
	}
	return x.places[x.runs[i].from:x.runs[i].to]
}

// earliest is the earliest moment at which an event of a full block stands in a list.
func (b *eventBlock) earliest() int64 {
	x := &b.threads
	x.once.Do(func() { x.make(b.e) })
	return x.least
}

func (x *streamIndex) make(es []trace.Event) {
	x.least = lastMoment
	for i := range es {
		x.least = min(x.least, StandsAt(&es[i]))
	}
	counts := map[uint32]uint16{}
	for i := range es {
		counts[es[i].Stream]++
	}
	x.runs = make([]streamRun, 0, len(counts))
	for s := range counts {
		x.runs = append(x.runs, streamRun{stream: s})
	}
	runs := make(map[uint32]*streamRun, len(counts))
	slices.SortFunc(x.runs, func(a, b streamRun) int { return cmp.Compare(a.stream, b.stream) })
	at := uint16(0)
	for i := range x.runs {
		r := &x.runs[i]
		r.from, r.to = at, at
		at += counts[r.stream]
		runs[r.stream] = r
	}
	x.places = make([]uint16, len(es))
	for i := range es {
		r := runs[es[i].Stream]
		x.places[r.to] = uint16(i)
		r.to++
	}
}

// next is the index of the first event of a stream at or after i; prev of the last one at or before; -1 when there is none.
func (v *eventView) next(stream uint32, i int64) int64 {
	for i = max(i, v.first); i < v.end; {
		b := int((i - v.first) / blockEvents)
		base := v.first + int64(b)*blockEvents
		if b == len(v.blocks)-1 { // it is being filled
			for k := i - base; k < v.end-base; k++ {
				if v.tail[k].Stream == stream {
					return base + k
				}
			}
			return -1
		}
		places := v.blocks[b].of(stream)
		if k, _ := slices.BinarySearch(places, uint16(i-base)); k < len(places) {
			return base + int64(places[k])
		}
		i = base + blockEvents
	}
	return -1
}

func (v *eventView) prev(stream uint32, i int64) int64 {
	for i = min(i, v.end-1); i >= v.first; {
		b := int((i - v.first) / blockEvents)
		base := v.first + int64(b)*blockEvents
		if b == len(v.blocks)-1 {
			for k := i - base; k >= 0; k-- {
				if v.tail[k].Stream == stream {
					return base + k
				}
			}
		} else {
			places := v.blocks[b].of(stream)
			k, exact := slices.BinarySearch(places, uint16(i-base))
			if exact {
				k++
			}
			if k > 0 {
				return base + int64(places[k-1])
			}
		}
		i = base - 1
	}
	return -1
}

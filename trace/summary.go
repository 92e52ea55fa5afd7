package trace

import (
	"cmp"
	"errors"
	"slices"
)

// ChunkSummary is what a chunk says about itself without its events being read.
type ChunkSummary struct {
	Chunk       int   // number, from 0
	Offset      int64 // in the file, bytes
	First, Last int64 // CLOCK_MONOTONIC ns, least and greatest of its events
	Events      int64
	Lost        int64 // events that its Lost events speak of
	Known       bool  // false: the summary cannot be read, and what is above comes from the chunk's header
	Lanes       []LaneSummary
}

// LaneSummary is what happened on one descriptor number of a stream during a chunk, or, under FD -1, what a stream did
// that belongs to no descriptor.
type LaneSummary struct {
	Stream      uint32
	FD          int32
	First, Last int64 // CLOCK_MONOTONIC ns
	Read        int64 // bytes
	Written     int64 // bytes
	Counts      []KindCountOf
}

// KindCountOf says how many events of a kind there were. A call that came as enter and exit counts once, at its exit.
type KindCountOf struct {
	Kind Kind
	N    uint32
}

// Count is how many events of kind k the lane had.
func (l *LaneSummary) Count(k Kind) int {
	for _, c := range l.Counts {
		if c.Kind == k {
			return int(c.N)
		}
	}
	return 0
}

// summarizer folds the events of a chunk into lanes. It is reused.
type summarizer struct {
	lanes  []LaneSummary
	counts [][256]uint32
	index  map[uint64]int32
	cache  [64]struct { // the map is too slow to be asked for each event
		key  uint64
		lane int32
	}
	lost   uint64
	marked bool // a person's bookmark is among them
}

func (s *summarizer) add(evs []Event) {
	if s.index == nil {
		s.index = map[uint64]int32{}
	}
	clear(s.index)
	s.lanes, s.counts, s.lost, s.marked = s.lanes[:0], s.counts[:0], 0, false
	for i := range s.cache {
		s.cache[i].lane = -1
	}
	for i := range evs {
		e := &evs[i]
		fd := e.FD
		if !laneKind[e.Kind] {
			fd = -1
		}
		key := uint64(e.Stream)<<32 | uint64(uint32(fd))
		c := &s.cache[(uint32(fd)^e.Stream<<3)%64]
		if c.lane < 0 || c.key != key {
			n, ok := s.index[key]
			if !ok {
				n = int32(len(s.lanes))
				s.index[key] = n
				s.lanes = append(s.lanes, LaneSummary{Stream: e.Stream, FD: fd, First: e.Time, Last: e.Time})
				s.counts = append(s.counts, [256]uint32{})
			}
			c.key, c.lane = key, n
		}
		l := &s.lanes[c.lane]
		l.First, l.Last = min(l.First, e.Time), max(l.Last, e.Time)
		if e.Phase.Base() == PhaseEnter {
			continue
		}
		s.counts[c.lane][e.Kind]++
		switch e.Kind {
		case Read:
			l.Read += max(e.B, 0)
		case Write:
			l.Written += max(e.B, 0)
		case Bookmark:
			s.marked = s.marked || e.A != 0
		case Lost:
			s.lost += uint64(max(e.A, 0))
		}
	}
}

// append writes the lanes, ordered by stream and descriptor. Times are relative to first.
func (s *summarizer) append(b []byte, first int64) []byte {
	order := make([]int, len(s.lanes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(s.lanes[i].Stream, s.lanes[j].Stream), cmp.Compare(s.lanes[i].FD, s.lanes[j].FD))
	})
	b = appendVarint(b, uint64(len(order)))
	for _, i := range order {
		l := &s.lanes[i]
		b = appendVarint(b, uint64(l.Stream))
		b = appendVarint(b, zigzag(int64(l.FD)))
		b = appendVarint(b, uint64(l.First)-uint64(first))
		b = appendVarint(b, uint64(l.Last)-uint64(l.First))
		b = appendVarint(b, uint64(l.Read))
		b = appendVarint(b, uint64(l.Written))
		kinds := 0
		for _, n := range s.counts[i] {
			if n > 0 {
				kinds++
			}
		}
		b = appendVarint(b, uint64(kinds))
		for k, n := range s.counts[i] {
			if n > 0 {
				b = append(b, byte(k))
				b = appendVarint(b, uint64(n))
			}
		}
	}
	return b
}

var errSummary = errors.New("damaged summary")

// parseLanes reads what append wrote.
func parseLanes(b []byte, first int64) ([]LaneSummary, error) {
	s := scanner{b: b}
	n := s.varint()
	if s.bad || n > uint64(len(b)) {
		return nil, errSummary
	}
	lanes := make([]LaneSummary, 0, n)
	counts := make([]KindCountOf, 0, 4*n)
	for range n {
		var l LaneSummary
		l.Stream = uint32(s.varint())
		l.FD = int32(s.signed())
		l.First = first + int64(s.varint())
		l.Last = l.First + int64(s.varint())
		l.Read, l.Written = int64(s.varint()), int64(s.varint())
		at := len(counts)
		for range min(s.varint(), 256) {
			k := s.bytes(1)
			if s.bad {
				return nil, errSummary
			}
			counts = append(counts, KindCountOf{Kind(k[0]), uint32(s.varint())})
		}
		if s.bad {
			return nil, errSummary
		}
		l.Counts = counts[at:len(counts):len(counts)]
		lanes = append(lanes, l)
	}
	return lanes, nil
}

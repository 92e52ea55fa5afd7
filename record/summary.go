package record

import (
	"cmp"
	"errors"
	"slices"

	"evviz/trace"
)

// summarizer folds the events of a chunk into lanes. It is reused.
type summarizer struct {
	lanes  []trace.LaneSummary
	counts [][256]uint32
	index  map[uint64]int32
	cache  [64]struct { // the map is too slow to be asked for each event
		key  uint64
		lane int32
	}
	lost   uint64
	marked bool // a person's bookmark is among them
}

func (s *summarizer) add(evs []trace.Event) {
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
		lane := s.lane(e)
		l := &s.lanes[lane]
		l.First, l.Last = min(l.First, e.Time), max(l.Last, e.Time)
		if e.Phase.Base() == trace.PhaseEnter {
			continue
		}
		s.counts[lane][e.Kind]++
		switch e.Kind {
		case trace.Read:
			l.Read += max(e.B, 0)
		case trace.Write:
			l.Written += max(e.B, 0)
		case trace.Bookmark:
			s.marked = s.marked || e.A != 0
		case trace.Lost:
			s.lost += uint64(max(e.A, 0))
		case trace.Repeat:
			s.repeat(evs[:i], e)
		}
	}
}

// lane finds the lane of an event.
func (s *summarizer) lane(e *trace.Event) int32 {
	fd := e.FD
	if !e.Kind.HasFD() {
		fd = -1
	}
	key := uint64(e.Stream)<<32 | uint64(uint32(fd))
	c := &s.cache[(uint32(fd)^e.Stream<<3)%64]
	if c.lane < 0 || c.key != key {
		n, ok := s.index[key]
		if !ok {
			n = int32(len(s.lanes))
			s.index[key] = n
			s.lanes = append(s.lanes, trace.LaneSummary{Stream: e.Stream, FD: fd, First: e.Time, Last: e.Time})
			s.counts = append(s.counts, [256]uint32{})
		}
		c.key, c.lane = key, n
	}
	return c.lane
}

// repeat counts what a Repeat counts. What it is about may lie in the chunk before, in part; that is not counted then.
func (s *summarizer) repeat(before []trace.Event, e *trace.Event) {
	r := trace.RepeatOf(e)
	for i := len(before) - 1; i >= 0 && r.Of > 0; i-- {
		x := &before[i]
		if x.Stream != e.Stream {
			continue
		}
		if r.Of--; x.Phase.Base() == trace.PhaseEnter {
			continue
		}
		lane := s.lane(x)
		l := &s.lanes[lane]
		l.Last = max(l.Last, e.Time)
		n := &s.counts[lane][x.Kind]
		*n = uint32(min(int64(*n)+max(r.N, 0), 1<<32-1))
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
func parseLanes(b []byte, first int64) ([]trace.LaneSummary, error) {
	s := scanner{b: b}
	n := s.varint()
	if s.bad || n > uint64(len(b)) {
		return nil, errSummary
	}
	lanes := make([]trace.LaneSummary, 0, n)
	counts := make([]trace.KindCountOf, 0, 4*n)
	for range n {
		var l trace.LaneSummary
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
			counts = append(counts, trace.KindCountOf{Kind: trace.Kind(k[0]), N: uint32(s.varint())})
		}
		if s.bad {
			return nil, errSummary
		}
		l.Counts = counts[at:len(counts):len(counts)]
		lanes = append(lanes, l)
	}
	return lanes, nil
}

package trace

// Summarized is a source that knows what its parts hold without reading their events.
type Summarized interface{ Summaries() []ChunkSummary }

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

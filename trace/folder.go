package trace

import "slices"

// Folder counts what repeats itself in events that come one after the other, of any number of streams: what rings do by themselves, for
// a source that has none. A new iteration begins where a thread goes to wait or to sleep.
//
// While iterations of a stream are counted, everything that comes is held back, 10 ms of the source's time at most, so that the
// order stays. It belongs to one goroutine.
type Folder struct {
	q       []folded
	base    int // place of q[0] in the order of all
	streams map[uint32]*foldedStream
	recent  *foldedStream   // of the event before
	id      uint32          // ... its stream
	folding []*foldedStream // those that count: few, however many streams there are
	work    int             // events of all streams that were progress
}

// folded is an event that waits to go.
type folded struct {
	e       Event
	counted bool // it is part of what a Repeat counts
}

// foldedStream is what is known of one stream.
type foldedStream struct {
	gone    uint32  // numbers that have been saved
	it      []Event // the iteration that is going on
	at      []int   // ... and its places, while the stream counts
	last    []Event // the iteration before it
	idle    bool    // nothing but idle events is in the one that is going on, and it has begun with a wait
	end     int64   // of the one before
	work    int     // Folder.work then
	equal   int
	on      bool
	f       fold
	held    int // place behind the template: from there on it is held back
	newest  int // place of the last event that was counted; -1 none
	balance int // calls that are open
}

// Add takes the next event.
func (f *Folder) Add(e *Event) {
	for i := len(f.folding) - 1; i >= 0; i-- {
		if s := f.folding[i]; e.Time-s.f.begin > repeatAge {
			f.flush(s)
		}
	}
	s := f.recent
	if s == nil || f.id != e.Stream {
		if s = f.streams[e.Stream]; s == nil {
			if f.streams == nil {
				f.streams = map[uint32]*foldedStream{}
			}
			s = new(foldedStream)
			f.streams[e.Stream] = s
		}
		f.recent, f.id = s, e.Stream
	}
	at := f.base + len(f.q)
	switch {
	case !e.Idle():
		if s.on {
			f.flush(s)
		}
		s.idle = false
		f.work++
	case (e.Kind == Wait || e.Kind == Sleep) && e.Phase.Base() != PhaseExit && s.balance == 0:
		f.turn(s)
		s.it, s.at, s.idle = s.it[:0], s.at[:0], true
	}
	switch e.Phase.Base() {
	case PhaseEnter:
		s.balance++
	case PhaseExit:
		s.balance = max(s.balance-1, 0)
	}
	if e.Kind == Lost {
		s.balance = 0
	}
	f.q = append(f.q, folded{e: *e})
	if s.idle {
		s.it = append(s.it, *e)
		if s.on {
			s.at = append(s.at, at)
		}
		if len(s.it) > MaxRepeated {
			if s.on {
				f.flush(s)
			}
			s.idle = false
		}
	}
}

// turn ends an iteration.
func (f *Folder) turn(s *foldedStream) {
	if !s.idle || len(s.it) == 0 {
		s.equal, s.last = 0, s.last[:0]
		return
	}
	it := s.it
	end := it[len(it)-1].Time
	// Another thread may have worked on what this one was told of: such iterations are told one by one, between what the others did.
	alone := s.work == f.work
	if s.work = f.work; !alone && s.on {
		f.flush(s)
	}
	if s.on {
		if s.f.takes(s.last, it) {
			for _, at := range s.at {
				f.q[at-f.base].counted = true
			}
			s.newest = s.at[len(s.at)-1]
			if s.f.last-s.f.begin >= repeatAge {
				f.flush(s)
			}
			s.end = end
			return
		}
		f.flush(s)
	}
	equal, long := len(it) == len(s.last), end-s.end > longIteration
	for i := 0; equal && i < len(it); i++ {
		equal = same(&s.last[i], &it[i])
	}
	if s.equal++; !equal || !alone {
		s.equal = 1
	}
	s.last, s.it, s.end = it, s.last, end
	if s.equal >= repeatFrom && !long {
		s.on, s.newest = true, -1
		s.f = fold{of: len(it), begin: end, last: end}
		s.held = f.base + len(f.q)
		f.folding = append(f.folding, s)
	}
}

// flush writes the Repeat of a stream and stops to count; the next iteration is written in full.
func (f *Folder) flush(s *foldedStream) {
	s.on = false
	i := slices.Index(f.folding, s)
	f.folding = slices.Delete(f.folding, i, i+1)
	if s.f.n == 0 {
		return
	}
	x := &f.q[s.newest-f.base]
	x.counted = false
	seq, stream := x.e.Seq, x.e.Stream
	x.e = Event{Time: s.f.last, Seq: seq, Stream: stream}
	s.f.repeats().put(&x.e)
}

// Held is how many events wait to go.
func (f *Folder) Held() int { return len(f.q) }

// Take gives the events that may go, at most as many as there is room for; at the end of the source all.
func (f *Folder) Take(to []Event, end bool) int {
	if end {
		for len(f.folding) > 0 {
			f.flush(f.folding[0])
		}
	}
	limit := f.base + len(f.q)
	for _, s := range f.folding {
		limit = min(limit, s.held)
	}
	n := 0
	i := 0
	for ; n < len(to) && f.base+i < limit; i++ {
		x := &f.q[i]
		s := f.streams[x.e.Stream]
		if x.counted {
			s.gone++
			continue
		}
		if x.e.Seq != 0 {
			x.e.Seq -= s.gone
		}
		to[n] = x.e
		n++
	}
	f.base += i
	f.q = append(f.q[:0], f.q[i:]...)
	return n
}

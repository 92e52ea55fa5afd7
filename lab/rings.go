package lab

import (
	"sync"

	"evviz/trace"
)

// ringMaker numbers the streams of a session.
type ringMaker struct {
	mu   sync.Mutex
	next uint32
	size int
	m    *trace.Merge
	made map[uint32]*trace.Ring // by stream
}

func (r *ringMaker) ring() *trace.Ring {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	x := trace.NewRing(r.next, r.size)
	r.m.Add(x)
	if r.made == nil {
		r.made = map[uint32]*trace.Ring{}
	}
	r.made[r.next] = x
	return x
}

// behind reports whether a stream has more events than so many; false for one that has no ring here.
func (r *ringMaker) behind(stream uint32, events uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.made[stream]
	return x != nil && (x.Holds() || x.Published() != events)
}

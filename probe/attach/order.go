package attach

import (
	"cmp"
	"slices"

	"evviz/probe/kernel"
)

// entry is a record or a fact that waits for its turn.
type entry struct {
	time int64 // the kernel's clock
	rec  kernel.Record
	fact *fact
}

// order puts records of several CPUs, and facts, into the order of their times.
type order struct {
	q     []entry
	dirty bool
	room  []byte // for payloads; what is full is left to those that lie in it
}

func (o *order) record(r *kernel.Record) {
	x := entry{time: int64(r.Time), rec: *r}
	if n := len(r.Payload); n > 0 {
		if len(o.room) < n {
			o.room = make([]byte, max(n, 1<<16))
		}
		x.rec.Payload = o.room[:n:n]
		copy(x.rec.Payload, r.Payload)
		o.room = o.room[n:]
	}
	o.add(x)
}

func (o *order) fact(at int64, f fact) { o.add(entry{time: at, fact: &f}) }

func (o *order) add(x entry) {
	o.dirty = o.dirty || len(o.q) > 0 && x.time < o.q[len(o.q)-1].time
	o.q = append(o.q, x)
}

// upTo hands on what is not younger than a moment.
func (o *order) upTo(t int64, take func(*entry)) {
	if o.dirty {
		slices.SortStableFunc(o.q, func(a, b entry) int { return cmp.Compare(a.time, b.time) })
		o.dirty = false
	}
	n := 0
	for n < len(o.q) && o.q[n].time <= t {
		take(&o.q[n])
		n++
	}
	rest := copy(o.q, o.q[n:])
	clear(o.q[rest:])
	o.q = o.q[:rest]
}

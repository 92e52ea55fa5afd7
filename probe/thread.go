package probe

import (
	"evviz/trace"
	"evviz/world"
)

// thread is a stream.
type thread struct {
	stream   uint32
	pid, tid int
	table    int // which descriptor table it uses
	comm     string
	who      *world.Thread
	seq      uint32
	holeAt   uint32 // number of the last Hole
	last     int64
	began    bool
	inside   Sys         // the call that it was told to be in
	entered  trace.Event // with this event
	told     bool        // entered is the beginning of the call that is being looked at

	set, spare []member // what it passed to poll or select last, and room for the next one
	setRoom    int

	ids   map[string]uint32
	texts []string
	next  int
}

// What names a stream keeps at a time; then the oldest id gets a new string. All streams together keep so many bytes; then
// every stream forgets its names and tells them anew.
const (
	maxNames     = 4096
	maxNameBytes = 32 << 20
)

// thread finds or begins the stream of a call's thread, and tells of what is new about it.
func (em *Emitter) thread(c *Call) *thread {
	table := c.Files
	if table == 0 {
		table = c.PID
	}
	th := em.recent
	if th == nil || th.tid != c.TID {
		th = em.threads[c.TID]
	}
	if th == nil {
		em.streams++
		th = &thread{stream: em.streams, tid: c.TID, pid: -1, who: em.world.Thread(em.streams)}
		em.threads[c.TID] = th
	}
	em.recent = th
	if em.nameBytes > maxNameBytes { // here, and not while an event is made that refers to some
		for _, o := range em.threads {
			o.ids, o.texts, o.next = nil, nil, 0
		}
		em.nameBytes = 0
	}
	comm := c.Comm
	if comm == "" {
		comm = th.comm
	}
	if th.pid == c.PID && th.table == table && th.comm == comm {
		return th
	}
	th.pid, th.table, th.comm = c.PID, table, comm
	if c.TID == 0 {
		return th // nothing is known about it
	}
	at := c.Time - c.Dur
	if th.began {
		at = max(at, th.last)
	}
	e := trace.Event{Kind: trace.Thread, Time: at, A: int64(c.PID), B: int64(c.TID), Gen: uint32(table)}
	th.last, th.began = at, true
	e.Aux = em.nameID(th, comm, at)
	em.tell(th, e)
	return th
}

// Named gives the thread of which the number was not known (TID 0) its number.
func (em *Emitter) Named(tid int) {
	th := em.threads[0]
	if th == nil || tid == 0 || em.threads[tid] != nil {
		return
	}
	delete(em.threads, 0)
	th.tid, th.pid = tid, -1
	th.set = nil // the set is named by the thread's number
	em.threads[tid] = th
}

// emit numbers an event and hands it on.
func (em *Emitter) emit(th *thread, e *trace.Event) {
	th.seq++
	e.Seq, e.Stream = th.seq, th.stream
	if th.began && e.Time < th.last {
		e.Time = th.last
	}
	th.last, th.began = e.Time, true
	if th.news(e) {
		em.fold(th, e)
	}
	em.put(e)
}

// tell is emit for an event beside the one that is being made.
func (em *Emitter) tell(th *thread, e trace.Event) {
	em.aside = e
	em.emit(th, &em.aside)
}

// nameID is the id of a string in a stream, 0 for none. A new one is told first.
func (em *Emitter) nameID(th *thread, s string, at int64) uint32 {
	if s == "" {
		return 0
	}
	if id, ok := th.ids[s]; ok {
		return id
	}
	em.nameBytes += len(s) + nameCost
	if th.ids == nil {
		th.ids = map[string]uint32{}
	}
	if len(th.texts) < maxNames {
		th.texts = append(th.texts, s)
		th.next = len(th.texts) - 1
	} else {
		th.next = (th.next + 1) % maxNames
		em.nameBytes -= len(th.texts[th.next]) + nameCost
		delete(th.ids, th.texts[th.next])
		th.texts[th.next] = s
	}
	id := uint32(th.next) + 1
	th.ids[s] = id
	trace.NamePieces(id, told(s), func(e trace.Event) {
		e.Time = at
		em.tell(th, e)
	})
	return id
}

// nameCost is about what a name takes beside its text.
const nameCost = 64

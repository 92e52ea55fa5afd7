package probe

import "evviz/trace"

// thread is a stream.
type thread struct {
	stream   uint32
	pid, tid int
	table    int // which descriptor table it uses
	comm     string
	files    *files
	seq      uint32
	last     int64
	began    bool
	inside   Sys // the call that it was told to be in

	ids   map[string]uint32
	texts []string
	next  int
}

// maxNames is how many strings a stream keeps at a time; then the oldest id gets a new string.
const maxNames = 4096

// thread finds or begins the stream of a call's thread, and tells of what is new about it.
func (em *Emitter) thread(c *Call) *thread {
	table := c.Files
	if table == 0 {
		table = c.PID
	}
	th := em.threads[c.TID]
	if th == nil {
		em.streams++
		th = &thread{stream: em.streams, tid: c.TID, pid: -1}
		em.threads[c.TID] = th
	}
	comm := c.Comm
	if comm == "" {
		comm = th.comm
	}
	if th.pid == c.PID && th.table == table && th.comm == comm {
		return th
	}
	th.pid, th.table, th.comm = c.PID, table, comm
	f := em.files[table]
	if f == nil {
		f = &files{}
		em.files[table] = f
	}
	th.files = f
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
	em.emit(th, e)
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
	em.threads[tid] = th
	if em.files[tid] == nil {
		em.files[tid] = th.files
	}
}

// emit numbers an event and hands it on.
func (em *Emitter) emit(th *thread, e trace.Event) {
	th.seq++
	e.Seq, e.Stream = th.seq, th.stream
	if th.began {
		e.Time = max(e.Time, th.last)
	}
	th.last, th.began = e.Time, true
	em.put(e)
}

// nameID is the id of a string in a stream, 0 for none. A new one is told first.
func (em *Emitter) nameID(th *thread, s string, at int64) uint32 {
	if s == "" {
		return 0
	}
	if id, ok := th.ids[s]; ok {
		return id
	}
	if th.ids == nil {
		th.ids = map[string]uint32{}
	}
	if len(th.texts) < maxNames {
		th.texts = append(th.texts, s)
		th.next = len(th.texts) - 1
	} else {
		th.next = (th.next + 1) % maxNames
		delete(th.ids, th.texts[th.next])
		th.texts[th.next] = s
	}
	id := uint32(th.next) + 1
	th.ids[s] = id
	trace.NamePieces(id, s, func(e trace.Event) {
		e.Time = at
		em.emit(th, e)
	})
	return id
}

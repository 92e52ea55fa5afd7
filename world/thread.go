package world

import (
	"cmp"
	"maps"
	"slices"

	"evviz/trace"
)

// Thread is a stream of events and whom it belongs to.
type Thread struct {
	Stream uint32
	PID    int64 // 0 unknown
	TID    int64
	Role   uint32 // trace.Role*
	Name   Name   // what it was introduced as
	Table  *Table // of its process; of nobody in particular as long as it is unknown

	// User belongs to whoever folds the world; the world never looks at it.
	User any

	known  bool // it was introduced
	passed bool // there was no room to remember it
	shares bool // ... with the name of its table
	waits  bool
	ended  bool
	cache  instCache
	anon   *Instance // what it waits on when nobody says what
}

// Name is a string as it was when it was told, and under which id of which stream that was.
type Name struct {
	Text       string // "" none
	Stream, ID uint32
}

// Namer knows what the ids of Name events stand for at the moment; "" what is not known.
type Namer interface {
	Text(stream, id uint32) string
}

func (w *World) name(stream, id uint32) Name {
	if id == 0 {
		return Name{}
	}
	return Name{w.names.Text(stream, id), stream, id}
}

// Watching reports whether a thread is part of the watching and not of what is watched: its calls are none of the program's.
func (th *Thread) Watching() bool {
	return th.Role == trace.RoleObserver || th.Role == trace.RoleClient
}

// Waits notes that a thread waits, or sleeps between asking, and reports whether that makes it a loop: one whose role nobody tells is one
// then.
func (th *Thread) Waits() bool {
	th.waits = true
	return th.Role == trace.RoleUnknown
}

// Waited reports whether a Wait for an instance, after those that were, says nothing new about who is who.
func (th *Thread) Waited(id trace.InstanceID) bool {
	in := th.cache.inst
	return in != nil && th.cache.id == id && th.waits && (in.File == nil || in.File.Refs > 0)
}

// role is what the thread is for, as far as it is told or shows.
func (th *Thread) role() uint32 {
	if th.waits && th.Role == trace.RoleUnknown {
		return trace.RoleLoop
	}
	return th.Role
}

// Ended reports whether the thread has ended.
func (th *Thread) Ended() bool { return th.ended }

// Related says whether a thread with a number, of which something was heard and which has not ended, is of the same process as this one, or is
// this one. A source that knows threads only may have named the process by another thread than its first.
func (w *World) Related(th *Thread, tid int64) bool {
	return tid != 0 && (tid == th.PID || tid == th.TID || w.procs[th.PID].byTID(tid) != nil)
}

// Process is a process and the descriptor table that it uses.
type Process struct {
	PID     int64
	Table   *Table
	heard   []*Thread // known ones that have not ended
	threads int       // those of them that have a number
	led     bool      // its first thread has ended
}

// Thread is the thread that produces a stream.
func (w *World) Thread(stream uint32) *Thread {
	if stream < uint32(len(w.threads)) {
		if th := w.threads[stream]; th != nil {
			return th
		}
	}
	if stream < maxThreads {
		for int(stream) >= len(w.threads) {
			w.threads = append(w.threads, make([]*Thread, max(16, len(w.threads)))...)
		}
		th := &Thread{Stream: stream, Table: w.common}
		w.threads[stream] = th
		return th
	}
	th := w.more[stream]
	if th == nil {
		th = &Thread{Stream: stream, Table: w.common}
		if len(w.more) >= maxManyThreads && w.ended >= maxManyThreads/16 {
			maps.DeleteFunc(w.more, func(_ uint32, th *Thread) bool { return th.ended })
			w.ended = 0
		}
		if th.passed = len(w.more) >= maxManyThreads; !th.passed {
			w.more[stream] = th
		}
	}
	return th
}

// Introduce takes a Thread event: the stream belongs to a thread of a process, which uses a table.
func (w *World) Introduce(th *Thread, e *trace.Event) {
	if th.known && !th.ended && th.PID == e.A && th.TID == e.B && th.Role == e.Mask&0xff && (e.Gen == 0 || th.Table.ID == e.Gen) {
		if n := w.name(e.Stream, e.Aux); n.Text != "" {
			th.Name = n
		}
		return // told again
	}
	if th.known && !th.ended {
		w.leave(th)
	}
	th.PID, th.TID, th.Role, th.known, th.shares, th.ended = e.A, e.B, e.Mask&0xff, true, e.Gen != 0, false
	if n := w.name(e.Stream, e.Aux); n.Text != "" {
		th.Name = n
	}
	id := e.Gen
	if id == 0 {
		id = uint32(e.A)
	}
	tb := w.tables[id]
	if tb == nil {
		if p := w.procs[e.A]; p != nil && e.Gen == 0 {
			tb = p.Table
		} else if w.common.ID == 0 && id != 0 && th.Role != trace.RoleClient {
			// The first process that is named is the one that the unnamed streams belong to.
			tb = w.common
			tb.ID = id
			w.tables[id] = tb
		} else {
			tb = w.newTable(id)
		}
	}
	th.Table, th.cache = tb, instCache{}
	p := w.procs[e.A]
	if th.passed || p == nil && len(w.procs) >= maxProcesses {
		return
	}
	if p == nil {
		p = &Process{PID: e.A, Table: tb}
		w.procs[e.A] = p
		tb.users++
	} else if e.Gen != 0 && p.Table != tb {
		p.Table.users--
		p.Table = tb
		tb.users++
	}
	p.heard = append(p.heard, th)
	p.led = p.led && th.TID != th.PID
	if th.TID != 0 {
		p.threads++
	}
}

// leave takes a thread out of its process.
func (w *World) leave(th *Thread) {
	if p := w.procs[th.PID]; p != nil {
		if i := slices.Index(p.heard, th); i >= 0 {
			p.heard = slices.Delete(p.heard, i, i+1)
			if th.TID != 0 {
				p.threads--
			}
		}
	}
	th.ended = true
	w.ended++
}

// Flags of clone(2).
const (
	cloneFiles  = 0x400
	cloneThread = 0x10000
)

// Fork takes a new process or thread. A child has a copy of the descriptor table, so every file in it gets another number; a thread, or
// a child with CLONE_FILES, shares it.
func (w *World) Fork(th *Thread, e *trace.Event) {
	if e.Errno != 0 || e.Mask&cloneThread != 0 || e.A <= 0 {
		return
	}
	if e.Mask&cloneFiles != 0 {
		if p := w.procs[e.A]; p == nil && len(w.procs) < maxUnheard {
			w.procs[e.A] = &Process{PID: e.A, Table: th.Table}
			th.Table.users++
		}
		return
	}
	if tb := w.tables[uint32(e.A)]; tb != nil && tb.users > 0 {
		return // the child spoke first
	}
	p := w.procs[e.A]
	if p == nil {
		if len(w.procs) >= maxUnheard {
			return
		}
		p = &Process{PID: e.A}
		w.procs[e.A] = p
	}
	p.Table = w.copyTable(th.Table, uint32(e.A))
}

// copyTable makes a table in which every number means the file that it means in another one.
func (w *World) copyTable(of *Table, id uint32) *Table {
	tb := w.newTable(id)
	tb.users, tb.doubt = 1, of.doubt
	if w.room.numbers+of.numbers > maxCopied {
		return tb // every number in it may mean what it means in the other, or not
	}
	of.Each(func(from *Number) {
		if from.File == nil {
			return
		}
		to := tb.make(from.FD)
		if to == nil {
			return
		}
		// Not the generation: each process counts its own.
		to.File, to.Cloexec, to.Uses = from.File, from.Cloexec, 1
		from.File.Refs++
	})
	return tb
}

// Exec takes a program that replaced another. Its CLOEXEC descriptors are closed; a table that other processes share is copied first.
func (w *World) Exec(th *Thread, e *trace.Event) {
	if e.Errno != 0 {
		return
	}
	if p := w.procs[e.A]; p != nil && p.Table == th.Table && th.Table.users > 1 {
		th.Table.users--
		th.Table = w.copyTable(th.Table, uint32(e.A))
		p.Table, th.cache = th.Table, instCache{}
	}
	th.Table.Each(func(n *Number) {
		if n.File != nil && n.Cloexec {
			w.Release(n, e.Time, trace.CloseUnknown)
		}
	})
}

// Exit takes the end of a thread, or of a process: when its first thread and all others that are known of have ended, in whichever order,
// or when nobody says which thread.
// A thread leaves its table as it is; what a process has open ends with the last process that uses the table. It reports whether the
// process has ended.
func (w *World) Exit(th *Thread, e *trace.Event) bool {
	p := w.procs[e.A]
	if e.B != 0 {
		gone := th
		if th.TID != e.B || th.PID != e.A {
			gone = p.byTID(e.B)
		}
		if gone != nil {
			w.leave(gone)
			w.endSet(gone, e.Time)
		}
		if p != nil && e.B == e.A {
			p.led = true
		}
		if p == nil || !p.led || p.threads > 0 {
			return false
		}
	}
	if p == nil {
		return false
	}
	for _, th := range p.heard {
		th.ended = true
		w.ended++
		w.endSet(th, e.Time)
	}
	delete(w.procs, e.A)
	if p.Table.users--; p.Table.users > 0 {
		return true
	}
	p.Table.Each(func(n *Number) {
		if n.File != nil {
			w.Release(n, e.Time, trace.CloseShutdown)
		}
	})
	w.drop(p.Table)
	return true
}

// ordered visits the threads in the order of their streams.
func (w *World) ordered(visit func(*Thread)) {
	for _, th := range w.threads {
		if th != nil {
			visit(th)
		}
	}
	for _, s := range sortedKeys(w.more, cmp.Compare[uint32]) {
		visit(w.more[s])
	}
}

// byTID is the thread of a process with a number, nil when nobody has told of it.
func (p *Process) byTID(tid int64) *Thread {
	if p != nil {
		for _, th := range p.heard {
			if th.TID == tid {
				return th
			}
		}
	}
	return nil
}

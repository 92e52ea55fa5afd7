package world

import "evviz/trace"

// File is an open file description during its life: what dup and fork give further numbers to, and what registrations hang on.
type File struct {
	Type   uint32 // trace.Type*
	Origin uint32 // trace.Origin*, of the Open that told of it
	Flags  uint32 // O_NONBLOCK and others as they were told last

	// User belongs to whoever folds the world.
	User any

	Opened int64 // ns; 0: before the events began, or unknown
	Peer   Name  // address of the other end
	Asked  bool  // ... is as a connect has asked for it, and nobody has said yet that it is so
	Local  Name

	FD    int32  // its first number, of Table
	Use   uint32 // how many files that number had meant by then, this one included
	Table *Table
	Refs  int // numbers that lead to it; 0: it has ended

	Regs     []*Registration
	Instance *Instance // if it is an epoll instance or an io_uring

	source   uint32 // identity that the source gave it
	openSeen bool   // an Open has told of it,
	byAccept bool   // ... an Accept,
	byDup    bool   // ... a Dup,
	instSeen bool   // ... an Instance

	numberless bool // it is known by its registrations alone
}

// newFile makes a file of which nothing is known but its number; nil when there is no room.
func (w *World) newFile(n *Number) *File {
	if w.open >= maxOpenFiles {
		w.Refused++
		return nil
	}
	w.open++
	f := &File{FD: n.FD, Table: n.table}
	w.fill(n, f)
	return f
}

// end ends a file whose last number was given back, with its registrations.
func (w *World) end(f *File, at int64, why uint32) {
	w.open--
	if f.source != 0 && w.named[f.source] == f {
		delete(w.named, f.source)
	}
	w.watch.Ending(f, at, why)
	for len(f.Regs) > 0 {
		w.Unregister(f.Regs[len(f.Regs)-1], at)
	}
	if f.Instance != nil {
		w.endInstance(f.Instance, at)
	}
}

// Accepted reports whether an accept has told of it.
func (f *File) Accepted() bool { return f.byAccept }

// Told says how much an Open has told.
type Told uint8

// What an Open has told.
const (
	ToldNothing Told = iota // it is not of this descriptor, or everything was known
	ToldAgain               // a file that is known is described once more
	ToldMore                // a file that is known by what was done to it was opened so
	ToldNew                 // a file
)

// Open takes a new descriptor. Accept, Instance and Dup may have told of it before.
func (w *World) Open(th *Thread, e *trace.Event) (*File, Told) {
	if e.Errno != 0 || e.FD < 0 {
		return nil, ToldNothing
	}
	n := th.Table.make(e.FD)
	if n == nil {
		return nil, ToldNothing
	}
	f := n.File
	typ, from := uint32(trace.OpenOf(e).Type()), uint32(trace.OpenOf(e).From())
	told := ToldNew
	if f != nil {
		same := e.Gen != 0 && e.Gen == n.Gen
		switch {
		case f.byDup && from == trace.OriginDup:
			f.byDup = false
			return nil, ToldNothing
		case !f.openSeen && (same || f.byAccept && from == trace.OriginAccept || f.instSeen && typ == trace.TypeEpoll):
			told = ToldMore
		case same:
			w.describe(f, e, typ)
			return f, ToldAgain
		default:
			w.Release(n, e.Time, trace.CloseUnknown)
			f = nil
		}
	}
	if f == nil {
		if f = w.received(n, e); f == nil {
			return nil, ToldNothing
		}
	}
	if e.Gen != 0 {
		n.Gen = e.Gen
	}
	n.Cloexec = e.Mask&oCloexec != 0
	f.openSeen = true
	if f.Opened == 0 {
		f.Opened = e.Time
	}
	f.Origin, f.Flags = from, e.Mask&^oCloexec
	w.describe(f, e, typ)
	return f, told
}

// received is the file of an Open: a new one, or the one that came through a socket from another process, where the source knows which
// that is.
func (w *World) received(n *Number, e *trace.Event) *File {
	if e.Inst != 0 {
		if f := w.named[e.Inst]; f != nil && f.Refs > 0 {
			w.fill(n, f)
			w.watch.Numbered(f)
			return f
		}
	}
	f := w.newFile(n)
	if f != nil && e.Inst != 0 {
		f.source = e.Inst
		w.named[e.Inst] = f
	}
	return f
}

func (w *World) describe(f *File, e *trace.Event, typ uint32) {
	if typ != trace.TypeUnknown {
		f.Type = typ
	}
	w.addresses(f, e.Stream, uint32(e.A), uint32(e.B))
}

func (w *World) addresses(f *File, stream, peer, local uint32) {
	if n := w.name(stream, peer); n.Text != "" {
		f.Peer, f.Asked = n, false
	}
	if n := w.name(stream, local); n.Text != "" {
		f.Local = n
	}
}

// Accept takes a successful accept and is the new connection's file; nil when an Open has told of it already, or for want of room.
func (w *World) Accept(th *Thread, e *trace.Event) *File {
	if e.A < 0 || e.A > 1<<31-1 {
		return nil
	}
	n := th.Table.make(int32(e.A))
	if n == nil {
		return nil
	}
	if f := n.File; f != nil {
		if f.openSeen && !f.byAccept && f.Opened != 0 && f.Opened >= e.Start() {
			f.byAccept = true
			return nil
		}
		w.Release(n, e.Time, trace.CloseUnknown)
	}
	f := w.newFile(n)
	if f == nil {
		return nil
	}
	f.byAccept, f.Opened, f.Origin = true, e.Time, trace.OriginAccept
	if trace.AcceptOf(e).Call() != trace.CallAccept {
		f.Flags = e.Mask &^ oCloexec
	}
	n.Cloexec = e.Mask&oCloexec != 0
	return f
}

// Dup takes a second number for a file, which it returns; nil when the event is about none, or changed nothing. The number may have
// meant something else, which dup2 closes without a word.
func (w *World) Dup(th *Thread, e *trace.Event) *File {
	if e.Errno != 0 || e.A < 0 || e.A > 1<<31-1 || int32(e.A) == e.FD {
		return nil
	}
	f, old := w.Find(th, e, true)
	if f == nil || old {
		return nil
	}
	n := th.Table.make(int32(e.A))
	if n == nil || n.File == f {
		return nil
	}
	if n.File != nil {
		w.Release(n, e.Time, trace.CloseUnknown)
	}
	w.fill(n, f)
	n.Cloexec = e.Mask&oCloexec != 0
	f.byDup = true
	w.watch.Numbered(f)
	return f
}

// Closing is the number that a Close gives back, for Release; nil when the event is about none. Linux gives it back even when close was
// interrupted.
func (w *World) Closing(th *Thread, e *trace.Event) *Number {
	if e.Errno == eBADF {
		return nil
	}
	f, old := w.Find(th, e, false)
	if f == nil || old {
		return nil
	}
	n := th.Table.At(e.FD)
	if n.Gen == 0 {
		n.Gen = e.Gen // by which what comes late is known
	}
	return n
}

// Flags takes O_NONBLOCK and CLOEXEC of a descriptor. CLOEXEC is the number's, and decides what an exec closes.
func (w *World) Flags(th *Thread, e *trace.Event) *File {
	if e.Errno != 0 {
		return nil
	}
	f, old := w.Find(th, e, true)
	if f == nil || old {
		return nil
	}
	th.Table.At(e.FD).Cloexec = e.Mask&oCloexec != 0
	f.Flags = e.Mask &^ oCloexec
	return f
}

// Listen takes a socket that became a listener.
func (w *World) Listen(th *Thread, e *trace.Event) *File {
	if e.Errno != 0 {
		return nil
	}
	f, old := w.Find(th, e, true)
	if f == nil || old {
		return nil
	}
	f.Type = trace.TypeListener
	w.addresses(f, e.Stream, 0, e.Aux)
	return f
}

// Listening notes that a file that Find has found is a listener: somebody accepts from it, or looked at its queue.
func (w *World) Listening(f *File, old bool) {
	if f != nil && !old {
		f.Type = trace.TypeListener
	}
}

// Connect takes a connection that is made, or begun. Whatever comes of it, it is a stream to there.
func (w *World) Connect(th *Thread, e *trace.Event) *File {
	f, old := w.Find(th, e, e.Errno != eBADF)
	if f == nil || old {
		return nil
	}
	if f.Type == trace.TypeUnknown {
		f.Type = trace.TypeStream
	}
	before := f.Peer
	w.addresses(f, e.Stream, e.Aux, uint32(e.B))
	f.Asked = f.Asked || f.Peer != before
	return f
}

// Arrived is the file for which something came. What is said of a number that is closed comes late and is about no file; old is as
// Find has it.
func (w *World) Arrived(th *Thread, e *trace.Event) (f *File, old bool) {
	f, old = w.Find(th, e, false)
	if f != nil || e.FD < 0 {
		return f, old
	}
	if n := th.Table.At(e.FD); n != nil && n.Former != nil {
		return nil, old
	}
	return w.Find(th, e, true)
}

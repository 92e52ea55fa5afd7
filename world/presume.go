package world

import "evviz/trace"

// Registrations that lie before the events
//
// An event of epoll has 64 bits that the program attached when it registered, and no descriptor. Where the registration was not seen the
// bits are a registration by themselves: the same instance and the same data are the same thing. Which number it has the program's habit
// tells. Many attach the descriptor itself, others a pointer or a counter of their own, and a program does one of the two
// throughout. So the first registration that is seen, or the first call on a number right after its event, settles it for the
// instance; until then data that could be a descriptor are taken for one, as a guess that says so (Basis).

// Basis is how the number of a registration is known.
type Basis uint8

// The bases.
const (
	NumberTold    Basis = iota // by a call
	NumberLikely               // the data are a descriptor, as far as one can see
	NumberUnknown              // not at all: there are only the data
)

// A number that data may mean: standard input, output and error are hardly ever registered, and a process has not more than so many
// descriptors (fs.nr_open is 1,048,576).
const (
	leastPlausible = 3
	mostPlausible  = 1 << 20
)

// habit is what a program attaches.
type habit struct{ numbers, others int }

// sees counts a registration whose number and data are both known.
func (h *habit) sees(fd int32, data uint64) {
	if uint32(fd) == uint32(data) {
		h.numbers++
	} else {
		h.others++
	}
}

// number is the descriptor that data mean by the program's habit.
func (h *habit) number(data uint64) (fd int32, b Basis) {
	low := uint32(data)
	switch {
	case low >= mostPlausible || low < leastPlausible && h.numbers == 0, h.others > 0 && h.numbers == 0:
		return -1, NumberUnknown
	}
	return int32(low), NumberLikely
}

// Certain reports whether the number of a registration is beyond doubt: a call has told it, or the data are known to be descriptors in
// this instance.
func (r *Registration) Certain() bool {
	return r.Basis == NumberTold || r.Basis == NumberLikely && r.Inst.habit.numbers > 0 && r.Inst.habit.others == 0
}

// presume makes the registration that an event tells of, which nobody has told of before; nil for want of room.
func (w *World) presume(th *Thread, in *Instance, e *trace.Event) *Registration {
	data := uint64(e.A)
	fd, basis := in.habit.number(data)
	if fd >= 0 && in.Of(fd) != nil {
		fd, basis = -1, NumberUnknown // the number is registered with other data
	}
	var f *File
	stale := false
	if fd >= 0 {
		n := th.Table.At(fd)
		switch {
		case n == nil:
		case n.File == nil && n.Former != nil && n.Former.Refs > 0:
			f, stale = n.Former, true // its number was closed, and it lives on under another
		case n.File != nil && n.File.Instance == in:
			fd, basis = -1, NumberUnknown // an instance does not watch itself
		default:
			f = n.File
		}
	}
	if f == nil {
		if f = w.nameless(th.Table, fd); f == nil {
			return nil
		}
	}
	r := w.Register(th, in, f, fd)
	if r == nil {
		return nil
	}
	r.Basis, r.Stale = basis, stale
	in.setData(r, data)
	return r
}

// nameless is a file that is not known to have a number, or that only its data say which; nil for want of room. It ends with its last
// registration.
func (w *World) nameless(tb *Table, fd int32) *File {
	if w.open >= maxOpenFiles {
		w.Refused++
		return nil
	}
	w.open++
	return &File{FD: fd, Table: tb, numberless: true}
}

// Nameless reports whether the file is known by its registrations alone.
func (f *File) Nameless() bool { return f.numberless }

// Confirm notes that the number of a registration is what its data say: a call on it has followed its event.
func (w *World) Confirm(th *Thread, r *Registration, at int64) {
	if r.Basis == NumberTold || r.FD < 0 || r.Dead || r.Known {
		return
	}
	n := th.Table.make(r.FD)
	if n == nil || n.File != nil && n.File.Instance == r.Inst {
		return
	}
	r.Basis, r.Stale, r.Table = NumberTold, false, th.Table
	r.Inst.habit.numbers++
	w.numbered(r, n, at)
}

// Bind gives a registration whose number was not known, or guessed, the number that calls show it to have. It reports whether that could
// be so. The Watcher is told when it leaves the file that it was taken for.
func (w *World) Bind(th *Thread, r *Registration, fd int32, at int64) bool {
	n := th.Table.make(fd)
	if r.Dead || r.Basis == NumberTold || r.Known || n == nil || r.FD == fd || r.Inst.Of(fd) != nil {
		return false
	}
	if n.File != nil && n.File.Instance == r.Inst {
		return false
	}
	if r.Basis == NumberLikely {
		r.Inst.habit.others++
	}
	w.unplace(r)
	r.FD, r.Table, r.Basis, r.Stale = fd, th.Table, NumberTold, false
	r.Inst.put(fd, r)
	w.numbered(r, n, at)
	return true
}

// numbered makes a registration one of the file that a number means.
func (w *World) numbered(r *Registration, n *Number, at int64) {
	was := r.File
	if was == n.File {
		return
	}
	if n.File == nil {
		if was.numberless {
			was.numberless, was.FD, was.Table = false, n.FD, n.table
			w.fill(n, was)
			w.watch.Numbered(was)
			return
		}
		if w.newFile(n) == nil {
			return
		}
	}
	was.drop(r)
	r.File = n.File
	r.File.Regs = append(r.File.Regs, r)
	w.watch.Bound(r, was, at)
	w.endNameless(was, at)
}

// endNameless ends a file that nothing leads to any more.
func (w *World) endNameless(f *File, at int64) {
	if f.numberless && len(f.Regs) == 0 {
		w.end(f, at, trace.CloseUnknown)
	}
}

// unplace takes a registration out of where its instance finds it by its number.
func (w *World) unplace(r *Registration) {
	in := r.Inst
	if in.Of(r.FD) == r {
		in.put(r.FD, nil)
		return
	}
	for i, o := range in.stale {
		if o == r {
			in.stale = append(in.stale[:i], in.stale[i+1:]...)
			return
		}
	}
}

func (f *File) drop(r *Registration) {
	for i, o := range f.Regs {
		if o == r {
			f.Regs = append(f.Regs[:i], f.Regs[i+1:]...)
			return
		}
	}
}

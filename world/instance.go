package world

import (
	"slices"

	"evviz/trace"
)

// Instance is what a wait asks: an epoll instance or an io_uring, which is a file too, or the set of descriptors that a thread passes
// to poll or select.
type Instance struct {
	File *File // nil for a set, and for what a thread waits on when nobody says what
	Set  bool
	ID   trace.InstanceID

	// User belongs to whoever folds the world.
	User any

	dense []*Registration
	more  map[int32]*Registration
	data  map[uint64]dataRef
	stale []*Registration // their number means something else by now, or in another process, or is not known
	habit habit
}

// dataRef is what data leads to: a registration, as long as no two of them share it.
type dataRef struct {
	r *Registration
	n int // how many live registrations have the data
}

// Registration is a file that an instance watches.
type Registration struct {
	Inst  *Instance
	File  *File
	Table *Table
	FD    int32  // the number that it was added under
	Gen   uint32 // the source's generation of that
	Mask  uint32 // event bits
	Data  uint64 // what the program attached
	Known bool   // by a call, or a restatement of one; false: only its events tell that it is there
	Basis Basis  // how its number is known
	Stale bool   // its number was closed, and its file lives
	Dead  bool   // it has ended

	// User belongs to whoever folds the world.
	User any

	stream   uint32 // that told of it last
	hasData  bool   // Data are known
	restated bool   // in the restatement that is under way
}

// instCache saves the look-up of the instance that a thread used last.
type instCache struct {
	id   trace.InstanceID
	inst *Instance
}

// Instance is what an InstanceID of a thread means. at is the moment (ns) at which something else that its number meant has ended.
func (w *World) Instance(th *Thread, id trace.InstanceID, at int64) *Instance {
	if id == 0 {
		if th.anon == nil {
			th.anon = &Instance{}
		}
		return th.anon
	}
	number, set := trace.InstanceNumber(id)
	if c := &th.cache; c.id == id {
		if c.inst.File == nil {
			return c.inst
		}
		// The number may mean another instance by now, also where another process has this one still.
		if n := th.Table.At(int32(number)); n != nil && n.File == c.inst.File {
			return c.inst
		}
	}
	var in *Instance
	if set {
		if in = w.sets[id]; in == nil {
			if len(w.sets) >= maxSets {
				return w.Instance(th, 0, at)
			}
			in = &Instance{Set: true, ID: id}
			w.sets[id] = in
		}
	} else {
		n := th.Table.make(int32(number))
		if n == nil {
			return w.Instance(th, 0, at)
		}
		f := n.File
		if f != nil && f.Instance == nil && f.Type != trace.TypeUnknown && f.Type != trace.TypeEpoll && f.Type != trace.TypeURing {
			w.Release(n, at, trace.CloseUnknown)
			f = nil
		}
		if f == nil {
			if f = w.newFile(n); f == nil {
				return w.Instance(th, 0, at)
			}
		}
		if f.Instance == nil {
			f.Type = trace.TypeEpoll
			if trace.IsRing(id) {
				f.Type = trace.TypeURing
			}
			f.Instance = &Instance{File: f, ID: id}
		}
		in = f.Instance
	}
	th.cache = instCache{id, in}
	return in
}

// NewInstance takes an epoll_create; an Open may have told of the descriptor before. fresh reports that it has not.
func (w *World) NewInstance(th *Thread, e *trace.Event) (f *File, fresh bool) {
	if e.Errno != 0 || e.FD < 0 {
		return nil, false
	}
	n := th.Table.make(e.FD)
	if n == nil {
		return nil, false
	}
	f = n.File
	if f != nil && (f.instSeen || f.Type != trace.TypeEpoll) {
		w.Release(n, e.Time, trace.CloseUnknown)
		f = nil
	}
	if f == nil {
		if f = w.newFile(n); f == nil {
			return nil, false
		}
		f.Opened, fresh = e.Time, true
	}
	if e.Gen != 0 {
		n.Gen = e.Gen
	}
	n.Cloexec = e.Mask&oCloexec != 0
	f.instSeen, f.Type = true, trace.TypeEpoll
	if f.Instance == nil {
		f.Instance = &Instance{File: f, ID: e.Inst}
	}
	th.cache = instCache{}
	return f, fresh
}

// number is the InstanceID of an instance under a descriptor.
func (in *Instance) number(fd int32) trace.InstanceID {
	if trace.IsRing(in.ID) {
		return trace.RingInstance(int(fd))
	}
	return trace.EpollInstance(int(fd))
}

// Of is the registration of a number, nil when there is none.
func (in *Instance) Of(fd int32) *Registration {
	if uint32(fd) < uint32(len(in.dense)) {
		return in.dense[fd]
	}
	if fd < denseFDs {
		return nil
	}
	return in.more[fd]
}

// With is the registration with that data; nil when there is none, or when there may be several (many).
func (in *Instance) With(data uint64) (r *Registration, many bool) {
	d := in.data[data]
	if d.n == 1 && d.r != nil {
		return d.r, false
	}
	return nil, d.n > 0
}

// Each visits the registrations in the order of their numbers, those that are found by none last.
func (in *Instance) Each(visit func(*Registration)) {
	for _, r := range in.dense {
		if r != nil {
			visit(r)
		}
	}
	for _, fd := range sortedFDs(in.more) {
		visit(in.more[fd])
	}
	for _, r := range in.stale {
		if !r.Dead {
			visit(r)
		}
	}
}

// Watches is how many registrations are known.
func (in *Instance) Watches() (n int) {
	in.Each(func(*Registration) { n++ })
	return n
}

// Registrations are all of them, in the order of Each.
func (in *Instance) Registrations() (all []*Registration) {
	in.Each(func(r *Registration) { all = append(all, r) })
	return all
}

func (in *Instance) put(fd int32, r *Registration) {
	switch {
	case fd < 0:
	case fd < denseFDs:
		for int(fd) >= len(in.dense) {
			in.dense = append(in.dense, make([]*Registration, max(16, len(in.dense)))...)
		}
		in.dense[fd] = r
	default:
		if in.more == nil {
			in.more = map[int32]*Registration{}
		}
		if r == nil {
			delete(in.more, fd)
		} else {
			in.more[fd] = r
		}
	}
}

func (in *Instance) setData(r *Registration, data uint64) {
	if in.data == nil {
		in.data = map[uint64]dataRef{}
	}
	r.Data, r.hasData = data, true
	in.data[data] = dataRef{r, in.data[data].n + 1}
}

func (in *Instance) clearData(r *Registration) {
	d, ok := in.data[r.Data]
	if !ok || !r.hasData {
		return
	}
	r.hasData = false
	if d.n--; d.n <= 0 {
		delete(in.data, r.Data)
		return
	}
	if d.r == r {
		d.r = nil
		in.Each(func(o *Registration) {
			if o != r && o.hasData && o.Data == r.Data {
				d.r = o
			}
		})
	}
	in.data[r.Data] = d
}

// Subject is what a Register or Modify is about: the instance, the file, and the registration that it changes. r is nil when it makes a
// new one, whose number may have had another, which has ended then. f is nil when the event comes too late to mean anything.
func (w *World) Subject(th *Thread, e *trace.Event) (in *Instance, f *File, r *Registration) {
	in = w.Instance(th, e.Inst, e.Time)
	f, old := w.Find(th, e, true)
	if f == nil || old {
		return in, nil, nil
	}
	r = in.Of(e.FD)
	switch {
	case r != nil && r.Basis == NumberLikely && r.Data == uint64(e.A) && e.Kind == trace.Modify:
		w.Confirm(th, r, e.Time)
		f = r.File
	case r == nil && e.Kind == trace.Modify:
		// What is known by its events alone has the number that is changed with the same data.
		if o, _ := in.With(uint64(e.A)); o != nil && w.Bind(th, o, e.FD, e.Time) {
			f, r = o.File, o
		}
	}
	if r != nil && (r.File != f || e.Kind == trace.Register) {
		if r.File != f && r.lives(th) {
			in.aside(r)
		} else {
			w.Unregister(r, e.Time)
		}
		r = f.under(in, e.FD)
		if r != nil && e.Kind == trace.Register {
			w.Unregister(r, e.Time)
			r = nil
		}
		if r != nil {
			in.back(r)
		}
	}
	return in, f, r
}

// lives says whether a registration stays although its number leads to another file for a thread: that number was closed and its file was
// not, or it is one of another process. In the kernel an entry is a file and a number.
func (r *Registration) lives(th *Thread) bool {
	return r.Stale || r.Table != th.Table && r.File.Refs > 0
}

// aside makes room under a registration's number for one of another file.
func (in *Instance) aside(r *Registration) {
	in.put(r.FD, nil)
	in.stale = append(in.stale, r)
}

// back finds a registration under its number again.
func (in *Instance) back(r *Registration) {
	in.stale = slices.DeleteFunc(in.stale, func(o *Registration) bool { return o == r })
	in.put(r.FD, r)
}

// under is the registration of a file in an instance that was made under a number, nil if there is none.
func (f *File) under(in *Instance, fd int32) *Registration {
	for _, o := range f.Regs {
		if o.Inst == in && o.FD == fd && !o.Dead {
			return o
		}
	}
	return nil
}

// Leaving is the registration that a Deregister ends: that of the file which the number leads to, else one that was made under the number.
// nil if there is none.
func (w *World) Leaving(th *Thread, in *Instance, fd int32) *Registration {
	if n := th.Table.At(fd); n != nil && n.File != nil {
		if r := n.File.under(in, fd); r != nil {
			return r
		}
	}
	if r := in.Of(fd); r != nil {
		return r
	}
	for _, r := range in.stale {
		if r.FD == fd && fd >= 0 && !r.Dead {
			return r
		}
	}
	return nil
}

// Register makes a registration of a file under a number of a thread's table. It is not Known before Interest; nil for want of room.
func (w *World) Register(th *Thread, in *Instance, f *File, fd int32) *Registration {
	if w.regs >= maxRegistrations {
		return nil
	}
	w.regs++
	r := &Registration{Inst: in, File: f, Table: th.Table, FD: fd, stream: th.Stream}
	if fd < 0 {
		in.stale = append(in.stale, r)
	} else {
		in.put(fd, r)
	}
	f.Regs = append(f.Regs, r)
	return r
}

// Interest gives a registration its event bits and data, as a call has told them.
func (r *Registration) Interest(e *trace.Event) {
	data := uint64(e.A)
	if !r.hasData || r.Data != data {
		r.Inst.clearData(r)
		r.Inst.setData(r, data)
	}
	if !r.Known && !r.Inst.Set {
		r.Inst.habit.sees(r.FD, data)
	}
	r.Basis = NumberTold
	r.Mask, r.Known, r.Gen, r.stream = e.Mask, true, e.Gen, e.Stream
}

// Unregister ends a registration.
func (w *World) Unregister(r *Registration, at int64) {
	if r.Dead {
		return
	}
	w.watch.Unregistering(r, at)
	w.regs--
	r.Dead = true
	in, f := r.Inst, r.File
	w.unplace(r)
	in.clearData(r)
	f.drop(r)
	w.watch.Unregistered(r, at)
	w.endNameless(f, at)
}

// endInstance takes everything out of an instance that has ended.
func (w *World) endInstance(in *Instance, at int64) {
	for _, r := range in.Registrations() {
		w.Unregister(r, at)
	}
}

// endSet forgets what a thread that has ended passed to poll or select.
func (w *World) endSet(th *Thread, at int64) {
	id := trace.SetInstance(int(th.TID))
	if in := w.sets[id]; in != nil && th.TID != 0 {
		delete(w.sets, id)
		w.endInstance(in, at)
	}
}

// change takes a Register, Modify or Deregister.
func (w *World) change(th *Thread, e *trace.Event) {
	if e.Errno != 0 || e.Phase.Base() == trace.PhaseEnter {
		return
	}
	if e.Kind == trace.Deregister {
		if r := w.Leaving(th, w.Instance(th, e.Inst, e.Time), e.FD); r != nil {
			w.Unregister(r, e.Time)
		}
		return
	}
	in, f, r := w.Subject(th, e)
	if f == nil {
		return
	}
	if r == nil {
		if r = w.Register(th, in, f, e.FD); r == nil {
			return
		}
	}
	r.Interest(e)
}

// Report is what an event of a wait is about.
type Report struct {
	Reg       *Registration // nil: it is not known which
	Stale     bool          // none: the program had closed it after the kernel put it into the batch
	Ambiguous bool          // several have the data, and there is no number
	Inferred  bool          // the registration was not known before
}

// Reported finds the registration that a Ready is about. One that nobody has told of is inferred from it: what an instance reports it
// watches.
func (w *World) Reported(th *Thread, in *Instance, e *trace.Event) Report {
	var r *Registration
	if e.FD >= 0 {
		r = in.Of(e.FD)
	}
	differs := r != nil && r.hasData && r.Known && e.A != 0 && r.Data != uint64(e.A) && !in.Set
	if r == nil && (e.FD < 0 || e.A != 0) || differs {
		d, many := in.With(uint64(e.A))
		if d != nil {
			return Report{Reg: d}
		}
		if many && e.FD < 0 {
			return Report{Ambiguous: true}
		}
	}
	if r != nil && !(differs && e.Gen != 0) {
		return Report{Reg: r}
	}
	if r == nil && e.FD < 0 && !in.Set {
		r = w.presume(th, in, e)
		return Report{Reg: r, Inferred: r != nil}
	}
	f, old := w.Find(th, e, true)
	if f == nil || old {
		return Report{Stale: e.FD >= 0}
	}
	if r != nil {
		return Report{Reg: r}
	}
	r = w.Register(th, in, f, e.FD)
	if r != nil {
		r.Gen = e.Gen
	}
	return Report{Reg: r, Inferred: true}
}

package world

import "evviz/trace"

// Limits, so that a hostile or damaged source cannot take all memory. What is beyond them is not known.
const (
	maxOpenFiles     = 1 << 16
	maxRegistrations = 1 << 17
	maxThreads       = 1 << 14 // that are kept in an array; more are kept in a map, up to
	maxManyThreads   = 1 << 16
	maxProcesses     = 1 << 16
	maxTables        = 1 << 16
	maxUnheard       = 1 << 14 // processes of which a fork alone tells
	maxNumbers       = 1 << 19 // in all tables
	maxCopied        = 1 << 18 // ... beyond which a fork copies none
	maxPlaces        = 1 << 21 // in the arrays of all tables
	maxSets          = 1 << 16
	denseFDs         = 1 << 16 // numbers below it are found by index, those above it by map
)

// Errors that tell something about a descriptor (asm-generic/errno.h).
const (
	eBADF       = 9
	eINPROGRESS = 115
)

// Flags of open, accept4 and dup3 (asm-generic/fcntl.h).
const (
	oNonblock = 0x800
	oCloexec  = 0x80000
)

// World is everything that is known at one moment of a trace.
type World struct {
	// Refused counts files that there was no room for.
	Refused int64

	watch   Watcher
	names   Namer
	common  *Table // of threads about which nothing is known
	tables  map[uint32]*Table
	procs   map[int64]*Process
	threads []*Thread
	more    map[uint32]*Thread
	sets    map[trace.InstanceID]*Instance
	named   map[uint32]*File // by the identity that a source gave them

	open    int      // files
	room    room     // of the tables
	ended   int      // threads that have ended since those were last forgotten
	regs    int      // registrations
	sources uint32   // identities that a restatement has given to files, from firstOwn on
	doubted []*Table // tables that events of are missing of, and that nobody has restated since
	telling bool     // a restatement is under way
}

// Watcher is told what an event ends or changes besides what it is about.
type Watcher interface {
	// Numbered is called when a number more, or one less, leads to a file that stays open.
	Numbered(f *File)
	// Ending is called when the last number of a file was given back at a moment (ns). Its registrations are still there.
	Ending(f *File, at int64, why uint32)
	// Unregistering is called before a registration ends. It is found under its number still.
	Unregistering(r *Registration, at int64)
	// Unregistered is called after that.
	Unregistered(r *Registration, at int64)
	// Bound is called when a registration turns out to be another file's than the one that it was taken for.
	Bound(r *Registration, was *File, at int64)
}

// nobody watches.
type nobody struct{}

func (nobody) Numbered(*File)                     {}
func (nobody) Ending(*File, int64, uint32)        {}
func (nobody) Unregistering(*Registration, int64) {}
func (nobody) Unregistered(*Registration, int64)  {}
func (nobody) Bound(*Registration, *File, int64)  {}

// New makes a world in which nothing is known. w may be nil.
func New(names Namer, w Watcher) *World {
	if w == nil {
		w = nobody{}
	}
	x := &World{watch: w, names: names, tables: map[uint32]*Table{}, procs: map[int64]*Process{}, more: map[uint32]*Thread{},
		sets: map[trace.InstanceID]*Instance{}, named: map[uint32]*File{}}
	x.common, x.sources = &Table{room: &x.room}, firstOwn
	return x
}

// Add folds an event.
func (w *World) Add(e *trace.Event) {
	if !folded.Has(e.Kind) {
		return
	}
	th := w.Thread(e.Stream)
	w.Before(e)
	switch e.Kind {
	case trace.Read, trace.Write: // first, because they are so many
		if e.Phase.Base() != trace.PhaseEnter && !th.Watching() {
			w.Find(th, e, e.Errno != eBADF)
		}
		return
	case trace.Thread:
		w.Introduce(th, e)
		return
	case trace.Lost:
		w.Lost(th, e)
		return
	case trace.Arrive:
		w.Arrived(th, e)
		return
	case trace.Queue:
		w.Listening(w.Find(th, e, true))
		return
	}
	if th.Watching() && e.Kind != trace.Register && e.Kind != trace.Modify && e.Kind != trace.Deregister {
		return
	}
	switch e.Kind {
	case trace.Wait:
		w.Instance(th, e.Inst, e.Time)
		th.Waits()
		return
	case trace.Renotify:
		w.Instance(th, e.Inst, e.Time)
		return
	case trace.Sleep, trace.Round:
		th.Waits()
		return
	case trace.Register, trace.Modify, trace.Deregister:
		w.change(th, e)
		return
	case trace.Ready:
		w.Reported(th, w.Instance(th, e.Inst, e.Time), e)
		return
	}
	if e.Phase.Base() == trace.PhaseEnter {
		return
	}
	switch e.Kind {
	case trace.Fork:
		w.Fork(th, e)
	case trace.Exec:
		w.Exec(th, e)
	case trace.Exit:
		w.Exit(th, e)
	case trace.Open:
		w.Open(th, e)
	case trace.Close:
		if n := w.Closing(th, e); n != nil {
			w.Release(n, e.Time, uint32(trace.CloseOf(e).Why()))
		}
	case trace.Dup:
		w.Dup(th, e)
	case trace.FdFlags:
		w.Flags(th, e)
	case trace.Listen:
		w.Listen(th, e)
	case trace.Connect:
		w.Connect(th, e)
	case trace.Instance:
		w.NewInstance(th, e)
	case trace.Accept:
		if f, old := w.Find(th, e, e.Errno != eBADF); f != nil && !old {
			w.Listening(f, old)
			if e.Errno == 0 {
				w.Accept(th, e)
			}
		}
	case trace.Submit:
		w.Find(th, e, true)
	case trace.Complete:
		if f, old := w.Find(th, e, true); f != nil && !old && e.Aux == trace.OpAccept {
			w.Listening(f, old)
		}
	case trace.State:
		w.State(th, e)
	}
}

// folded are the kinds that Add looks at.
var folded = trace.Kinds(trace.Thread, trace.Fork, trace.Exec, trace.Exit, trace.Open, trace.Dup, trace.Close, trace.FdFlags,
	trace.Listen, trace.Connect, trace.Instance, trace.Register, trace.Modify, trace.Deregister, trace.Wait, trace.Sleep, trace.Round, trace.Ready, trace.Renotify, trace.Accept,
	trace.Read, trace.Write, trace.Submit, trace.Complete, trace.Arrive, trace.Queue, trace.State, trace.Lost)

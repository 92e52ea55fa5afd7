package world

import (
	"slices"

	"evviz/trace"
)

// Table is a descriptor table.
type Table struct {
	ID uint32 // named by the process that made it; 0 unknown

	// User belongs to whoever folds the world.
	User any

	dense   []*Number
	sparse  map[int32]*Number
	room    *room
	numbers int
	users   int  // processes
	doubt   bool // events of it are missing, and nobody has restated it since
	dead    bool // its last process has ended
}

// room is what all tables of a world have taken together: numbers, and places in their arrays.
type room struct{ numbers, places int }

// Number is a descriptor number of a table.
type Number struct {
	FD      int32
	File    *File  // what it means; nil: it is closed, or nothing is known of it
	Gen     uint32 // the source's generation of that; 0 not told yet
	Cloexec bool
	Former  *File  // what it meant before
	Uses    uint32 // how many files it has meant in this table

	table     *Table
	formerGen uint32
	restated  bool // in the restatement that is under way
}

func (w *World) newTable(id uint32) *Table {
	tb := &Table{ID: id, room: &w.room}
	if id != 0 && (len(w.tables) < maxTables || w.tables[id] != nil) {
		w.tables[id] = tb
	}
	return tb
}

// drop forgets a table whose last process has ended. What comes late of it is about nothing. The one of the threads about which nothing
// is known stays.
func (w *World) drop(tb *Table) {
	if tb == w.common {
		return
	}
	if w.tables[tb.ID] == tb {
		delete(w.tables, tb.ID)
	}
	tb.room.numbers -= tb.numbers
	tb.room.places -= len(tb.dense)
	tb.dense, tb.sparse, tb.numbers, tb.dead = nil, nil, 0, true
}

// Tables visits every table.
func (w *World) Tables(visit func(*Table)) {
	if w.common.ID == 0 {
		visit(w.common)
	}
	ids := make([]uint32, 0, len(w.tables))
	for id := range w.tables {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		visit(w.tables[id])
	}
}

// At is a number that something is known of, nil when nothing is.
func (tb *Table) At(fd int32) *Number {
	if uint32(fd) < uint32(len(tb.dense)) {
		return tb.dense[fd]
	}
	if fd < denseFDs {
		return nil
	}
	return tb.sparse[fd]
}

// make is At that begins to know of it. It is nil for a negative one, for want of room, and when the table's last process has ended.
func (tb *Table) make(fd int32) *Number {
	if n := tb.At(fd); n != nil || fd < 0 || tb.dead || tb.room.numbers >= maxNumbers {
		return n
	}
	n := &Number{FD: fd, table: tb}
	if fd < denseFDs {
		if size := len(tb.dense); int(fd) >= size {
			for size = max(16, size); int(fd) >= size; {
				size *= 2
			}
			more := size - len(tb.dense)
			if tb.room.places+more > maxPlaces {
				return nil
			}
			tb.room.places += more
			tb.dense = append(tb.dense, make([]*Number, more)...)
		}
		tb.dense[fd] = n
		tb.took()
		return n
	}
	if tb.sparse == nil {
		tb.sparse = map[int32]*Number{}
	}
	tb.sparse[fd] = n
	tb.took()
	return n
}

func (tb *Table) took() {
	tb.numbers++
	tb.room.numbers++
}

// Each visits every number that something is known of, in their order.
func (tb *Table) Each(visit func(*Number)) {
	for _, n := range tb.dense {
		if n != nil {
			visit(n)
		}
	}
	for _, fd := range sortedFDs(tb.sparse) {
		visit(tb.sparse[fd])
	}
}

func sortedFDs[V any](m map[int32]V) []int32 {
	if len(m) == 0 {
		return nil
	}
	fds := make([]int32, 0, len(m))
	for fd := range m {
		fds = append(fds, fd)
	}
	slices.Sort(fds)
	return fds
}

// Find is the file that an event about a descriptor means: one that is made when nothing is known of the number and make says so. It is
// nil when there is none, when the number is -1, or when the event is about a generation that is forgotten. old reports that
// the file is not what the number means now: the event comes late.
func (w *World) Find(th *Thread, e *trace.Event, make bool) (f *File, old bool) {
	if d := th.Table.dense; uint32(e.FD) < uint32(len(d)) { // nearly every event ends here
		if n := d[e.FD]; n != nil && n.File != nil && (e.Gen == 0 || e.Gen == n.Gen) {
			return n.File, false
		}
	}
	return w.find(th, e, make)
}

func (w *World) find(th *Thread, e *trace.Event, make bool) (f *File, old bool) {
	tb := th.Table
	if e.FD < 0 {
		return nil, false
	}
	n := tb.At(e.FD)
	if n == nil {
		if !make {
			return nil, false
		}
		if n = tb.make(e.FD); n == nil {
			return nil, false
		}
	}
	if g := e.Gen; g != 0 && g != n.Gen {
		switch {
		case n.Gen == 0 && n.File != nil && !(n.Former != nil && n.formerGen != 0 && int32(g-n.formerGen) <= 0):
			if make { // or else the event changes nothing, and is not looked at by everybody
				n.Gen = g
			}
		case n.Former != nil && n.formerGen == g:
			return n.Former, true
		case n.Gen != 0 && int32(g-n.Gen) < 0, n.Gen == 0 && n.Former != nil && n.formerGen != 0 && int32(g-n.formerGen) < 0:
			return nil, true // older than anything that is remembered
		default:
			// Younger than what is known: its Open, and the Close before it, were not seen (yet).
			if !make {
				return nil, false
			}
			if n.File != nil {
				w.Release(n, e.Time, trace.CloseUnknown)
			}
			n.Gen = g
		}
	}
	if n.File == nil && make {
		if f := w.newFile(n); f != nil && e.Gen != 0 {
			n.Gen = e.Gen
		}
	}
	return n.File, false
}

// Release takes back a number that means a file, at a moment (ns) and for a reason (trace.Close*). The file ends with its last number;
// otherwise registrations that were made under this one stay in the kernel, and are stale from here on.
func (w *World) Release(n *Number, at int64, why uint32) {
	f := n.File
	n.Former, n.formerGen = f, n.Gen
	n.File, n.Gen, n.Cloexec = nil, 0, false
	if f == nil {
		return
	}
	f.Refs--
	if f.Refs > 0 {
		for _, r := range f.Regs {
			if r.FD == n.FD && r.Table == n.table {
				r.Stale = true
			}
		}
		w.watch.Numbered(f)
		return
	}
	w.end(f, at, why)
}

// fill puts a file into a number that means none.
func (w *World) fill(n *Number, f *File) {
	n.File, n.Cloexec, n.Gen = f, false, 0
	n.Uses++
	f.Refs++
	if f.Use == 0 {
		f.Use = n.Uses
	}
}

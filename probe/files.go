package probe

import (
	"maps"
	"slices"

	"evviz/trace"
)

// files is a descriptor table, as far as calls and notes have told of it. It is the emitter's memory of what it has said
// already; who means what by a number is for package timeline to find.
type files struct {
	dense []fdState // by number, for the small ones that nearly all programs use
	more  map[int32]*fdState
	bound *bound
}

// bound is what all tables of an emitter have in common: how much they may remember together, and a count of lives.
type bound struct {
	used  int    // states that memory has been taken for
	lives uint32 // descriptors that came into being
}

// What is remembered at most: descriptors in all tables together. What is beyond that is not remembered, so its type and
// addresses may be told more than once.
const (
	maxFiles = 1 << 18
	denseFDs = 1 << 10
	firstFDs = 32
)

type fdState struct {
	here        bool
	typ         uint32 // trace.Type*
	made        uint32 // for a listener: what it was as a socket
	flags       uint32
	peer, local string
	life        uint32 // which use of the number this is
	same        uint32 // FDNote.Same of the last note, 0 none
	due, every  int64  // for a timerfd: when it is due, 0 unknown, and its period
}

// sock is the type that the descriptor had as a socket.
func (f *fdState) sock() uint32 {
	if f.typ == trace.TypeListener {
		return f.made
	}
	return f.typ
}

// get finds a descriptor, nil when nothing is known of it.
func (t *files) get(fd int32) *fdState {
	if uint32(fd) < uint32(len(t.dense)) {
		if f := &t.dense[fd]; f.here {
			return f
		}
		return nil
	}
	if len(t.more) == 0 {
		return nil
	}
	return t.more[fd]
}

// slot is the place of a descriptor, made if need be; nil when there is no room.
func (t *files) slot(fd int32) *fdState {
	switch {
	case fd < 0:
		return nil
	case int(fd) < len(t.dense):
		return &t.dense[fd]
	case fd < denseFDs:
		n := max(firstFDs, len(t.dense))
		for n <= int(fd) {
			n *= 2
		}
		if t.bound.used += n - len(t.dense); t.bound.used > maxFiles {
			t.bound.used -= n - len(t.dense)
			return nil
		}
		dense := make([]fdState, n)
		copy(dense, t.dense)
		t.dense = dense
		return &t.dense[fd]
	}
	if f := t.more[fd]; f != nil {
		return f
	}
	if t.bound.used >= maxFiles {
		return nil
	}
	t.bound.used++
	if t.more == nil {
		t.more = map[int32]*fdState{}
	}
	f := &fdState{}
	t.more[fd] = f
	return f
}

// put remembers a descriptor. What was known of the number is forgotten.
func (t *files) put(fd int32, f fdState) *fdState {
	s := t.slot(fd)
	if s != nil {
		f.here = true
		*s = f
	}
	return s
}

// open is put for a descriptor that has just come into being.
func (t *files) open(fd int32, f fdState) *fdState {
	t.bound.lives++
	f.life = t.bound.lives
	return t.put(fd, f)
}

func (t *files) forget(fd int32) {
	if uint32(fd) < uint32(len(t.dense)) {
		t.dense[fd] = fdState{}
		return
	}
	if _, ok := t.more[fd]; ok {
		delete(t.more, fd)
		t.bound.used--
	}
}

// life is which use of a number this is, 0 unknown.
func (t *files) life(fd int32) uint32 {
	if f := t.get(fd); f != nil {
		return f.life
	}
	return 0
}

// known is a descriptor that may have been unknown until now.
func (t *files) known(fd int32) *fdState {
	if f := t.get(fd); f != nil {
		return f
	}
	return t.put(fd, fdState{})
}

// listens notes that a socket is a listener. It never fails: what cannot be remembered is a state of nobody's.
func (t *files) listens(fd int32) *fdState {
	f := t.known(fd)
	if f == nil {
		return &fdState{}
	}
	if f.typ != trace.TypeListener {
		f.made = f.typ
		f.typ = trace.TypeListener
	}
	return f
}

// nonblocking notes that a call on the descriptor came back where it would have waited.
func (t *files) nonblocking(fd int32) {
	if f := t.known(fd); f != nil {
		f.flags |= oNonblock
	}
}

func (t *files) setFlags(fd int32, flags uint32) {
	if f := t.known(fd); f != nil {
		f.flags = flags
	}
}

// between are the known numbers from first to last, in order.
func (t *files) between(first, last uint64) (fds []int32) {
	for i := range t.dense {
		if t.dense[i].here && uint64(i) >= first && uint64(i) <= last {
			fds = append(fds, int32(i))
		}
	}
	dense := len(fds)
	for fd := range t.more {
		if uint64(fd) >= first && uint64(fd) <= last {
			fds = append(fds, fd)
		}
	}
	slices.Sort(fds[dense:])
	return fds
}

// exec closes what is marked so.
func (t *files) exec() {
	for i := range t.dense {
		if t.dense[i].flags&oCloexec != 0 {
			t.dense[i] = fdState{}
		}
	}
	n := len(t.more)
	maps.DeleteFunc(t.more, func(_ int32, f *fdState) bool { return f.flags&oCloexec != 0 })
	t.bound.used -= n - len(t.more)
}

// clone is the table of a child. Where there is no room it knows nothing.
func (t *files) clone() *files {
	n := &files{bound: t.bound}
	if t.bound.used+len(t.dense)+len(t.more) > maxFiles {
		return n
	}
	t.bound.used += len(t.dense) + len(t.more)
	n.dense = slices.Clone(t.dense)
	if len(t.more) > 0 {
		n.more = make(map[int32]*fdState, len(t.more))
		for fd, f := range t.more {
			c := *f
			n.more[fd] = &c
		}
	}
	return n
}

// drop gives back the memory of a table that nobody uses any more.
func (t *files) drop() {
	t.bound.used -= len(t.dense) + len(t.more)
	t.dense, t.more = nil, nil
}

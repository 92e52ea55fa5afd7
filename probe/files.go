package probe

import (
	"maps"

	"evviz/trace"
)

// files is a descriptor table, as far as calls and notes have told of it. It is the emitter's memory of what it has said
// already; who means what by a number is for package timeline to find.
type files struct{ m map[int32]fdState }

type fdState struct {
	typ         uint32 // trace.Type*
	made        uint32 // for a listener: what it was as a socket
	flags       uint32
	peer, local string
}

// maxFiles bounds a table; what is beyond it is not remembered.
const maxFiles = 1 << 16

// sock is the type that the descriptor had as a socket.
func (f fdState) sock() uint32 {
	if f.typ == trace.TypeListener {
		return f.made
	}
	return f.typ
}

func (t *files) get(fd int32) (fdState, bool) {
	f, ok := t.m[fd]
	return f, ok
}

func (t *files) put(fd int32, f fdState) {
	if _, ok := t.m[fd]; fd < 0 || !ok && len(t.m) >= maxFiles {
		return
	}
	if t.m == nil {
		t.m = map[int32]fdState{}
	}
	t.m[fd] = f
}

func (t *files) forget(fd int32) { delete(t.m, fd) }

// nonblocking notes that a call on the descriptor came back where it would have waited.
func (t *files) nonblocking(fd int32) {
	f := t.m[fd]
	f.flags |= oNonblock
	t.put(fd, f)
}

// exec closes what is marked so.
func (t *files) exec() {
	maps.DeleteFunc(t.m, func(_ int32, f fdState) bool { return f.flags&oCloexec != 0 })
}

func (t *files) clone() *files { return &files{maps.Clone(t.m)} }

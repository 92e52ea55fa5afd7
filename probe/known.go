package probe

import (
	"evviz/internal/plain"
	"evviz/trace"
	"evviz/world"
)

// What a descriptor is, package world says: the emitter folds what it tells into a world of its own, and looks there for what it
// has told already. The world's bounds hold for it, too: what is beyond them may be told more than once.

// known is what the emitter knows of an open file besides. It hangs on world.File.User.
type known struct {
	same       uint32 // FDNote.Same of the last note, 0 none
	made       uint32 // of a listener: what it was as a socket (trace.Type*)
	mode       mode
	bound      string // address that bind gave it, and that no event has told
	due, every int64  // of a timerfd: when it is due, 0 unknown, and its period
}

// mode is whether calls on a file wait, where no event has said so in the program's name.
type mode uint8

const (
	modeTold  mode = iota // as the events say
	modeWaits             // the kernel has said so, to F_GETFL
	modeNever             // it has said so, or a call came back where it would have waited
)

// knownOf begins to know something of a file.
func knownOf(f *world.File) *known {
	k, ok := f.User.(*known)
	if !ok {
		k = &known{}
		f.User = k
	}
	return k
}

// sameOf is FDNote.Same of the last note of a file.
func sameOf(f *world.File) uint32 {
	if k, ok := f.User.(*known); ok {
		return k.same
	}
	return 0
}

// file is what a number means in the thread's table, nil when nothing is known of it.
func (th *thread) file(fd int32) *world.File {
	if n := th.who.Table.At(fd); n != nil {
		return n.File
	}
	return nil
}

// descriptor is what has been told of a number.
type descriptor struct {
	typ, flags  uint32 // trace.Type*; O_NONBLOCK and O_CLOEXEC
	peer, local string
}

func (th *thread) descriptor(fd int32) (d descriptor) {
	n := th.who.Table.At(fd)
	if n == nil || n.File == nil {
		return d
	}
	f := n.File
	d = descriptor{f.Type, th.flags(fd), f.Peer.Text, f.Local.Text}
	if f.Asked {
		d.peer = "" // the program's word; the kernel's is still to be told
	}
	return d
}

// flags are O_NONBLOCK, which is the file's, and O_CLOEXEC, which is the number's.
func (th *thread) flags(fd int32) uint32 {
	n := th.who.Table.At(fd)
	if n == nil || n.File == nil {
		return 0
	}
	flags := uint32(0)
	if neverWaits(n.File) {
		flags = oNonblock
	}
	if n.Cloexec {
		flags |= oCloexec
	}
	return flags
}

func neverWaits(f *world.File) bool {
	if k, ok := f.User.(*known); ok && k.mode != modeTold {
		return k.mode == modeNever
	}
	return f.Flags&oNonblock != 0
}

// learn notes whether calls on a descriptor wait.
func (th *thread) learn(fd int32, flags uint32) {
	f := th.file(fd)
	if f == nil || neverWaits(f) == (flags&oNonblock != 0) {
		return
	}
	if k := knownOf(f); flags&oNonblock != 0 {
		k.mode = modeNever
	} else {
		k.mode = modeWaits
	}
}

// nothingKnown says whether no call has told what a number is, nor where it came from.
func (th *thread) nothingKnown(fd int32) bool {
	f := th.file(fd)
	return f == nil || f.Type == trace.TypeUnknown && f.Origin == trace.OriginUnknown && !f.Accepted() && f.Peer.Text == "" && f.Local.Text == ""
}

// typ is trace.TypeUnknown also when nothing is known of the number.
func (th *thread) typ(fd int32) uint32 {
	if f := th.file(fd); f != nil {
		return f.Type
	}
	return trace.TypeUnknown
}

// sock is the type that a file had as a socket.
func sock(f *world.File) uint32 {
	if k, ok := f.User.(*known); ok && f.Type == trace.TypeListener {
		return k.made
	}
	if f.Type == trace.TypeListener {
		return trace.TypeUnknown
	}
	return f.Type
}

// uses says which use of a number this is, 0 when nothing is known of it.
func (th *thread) uses(fd int32) uint32 {
	if n := th.who.Table.At(fd); n != nil && n.File != nil {
		return n.Uses
	}
	return 0
}

// news reports whether an event may say something about who is who. Most of a log does not: reads and writes do only where the number
// was unknown, a Ready only with a number.
func (th *thread) news(e *trace.Event) bool {
	switch e.Kind {
	case trace.Read, trace.Write:
		return e.Phase.Base() != trace.PhaseEnter && th.file(e.FD) == nil
	case trace.Ready:
		return e.FD >= 0
	case trace.Name, trace.Unread:
		return false
	}
	return true
}

// fold makes the world know what an event says.
func (em *Emitter) fold(th *thread, e *trace.Event) {
	switch e.Kind {
	case trace.Wait:
		if th.who.Waited(e.Inst) {
			return
		}
	case trace.Accept, trace.Listen:
		if f := th.file(e.FD); f != nil && f.Type != trace.TypeListener && e.Phase.Base() != trace.PhaseEnter {
			knownOf(f).made = f.Type
		}
	}
	em.folding = th
	em.world.Add(e)
}

// Text is what an id of the stream of the event that is being folded stands for. It implements world.Namer.
func (n namer) Text(_, id uint32) string {
	if texts := n.em.folding.texts; id > 0 && id <= uint32(len(texts)) {
		return told(texts[id-1])
	}
	return ""
}

type namer struct{ em *Emitter }

// told is what is told of a string: names come from foreign programs, which can call a file or a thread what they like, and end on
// somebody's terminal.
func told(s string) string {
	s = plain.Text(s)
	return s[:min(len(s), trace.MaxName)]
}

// differs reports whether a string says something else than what was told.
func differs(s, have string) bool { return s != have && told(s) != have }

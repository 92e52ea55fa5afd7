package world

import (
	"cmp"
	"slices"

	"evviz/trace"
)

// maxFreeNames is how many names are remembered that nothing has used lately.
const maxFreeNames = 1024

// names is what the ids of Name events stand for at the moment. It is bounded: names that were used longest ago are forgotten first.
// Peers come and go by the thousand, while "futex" is named once and used for hours: hence by use, not by age.
type names struct {
	m     map[nameKey]*usedName
	floor int    // size after the last eviction
	clock uint64 // counts uses
}

type nameKey struct{ stream, id uint32 }

type usedName struct {
	text string
	part []byte // of a string of which not every piece has come
	used uint64
}

// Text implements Namer.
func (n *names) Text(stream, id uint32) string {
	if u := n.m[nameKey{stream, id}]; u != nil && u.part == nil {
		return u.text
	}
	return ""
}

// use notes that an event refers to names.
func (n *names) use(e *trace.Event) {
	for _, s := range e.Kind.NameSlots() {
		if u := n.m[nameKey{e.Stream, uint32(e.Slot(s))}]; u != nil {
			n.clock++
			u.used = n.clock
		}
	}
}

// add collects the pieces of a string.
func (n *names) add(e *trace.Event) {
	k := nameKey{e.Stream, e.Aux}
	u := n.m[k]
	if u == nil {
		if len(n.m) > n.floor+maxFreeNames {
			n.evict()
		}
		u = &usedName{}
		n.m[k] = u
	}
	n.clock++
	u.used = n.clock
	switch {
	case e.Mask <= trace.NamePiece:
		u.text, u.part = e.NameText(), nil
	case e.Mask > trace.MaxName || int(e.Gen) != len(u.part) && e.Gen != 0:
		u.text, u.part = "", nil
	default:
		if e.Gen == 0 {
			u.part = u.part[:0]
		}
		u.part = append(u.part, e.NameText()...)
		if len(u.part) >= int(e.Mask) {
			u.text, u.part = string(u.part), nil
		}
	}
}

// evict forgets the half of them that were used longest ago.
func (n *names) evict() {
	all := make([]nameKey, 0, len(n.m))
	for k := range n.m {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b nameKey) int { return cmp.Compare(n.m[a].used, n.m[b].used) })
	for _, k := range all[:max(0, len(all)-maxFreeNames/2)] {
		delete(n.m, k)
	}
	n.floor = len(n.m)
}

// pieces are the names, whole ones alone, as events.
func (n *names) pieces(put func(stream uint32, e trace.Event)) {
	for _, k := range sortedKeys(n.m, func(a, b nameKey) int {
		return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.id, b.id))
	}) {
		if u := n.m[k]; u.part == nil {
			trace.NamePieces(k.id, u.text, func(e trace.Event) { put(k.stream, e) })
		}
	}
}

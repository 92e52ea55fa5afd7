package trace

import "unsafe"

// NamePiece is how many bytes of a string fit into one Name event: the slots Dur, A and B.
const NamePiece = 24

// NamePieces cuts a string into Name events with the given id. Strings are cut at 4096 bytes: a name is a label, and
// a hostile one must not fill a ring.
func NamePieces(id uint32, s string, put func(e Event)) {
	if len(s) > MaxName {
		s = s[:MaxName]
	}
	at := 0
	for {
		e := Event{Kind: Name, Aux: id, Mask: uint32(len(s)), Gen: uint32(at)}
		n := copy(e.text()[:], s[at:])
		put(e)
		at += n
		if at >= len(s) {
			return
		}
	}
}

// MaxName is how many bytes of a string are kept.
const MaxName = 4096

// text is the piece of a string that a Name event carries: Dur, A and B lie side by side.
func (e *Event) text() *[NamePiece]byte {
	return (*[NamePiece]byte)(unsafe.Pointer(&e.Dur))
}

// NameText is the piece of a string that a Name event carries.
func (e *Event) NameText() string {
	n := int64(e.Mask) - int64(e.Gen)
	if n < 0 {
		n = 0
	}
	if n > NamePiece {
		n = NamePiece
	}
	return string(e.text()[:n])
}

// Names collects the strings of a trace. Ids belong to their stream; a later Name event may give an id a new string,
// so a reader that wants the name as it was at an event looks it up when it meets the event.
type Names struct {
	m map[uint64]string
	p map[uint64][]byte // strings of which not every piece has come yet
}

// Add takes a Name event.
func (n *Names) Add(e *Event) {
	if e.Kind != Name {
		return
	}
	if n.m == nil {
		n.m, n.p = map[uint64]string{}, map[uint64][]byte{}
	}
	k := uint64(e.Stream)<<32 | uint64(e.Aux)
	if e.Mask <= NamePiece {
		n.m[k] = e.NameText()
		delete(n.p, k)
		return
	}
	if e.Gen == 0 {
		n.p[k] = nil
	}
	part, begun := n.p[k]
	if !begun || uint32(len(part)) != e.Gen || e.Mask > MaxName {
		delete(n.p, k) // a piece was lost: no name is better than a wrong one
		return
	}
	part = append(part, e.NameText()...)
	if uint32(len(part)) >= e.Mask {
		n.m[k] = string(part)
		delete(n.p, k)
		return
	}
	n.p[k] = part
}

// Get is the string of an id in a stream, "" when it is not known.
func (n *Names) Get(stream, id uint32) string {
	if id == 0 || n.m == nil {
		return ""
	}
	return n.m[uint64(stream)<<32|uint64(id)]
}

// Each visits every complete name, in no particular order.
func (n *Names) Each(visit func(stream, id uint32, s string)) {
	for k, s := range n.m {
		visit(uint32(k>>32), uint32(k), s)
	}
}

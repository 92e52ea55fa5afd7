package timeline

import (
	"sync"

	"evviz/trace"
)

const (
	maxNames     = 1 << 18  // entries; half as many ids
	maxNameBytes = 24 << 20 // of their text; half as many of those that were not replaced
)

// nameTable holds the strings of a trace so that a snapshot sees them as they were. It is a log: each entry points back
// to the one it replaced, and a snapshot skips those younger than itself. The lock is needed for the map alone.
type nameTable struct {
	mu     sync.RWMutex
	latest map[uint64]int32
	log    []nameEntry
	bytes  int         // of text in log
	known  int         // of text that was not replaced
	parts  trace.Names // the writer's own: puts pieces together
}

type nameEntry struct {
	text string
	prev int32 // -1 none
}

func newNameTable() *nameTable { return &nameTable{latest: map[uint64]int32{}} }

func nameKey(stream, id uint32) uint64 { return uint64(stream)<<32 | uint64(id) }

func (n *nameTable) add(e *trace.Event) {
	if len(n.latest) >= maxNames/2 || n.known >= maxNameBytes/2 {
		return // labels only: better none than memory without bound
	}
	n.parts.Add(e)
	text := n.parts.Get(e.Stream, e.Aux)
	if text == "" {
		return
	}
	k := nameKey(e.Stream, e.Aux)
	prev, had := n.latest[k]
	if had && n.log[prev].text == text {
		return
	}
	if had {
		n.known -= len(n.log[prev].text)
	} else {
		prev = -1
	}
	n.bytes += len(text)
	n.known += len(text)
	n.mu.Lock()
	n.log = append(n.log, nameEntry{text, prev})
	n.latest[k] = int32(len(n.log) - 1)
	n.mu.Unlock()
}

// full reports whether it is time to compact.
func (n *nameTable) full() bool { return len(n.log) >= maxNames || n.bytes >= maxNameBytes }

// compact makes a table without the strings that were replaced; older snapshots keep the old table.
func (n *nameTable) compact() *nameTable {
	c := newNameTable()
	c.parts = n.parts
	c.bytes, c.known = n.known, n.known
	for k, i := range n.latest {
		c.latest[k] = int32(len(c.log))
		c.log = append(c.log, nameEntry{n.log[i].text, -1})
	}
	return c
}

// now is the writer's look-up.
func (n *nameTable) now(stream, id uint32) string {
	if id == 0 {
		return ""
	}
	if i, ok := n.latest[nameKey(stream, id)]; ok {
		return n.log[i].text
	}
	return ""
}

// Name is the string that an id of a stream had at the time of the snapshot, "" when it is not known.
func (s *Snapshot) Name(stream, id uint32) string {
	if id == 0 || s.names == nil {
		return ""
	}
	s.names.mu.RLock()
	defer s.names.mu.RUnlock()
	i, ok := s.names.latest[nameKey(stream, id)]
	for ok && int(i) >= s.nameCount {
		i = s.names.log[i].prev
		ok = i >= 0
	}
	if !ok {
		return ""
	}
	return s.names.log[i].text
}

package timeline

import (
	"slices"
	"strconv"

	"evviz/trace"
)

// The wait of a loop, and waits inside its handlers
//
// A handler that waits for something of its own (a resolver or a synchronous client in poll, a child's pipes, a runtime that runs a second
// loop until a child has ended) keeps the loop from its wait as a read that blocks does. Which of a thread's waits is its loop's:
//
//   - An epoll instance is preferred to a set of a few descriptors.
//   - A wait that watches another's descriptor is the outer one, and the inner one serves it: nested loops.
//   - Another instance is a handler's when it was made since the loop left a wait that had brought something. It may as well be the loop that
//     the thread runs from now on, so its waits have an account of their own. One that was there before is another loop of the same thread.
//   - A set of a few descriptors is a handler's when it has none of those that the loop's own set has, or when the loop waits in epoll.
//     A runtime that has a descriptor to wake itself by watches that one in every wait: alone, while the others are open, it is a handler's too.

// home is a thread's loop, as far as its waits are concerned.
type home struct {
	inst    *instance
	set     []int32 // of a set: its members
	version int64   // ... when that was written
	seen    int     // waits with it
	foreign bool    // the wait that goes on, or was the newest, is inside a handler
	second  away    // from the instance that such waits are on
	inner   int     // waits inside handlers since the loop's own
}

// A set of a handler has not more members than these: a socket, or a child's three pipes and something to wake it.
const handlersSet = 4

// maxInner is how many waits a handler makes; one that makes more runs a loop of its own, of which nothing is known.
const maxInner = 256

// maxUnknown is the same of sets of which nothing is known.
const maxUnknown = 8

// waitOf says whether a wait that begins is inside a handler, and remembers which is the loop's own.
func (wt *watcher) waitOf(s *stream, in *instance) (inside bool) {
	h := &s.watch.home
	h.foreign = wt.insideHandler(s, h, in)
	if h.foreign {
		if h.inner++; h.inner > maxInner {
			s.watch.away.from = 0
		}
		return true
	}
	h.inner = 0
	return false
}

func (wt *watcher) insideHandler(s *stream, h *home, in *instance) bool {
	switch {
	case h.inst == nil, h.inst.watch.closed: // the first, or its instance is no more
		h.become(in)
		return false
	case h.inst == in:
		if !in.set() || h.version == in.version() {
			h.seen++
			return false
		}
		members := in.members()
		if h.seen >= 2 && len(members) > 0 && len(members) <= handlersSet && !slices.ContainsFunc(members, func(fd int32) bool { return slices.Contains(h.set, fd) }) {
			return true
		}
		if wt.onlyWakes(s, h.set, members) {
			return true
		}
		h.become(in)
		return false
	case in.watches(h.inst): // the outer of two
		h.become(in)
		return false
	case h.inst.watches(in):
		return true
	case h.inst.set() && !in.set():
		if len(h.set) > handlersSet || h.seen >= 2 && in.madeSince(s.watch.away.from) {
			return in.madeSince(s.watch.away.from)
		}
		h.become(in)
		return false
	case in.set():
		if n := len(in.members()); n > 0 {
			return n <= handlersSet
		}
		// What is in the set is not known. A loop that only looks at its instance may wait in the set in earnest.
		if h.inner < maxUnknown && s.watch.away.from != 0 && s.watch.away.slept {
			return true
		}
	}
	if !in.set() && s.watch.away.from != 0 && s.watch.away.told > 0 && in.madeSince(s.watch.away.from) {
		return true
	}
	h.become(in)
	return false
}

// onlyWakes says whether a set is what a runtime waits with inside a handler: the one descriptor by which it wakes itself, which is in each of
// its waits, and none of the others of the loop's set, though they are open. Who puts off one of them watches the rest.
func (wt *watcher) onlyWakes(s *stream, loops, members []int32) bool {
	if len(members) != 1 || !slices.Contains(loops, members[0]) {
		return false
	}
	if l := wt.numbered(s, members[0]); l == nil || l.pub.Kind == KindConn || l.pub.Kind == KindListener || l.pub.Kind == KindEpoll {
		return false
	}
	left, serves := 0, false
	for _, fd := range loops {
		if l := wt.numbered(s, fd); fd != members[0] && l != nil {
			left++
			serves = serves || l.pub.Kind == KindEpoll
		}
	}
	return serves || left >= 2
}

// numbered is the lane of an open descriptor, nil when nothing is known of the number.
func (wt *watcher) numbered(s *stream, fd int32) *laneB {
	if n := s.who.Table.At(fd); n != nil && n.File != nil {
		return wt.lanes.laneOf(n.File)
	}
	return nil
}

func (h *home) become(in *instance) {
	if h.inst != in {
		h.seen = 0
	}
	h.inst = in
	h.seen++
	if in.set() {
		h.set, h.version = in.members(), in.version()
	}
}

// version changes with what a set has.
func (in *instance) version() int64 {
	return in.stats.Registers + in.stats.Modifies + in.stats.Deregisters
}

// watches says whether an instance has another one's descriptor registered, or in its set.
func (in *instance) watches(other *instance) bool {
	if other.who.File == nil {
		return false
	}
	for _, r := range other.who.File.Regs {
		if r.Inst == in.who {
			return true
		}
	}
	return false
}

// madeSince says whether an instance was made after a moment.
func (in *instance) madeSince(at int64) bool {
	return in.lane != nil && in.lane.pub.Opened != 0 && at != 0 && in.lane.pub.Opened >= at
}

// insideEnds is called when a wait inside a handler has returned: it is a call of the handler.
func (wt *watcher) insideEnds(s *stream, in *instance, e *trace.Event) {
	a := &s.watch.away
	if s.watch.home.inst.watches(in) || a.from == 0 {
		return
	}
	wt.spentIn(s, a, e)
	for i := range a.calls[:a.n] {
		c := &a.calls[i]
		if c.kind != trace.Wait || c.where != "" {
			continue
		}
		switch fds := in.members(); {
		case in.set() && len(fds) == 0:
		case !in.set():
			c.where = " on another instance"
			if in.lane != nil && in.lane.pub.FD >= 0 {
				c.where += " (fd " + strconv.Itoa(int(in.lane.pub.FD)) + ")"
			}
		case len(fds) == 1:
			c.where = " on fd " + strconv.Itoa(int(fds[0]))
		default:
			c.where = " on " + strconv.Itoa(len(fds)) + " descriptors"
		}
	}
}

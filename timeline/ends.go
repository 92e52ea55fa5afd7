package timeline

import "evviz/trace"

// Both ends
//
// A log of strace -f may have both ends of a connection: a pipe, a pair of sockets, a server and its client on this machine. What one end
// has sent and the other has not read is unread, and what was sent after the last read is news. So a repeated notification is told from a
// new message without a look at how long the wait was.
//
// Bytes are compared as totals. They mean something where both ends were made before our eyes, and otherwise from a moment on at which
// everything was read. A call that goes on while the other end is read counts for neither: what it has moved by then is not known, so nothing is
// certain while it may be under way.

// end is what a lane knows of the other end.
type end struct {
	far  *laneB
	took int64 // bytes read here
	gave int64 // bytes written here,
	at   int64 // ... the newest until then

	takes, gives int64 // reads and writes that got or gave something

	base  int64 // what the other end had given and this one not taken when the count began
	known bool  // the count has begun
	since int64 // ... then
}

// halfPair is one of two descriptors that a call makes: the next Open of the thread is the other.
type halfPair struct {
	l    *laneB
	at   int64
	from uint32
}

// ends finds lanes by their addresses.
type ends map[[2]string]*laneB // by own and other address; nil: several have them

// maxEnds bounds how many addresses are remembered.
const maxEnds = 1 << 16

// joins makes two lanes the ends of one connection.
func (l *laneB) joins(o *laneB) {
	for _, x := range [2]*laneB{l, o} {
		x.end.known, x.end.base, x.end.since = l.pub.Opened != 0 && o.pub.Opened != 0, 0, 0
	}
	l.end.far, o.end.far = o, l
}

// parts forgets a lane's other end: it is not known any more who reads and who writes.
func (l *laneB) parts() {
	if o := l.end.far; o != nil {
		o.end.far, o.end.known = nil, false
	}
	l.end.far, l.end.known = nil, false
}

// pairs is called with a descriptor that was opened: two that one call makes are each other's ends.
func (l *laneB) pairs(s *stream, e *trace.Event) {
	from := l.watch.origin
	if from != trace.OriginPair && from != trace.OriginPipe {
		return
	}
	if h := &s.half; h.l != nil && h.from == from && h.at == e.Time && h.l.end.far == nil && h.l != l {
		h.l.joins(l)
		*h = halfPair{}
		return
	}
	s.half = halfPair{l, e.Time, from}
}

// addressed is called when something became known of a lane: the lane with its addresses the other way round is its other end.
func (ls *laneSet) addressed(l *laneB) {
	mine, other := l.pub.Local, l.file.Peer.Text
	if mine == "" || other == "" || mine == other || l.pub.Type != trace.TypeStream || l.file.Asked || ls.exact {
		return
	}
	key := [2]string{mine, other}
	switch was, had := ls.ends[key]; {
	case was == l:
		return
	case had && was == nil:
		return // several have it
	case had && was.pub.Closed == 0: // of two descriptors with the same addresses nobody knows whether they are one
		was.parts()
		ls.ends[key] = nil
		return
	case !had && len(ls.ends) >= maxEnds:
		return
	}
	if ls.ends == nil {
		ls.ends = ends{}
	}
	ls.ends[key] = l
	if o := ls.ends[[2]string{other, mine}]; o != nil && o.pub.Closed == 0 && o.end.far == nil {
		l.joins(o)
	}
}

// left is how many bytes a read has left behind, -1 when that is not known.
func (l *laneB) left(e *trace.Event) int64 {
	x := &l.end
	if x.far == nil || !x.known || x.far.end.at > e.Start() {
		return -1
	}
	return x.unread()
}

// unread is what the other end has given and this one not taken; below 0 a call of the other end has moved more than is told.
func (x *end) unread() int64 { return x.far.end.gave - x.took - x.base }

// emptied is called when a read has shown that nothing is left: the count begins, or begins again.
func (x *end) emptied(at int64) {
	if x.far != nil {
		x.known, x.since = true, at
		x.base += x.unread()
	}
}

// wholeSends says whether reads get on average as much as a write of the other end gives, or more: what is left then are other messages, and not the
// rest of one.
func (x *end) wholeSends() bool {
	return x.far != nil && x.takes > 0 && x.far.end.gives > 0 && x.took/x.takes >= x.far.end.gave/x.far.end.gives
}

// noEnd takes a lane that is over from those that are found by their addresses.
func (ls *laneSet) noEnd(l *laneB) {
	if key := [2]string{l.pub.Local, l.file.Peer.Text}; ls.ends[key] == l {
		delete(ls.ends, key)
	}
}

// sent is called with a write that took bytes: they are news at the other end, unless it has read them while the call went on.
func (lg *ledger) sent(l *laneB, e *trace.Event) {
	x := &l.end
	x.gave += e.B * lg.w.times
	x.gives += lg.w.times
	x.at = max(x.at, e.Time)
	o := x.far
	if o == nil || o.pub.Closed != 0 {
		return
	}
	if o.end.known && o.end.since != 0 && e.Start() <= o.end.since {
		o.end.known = false // its bytes may have been among those that were read
	}
	if o.end.known {
		n := o.end.unread()
		if n < 0 && e.Start() > o.pub.LastRead.Time {
			o.end.known, n = false, 0 // somebody else gives
		}
		if n <= 0 {
			return
		}
		o.ledger = n
	}
	for _, r := range o.regs { // the wait came back while the call was under way
		if p := &r.rep; p.open && p.maybe && e.Start() <= p.at && o.ledger <= 0 {
			now := lg.w
			lg.w = p.w
			p.maybe = false
			lg.judge(r, false)
			lg.w = now
		}
	}
	if e.Time > o.pub.LastRead.Time {
		o.fresh = true
	}
}

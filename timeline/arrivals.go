package timeline

// Arrivals that have not been read
//
// A lane's arrivals stand in a queue, first in, first out. Each says how far what had arrived by then reaches, counted in bytes from the lane's
// begin as what is read is counted: what was taken when it was seen, and what was unread. An arrival ends with the read that reaches that
// far, so a stream that is never empty has latencies too, and what a read leaves behind goes on waiting. Datagrams and connections that wait
// to be accepted go by item: each call takes one.
//
//   - A read that proves that nothing is left ends all that came before it. One that found nothing proves it of the read before it.
//   - Where the amount is not known, only such a proof ends an arrival. Once something was read and nothing proved, it is in doubt: it may have
//     been taken or not, and nothing is said of it.
//   - What was unread when its connection ended was never read: it counts as unfinished (measureNever), as long as it had lasted.
//   - After a gap in the events nothing is known of what had arrived before it.

// Measures of which nobody asks by name.
const (
	measureUntimed = MeasureCount + iota // a bar of which no arrival was seen, from when it opened to when it closed
	measureNever                         // MeasureServed of what was never read
	measureStores
)

// maxArrivals bounds a lane's queue. What arrives on a lane that has so many unread is not followed.
const maxArrivals = 256

// arrived is one of them.
type arrived struct {
	at   int64
	upTo int64 // what had arrived by then, counted as arrivals.took; -1 unknown
}

// arrivals belongs to the writer.
type arrivals struct {
	q     []arrived
	head  int
	fresh int      // the first of which nothing was read since it came
	took  int64    // bytes read, or items
	seen  bool     // the bar that is open has an arrival
	reads [4]int64 // the newest, in no order
	turn  uint8    // the place of the oldest of them
}

func (a *arrivals) empty() bool { return a.head == len(a.q) }

func (a *arrivals) reset() { a.q, a.head, a.fresh = a.q[:0], 0, 0 }

// push adds one. It does not come before those that are there, or it is about what they are about.
func (a *arrivals) push(x arrived, read bool) {
	if a.empty() {
		a.reset()
	} else if last := &a.q[len(a.q)-1]; x.upTo >= 0 && last.upTo >= x.upTo {
		return
	}
	if len(a.q)-a.head >= maxArrivals {
		return
	}
	if a.head > 0 && len(a.q) == cap(a.q) {
		n := copy(a.q, a.q[a.head:])
		a.q, a.fresh, a.head = a.q[:n], a.fresh-a.head, 0
	}
	all := a.fresh == len(a.q)
	a.q = append(a.q, x)
	if read && all {
		a.fresh = len(a.q)
	}
}

// known is what of a stream had arrived, at most: a look at its queue says so, and what was thought to be further is not.
func (a *arrivals) known(left int64) {
	for i := len(a.q) - 1; i >= a.head && a.q[i].upTo > a.took+left; i-- {
		a.q[i].upTo = a.took + left
	}
}

// byItem says whether each call takes one item of a lane, however long.
func (l *laneB) byItem() bool { return l.pub.Kind == KindListener || !l.stream() }

// arrives notes an arrival. unread is what was unread then, -1 unknown; read says that something has been read since.
func (ls *laneSet) arrives(l *laneB, at, unread int64, read bool) {
	a := &l.arrived
	x := arrived{at, -1}
	switch {
	case l.byItem():
		x.upTo = a.took + 1
		if !a.empty() {
			x.upTo = a.q[len(a.q)-1].upTo + 1
		}
	case unread >= 0:
		x.upTo = a.took + unread
	}
	a.push(x, read)
	a.seen = true
}

// queued notes how many connections wait on a listener: those that nobody saw come are there since the moment of the look.
func (ls *laneSet) queued(l *laneB, at, n int64) {
	a := &l.arrived
	if n <= 0 {
		a.reset()
		return
	}
	for int64(len(a.q)-a.head) < min(n, maxArrivals) {
		ls.arrives(l, at, -1, false)
	}
	if over := int64(len(a.q)-a.head) - n; over > 0 { // they were taken where nobody saw it
		a.head += int(over)
		a.fresh = max(a.fresh, a.head)
	}
	for i, k := a.head, a.took; i < len(a.q); i++ {
		k++
		a.q[i].upTo = k
	}
}

// reads notes a read that got n bytes, or an item: it ends the arrivals that it reaches, and is the first read of those before it.
func (ls *laneSet) reads(l *laneB, at, n int64) {
	a := &l.arrived
	if !l.stream() || l.pub.Kind == KindListener {
		n = 1
	}
	a.took += n
	a.reads[a.turn&3], a.turn = at, a.turn+1
	if a.empty() {
		return
	}
	if ls.lean {
		a.fresh = len(a.q)
	}
	for ; a.fresh < len(a.q); a.fresh++ {
		if !l.timedLane() {
			continue
		}
		ls.delays.delay(MeasureFirst, l.loop, l, at, at-a.q[a.fresh].at)
	}
	for a.head < len(a.q) && a.q[a.head].upTo >= 0 && a.q[a.head].upTo <= a.took {
		ls.latency(l, at, at-a.q[a.head].at)
		a.head++
	}
	if a.empty() {
		a.reset()
	}
}

// firstRead is the first read at or after a moment, 0 when that is not known.
func (a *arrivals) firstRead(from int64) (at int64) {
	for i := range a.reads {
		switch r := a.reads[(int(a.turn)+i)&3]; {
		case r < from:
		case i == 0:
			return 0 // there may be one before it
		default:
			return r
		}
	}
	return 0
}

// readAll ends all arrivals: nothing is left. They were read when something was read last.
func (ls *laneSet) readAll(l *laneB) {
	a := &l.arrived
	for ; a.head < len(a.q); a.head++ {
		if x := &a.q[a.head]; l.lastServed >= x.at {
			ls.latency(l, l.lastServed, l.lastServed-x.at)
		}
	}
	a.reset()
}

// readLate notes an arrival that becomes known after all that had arrived was read.
func (ls *laneSet) readLate(l *laneB, at int64) {
	ls.latency(l, l.lastServed, l.lastServed-at)
	if r := l.arrived.firstRead(at); r != 0 && l.timedLane() {
		ls.delays.delay(MeasureFirst, l.loop, l, r, r-at)
	}
}

// neverRead notes that what is unread will not be read any more.
func (ls *laneSet) neverRead(l *laneB, at int64) {
	a := &l.arrived
	for i := a.head; i < len(a.q); i++ {
		if x := &a.q[i]; a.unread(i) && x.at < at {
			if l.timedLane() {
				ls.delays.delay(measureNever, l.loop, l, at, at-x.at)
			}
			if l.pub.Kind == KindConn {
				ls.traffic.served.never(at - x.at)
			}
			ls.lat.never(at - x.at)
		}
	}
	a.reset()
}

// forgetDelays gives up what was going on before events were lost.
func (ls *laneSet) forgetDelays(l *laneB) {
	l.arrived.reset()
	l.arrived.seen = false
}

// unread says whether an arrival is known to be unread, at least in part.
func (a *arrivals) unread(i int) bool { return i >= a.fresh || a.q[i].upTo > a.took }

// waits are the delays of a lane that have not ended.
func (l *laneB) waits(answers bool) (out []openDelay) {
	if l.epoch != l.gaps.epoch {
		return nil // events were lost since
	}
	put := func(m Measure, since int64) { out = append(out, openDelay{since: since, m: m, n: 1}) }
	a, p := &l.arrived, &l.pair
	dated := false // an arrival is known to be unread
	for i := a.head; i < len(a.q) && l.timedLane(); i++ {
		if a.unread(i) {
			dated = true
			put(MeasureServed, a.q[i].at)
		}
		if i >= a.fresh {
			put(MeasureFirst, a.q[i].at)
		}
	}
	if l.since != 0 {
		if !dated {
			put(measureUntimed, l.since)
		}
		switch {
		case !l.timedLane():
		case p.told != 0:
			put(MeasureRead, p.told)
		case l.arrival != 0:
			put(MeasureDelivered, l.arrival)
		}
	}
	if p.read != 0 && answers {
		put(MeasureAnswered, p.read)
	}
	return out
}

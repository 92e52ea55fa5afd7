package timeline

import (
	"strings"

	"evviz/trace"
)

// Delays: the six measures of the latency view
//
//	Delivered  from the arrival of data (a connection) to the first report of it
//	Read       from that report to the first read (accept) that got something; after a partial read, from the next report
//	Answered   from the first read that is not answered to the first write after it
//	Gap        how long nobody was listening: from the end of one rest of a loop to the beginning of its next
//	First      from the arrival to the first read after it: Delivered and Read together, where both are known
//	Served     from the arrival to the read that got the last of what had arrived by then (arrivals.go)
//
// Connections and listeners count, wake-ups and timers do not. A re-notification is no second delivery: the first report
// that nobody acted on keeps the clock running. An arrival that is told late (the observer speaks after the loop was done)
// finds the report that came before it, if no other arrival has.
//
// What they mean in the other modes:
//
//   - Several threads on one instance: the gap is each thread's own. While one is away another may listen, so it says how long a
//     thread was away and not that nobody was there.
//   - Polling: nobody is told, so Delivered and Read are unknown, and Served is what there is. Nobody listens while the loop
//     sleeps; the gap is the sleep.
//   - Blocking: the call that blocks is delivery and read at once: again Served alone. The gap is from the end of one blocking
//     call to the beginning of the next, and while one of them lasts only its own descriptor is listened to, which the gap does
//     not say.
//   - Completion: the kernel reads by itself, so there is no report either: Served is from the arrival to the completion.
//     Mostly the kernel has read before anybody could see the data waiting, so samples are few. The gap is the time between
//     two waits for completions.
//   - From outside no arrivals are known, so neither Delivered nor Served; Read, Answered and Gap are.
//
// Every sample goes into the store of its loop (delays_store.go), from which any window is read, and into a histogram of its lane. All of it
// together is bounded by 20 MB, plus a few hundred bytes a lane that has samples. A ledger without pictures (Options.Ledger) keeps none
// of it.

// Measure is one of the delays.
type Measure uint8

// The measures.
const (
	MeasureDelivered Measure = iota
	MeasureRead
	MeasureAnswered
	MeasureGap
	MeasureServed
	MeasureFirst
	MeasureCount
)

var measureNames = [MeasureCount]string{"arrival to delivered", "delivered to read", "read to answered", "loop gap", "arrival to read", "arrival to first read"}

// String is the measure in words.
func (m Measure) String() string {
	if m < MeasureCount {
		return measureNames[m]
	}
	return "measure?"
}

// Mean is the average; ok is false when there is no sample.
func (d *Delays) Mean() (ns int64, ok bool) {
	if d.Count == 0 {
		return 0, false
	}
	return d.Sum / d.Count, true
}

// unknownDelay says why a measure cannot be known; "" it can.
func (s *Snapshot) unknownDelay(m Measure) string {
	if s.lean {
		return "only sums are kept of this run"
	}
	if !s.Info.Timed {
		return "the source has the order of events and not their times"
	}
	if m < MeasureCount && s.measured(m) {
		return ""
	}
	if !s.CallsSeen() {
		return "no calls are seen here"
	}
	k := s.Info.Kinds
	switch m {
	case MeasureDelivered, MeasureServed, MeasureFirst:
		if !k.Has(trace.Arrive) && !k.Has(trace.Queue) {
			for _, x := range s.Info.Missing {
				if strings.Contains(x.What, "arriv") {
					return "no arrivals are recorded: " + x.Why
				}
			}
			return "no arrivals are recorded: only the calls are seen, not when data came"
		}
	}
	if m == MeasureGap && !k.Has(trace.Wait) && !k.Has(trace.Sleep) {
		return "the waits of the loop are not seen here"
	}
	switch m {
	case MeasureDelivered, MeasureRead:
		if !s.Mode.Known || reports(s.Mode, s.Stats.Waits) {
			return ""
		}
		switch s.Mode.Driver {
		case trace.DriverSleepPoll:
			return "a loop that sleeps and polls gets no events; see " + MeasureServed.String()
		case trace.DriverURing:
			return "a completion is delivery and read at once; see " + MeasureServed.String()
		}
		return "a call that blocks is delivery and read at once; see " + MeasureServed.String()
	}
	return ""
}

// ---- the writer ----

// laneDelays is what a lane keeps. A snapshot shares it; the writer copies it before it changes what is shared.
type laneDelays struct {
	hist   [measureStores]*laneHist
	shared bool
}

// pairing is what a lane remembers to put moments together.
type pairing struct {
	told    int64 // first report since something was read last; 0 none
	paired  bool  // ... whose arrival is known
	before  int64 // the one that the newest read was about; 0 none
	settled bool  // ... whose arrival is known
	read    int64 // first read that is not answered; 0 none
}

// loopDelays are the stores of a loop, by measure; nil where nothing was measured.
type loopDelays [measureStores]*sampleStore

// delayView is what a snapshot has of them.
type delayView [measureStores]sampleView

func (x *loopDelays) view() *delayView {
	if x == nil {
		return nil
	}
	v := new(delayView)
	for m, st := range x {
		if st != nil {
			v[m] = st.view()
		}
	}
	return v
}

// maxDelayLoops is how many loops have stores of their own; the others share one.
const maxDelayLoops = 64

// delayStore belongs to the writer.
type delayStore struct {
	*base

	keep  delayKeeper
	rest  *loopDelays // of what no loop did, or none that has stores of its own
	loops int
}

// of are the stores of a loop, nil for none.
func (ds *delayStore) of(lp *loopB) *loopDelays {
	if lp != nil {
		if lp.delays == nil && ds.loops < maxDelayLoops {
			ds.loops++
			lp.delays = new(loopDelays)
		}
		if lp.delays != nil {
			return lp.delays
		}
	}
	if ds.rest == nil {
		ds.rest = new(loopDelays)
	}
	return ds.rest
}

// delay takes a sample: it ended at a moment, and the lane is nil for a loop's own.
func (ds *delayStore) delay(m Measure, lp *loopB, l *laneB, at, v int64) {
	if ds.lean {
		return
	}
	v = min(max(v, 0), maxDelay)
	x := ds.of(lp)
	st := x[m]
	if st == nil {
		ds.keep.stores++
		st = &sampleStore{keep: &ds.keep}
		x[m] = st
	}
	id := uint32(0)
	if l != nil {
		id = uint32(l.pub.ID)
		l.addDelay(m, v, ds.w.times)
	}
	st.add(sample{end: at, v: v, lane: id, n: uint32(ds.w.times)})
}

func (l *laneB) addDelay(m Measure, v, times int64) {
	x := l.delays
	switch {
	case x == nil:
		x = new(laneDelays)
		l.delays = x
	case x.shared:
		c := new(laneDelays)
		for i, h := range x.hist {
			if h != nil {
				k := *h
				k.n = append(make([]uint32, 0, len(h.n)+4), h.n...)
				c.hist[i] = &k
			}
		}
		x, l.delays = c, c
	}
	if x.hist[m] == nil {
		x.hist[m] = new(laneHist)
	}
	x.hist[m].add(v, times)
}

// timedLane says whether the delays of a lane count.
func (l *laneB) timedLane() bool { return l.pub.Kind == KindConn || l.pub.Kind == KindListener }

// toldOf is called with a report that says readable.
func (ds *delayStore) toldOf(l *laneB, at int64) {
	p := &l.pair
	if p.told != 0 || ds.lean || !l.timedLane() {
		return
	}
	p.told, p.paired = at, false
	if l.arrival != 0 && l.arrival <= at {
		p.paired = true
		ds.delay(MeasureDelivered, l.loop, l, at, at-l.arrival)
	}
}

// arrivedLate is called with an arrival: a report that came after it may have been heard of before.
func (ds *delayStore) arrivedLate(l *laneB, start int64) {
	p := &l.pair
	switch {
	case p.told != 0 && !p.paired && start <= p.told:
		p.paired = true
		ds.delay(MeasureDelivered, l.loop, l, p.told, p.told-start)
	case p.told == 0 && p.before != 0 && !p.settled && start <= p.before:
		p.settled = true
		ds.delay(MeasureDelivered, l.loop, l, p.before, p.before-start)
	}
}

// gotSome is called when a read or accept got something.
func (ds *delayStore) gotSome(l *laneB, at int64) {
	if ds.lean || !l.timedLane() {
		return
	}
	p := &l.pair
	if p.told != 0 {
		ds.delay(MeasureRead, l.loop, l, at, at-p.told)
		p.before, p.settled, p.told = p.told, p.paired, 0
	}
	if p.read == 0 && l.pub.Kind == KindConn && !l.oneWay() {
		p.read = at
	}
}

// oneWay says of an end of a pipe, and of a pair of sockets that nothing has been written to at this end, that what is read there asks for no
// answer: such a pair carries orders from a parent to its child.
func (l *laneB) oneWay() bool {
	return l.pub.Type == trace.TypePipe || l.watch.origin == trace.OriginPipe || l.watch.origin == trace.OriginPair && l.end.gives == 0
}

// gaveSome is called when a write took bytes.
func (ds *delayStore) gaveSome(l *laneB, at int64) {
	if p := &l.pair; p.read != 0 {
		ds.delay(MeasureAnswered, l.loop, l, at, at-p.read)
	}
}

// rested is called at the end of a rest of a loop, listens at the beginning of the next.
func (ds *delayStore) rested(s *stream, at int64) {
	if s.loop != nil {
		s.away = at
	}
}

func (ds *delayStore) listens(s *stream, at int64) {
	if s.away != 0 {
		ds.delay(MeasureGap, s.loop, nil, at, at-s.away)
		s.away = 0
	}
}

// asked is called with a round of a polling loop, which listens for as long as it asks.
func (ds *delayStore) asked(s *stream, e *trace.Event) {
	ds.listens(s, e.Start())
	ds.rested(s, e.Time)
}

// dozes is called with a sleep of a thread whose rounds nobody tells: it polls when calls found nothing since its last sleep.
func (ds *delayStore) dozes(s *stream, e *trace.Event, phase trace.Phase) {
	if ds.mode.Known {
		return // asked
	}
	if phase != trace.PhaseExit {
		s.dozing = s.watch.again > 0
	}
	if phase != trace.PhaseEnter && s.dozing {
		ds.delay(MeasureGap, s.loop, nil, e.Time, e.Dur)
	}
}

// blocks is called with the beginning or the end of a call that may block.
func (ds *delayStore) blocks(s *stream, e *trace.Event, phase trace.Phase) {
	if ds.mode.Driver != trace.DriverBlocking || e.Kind == trace.Write {
		return
	}
	if phase == trace.PhaseEnter {
		ds.listens(s, e.Time)
	} else {
		ds.rested(s, e.Time)
	}
}

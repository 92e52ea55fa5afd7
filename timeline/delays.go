package timeline

import (
	"strings"

	"evviz/trace"
)

// Delays: the five measures of the latency view
//
//	Delivered  from the arrival of data (a connection) to the first report of it
//	Read       from that report to the first read (accept) that got something; after a partial read, from the next report
//	Answered   from the first read that is not answered to the first write after it
//	Gap        how long nobody was listening: from the end of one rest of a loop to the beginning of its next
//	Served     from the arrival to the read that got it: Delivered and Read together, where both are known
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
// Every sample goes into a histogram of the whole run, into one of its lane, into a heat map of the whole run
// (delays_heat.go), and into a ring of the newest samples, from which the heat map of a short window and that of one lane
// are drawn. All of it together is bounded by 3 MB, plus a few hundred bytes a lane that has samples. A ledger without
// pictures (Options.Ledger) keeps none of it.

// Measure is one of the delays.
type Measure uint8

// The measures.
const (
	MeasureDelivered Measure = iota
	MeasureRead
	MeasureAnswered
	MeasureGap
	MeasureServed
	MeasureCount
)

var measureNames = [MeasureCount]string{"arrival to delivered", "delivered to read", "read to answered", "loop gap", "arrival to read"}

// String is the measure in words.
func (m Measure) String() string {
	if m < MeasureCount {
		return measureNames[m]
	}
	return "measure?"
}

// Delays is a distribution of one measure, in ns. Percentiles are exact to 2 % for a run and to 10 % for a lane; Max and
// Count are exact.
type Delays struct {
	Known                    bool   // false: the source, or the mechanism, cannot know it
	Why                      string // ... because
	Count                    int64
	Sum                      int64
	P50, P90, P99, P999, Max int64
	Bars                     []LatencyBar // from short to long; empty pieces are left out
}

// Mean is the average; ok is false when there is no sample.
func (d *Delays) Mean() (ns int64, ok bool) {
	if d.Count == 0 {
		return 0, false
	}
	return d.Sum / d.Count, true
}

// Delays is the distribution of a measure over the whole run.
func (s *Snapshot) Delays(m Measure) Delays {
	d := Delays{}
	if d.Why = s.unknownDelay(m); d.Why != "" {
		return d
	}
	if m < MeasureCount && s.delays != nil {
		s.delays.hist[m].read(&d)
	}
	d.Known = true
	return d
}

// Delays is the distribution of a measure over a lane's life. A loop's gap belongs to no lane.
func (l *Lane) Delays(m Measure) Delays {
	d := Delays{Known: m != MeasureGap}
	if !d.Known {
		d.Why = "the gap belongs to the loop, not to a descriptor"
		return d
	}
	if l.delays != nil && m < MeasureCount && l.delays.hist[m] != nil {
		l.delays.hist[m].read(&d)
	}
	return d
}

// unknownDelay says why a measure cannot be known; "" it can.
func (s *Snapshot) unknownDelay(m Measure) string {
	if s.lean {
		return "only sums are kept of this run"
	}
	if !s.Info.Timed {
		return "the source has the order of events and not their times"
	}
	if s.delays != nil && m < MeasureCount && s.delays.hist[m].count > 0 {
		return ""
	}
	k := s.Info.Kinds
	switch m {
	case MeasureDelivered, MeasureServed:
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

// ---- histograms ----

// Buckets are 2^subBits to an octave. Below 2^subBits each value has its own.
const (
	runBits  = 5 // middle of a bucket is at most 1.6 % off
	laneBits = 3 // ... 6 %
	maxDelay = int64(1)<<45 - 1
)

func bucketOf(v int64, sub uint) int {
	if v < 0 {
		v = 0
	}
	v = min(v, maxDelay)
	if v < 1<<sub {
		return int(v)
	}
	shift := uint(octave(v)) - sub
	return int(shift+1)<<sub + int(v>>shift) - 1<<sub
}

// bucketRange is what falls into a bucket: low <= v < high.
func bucketRange(b int, sub uint) (low, high int64) {
	if b < 1<<sub {
		return int64(b), int64(b) + 1
	}
	shift := uint(b>>sub) - 1
	low = int64(b&(1<<sub-1)+1<<sub) << shift
	return low, low + 1<<shift
}

// runHist is a histogram of the whole run.
type runHist struct {
	count, sum, max int64
	n               [(45 - runBits + 1) << runBits]int64
}

func (h *runHist) add(v, times int64) {
	h.count += times
	h.sum += v * times
	h.max = max(h.max, v)
	h.n[bucketOf(v, runBits)] += times
}

func (h *runHist) read(d *Delays) {
	d.Count, d.Sum, d.Max = h.count, h.sum, h.max
	fillDelays(d, h.n[:], 0, runBits)
}

// laneHist is a histogram that holds only the buckets between its shortest and its longest sample.
type laneHist struct {
	count, sum, max int64
	low             int
	n               []uint32
}

func (h *laneHist) add(v, times int64) {
	h.count += times
	h.sum += v * times
	h.max = max(h.max, v)
	b := bucketOf(v, laneBits)
	switch {
	case len(h.n) == 0:
		h.low, h.n = b, make([]uint32, 1, 8)
	case b < h.low:
		h.n = append(make([]uint32, h.low-b, len(h.n)+h.low-b+4), h.n...)
		h.low = b
	case b >= h.low+len(h.n):
		h.n = append(h.n, make([]uint32, b-h.low-len(h.n)+1)...)
	}
	i := b - h.low
	h.n[i] = uint32(min(int64(h.n[i])+times, 1<<32-1))
}

func (h *laneHist) read(d *Delays) {
	d.Count, d.Sum, d.Max = h.count, h.sum, h.max
	wide := make([]int64, len(h.n))
	for i, n := range h.n {
		wide[i] = int64(n)
	}
	fillDelays(d, wide, h.low, laneBits)
}

// fillDelays reads percentiles and bars from buckets. The middle of a bucket stands for what is in it.
func fillDelays(d *Delays, n []int64, first int, sub uint) {
	if d.Count == 0 {
		return
	}
	ranks := [...]struct {
		of  *int64
		per int64
	}{{&d.P50, 500}, {&d.P90, 900}, {&d.P99, 990}, {&d.P999, 999}}
	next, seen := 0, int64(0)
	for i, c := range n {
		if c == 0 {
			continue
		}
		low, high := bucketRange(first+i, sub)
		d.Bars = append(d.Bars, LatencyBar{low, high, c})
		seen += c
		for next < len(ranks) && seen*1000 >= ranks[next].per*d.Count {
			*ranks[next].of = min((low+high-1)/2, d.Max)
			next++
		}
	}
	for ; next < len(ranks); next++ {
		*ranks[next].of = d.Max
	}
}

// ---- the writer ----

// laneDelays is what a lane keeps. A snapshot shares it; the writer copies it before it changes what is shared.
type laneDelays struct {
	hist   [MeasureCount]*laneHist
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

// delayStore belongs to the writer.
type delayStore struct {
	*base

	hist   [MeasureCount]runHist
	heat   [MeasureCount]heatStore
	recent sampleStore
	dirty  bool
	shown  *delayView
}

// delayView is what a snapshot has of a delayStore.
type delayView struct {
	hist   [MeasureCount]runHist
	heat   [MeasureCount]heatView
	recent sampleView
}

func (ds *delayStore) now() *delayView {
	if ds.dirty || ds.shown == nil {
		ds.dirty = false
		v := &delayView{hist: ds.hist, recent: ds.recent.view()}
		for m := range ds.heat {
			v.heat[m] = ds.heat[m].view()
		}
		ds.shown = v
	}
	return ds.shown
}

// delay takes a sample: it ended at a moment, and the lane is nil for a loop's.
func (ds *delayStore) delay(m Measure, l *laneB, at, v int64) {
	if ds.lean {
		return
	}
	v = max(v, 0)
	ds.dirty = true
	ds.hist[m].add(v, ds.w.times)
	ds.heat[m].add(at, v, ds.w.times)
	id := uint32(0)
	if l != nil {
		id = uint32(l.pub.ID)
		l.addDelay(m, v, ds.w.times)
	}
	ds.recent.add(sample{at: at, v: float32(v), lane: id, m: m, n: uint32(ds.w.times)})
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
		ds.delay(MeasureDelivered, l, at, at-l.arrival)
	}
}

// arrivedLate is called with an arrival: a report that came after it may have been heard of before.
func (ds *delayStore) arrivedLate(l *laneB, start int64) {
	p := &l.pair
	switch {
	case p.told != 0 && !p.paired && start <= p.told:
		p.paired = true
		ds.delay(MeasureDelivered, l, p.told, p.told-start)
	case p.told == 0 && p.before != 0 && !p.settled && start <= p.before:
		p.settled = true
		ds.delay(MeasureDelivered, l, p.before, p.before-start)
	}
}

// gotSome is called when a read or accept got something.
func (ds *delayStore) gotSome(l *laneB, at int64) {
	if ds.lean || !l.timedLane() {
		return
	}
	p := &l.pair
	if p.told != 0 {
		ds.delay(MeasureRead, l, at, at-p.told)
		p.before, p.settled, p.told = p.told, p.paired, 0
	}
	if p.read == 0 && l.pub.Kind == KindConn {
		p.read = at
	}
}

// gaveSome is called when a write took bytes.
func (ds *delayStore) gaveSome(l *laneB, at int64) {
	if p := &l.pair; p.read != 0 {
		ds.delay(MeasureAnswered, l, at, at-p.read)
		p.read = 0
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
		ds.delay(MeasureGap, nil, at, at-s.away)
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
		ds.delay(MeasureGap, nil, e.Time, e.Dur)
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

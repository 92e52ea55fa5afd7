package timeline

import (
	"evviz/trace"
)

// Stats counts the whole run. What a source cannot know has a Known flag beside it.
type Stats struct {
	FlagCalls int64 // changes and questions of a descriptor's flags that were seen
	Events    int64
	Lost      int64 // events that are missing
	Gaps      int64 // places where they are missing

	Repeats       int64 // iterations that were counted and not written out
	RepeatsUnseen int64 // ... of which it is not known what happened in them: the one in full lies before the begin of what is read
	Late          int64 // events that came after younger ones

	Rounds      int64 // passes of a polling loop
	Asked       int64 // calls made in them
	AskedUseful int64 // ... that got something
	Sleeps      int64

	Waits         int64 // waits that returned, but for the interrupted ones
	Wakeups       int64 // ... with reports
	Timeouts      int64 // ... with none
	ZeroWaits     int64 // timeouts of waits that were not to wait at all
	WaitErrors    int64
	Interrupted   int64 // waits and sleeps that a signal ended
	UsefulWakeups int64 // wakeups that told something new

	Submits, Completes int64 // operations handed to a completion queue, and completions
	Enters             int64 // calls of io_uring_enter

	Reports          int64
	Renotify         int64 // reports that told what was known
	RenotifyKnown    bool  // false: the mechanism has no reports, so there is nothing to count
	RenotifyInferred bool  // counted from outside, not told by the source
	Class            [ClassCount]int64
	BitClass         [BitCount][ClassCount]int64 // each bit of each report by itself
	WakeClass        [ClassCount]int64           // wakeups by their headline; timeouts and interrupted waits are counted apart
	Ambiguous        int64                       // reports whose data bits belong to several registrations

	Reads, ReadAgain, ReadEOF, ReadErr      int64 // calls that got data, found nothing, found the end, failed
	Writes, WriteAgain, WriteErr            int64
	ShortWrites                             int64 // writes that took less than was asked (also counted in Writes)
	Accepts, AcceptAgain, AcceptErr         int64
	Exhausted                               int64 // accepts that failed for want of descriptors or memory
	BytesIn, BytesOut                       int64
	Registers, Modifies, Deregisters        int64
	InterestErrors                          int64
	Opens, Closes, Resets, Connections      int64
	Arrivals, Timers, Tasks, Signals, Steps int64
	LanesForgotten                          int64 // closed lanes that are no longer shown
	StrandedTimes                           int64 // how often data was stranded

	Pending  int // lanes with data waiting now
	Stranded int // lanes with stranded data now

	Latency   Latency // arrival to the read that got the last of it
	Served    Latency // the same without what waited to be accepted
	Answered  Latency // arrival to the first write after that read; see traffic.go
	RoundTrip Latency // as the clients saw it
	Traffic   Traffic
	Client    ClientStats // all clients together
	Calls     Calls
	Pauses    Pauses
	Drift     int64 // how much later than its first period foretells a timer was last due, the worst of all, ns
	Drifts    bool  // ... and whether one repeated at all
	Usage     Usage
	Time      Durations // time per state, all loops together
	Pace      int64     // how long a call takes here that has nothing to wait for, ns; 0 unknown
	Delay     int64     // the longest that such a call took, ns: for so long a thread may stand still for no reason of its own
	Delays    int64     // how many such calls took 2 ms and more
	Split     Split     // where the loops' time went
}

// Again is all calls that found nothing to do.
func (s *Stats) Again() int64 { return s.ReadAgain + s.WriteAgain + s.AcceptAgain }

// UsefulShare is the share of wakeups that told something new; ok is false when there were none.
func (s *Stats) UsefulShare() (share float64, ok bool) { return ratio(s.UsefulWakeups, s.Wakeups) }

// AskedShare is the share of a polling loop's calls that got something; ok is false when it made none.
func (s *Stats) AskedShare() (share float64, ok bool) { return ratio(s.AskedUseful, s.Asked) }

func ratio(a, b int64) (float64, bool) {
	if b == 0 {
		return 0, false
	}
	return float64(a) / float64(b), true
}

// Latency is a distribution, in ns. Percentiles are exact to 2 %, Max is exact. What has not ended counts for as long as it has lasted so far,
// and a figure that would be greater if that never ended is a lower bound (Delays).
type Latency struct {
	Count              int64
	Unfinished         int64 // of Count
	P50, P90, P99, Max int64
	Least              LowerBounds
}

// LatencyBar is a piece of the distribution: Count samples from Low to High, ns, of which some have not ended.
type LatencyBar struct{ Low, High, Count, Unfinished int64 }

// distribution is one of the whole run, also where no delays are kept one by one.
type distribution struct {
	done, lost *spread // what has ended, and what never will
	dirty      bool
	now        Latency
	bars       []LatencyBar
}

func (d *distribution) add(v int64) {
	if d.done == nil {
		d.done = newSpread()
	}
	d.done.add(max(v, 0), 1)
	d.dirty = true
}

// never adds what will not end any more.
func (d *distribution) never(v int64) {
	if d.lost == nil {
		d.lost = newSpread()
	}
	d.lost.add(max(v, 0), 1)
	d.dirty = true
}

// read is the distribution with what has not ended, nil for nothing; it is worked out again only when it has changed.
func (d *distribution) read(open *spread) (Latency, []LatencyBar) {
	if !d.dirty && open == nil {
		return d.now, d.bars
	}
	d.dirty = open != nil
	done := d.done
	if done == nil {
		done = newSpread()
	}
	if open == nil {
		open = newSpread()
	}
	if d.lost != nil {
		open.join(d.lost)
	}
	q := quantilesOf(done, open, [...]float64{0.5, 0.9, 0.99, 1})
	d.now = Latency{Count: done.count + open.count, Unfinished: open.count, P50: q.v[0], P90: q.v[1], P99: q.v[2], Max: q.max,
		Least: LowerBounds{P50: q.least[0], P90: q.least[1], P99: q.least[2], Max: q.maxLeast}}
	d.bars = barsOf(done, open)
	return d.now, d.bars
}

// latency records how long something waited until it was read.
func (ls *laneSet) latency(l *laneB, at, d int64) {
	d = max(d, 0)
	l.pub.Stats.LastLatency = d
	l.pub.Stats.Latencies++
	l.pub.Stats.LatencySum += d
	if l.pub.Kind == KindConn {
		ls.traffic.served.add(d)
	}
	if l.timedLane() {
		ls.delays.delay(MeasureServed, l.loop, l, at, d)
	}
	ls.lat.add(d)
}

// LatencyBars is the distribution of the whole run, from short to long; empty pieces are left out.
func (s *Snapshot) LatencyBars() []LatencyBar { return s.latBars }

// readinessMode says whether a mechanism reports readiness.
func readinessMode(driver uint32) bool {
	return driver == trace.DriverSelect || driver == trace.DriverPoll || driver == trace.DriverEpoll
}

// reports says whether a mechanism can report readiness at all, so that none is 0 and not unknown. Where no mode is told, a
// program that waits can be reported to.
func reports(m Mode, waits int64) bool {
	if !m.Known {
		return waits > 0
	}
	return readinessMode(m.Driver)
}

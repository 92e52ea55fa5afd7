package timeline

import (
	"evviz/trace"
)

// Gauges are the numbers of a window by which one sees how a loop is doing: how often it woke and for what, how busy it was, how long data
// waited to be read. They are read from the same running totals that rows are drawn from (marks.go, states.go, delays_store.go), so they cost the same
// for any window. Each window is judged as of its right edge: what was unread then counts for as long as it had been unread.
type Gauges struct {
	T0, T1 int64
	Span   int64 // ns of the window of which something is known: from Snapshot.Begin to Snapshot.Now

	Wakeups int64 // returns of waits and sleeps, but for those that a signal ended
	Judged  int64 // wakeups with events that were over, and of which it is known whether they told something new
	Useful  int64 // ... that did
	Again   int64 // calls that found nothing (EAGAIN)
	Asked   int64 // calls of a polling loop
	Hits    int64 // ... that got something

	Busy int64 // ns that the loops worked
	Seen int64 // ns of which it is known what they did

	Reads      int64 // arrivals that were read, and those that were not
	Unread     int64 // ... those alone
	P50, P99   int64 // from arrival to read, ns
	P50AtLeast bool  // ... is a lower bound, for the sake of what was unread
	P99AtLeast bool
	Oldest     int64 // the longest that anything had been unread at T1, ns; 0 nothing was

	OldestAtLeast bool // ... since an event told of it; when it arrived nobody saw
}

// ArrivalsUnknown says why the times from arrival to read cannot be known of this source, "" they can.
func (s *Snapshot) ArrivalsUnknown() string { return s.unknownDelay(MeasureServed) }

// WakeupsKnown says whether the waits or the sleeps of the loops are seen, and so how often they woke.
func (s *Snapshot) WakeupsKnown() bool {
	return s.Info.Kinds&(trace.Kinds(trace.Wait)|trace.Kinds(trace.Sleep)) != 0 && s.Stats.Waits+s.Stats.Sleeps+s.Stats.Interrupted > 0
}

// Gauges are those of one loop, or with nil of all loops and what no loop did, over [t0, t1), and over n windows of equal width that it is made of.
func (s *Snapshot) Gauges(of *LoopLane, t0, t1 int64, n int) (whole Gauges, parts []Gauges) {
	if t1 <= t0 {
		return Gauges{T0: t0, T1: t0}, nil
	}
	loops := s.Loops
	stores := []*markView{&s.rest}
	if of != nil {
		loops, stores = []*LoopLane{of}, nil
	}
	for _, l := range loops {
		stores = append(stores, &l.counts)
	}
	n = max(n, 1)
	parts = make([]Gauges, n)
	for i := range parts {
		g := &parts[i]
		g.T0, g.T1 = edge(t0, t1, i, n), edge(t0, t1, i+1, n)
		g.Span = max(min(g.T1, s.Now)-max(g.T0, s.Begin), 0)
	}
	for _, v := range stores {
		if len(v.blocks) == 0 {
			continue
		}
		c := markCursor{v: v}
		c.seek(t0)
		for i := range parts {
			if c.done() {
				break
			}
			var d tally
			c.next(parts[i].T1, &d)
			parts[i].count(&d)
		}
	}
	for _, l := range loops {
		before := l.states.upTo(t0)
		for i := range parts {
			d := l.states.upTo(parts[i].T1)
			for k := range d {
				if LoopState(k) != LoopUnknown {
					parts[i].Seen += d[k] - before[k]
				}
			}
			parts[i].Busy += d[LoopWorking] + d[LoopRenotified] - before[LoopWorking] - before[LoopRenotified]
			before = d
		}
	}
	whole = Gauges{T0: t0, T1: t1}
	done, open := newSpread(), newSpread()
	for i := range parts {
		s.readTimes(of, &parts[i], done, open)
		whole.join(&parts[i])
	}
	s.readTimes(of, &whole, done, open)
	return whole, parts
}

func (g *Gauges) count(d *tally) {
	n := func(k uint8) int64 { return int64(d.n[k]) }
	g.Wakeups += n(cntWait) + n(cntSleep)
	g.Useful += n(cntUseful)
	g.Judged += n(cntUseful) + n(cntUseless)
	g.Again += n(uint8(MarkReadAgain)) + n(uint8(MarkWriteAgain)) + n(uint8(MarkAcceptAgain))
	g.Asked += int64(d.sum[sumAsked])
	g.Hits += int64(d.sum[sumUseful])
}

// join adds what can be added.
func (g *Gauges) join(o *Gauges) {
	g.Span += o.Span
	g.Wakeups += o.Wakeups
	g.Judged += o.Judged
	g.Useful += o.Useful
	g.Again += o.Again
	g.Asked += o.Asked
	g.Hits += o.Hits
	g.Busy += o.Busy
	g.Seen += o.Seen
}

// readTimes fills in how long data waited.
func (s *Snapshot) readTimes(of *LoopLane, g *Gauges, done, open *spread) {
	done.reset()
	open.reset()
	oldest := int64(0)
	for _, v := range s.delaysOf(of) {
		v[MeasureServed].addWindow(g.T0, g.T1, done)
		v[measureNever].addWindow(g.T0, g.T1, open)
	}
	s.unfinished(of, nil, MeasureServed, g.T1, func(age int64, n uint32) {
		open.add(age, n)
		oldest = max(oldest, age)
	})
	s.unfinished(of, nil, measureUntimed, g.T1, func(age int64, _ uint32) {
		if age > oldest {
			oldest, g.OldestAtLeast = age, true
		}
	})
	q := quantilesOf(done, open, [...]float64{0.5, 0.99, 1, 1})
	g.Reads, g.Unread = done.count+open.count, open.count
	g.P50, g.P99, g.P50AtLeast, g.P99AtLeast = q.v[0], q.v[1], q.least[0], q.least[1]
	g.Oldest = oldest
}

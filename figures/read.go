package figures

import (
	"evviz/timeline"
	"evviz/trace"
)

// count reads a number that the timeline has counted.
func count(of func(*timeline.Stats) int64, if_ ...known) Run {
	return func(s *timeline.Snapshot) (float64, string) {
		for _, k := range if_ {
			if !k(s) {
				return 0, unknownHere
			}
		}
		return float64(of(&s.Stats)), ""
	}
}

// why is a Run that says in words of its own why it has no value.
func why(r Run, k known, words string) Run {
	return func(s *timeline.Snapshot) (float64, string) {
		if !k(s) {
			return 0, words
		}
		return r(s)
	}
}

// marks adds up what was counted on a descriptor.
func marks(ms ...timeline.Mark) Lane {
	return func(_ *timeline.Snapshot, l *timeline.Lane) (float64, string) {
		var v int64
		for _, m := range ms {
			v += l.Stats.Counts[m]
		}
		return float64(v), ""
	}
}

// lane reads a number of a descriptor.
func lane(of func(*timeline.Lane) int64) Lane {
	return func(_ *timeline.Snapshot, l *timeline.Lane) (float64, string) { return float64(of(l)), "" }
}

// where is a Lane that has a value under a condition.
func where(k known, r Lane) Lane {
	return func(s *timeline.Snapshot, l *timeline.Lane) (float64, string) {
		if !k(s) {
			return 0, unknownHere
		}
		return r(s, l)
	}
}

// sum adds up a figure of the connections. The wake-up descriptor is read too, and nobody means that.
func sum(of Lane) Run {
	return func(s *timeline.Snapshot) (float64, string) {
		if !kept(s) {
			return 0, forgotten
		}
		all := 0.0
		for _, l := range s.Lanes {
			if l.Kind == timeline.KindConn {
				v, _ := of(s, l)
				all += v
			}
		}
		return all, ""
	}
}

// percentile reads one value of a distribution.
func percentile(of func(*timeline.Stats) *timeline.Latency, what func(*timeline.Latency) int64) Run {
	return func(s *timeline.Snapshot) (float64, string) {
		l := of(&s.Stats)
		if l.Count == 0 {
			return 0, unknownHere
		}
		return float64(what(l)), ""
	}
}

// lower says of a percentile whether it is a lower bound.
func lower(of func(*timeline.Stats) *timeline.Latency, what func(*timeline.LowerBounds) bool) func(*timeline.Snapshot) bool {
	return func(s *timeline.Snapshot) bool { return what(&of(&s.Stats).Least) }
}

func leastP50(l *timeline.LowerBounds) bool { return l.P50 }
func leastP90(l *timeline.LowerBounds) bool { return l.P90 }
func leastP99(l *timeline.LowerBounds) bool { return l.P99 }
func leastMax(l *timeline.LowerBounds) bool { return l.Max }

func latency(s *timeline.Stats) *timeline.Latency  { return &s.Latency }
func trips(s *timeline.Stats) *timeline.Latency    { return &s.RoundTrip }
func served(s *timeline.Stats) *timeline.Latency   { return &s.Served }
func answered(s *timeline.Stats) *timeline.Latency { return &s.Answered }

func p50(l *timeline.Latency) int64  { return l.P50 }
func p90(l *timeline.Latency) int64  { return l.P90 }
func p99(l *timeline.Latency) int64  { return l.P99 }
func most(l *timeline.Latency) int64 { return l.Max }

// perSecond is a count of the time in which clients were at work, by its length.
func perSecond(of func(*timeline.Traffic) int64) Run {
	return func(s *timeline.Snapshot) (float64, string) {
		t := &s.Stats.Traffic
		d := t.To - t.From
		if d <= 0 || !waking(s) {
			return 0, unknownHere
		}
		return float64(of(t)) * 1e9 / float64(d), ""
	}
}

// perMessage is a count by the number of messages.
func perMessage(of func(*timeline.Stats) int64, k known) Run {
	return func(s *timeline.Snapshot) (float64, string) {
		n := s.Stats.Traffic.Messages
		if !k(s) || n == 0 {
			return 0, unknownHere
		}
		return float64(of(&s.Stats)) / float64(n), ""
	}
}

// unread is what is left of a descriptor.
func unread(_ *timeline.Snapshot, l *timeline.Lane) (float64, string) {
	if l.Unread < 0 {
		return 0, unknownHere
	}
	return float64(l.Unread), ""
}

// left is what is left unread of all connections. The end of file comes after everything else: behind it nothing is left.
func left(s *timeline.Snapshot) (float64, string) {
	if !kept(s) {
		return 0, forgotten
	}
	var n float64
	for _, l := range s.Lanes {
		if l.Kind != timeline.KindConn || l.Unread < 0 && l.CloseWhy == trace.CloseEOF {
			continue
		}
		v, unknown := unread(s, l)
		if unknown != "" {
			return 0, unknown
		}
		n += v
	}
	return n, ""
}

// connections is how many there were: as many as were seen to be made, or more where some were there before.
func connections(s *timeline.Snapshot) (float64, string) {
	n := int64(0)
	for _, l := range s.Lanes {
		if l.Kind == timeline.KindConn {
			n++
		}
	}
	return float64(max(n, s.Stats.Connections)), ""
}

// closed is how many connections were closed; those that are no longer kept have been.
func closed(s *timeline.Snapshot) (float64, string) {
	n := s.Stats.LanesForgotten
	for _, l := range s.Lanes {
		if l.Kind == timeline.KindConn && l.Closed != 0 {
			n++
		}
	}
	return float64(n), ""
}

// longestServed is, of one connection, the longest time from its client's send to the read that got it.
func longestServed(_ *timeline.Snapshot, l *timeline.Lane) (float64, string) {
	if l.Client.Served == 0 {
		return 0, "nobody of ours sent anything there that was read"
	}
	return float64(l.Client.Served), ""
}

func bytesPerWakeup(s *timeline.Snapshot) (float64, string) {
	n := s.Stats.Waits + s.Stats.Sleeps // of the whole run, as the bytes are
	if n == 0 || !waking(s) {
		return 0, unknownHere
	}
	return float64(s.Stats.BytesIn) / float64(n), ""
}

// resting is the share of the loops' time, between the clients' first step and their last, in which they slept or waited.
func resting(s *timeline.Snapshot) (float64, string) {
	if ran(s, trace.DriverGo) {
		return 0, unknownHere
	}
	w := s.Window(s.Stats.Traffic.From, s.Stats.Traffic.To)
	rest := w.Time[timeline.LoopWaiting] + w.Time[timeline.LoopAsleep]
	all := rest + w.Time[timeline.LoopWorking] + w.Time[timeline.LoopRenotified] + w.Time[timeline.LoopLocked] + w.Time[timeline.LoopRunnable]
	if all <= 0 {
		return 0, unknownHere
	}
	return float64(rest) / float64(all), ""
}

// fairness is Jain's index over the connections: (Σx)² / (n Σx²), 1 when all are alike, 1/n when one has everything. x is a
// connection's mean time from arrival to read, not its bytes: how many bytes a connection moves is the scenario's choice,
// how long it is kept waiting is the server's.
func fairness(s *timeline.Snapshot) (float64, string) {
	var n, sum, squares float64
	for _, l := range s.Lanes {
		if l.Kind == timeline.KindConn && l.Stats.Latencies > 0 {
			x := float64(l.Stats.LatencySum) / float64(l.Stats.Latencies)
			n, sum, squares = n+1, sum+x, squares+x*x
		}
	}
	if n < 2 || squares == 0 {
		return 0, unknownHere
	}
	return sum * sum / (n * squares), ""
}

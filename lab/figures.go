package lab

import (
	"math"
	"slices"

	"golang.org/x/sys/unix"

	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// figures answers what scenarios ask of a run, from a snapshot of its timeline: it joins scenarios' names with the timeline's counts, and
// neither of those packages knows the other.
type figures struct {
	s    *timeline.Snapshot
	scan map[scanKey]*scanned
}

func newFigures(s *timeline.Snapshot) *figures {
	return &figures{s: s, scan: map[scanKey]*scanned{}}
}

// value is a figure, or why it is not known.
func (f *figures) value(g *scenarios.Figure) (v float64, unknown string) {
	if f.s.Stats.Lost > 0 && g.Name != "lost" {
		return 0, "events were dropped; a larger --ring avoids it"
	}
	var l *timeline.Lane
	if g.Place != scenarios.WholeRun {
		if l, unknown = f.lane(g); unknown != "" {
			return 0, unknown
		}
	}
	switch {
	case g.Kind != 0:
		if !f.s.Info.Kinds.Has(g.Kind) {
			return 0, "this source has no such events"
		}
		return f.count(g, l)
	case g.Name == "sent", g.Name == "received":
		return f.moved(g, l)
	}
	if v, unknown, ok := f.scanned(g, l); ok {
		return v, unknown
	}
	if l != nil {
		return laneFigure(f.s, l, g.Name)
	}
	return runFigure(f.s, g.Name)
}

const unknownHere = "unknown here"

// notAnswered is for a name of the table that nobody here knows: a mistake of ours, which a test finds.
const notAnswered = "this program does not count it"

// lane finds the descriptor that a figure is about.
func (f *figures) lane(g *scenarios.Figure) (*timeline.Lane, string) {
	var found []*timeline.Lane
	switch g.Place {
	case scenarios.Client:
		peer := f.address(uint32(g.User))
		if peer == "" {
			return nil, "that client has not connected"
		}
		for _, l := range f.s.Lanes {
			if l.Peer == peer && l.Kind == timeline.KindConn {
				return l, ""
			}
		}
		return nil, "the server has not seen that client"
	case scenarios.Listener, scenarios.WakeFD:
		want := timeline.KindListener
		if g.Place == scenarios.WakeFD {
			want = timeline.KindWake
		}
		for _, l := range f.s.Lanes {
			if l.Kind == want {
				return l, ""
			}
		}
		return nil, "there is none"
	}
	for _, l := range f.s.Lanes {
		if l.Kind == timeline.KindConn {
			found = append(found, l)
		}
	}
	switch {
	case len(found) == 0:
		return nil, "there was no connection"
	case f.s.Stats.LanesForgotten > 0:
		return nil, "there were more connections than are kept"
	case g.Place == scenarios.Busiest:
		return slices.MaxFunc(found, func(a, b *timeline.Lane) int {
			return int(max(-1, min(1, a.Stats.BytesIn+a.Stats.BytesOut-b.Stats.BytesIn-b.Stats.BytesOut)))
		}), ""
	case len(found) > 1:
		return nil, "there was more than one connection; say client N or busiest"
	}
	return found[0], ""
}

// address is where a client's first connection came from.
func (f *figures) address(user uint32) (addr string) {
	f.s.Each(func(_ int64, e *trace.Event, _ int64) bool {
		if e.Kind == trace.Step && trace.StepOf(e).User() == user && trace.StepOf(e).What() == trace.StepConnect && e.Errno == 0 {
			addr = f.s.Name(e.Stream, e.Inst)
			return false
		}
		return true
	})
	return addr
}

// whole says whether every event of the run can still be looked at.
func (f *figures) whole() bool {
	first, _ := f.s.EventRange()
	return first == 0
}

// about reports whether an event is about a lane: its number, while the lane was open.
func about(e *trace.Event, l *timeline.Lane) bool {
	return l == nil || e.FD == l.FD && e.Time >= l.Opened && (l.Closed == 0 || e.Time <= l.Closed)
}

func (f *figures) count(g *scenarios.Figure, l *timeline.Lane) (float64, string) {
	if !f.whole() {
		return 0, "the trace is longer than what is kept"
	}
	n := int64(0)
	f.s.Each(func(_ int64, e *trace.Event, times int64) bool {
		if e.Kind == g.Kind && about(e, l) && g.Is(e) {
			n += times
		}
		return true
	})
	return float64(n), ""
}

// moved is what clients sent or received, from their own steps.
func (f *figures) moved(g *scenarios.Figure, l *timeline.Lane) (float64, string) {
	if !f.whole() {
		return 0, "the trace is longer than what is kept"
	}
	want := trace.StepKind(trace.StepSend)
	if g.Name == "received" {
		want = trace.StepReceive
	}
	var n int64
	f.s.Each(func(_ int64, e *trace.Event, _ int64) bool {
		if e.Kind == trace.Step && trace.StepOf(e).What() == want && e.Phase.Base() != trace.PhaseEnter && (l == nil || f.s.Name(e.Stream, e.Inst) == l.Peer) {
			n += max(e.B, 0)
		}
		return true
	})
	return float64(n), ""
}

func ms(ns int64) float64 { return math.Round(float64(ns)/1e3) / 1e3 }

// reported says whether the run had a mechanism that reports readiness: a polling loop and a completion queue have none,
// and then no number of reports is the truth, not even 0.
func reported(s *timeline.Snapshot) bool {
	if !s.Stats.RenotifyKnown {
		return false
	}
	for _, m := range s.Modes {
		switch m.Mode.Driver {
		case trace.DriverSelect, trace.DriverPoll, trace.DriverEpoll, trace.DriverGo:
			return true
		}
	}
	return len(s.Modes) == 0
}

// runFigure is a figure of the whole run that the timeline counts.
func runFigure(s *timeline.Snapshot, name string) (float64, string) {
	st := &s.Stats
	waited := st.Waits > 0
	known := func(n int64, ok bool) (float64, string) {
		if !ok {
			return 0, unknownHere
		}
		return float64(n), ""
	}
	took := func(ns int64, ok bool) (float64, string) {
		if !ok {
			return 0, unknownHere
		}
		return ms(ns), ""
	}
	polls := st.Rounds > 0
	ring := st.Enters+st.Submits+st.Completes > 0
	lat := st.Latency.Count > 0
	switch name {
	case "bytes_in", "bytes_out", "reads", "read_eagain", "read_eof":
		// The wake-up descriptor is read too, and nobody means that.
		if st.LanesForgotten > 0 {
			return 0, "there were more connections than are kept"
		}
		sum := 0.0
		for _, l := range s.Lanes {
			if l.Kind == timeline.KindConn {
				v, _ := laneFigure(s, l, name)
				sum += v
			}
		}
		return sum, ""
	case "accept_errors":
		return known(st.AcceptErr, true)
	case "accept_eagain":
		return known(st.AcceptAgain, true)
	case "accepts", "accepted":
		return known(st.Accepts, true)
	case "closed":
		n := 0
		for _, l := range s.Lanes {
			if l.Kind == timeline.KindConn && l.Closed != 0 {
				n++
			}
		}
		return float64(n) + float64(st.LanesForgotten), ""
	case "asked":
		return known(st.Asked, polls)
	case "asked_useful":
		return known(st.AskedUseful, polls)
	case "asleep_ms":
		return took(st.Time[timeline.LoopAsleep], len(s.Loops) > 0)
	case "locked_ms":
		return took(st.Time[timeline.LoopLocked], len(s.Loops) > 0)
	case "completions":
		return known(st.Completes, ring)
	case "submissions":
		return known(st.Submits, ring)
	case "enters":
		return known(st.Enters, ring)
	case "connections":
		return known(st.Connections, true)
	case "eagain":
		return known(st.Again(), true)
	case "emfile":
		return known(st.Exhausted, true)
	case "interest_changes":
		return known(st.Modifies, true)
	case "interest_errors":
		return known(st.InterestErrors, true)
	case "interrupted":
		return known(st.Interrupted, true)
	case "latency_max_ms":
		return took(st.Latency.Max, lat)
	case "latency_p50_ms":
		return took(st.Latency.P50, lat)
	case "latency_p90_ms":
		return took(st.Latency.P90, lat)
	case "latency_p99_ms":
		return took(st.Latency.P99, lat)
	case "left":
		var n int64
		for _, l := range s.Lanes {
			if l.Kind != timeline.KindConn {
				continue
			}
			if l.Unread < 0 && l.CloseWhy == trace.CloseEOF {
				continue // the end of file comes after everything else: nothing was left
			}
			if l.Unread < 0 {
				return 0, unknownHere
			}
			n += l.Unread
		}
		return known(n, st.LanesForgotten == 0)
	case "lost":
		return known(st.Lost, true)
	case "re_notifications":
		return known(st.Renotify, reported(s))
	case "reports":
		return known(st.Reports, reported(s))
	case "read_errors":
		return known(st.ReadErr, true)
	case "resets":
		return known(st.Resets, true)
	case "rounds":
		return known(st.Rounds, polls)
	case "short_writes":
		return known(st.ShortWrites, true)
	case "sleeps":
		return known(st.Sleeps, true)
	case "stale":
		return known(st.Class[timeline.ClassStale], reported(s))
	case "steps":
		return known(st.Steps, true)
	case "stranded":
		return known(st.StrandedTimes, true)
	case "timeouts":
		return known(st.Timeouts, waited)
	case "timers":
		return known(st.Timers, true)
	case "useful_wakeups":
		return known(st.UsefulWakeups, waited)
	case "waits":
		return known(st.Waits, waited)
	case "wakeups":
		return known(st.Wakeups, waited)
	case "write_eagain":
		return known(st.WriteAgain, true)
	case "write_errors":
		return known(st.WriteErr, true)
	case "writes":
		return known(st.Writes, true)
	case "zero_waits":
		return known(st.ZeroWaits, waited)
	}
	return 0, notAnswered
}

// laneFigure is a figure of one descriptor that the timeline counts.
func laneFigure(s *timeline.Snapshot, l *timeline.Lane, name string) (float64, string) {
	n := &l.Stats.Counts
	sum := func(ms ...timeline.Mark) (float64, string) {
		var v int64
		for _, m := range ms {
			v += n[m]
		}
		return float64(v), ""
	}
	reports := func(m timeline.Mark) (float64, string) {
		if !reported(s) {
			return 0, unknownHere
		}
		return float64(n[m]), ""
	}
	switch name {
	case "accept_errors":
		return sum(timeline.MarkAcceptErr)
	case "accept_eagain":
		return sum(timeline.MarkAcceptAgain)
	case "accepts":
		return sum(timeline.MarkAccept)
	case "bytes_in":
		return float64(l.Stats.BytesIn), ""
	case "bytes_out":
		return float64(l.Stats.BytesOut), ""
	case "completions":
		return sum(timeline.MarkComplete, timeline.MarkRecvDone, timeline.MarkSendDone)
	case "submissions":
		return sum(timeline.MarkSubmit)
	case "eagain":
		return sum(timeline.MarkReadAgain, timeline.MarkWriteAgain, timeline.MarkAcceptAgain)
	case "interest_changes":
		return sum(timeline.MarkModify, timeline.MarkRearmed)
	case "latency_max_ms":
		return 0, "no client of ours sent anything there"
	case "left":
		if l.Unread < 0 {
			return 0, unknownHere
		}
		return float64(l.Unread), ""
	case "re_notifications":
		return reports(timeline.MarkRenotify)
	case "reports":
		return reports(timeline.MarkReport)
	case "read_eagain":
		return sum(timeline.MarkReadAgain)
	case "read_eof":
		return sum(timeline.MarkReadEOF)
	case "reads":
		return sum(timeline.MarkRead, timeline.MarkRecvDone)
	case "write_eagain":
		return sum(timeline.MarkWriteAgain)
	case "writes":
		return sum(timeline.MarkWrite, timeline.MarkSendDone)
	}
	return 0, notAnswered
}

// scanKey names a pass over the events: of the whole run (0) or of one lane.
type scanKey int64

// scanned are the figures that only the events themselves tell.
type scanned struct {
	full, short, readErr, writeErr          int64
	longestAccept, longestRead, longestWait int64
	gap                                     int64
	served                                  int64 // a client's send to the next read that got something
	wasServed                               bool
	atOnce, batch, mostReads                int64
	threads                                 map[uint32]bool
	drift                                   int64
	drifted                                 bool
}

// scanned answers from a pass over the events; ok is false for figures that are not found that way.
func (f *figures) scanned(g *scenarios.Figure, l *timeline.Lane) (v float64, unknown string, ok bool) {
	switch g.Name {
	case "latency_max_ms":
		if l == nil {
			return 0, "", false
		}
	case "full_reads", "short_reads", "read_errors", "write_errors", "longest_accept_ms", "longest_read_ms", "longest_wait_ms", "longest_gap_ms",
		"most_at_once", "most_in_batch", "most_reads", "threads", "drift_ms":
	default:
		return 0, "", false
	}
	if !f.whole() {
		return 0, "the trace is longer than what is kept", true
	}
	key := scanKey(0)
	if l != nil {
		key = scanKey(l.ID)
	}
	r := f.scan[key]
	if r == nil {
		r = f.pass(l)
		f.scan[key] = r
	}
	reports := ""
	if !reported(f.s) {
		reports = unknownHere
	}
	switch g.Name {
	case "latency_max_ms":
		if !r.wasServed {
			return 0, "nobody of ours sent anything there that was read", true
		}
		return ms(r.served), "", true
	case "full_reads":
		return float64(r.full), "", true
	case "short_reads":
		return float64(r.short), "", true
	case "read_errors":
		return float64(r.readErr), "", true
	case "write_errors":
		return float64(r.writeErr), "", true
	case "longest_accept_ms":
		return ms(r.longestAccept), "", true
	case "longest_read_ms":
		return ms(r.longestRead), "", true
	case "longest_wait_ms":
		return ms(r.longestWait), "", true
	case "longest_gap_ms":
		return ms(r.gap), "", true
	case "most_at_once":
		return float64(r.atOnce), "", true
	case "most_in_batch":
		return float64(r.batch), reports, true
	case "most_reads":
		return float64(r.mostReads), "", true
	case "threads":
		return float64(len(r.threads)), reports, true
	}
	if !r.drifted {
		return 0, "no timer repeated", true
	}
	return ms(r.drift), "", true
}

func (f *figures) pass(l *timeline.Lane) *scanned {
	r := &scanned{threads: map[uint32]bool{}}
	type thread struct {
		waited, reads int64
		looping       bool
	}
	threads := map[uint32]*thread{}
	of := func(stream uint32) *thread {
		t := threads[stream]
		if t == nil {
			t = &thread{}
			threads[stream] = t
		}
		return t
	}
	type handled struct {
		stream uint32
		fd     int32
	}
	inside := map[handled]bool{}
	type series struct{ every, first, last, n, times int64 } // times: periods that the newest expiration stands for
	timers := map[uint32]*series{}
	var lastRead, pending int64 // of the lane
	f.s.Each(func(_ int64, e *trace.Event, times int64) bool {
		enter := e.Phase.Base() == trace.PhaseEnter
		switch e.Kind {
		case trace.Wait, trace.Sleep:
			t := of(e.Stream)
			if e.Kind == trace.Wait {
				if enter || e.Phase.Base() == trace.PhaseComplete {
					if start := e.Time - e.Dur; t.looping {
						r.gap = max(r.gap, start-t.waited)
					}
				}
				if !enter {
					t.waited, t.looping = e.Time, true
					r.longestWait = max(r.longestWait, e.Dur)
					if e.Errno == 0 {
						r.batch = max(r.batch, int64(e.Mask))
					}
				}
			}
			if !enter {
				t.reads = 0
			}
		case trace.Repeat:
			of(e.Stream).waited = e.Time
		case trace.TimerSet:
			if timers[e.Aux] == nil {
				every := e.B
				if every == 0 {
					every = e.A - e.Time // armed anew by hand each time: the first wait is the period that was meant
				}
				timers[e.Aux] = &series{every: every}
			}
		case trace.TimerFire:
			if t := timers[e.Aux]; t != nil {
				if t.first == 0 {
					t.first = e.A
				}
				t.n += t.times
				t.last, t.times = e.A, max(int64(e.Mask), 1)
			}
		}
		if e.Kind == trace.Step && trace.StepOf(e).What() == trace.StepSend && !enter && l != nil && e.B > 0 && f.s.Name(e.Stream, e.Inst) == l.Peer {
			if start := e.Time - e.Dur; lastRead >= start { // the read was quicker than the end of the send
				r.served, r.wasServed = max(r.served, lastRead-start), true
			} else if pending == 0 {
				pending = start
			}
		}
		if !about(e, l) {
			return true
		}
		if (e.Kind == trace.Read && !enter || e.Kind == trace.Complete && trace.CompleteOf(e).Op() == trace.OpRecv) && e.B > 0 && l != nil {
			if lastRead = e.Time; pending != 0 {
				r.served, r.wasServed, pending = max(r.served, lastRead-pending), true, 0
			}
		}
		switch e.Kind {
		case trace.Ready:
			r.threads[e.Stream] = true
		case trace.Accept:
			r.longestAccept = max(r.longestAccept, e.Dur)
		case trace.Write:
			if !enter && e.Errno != 0 && e.Errno != uint16(unix.EAGAIN) && e.Errno != uint16(unix.EINTR) {
				r.writeErr += times
			}
		case trace.Read:
			r.longestRead = max(r.longestRead, e.Dur)
			if enter {
				break
			}
			switch {
			case e.B > 0 && e.B == e.A:
				r.full += times
			case e.B > 0:
				r.short += times
			case e.Errno != 0 && e.Errno != uint16(unix.EAGAIN) && e.Errno != uint16(unix.EINTR):
				r.readErr += times
			}
			t := of(e.Stream)
			t.reads++
			r.mostReads = max(r.mostReads, t.reads)
		case trace.Call:
			if e.FD < 0 {
				break
			}
			k := handled{e.Stream, e.FD}
			if enter {
				inside[k] = true
				n := int64(0)
				for o := range inside {
					if o.fd == e.FD {
						n++
					}
				}
				r.atOnce = max(r.atOnce, n)
			} else {
				delete(inside, k)
			}
		}
		return true
	})
	for _, t := range timers {
		if t.n > 0 {
			r.drifted = true
			r.drift = max(r.drift, t.last-t.first-t.n*t.every)
		}
	}
	return r
}

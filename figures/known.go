package figures

import (
	"math"
	"slices"

	"evviz/timeline"
	"evviz/trace"
)

// Why a figure has no value.
const (
	unknownHere = "unknown here"
	forgotten   = "there were more connections than are kept"
)

// known is a condition under which a figure has a value.
type known func(s *timeline.Snapshot) bool

func waited(s *timeline.Snapshot) bool {
	st := &s.Stats
	return st.Waits > 0 || st.Interrupted > 0 && st.Sleeps == 0
}

func polled(s *timeline.Snapshot) bool { return s.Stats.Rounds > 0 }
func looped(s *timeline.Snapshot) bool { return len(s.Loops) > 0 }
func ring(s *timeline.Snapshot) bool   { return s.Stats.Enters+s.Stats.Submits+s.Stats.Completes > 0 }

// told says whether repeats are known, by what the source tells or by what was seen.
func told(s *timeline.Snapshot) bool { return s.Stats.RenotifyKnown }

func clients(s *timeline.Snapshot) bool { return s.Stats.Traffic.Known }
func drifts(s *timeline.Snapshot) bool  { return s.Stats.Drifts }

// lasting says whether it is known how long calls took.
func lasting(s *timeline.Snapshot) bool { return s.Info.Facts().Has(trace.KnowsDurations) }

// handled says whether it is known when handlers began and ended.
func handled(s *timeline.Snapshot) bool { return s.Info.Facts().Has(trace.KnowsHandlers) }

// switches says whether the source tells when a thread could run and did not.
func switches(s *timeline.Snapshot) bool { return s.Info.Kinds.Has(trace.RunDelay) }

// kept says whether no closed connection was forgotten, so that adding up the lanes is the whole.
func kept(s *timeline.Snapshot) bool { return s.Stats.LanesForgotten == 0 }

// reported says whether the run had a mechanism that reports readiness: a polling loop and a completion queue have none,
// and then no number of events is the truth, not even 0.
func reported(s *timeline.Snapshot) bool {
	if !s.Stats.RenotifyKnown {
		return false
	}
	return len(s.Modes) == 0 || ran(s, trace.DriverSelect, trace.DriverPoll, trace.DriverEpoll, trace.DriverGo)
}

// canRepeat says whether events could repeat: only level-triggered ones do. Of a program that is watched from outside that is not
// known, and what was found stands.
func canRepeat(s *timeline.Snapshot) bool {
	return len(s.Modes) == 0 || slices.ContainsFunc(s.Modes, func(m timeline.ModeChange) bool {
		d := m.Mode.Driver
		return d == trace.DriverSelect || d == trace.DriverPoll || d == trace.DriverEpoll && m.Mode.Trigger == trace.TriggerLevel
	})
}

// ran says whether a run was, at any time, in one of these modes.
func ran(s *timeline.Snapshot, drivers ...uint32) bool {
	return slices.ContainsFunc(s.Modes, func(m timeline.ModeChange) bool { return slices.Contains(drivers, m.Mode.Driver) })
}

// calling says whether the calls of the loops are seen: Go's runtime makes them on threads that nobody watches.
func calling(s *timeline.Snapshot) bool {
	return !ran(s, trace.DriverGo) && s.Stats.Traffic.Calls > 0
}

// waking says whether something could wake the loops: in blocking mode nothing waits for readiness.
func waking(s *timeline.Snapshot) bool {
	return !ran(s, trace.DriverGo, trace.DriverBlocking) && s.Stats.Waits+s.Stats.Sleeps > 0
}

func used(s *timeline.Snapshot) bool { return !ran(s, trace.DriverGo) && s.Stats.Usage.Threads > 0 }

// millis is a duration as stories have it, to the microsecond.
func millis(ns float64) float64 { return math.Round(ns/1e3) / 1e3 }

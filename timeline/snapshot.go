package timeline

import (
	"slices"

	"evviz/trace"
)

// Snapshot is an immutable picture of a timeline. Any goroutine may read it, also while events are added.
type Snapshot struct {
	Info  trace.Info
	First int64 // begin of the whole source, which times on the screen count from; Now while no event was seen
	Begin int64 // from here on this timeline knows anything at all: First, or later after a seek in a long recording
	Held  int64 // from here on everything is kept in full; before it, and after Begin, the picture is coarser
	Last  int64 // time of the newest event
	Now   int64 // up to here open spans extend; not before Last
	Short bool  // an excerpt that ends at Now because it may hold no more events, not because there are none

	Mode      Mode
	Modes     []ModeChange // the newest 2,048 at least
	Knobs     []KnobChange
	Bookmarks []Bookmark

	Loops   []*LoopLane  // in order of their first event
	Threads []ThreadLook // what looks have found threads doing, in order of their first event; nil: nobody looked
	Lanes   []*Lane      // listeners first, then everything by order of beginning
	Stats   Stats
	Stuck   []Stuck // threads that are in a call now, and in none that is their rest; since when, the first first
	Past    []Past  // incidents of lanes that are no longer kept

	events     eventView
	names      *nameTable
	nameCount  int
	rest       markView
	besides    [BesideCount]markView
	notes      noteView
	lanesBy    *laneIndex
	delays     []*delayView // of the loops, and of what no loop did; nil: none are kept
	open       []openDelay  // that have not ended
	delaysHeld int64
	lean       bool
	tally      tallies
	clients    clientView
	latBars    []LatencyBar
}

// Snapshot takes a picture. now is CLOCK_MONOTONIC as far as the view knows it: spans that have not ended are drawn up to
// there, or up to the newest event if that is younger. The cost is a copy of the lanes that changed since the last one.
func (t *Timeline) Snapshot(now int64) *Snapshot {
	now = max(now, t.last)
	first, begin, held := t.bounds()
	if !t.any { // times count from somewhere all the same: a replay that stands before its first event has a window to draw
		first, begin, held = now, now, now
	}
	s := &Snapshot{Info: t.info, First: first, Begin: begin, Held: held, Last: t.last, Now: now, Mode: t.mode,
		Modes: t.modes, Knobs: t.knobs, Bookmarks: t.bookmarks, Stats: t.stats,
		events: t.events.view(), names: t.names, nameCount: len(t.names.log), rest: t.lanes.rest.view(), besides: t.lanes.besides.view(), notes: t.notes.view(), lanesBy: new(laneIndex), lean: t.lean}
	stuck := t.stuck()
	for _, lp := range t.loops {
		t.lanes.hasTable(lp.s.who.Table.ID)
	}
	if t.lanes.allDirty {
		for _, l := range t.lanes.all {
			l.dirty = true
		}
		t.lanes.allDirty = false
		t.lanes.dirty = append(t.lanes.dirty[:0], t.lanes.all...)
	}
	for _, l := range t.lanes.pending {
		t.lanes.touch(l) // its bar grows
	}
	for _, l := range t.lanes.all {
		if l.pair.read != 0 || l.busy != nil && l.busy.heldSince != 0 {
			t.lanes.touch(l) // these, too
		}
	}
	arrivals := t.exact || t.info.Facts().Has(trace.KnowsArrivals)
	for _, l := range t.lanes.dirty {
		l.dirty = false
		if !l.dead {
			l.shown = l.publish(now, t.stats.BytesOut > 0, arrivals)
			if t.lanes.several {
				l.shown.Process = l.shown.Table
			}
		}
	}
	clear(t.lanes.dirty)
	t.lanes.dirty = t.lanes.dirty[:0]
	s.Lanes = make([]*Lane, 0, len(t.lanes.all))
	for _, l := range t.lanes.all {
		if l.shown.Kind == KindListener {
			s.Lanes = append(s.Lanes, l.shown)
		}
	}
	for _, l := range t.lanes.all {
		if l.shown.Kind != KindListener {
			s.Lanes = append(s.Lanes, l.shown)
		}
	}
	for _, l := range t.lanes.pending {
		if l.strandedAt != 0 {
			s.Stats.Stranded++
		}
	}
	s.Stats.Pending = len(t.lanes.pending)
	threads := t.threads()
	whose := t.runtimes()
	for k, lp := range t.loops {
		p := lp.publish(now)
		p.Runtime = whose[k]
		if i, ok := lp.s.watch.ticks.publish(&t.watch, lp.s); ok {
			p.Incidents = append(p.Incidents, i)
		}
		if t.lanes.several {
			p.Process = p.PID
		}
		p.Alone = threads[lp.s.who.Table] == 1
		s.Loops = append(s.Loops, p)
		s.Stats.Split.add(&p.Split)
		d := p.states.upTo(now)
		for i := range d {
			s.Stats.Time[i] += d[i]
		}
	}
	s.Threads = t.threadLooks()
	s.Stuck = t.publishStuck(stuck, s.Loops, now)
	t.publishDelays(s)
	s.Stats.Traffic, s.Stats.Usage = t.traffic.window(t.first, t.last), t.traffic.cost()
	s.Stats.Client, s.Stats.Calls, s.Stats.Pauses = t.lanes.clients.all, t.calls.pub, t.calls.pauses
	s.Stats.Drift, s.Stats.Drifts = t.calls.drift()
	s.clients = t.lanes.clients.view()
	s.tally = tallies{t.tally.pick, slices.Clone(t.tally.run)}
	s.Stats.Pace, s.Stats.Delay = t.pace, t.delay
	s.Past = t.watch.past.publish()
	s.Stats.LanesForgotten += t.who.Refused
	s.Stats.RenotifyKnown = t.stats.Reports > 0 || reports(t.mode, t.stats.Waits)
	s.Stats.RenotifyInferred = s.Stats.RenotifyKnown && !t.exact
	return s
}

// bounds are First, Begin and Held.
func (t *Timeline) bounds() (first, begin, held int64) {
	if !t.any {
		return 0, 0, 0
	}
	first = t.first
	if t.origin != 0 {
		first = t.origin
	}
	begin = max(first, t.begin)
	return first, begin, max(begin, t.lanes.held, t.keep.held)
}

// Lane is the lane with the given ID, nil if it is not kept.
func (s *Snapshot) Lane(id int64) *Lane {
	for _, l := range s.Lanes {
		if l.ID == id {
			return l
		}
	}
	return nil
}

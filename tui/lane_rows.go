package tui

import (
	"cmp"
	"slices"

	"evviz/picture"
	"evviz/timeline"
)

// rowKind is what a row of the timeline shows.
type rowKind uint8

const (
	rowLoop    rowKind = iota
	rowRate            // of the loop that is looked at
	rowLane            // a listener or a connection
	rowFolded          // what is closed or idle, in one row
	rowThreads         // threads that have no loop, in one row
	rowUnheld          // a number that only the index of the recording knows
)

// laneRow is a row of the timeline.
type laneRow struct {
	kind   rowKind
	loop   *timeline.LoopLane
	lane   *timeline.Lane
	number number
}

// id is how a selection calls the row; 0 for what cannot be selected.
func (r *laneRow) id() int64 {
	switch r.kind {
	case rowLoop:
		return loopRow(r.loop.Stream)
	case rowLane:
		return r.lane.ID
	}
	return 0
}

// laneRows are the rows of a frame, from the first to the last, whether or not there is room for them.
type laneRows struct {
	list  []laneRow
	fixed int // so many at the beginning do not scroll

	folded       []*timeline.Lane // what the row of the folded ones stands for
	closed, idle int              // how many of them are closed at the edge, and how many idle

	threads []*timeline.LoopLane // what the row of the threads without a loop stands for
}

// rowsOf puts the rows of a scene together, for so many lines: the loops, and below them the lanes. Where there are several processes each has its
// loops with its lanes below them.
func (x *lanes) rowsOf(sc *scene, room int) (r laneRows) {
	several := sc.half == nil && severalProcesses(sc.snap)
	loops := r.foldThreads(sc)
	if several {
		loops = slices.Clone(loops)
		slices.SortStableFunc(loops, func(a, b *timeline.LoopLane) int {
			return cmp.Compare(first(sc.snap, a.Process), first(sc.snap, b.Process))
		})
	}
	looked, rate := sc.loop(), room >= 9
	loop := func(l *timeline.LoopLane) {
		r.list = append(r.list, laneRow{kind: rowLoop, loop: l})
		if several && l == looked && rate {
			r.list = append(r.list, laneRow{kind: rowRate, loop: l})
		}
	}
	if !several {
		for _, l := range loops {
			loop(l)
		}
		if looked != nil && rate {
			r.list = append(r.list, laneRow{kind: rowRate, loop: looked})
		}
		r.fixed = len(r.list)
	}
	lanes := x.visible(sc, max(room-len(loops)-2, 1), &r)
	if several {
		for i, l := range loops {
			loop(l)
			if i+1 == len(loops) || loops[i+1].Process != l.Process {
				for _, lane := range lanes {
					if int(lane.Process) == l.Process {
						r.list = append(r.list, laneRow{kind: rowLane, lane: lane})
					}
				}
			}
		}
		lanes = slices.DeleteFunc(lanes, func(lane *timeline.Lane) bool {
			return slices.ContainsFunc(loops, func(l *timeline.LoopLane) bool { return int(lane.Process) == l.Process })
		})
	}
	for _, lane := range lanes {
		r.list = append(r.list, laneRow{kind: rowLane, lane: lane})
	}
	for _, n := range sc.coarse.strangers(sc.frame) {
		r.list = append(r.list, laneRow{kind: rowUnheld, number: n})
	}
	if r.closed+r.idle > 0 {
		r.list = append(r.list, laneRow{kind: rowFolded})
	}
	if len(r.threads) > 0 {
		r.list = append(r.list, laneRow{kind: rowThreads})
	}
	return r
}

// foldThreads takes the threads without a loop out of the rows, where there are several: a pool of threads that sleep on a futex from beginning to
// end has one row. It returns the others.
func (r *laneRows) foldThreads(sc *scene) []*timeline.LoopLane {
	all, rows := sc.snap.Loops, sc.rows()
	if sc.unfold || sc.half != nil {
		return all
	}
	var kept []*timeline.LoopLane
	for _, l := range all {
		if loopRow(l.Stream) != sc.row && l != sc.loop() && rows.Elsewhere(l) {
			r.threads = append(r.threads, l)
		} else {
			kept = append(kept, l)
		}
	}
	if len(r.threads) < 2 || len(kept) == 0 {
		r.threads = nil
		return all
	}
	return kept
}

// severalProcesses reports whether loops of several processes are shown.
func severalProcesses(s *timeline.Snapshot) bool {
	return slices.ContainsFunc(s.Loops, func(l *timeline.LoopLane) bool { return l.Process != s.Loops[0].Process })
}

// first is the place of the first loop of a process.
func first(s *timeline.Snapshot, process int) int {
	return slices.IndexFunc(s.Loops, func(l *timeline.LoopLane) bool { return l.Process == process })
}

// visible is which lanes have a row: the listener, every connection that is open or was in the window; when there is not
// room for all, those that are closed are folded into one row, the first closed first, and if that is not enough those on which nothing happens in
// the window. What a wait reported and of which
// the kind is not known has a row, too. The rest (wake-fds, epoll instances) only show unfolded. What is pinned or selected is never folded.
//
// Half of a split screen shows what the split has decided for both.
func (x *lanes) visible(sc *scene, room int, r *laneRows) (out []*timeline.Lane) {
	if sc.half != nil {
		r.idle = sc.half.folded
		return sc.half.lanes
	}
	t0, t1 := sc.seen()
	all := sc.snap.Lanes
	if sc.sorted != picture.ByAge {
		all = slices.Clone(all)
		sc.sort(sc.frame, all)
	}
	for _, l := range all {
		if !sc.present(sc.frame, l) || !sc.filter.Empty() && !sc.filter.Lane(sc.snap, l, t0, t1) {
			continue
		}
		out = append(out, l)
	}
	if len(sc.pins) > 0 {
		slices.SortStableFunc(out, func(a, b *timeline.Lane) int { return cmp.Compare(b2i(!sc.pinned(a)), b2i(!sc.pinned(b))) })
	}
	if sc.unfold || len(out) <= room {
		return out
	}
	must := len(out) - room + 1 // the folded ones have a row, too
	closed := r.fold(sc, out, must)
	if len(closed) >= must {
		return slices.DeleteFunc(out, func(l *timeline.Lane) bool { return closed[l.ID] })
	}
	kept := out[:0]
	for _, l := range out {
		switch {
		case closed[l.ID]:
		case l.Kind == timeline.KindListener, l.ID == sc.row, sc.pinned(l), x.cache.active(sc.frame, l):
			kept = append(kept, l)
		default:
			r.idle++
			r.folded = append(r.folded, l)
		}
	}
	return kept
}

// fold folds so many of the lanes that are closed at the edge, those first that were closed first, or as many as there are. It returns which.
func (r *laneRows) fold(sc *scene, lanes []*timeline.Lane, must int) map[int64]bool {
	var closed []*timeline.Lane
	for _, l := range lanes {
		if l.Closed != 0 && l.Closed <= sc.edge() && l.ID != sc.row && !sc.pinned(l) {
			closed = append(closed, l)
		}
	}
	slices.SortStableFunc(closed, func(a, b *timeline.Lane) int { return cmp.Compare(a.Closed, b.Closed) })
	closed = closed[:min(len(closed), must)]
	of := make(map[int64]bool, len(closed))
	for _, l := range closed {
		of[l.ID] = true
	}
	r.folded, r.closed = closed, len(closed)
	return of
}

// pinned reports whether a person has pinned a lane.
func (c *laneOptions) pinned(l *timeline.Lane) bool { return c.pins[nameOf(l)] }

// pin is p: the selected lane stays at the top and is never folded, or no longer.
func (x *lanes) pin() {
	l := x.scene.selected()
	if l == nil {
		x.status.say("p: select a lane first, with the arrows up and down")
		return
	}
	name := nameOf(l)
	pins := map[laneName]bool{} // the scene has the old one
	for n := range x.pins {
		pins[n] = true
	}
	if pins[name] {
		delete(pins, name)
		x.status.say("%s is no longer pinned", picture.LaneNumber(l))
	} else {
		pins[name] = true
		x.status.say("%s is pinned: it stays at the top", picture.LaneNumber(l))
	}
	x.pins, x.top = pins, 0
}

// present reports whether a lane was there in the window and is of a kind that is shown.
func (c *laneOptions) present(f *frame, l *timeline.Lane) bool {
	switch {
	case l.Opened >= f.t1 && l.Opened != 0:
		return false
	case l.Closed != 0 && l.Closed < f.t0:
		return false
	}
	return c.unfold || !c.filter.Empty() || l.Kind == timeline.KindListener || l.Kind == timeline.KindConn || l.Reported()
}

// activeIn reports whether anything happened on a lane, or data waited for it, in a window. EAGAIN does not count: asked in
// vain every round is what an idle connection of a polling loop looks like.
func activeIn(l *timeline.Lane, t0, t1 int64) bool {
	if t1 <= t0 || l.WaitedIn(t0, t1) {
		return true
	}
	if l.LastActivity < t0 {
		return false
	}
	c := l.Cells(t0, t1, 1)[0]
	if c.Cover > 0 || c.Lost {
		return true
	}
	for m, k := range c.Counts {
		switch timeline.Mark(m) {
		case timeline.MarkReadAgain, timeline.MarkAcceptAgain, timeline.MarkWriteAgain, timeline.MarkCall:
		default:
			if k > 0 {
				return true
			}
		}
	}
	return false
}

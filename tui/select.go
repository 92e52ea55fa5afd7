package tui

import (
	"evviz/timeline"
)

// selection is what is selected in the picture. What a lane or a finding is called by its timeline changes when that is made anew, as a
// seek does, so each is known by what it is, too.
type selection struct {
	row     int64      // a lane, by its identity; below 0 the loop of a thread (loopRow); 0 none
	who     laneName   // who the lane is
	stream  uint32     // the thread whose loop is looked at (loop_selected.go)
	chosen  bool       // a person has chosen that
	finding findingKey // zero none
	event   int64      // the one that was picked; it counts only while its moment is the cursor's
	pane    int        // which pane of the timeline has the arrows: paneLanes, paneFindings, paneEvents
}

// loopRow is how a selection calls the row of a thread's loop.
func loopRow(stream uint32) int64 { return -1 - int64(stream) }

// loopOfRow is the thread of a loop's row.
func loopOfRow(row int64) (stream uint32, ok bool) { return uint32(-1 - row), row < 0 }

// laneName is what a lane is recognised by in another timeline of the same source: identities are numbered anew there.
type laneName struct {
	table       uint32
	fd          int32
	kind        timeline.LaneKind
	peer, local string
}

func nameOf(l *timeline.Lane) laneName { return laneName{l.Table, l.FD, l.Kind, l.Peer, l.Local} }

// choose selects a row, and remembers who it is. The loop of a row is looked at from then on: a lane's is that of the thread which
// did something on it last, and stays that one when another thread does.
func (x *selection) choose(row int64, s *timeline.Snapshot) {
	x.row, x.who = row, laneName{}
	if stream, ok := loopOfRow(row); ok {
		x.stream, x.chosen = stream, true
	} else if l := s.Lane(row); l != nil {
		x.who = nameOf(l)
		if l.Thread != 0 {
			x.stream, x.chosen = l.Thread, true
		}
	}
}

// reselect finds the selected lane again after the timeline has been made anew.
func (x *selection) reselect(s *timeline.Snapshot) {
	if x.row <= 0 || x.who == (laneName{}) {
		return
	}
	if l := s.Lane(x.row); l != nil && nameOf(l) == x.who {
		return
	}
	for _, l := range s.Lanes {
		if nameOf(l) == x.who {
			x.row = l.ID
			return
		}
	}
}

// letGo gives up the selected finding when another lane has been selected: what is said and explained is about that lane.
func (x *selection) letGo(f *frame) {
	if y := f.findingOf(x.finding); y != nil && y.Lane != x.row {
		x.finding = findingKey{}
	}
}

// selected is the selected lane, nil when none is.
func (sc *scene) selected() *timeline.Lane {
	if sc.frame == nil || sc.row <= 0 {
		return nil
	}
	return sc.snap.Lane(sc.row)
}

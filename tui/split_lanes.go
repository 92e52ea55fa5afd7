package tui

import (
	"evviz/timeline"
)

// conns is the connections of a run, in the order in which they were opened: the traffic of both halves is the same, so the
// n-th here corresponds to the n-th there. That holds as long as no closed lane had to be forgotten.
func conns(s *timeline.Snapshot) (out []*timeline.Lane) {
	for _, l := range s.Lanes {
		if l.Kind == timeline.KindConn {
			out = append(out, l)
		}
	}
	return out
}

// choose decides which lanes have a row, for both halves together, so that corresponding connections stand in the same
// order and none is missing between them: a connection is shown, or folded away, in both or in neither. One that has not
// been accepted in a half yet has no row there.
func (s *split) choose() {
	room := 1 << 20
	var all [2][]*timeline.Lane
	for i, u := range s.halves {
		_, _, _, h := u.layout.lanes.GetRect()
		loops := len(u.scene.snap.Loops)
		if h >= 9 && loops > 0 {
			loops++ // the rate
		}
		room = min(room, h-loops)
		all[i] = conns(u.scene.snap)
	}
	shown, idle := make([]bool, max(len(all[0]), len(all[1]))), make([]bool, max(len(all[0]), len(all[1])))
	for k := range shown {
		idle[k] = true
		for i, u := range s.halves {
			if k >= len(all[i]) || !u.lanes.present(u.scene.frame, all[i][k]) {
				continue
			}
			t0, t1 := u.scene.seen()
			shown[k] = true
			idle[k] = idle[k] && !activeIn(all[i][k], t0, t1) && all[i][k].ID != u.selected.row
		}
	}
	pick := func(fold bool) (most int) {
		for i, u := range s.halves {
			u.half.lanes, u.half.folded = u.half.lanes[:0], 0
			for _, l := range u.scene.snap.Lanes {
				if l.Kind != timeline.KindConn && u.lanes.present(u.scene.frame, l) {
					u.half.lanes = append(u.half.lanes, l)
				}
			}
			for k, l := range all[i] {
				switch {
				case !shown[k] || l.Opened >= u.scene.t1 && l.Opened != 0:
				case fold && idle[k]:
					u.half.folded++
				default:
					u.half.lanes = append(u.half.lanes, l)
				}
			}
			most = max(most, len(u.half.lanes))
		}
		return most
	}
	if pick(false) > room && !s.active().lanes.unfold {
		pick(true)
	}
}

package tui

import (
	"slices"

	"evviz/timeline"
)

// loop is the loop that is looked at; nil when there is none.
func (sc *scene) loop() *timeline.LoopLane {
	if sc.frame == nil || len(sc.snap.Loops) == 0 {
		return nil
	}
	stream := sc.stream
	if of, ok := loopOfRow(sc.row); ok {
		stream = of
	}
	return sc.snap.Loops[max(loopIndex(sc.snap, stream), 0)]
}

// loopIndex is the place of a thread's loop among those of a snapshot, -1 when it is none of them.
func loopIndex(s *timeline.Snapshot, stream uint32) int {
	return slices.IndexFunc(s.Loops, func(l *timeline.LoopLane) bool { return l.Stream == stream })
}

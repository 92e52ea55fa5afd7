package tui

import (
	"cmp"
	"slices"

	"evviz/timeline"
)

// Several loops on one screen
//
// A source may have a loop in each of several threads, and those in several processes. One of them is looked at: view 2 shows its
// iterations, the steps go through them, and the row of rates below the loops is about it. It is the loop of the row that was selected
// last, in the timeline or with Tab in view 2; before anything is selected, the one that has done most so far among those that wait for descriptors.

// follow makes sure that the loop that is looked at is one that there is. A log may begin with threads of a pool, which lie on a futex: nobody chose
// one of those, so the first thread that waits for descriptors takes its place.
func (x *selection) follow(s *timeline.Snapshot) {
	if len(s.Loops) == 0 {
		return
	}
	if i := loopIndex(s, x.stream); i >= 0 && (x.chosen || s.Loops[i].Owns) {
		return
	} else if most := mainLoop(s.Loops); i < 0 || most.Owns {
		x.stream, x.chosen = most.Stream, false
	}
}

// mainLoop is the one that has done most so far; one that has waited for descriptors goes before one that has not.
func mainLoop(loops []*timeline.LoopLane) *timeline.LoopLane {
	return slices.MaxFunc(loops, func(a, b *timeline.LoopLane) int {
		return cmp.Or(cmp.Compare(b2i(a.Owns), b2i(b.Owns)), cmp.Compare(a.Events, b.Events))
	})
}

// loop is the loop that is looked at; nil when there is none.
func (sc *scene) loop() *timeline.LoopLane {
	if sc.frame == nil {
		return nil
	}
	if i := loopIndex(sc.snap, sc.stream); i >= 0 {
		return sc.snap.Loops[i]
	}
	return nil
}

// loopIndex is the place of a thread's loop among those of a snapshot, -1 when it is none of them.
func loopIndex(s *timeline.Snapshot, stream uint32) int {
	return slices.IndexFunc(s.Loops, func(l *timeline.LoopLane) bool { return l.Stream == stream })
}

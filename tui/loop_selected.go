package tui

import (
	"fmt"
	"slices"

	"evviz/timeline"
)

// Several loops on one screen
//
// A source may have a loop in each of several threads, and those in several processes. One of them is looked at: view 2 shows its
// iterations, the steps go through them, and the row of rates below the loops is about it. It is the loop of the row that was selected
// last, in the timeline or with Tab in view 2; before anything is selected, the one that has done most so far.

// follow makes sure that the loop that is looked at is one that there is.
func (x *selection) follow(s *timeline.Snapshot) {
	if len(s.Loops) == 0 || loopIndex(s, x.stream) >= 0 {
		return
	}
	busiest := s.Loops[0]
	for _, l := range s.Loops {
		if l.Events > busiest.Events {
			busiest = l
		}
	}
	x.stream = busiest.Stream
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

// loopLabelWidth is how much room a loop's row has for its name.
const loopLabelWidth = 8

// loopLabel is what a loop is called in a row: "loop" where there is one, else by the name of its thread, or by the number of that where
// another one has the name, too.
func loopLabel(s *timeline.Snapshot, l *timeline.LoopLane) string {
	if len(s.Loops) < 2 {
		return "loop"
	}
	name := cut(text(l.Name), loopLabelWidth)
	shared := name == "" || slices.ContainsFunc(s.Loops, func(o *timeline.LoopLane) bool { return o != l && cut(text(o.Name), loopLabelWidth) == name })
	switch {
	case l.TID != 0 && shared:
		return cut(fmt.Sprintf("t%d", l.TID), loopLabelWidth)
	case name != "":
		return name
	}
	return "loop"
}

// threadLabel is what the thread of an event is called in a row, "" when it has no loop.
func threadLabel(s *timeline.Snapshot, stream uint32) string {
	if i := loopIndex(s, stream); i >= 0 {
		return loopLabel(s, s.Loops[i])
	}
	return ""
}

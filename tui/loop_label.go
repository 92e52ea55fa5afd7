package tui

import (
	"fmt"
	"slices"

	"evviz/timeline"
)

// loopLabelWidth is how much room a loop's row has for its name.
const loopLabelWidth = 8

// loopLabels are what the loops are called in rows: "loop" where there is one, else by the names of their threads, or by the number of a
// thread where another one has its name, too. They are kept: a frame asks for them with every row.
type loopLabels struct {
	of      []loopName // what the labels were made of
	labels  []string   // in the order of the loops
	version int        // counts how often they were made anew
}

type loopName struct {
	stream uint32
	tid    int
	name   string
}

func nameOfLoop(l *timeline.LoopLane) loopName { return loopName{l.Stream, l.TID, l.Name} }

// update makes the labels of a snapshot's loops, unless they are those that there are.
func (x *loopLabels) update(loops []*timeline.LoopLane) {
	if slices.EqualFunc(x.of, loops, func(n loopName, l *timeline.LoopLane) bool { return n == nameOfLoop(l) }) {
		return
	}
	x.version++
	x.of, x.labels = x.of[:0], make([]string, len(loops))
	for i, l := range loops {
		x.of = append(x.of, nameOfLoop(l))
		x.labels[i] = cut(text(l.Name), loopLabelWidth)
	}
	names := slices.Clone(x.labels)
	for i, l := range loops {
		shared := slices.Index(names, names[i]) != i || slices.Contains(names[i+1:], names[i])
		switch {
		case len(loops) == 1 || names[i] == "" && l.TID == 0:
			x.labels[i] = "loop"
		case l.TID != 0 && (shared || names[i] == ""):
			x.labels[i] = cut(fmt.Sprintf("t%d", l.TID), loopLabelWidth)
		}
	}
}

// threadLabel is what the loop of a thread is called where there are several; "" where there is one, or the thread has none.
func (sc *scene) threadLabel(stream uint32) string {
	if len(sc.snap.Loops) < 2 {
		return ""
	}
	if i := loopIndex(sc.snap, stream); i >= 0 {
		return sc.loops.labels[i]
	}
	return ""
}

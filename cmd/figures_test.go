package cmd

import (
	"testing"

	"evviz/scenarios"
	"evviz/timeline"
	"evviz/trace"
)

// TestEveryFigureIsAnswered: each name that a story may use has somebody who counts it, of a run and of a descriptor.
func TestEveryFigureIsAnswered(t *testing.T) {
	tl := timeline.New(timeline.Options{Info: trace.Info{Kinds: trace.AllKinds()}})
	tl.Add([]trace.Event{
		{Time: 1, Seq: 1, Stream: 1, Kind: trace.Open, FD: 3, Aux: trace.TypeStream | trace.OriginAccept<<8},
		{Time: 2, Seq: 2, Stream: 1, Kind: trace.Open, FD: 4, Aux: trace.TypeListener},
	})
	f := newFigures(tl.Snapshot(3))
	for _, n := range scenarios.FigureNames {
		for _, prefix := range []string{"", "connection: ", "listener: "} {
			g, err := scenarios.ParseFigure(prefix + n.Name)
			if (err == nil) != (prefix == "" && n.Run || prefix != "" && n.Lane) {
				t.Errorf("%s%s: %v", prefix, n.Name, err)
			}
			if err != nil {
				continue
			}
			if _, unknown := f.value(&g); unknown == notAnswered {
				t.Errorf("%s%s: nobody counts it", prefix, n.Name)
			}
		}
	}
}

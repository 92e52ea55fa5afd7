package tui

import (
	"context"
	"strings"
	"testing"

	"evviz/timeline"
	"evviz/trace"
)

// TestWithoutTimes: a source that knows only the order shows no times and no durations, and says so.
func TestWithoutTimes(t *testing.T) {
	evs := []trace.Event{{Kind: trace.Start, A: 1, Aux: 1}, {Kind: trace.Thread, A: 1, B: 1, Gen: 1, Mask: trace.RoleLoop},
		{Kind: trace.Open, FD: 7, Gen: 1, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 1},
		{Kind: trace.Wait, FD: -1, Aux: trace.CallEpollWait, B: -1, Mask: 1, Dur: 1000},
		{Kind: trace.Read, FD: 7, Gen: 1, Aux: trace.CallRead, A: 10, B: 5, Dur: 1000}}
	for i := range evs {
		e := &evs[i]
		e.Stream, e.Seq, e.Time = 1, uint32(i+1), int64(i+1)*1e6
	}
	for _, timed := range []bool{true, false} {
		feed := timeline.NewFeed(&memory{evs: evs, info: trace.Info{Timed: timed, Kinds: trace.AllKinds()}}, timeline.Options{})
		if err := feed.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		text := draw(t, Options{Feed: feed}, 120, 30, 1<<24).Text()
		if strings.Contains(text, "order, no times") == timed || strings.Contains(text, "waited 1.0 µs") != timed || strings.Contains(text, "0.002") != timed {
			t.Errorf("times are known: %v\n%s", timed, text)
		}
	}
}

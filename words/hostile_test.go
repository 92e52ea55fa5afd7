package words

import (
	"strings"
	"testing"

	"evviz/internal/plain"
	"evviz/timeline"
	"evviz/trace"
)

// TestHostileNames: whatever the names and addresses of a recording are, no sentence, line or page can act on a terminal.
func TestHostileNames(t *testing.T) {
	const evil = "a\x1b[2J\u202eb"
	var evs []trace.Event
	seq, now := uint32(0), int64(1e9)
	put := func(e trace.Event) {
		seq++
		now += 1000
		e.Seq, e.Stream, e.Time = seq, 1, now
		evs = append(evs, e)
	}
	trace.NamePieces(1, evil, put)
	put(trace.Event{Kind: trace.Thread, A: 100, B: 101, Gen: 100, Mask: trace.RoleLoop, Aux: 1})
	put(trace.Event{Kind: trace.Open, FD: 8, Gen: 1, A: 1, B: 1, Inst: 1, Aux: trace.TypeStream})
	put(trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: trace.EpollInstance(3), Mask: 1, B: -1, A: -1, Dur: 10})
	put(trace.Event{Kind: trace.Ready, FD: 8, Gen: 1, Mask: 1, Inst: trace.EpollInstance(3)})
	for _, k := range []trace.Kind{trace.Sys, trace.Task, trace.Knob, trace.Bookmark, trace.Listen, trace.Connect, trace.Step, trace.Exec, trace.Start} {
		put(trace.Event{Kind: k, FD: 8, A: 1, B: 1, Inst: 1, Gen: 1, Aux: 1, Dur: 10})
	}
	tl := timeline.New(timeline.Options{Info: trace.Info{Kinds: trace.AllKinds(), Timed: true}})
	tl.Add(evs)
	s := tl.Snapshot(0)
	seen := 0
	check := func(what, text string) {
		if strings.Contains(text, "[2J") {
			seen++
		}
		if plain.Lines(text) != text {
			t.Errorf("%s: %q", what, text)
		}
	}
	first, end := s.EventRange()
	for i := first; i < end; i++ {
		e, _ := s.Event(i)
		what, note := EventLine(s, 0, &e)
		check("line", what)
		check("note", note)
		check("short", EventShort(s, &e))
		check("sentence", EventSentence(s, i, &e))
		check("page", ExplainEvent(s, i).String())
	}
	for _, l := range s.Lanes {
		check("lane", ExplainLane(s, l, s.First, s.Now).String())
		check("detail", Explain(l, s.First, s.Now, true))
		check("not open yet", Explain(l, 0, 1, true))
	}
	for _, l := range s.Loops {
		check("loop", ExplainLoop(s, l, s.Now).String())
		if u, ok := s.TurnAt(l.Stream, s.Now); ok {
			check("iteration", ExplainTurn(s, &u).String())
			check("why", WhyWoke(s, &u))
		}
	}
	if seen < 10 {
		t.Errorf("the names stand in %d texts only", seen)
	}
}

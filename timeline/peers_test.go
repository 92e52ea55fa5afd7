package timeline

import (
	"testing"

	"evviz/trace"
	"evviz/world"
)

// TestPeers: who is at the other end is known of the lane from either side, is found by the filter, and is stated again to who begins later.
func TestPeers(t *testing.T) {
	s := new(script).loop()
	name := func(stream, id uint32, text string) {
		trace.NamePieces(id, text, func(e trace.Event) { e.Stream = stream; s.ev(1, e) })
	}
	name(1, 4, "127.0.0.1:5")
	name(1, 5, "127.0.0.1:6")
	name(9, 1, "127.0.0.1:5")
	name(9, 2, "curl")
	name(9, 3, "127.0.0.1:6")
	name(9, 4, "steady")
	s.ev(2, trace.Event{Kind: trace.Peer, Stream: 9, Inst: 1, A: 4711, Aux: 2}) // found before the loop's events are read
	s.ev(3, trace.Event{Kind: trace.Open, FD: 7, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 4})
	s.ev(4, trace.Event{Kind: trace.Open, FD: 8, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 5})
	s.ev(5, trace.Event{Kind: trace.Step, Stream: 9, FD: 3, Aux: trace.StepConnect, Inst: 3, Gen: 4})
	check := func(sn *Snapshot) {
		t.Helper()
		l, m := lane(t, sn, 7), lane(t, sn, 8)
		eq(t, "program", l.Client.Program, "curl")
		eq(t, "pid", l.Client.PID, 4711)
		eq(t, "no part", l.Client.Part, "")
		eq(t, "part", m.Client.Part, "steady")
		eq(t, "no pid", m.Client.PID, 0)
		f, err := ParseFilter("curl")
		if err != nil || !f.Lane(sn, l, sn.First, sn.Now+1) || f.Lane(sn, m, sn.First, sn.Now+1) {
			t.Errorf("the filter curl finds %v, and the other %v (%v)", f.Lane(sn, l, sn.First, sn.Now+1), f.Lane(sn, m, sn.First, sn.Now+1), err)
		}
	}
	check(s.fold())

	tr := world.NewTracker()
	for i := range s.evs {
		tr.Add(&s.evs[i])
	}
	later := &script{evs: tr.Restate(10 * us)}
	if err := trace.Validate(later.evs); err != nil {
		t.Error(err)
	}
	check(later.fold())

	// Another connection from the same address is another client.
	s.close(20, 7)
	s.ev(21, trace.Event{Kind: trace.Step, Stream: 9, FD: 3, Aux: trace.StepConnect, Inst: 1, Gen: 4})
	s.ev(22, trace.Event{Kind: trace.Open, FD: 7, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 4})
	for _, l := range s.fold().Lanes {
		if l.FD == 7 && l.Closed == 0 && (l.Client.PID != 0 || l.Client.Part != "steady") {
			t.Errorf("the second connection is called %q, pid %d", l.Client.Part, l.Client.PID)
		}
	}
}

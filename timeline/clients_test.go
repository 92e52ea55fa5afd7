package timeline

import (
	"testing"

	"evviz/trace"
)

// TestClientOfLane: bytes and the wait of a message are those of the connection with the client's address: also when the client was at work
// before the server had accepted, and after the server has closed; a new connection from the same address is another's.
func TestClientOfLane(t *testing.T) {
	s := new(script).epoll()
	s.client()
	s.name(1, 1, "c:1")
	of := func(at int64, fd int32) {
		s.ev(at, trace.Event{Kind: trace.Open, FD: fd, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: 1})
	}
	s.step(10, 20, 1, trace.StepConnect, 0, 0)
	s.step(30, 40, 1, trace.StepSend, 10, 10) // nobody has accepted yet
	of(100, 7)
	s.read(130, 7, 100, 10, -1)
	s.read(205, 7, 100, 5, -1)
	s.step(200, 210, 1, trace.StepSend, 5, 5) // was read before the send ended
	s.ev(220, trace.Event{Kind: trace.Close, FD: 7, Aux: trace.CloseEOF})
	s.step(211, 300, 1, trace.StepReceive, 20, 4) // what it had got, when it found that the server had gone
	s.step(400, 410, 1, trace.StepConnect, 0, 0)
	s.step(411, 420, 1, trace.StepSend, 3, 3)
	of(430, 7)
	sn := s.fold()
	var conns []*Lane
	for _, l := range sn.Lanes {
		if l.Kind == KindConn {
			conns = append(conns, l)
		}
	}
	eq(t, "first", conns[0].Client, ClientStats{Known: true, Sent: 15, Received: 4, Served: 100 * us})
	eq(t, "second", conns[1].Client, ClientStats{Known: true, Sent: 3})
	eq(t, "all", sn.Stats.Client, ClientStats{Sent: 18, Received: 4})
	eq(t, "address", sn.ClientAddress(0), "c:1")
	eq(t, "address of nobody", sn.ClientAddress(5), "")
}

// kindOf is a Matcher of the tests.
type kindOf trace.Kind

// Is implements Matcher.
func (k kindOf) Is(e *trace.Event) bool {
	return e.Kind == trace.Kind(k) && e.Phase.Base() != trace.PhaseEnter
}

// TestCounted: what is picked is counted however few events are kept, with the ones that a Repeat stands for, of the run and of each lane.
func TestCounted(t *testing.T) {
	s := new(script).epoll()
	s.conn(1, 7, in)
	s.conn(2, 8, in)
	for i := range int64(3 * blockEvents) {
		s.read(10+2*i, 7, 100, 10, -1)
		s.read(11+2*i, 8, 100, 10, -1)
	}
	s.ev(1_000_000, trace.Event{Kind: trace.Close, FD: 8, Aux: trace.CloseEOF})
	tl := New(Options{Info: trace.Info{Kinds: trace.AllKinds()}, MaxEvents: 1, Count: []Matcher{kindOf(trace.Read), kindOf(trace.Close), kindOf(trace.Accept)}})
	tl.Add(s.evs)
	sn := tl.Snapshot(0)
	if first, _ := sn.EventRange(); first == 0 {
		t.Fatal("all events are kept")
	}
	var seven, eight *Lane
	for _, l := range sn.Lanes {
		switch l.FD {
		case 7:
			seven = l
		case 8:
			eight = l
		}
	}
	for _, c := range []struct {
		of   Matcher
		lane *Lane
		n    int64
		ok   bool
	}{
		{kindOf(trace.Read), nil, 6 * blockEvents, true}, {kindOf(trace.Read), seven, 3 * blockEvents, true},
		{kindOf(trace.Close), nil, 1, true}, {kindOf(trace.Close), eight, 1, true}, {kindOf(trace.Close), seven, 0, true},
		{kindOf(trace.Accept), nil, 0, true}, {kindOf(trace.Write), nil, 0, false},
	} {
		if n, ok := sn.Counted(c.of, c.lane); n != c.n || ok != c.ok {
			t.Errorf("%v: %d %v, want %d %v", c.of, n, ok, c.n, c.ok)
		}
	}
}

package timeline

import (
	"testing"

	"evviz/trace"
)

// step is a client's step on stream 3, from begin to end; who is the name of its address.
func (s *script) step(begin, end int64, who uint32, what uint32, wanted, done int64) {
	s.ev(end, trace.Event{Kind: trace.Step, Stream: 3, FD: 5, Aux: what, Inst: who, A: wanted, B: done, Dur: (end - begin) * us})
}

// name gives a text an id.
func (s *script) name(stream, id uint32, text string) {
	trace.NamePieces(id, text, func(e trace.Event) {
		e.Stream = stream
		s.ev(1, e)
	})
}

// client names two addresses and the clients' thread.
func (s *script) client() {
	s.ev(1, trace.Event{Kind: trace.Thread, Stream: 3, A: 200, B: 200, Mask: trace.RoleClient})
	for id, name := range map[uint32]string{1: "c:1", 2: "c:2"} {
		s.name(3, id, name)
	}
}

func TestTrafficWindow(t *testing.T) {
	s := new(script).epoll()
	s.client()
	s.conn(5, 7, in)
	s.enter(10)
	s.exit(20, 0) // before anybody came: not in the window
	s.step(30, 40, 1, trace.StepConnect, 0, 0)
	s.enter(41)
	s.exit(50, 1)
	s.ready(50, 7, in, -1)
	s.read(51, 7, 100, 10, -1)
	s.write(52, 7, 10, 10)
	s.enter(53)
	s.exit(60, 0)
	s.step(45, 70, 1, trace.StepSend, 10, 10)
	s.step(71, 80, 1, trace.StepReceive, 10, 10)
	s.readErr(90, 7, eAGAIN) // after the last step
	got := s.fold().Stats.Traffic
	eq(t, "window", got, Traffic{Known: true, From: 30 * us, To: 80 * us, Messages: 1, Replies: 1, Calls: 4, Wasted: 1, Wakeups: 2, IdleWakeups: 1})
}

// Without clients' steps the whole run is the window, and nothing is known of messages.
func TestTrafficWithoutSteps(t *testing.T) {
	s := new(script).epoll()
	s.conn(5, 7, in)
	s.enter(10)
	s.exit(20, 1)
	s.ready(20, 7, in, -1)
	s.readErr(21, 7, eAGAIN)
	got := s.fold().Stats.Traffic
	eq(t, "window", got, Traffic{From: 1 * us, To: 21 * us, Calls: 4, Wasted: 1, Wakeups: 1, IdleWakeups: 1})
}

func TestRoundTrip(t *testing.T) {
	s := new(script).loop()
	s.client()
	s.step(100, 110, 1, trace.StepSend, 10, 10)
	s.step(110, 120, 2, trace.StepSend, 10, 10)
	s.step(120, 150, 1, trace.StepReceive, 10, 10) // 50 us
	s.step(120, 140, 2, trace.StepReceive, 10, 4)  // not all: no answer
	s.step(150, 160, 1, trace.StepReceive, 10, 10) // nothing was asked
	s.step(200, 210, 1, trace.StepSend, 10, 10)
	s.step(210, 220, 1, trace.StepSend, 10, 10) // one message in two: the first counts
	s.step(220, 300, 1, trace.StepReceive, 20, 20)
	st := s.fold().Stats
	eq(t, "messages", st.Traffic.Messages, 4)
	eq(t, "replies", st.Traffic.Replies, 2)
	eq(t, "round trips", st.RoundTrip.Count-st.RoundTrip.Unfinished, 2)
	eq(t, "longest", st.RoundTrip.Max, (300-110)*us) // of the one that has no answer yet
	eq(t, "and it is a lower bound", st.RoundTrip.Least.Max, true)
}

func TestAnswered(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*script)
		n    int64
		max  int64
	}{
		{"read and write", func(s *script) { s.arrive(10, 7, 0, 5); s.read(20, 7, 100, 5, -1); s.write(30, 7, 5, 5) }, 1, 20 * us},
		{"only the first write", func(s *script) {
			s.arrive(10, 7, 0, 5)
			s.read(20, 7, 100, 5, -1)
			s.write(30, 7, 5, 2)
			s.write(90, 7, 3, 3)
		}, 1, 20 * us},
		{"two reads for one answer", func(s *script) {
			s.arrive(10, 7, 0, 5)
			s.read(20, 7, 100, 5, -1)
			s.arrive(30, 7, 0, 5)
			s.read(40, 7, 100, 5, -1)
			s.write(50, 7, 10, 10)
		}, 1, 40 * us},
		{"the arrival is told after the answer", func(s *script) {
			s.read(20, 7, 100, 5, -1)
			s.write(30, 7, 5, 5)
			s.ev(40, trace.Event{Kind: trace.Arrive, Stream: 2, FD: 7, Mask: in, B: 1, Aux: trace.ArriveObserver, Dur: 30 * us})
		}, 1, 20 * us},
		{"the arrival is told between read and answer", func(s *script) {
			s.read(20, 7, 100, 5, -1)
			s.ev(25, trace.Event{Kind: trace.Arrive, Stream: 2, FD: 7, Mask: in, B: 1, Aux: trace.ArriveObserver, Dur: 15 * us})
			s.write(30, 7, 5, 5)
		}, 1, 20 * us},
		{"no arrival", func(s *script) { s.read(20, 7, 100, 5, -1); s.write(30, 7, 5, 5) }, 0, 0},
		{"a write that failed", func(s *script) {
			s.arrive(10, 7, 0, 5)
			s.read(20, 7, 100, 5, -1)
			s.ev(30, trace.Event{Kind: trace.Write, FD: 7, A: 5, B: -1, Errno: eAGAIN})
		}, 0, 0},
		{"events are missing in between", func(s *script) {
			s.arrive(10, 7, 0, 5)
			s.read(20, 7, 100, 5, -1)
			s.ev(25, trace.Event{Kind: trace.Lost, A: 3})
			s.write(30, 7, 5, 5)
		}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := new(script).epoll()
			s.conn(5, 7, in)
			c.do(s)
			st := s.fold().Stats
			eq(t, "answers", st.Answered.Count, c.n)
			eq(t, "longest", st.Answered.Max, c.max)
		})
	}
}

// What a thread used before its first call is not the loop's.
func TestUsage(t *testing.T) {
	s := new(script).epoll()
	use := func(at int64, stream uint32, user, system int64, vol, invol uint32) {
		s.ev(at, trace.Event{Kind: trace.Usage, Stream: stream, A: user, B: system, Inst: vol, Mask: invol})
	}
	eq(t, "nothing told", s.fold().Stats.Usage, Usage{})
	s.ev(3, trace.Event{Kind: trace.Thread, Stream: 4, A: 100, B: 104, Mask: trace.RoleLoop})
	use(4, 4, 1000, 500, 3, 1)
	eq(t, "a beginning", s.fold().Stats.Usage, Usage{})
	s.ev(20, trace.Event{Kind: trace.Sleep, Stream: 4, A: 5, Dur: 5})
	s.ev(20, trace.Event{Kind: trace.Sleep, A: 5, Dur: 5})
	use(30, 4, 1700, 800, 10, 2)
	use(30, 1, 11, 22, 33, 44) // told no beginning
	eq(t, "two threads", s.fold().Stats.Usage, Usage{Threads: 2, User: 711, System: 322, Voluntary: 40, Involuntary: 45})
}

func TestLatencyOfALane(t *testing.T) {
	s := new(script).epoll()
	s.conn(5, 7, in)
	s.arrive(10, 7, 0, 5)
	s.read(20, 7, 100, 5, -1)
	s.arrive(30, 7, 0, 5)
	s.read(70, 7, 100, 5, -1)
	st := lane(t, s.fold(), 7).Stats
	eq(t, "latencies", st.Latencies, 2)
	eq(t, "together", st.LatencySum, 50*us)
}

package timeline

import (
	"testing"

	"evviz/trace"
)

const ring = 1<<30 | 3 // io_uring with descriptor 3

// uring begins a script of a loop that runs by completions.
func (s *script) uring() *script {
	s.loop()
	s.ev(2, trace.Event{Kind: trace.Open, FD: 3, Gen: 1, Aux: trace.OpenAux(trace.TypeURing, trace.OriginURing)})
	s.open(3, 7, trace.TypeStream)
	return s
}

func (s *script) submit(at int64, op uint32, n int64) {
	s.ev(at, trace.Event{Kind: trace.Submit, FD: 7, Inst: ring, Aux: op, B: n})
}

func (s *script) complete(at int64, op uint32, n int64, flags uint32, errno uint16) {
	s.ev(at, trace.Event{Kind: trace.Complete, FD: 7, Inst: ring, Aux: op, B: n, Mask: flags, Errno: errno})
}

func (s *script) uenter(at int64) {
	s.ev(at, trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: ring, A: -1, B: -1, Aux: trace.WaitAux(trace.CallURingEnter, 64)})
}

func (s *script) uexit(at int64, n uint32, errno uint16) {
	s.ev(at, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ring, A: -1, B: -1, Aux: trace.WaitAux(trace.CallURingEnter, 64), Mask: n, Errno: errno})
}

func laneOf(t *testing.T, s *Snapshot, fd int32) *Lane {
	t.Helper()
	for _, l := range s.Lanes {
		if l.FD == fd {
			return l
		}
	}
	t.Fatalf("no lane of fd %d", fd)
	return nil
}

// TestCompletionBar: data waits from its arrival to the completion that has taken all of it; bytes and latency are counted
// by completions, and no call is made up.
func TestCompletionBar(t *testing.T) {
	s := new(script).uring()
	s.submit(10, trace.OpRecv, 100)
	s.uenter(10)
	s.arrive(20, 7, 0, 150)
	s.uexit(30, 1, 0)
	s.complete(30, trace.OpRecv, 100, 0, 0)
	s.submit(31, trace.OpSend, 100)
	s.submit(31, trace.OpRecv, 100)
	s.uenter(31)
	s.uexit(32, 2, 0)
	s.complete(32, trace.OpSend, 100, 0, 0)
	s.complete(32, trace.OpRecv, 50, 0, 0)
	s.submit(33, trace.OpRecv, 100)
	s.uenter(33)
	snap := s.fold()
	l := laneOf(t, snap, 7)
	st := &snap.Stats
	if l.Pending || l.Stranded || l.Stats.Waited != 12*us || st.Latency.Count != 1 || l.Stats.BytesIn != 150 || l.Stats.BytesOut != 100 {
		t.Errorf("pending %v, stranded %v, waited %d, %d latencies, %d in, %d out", l.Pending, l.Stranded, l.Stats.Waited, st.Latency.Count, l.Stats.BytesIn, l.Stats.BytesOut)
	}
	if st.Submits != 4 || st.Completes != 3 || st.Enters != 2 || st.Reads != 0 || st.Writes != 0 || st.Connections != 1 || st.UsefulWakeups != 2 || st.Wakeups != 2 {
		t.Errorf("%+v", st)
	}
	w := snap.Window(0, 1<<40)
	if w.Submits != 4 || w.Completes != 3 || w.Enters != 2 || w.Received != 2 || w.Sent != 1 || w.BytesIn != 150 || w.BytesOut != 100 {
		t.Errorf("%+v", w)
	}
	if lp := snap.Loops[0]; lp.State != LoopWaiting {
		t.Errorf("the loop is %v", lp.State)
	}
}

// TestCompletionStranded: data is stranded when the thread goes to wait and nothing is in flight that would take it; not
// while a send is, for then the program holds back. A recv that is submitted ends it.
func TestCompletionStranded(t *testing.T) {
	run := func(sending, again bool) *Lane {
		s := new(script).uring()
		s.submit(10, trace.OpRecv, 100)
		s.uenter(10)
		s.arrive(20, 7, 0, 150)
		s.uexit(30, 1, 0)
		s.complete(30, trace.OpRecv, 100, 0, 0)
		if sending {
			s.submit(31, trace.OpSend, 100)
		}
		s.uenter(31)
		if again {
			s.uexit(40, 0, 4)
			s.submit(41, trace.OpRecv, 100)
			s.uenter(41)
		}
		return laneOf(t, s.fold(), 7)
	}
	if l := run(false, false); !l.Stranded || l.Unread != 50 {
		t.Errorf("stranded %v, %d unread", l.Stranded, l.Unread)
	}
	if l := run(true, false); l.Stranded || !l.Pending {
		t.Errorf("stranded %v although a send is in flight", l.Stranded)
	}
	if l := run(false, true); l.Stranded || !l.Pending {
		t.Errorf("stranded %v although a recv was submitted", l.Stranded)
	}
}

// TestCompletionLateArrival: data that comes when nobody will take it is stranded at once.
func TestCompletionLateArrival(t *testing.T) {
	s := new(script).uring()
	s.submit(10, trace.OpRecv, 100)
	s.uenter(10)
	s.uexit(30, 1, 0)
	s.complete(30, trace.OpRecv, 60, 0, 0)
	s.uenter(31)
	s.arrive(50, 7, 0, 10)
	folded := s.fold()
	if l := laneOf(t, folded, 7); !l.Stranded {
		t.Error("not stranded")
	}
}

// TestCompletionMultishot: one submission, several completions; the recv is in flight until one comes without MORE.
func TestCompletionMultishot(t *testing.T) {
	s := new(script).uring()
	s.submit(10, trace.OpRecv, 100)
	s.uenter(10)
	s.uexit(20, 1, 0)
	s.complete(20, trace.OpRecv, 60, moreToCome, 0)
	s.uenter(21)
	s.arrive(30, 7, 0, 100)
	folded := s.fold()
	if l := laneOf(t, folded, 7); l.Stranded || !l.Pending {
		t.Errorf("stranded %v, pending %v", l.Stranded, l.Pending)
	}
	// An enter that only hands over is a call, and no wait.
	s.uexit(40, 1, 0)
	s.complete(40, trace.OpRecv, -1, 0, 125)
	s.ev(41, trace.Event{Kind: trace.Wait, Inst: ring, Aux: trace.CallURingEnter})
	folded = s.fold()
	if st := folded.Stats; st.Enters != 3 || st.Waits != 2 || st.Timeouts != 0 {
		t.Errorf("%d enters, %d waits, %d timeouts", st.Enters, st.Waits, st.Timeouts)
	}
}

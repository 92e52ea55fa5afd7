package timeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"evviz/trace"
)

// twice emits the same events into a ring that folds and into one that does not.
type twice struct {
	rings [2]*trace.Ring
	at    int64
}

func newTwice() *twice {
	return &twice{rings: [2]*trace.Ring{trace.NewRing(1, 1<<16), trace.NewRing(1, 1<<20)}, at: 1e9}
}

func (s *twice) emit(k trace.Kind, e trace.Event) {
	for _, r := range s.rings {
		p := r.Next(k, s.at)
		seq := p.Seq
		*p = e
		p.Time, p.Seq, p.Stream, p.Kind = s.at, seq, r.Stream(), k
	}
	s.at += 100
}

// events are what the rings have.
func (s *twice) events(t *testing.T) (out [2][]trace.Event) {
	t.Helper()
	for i, r := range s.rings {
		if r.Close(); r.Lost() != 0 {
			t.Fatalf("%d events dropped", r.Lost())
		}
		m := trace.NewMerge(trace.Info{}, r)
		buf := make([]trace.Event, 4096)
		for {
			n, err := m.Read(context.Background(), buf)
			out[i] = append(out[i], buf[:n]...)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := trace.Validate(out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

const inst = 4

func (s *twice) begin(fds int, events uint32) {
	s.emit(trace.Thread, trace.Event{A: 9, B: 9, Mask: trace.RoleLoop})
	s.emit(trace.Instance, trace.Event{Inst: inst, FD: 3})
	for i := range fds {
		fd := int32(10 + i)
		s.emit(trace.Open, trace.Event{FD: fd, Gen: 1, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), Mask: 0x800})
		s.emit(trace.Register, trace.Event{Inst: inst, FD: fd, Gen: 1, Mask: events, A: int64(fd)})
	}
}

// iteration waits and is told of the first few descriptors; then each is handled.
func (s *twice) iteration(fds int, mask uint32, handle func(fd int32)) {
	s.rings[0].Turn()
	begin := s.at
	s.emit(trace.Wait, trace.Event{Phase: trace.PhaseEnter, Inst: inst, Aux: trace.WaitAux(trace.CallEpollWait, 64), A: -1, B: -1, Gen: uint32(fds) + 1})
	s.emit(trace.Wait, trace.Event{Phase: trace.PhaseExit, Inst: inst, Aux: trace.WaitAux(trace.CallEpollWait, 64), A: -1, B: -1, Gen: uint32(fds) + 1, Mask: uint32(fds), Dur: s.at - begin})
	for i := range fds {
		s.emit(trace.Ready, trace.Event{Inst: inst, FD: int32(10 + i), Gen: 1, Mask: mask, A: int64(10 + i)})
	}
	for i := range fds {
		if handle != nil {
			handle(int32(10 + i))
		}
	}
}

// counted is all that a timeline has counted, but for times.
func counted(s *Snapshot) []string {
	st := s.Stats
	st.Events, st.Repeats, st.Pace = 0, 0, 0
	st.Time, st.Split, st.Latency, st.Served, st.Answered, st.RoundTrip = Durations{}, Split{}, Latency{}, Latency{}, Latency{}, Latency{}
	st.Traffic.From, st.Traffic.To = 0, 0
	out := []string{fmt.Sprintf("%+v", st)}
	incidents := func(of string, list []Incident) {
		for _, i := range list {
			out = append(out, fmt.Sprintf("%s: incident %d %q: %d times, %d sure, run %d, sum %d", of, i.Kind, i.Call, i.N, i.Sure, i.Run, i.Sum))
		}
	}
	for _, l := range s.Lanes {
		of := fmt.Sprintf("lane %d", l.FD)
		x := l.Stats
		x.Waited, x.LongestWait, x.LastLatency, x.LatencySum = 0, 0, 0, 0
		out = append(out, fmt.Sprintf("%s: %+v", of, x))
		if l.Instance != nil {
			out = append(out, fmt.Sprintf("%s: %+v", of, *l.Instance))
		}
		incidents(of, l.Incidents)
		var d tally
		l.marks.end(&d)
		out = append(out, fmt.Sprintf("%s: marks %v", of, d))
	}
	for _, l := range s.Loops {
		incidents("loop", l.Incidents)
		var d tally
		l.counts.end(&d)
		out = append(out, fmt.Sprintf("loop: %v", d))
	}

	return out
}

func (s *twice) compare(t *testing.T) *Snapshot {
	t.Helper()
	evs := s.events(t)
	var got [2]*Snapshot
	for i := range evs {
		tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify)}})
		tl.Add(evs[i])
		got[i] = tl.Snapshot(s.at)
	}
	a, b := counted(got[0]), counted(got[1])
	if len(a) != len(b) {
		t.Fatalf("%d lines, want %d:\n%q\n%q", len(a), len(b), a, b)
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("folded:\n%s\nin full:\n%s", a[i], b[i])
		}
	}
	near := func(what string, x, y, of int64) {
		if d := max(x-y, y-x); d > of/200+20_000 {
			t.Errorf("%s: %d folded, %d in full", what, x, y)
		}
	}
	x, y := got[0].Stats, got[1].Stats
	for k := range x.Time {
		near(LoopState(k).String(), x.Time[k], y.Time[k], s.at-1e9)
	}
	near("waiting", x.Split.Waiting, y.Split.Waiting, s.at-1e9)
	near("handler", x.Split.Handler+x.Split.Queueing, y.Split.Handler+y.Split.Queueing, s.at-1e9)
	// What is counted comes at even distances, so a gap is the mean of its iterations'.
	if p, q := got[0].Delays(MeasureGap), got[1].Delays(MeasureGap); p.Count != q.Count || max(p.P50, q.P50) > 2*min(p.P50, q.P50) {
		t.Errorf("gaps: %d of %d ns folded, %d of %d ns in full", p.Count, p.P50, q.Count, q.P50)
	}
	if len(evs[0])*4 > len(evs[1]) || x.Repeats == 0 {
		t.Errorf("%d events of %d", len(evs[0]), len(evs[1]))
	}
	return got[0]
}

func TestRepeatWritable(t *testing.T) {
	s := newTwice()
	s.begin(2, bitOut)
	for range 50_000 {
		s.iteration(2, bitOut, nil)
	}
	if got := s.compare(t); got.Stats.Waits != 50_000 || got.Stats.Class[ClassUntouched] != 99_998 {
		t.Errorf("%+v", got.Stats)
	}
}

func TestRepeatUnread(t *testing.T) {
	s := newTwice()
	s.begin(1, bitIn)
	for range 50_000 {
		s.iteration(1, bitIn, nil)
	}
	s.compare(t)
}

func TestRepeatEndOfFile(t *testing.T) {
	s := newTwice()
	s.begin(1, bitIn)
	for range 20_000 {
		s.iteration(1, bitIn, func(fd int32) {
			s.emit(trace.Read, trace.Event{FD: fd, Gen: 1, Aux: trace.CallRead, A: 4096})
		})
	}
	s.compare(t)
}

func TestRepeatNothing(t *testing.T) {
	s := newTwice()
	s.begin(0, 0)
	for range 50_000 {
		s.rings[0].Turn()
		s.emit(trace.Wait, trace.Event{Inst: inst, Aux: trace.WaitAux(trace.CallEpollWait, 64), Gen: 1})
	}
	s.compare(t)
}

// TestRepeatMixed: whatever comes between, all is counted as if it had been written out.
func TestRepeatMixed(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		s := newTwice()
		s.begin(3, bitIn|bitOut)
		for range 40 {
			fds, mask, what := 1+rnd.IntN(3), uint32([]uint32{bitIn, bitOut, bitIn | bitOut}[rnd.IntN(3)]), rnd.IntN(4)
			for range rnd.IntN(400) {
				s.iteration(fds, mask, func(fd int32) {
					switch what {
					case 1:
						s.emit(trace.Read, trace.Event{FD: fd, Gen: 1, Aux: trace.CallRead, A: 100, B: -1, Errno: eAGAIN})
					case 2:
						s.emit(trace.Call, trace.Event{FD: fd, Gen: 1, Aux: trace.HandlerConn, Phase: trace.PhaseEnter})
						s.emit(trace.Call, trace.Event{FD: fd, Gen: 1, Aux: trace.HandlerConn, Phase: trace.PhaseExit, Dur: 100})
					case 3:
						s.emit(trace.Write, trace.Event{FD: fd, Gen: 1, Aux: trace.CallWrite, A: 100, B: -1, Errno: eAGAIN})
					}
				})
			}
			s.iteration(fds, mask, func(fd int32) {
				s.emit(trace.Read, trace.Event{FD: fd, Gen: 1, Aux: trace.CallRead, A: 100, B: 100})
			})
		}
		if s.compare(t); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestRepeatedGap: an iteration begins with what its thread did since the one before, so the time between two waits is in it, however often
// it was counted.
func TestRepeatedGap(t *testing.T) {
	const gap, wait, n = 80_000, 60_000, 50
	at := int64(1e9)
	var evs []trace.Event
	add := func(e trace.Event) {
		e.Stream, e.Seq, e.Time = 1, uint32(len(evs)+1), at
		evs = append(evs, e)
	}
	iteration := func() {
		at += gap
		add(trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: inst, FD: -1, Aux: trace.WaitAux(trace.CallEpollWait, 2), A: -1, B: -1})
		at += wait
		add(trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: inst, FD: -1, Aux: trace.WaitAux(trace.CallEpollWait, 2), A: -1, B: -1, Mask: 1, Dur: wait})
		add(trace.Event{Kind: trace.Ready, Inst: inst, FD: 5, Mask: bitIn, A: 5})
	}
	add(trace.Event{Kind: trace.Thread, A: 9, B: 9, Mask: trace.RoleLoop})
	iteration()
	for range 3 {
		iteration()
		at += n * (gap + wait)
		add(trace.Event{Kind: trace.Repeat, FD: -1, Aux: 3, A: n, B: n * wait, Mask: gap + wait, Dur: n * (gap + wait)})
	}
	tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify)}})
	tl.Add(evs)
	d := tl.Snapshot(at).Delays(MeasureGap)
	if d.Count-d.Unfinished != 3+3*n || d.P50 < gap*9/10 || d.P50 > gap*11/10 || d.Max > 2*gap {
		t.Errorf("%d gaps, half of them of %d ns and at most %d, want %d of %d", d.Count, d.P50, d.Max, 3+3*n, gap)
	}
}

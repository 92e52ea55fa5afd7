package timeline

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"evviz/trace"
)

// madeUp is a server that was made up: its events, and what is true of it, kept apart from them.
type madeUp struct {
	evs    []trace.Event
	wakes  []int64 // ends of waits
	again  []int64
	rests  [][2]int64 // waits, from when to when
	comes  []madeUpArrival
	begin  int64
	end    int64
	useful []int64 // moments at which it was known of a wakeup that it was useful
	judged []int64
}

// madeUpArrival is one arrival: when it came, and when all that had come by then was read; 0 it was not.
type madeUpArrival struct {
	at, read, first int64
	upTo            int
	fd              int32
}

// makeUp draws a level-triggered server that reads less than there is as often as not, with a loop, three connections and arrivals that are seen at once.
func makeUp(draw func(n int) int, n int) *madeUp {
	m := &madeUp{begin: 1_000_000}
	now := m.begin
	emit := func(e trace.Event) {
		e.Time, e.Seq = now, uint32(len(m.evs)+1)
		if e.Stream == 0 {
			e.Stream = 1
		}
		m.evs = append(m.evs, e)
	}
	emit(trace.Event{Kind: trace.Thread, A: 100, B: 100, Mask: trace.RoleLoop})
	emit(trace.Event{Kind: trace.Instance, Inst: 4, FD: 4})
	var got, taken [3]int
	var known [3]bool // an event has told of what is there
	for c := range got {
		emit(trace.Event{Kind: trace.Open, FD: int32(7 + c), Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)})
		emit(trace.Event{Kind: trace.Register, Inst: 4, FD: int32(7 + c), Mask: in, A: int64(7 + c)})
	}
	step := func() { now += int64(1 + draw(50_000)) }
	waits := now
	emit(trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: 4, FD: -1, B: -1})
	for range n {
		idle := got == taken // else it does not wait
		for range draw(4) {
			if !idle {
				break
			}
			step()
			c := draw(3)
			got[c] += 1 + draw(3000)
			known[c] = false
			m.comes = append(m.comes, madeUpArrival{at: now, upTo: got[c], fd: int32(7 + c)})
			emit(trace.Event{Kind: trace.Arrive, Stream: 2, FD: int32(7 + c), Mask: in, B: int64(got[c]-taken[c]) + 1, Aux: trace.ArriveObserver})
		}
		if idle {
			step()
		}
		var told []int
		for c := range got {
			if got[c] > taken[c] {
				told = append(told, c)
			}
		}
		m.rests = append(m.rests, [2]int64{waits, now})
		emit(trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: 4, FD: -1, B: -1, Mask: uint32(len(told)), Dur: now - waits})
		m.wakes = append(m.wakes, now)
		useful := false
		for _, c := range told {
			useful = useful || !known[c]
			emit(trace.Event{Kind: trace.Ready, Inst: 4, FD: int32(7 + c), Mask: in, A: int64(7 + c)})
			if known[c] {
				emit(trace.Event{Kind: trace.Renotify, Inst: 4, FD: int32(7 + c), Mask: in, B: int64(got[c]-taken[c]) + 1, Aux: trace.RenotifyLeftover})
			}
			known[c] = true
		}
		for _, c := range told {
			for range draw(3) {
				step()
				size, left := 1+draw(4000), got[c]-taken[c]
				if left == 0 {
					m.again = append(m.again, now)
					emit(trace.Event{Kind: trace.Read, Phase: trace.PhaseComplete, FD: int32(7 + c), A: int64(size), B: -1, Errno: eAGAIN})
					continue
				}
				b := min(size, left)
				taken[c] += b
				for i := range m.comes {
					if x := &m.comes[i]; x.fd == int32(7+c) {
						if x.first == 0 {
							x.first = now
						}
						if x.read == 0 && x.upTo <= taken[c] {
							x.read = now
						}
					}
				}
				emit(trace.Event{Kind: trace.Read, Phase: trace.PhaseComplete, FD: int32(7 + c), A: int64(size), B: int64(b), Inst: uint32(left-b) + 1})
			}
		}
		step()
		waits = now
		if len(told) > 0 {
			m.judged = append(m.judged, now)
			if useful {
				m.useful = append(m.useful, now)
			}
		}
		emit(trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: 4, FD: -1, B: -1})
	}
	m.end = now
	return m
}

func within(list []int64, t0, t1 int64) (n int64) {
	for _, t := range list {
		if t >= t0 && t < t1 {
			n++
		}
	}
	return n
}

// asOf are the waits of a window: of what was read in it, and of what was unread at its end.
func (m *madeUp) asOf(t0, t1 int64, end func(x *madeUpArrival) int64) (done, open []int64) {
	for i := range m.comes {
		x := &m.comes[i]
		switch e := end(x); {
		case e != 0 && e >= t0 && e < t1:
			done = append(done, e-x.at)
		case x.at < t1 && (e == 0 || e >= t1):
			open = append(open, t1-x.at)
		}
	}
	slices.Sort(done)
	slices.Sort(open)
	return done, open
}

// percentile counts what is open as it is, and says whether the figure would be another were it longer.
func percentile(done, open []int64, p float64) (v int64, least bool) {
	all := slices.Sorted(slices.Values(slices.Concat(done, open)))
	if len(all) == 0 {
		return 0, false
	}
	r := int(math.Ceil(p*float64(len(all)))) - 1
	v = all[r]
	if r == len(all)-1 {
		return v, len(open) > 0 && open[len(open)-1] == v
	}
	return v, r >= len(done) || bucketOf(done[r], runBits) > bucketOf(v, runBits)
}

// TestGauges: the numbers of a window, cut anywhere, are those that counting what happened gives; their parts add up.
func TestGauges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := makeUp(func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "d") }, rapid.IntRange(1, 60).Draw(rt, "n"))
		tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
		for rest := m.evs; len(rest) > 0; { // snapshots on the way change nothing
			n := min(len(rest), rapid.IntRange(1, 80).Draw(rt, "batch"))
			tl.Add(rest[:n])
			rest = rest[n:]
			tl.Snapshot(0)
		}
		s := tl.Snapshot(0)
		for range 4 {
			t0 := rapid.Int64Range(m.begin-1000, m.end+1000).Draw(rt, "t0")
			t1 := rapid.Int64Range(t0+1, m.end+2000).Draw(rt, "t1")
			n := rapid.IntRange(1, 40).Draw(rt, "parts")
			for _, of := range []*LoopLane{nil, s.Loops[0]} {
				whole, parts := s.Gauges(of, t0, t1, n)
				m.check(rt, s, whole)
				sum := Gauges{T0: t0, T1: t1}
				for i := range parts {
					m.check(rt, s, parts[i])
					sum.join(&parts[i])
				}
				sum.Reads, sum.Unread, sum.P50, sum.P99, sum.P50AtLeast, sum.P99AtLeast, sum.Oldest = whole.Reads, whole.Unread, whole.P50, whole.P99, whole.P50AtLeast, whole.P99AtLeast, whole.Oldest
				if len(parts) != n || parts[0].T0 != t0 || parts[n-1].T1 != t1 || sum != whole {
					rt.Fatalf("%d parts add up to %+v, the whole is %+v", n, sum, whole)
				}
			}
		}
	})
}

func (m *madeUp) check(rt *rapid.T, s *Snapshot, g Gauges) {
	rt.Helper()
	var busy, seen int64
	for i, r := range m.rests {
		seen += max(min(r[1], g.T1)-max(r[0], g.T0), 0)
		to := m.end
		if i+1 < len(m.rests) {
			to = m.rests[i+1][0]
		}
		w := max(min(to, g.T1)-max(r[1], g.T0), 0)
		busy, seen = busy+w, seen+w
	}
	done, open := m.asOf(g.T0, min(g.T1, s.Now+1), func(x *madeUpArrival) int64 { return x.read })
	if g.T1 > s.Now { // nothing gets older after the end
		for i := range open {
			open[i]--
		}
	}
	want := Gauges{T0: g.T0, T1: g.T1, Span: max(min(g.T1, s.Now)-max(g.T0, s.Begin), 0), Wakeups: within(m.wakes, g.T0, g.T1), Judged: within(m.judged, g.T0, g.T1), Useful: within(m.useful, g.T0, g.T1),
		Again: within(m.again, g.T0, g.T1), Busy: busy, Seen: seen, Reads: int64(len(done) + len(open)), Unread: int64(len(open))}
	if len(open) > 0 {
		want.Oldest = open[len(open)-1]
	}
	want.P50, want.P50AtLeast = percentile(done, open, 0.5)
	want.P99, want.P99AtLeast = percentile(done, open, 0.99)
	near := func(a, b int64) bool { return math.Abs(float64(a-b)) <= 1+0.017*float64(b) }
	if !near(g.P50, want.P50) || !near(g.P99, want.P99) {
		rt.Fatalf("percentiles of %d..%d: %+v, want %+v", g.T0, g.T1, g, want)
	}
	g.P50, g.P99 = want.P50, want.P99
	if g != want {
		rt.Fatalf("of %d..%d:\n%+v, want\n%+v", g.T0, g.T1, g, want)
	}
}

package timeline

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"evviz/trace"
)

const oneSecond = 1_000_000 * us

// stranded is an edge-triggered loop that reads 1 KiB of 64 and goes on with others; it is read in the end, or not.
func stranded(read bool) *script {
	s := new(script).epoll()
	s.conn(10, 7, in|et)
	s.conn(10, 8, in|et)
	s.enter(20)
	s.arrive(100, 7, 0, 64<<10)
	s.exit(110, 1)
	s.ready(110, 7, in, -1)
	s.read(120, 7, 1024, 1024, -1)
	s.enter(130)
	for at := int64(10_000); at <= 6_500_000; at += 10_000 { // a healthy one beside it
		s.arrive(at, 8, 0, 64)
		s.exit(at+5, 1)
		s.ready(at+5, 8, in, -1)
		s.read(at+8, 8, 4096, 64, -1)
		s.enter(at + 20)
	}
	if read {
		s.exit(6_500_100, 1)
		s.ready(6_500_100, 7, in, -1)
		s.read(6_500_100, 7, 1<<20, 63<<10, -1)
		s.enter(6_600_000)
	}
	return s
}

// TestStrandedCounts: what lies unread for 6.5 s shows 6.5 s, of the run, of the lane and of a window, and from then on when it is read at last.
func TestStrandedCounts(t *testing.T) {
	s := stranded(false)
	tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
	tl.Add(s.evs)
	sn := tl.Snapshot(6_500_100 * us)
	l := lane(t, sn, 7)
	begin, end := int64(0), sn.Now+1
	for name, d := range map[string]Delays{"run": sn.Delays(MeasureServed), "lane": l.Delays(MeasureServed), "window": sn.DelaysIn(nil, MeasureServed, begin, end),
		"loop": sn.DelaysIn(sn.Loops[0], MeasureServed, begin, end), "lane's window": sn.LaneDelaysIn(l, MeasureServed, begin, end)} {
		if !d.Known || d.Unfinished != 1 || !d.Least.Max || d.Max != 6_500_000*us {
			t.Errorf("%s: %+v, want at least 6.5 s", name, d)
		}
		if b := d.Bars[len(d.Bars)-1]; b.Unfinished != 1 || b.Low > d.Max || b.High <= d.Max {
			t.Errorf("%s: its bar is %+v", name, b)
		}
	}
	if x := sn.Stats.Latency; x.Max != 6_500_000*us || !x.Least.Max || x.Unfinished != 1 || x.Least.P50 {
		t.Errorf("latency of the run: %+v", x)
	}
	eq(t, "of those that were read", sn.Delays(MeasureServed).P50, 7999)
	if d := sn.Delays(MeasureFirst); d.Max != 20*us || d.Unfinished != 0 || d.Count != 651 {
		t.Errorf("the first read came at once: %+v", d)
	}
	if h := sn.Heat(MeasureServed, begin, end, 10, 30); h.Unfinished != 1 || h.Total != 651 || h.Longest != 6_500_000*us || h.At(9, h.Rows()-1) != 1 {
		t.Errorf("heat map: %+v", h)
	}
	if h := sn.LaneHeat(l, MeasureServed, begin, end, 10, 30); h.Unfinished != 1 || h.Total != 1 {
		t.Errorf("heat map of the lane: %+v", h)
	}
	past := sn.DelaysIn(nil, MeasureServed, begin, 2*oneSecond)
	if past.Max != 2*oneSecond-100*us || !past.Least.Max {
		t.Errorf("as of two seconds: %+v", past)
	}
	if g, _ := sn.Gauges(nil, 1*oneSecond, 2*oneSecond, 1); g.Oldest != 2*oneSecond-100*us || g.OldestAtLeast || g.Unread != 1 || g.Reads != 101 {
		t.Errorf("gauges: %+v", g)
	}

	sn = stranded(true).fold()
	if d := sn.Delays(MeasureServed); d.Unfinished != 0 || d.Max != 6_500_000*us || d.Least.Max {
		t.Errorf("read at last: %+v", d)
	}
	if again := sn.DelaysIn(nil, MeasureServed, begin, 2*oneSecond); again.Max != past.Max || again.Unfinished != 1 || !again.Least.Max || again.Count != past.Count {
		t.Errorf("as of two seconds, looked at later: %+v, was %+v", again, past)
	}
}

// TestNeverRead: what is unread when its connection is closed was never read. It goes on counting.
func TestNeverRead(t *testing.T) {
	s := stranded(false)
	s.close(6_500_100, 7)
	s.enter(9_000_000)
	sn := s.fold()
	for name, d := range map[string]Delays{"run": sn.Delays(MeasureServed), "lane": lane(t, sn, 7).Delays(MeasureServed), "window": sn.DelaysIn(nil, MeasureServed, 6*oneSecond, 7*oneSecond)} {
		if d.Unfinished != 1 || !d.Least.Max || d.Max < 6_100_000*us || name != "lane" && d.Max != 6_500_000*us {
			t.Errorf("%s: %+v", name, d)
		}
	}
	eq(t, "before", sn.DelaysIn(nil, MeasureServed, 0, 2*oneSecond).Max, 2*oneSecond-100*us)
	eq(t, "after", sn.DelaysIn(nil, MeasureServed, 7*oneSecond, 8*oneSecond).Count, 0)
	eq(t, "latency", sn.Stats.Latency.Max, 6_500_000*us)
}

// TestArrivalsInOrder: what ends when, first in, first out.
func TestArrivalsInOrder(t *testing.T) {
	type sample = [2]int64 // end and length, µs
	for _, c := range []struct {
		name   string
		typ    uint32
		do     func(s *script)
		served []sample
		first  []sample
		open   []int64 // since, µs
	}{
		{name: "a stream that is never empty", typ: trace.TypeStream, do: func(s *script) {
			s.arrive(100, 7, 0, 10)
			s.arrive(110, 7, 0, 30)
			s.read(120, 7, 10, 10, 20)
			s.arrive(130, 7, 0, 40)
			s.read(140, 7, 20, 20, 20)
			s.read(150, 7, 10, 10, 10)
		}, served: []sample{{120, 20}, {140, 30}}, first: []sample{{120, 20}, {120, 10}, {140, 10}}, open: []int64{130}},
		{name: "one read gets several", typ: trace.TypeStream, do: func(s *script) {
			s.arrive(100, 7, 0, 10)
			s.arrive(110, 7, 0, 30)
			s.read(120, 7, 4096, 30, -1)
		}, served: []sample{{120, 20}, {120, 10}}, first: []sample{{120, 20}, {120, 10}}},
		{name: "an amount that nobody knows, and a proof", typ: trace.TypeStream, do: func(s *script) {
			s.arrive(100, 7, 0, -1)
			s.read(120, 7, 10, 10, -1)
			s.read(130, 7, 10, 10, -1)
			s.readErr(140, 7, eAGAIN)
		}, served: []sample{{130, 30}}, first: []sample{{120, 20}}},
		{name: "an amount that nobody knows, and none", typ: trace.TypeStream, do: func(s *script) {
			s.arrive(100, 7, 0, -1)
			s.read(120, 7, 10, 10, -1)
		}, first: []sample{{120, 20}}},
		{name: "more was expected than there was", typ: trace.TypeStream, do: func(s *script) {
			s.arrive(100, 7, 0, 50)
			s.read(120, 7, 10, 10, 30)
			s.read(130, 7, 30, 30, -1)
		}, served: []sample{{130, 30}}, first: []sample{{120, 20}}},
		{name: "datagrams go by item", typ: trace.TypeDatagram, do: func(s *script) {
			s.arrive(100, 7, 0, 500)
			s.arrive(110, 7, 0, 500)
			s.read(120, 7, 4096, 500, -1)
		}, served: []sample{{120, 20}}, first: []sample{{120, 20}, {120, 10}}, open: []int64{110}},
		{name: "connections go by item", typ: trace.TypeListener, do: func(s *script) {
			s.arrive(100, 7, 0, -1)
			s.ev(100, trace.Event{Kind: trace.Queue, Stream: 2, FD: 7, A: 2, B: 128})
			s.accept(120, 7, 20, 0)
			s.arrive(125, 7, 0, -1)
			s.ev(125, trace.Event{Kind: trace.Queue, Stream: 2, FD: 7, A: 2, B: 128})
			s.accept(130, 7, 21, 0)
		}, served: []sample{{120, 20}, {130, 30}}, first: []sample{{120, 20}, {120, 20}, {130, 5}}, open: []int64{125}},
		{name: "nothing is known after a loss", typ: trace.TypeStream, do: func(s *script) {
			s.arrive(100, 7, 0, 10)
			s.ev(110, trace.Event{Kind: trace.Lost, A: 3, Aux: trace.LostRing})
			s.read(120, 7, 10, 5, -1)
		}},
		{name: "the hang-up is nothing to read", typ: trace.TypeStream, do: func(s *script) {
			s.arrive(100, 7, 0, 0)
			s.read(120, 7, 10, 0, -1)
		}},
		{name: "seen after it was read", typ: trace.TypeStream, do: func(s *script) {
			s.read(120, 7, 4096, 10, -1)
			s.ev(140, trace.Event{Kind: trace.Arrive, Stream: 2, FD: 7, Mask: in, B: 1, Dur: 40 * us})
		}, served: []sample{{120, 20}}, first: []sample{{120, 20}}},
		{name: "seen after it was read in part", typ: trace.TypeStream, do: func(s *script) {
			s.read(120, 7, 10, 10, -1)
			s.ev(140, trace.Event{Kind: trace.Arrive, Stream: 2, FD: 7, Mask: in, B: 21, Dur: 40 * us})
			s.read(150, 7, 20, 20, 0)
		}, served: []sample{{150, 50}}, first: []sample{{120, 20}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := new(script).epoll()
			s.open(10, 7, c.typ)
			c.do(s)
			sn := s.fold()
			l := lane(t, sn, 7)
			got := map[Measure]map[sample]int{}
			for _, v := range sn.delays {
				for m := range v {
					v[m].each(0, sn.Now+1, func(x *sampleOf) {
						if got[Measure(m)] == nil {
							got[Measure(m)] = map[sample]int{}
						}
						got[Measure(m)][sample{x.end / us, x.v / us}]++
					})
				}
			}
			for m, want := range map[Measure][]sample{MeasureServed: c.served, MeasureFirst: c.first} {
				left := got[m]
				for _, x := range want {
					if left[x]--; left[x] < 0 {
						t.Errorf("%v: no sample %v: %v", m, x, got)
						return
					}
				}
				if d := sn.Delays(m); d.Count-d.Unfinished != int64(len(want)) {
					t.Errorf("%v: %d samples, want %d", m, d.Count-d.Unfinished, len(want))
				}
			}
			var open []int64
			for _, x := range l.open {
				if x.m == MeasureServed {
					open = append(open, x.since/us)
				}
			}
			if len(open) != len(c.open) || len(open) > 0 && open[0] != c.open[0] {
				t.Errorf("unread since %v, want %v", open, c.open)
			}
		})
	}
}

type sampleOf = sample

// TestDelaysOfAnyWindow: against a count of what happened, of a server that never reads all.
func TestDelaysOfAnyWindow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := makeUp(func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "d") }, rapid.IntRange(1, 60).Draw(rt, "n"))
		tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
		tl.Add(m.evs)
		s := tl.Snapshot(0)
		for range 6 {
			t0 := rapid.Int64Range(m.begin-1000, m.end).Draw(rt, "t0")
			t1 := rapid.Int64Range(t0+1, m.end+1).Draw(rt, "t1")
			for measure, end := range map[Measure]func(x *madeUpArrival) int64{MeasureServed: func(x *madeUpArrival) int64 { return x.read }, MeasureFirst: func(x *madeUpArrival) int64 { return x.first }} {
				done, open := m.asOf(t0, min(t1, m.end), end)
				if t1 > m.end {
					done, open = m.asOf(t0, t1, end)
					for i := range open {
						open[i]--
					}
				}
				d := s.DelaysIn(nil, measure, t0, t1)
				if d.Count != int64(len(done)+len(open)) || d.Unfinished != int64(len(open)) {
					rt.Fatalf("%v in %d..%d: %+v, want %v and %v", measure, t0, t1, d, done, open)
				}
				for p, got := range map[float64]int64{0.5: d.P50, 0.9: d.P90, 0.99: d.P99} {
					if want, _ := percentile(done, open, p); math.Abs(float64(got-want)) > 1+0.017*float64(want) {
						rt.Fatalf("%v in %d..%d: p%v %d, want %d", measure, t0, t1, p, got, want)
					}
				}
				want, _ := percentile(done, open, 1)
				least := len(open) > 0 && (len(done) == 0 || open[len(open)-1] >= done[len(done)-1])
				if d.Max != want || d.Least.Max != least {
					rt.Fatalf("%v in %d..%d: the longest %d (%v), want %d", measure, t0, t1, d.Max, d.Least.Max, want)
				}
			}
		}
	})
}

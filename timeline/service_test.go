package timeline

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"evviz/trace"
)

// TestServiceAndOutput: when a request is in service, and when output waits to be sent.
func TestServiceAndOutput(t *testing.T) {
	again := func(s *script, at int64) {
		s.ev(at, trace.Event{Kind: trace.Write, FD: 7, A: 10, B: -1, Errno: eAGAIN})
	}
	for _, c := range []struct {
		name            string
		do              func(s *script)
		service, output []Span // µs
	}{
		{"a request and its answer", func(s *script) {
			s.read(100, 7, 4096, 10, -1)
			s.write(150, 7, 10, 10)
		}, []Span{{100, 150, false}}, nil},
		{"two reads for one answer, and a request that has none yet", func(s *script) {
			s.read(100, 7, 4096, 10, -1)
			s.read(120, 7, 4096, 10, -1)
			s.write(150, 7, 10, 10)
			s.write(160, 7, 10, 10)
			s.read(200, 7, 4096, 10, -1)
		}, []Span{{100, 150, false}, {200, 1000, true}}, nil},
		{"a program that never writes has nothing in service", func(s *script) { s.read(100, 7, 4096, 10, -1) }, nil, nil},
		{"a write that finds no room is no answer", func(s *script) {
			s.read(100, 7, 4096, 10, -1)
			again(s, 150)
			s.write(180, 7, 10, 10)
		}, []Span{{100, 180, false}}, []Span{{150, 180, false}}},
		{"a part is sent", func(s *script) {
			s.write(100, 7, 100, 30)
			again(s, 110)
			s.write(150, 7, 70, 70)
			s.write(200, 7, 100, 30)
		}, nil, []Span{{100, 150, false}, {200, 1000, true}}},
		{"what the program holds is known", func(s *script) {
			s.ev(100, trace.Event{Kind: trace.Write, FD: 7, A: 100, B: 100, Inst: 51})
			s.ev(150, trace.Event{Kind: trace.Write, FD: 7, A: 50, B: 50, Inst: 1})
		}, nil, []Span{{100, 150, false}}},
		{"both end with the connection", func(s *script) {
			s.write(90, 7, 100, 30)
			s.read(100, 7, 4096, 10, -1)
			s.close(150, 7)
		}, []Span{{100, 150, false}}, []Span{{90, 150, false}}},
		{"both end where events are missing", func(s *script) {
			s.write(90, 7, 100, 30)
			s.read(100, 7, 4096, 10, -1)
			s.ev(150, trace.Event{Kind: trace.Lost, A: 3, Aux: trace.LostRing})
			s.write(200, 7, 10, 10)
		}, []Span{{100, 150, false}}, []Span{{90, 150, false}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := new(script).epoll()
			s.conn(10, 7, in)
			c.do(s)
			s.enter(1000)
			sn := s.fold()
			l := lane(t, sn, 7)
			for what, x := range map[string][2][]Span{"in service": {l.InService(0, sn.Now+1), c.service}, "unsent": {l.UnsentOutput(0, sn.Now+1), c.output}} {
				got := slices.Clone(x[0])
				for i := range got {
					got[i].From, got[i].To = got[i].From/us, got[i].To/us
				}
				if !slices.Equal(got, x[1]) {
					t.Errorf("%s: %v, want %v", what, got, x[1])
				}
			}
			if len(c.service) > 0 {
				x := c.service[0]
				since, ok := l.InServiceAt((x.From + 1) * us)
				eq(t, "in service at", [2]int64{since, 1}, [2]int64{x.From * us, int64(index(ok))})
				_, ok = l.InServiceAt(x.From*us - 1)
				eq(t, "before", ok, false)
			}
		})
	}
}

// TestSharesAreSpans: at any zoom the cells hold the time that the spans have in them.
func TestSharesAreSpans(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tl := New(Options{Info: trace.Info{Timed: true}, MaxClosed: 1 << 20})
		tl.Add(randomEvents(rt, rapid.IntRange(1, 200).Draw(rt, "n")))
		s := tl.Snapshot(0)
		for _, l := range s.Lanes {
			t0 := rapid.Int64Range(s.First-1000, s.Now).Draw(rt, "t0")
			t1 := rapid.Int64Range(t0+1, s.Now+1000).Draw(rt, "t1")
			n := rapid.IntRange(1, 90).Draw(rt, "cells")
			cells := l.AppendShares(nil, t0, t1, n)
			for k, spans := range [2][]Span{l.InService(t0, t1), l.UnsentOutput(t0, t1)} {
				for i := range cells {
					a, b := edge(t0, t1, i, n), edge(t0, t1, i+1, n)
					var in int64
					for j, x := range spans {
						if x.To <= x.From || x.To > s.Now || j > 0 && x.From < spans[j-1].To {
							rt.Fatalf("spans %v up to %d", spans, s.Now)
						}
						in += max(min(x.To, b)-max(x.From, a), 0)
					}
					got := cells[i].Service
					if k == 1 {
						got = cells[i].Unsent
					}
					if want := float64(in) / float64(max(b-a, 1)); math.Abs(float64(got)-want) > 1e-5 {
						rt.Fatalf("cell %d of %d: %v, want %v", i, n, got, want)
					}
				}
			}
		}
	})
}

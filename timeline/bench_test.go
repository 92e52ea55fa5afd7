package timeline

import (
	"testing"

	"evviz/trace"
)

// busy is a stretch of a busy edge-triggered server: 100 connections, five events a message.
func busy(n int) []trace.Event {
	evs := make([]trace.Event, 0, n+8)
	now := int64(1_000_000)
	for i := 0; len(evs) < n; i++ {
		fd := int32(7 + i%100)
		now += 2000
		evs = append(evs,
			trace.Event{Time: now, Stream: 1, Kind: trace.Wait, Inst: 4, FD: -1, Mask: 1, Dur: 1000, B: -1},
			trace.Event{Time: now, Stream: 1, Kind: trace.Ready, Inst: 4, FD: fd, Mask: in, A: int64(fd)},
			trace.Event{Time: now + 400, Stream: 2, Kind: trace.Arrive, FD: fd, Mask: in, B: 65, Dur: 900},
			trace.Event{Time: now + 500, Stream: 1, Kind: trace.Read, FD: fd, A: 4096, B: 64},
			trace.Event{Time: now + 900, Stream: 1, Kind: trace.Write, FD: fd, A: 64, B: 64})
	}
	return evs[:n]
}

// opened are the connections of busy, so that their delays count.
func opened() (evs []trace.Event) {
	for fd := int32(7); fd < 107; fd++ {
		evs = append(evs, trace.Event{Time: 1_000_000, Stream: 1, Kind: trace.Open, FD: fd, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)})
	}
	return evs
}

// BenchmarkAddConnections is BenchmarkAdd with connections that are known to be some.
func BenchmarkAddConnections(b *testing.B) {
	evs := busy(5000)
	span := evs[len(evs)-1].Time
	b.ReportAllocs()
	b.SetBytes(1) // MB/s are million events per second
	tl := New(Options{})
	tl.Add(opened())
	for i := 0; i < b.N; i += len(evs) {
		tl.Add(evs[:min(len(evs), b.N-i)])
		for j := range evs {
			evs[j].Time += span
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	evs := busy(5000) // a batch as a reader hands it on, still in the cache
	span := evs[len(evs)-1].Time
	b.ReportAllocs()
	b.SetBytes(1) // MB/s are million events per second
	tl := New(Options{})
	for i := 0; i < b.N; i += len(evs) {
		tl.Add(evs[:min(len(evs), b.N-i)])
		for j := range evs {
			evs[j].Time += span
		}
	}
}

// BenchmarkLedger is what check does: the ledger without anything that is only drawn.
func BenchmarkLedger(b *testing.B) {
	evs := busy(5000)
	span := evs[len(evs)-1].Time
	b.ReportAllocs()
	b.SetBytes(1) // MB/s are million events per second
	tl := New(Options{Ledger: true})
	for i := 0; i < b.N; i += len(evs) {
		tl.Add(evs[:min(len(evs), b.N-i)])
		for j := range evs {
			evs[j].Time += span
		}
	}
}

func tenMillion() *Timeline {
	evs := busy(1_000_000)
	span := evs[len(evs)-1].Time
	tl := New(Options{})
	tl.Add(opened())
	for i := 0; i < 10; i++ {
		tl.Add(evs)
		for j := range evs {
			evs[j].Time += span
		}
	}
	return tl
}

func BenchmarkTenMillion(b *testing.B) {
	tl := tenMillion()
	s := tl.Snapshot(0)
	l := s.Lanes[len(s.Lanes)/2]
	var dst []Cell
	for _, z := range []struct {
		name   string
		t0, t1 int64
	}{
		{"whole", s.First, s.Now},
		{"second", s.Now - 1_000_000_000, s.Now},
		{"millisecond", s.Now - 1_000_000, s.Now},
	} {
		b.Run("cells/"+z.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = l.AppendCells(dst[:0], z.t0, z.t1, 200)
			}
		})
		b.Run("loop/"+z.name, func(b *testing.B) {
			for b.Loop() {
				s.Loops[0].Cells(z.t0, z.t1, 200)
			}
		})
		b.Run("window/"+z.name, func(b *testing.B) {
			for b.Loop() {
				s.Window(z.t0, z.t1)
			}
		})
	}
	b.Run("snapshot/quiet", func(b *testing.B) {
		for b.Loop() {
			tl.Snapshot(0)
		}
	})
	evs := busy(500)
	b.Run("snapshot/busy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			for j := range evs {
				evs[j].Time += s.Now
			}
			tl.Add(evs)
			b.StartTimer()
			tl.Snapshot(0)
			b.StopTimer()
			for j := range evs {
				evs[j].Time -= s.Now
			}
			b.StartTimer()
		}
	})
}

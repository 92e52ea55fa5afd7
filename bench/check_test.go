package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"evviz/diagnostics"
	"evviz/probe"
	"evviz/timeline"
	"evviz/trace"
)

// BenchmarkCheck is evviz check over a log of a million lines: reading, the ledger, the rules. One operation is the whole log.
func BenchmarkCheck(b *testing.B) {
	text := straceLog(1_000_000, false)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	b.ResetTimer()
	lines, begin := int64(0), processorTime()
	for b.Loop() {
		s, err := probe.StreamStrace(bytes.NewReader(text), "bench")
		if err != nil {
			b.Fatal(err)
		}
		feed := timeline.NewFeed(s, timeline.Options{Ledger: true})
		if err := feed.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
		if found := diagnostics.Check(feed.Snapshot(), diagnostics.Default()); len(found) > 0 {
			b.Fatal(found[0].Sentence)
		}
		lines += s.Lines()
	}
	b.ReportMetric(float64(lines)/(processorTime()-begin).Seconds()/1e6, "Mlines/cpu-s")
}

// BenchmarkRules is the ledger and all rules over ten million events; and, live, what the whole timeline costs, with the rules
// four times a second, at 200,000 events a second.
func BenchmarkRules(b *testing.B) {
	evs := eventsOf(b, straceLog(1_000_000, false))
	span := evs[len(evs)-1].Time - evs[0].Time + 1000
	shift := func() {
		for i := range evs {
			evs[i].Time += span
		}
	}
	const all = 10_000_000
	b.Run("ten-million", func(b *testing.B) {
		sum := 0.0
		for b.Loop() {
			tl := timeline.New(timeline.Options{Ledger: true, Info: trace.Info{Timed: true}})
			for n := 0; n < all; n += len(evs) {
				begin := processorTime()
				tl.Add(evs[:min(len(evs), all-n)])
				sum += (processorTime() - begin).Seconds()
				shift()
			}
			begin := processorTime()
			diagnostics.Check(tl.Snapshot(0), diagnostics.Default())
			sum += (processorTime() - begin).Seconds()
		}
		b.ReportMetric(sum/float64(b.N), "s/10Mev")
	})
	b.Run("live", func(b *testing.B) {
		sum, seconds := 0.0, 0
		tl := timeline.New(timeline.Options{Info: trace.Info{Timed: true}})
		for b.Loop() {
			for n := 0; n+200_000 <= len(evs); n += 200_000 {
				begin := processorTime()
				for i := 0; i < 200_000; i += 50_000 {
					tl.Add(evs[n+i : n+i+50_000])
					diagnostics.Check(tl.Snapshot(0), diagnostics.Default())
				}
				sum += (processorTime() - begin).Seconds()
				seconds++
			}
			shift()
		}
		b.ReportMetric(100*sum/float64(seconds), "%core")
	})
}

// eventsOf reads a log whole.
func eventsOf(b *testing.B, text []byte) (evs []trace.Event) {
	s, err := probe.StreamStrace(bytes.NewReader(text), "bench")
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]trace.Event, 1<<14)
	for {
		n, err := s.Read(context.Background(), buf)
		evs = append(evs, buf[:n]...)
		if err == io.EOF {
			return evs
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

package record

import (
	"context"
	"io"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// benchEvents are enough for many chunks, and few enough to be made quickly.
var benchEvents = func() func() []trace.Event {
	var evs []trace.Event
	return func() []trace.Event {
		if evs == nil {
			evs = traces.Loop(1_000_000, 64, 7)
		}
		return evs
	}
}()

func perSecond(b *testing.B, events int) {
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mev/s")
}

func BenchmarkFileRead(b *testing.B) {
	evs := benchEvents()
	f := mustOpen(b, writeFile(b, evs, len(evs)))
	buf := make([]trace.Event, 1024)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		f.SeekTime(0)
		for {
			if _, err := f.Read(ctx, buf); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	perSecond(b, len(evs))
}

func BenchmarkFileWrite(b *testing.B) {
	evs := benchEvents()
	w, _ := NewWriter(io.Discard, trace.Info{})
	b.ReportAllocs()
	for b.Loop() {
		for i := 0; i < len(evs); i += 1000 {
			w.Write(evs[i:min(i+1000, len(evs))])
		}
		w.Flush()
	}
	perSecond(b, len(evs))
}

func BenchmarkBytesPerEvent(b *testing.B) {
	for _, c := range []struct {
		name      string
		durations bool
	}{{"durations", true}, {"no-durations", false}} {
		b.Run(c.name, func(b *testing.B) {
			evs := append([]trace.Event(nil), benchEvents()...)
			if !c.durations {
				for i := range evs {
					evs[i].Dur = 0
				}
			}
			var bytes int64
			for b.Loop() {
				w, _ := NewWriter(io.Discard, trace.Info{})
				w.Write(evs)
				w.Close()
				bytes = w.Bytes()
			}
			b.ReportMetric(float64(bytes)/float64(len(evs)), "B/event")
		})
	}
}

package trace_test

import (
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

func TestTextRoundTrip(t *testing.T) {
	evs := append(traces.Random(20000, 9), traces.Loop(2000, 9, 9)...)
	for i := range evs[:20000] { // most of them of a kind that exists
		if i%8 != 0 {
			evs[i].Kind = trace.Kind(i) % trace.KindCount
		}
	}
	var b []byte
	for i := range evs {
		b = trace.AppendText(b[:0], &evs[i])
		got, err := trace.ParseText(string(b))
		if err != nil || got != evs[i] {
			t.Fatalf("%s: %v\n got %+v\nwant %+v", b, err, got, evs[i])
		}
	}
}

// FuzzText: what is read as an event is written so that it is read as the same one, and no line makes the reader panic.
func FuzzText(f *testing.F) {
	for _, evs := range [][]trace.Event{traces.Session(1), traces.Loop(20, 3, 1), traces.Random(5, 2)} {
		for i := range evs {
			f.Add(string(trace.AppendText(nil, &evs[i])))
		}
	}
	f.Add(`1.5 1 Name complete text="\x00\u202e" raw.dur=0x1 # comment`)
	f.Fuzz(func(t *testing.T, line string) {
		e, err := trace.ParseText(line)
		if err != nil {
			return
		}
		out := trace.AppendText(nil, &e)
		for _, c := range out {
			if c < ' ' || c > '~' {
				t.Fatalf("%q leaves the writer", c)
			}
		}
		back, err := trace.ParseText(string(out))
		if err != nil || back != e {
			t.Fatalf("%s: %v\n got %+v\nwant %+v", out, err, back, e)
		}
		_ = trace.Validate([]trace.Event{e, back})
	})
}

func BenchmarkAppendText(b *testing.B) {
	evs := traces.Loop(1024, 64, 1)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = buf[:0]
		for i := range evs {
			buf = trace.AppendText(buf, &evs[i])
		}
	}
	b.ReportMetric(float64(len(evs))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mev/s")
}

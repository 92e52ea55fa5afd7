package record

import (
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

func decodeBlock(b []byte, n, step int) ([]trace.Event, error) {
	d := newBlockDecoder()
	if err := d.load(b, n); err != nil {
		return nil, err
	}
	out := make([]trace.Event, n)
	for at := 0; at < n; {
		k, err := d.next(out[at:min(n, at+step)])
		if err != nil {
			return nil, err
		}
		at += k
	}
	return out, nil
}

func TestBlockRoundTrip(t *testing.T) {
	mixed := append(traces.Loop(5000, 50, 1), traces.Random(500, 3)...)
	many := traces.Loop(3000, 50, 2)
	for i := range many { // more than 256 templates
		many[i].Stream = uint32(i % 97)
	}
	for name, evs := range map[string][]trace.Event{
		"none": {}, "one": traces.Loop(1, 1, 1), "loop": traces.Loop(70000/2, 64, 1), "random": traces.Random(2000, 1), "mixed": mixed, "streams": many,
	} {
		enc := newBlockEncoder()
		for range 2 { // the second time with used buffers
			b, _ := enc.encode(nil, evs)
			for _, step := range []int{1, 100, 1 << 20} {
				got, err := decodeBlock(b, len(evs), step)
				if err != nil {
					t.Fatalf("%s, step %d: %v", name, step, err)
				}
				for i := range evs {
					if got[i] != evs[i] {
						t.Fatalf("%s, step %d, event %d:\n got %+v\nwant %+v", name, step, i, got[i], evs[i])
					}
				}
			}
		}
	}
}

func BenchmarkBlockDecode(b *testing.B) {
	evs := traces.Loop(chunkEvents, 64, 1)
	blk, raw := newBlockEncoder().encode(nil, evs)
	d := newBlockDecoder()
	out := make([]trace.Event, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if err := d.load(blk, len(evs)); err != nil {
			b.Fatal(err)
		}
		for d.left() > 0 {
			d.next(out)
		}
	}
	b.ReportMetric(float64(len(evs))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mev/s")
	b.ReportMetric(float64(len(blk))/float64(len(evs)), "B/event")
	b.ReportMetric(float64(raw)/float64(len(evs)), "rawB/event")
}

func BenchmarkBlockEncode(b *testing.B) {
	evs := traces.Loop(chunkEvents, 64, 1)
	enc := newBlockEncoder()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = enc.encode(dst[:0], evs)
	}
	b.ReportMetric(float64(len(evs))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mev/s")
}

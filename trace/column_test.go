package trace

import (
	"math/rand/v2"
	"testing"
)

// loopEvents makes what an epoll echo server emits: n events of one loop over conns connections, with jittered times.
func loopEvents(n, conns int, seed uint64) []Event {
	r := rand.New(rand.NewPCG(seed, 1))
	evs := make([]Event, 0, n+16)
	now, seq := int64(1_000_000_000), uint32(0)
	jit := func(base, spread int64) int64 { return base + int64(r.ExpFloat64()*float64(spread)) }
	put := func(e Event) {
		seq++
		e.Time, e.Seq, e.Stream = now, seq, 1
		evs = append(evs, e)
	}
	for len(evs) < n {
		put(Event{Kind: Wait, Phase: PhaseEnter, Inst: 4, A: 250e6, B: 250e6, Gen: uint32(conns) + 2, Aux: CallEpollWait | 128<<8})
		t0 := now
		now += jit(2000, 6000)
		k := 1 + r.IntN(3)
		put(Event{Kind: Wait, Phase: PhaseExit, Inst: 4, A: 250e6, B: 250e6, Gen: uint32(conns) + 2, Aux: CallEpollWait | 128<<8, Mask: uint32(k), Dur: now - t0})
		fds := make([]int32, k)
		for i := range fds {
			fds[i] = int32(7 + r.IntN(conns))
			put(Event{Kind: Ready, Inst: 4, FD: fds[i], Gen: 1, Mask: 1, A: int64(fds[i]) | 1<<32})
		}
		for _, fd := range fds {
			now += jit(60, 40)
			d := jit(700, 900)
			now += d
			size := int64(64)
			if r.IntN(8) == 0 {
				size = int64(1 + r.IntN(4000))
			}
			put(Event{Kind: Read, FD: fd, Gen: 1, Aux: CallRead, A: 4096, B: size, Dur: d})
			now += jit(60, 40)
			d = jit(2500, 2000)
			now += d
			put(Event{Kind: Write, FD: fd, Gen: 1, Aux: CallWrite, A: size, B: size, Inst: 1, Dur: d})
		}
	}
	return evs[:n]
}

// randomEvents fills every slot with anything at all.
func randomEvents(n int, seed uint64) []Event {
	r := rand.New(rand.NewPCG(seed, 2))
	num := func() uint64 { return r.Uint64() >> r.UintN(65) }
	evs := make([]Event, n)
	for i := range evs {
		evs[i] = Event{Time: int64(num()), Dur: int64(num()), A: -int64(num()), B: int64(num()), Seq: uint32(num()), Stream: uint32(num()),
			FD: int32(num()), Gen: uint32(num()), Inst: uint32(num()), Mask: uint32(num()), Aux: uint32(num()), Errno: uint16(num()),
			Kind: Kind(num()), Phase: Phase(num())}
	}
	return evs
}

func decodeBlock(b []byte, n, step int) ([]Event, error) {
	d := newBlockDecoder()
	if err := d.load(b, n); err != nil {
		return nil, err
	}
	out := make([]Event, n)
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
	mixed := append(loopEvents(5000, 50, 1), randomEvents(500, 3)...)
	many := loopEvents(3000, 50, 2)
	for i := range many { // more than 256 templates
		many[i].Stream = uint32(i % 97)
	}
	for name, evs := range map[string][]Event{
		"none": {}, "one": loopEvents(1, 1, 1), "loop": loopEvents(70000/2, 64, 1), "random": randomEvents(2000, 1), "mixed": mixed, "streams": many,
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
	evs := loopEvents(chunkEvents, 64, 1)
	blk, raw := newBlockEncoder().encode(nil, evs)
	d := newBlockDecoder()
	out := make([]Event, 1024)
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
	evs := loopEvents(chunkEvents, 64, 1)
	enc := newBlockEncoder()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = enc.encode(dst[:0], evs)
	}
	b.ReportMetric(float64(len(evs))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mev/s")
}

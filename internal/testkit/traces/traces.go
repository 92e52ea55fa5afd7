// Package traces makes events for tests: what a loop emits, and what nobody would.
package traces

import (
	"math/rand/v2"

	"evviz/trace"
)

// Loop makes what an epoll echo server emits: n events of one loop over conns connections, with jittered times.
func Loop(n, conns int, seed uint64) []trace.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	evs := make([]trace.Event, 0, n+16)
	now, seq := int64(1_000_000_000), uint32(0)
	jit := func(base, spread int64) int64 { return base + int64(r.ExpFloat64()*float64(spread)) }
	put := func(e trace.Event) {
		seq++
		e.Time, e.Seq, e.Stream = now, seq, 1
		evs = append(evs, e)
	}
	for len(evs) < n {
		put(trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: 4, A: 250e6, B: 250e6, Gen: uint32(conns) + 2, Aux: trace.WaitAux(trace.CallEpollWait, 128)})
		t0 := now
		now += jit(2000, 6000)
		k := 1 + r.IntN(3)
		put(trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: 4, A: 250e6, B: 250e6, Gen: uint32(conns) + 2, Aux: trace.WaitAux(trace.CallEpollWait, 128), Mask: uint32(k), Dur: now - t0})
		fds := make([]int32, k)
		for i := range fds {
			fds[i] = int32(7 + r.IntN(conns))
			put(trace.Event{Kind: trace.Ready, Inst: 4, FD: fds[i], Gen: 1, Mask: 1, A: int64(fds[i]) | 1<<32})
		}
		for _, fd := range fds {
			now += jit(60, 40)
			d := jit(700, 900)
			now += d
			size := int64(64)
			if r.IntN(8) == 0 {
				size = int64(1 + r.IntN(4000))
			}
			put(trace.Event{Kind: trace.Read, FD: fd, Gen: 1, Aux: trace.CallRead, A: 4096, B: size, Dur: d})
			now += jit(60, 40)
			d = jit(2500, 2000)
			now += d
			put(trace.Event{Kind: trace.Write, FD: fd, Gen: 1, Aux: trace.CallWrite, A: size, B: size, Inst: 1, Dur: d})
		}
	}
	return evs[:n]
}

// Random fills every slot with anything at all.
func Random(n int, seed uint64) []trace.Event {
	r := rand.New(rand.NewPCG(seed, 2))
	num := func() uint64 { return r.Uint64() >> r.UintN(65) }
	evs := make([]trace.Event, n)
	for i := range evs {
		evs[i] = trace.Event{Time: int64(num()), Dur: int64(num()), A: -int64(num()), B: int64(num()), Seq: uint32(num()), Stream: uint32(num()),
			FD: int32(num()), Gen: uint32(num()), Inst: uint32(num()), Mask: uint32(num()), Aux: uint32(num()), Errno: uint16(num()),
			Kind: trace.Kind(num()), Phase: trace.Phase(num())}
	}
	return evs
}

// Session is a run in which descriptors are opened, registered and named: what a chunk has to tell again.
func Session(n int) []trace.Event {
	var evs []trace.Event
	seq := uint32(0)
	now := int64(1e9)
	put := func(e trace.Event) {
		seq++
		now += 1000
		e.Seq, e.Stream, e.Time = seq, 1, now
		evs = append(evs, e)
	}
	name := func(id uint32, s string) { trace.NamePieces(id, s, put) }
	put(trace.Event{Kind: trace.Sync, A: 1.6e18})
	name(1, "loop")
	put(trace.Event{Kind: trace.Thread, A: 100, B: 101, Gen: 100, Mask: trace.RoleLoop, Aux: 1})
	put(trace.Event{Kind: trace.Mode, Aux: trace.ModeAux(trace.DriverEpoll, trace.TriggerLevel, trace.CauseStart)})
	put(trace.Event{Kind: trace.Instance, FD: 3, Inst: trace.EpollInstance(3), Mask: 0x80000})
	for i := range n {
		fd := int32(7 + i%5)
		id := uint32(2 + i)
		name(id, "127.0.0.1:"+string(rune('a'+i%26)))
		put(trace.Event{Kind: trace.Open, FD: fd, Gen: uint32(i + 1), Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: int64(id), Mask: 0x800})
		put(trace.Event{Kind: trace.Register, Inst: trace.EpollInstance(3), FD: fd, Gen: uint32(i + 1), Mask: 1, A: int64(fd)})
		put(trace.Event{Kind: trace.Read, FD: fd, Gen: uint32(i + 1), A: 100, B: int64(i % 100), Aux: trace.CallRead})
		if i%5 == 4 { // two of five stay open for a while longer
			for k := range 3 {
				put(trace.Event{Kind: trace.Close, FD: int32(7 + k), Gen: uint32(i - 3 + k), Aux: trace.CloseEOF})
			}
			for k := 3; k < 5; k++ {
				put(trace.Event{Kind: trace.Deregister, Inst: trace.EpollInstance(3), FD: int32(7 + k), Gen: uint32(i - 3 + k)})
				put(trace.Event{Kind: trace.Close, FD: int32(7 + k), Gen: uint32(i - 3 + k)})
			}
		}
	}
	return evs
}

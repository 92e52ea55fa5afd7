package traces

import "evviz/trace"

// Stranded is an edge-triggered loop that reads 1 KiB of 64 on fd 7 and goes on with fd 8, for 6.5 s.
func Stranded() (evs []trace.Event) {
	const ms, in = 1_000_000, 1
	add := func(at int64, e trace.Event) {
		e.Time, e.Stream, e.Seq = at*ms, max(e.Stream, 1), uint32(len(evs)+1)
		evs = append(evs, e)
	}
	add(1, trace.Event{Kind: trace.Thread, A: 1, B: 1, Mask: trace.RoleLoop})
	for _, fd := range []int32{7, 8} {
		add(1, trace.Event{Kind: trace.Open, FD: fd, Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept)})
		add(1, trace.Event{Kind: trace.Register, Inst: 4, FD: fd, Mask: in | 1<<31, A: int64(fd)})
	}
	message := func(at int64, fd int32, n, read int64) {
		add(at, trace.Event{Kind: trace.Arrive, Stream: 2, FD: fd, Mask: in, B: n + 1})
		add(at, trace.Event{Kind: trace.Wait, Phase: trace.PhaseComplete, Inst: 4, FD: -1, B: -1, Mask: 1})
		add(at, trace.Event{Kind: trace.Ready, Inst: 4, FD: fd, Mask: in, A: int64(fd)})
		add(at+1, trace.Event{Kind: trace.Read, Phase: trace.PhaseComplete, FD: fd, A: 1024, B: read})
		add(at+2, trace.Event{Kind: trace.Call, FD: fd, Aux: trace.HandlerConn, Dur: 2 * ms})
	}
	message(100, 7, 64<<10, 1024)
	for at := int64(200); at < 6590; at += 10 {
		message(at, 8, 64, 64)
	}
	add(6600, trace.Event{Kind: trace.Wait, Phase: trace.PhaseComplete, Inst: 4, FD: -1, B: 1000 * ms, Dur: 8 * ms})
	return evs
}

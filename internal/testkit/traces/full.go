package traces

import "evviz/trace"

// Full writes out what Repeats count, for a test that counts events. Their numbers are those of the iteration that is repeated.
type Full struct{ recent map[uint32][]trace.Event }

// Add appends events to out.
func (f *Full) Add(out, evs []trace.Event) []trace.Event {
	if f.recent == nil {
		f.recent = map[uint32][]trace.Event{}
	}
	for i := range evs {
		e := &evs[i]
		if e.Kind != trace.Repeat {
			out = append(out, *e)
			f.recent[e.Stream] = append(f.recent[e.Stream], *e)
			if r := f.recent[e.Stream]; len(r) > 4*trace.MaxRepeated {
				f.recent[e.Stream] = append(r[:0], r[len(r)-trace.MaxRepeated:]...)
			}
			continue
		}
		r := trace.RepeatOf(e)
		it := f.recent[e.Stream]
		it = it[len(it)-r.Of:]
		for n := range r.N {
			end := e.Time - r.Span*(r.N-1-n)/r.N
			for _, x := range it {
				x.Time = max(end-(it[r.Of-1].Time-x.Time), e.Start())
				out = append(out, x)
			}
		}
	}
	return out
}

package trace

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// emitted has the events of several streams as they were emitted, in one order.
func emitted(seed uint64, streams int) []Event {
	rnd := rand.New(rand.NewPCG(seed, 3))
	var all []Event
	for n := range streams {
		r := NewRing(uint32(n+1), 1<<18)
		s := &spinner{r: r, plain: true, at: 1e9 + rnd.Int64N(1000)}
		for range 30 {
			fds, got := rnd.IntN(4), int64(rnd.IntN(3)-1)
			for range rnd.IntN(300) {
				s.iteration(fds, got)
				switch rnd.IntN(200) {
				case 0:
					s.at += 3e6
				case 1:
					s.emit(TimerFire, Event{Mask: 1})
				}
			}
		}
		r.Close()
		all = append(all, taken(r, nil)...)
	}
	slices.SortStableFunc(all, func(a, b Event) int { return int(a.Time - b.Time) })
	return all
}

// TestFolder: what is counted and what is written make up what came, in order, stream by stream.
func TestFolder(t *testing.T) {
	for seed := range uint64(30) {
		streams := 1 + int(seed%3)
		rnd := rand.New(rand.NewPCG(seed, 9))
		var in []Event
		for _, e := range emitted(seed, streams) {
			if e.Kind == Repeat {
				t.Fatal("a ring that was not told of turns has counted")
			}
			in = append(in, e)
		}
		var f Folder
		var out []Event
		buf := make([]Event, 64)
		for i := range in {
			f.Add(&in[i])
			if rnd.IntN(10) != 0 {
				continue
			}
			for {
				n := f.Take(buf, false)
				if n == 0 {
					break
				}
				out = append(out, buf[:n]...)
			}
			if len(f.q) > 0 && in[i].Time-f.q[0].e.Time > repeatAge {
				t.Fatalf("seed %d: held back for %d ns", seed, in[i].Time-f.q[0].e.Time)
			}
		}
		for {
			n := f.Take(buf, true)
			if n == 0 {
				break
			}
			out = append(out, buf[:n]...)
		}
		if err := Validate(out); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		repeats := 0
		for n := range streams {
			of := func(evs []Event) (list []Event) {
				for _, e := range evs {
					if e.Stream == uint32(n+1) {
						list = append(list, e)
					}
				}
				return list
			}
			all, times := expanded(t, of(out))
			equal(t, all, of(in))
			repeats += int(times)
		}
		if repeats == 0 {
			t.Errorf("seed %d: nothing was counted", seed)
		}
	}
}

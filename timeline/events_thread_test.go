package timeline

import (
	"math/rand/v2"
	"testing"

	"evviz/trace"
)

// TestEventsOfAThread: the next event of a thread, and the one before, are those that looking at every event finds: with threads of which
// little is heard, with blocks that were dropped, and in the block that is being filled.
func TestEventsOfAThread(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, total := range []int{0, 1, blockEvents - 1, blockEvents, blockEvents + 1, 7*blockEvents + 100} {
		s := eventStore{max: 4 * blockEvents}
		for i := range total {
			stream := uint32(rng.IntN(6))
			switch {
			case stream == 5 && rng.IntN(100) > 0: // a quiet one
				stream = 1
			case i/blockEvents == 5:
				stream = 2 // nobody else for a whole block
			}
			s.add(&trace.Event{Stream: stream, Time: int64(i)})
		}
		v := s.view()
		for stream := range uint32(8) {
			next, prev := int64(-1), int64(-1)
			for i := v.first - 3; i < v.end+3; i++ {
				if inside := i >= v.first && i < v.end; inside && v.events(int((i - v.first) / blockEvents))[(i-v.first)%blockEvents].Stream == stream {
					prev = i
				}
				if got := v.prev(stream, i); got != prev {
					t.Fatalf("%d events: the last of stream %d up to %d is %d, want %d", total, stream, i, got, prev)
				}
			}
			for i := v.end + 2; i >= v.first-3; i-- {
				if inside := i >= v.first && i < v.end; inside && v.events(int((i - v.first) / blockEvents))[(i-v.first)%blockEvents].Stream == stream {
					next = i
				}
				if got := v.next(stream, i); got != next {
					t.Fatalf("%d events: the first of stream %d from %d on is %d, want %d", total, stream, i, got, next)
				}
			}
		}
	}
}

// TestTurnsBesideABusyThread: between two turns of a thread may lie any number of another one's events; they are in none of its turns, and
// the index leads past them.
func TestTurnsBesideABusyThread(t *testing.T) {
	tl := New(Options{Info: trace.Info{Timed: true, Kinds: trace.AllKinds()}})
	var evs []trace.Event
	at := int64(1e9)
	put := func(stream uint32, e trace.Event) {
		at += 1000
		e.Stream, e.Time = stream, at
		evs = append(evs, e)
	}
	const turns = 200
	for range turns {
		put(7, trace.Event{Kind: trace.Wait, Aux: trace.CallEpollWait, A: -1, B: -1, Mask: 1, Dur: 500})
		put(7, trace.Event{Kind: trace.Read, FD: 9, A: 100, B: 10})
		for range 500 {
			put(8, trace.Event{Kind: trace.Read, FD: 10, A: 100, B: 10})
		}
	}
	tl.Add(evs)
	s := tl.Snapshot(at)
	u, ok := s.TurnAt(7, 0)
	if !ok {
		t.Fatal("no turn")
	}
	n := 1
	for next, ok := s.NextTurn(&u); ok; next, ok = s.NextTurn(&next) {
		n++
		if len(next.Items) != 1 {
			t.Fatalf("turn %d has %d items", n, len(next.Items))
		}
	}
	if n != turns {
		t.Errorf("%d turns, want %d", n, turns)
	}
	for _, b := range s.events.blocks[:len(s.events.blocks)-1] {
		if got := len(b.of(7)); got == 0 || got > 4 {
			t.Errorf("a block of %d events has %d of the quiet thread", len(b.e), got)
		}
	}
}

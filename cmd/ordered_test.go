package cmd

import (
	"context"
	"io"
	"testing"

	"evviz/trace"
)

// slice is a source of given events.
type slice struct {
	evs []trace.Event
	at  int
}

func (s *slice) Info() trace.Info { return trace.Info{} }
func (s *slice) Close() error     { return nil }
func (s *slice) Read(_ context.Context, buf []trace.Event) (int, error) {
	n := copy(buf, s.evs[s.at:])
	if s.at += n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestInOrder: what came in late stands where it belongs, the events of a stream keep their order, and all are there.
func TestInOrder(t *testing.T) {
	var evs []trace.Event
	for i := range 1000 {
		evs = append(evs, trace.Event{Time: int64(i / 2), Seq: uint32(i + 1), Stream: 1, Kind: trace.Round})
	}
	for i := range 500 { // a whole stream that was held up
		evs = append(evs, trace.Event{Time: int64(i), Seq: uint32(i + 1), Stream: 2, Kind: trace.Step, Phase: trace.PhaseLate})
	}
	src, err := inOrder(&slice{evs: evs})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]trace.Event, 77)
	var last int64
	seq := map[uint32]uint32{}
	n := 0
	for {
		k, err := src.Read(context.Background(), buf)
		for _, e := range buf[:k] {
			if e.Time < last || e.Seq != seq[e.Stream]+1 || e.Phase.IsLate() {
				t.Fatalf("out of order: %+v after time %d, number %d", e, last, seq[e.Stream])
			}
			last, seq[e.Stream] = e.Time, e.Seq
			n++
		}
		if err == io.EOF {
			break
		}
	}
	if n != 1500 {
		t.Errorf("%d events of 1500", n)
	}
}

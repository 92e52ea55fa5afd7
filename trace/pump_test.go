package trace

import (
	"bytes"
	"context"
	"testing"
)

// TestPumpTellsLoss: what a far ring lost is lost here too, with the numbers that its Lost explains, and none is lost twice.
func TestPumpTellsLoss(t *testing.T) {
	far := NewRing(1, 64)
	m := NewMerge(Info{}, far)
	for i := range 200 { // 136 do not fit
		far.Next(Round, int64(1000+i))
	}
	far.Publish(1200)
	far.Close()
	var wire bytes.Buffer
	drainTo(t, m, func(evs []Event) { WriteRaw(&wire, evs) })

	near := NewRing(7, 1<<10)
	if err := Pump(context.Background(), NewRawSource(&nopCloser{&wire}, Info{}), near); err != nil {
		t.Fatal(err)
	}
	var got []Event
	drainTo(t, NewMerge(Info{}, near), func(evs []Event) { got = append(got, evs...) })
	if err := Validate(got); err != nil {
		t.Error(err)
	}
	var lost, rounds int64
	for i := range got {
		switch got[i].Kind {
		case Lost:
			lost += got[i].A
		case Round:
			rounds++
		}
	}
	if lost+rounds != 200 || lost == 0 {
		t.Errorf("%d arrived and %d are said to be lost of 200", rounds, lost)
	}
}

type nopCloser struct{ *bytes.Buffer }

func (nopCloser) Close() error { return nil }

func drainTo(t *testing.T, s Source, f func([]Event)) {
	t.Helper()
	buf := make([]Event, 512)
	for {
		n, err := s.Read(context.Background(), buf)
		f(buf[:n])
		if err != nil {
			return
		}
	}
}

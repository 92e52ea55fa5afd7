package timeline

import (
	"context"
	"testing"

	"evviz/trace"
)

// lively is a live source that yields one event and then nothing until ctx ends.
type lively struct {
	e    trace.Event
	read chan struct{}
	now  int64
}

func (l *lively) Present() int64 { return l.now }

func (l *lively) Info() trace.Info {
	return trace.Info{Live: true, Timed: true, Kinds: trace.AllKinds()}
}
func (l *lively) Close() error { return nil }
func (l *lively) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if l.e.Kind != 0 {
		buf[0], l.e = l.e, trace.Event{}
		return 1, nil
	}
	close(l.read)
	<-ctx.Done()
	return 0, ctx.Err()
}

// TestSnapshotAt: feeds of live sources are cut where the caller says, and stay at their newest event when they have ended.
func TestSnapshotAt(t *testing.T) {
	const at, present = 1e18, 1e18 + 8e9 // a clock that no machine's agrees with
	src := &lively{trace.Event{Kind: trace.Start, Stream: 1, Seq: 1, Time: at, A: 1}, make(chan struct{}), present}
	f := NewFeed(src, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	<-src.read
	if now := f.SnapshotAt(at + 5e9).Now; now != at+5e9 {
		t.Errorf("cut %d ns after the event, want 5 s", now-at)
	}
	if now := f.Snapshot().Now; now != present || f.Present() != present {
		t.Errorf("the present is %d ns after the event, want the source's own", now-at)
	}
	if now := f.SnapshotAt(present + 5e9).Now; now != present {
		t.Errorf("cut %d ns after the source's present", now-present)
	}
	if now := f.SnapshotAt(at - 1).Now; now != at {
		t.Errorf("cut %d ns after the event, want at the event: a snapshot does not end before it", now-at)
	}
	cancel()
	<-done
	if now := f.SnapshotAt(at + 5e9).Now; now != at {
		t.Errorf("ended, and yet %d ns after the event", now-at)
	}
}

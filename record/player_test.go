package record

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"evviz/trace"
)

// listSource is a seekable Source over a slice.
type listSource struct {
	evs []trace.Event
	at  int
}

func (l *listSource) Info() trace.Info { return trace.Info{Timed: true, Kinds: trace.AllKinds()} }
func (l *listSource) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if l.at == len(l.evs) {
		return 0, io.EOF
	}
	n := copy(buf, l.evs[l.at:])
	l.at += n
	return n, nil
}
func (l *listSource) Close() error           { return nil }
func (l *listSource) Bounds() (int64, int64) { return l.evs[0].Time, l.evs[len(l.evs)-1].Time }
func (l *listSource) SeekTime(t int64) error {
	l.at = 0
	for l.at < len(l.evs) && l.evs[l.at].Time < t {
		l.at++
	}
	return nil
}

// every makes n events at the given distance.
func every(n int, d time.Duration) *listSource {
	l := &listSource{}
	for i := range n {
		l.evs = append(l.evs, trace.Event{Kind: trace.Bookmark, Stream: 1, Seq: uint32(i + 1), Time: 1e9 + int64(i)*int64(d)})
	}
	return l
}

// played is what a Player handed on, with the moment.
type played struct {
	seq uint32
	at  time.Time
	err error
}

func play(t *testing.T, p *Player) <-chan played {
	out := make(chan played, 4096)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]trace.Event, 16)
		for {
			n, err := p.Read(context.Background(), buf)
			for _, e := range buf[:n] {
				out <- played{seq: e.Seq, at: time.Now()}
			}
			if err != nil {
				out <- played{err: err}
				if !errors.Is(err, trace.ErrRewound) {
					return
				}
			}
		}
	}()
	t.Cleanup(func() { p.Close(); <-done })
	return out
}

// take waits for one thing that is handed on.
func take(t *testing.T, c <-chan played) played {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(5 * time.Second):
		t.Fatal("nothing was handed on")
		panic("unreachable")
	}
}

// quiet requires that nothing is handed on for a while.
func quiet(t *testing.T, c <-chan played) {
	t.Helper()
	select {
	case v := <-c:
		t.Fatalf("handed on %+v", v)
	case <-time.After(60 * time.Millisecond):
	}
}

// A reader that is busy with one event has not seen the next: the position waits for it, else spans that the next event ends would
// be drawn beyond it.
func TestPlayerPositionWaitsForReader(t *testing.T) {
	p := NewPlayer(every(3, time.Millisecond))
	t.Cleanup(func() { p.Close() })
	p.SetSpeed(100)
	buf := make([]trace.Event, 1)
	for i := range int64(3) {
		if n, err := p.Read(t.Context(), buf); n != 1 || err != nil {
			t.Fatalf("read %d: %d, %v", i, n, err)
		}
		for began := time.Now(); time.Since(began) < time.Millisecond; { // a tenth of a second of the trace
		}
		if pos := p.Position(); pos > 1e9+i*1e6 {
			t.Errorf("event %d is in the reader's hands, and the position is %d ns after it", i, pos-1e9-i*1e6)
		}
	}
}

func TestPlayerPace(t *testing.T) {
	p := NewPlayer(every(6, 40*time.Millisecond))
	p.SetSpeed(2)
	c := play(t, p)
	begin := take(t, c)
	var last played
	for range 5 {
		last = take(t, c)
	}
	if d := last.at.Sub(begin.at); d < 90*time.Millisecond { // how much longer is the machine's affair
		t.Errorf("200 ms at double speed took %v", d)
	}
	quiet(t, c)
	if !p.AtEnd() || p.Position() != 1e9+200e6 {
		t.Errorf("at the end: AtEnd %v, position %d", p.AtEnd(), p.Position())
	}
}

func TestPlayerPauseStepSeek(t *testing.T) {
	p := NewPlayer(every(1000, 10*time.Second))
	p.Pause(true)
	c := play(t, p)
	if v := take(t, c); v.seq != 1 {
		t.Fatalf("first event is %+v", v)
	}
	quiet(t, c)
	p.Step(2)
	if a, b := take(t, c), take(t, c); a.seq != 2 || b.seq != 3 {
		t.Fatalf("stepped %+v %+v", a, b)
	}
	quiet(t, c)
	if pos := p.Position(); pos != 1e9+20e9 {
		t.Errorf("position after steps: %d", pos)
	}

	// Forwards: all of it up to the goal, at once.
	if err := p.SeekTime(1e9 + 100e9); err != nil {
		t.Fatal(err)
	}
	for want := uint32(4); want <= 11; want++ {
		if v := take(t, c); v.seq != want {
			t.Fatalf("seek forwards: %+v, want %d", v, want)
		}
	}
	quiet(t, c)

	// Backwards: once ErrRewound, then from the beginning.
	if err := p.SeekTime(1e9 + 25e9); err != nil {
		t.Fatal(err)
	}
	if v := take(t, c); !errors.Is(v.err, trace.ErrRewound) {
		t.Fatalf("seek backwards: %+v, want ErrRewound", v)
	}
	for want := uint32(1); want <= 3; want++ {
		if v := take(t, c); v.seq != want {
			t.Fatalf("after rewinding: %+v, want %d", v, want)
		}
	}
	quiet(t, c)
	if pos := p.Position(); pos != 1e9+25e9 {
		t.Errorf("position after seeking: %d", pos)
	}

	// The clock runs in the gap; at full speed ten seconds pass in 100 ms.
	p.SetSpeed(1000)
	if p.Speed() != MaxSpeed {
		t.Errorf("speed %v", p.Speed())
	}
	p.Pause(false)
	begin := time.Now()
	time.Sleep(20 * time.Millisecond)
	if pos := p.Position(); pos <= 1e9+25e9 {
		t.Errorf("position does not advance in a gap")
	}
	if v := take(t, c); v.seq != 4 || time.Since(begin) > 9*time.Second { // at its own speed the gap takes ten
		t.Errorf("%+v after %v", v, time.Since(begin))
	}

	// To the end and back again.
	p.SeekTime(math.MaxInt64)
	for v := take(t, c); v.seq != 1000; v = take(t, c) {
	}
	quiet(t, c)
	if !p.AtEnd() {
		t.Error("not at the end")
	}
	p.Pause(true)
	p.SeekTime(0)
	if v := take(t, c); !errors.Is(v.err, trace.ErrRewound) {
		t.Fatalf("from the end: %+v", v)
	}
	if v := take(t, c); v.seq != 1 || p.AtEnd() {
		t.Fatalf("from the end: %+v", v)
	}
	p.Close()
	if v := take(t, c); v.err != io.EOF {
		t.Fatalf("closed: %+v", v)
	}
}

func TestPlayerContext(t *testing.T) {
	p := NewPlayer(every(2, time.Hour))
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	buf := make([]trace.Event, 4)
	if n, err := p.Read(ctx, buf); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := p.Read(ctx, buf); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(n, err)
	}
}

// TestPlayerSeekAtTheEnd: a seek to where the player stands at the end has nothing to hand on, and one back is never missed,
// however close it comes to the reader's going to wait.
func TestPlayerSeekAtTheEnd(t *testing.T) {
	src := every(50, time.Millisecond)
	p := NewPlayer(src)
	defer p.Close()
	_, last := p.Bounds()
	rewound, atEnd := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(atEnd)
		buf := make([]trace.Event, 64)
		for {
			_, err := p.Read(context.Background(), buf)
			switch {
			case errors.Is(err, trace.ErrRewound):
				rewound <- struct{}{}
			case err != nil:
				return
			}
		}
	}()
	p.SeekTime(last)
	for i := range 3000 {
		for !p.AtEnd() {
		}
		if i%100 == 0 {
			p.SeekTime(last)
			if p.Seeking() {
				t.Fatal("a seek to where it stands has no end")
			}
		}
		p.SeekTime(last - int64(time.Millisecond))
		p.SeekTime(last)
		select {
		case <-rewound:
		case <-time.After(10 * time.Second):
			t.Fatalf("seek %d was not heard", i)
		}
	}
	p.Close()
	<-atEnd
}

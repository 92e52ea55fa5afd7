package record

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"evviz/internal/testkit/traces"
	"evviz/trace"
	"evviz/world"
)

// From whatever chunk reading begins, it tells the world as it was there and then exactly what was recorded.
func TestFileJump(t *testing.T) {
	evs := traces.Session(500)
	const per = 300
	f := mustOpen(t, writeFile(t, evs, per))
	for c := range f.Chunks() {
		if err := f.Jump(trace.Point{Chunk: c}); err != nil {
			t.Fatal(err)
		}
		known := world.NewTracker()
		for i := range evs[:c*per] {
			known.Add(&evs[i])
		}
		told := known.Restate(evs[c*per].Time)
		got := readAll(t, f)
		sameEvents(t, got[:len(told)], told)
		sameEvents(t, got[len(told):], evs[c*per:])
		if err := trace.Validate(got); err != nil {
			t.Error(err)
		}
	}
}

// A jump to behind a damaged chunk does not tell of a loss that lies before its beginning; reading over it does.
func TestFileJumpOverDamage(t *testing.T) {
	evs := traces.Session(300)
	path := writeFile(t, evs, 250)
	whole := mustOpen(t, path)
	at, end := offsets(whole)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "cut.evt")
	os.WriteFile(p, append(b[:at[2]:at[2]], b[at[3]:end]...), 0o600)
	f := mustOpen(t, p)
	for chunk, lost := range map[int]int{0: 1, 1: 1, 2: 0, 3: 0} {
		if err := f.Jump(trace.Point{Chunk: chunk}); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range readAll(t, f) {
			if e.Kind == trace.Lost {
				n++
			}
		}
		if n != lost {
			t.Errorf("from chunk %d: %d losses, want %d", chunk, n, lost)
		}
	}
}

// A starting point is never behind the goal, as near to the lookback as chunks allow, and not too far in events.
func TestFilePointBefore(t *testing.T) {
	evs := traces.Loop(20_000, 9, 3)
	const per = 500
	f := mustOpen(t, writeFile(t, evs, per))
	first, last := f.Bounds()
	r := rand.New(rand.NewPCG(5, 6))
	buf := make([]trace.Event, 64)
	for range 1000 {
		goal := first + r.Int64N(last-first+1)
		look := r.Int64N((last - first) / 4)
		most := int64(per + r.IntN(5000))
		p := f.PointBefore(goal, look, most)
		c := &f.refs[p.Chunk]
		if p.Time < c.first || p.Time > c.last || p.Inside != (p.Time > c.first) || p.Time > goal {
			t.Fatalf("%+v for %d", p, goal)
		}
		k, from := 0, 0
		for k < len(evs) && evs[k].Time < goal {
			if evs[k].Time < p.Time {
				from++
			}
			k++
		}
		if got := f.EventsBefore(goal) - int64(k); got > per || got < -per {
			t.Fatalf("%d events before, counted %d", f.EventsBefore(goal), k)
		}
		if got := p.Before - int64(from); got > per || got < -per {
			t.Fatalf("%d events before the point, counted %d", p.Before, from)
		}
		if n := int64(k - from); n > most+per {
			t.Fatalf("%d events before the goal, want %d at most", n, most)
		} else if n += per + chunkCost*int64(k/per-p.Chunk+2); goal-p.Time < look && from > 0 && evs[from-1].Time >= goal-look && n <= most-per {
			t.Fatalf("it looks back %d ns, want %d, and has room for %d more events", goal-p.Time, look, most-n)
		}
		if !p.Whole() && goal-p.Time > look+(c.last-c.first)/per {
			t.Fatalf("it begins %d ns before, want %d", goal-p.Time, look)
		}
		if err := f.Jump(p); err != nil {
			t.Fatal(err)
		}
		n, err := f.Read(context.Background(), buf)
		for err == nil && n > 0 && buf[n-1].Seq == 0 {
			n, err = f.Read(context.Background(), buf)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range buf[:n] {
			if e := &buf[i]; e.Seq != 0 {
				if e.Time != evs[from].Time { // several may share the moment, on both sides of a chunk's end
					t.Fatalf("it goes on with %s, want %s", trace.AppendText(nil, e), trace.AppendText(nil, &evs[from]))
				}
				break
			}
		}
	}
}

// However it is sought, a player hands on a world and then, without a hole, what follows it, up to its goal and no further.
func TestPlayerSeeks(t *testing.T) {
	evs := traces.Session(4000)
	const per = 200
	index := map[uint32]int{}
	for i := range evs {
		index[evs[i].Seq] = i
	}
	f := mustOpen(t, writeFile(t, evs, per))
	p := NewPlayer(f)
	p.jump, p.most = f, 1000
	p.Pause(true)
	first, last := p.Bounds()
	r := rand.New(rand.NewPCG(1, 2))
	buf := make([]trace.Event, 333)
	next, jumps := -1, 0 // the event that has to come; -1 any may, after a world
	read := func(goal int64) {
		t.Helper()
		full := false
		for p.Seeking() {
			limit := 30 * time.Second
			if full {
				limit = time.Millisecond
			}
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			n, err := p.Read(ctx, buf)
			cancel()
			if errors.Is(err, trace.ErrRewound) {
				next = -1
				if b := p.Begins(); b > first {
					jumps++
					if goal-b > 0 && goal < b {
						t.Fatalf("begins %d ns behind the goal", b-goal)
					}
				} else {
					next = 0
				}
				continue
			}
			if full && errors.Is(err, context.DeadlineExceeded) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range buf[:n] {
				if e.Seq == 0 {
					if next >= 0 {
						t.Fatal("a world where nothing begins")
					}
					continue
				}
				i := index[e.Seq]
				if next >= 0 && i != next {
					t.Fatalf("event %d, want %d", i, next)
				}
				if e.Time > goal {
					t.Fatalf("an event %d ns behind the goal", e.Time-goal)
				}
				next = i + 1
			}
			there := next >= 0 && (next == len(evs) || evs[next].Time > goal)
			if there && n < len(buf) {
				break
			}
			full = there // it learns that it has arrived only when it is read once more
		}
		if next >= 0 && next < len(evs) && evs[next].Time <= goal {
			t.Fatalf("event %d is missing", next)
		}
	}
	read(first)
	for range 300 {
		goal := first + r.Int64N(last-first+1)
		p.SetLookback(r.Int64N(1_000_000))
		if err := p.SeekTime(goal); err != nil {
			t.Fatal(err)
		}
		read(goal)
		if pos := p.Position(); pos != goal {
			t.Fatalf("stands at %d, want %d", pos, goal)
		}
	}
	if jumps < 100 {
		t.Errorf("%d of 300 seeks began in the middle", jumps)
	}
	p.Close()
}

// How far back a seek begins follows what the reader has shown to take in, within bounds, and idle time is no part of it.
func TestPlayerBudget(t *testing.T) {
	f := mustOpen(t, writeFile(t, traces.Session(30), 100))
	p := NewPlayer(f)
	defer p.Close()
	if b := p.budget(); b != seekTime/seekCost {
		t.Error(b)
	}
	after := func(d time.Duration, events int64) {
		p.sought, p.handsOn = time.Now().Add(-d), events
		p.measure()
	}
	for range 20 {
		after(time.Millisecond, 50_000) // 20 ns each
	}
	if b := p.budget(); b != seekEvents {
		t.Errorf("a fast reader gets %d", b)
	}
	for range 20 {
		after(time.Second, 50_000)
	}
	if b := p.budget(); b != seekLeast {
		t.Errorf("a slow reader gets %d", b)
	}
	was := p.cost
	after(time.Hour, 10) // too few to learn from
	p.measure()          // no seek
	if p.cost != was {
		t.Error("it learned from nothing")
	}
}

// A second reader is independent of the first, and of the name.
func TestFileReopen(t *testing.T) {
	evs := traces.Session(200)
	path := writeFile(t, evs, 100)
	f := mustOpen(t, path)
	buf := make([]trace.Event, 150)
	if _, err := f.Read(context.Background(), buf); err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	for _, src := range []trace.Source{f, NewPlayer(f)} {
		again, err := trace.Reopen(src)
		if err != nil {
			t.Fatal(err)
		}
		sameEvents(t, readAll(t, again), evs)
		again.Close()
	}
	rest := readAll(t, f)
	sameEvents(t, rest, evs[len(evs)-len(rest):])
	f.Close()
	if _, err := f.Reopen(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if _, err := trace.Reopen(trace.NewMerge(trace.Info{Title: "live"})); !errors.Is(err, trace.ErrNotKept) {
		t.Error(err)
	}
}

// What was passed on up to now can be read again while the recording goes on, and after it.
func TestTeeReopen(t *testing.T) {
	evs := traces.Session(3000)
	tee := NewTee(&listSource{evs: evs})
	if _, err := trace.Reopen(tee); !errors.Is(err, trace.ErrNotKept) {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "r.evt")
	if err := tee.Start(path); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	passed := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]trace.Event, 61)
		for {
			mu.Lock() // so that it is known what was passed on before Reopen is asked
			n, err := tee.Read(context.Background(), buf)
			passed += n
			mu.Unlock()
			if err != nil {
				if err != io.EOF {
					t.Error(err)
				}
				return
			}
		}
	}()
	for range 20 {
		mu.Lock()
		least := passed
		mu.Unlock()
		f, err := trace.Reopen(tee)
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, f)
		if len(got) < least {
			t.Fatalf("%d events, %d had been passed on", len(got), least)
		}
		sameEvents(t, got, evs[:len(got)])
		f.Close()
	}
	<-done
	if err := tee.Stop(); err != nil {
		t.Fatal(err)
	}
	f, err := trace.Reopen(tee)
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, readAll(t, f), evs)
	f.Close()
	os.Rename(path, path+".old")
	os.WriteFile(path, []byte("something else"), 0o600)
	if _, err := trace.Reopen(tee); err == nil {
		t.Error("another file was taken for the recording")
	}
}

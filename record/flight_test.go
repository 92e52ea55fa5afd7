package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"evviz/internal/testkit/traces"
	"evviz/trace"
)

// flying is a run with calls that are entered and left, late events and bookmarks, some of it long ago.
func flying(n int) []trace.Event {
	evs := traces.Loop(n, 9, 5)
	start := []trace.Event{{Kind: trace.Thread, Stream: 1, Seq: 1, Time: evs[0].Time, A: 100, B: 100, Gen: 100, Mask: trace.RoleLoop},
		{Kind: trace.Thread, Stream: 2, Seq: 1, Time: evs[0].Time, A: 100, B: 101, Gen: 100, Mask: trace.RoleObserver}}
	out, seq := start, uint32(1)
	for i, e := range evs {
		e.Seq++
		out = append(out, e)
		if i%97 == 96 {
			seq++
			at := out[len(out)-1].Time - int64(i%3)*2000
			x := trace.Event{Kind: trace.Arrive, Stream: 2, Seq: seq, Time: max(at, out[len(out)-1].Time-1500), FD: 7, Gen: 1, Mask: 1, Aux: 1}
			if x.Time < out[len(out)-1].Time {
				x.Phase = trace.PhaseLate
			}
			out = append(out, x)
		}
	}
	return out
}

// Saved at any moment, the file is whole, valid, and ends with the newest event; keeping goes on.
func TestFlightSave(t *testing.T) {
	evs := flying(30_000)
	if err := trace.Validate(evs); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keep := time.Duration(evs[len(evs)-1].Time-evs[0].Time) / 5
	f := NewFlight(&listSource{evs: evs}, keep, 0)
	f.w.age = int64(keep) / 6
	r := rand.New(rand.NewPCG(2, 2))
	buf := make([]trace.Event, 1000)
	passed := 0
	for i := 0; passed < len(evs); i++ {
		n, err := f.Read(context.Background(), buf[:1+r.IntN(len(buf))])
		if err != nil {
			t.Fatal(err)
		}
		passed += n
		if i%5 != 0 && passed < len(evs) {
			continue
		}
		path := filepath.Join(dir, fmt.Sprint(i, ".evt"))
		st, err := f.Save(path)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := os.Stat(path)
		if info.Size() != st.Bytes || info.Mode().Perm() != 0o600 || st.On || st.Path != path {
			t.Fatalf("%+v, %d bytes, %v", st, info.Size(), info.Mode())
		}
		file := mustOpen(t, path)
		got := readAll(t, file)
		if err := trace.Validate(got); err != nil {
			t.Fatalf("after %d events: %v", passed, err)
		}
		told := 0
		for told < len(got) && got[told].Seq == 0 {
			told++
		}
		sameEvents(t, got[told:], evs[passed-(len(got)-told):passed])
		if st.Events != int64(len(got)-told) || file.Events() != st.Events || len(file.Damage()) > 0 || !file.sound {
			t.Fatalf("%+v, %d events, %v", st, file.Events(), file.Damage())
		}
		have := time.Duration(evs[passed-1].Time - got[0].Time)
		if whole := time.Duration(evs[passed-1].Time - evs[0].Time); have < min(keep, whole)-time.Millisecond || have > keep+keep/2 {
			t.Fatalf("it holds %v of %v, asked for %v", have, whole, keep)
		}
		fs := f.Status()
		if fs.Limited || fs.Events != st.Events || fs.Keep != keep || fs.Bytes == 0 {
			t.Fatalf("%+v", fs)
		}
		file.Close()
	}
	if _, err := f.Read(context.Background(), buf); err != io.EOF {
		t.Error(err)
	}
	if _, err := f.Save(filepath.Join(dir, "0.evt")); !errors.Is(err, os.ErrExist) {
		t.Errorf("it wrote over a file: %v", err)
	}
	if _, err := f.Save(filepath.Join(dir, "no", "0.evt")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Memory is bounded, and what that costs in time is told.
func TestFlightLimit(t *testing.T) {
	evs := traces.Loop(200_000, 9, 5)
	const limit = 200_000
	f := NewFlight(&listSource{evs: evs}, time.Hour, limit)
	f.w.age = 10_000_000
	readAll(t, f)
	s := f.Status()
	if s.Bytes > limit || !s.Limited || s.Span <= 0 || s.Span >= time.Duration(evs[len(evs)-1].Time-evs[0].Time) {
		t.Errorf("%+v", s)
	}
	if n := len(f.w.chunks); n > 1 {
		t.Errorf("%d places are remembered", n)
	}
}

// Save may be called while another goroutine reads.
func TestFlightRace(t *testing.T) {
	evs := flying(60_000)
	f := NewFlight(&listSource{evs: evs}, time.Hour, 0)
	dir := t.TempDir()
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		buf := make([]trace.Event, 64)
		for {
			if _, err := f.Read(context.Background(), buf); err != nil {
				return
			}
		}
	}()
	for i := range 5 {
		path := filepath.Join(dir, fmt.Sprint(i))
		st, err := f.Save(path)
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, mustOpen(t, path))
		sameEvents(t, got[int64(len(got))-st.Events:], evs[:st.Events])
		f.Status()
	}
	all.Wait()
}

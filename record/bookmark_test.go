package record

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"evviz/internal/testkit/traces"
	"evviz/trace"
	"evviz/world"
)

// A bookmark added to a file is found on opening, changes nothing of what was there, and is a starting point like any other.
func TestAddBookmark(t *testing.T) {
	evs := traces.Session(100)
	path := writeFile(t, evs, 130)
	before := mustOpen(t, path)
	first, last := before.Bounds()
	want := []trace.Marked{{At: first + 5, N: 2, Text: strings.Repeat("long ", 30)}, {At: last - 7, N: 1, Text: "here"}, {At: last, N: 3, Text: ""}}
	for _, i := range []int{1, 0, 2} {
		m, err := AddBookmark(path, want[i].At, want[i].Text)
		if err != nil || m != want[i] {
			t.Fatal(m, err)
		}
	}
	if m := before.Bookmarks(); len(m) != 0 {
		t.Error("a reader sees more than there was when it was opened", m)
	}
	f := mustOpen(t, path)
	if got := f.Bookmarks(); !reflect.DeepEqual(got, want) {
		t.Fatalf("%v", got)
	}
	if a, b := f.Bounds(); a != first || b != last {
		t.Errorf("the bounds moved: %d %d", a, b)
	}
	got := readAll(t, f)
	sameEvents(t, got[:len(evs)], evs)
	if err := trace.Validate(got); err != nil {
		t.Error(err)
	}
	if len(f.Damage()) > 0 || !reflect.DeepEqual(f.Info(), testInfo()) {
		t.Errorf("%v %+v", f.Damage(), f.Info())
	}
	for _, s := range f.Summaries() {
		if !s.Known {
			t.Errorf("%+v", s)
		}
	}
	for c := range f.Chunks() { // the world is told at each of them
		f.Jump(trace.Point{Chunk: c})
		known := world.NewTracker()
		n := min(c*130, len(evs))
		for i := range evs[:n] {
			known.Add(&evs[i])
		}
		told := 0
		for _, e := range readAll(t, f) {
			if e.Kind == trace.State {
				told++
			}
		}
		states := 0
		for _, e := range known.Restate(0) {
			if e.Kind == trace.State {
				states++
			}
		}
		if told != states {
			t.Errorf("chunk %d tells %d things, want %d", c, told, states)
		}
	}
}

// Cut at any byte of an addition, a file is as it was before, and takes bookmarks again.
func TestAddBookmarkKilled(t *testing.T) {
	evs := traces.Session(12)
	path := writeFile(t, evs, 40)
	if _, err := AddBookmark(path, evs[3].Time, "first"); err != nil {
		t.Fatal(err)
	}
	old, _ := os.ReadFile(path)
	if _, err := AddBookmark(path, evs[5].Time, "second"); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	if !bytes.HasPrefix(whole, old) {
		t.Fatal("something of the old content was written over")
	}
	p := filepath.Join(t.TempDir(), "k.evt")
	for n := len(old); n <= len(whole); n++ {
		os.WriteFile(p, whole[:n], 0o600)
		f, err := OpenFile(p)
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		if n == len(whole) {
			want = 2
		}
		if m := f.Bookmarks(); len(m) != want || m[0].Text != "first" {
			t.Fatalf("%d bytes: %v", n, m)
		}
		got := readAll(t, f)
		sameEvents(t, got[:len(evs)], evs)
		if len(f.Damage()) > 0 || len(f.Info().Missing) != len(testInfo().Missing) {
			t.Fatalf("%d bytes: %v %v", n, f.Damage(), f.Info().Missing)
		}
		f.Close()
		if n%7 == 0 || n == len(old)+1 {
			if m, err := AddBookmark(p, evs[7].Time, "after"); err != nil || m.N != int64(want+1) {
				t.Fatalf("%d bytes: %v %v", n, m, err)
			}
			f := mustOpen(t, p)
			if m := f.Bookmarks(); len(m) != want+1 || !f.sound || f.end != f.size {
				t.Fatalf("%d bytes: %v", n, m)
			}
			f.Close()
		}
	}
}

// A recording without a proper end, or a file that is none, is refused and left alone.
func TestAddBookmarkRefused(t *testing.T) {
	path := writeFile(t, traces.Session(12), 40)
	b, _ := os.ReadFile(path)
	b = b[:len(b)-1]
	os.WriteFile(path, b, 0o600)
	if _, err := AddBookmark(path, 1, "x"); !errors.Is(err, ErrNotClosed) {
		t.Error(err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, b) {
		t.Error("it was changed")
	}
	os.WriteFile(path, []byte("no trace"), 0o600)
	if _, err := AddBookmark(path, 1, "x"); !errors.Is(err, ErrNotTrace) {
		t.Error(err)
	}
	f := mustOpen(t, writeFile(t, traces.Session(12), 40))
	os.Rename(writeFile(t, traces.Session(12), 40), f.Path())
	if _, err := f.Bookmark(1, "x"); err == nil {
		t.Error("another file got the bookmark")
	}
}

// silent is a source that has nothing to say until it is closed or asked to stop.
type silent struct {
	listSource
	reading chan struct{}
}

func (s *silent) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if s.at < len(s.evs) {
		return s.listSource.Read(ctx, buf)
	}
	select {
	case s.reading <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return 0, ctx.Err()
}

// A bookmark of a live session comes at once, however silent the session is, and is in the recording.
func TestTeeBookmark(t *testing.T) {
	evs := traces.Session(50)
	tee := NewTee(&silent{listSource{evs: evs}, make(chan struct{}, 1)})
	path := filepath.Join(t.TempDir(), "b.evt")
	if err := tee.Start(path); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan trace.Event, 4096)
	done := make(chan error, 1)
	go func() {
		buf := make([]trace.Event, 3)
		for {
			n, err := tee.Read(ctx, buf)
			for _, e := range buf[:n] {
				got <- e
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	<-tee.src.(*silent).reading
	var all []trace.Event
	take := func() {
		for e := range got {
			if all = append(all, e); e.Kind == trace.Bookmark {
				return
			}
		}
	}
	want := []trace.Marked{{At: evs[20].Time, N: 1, Text: "a text that takes more than one event\x1b"}, {At: evs[10].Time, N: 2, Text: "b"}}
	for i := range want {
		m, err := tee.Bookmark(want[i].At, want[i].Text)
		want[i].Text = strings.ReplaceAll(want[i].Text, "\x1b", " ")
		if err != nil || m != want[i] {
			t.Fatal(m, err)
		}
		take()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := trace.Validate(all); err != nil {
		t.Error(err)
	}
	if err := tee.Close(); err != nil {
		t.Fatal(err)
	}
	want[0], want[1] = want[1], want[0]
	if m, err := AddBookmark(path, evs[30].Time, "c"); err != nil || m.N != 3 {
		t.Fatal(m, err)
	}
	want = append(want, trace.Marked{At: evs[30].Time, N: 3, Text: "c"})
	f := mustOpen(t, path)
	if m := f.Bookmarks(); !reflect.DeepEqual(m, want) {
		t.Errorf("%v", m)
	}
	if err := trace.Validate(readAll(t, f)); err != nil {
		t.Error(err)
	}
}

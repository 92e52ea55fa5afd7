package timeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evviz/record"
	"evviz/trace"
)

// server makes the events of a level-triggered echo server that sees its arrivals: connections come and go, a read takes a
// part now and then, so that the next report is a re-notification. Everything is numbered as a source would.
func server(n int, seed uint64) []trace.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	evs := make([]trace.Event, 0, n+64)
	seq := map[uint32]uint32{}
	now := int64(5e9)
	put := func(stream uint32, e trace.Event) {
		seq[stream]++
		e.Stream, e.Seq, e.Time = stream, seq[stream], now
		evs = append(evs, e)
	}
	name := func(id uint32, s string) {
		trace.NamePieces(id, s, func(e trace.Event) { put(1, e) })
	}
	put(1, trace.Event{Kind: trace.Start, A: 100})
	put(1, trace.Event{Kind: trace.Thread, A: 100, B: 100, Gen: 100, Mask: trace.RoleLoop})
	put(2, trace.Event{Kind: trace.Thread, A: 100, B: 101, Gen: 100, Mask: trace.RoleObserver})
	put(1, trace.Event{Kind: trace.Mode, Aux: trace.ModeAux(trace.DriverEpoll, trace.TriggerLevel, trace.CauseStart)})
	put(1, trace.Event{Kind: trace.Instance, FD: 3, Inst: ep})
	name(1, "127.0.0.1:4201")
	put(1, trace.Event{Kind: trace.Open, FD: 4, Gen: 1, Aux: trace.OpenAux(trace.TypeListener, trace.OriginSocket), B: 1})
	put(1, trace.Event{Kind: trace.Register, Inst: ep, FD: 4, Gen: 1, Mask: in, A: 4})
	gen := map[int32]uint32{}
	left := map[int32]int64{}
	open := func(fd int32) {
		gen[fd]++
		id := uint32(fd)*1000 + gen[fd]%1000
		name(id, fmt.Sprintf("127.0.0.1:%d", 20000+id))
		put(1, trace.Event{Kind: trace.Accept, FD: 4, Gen: 1, A: int64(fd)})
		put(1, trace.Event{Kind: trace.Open, FD: fd, Gen: gen[fd], Aux: trace.OpenAux(trace.TypeStream, trace.OriginAccept), A: int64(id), Mask: 0x800})
		put(1, trace.Event{Kind: trace.Register, Inst: ep, FD: fd, Gen: gen[fd], Mask: in, A: int64(fd)})
	}
	const conns = 12
	for fd := int32(5); fd < 5+conns; fd++ {
		now += 1000
		open(fd)
	}
	for len(evs) < n {
		put(1, trace.Event{Kind: trace.Wait, Phase: trace.PhaseEnter, Inst: ep, A: -1, B: -1, Gen: conns + 2, Aux: trace.WaitAux(trace.CallEpollWait, 64)})
		begun := now
		now += 2000 + r.Int64N(9000)
		some := int32(-1)
		for fd := int32(5); fd < 5+conns; fd++ {
			if left[fd] > 0 {
				some = fd
			}
		}
		if fd := 5 + int32(r.IntN(conns)); some < 0 || r.IntN(3) == 0 {
			left[fd] += 1 + r.Int64N(100)
			put(2, trace.Event{Kind: trace.Arrive, FD: fd, Gen: gen[fd], Mask: in, B: left[fd] + 1, Dur: 500, Aux: 1})
			now += 700
		}
		var ready []int32
		for fd := int32(5); fd < 5+conns; fd++ {
			if left[fd] > 0 {
				ready = append(ready, fd)
			}
		}
		put(1, trace.Event{Kind: trace.Wait, Phase: trace.PhaseExit, Inst: ep, A: -1, B: -1, Gen: conns + 2, Aux: trace.WaitAux(trace.CallEpollWait, 64),
			Mask: uint32(len(ready)), Dur: now - begun})
		for _, fd := range ready {
			put(1, trace.Event{Kind: trace.Ready, Inst: ep, FD: fd, Gen: gen[fd], Mask: in, A: int64(fd), B: left[fd] + 1})
		}
		for _, fd := range ready {
			now += 300
			take := min(left[fd], 80)
			left[fd] -= take
			put(1, trace.Event{Kind: trace.Read, FD: fd, Gen: gen[fd], A: 80, B: take, Inst: uint32(left[fd]) + 1, Dur: 200})
			now += 400
			put(1, trace.Event{Kind: trace.Write, FD: fd, Gen: gen[fd], A: take, B: take, Dur: 300})
			if left[fd] == 0 && r.IntN(40) == 0 {
				put(1, trace.Event{Kind: trace.Close, FD: fd, Gen: gen[fd]})
				now += 500
				open(fd)
			}
		}
		if r.IntN(200) == 0 {
			now += 3_000_000 // nobody has anything to say
		}
	}
	return evs[:n]
}

// filed writes events to a file, in chunks of per.
func filed(t testing.TB, evs []trace.Event, per int) *record.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.evt")
	w, err := record.Create(path, trace.Info{Title: "test", Timed: true, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify)})
	if err != nil {
		t.Fatal(err)
	}
	for len(evs) > 0 {
		n := min(per, len(evs))
		if err := errors.Join(w.Write(evs[:n]), w.Flush()); err != nil {
			t.Fatal(err)
		}
		evs = evs[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// laneSeen is what a window of a lane looks like, without what counts from the beginning of the run.
type laneSeen struct {
	Kind        LaneKind
	FD          int32
	Peer, Local string
	Trigger     uint32
	Interest    uint32
	Armed       bool
	Cells       []Cell
	Window      LaneWindow
}

func seen(s *Snapshot, t0, t1 int64) (lanes []laneSeen, loops [][]LoopCell) {
	for _, l := range s.Lanes {
		if l.Closed != 0 && l.Closed < t0 || l.Opened > t1 {
			continue
		}
		lanes = append(lanes, laneSeen{l.Kind, l.FD, l.Peer, l.Local, l.Trigger, l.Interest, l.Armed, l.Cells(t0, t1, 90), l.Window(t0, t1)})
	}
	for _, l := range s.Loops {
		loops = append(loops, l.Cells(t0, t1, 90))
	}
	return lanes, loops
}

func byFD(lanes []laneSeen) map[string]laneSeen {
	m := map[string]laneSeen{}
	for _, l := range lanes {
		m[fmt.Sprint(l.FD, l.Peer)] = l
	}
	return m
}

// same requires that a window looks as it does when everything before it was folded.
func same(t *testing.T, what string, got, want *Snapshot, t0, t1 int64) {
	t.Helper()
	gl, gs := seen(got, t0, t1)
	wl, ws := seen(want, t0, t1)
	g, w := byFD(gl), byFD(wl)
	if len(g) != len(w) {
		t.Errorf("%s: %d lanes, want %d", what, len(g), len(w))
	}
	for k, b := range w {
		a, ok := g[k]
		if !ok {
			t.Errorf("%s: lane %s is missing", what, k)
			continue
		}
		for i := range b.Cells {
			if d := a.Cells[i].Cover - b.Cells[i].Cover; d > 1e-5 || d < -1e-5 {
				t.Errorf("%s: lane %s, cell %d covered %v, want %v", what, k, i, a.Cells[i].Cover, b.Cells[i].Cover)
			}
			a.Cells[i].Cover, b.Cells[i].Cover = 0, 0
		}
		if !reflect.DeepEqual(a, b) {
			for i := range a.Cells {
				if a.Cells[i] != b.Cells[i] {
					t.Errorf("%s: lane %s, cell %d:\n got %+v\nwant %+v", what, k, i, a.Cells[i], b.Cells[i])
					break
				}
			}
			a.Cells, b.Cells = nil, nil
			t.Errorf("%s: lane %s:\n got %+v\nwant %+v", what, k, a, b)
		}
	}
	if !reflect.DeepEqual(gs, ws) {
		t.Errorf("%s: the loops look different", what)
	}
	if a, b := got.Mode.Driver, want.Mode.Driver; a != b || !got.Mode.Known {
		t.Errorf("%s: mode %+v, want %+v", what, got.Mode, want.Mode)
	}
	if got.First != want.First {
		t.Errorf("%s: times count from %d, want %d", what, got.First, want.First)
	}
}

// folded is the timeline of everything up to a moment.
func folded(f *record.File, evs []trace.Event, upTo int64) *Snapshot {
	tl := New(Options{Info: f.Info()})
	n := 0
	for n < len(evs) && evs[n].Time <= upTo {
		n++
	}
	tl.Add(evs[:n])
	return tl.Snapshot(upTo)
}

// A seek into the middle of a long recording shows what folding from the start would have shown.
func TestSeekLooksTheSame(t *testing.T) {
	evs := server(330_000, 7)
	f := filed(t, evs, 5000)
	p := record.NewPlayer(f)
	p.Pause(true)
	feed := NewFeed(p, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); feed.Run(ctx) }()
	defer func() { cancel(); <-done }()
	first, last := p.Bounds()
	r := rand.New(rand.NewPCG(3, 9))
	span := (last - first) / 200
	p.SetLookback(3 * span)
	jumped := 0
	for i := range 12 {
		goal := first + r.Int64N(last-first)
		if i == 11 {
			goal = last
		}
		if err := p.SeekTime(goal); err != nil {
			t.Fatal(err)
		}
		until(t, func() bool { return !p.Seeking() })
		s := feed.Snapshot()
		if s.Now != goal || s.First != first || s.Begin < first || s.Begin > goal || s.Held < s.Begin {
			t.Fatalf("now %d, first %d, begin %d, held %d for %d", s.Now, s.First, s.Begin, s.Held, goal)
		}
		if s.Begin == first {
			continue
		}
		jumped++
		if goal-s.Begin < 3*span {
			t.Errorf("begins %d ns before the goal, want %d", goal-s.Begin, 3*span)
		}
		same(t, fmt.Sprint("seek ", i), s, folded(f, evs, goal), goal-2*span, goal+1)
	}
	if jumped < 8 {
		t.Errorf("%d of 12 seeks began in the middle", jumped)
	}
}

// until waits for something that another goroutine brings about.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to pass within 10 s")
		}
	}
}

// An excerpt shows a window as folding from the start would have, wherever the feed stands.
func TestExcerpt(t *testing.T) {
	evs := server(200_000, 11)
	f := filed(t, evs, 4000)
	p := record.NewPlayer(f)
	p.Pause(true)
	feed := NewFeed(p, Options{})
	first, last := f.Bounds()
	r := rand.New(rand.NewPCG(3, 9))
	span := (last - first) / 150
	for i := range 10 {
		t0 := first + r.Int64N(last-first-span)
		s, err := feed.Excerpt(context.Background(), t0, t0+span)
		if err != nil {
			t.Fatal(err)
		}
		if s.Now != t0+span || s.Short || s.Begin > t0 {
			t.Fatalf("now %d, short %v, begin %d", s.Now, s.Short, s.Begin)
		}
		same(t, fmt.Sprint("excerpt ", i), s, folded(f, evs, t0+span), t0, t0+span)
		if at := s.HeldEvents(); at != s.Begin {
			t.Errorf("events are kept from %d, want %d", at, s.Begin)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := feed.Excerpt(ctx, first, last); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := NewFeed(&lively{}, Options{}).Excerpt(context.Background(), 1, 2); !errors.Is(err, trace.ErrNotKept) {
		t.Error(err)
	}
}

// An excerpt of more than it may hold ends earlier and says so.
func TestExcerptShort(t *testing.T) {
	evs := server(excerptEvents+150_000, 2)
	f := filed(t, evs, 60_000)
	feed := NewFeed(f, Options{})
	first, last := f.Bounds()
	s, err := feed.Excerpt(context.Background(), first, last)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Short || s.EventCount() != excerptEvents || s.Now != evs[excerptEvents-1].Time {
		t.Errorf("short %v, %d events, now %d", s.Short, s.EventCount(), s.Now)
	}
}

// Live, whatever was recorded can be looked at again, however little the feed keeps.
func TestExcerptLive(t *testing.T) {
	evs := server(60_000, 4)
	src := &listed{evs: evs}
	tee := record.NewTee(src)
	if err := tee.Start(filepath.Join(t.TempDir(), "live.evt")); err != nil {
		t.Fatal(err)
	}
	defer tee.Close()
	feed := NewFeed(tee, Options{MaxMarks: 5000, MaxEvents: 1000})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); feed.Run(ctx) }()
	until(t, func() bool { return feed.SnapshotAt(0).EventCount() == int64(len(evs)) })
	s := feed.SnapshotAt(0)
	if s.Held <= s.Begin || s.HeldEvents() <= s.Begin || s.Begin != s.First {
		t.Errorf("first %d, begin %d, held %d, events from %d", s.First, s.Begin, s.Held, s.HeldEvents())
	}
	t0, t1 := evs[20_000].Time, evs[22_000].Time
	x, err := feed.Excerpt(ctx, t0, t1)
	if err != nil {
		t.Fatal(err)
	}
	tl := New(Options{Info: src.Info()})
	tl.Add(evs[:22_001])
	same(t, "live", x, tl.Snapshot(t1), t0, t1)
	cancel()
	<-done
}

// listed is a live source over a slice.
type listed struct {
	evs []trace.Event
	at  int
}

func (l *listed) Info() trace.Info {
	return trace.Info{Live: true, Timed: true, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify)}
}
func (l *listed) Close() error { return nil }
func (l *listed) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if l.at == len(l.evs) {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	n := copy(buf, l.evs[l.at:])
	l.at += n
	return n, nil
}

// The counting over the whole comes to what a lean timeline comes to.
func TestWhole(t *testing.T) {
	evs := server(50_000, 5)
	f := filed(t, evs, 4000)
	p := record.NewPlayer(f)
	feed := NewFeed(p, Options{})
	if s, part := feed.Whole(); s != nil || part != 0 {
		t.Error("something is known before anything was read")
	}
	done := make(chan struct{})
	starts := 0
	for range 2 {
		feed.StartWhole(context.Background(), func(run func()) {
			starts++
			go func() { defer close(done); run() }()
		})
	}
	<-done
	s, part := feed.Whole()
	if starts != 1 || part != 1 || feed.WholeErr() != nil {
		t.Fatalf("%d starts, %v of it, %v", starts, part, feed.WholeErr())
	}
	tl := New(Options{Info: f.Info(), Ledger: true})
	tl.Add(evs)
	want := tl.Snapshot(0)
	if !reflect.DeepEqual(s.Stats, want.Stats) || len(s.Lanes) != len(want.Lanes) {
		t.Errorf("\n got %+v\nwant %+v", s.Stats, want.Stats)
	}
	live := NewFeed(&lively{}, Options{Info: trace.Info{Live: true}})
	live.StartWhole(context.Background(), func(func()) { t.Error("a live source has no whole") })
}

// Bookmarks of a file are there from the start, once each, and so are those that are added meanwhile.
func TestFeedBookmarks(t *testing.T) {
	evs := server(5_000, 6)
	f := filed(t, evs, 1000)
	if _, err := f.Bookmark(evs[700].Time, "before"); err != nil {
		t.Fatal(err)
	}
	f2, err := record.OpenFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer f2.Close()
	feed := NewFeed(f2, Options{})
	if b, err := feed.Bookmark(evs[300].Time, "added"); err != nil || b.N != 2 {
		t.Fatal(b, err)
	}
	if err := feed.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []Bookmark{{evs[300].Time, 2, "added"}, {evs[700].Time, 1, "before"}}
	if got := feed.Snapshot().Bookmarks; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if _, err := NewFeed(&lively{}, Options{}).Bookmark(1, "x"); err == nil {
		t.Error("a source that keeps nothing kept a bookmark")
	}
}

// From Held on, a timeline that had to forget shows what one that keeps everything shows.
func TestHeld(t *testing.T) {
	evs := server(120_000, 3)
	info := trace.Info{Timed: true, Kinds: trace.AllKinds() &^ trace.Kinds(trace.Renotify)}
	small := New(Options{Info: info, MaxMarks: 20_000, MaxClosed: 30, MaxEvents: 5000})
	big := New(Options{Info: info, MaxClosed: 1 << 20})
	small.Add(evs)
	big.Add(evs)
	got, want := small.Snapshot(0), big.Snapshot(0)
	if want.Held != want.Begin || want.HeldEvents() != want.Begin {
		t.Errorf("nothing was forgotten: begin %d, held %d, events from %d", want.Begin, want.Held, want.HeldEvents())
	}
	if got.Held <= got.Begin || got.Held >= got.Now {
		t.Fatalf("begin %d, held %d, now %d", got.Begin, got.Held, got.Now)
	}
	same(t, "after Held", got, want, got.Held+1, got.Now+1)
	first, _ := got.EventRange()
	if e, _ := got.Event(first); e.Time != got.HeldEvents() {
		t.Errorf("events are kept from %d, said %d", e.Time, got.HeldEvents())
	}
	if _, ok := got.Event(first - 1); ok {
		t.Error("an event before that is kept")
	}
}

// Whatever the events, one can begin at every chunk and inside of it.
func TestBeginAnywhere(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		evs := randomEvents(rt, rapid.IntRange(1, 150).Draw(rt, "n"))
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		w, err := record.Create(path, trace.Info{Timed: true, Kinds: trace.AllKinds()})
		if err != nil {
			rt.Fatal(err)
		}
		for i := 0; i < len(evs); {
			k := min(len(evs)-i, rapid.IntRange(1, 40).Draw(rt, "per"))
			if err := errors.Join(w.Write(evs[i:i+k]), w.Flush()); err != nil {
				rt.Fatal(err)
			}
			i += k
		}
		if err := w.Close(); err != nil {
			rt.Fatal(err)
		}
		f, err := record.OpenFile(path)
		if err != nil {
			rt.Fatal(err)
		}
		defer os.Remove(path)
		defer f.Close()
		feed := NewFeed(f, Options{})
		first, last := f.Bounds()
		for range 5 {
			t0 := first + rapid.Int64Range(0, last-first).Draw(rt, "t0")
			s, err := feed.Excerpt(context.Background(), t0, t0+rapid.Int64Range(0, last-first).Draw(rt, "span"))
			if err != nil {
				rt.Fatal(err)
			}
			look(s)
			var sum int64
			for _, k := range s.Stats.Class {
				sum += k
			}
			if sum != s.Stats.Reports || s.Begin < s.First && s.First != 0 || s.Held < s.Begin {
				rt.Fatalf("classes %d of %d reports; first %d, begin %d, held %d", sum, s.Stats.Reports, s.First, s.Begin, s.Held)
			}
		}
	})
}

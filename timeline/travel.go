package timeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"evviz/trace"
)

// Limits of an excerpt: what it holds, and what is folded before it so that its beginning is not blank.
const (
	excerptEvents   = 300_000
	excerptLookback = 50_000
)

// rewound begins a new timeline, wherever the source begins again. Run's goroutine calls it.
func (f *Feed) rewound() {
	begin, whole := int64(0), true
	if b, ok := trace.As[trace.Beginner](f.src); ok {
		if s, ok := trace.As[trace.Seeker](f.src); ok {
			first, _ := s.Bounds()
			begin = b.Begins()
			whole = begin <= first
		}
	}
	if f.origin == 0 && f.t.any && f.opt.Begin == 0 {
		f.origin = f.t.first
	}
	if f.origin == 0 && !whole {
		f.origin = FirstMoment(f.src)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opt.First, f.opt.Begin = 0, 0
	if !whole {
		f.opt.First, f.opt.Begin = f.origin, begin
	}
	f.t = New(f.opt)
}

// FirstMoment is where a timeline over the source would have its first event; 0 when that cannot be known.
func FirstMoment(src trace.Source) int64 {
	again, err := trace.Reopen(src)
	if err != nil {
		return 0
	}
	defer again.Close()
	buf := make([]trace.Event, 256)
	for {
		n, err := again.Read(context.Background(), buf)
		for i := range buf[:n] {
			if buf[i].Kind != trace.Name { // names are no moments of a timeline
				return buf[i].Time
			}
		}
		if err != nil {
			return 0
		}
	}
}

// common is what a picture beside the feed's own has in common with it: where times count from, and what a person marked.
func (f *Feed) common() (first int64, marked []Bookmark) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first, _, _ = f.t.bounds()
	if first == 0 {
		first = f.opt.First
	}
	for _, b := range f.t.bookmarks {
		if b.N != 0 { // words of the server come with the events
			marked = append(marked, b)
		}
	}
	return first, marked
}

// Excerpt is a picture, in full detail, of a window that may lie far from what the feed holds: of any part of a recording,
// and of a live session as far as it has been recorded. It is folded from a starting point before t0 by a reader of its
// own, which takes milliseconds; ask from a goroutine that may wait. Times are CLOCK_MONOTONIC ns.
//
// It holds some 300,000 events. When the window holds more it ends earlier: Short is set then, and Now is where it ends.
// Events before t0 are in it, too, from Begin on. Lane IDs and event indices are its own.
func (f *Feed) Excerpt(ctx context.Context, t0, t1 int64) (*Snapshot, error) {
	if t1 < t0 {
		return nil, fmt.Errorf("excerpt from %d to %d: it ends before it begins", t0, t1)
	}
	src, err := trace.Reopen(f.src)
	if err != nil {
		return nil, fmt.Errorf("excerpt: %w", err)
	}
	defer src.Close()
	first, marked := f.common()
	o := Options{Info: f.opt.Info, MaxEvents: 2 * excerptEvents, Bookmarks: marked, First: first, Limits: f.opt.Limits}
	seek, ok := src.(trace.Seeker)
	if ok {
		o.Begin, _ = seek.Bounds() // a recording may begin later than its session
		if first == 0 {
			o.First = o.Begin
		}
	}
	if j, ok := src.(trace.Jumper); ok {
		p := j.PointBefore(max(t0, o.Begin), t1-t0, excerptLookback)
		if !p.Whole() {
			o.Begin = p.Time
		}
		if err := j.Jump(p); err != nil {
			return nil, fmt.Errorf("excerpt: %w", err)
		}
	} else if from := t0 - (t1 - t0); ok && from > o.Begin {
		o.Begin = from
		if err := seek.SeekTime(from); err != nil {
			return nil, fmt.Errorf("excerpt: %w", err)
		}
	}
	t := New(o)
	inside, short := 0, false
	buf := make([]trace.Event, 4096)
	for over := false; !over; {
		n, err := src.Read(ctx, buf)
		for i := range buf[:n] {
			e := &buf[i]
			if e.Time > t1 && !e.Phase.IsLate() {
				n, over = i, true
				break
			}
			if e.Time >= t0 {
				if inside++; inside > excerptEvents {
					n, over, short = i, true, true
					break
				}
			}
		}
		t.Add(buf[:n])
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("excerpt: %w", err)
		}
		over = over || err != nil
	}
	now := t1
	if short {
		now = 0 // the newest event
	}
	s := t.Snapshot(now)
	s.Short = short
	return s, nil
}

// wholeFold is a lean timeline over the whole source, beside the one that follows it.
type wholeFold struct {
	mu   sync.Mutex
	on   bool
	snap *Snapshot
	done float64
	err  error
}

// wholeEvery is how often a picture of what was folded so far is made.
const wholeEvery = 250 * time.Millisecond

// StartWhole begins to count over the whole source, in a goroutine that spawn starts and that ends with ctx; once is enough.
// A live source has no whole, and one that cannot be reopened none that could be counted beside: then it does nothing.
func (f *Feed) StartWhole(ctx context.Context, spawn func(func())) {
	w := &f.whole
	if _, ok := trace.As[trace.Reopener](f.src); !ok || f.opt.Info.Live {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on {
		return
	}
	w.on = true
	spawn(func() { f.foldWhole(ctx) })
}

// Whole is the newest picture of everything folded so far, and how much of the source that is, from 0 to 1: stats and
// incidents, but nothing that could be drawn (Options.Ledger). It is nil before there is one.
func (f *Feed) Whole() (*Snapshot, float64) {
	f.whole.mu.Lock()
	defer f.whole.mu.Unlock()
	return f.whole.snap, f.whole.done
}

// WholeErr is what ended the counting over the whole early, if an error did.
func (f *Feed) WholeErr() error {
	f.whole.mu.Lock()
	defer f.whole.mu.Unlock()
	return f.whole.err
}

func (f *Feed) foldWhole(ctx context.Context) {
	w := &f.whole
	fail := func(err error) {
		if ctx.Err() == nil {
			w.mu.Lock()
			w.err = fmt.Errorf("count over the whole recording: %w", err)
			w.mu.Unlock()
		}
	}
	src, err := trace.Reopen(f.src)
	if err != nil {
		fail(err)
		return
	}
	defer src.Close()
	f.mu.Lock()
	o := f.opt
	f.mu.Unlock()
	o.First, o.Begin, o.Ledger = 0, 0, true
	of := int64(0)
	if c, ok := src.(interface{ Events() int64 }); ok {
		of = c.Events()
	}
	first, last := int64(0), int64(0)
	if s, ok := src.(trace.Seeker); ok {
		first, last = s.Bounds()
	}
	t := New(o)
	shown := time.Now()
	buf := make([]trace.Event, 4096)
	for {
		n, err := src.Read(ctx, buf)
		t.Add(buf[:n])
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			fail(err)
			return
		}
		if !ended && time.Since(shown) < wholeEvery {
			continue
		}
		shown = time.Now()
		part := 0.0
		switch {
		case ended:
			part = 1
		case of > 0:
			part = min(float64(t.stats.Events)/float64(of), 0.999)
		case last > first:
			part = min(float64(t.last-first)/float64(last-first), 0.999)
		}
		s := t.Snapshot(0)
		w.mu.Lock()
		w.snap, w.done = s, part
		w.mu.Unlock()
		if ended {
			return
		}
	}
}

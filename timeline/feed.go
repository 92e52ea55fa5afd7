package timeline

import (
	"context"
	"errors"
	"io"
	"math"
	"sync"

	"evviz/trace"
)

// Feed reads a source into a timeline and lets others look at it. One goroutine runs Run; everything else may be called
// from any. Snapshot takes the lock only for the microseconds that a snapshot costs.
//
// Beside the timeline that follows the source stand pictures of other parts of it, each from a reader of its own, so that
// none of them holds up another: Overview (the whole, coarse, from summaries), Excerpt (a window, in full) and Whole (what
// is counted over everything).
type Feed struct {
	src trace.Source
	opt Options

	mu    sync.Mutex
	t     *Timeline
	ended bool
	err   error

	origin  int64     // first moment of the source, once it had to be known; Run's own
	shown   *Snapshot // the newest picture, and what it is of
	shownOf *Timeline

	over  overviewOnce
	whole wholeFold
}

// NewFeed makes a feed over a source; nothing is read yet, but for the bookmarks that a file has put aside.
func NewFeed(src trace.Source, o Options) *Feed {
	o.Info = src.Info()
	if b, ok := trace.As[trace.Bookmarker](src); ok && o.Bookmarks == nil {
		o.Bookmarks = bookmarksOf(b)
	}
	return &Feed{src: src, opt: o, t: New(o)}
}

// Source is where the events come from, for its optional abilities.
func (f *Feed) Source() trace.Source { return f.src }

// Run reads until the source ends (nil), ctx does, or reading fails. A source that was rewound starts a new timeline.
func (f *Feed) Run(ctx context.Context) error {
	buf := make([]trace.Event, 4096)
	for {
		n, err := f.src.Read(ctx, buf)
		if errors.Is(err, trace.ErrRewound) {
			f.rewound()
			err = nil
		}
		f.mu.Lock()
		if n > 0 {
			f.t.Add(buf[:n])
		}
		if err != nil {
			f.ended = true
			f.t.end()
			if !errors.Is(err, io.EOF) && ctx.Err() == nil {
				f.err = err
			}
		}
		f.mu.Unlock()
		if err != nil {
			return f.err
		}
	}
}

// Ended reports whether the source has come to its end, and the error if that was not the natural one.
func (f *Feed) Ended() (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended, f.err
}

// Present is up to where open spans reach, in the clock of the source (ns): its present while it is live, the position of a
// paced one, the newest event of any other and of one that has ended. 0 before the first event.
func (f *Feed) Present() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.present()
}

func (f *Feed) present() int64 {
	if p, ok := f.src.(trace.Positioner); ok {
		return p.Position()
	}
	if p, ok := trace.As[trace.Presenter](f.src); ok && !f.ended {
		return max(p.Present(), f.t.last)
	}
	return f.t.last
}

// Snapshot is the timeline as it stands at its present.
func (f *Feed) Snapshot() *Snapshot { return f.SnapshotAt(math.MaxInt64) }

// SnapshotAt is Snapshot cut at a moment that may lie before the present, so that feeds with one clock can be cut at one
// moment. It does not end before the newest event.
func (f *Feed) SnapshotAt(moment int64) *Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := min(f.present(), moment)
	// Nothing has happened since the last picture, so it still holds; who draws can tell by the pointer.
	if l := f.shown; l != nil && f.shownOf == f.t && l.Now == max(now, l.Last) && l.Stats.Events == f.t.stats.Events && len(l.Bookmarks) == len(f.t.bookmarks) {
		return l
	}
	f.shown, f.shownOf = f.t.Snapshot(now), f.t
	return f.shown
}

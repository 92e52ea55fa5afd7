package tui

import (
	"context"
	"errors"
	"sync"

	"evviz/timeline"
	"evviz/trace"
)

// Looking back further than memory
//
// What the feed holds begins somewhere: where a replay was sought to, or, live, where memory's bound has thinned the
// picture. When the frozen window reaches further back, or lies ahead of what a replay has read, an excerpt of the
// recording is read beside the screen and takes the place of the frozen snapshot. Until it is there, and where a window
// holds too much to be read, the picture is drawn from the recording's own summaries (coarse.go). A live session that is
// not recorded has nothing to fetch from, and says so.

// fetched is an excerpt that came.
type fetched struct {
	snap   *timeline.Snapshot
	err    error
	number int
}

// excerpts reads excerpts beside the screen, the newest wish only.
type excerpts struct {
	src   *source
	start func(func())
	off   bool // of half of a split screen nothing is fetched

	instead *timeline.Snapshot // what the newest excerpt is to take the place of; the screen's

	mu     sync.Mutex
	feed   *timeline.Feed // of the newest wish
	wanted [2]int64       // ... and its window
	number int            // how many there were
	busy   bool
	came   *fetched
}

// want asks for an excerpt that is to take the place of a snapshot.
func (r *excerpts) want(instead *timeline.Snapshot, t0, t1 int64) {
	r.instead = instead
	r.mu.Lock()
	r.number++
	number := r.number
	busy := r.busy
	r.busy = true
	r.feed, r.wanted = r.src.feed, [2]int64{t0, t1}
	r.mu.Unlock()
	if !busy {
		r.start(func() { r.read(number) })
	}
}

// read reads excerpts until the newest wish is fulfilled. It runs beside the screen.
func (r *excerpts) read(number int) {
	for {
		r.mu.Lock()
		feed, w := r.feed, r.wanted
		r.mu.Unlock()
		snap, err := feed.Excerpt(context.Background(), w[0], w[1])
		r.mu.Lock()
		if r.number == number {
			r.came = &fetched{snap, err, number}
			r.busy = false
			r.mu.Unlock()
			return
		}
		number = r.number
		r.mu.Unlock()
	}
}

// take is the excerpt that has come since it was asked last, nil when none has, or when it is not the one that is wanted.
func (r *excerpts) take() *fetched {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.came
	r.came = nil
	if c != nil && c.number != r.number {
		return nil
	}
	return c
}

// readPast asks for an excerpt when the frozen window needs one.
func (w *window) readPast() {
	f := w.scene.frame
	if f == nil || w.frozen == nil || w.excerpts.off {
		return
	}
	last := w.src.last(f.snap)
	t0, t1 := max(w.right-w.span, f.snap.First), min(w.right, last)
	if s := w.frozen; t0 >= s.Held && t1 <= s.Now || t0 >= s.Held && s.Now >= last {
		return
	}
	w.excerpts.want(w.frozen, t0, t1)
}

// arrived puts an excerpt that has come in the place of the frozen snapshot, unless the view has moved on. It reports whether it did.
func (w *window) arrived() bool {
	c := w.excerpts.take()
	if c == nil || w.frozen == nil || w.frozen != w.excerpts.instead { // thawed meanwhile, and perhaps frozen again elsewhere
		return false
	}
	if c.err != nil {
		// A session that is not recorded has nothing to read from; the line of honesty says from when on it is held.
		if errors.Is(c.err, trace.ErrNotKept) {
			w.status.say("further back it is coarser: only a recording (r) keeps everything")
			return false
		}
		w.status.tell(true, c.err.Error())
		return false
	}
	w.frozen = c.snap
	return true
}

package tui

import (
	"context"
	"errors"

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

// fetcher is shared with the goroutine that reads, under ui.mu; but instead belongs to the screen.
type fetcher struct {
	instead *timeline.Snapshot // what the newest excerpt is to take the place of

	wanted [2]int64 // the newest wish
	number int      // how many there were
	busy   bool
	came   *fetched
}

// fetchPast asks for an excerpt when the frozen window needs one.
func (u *ui) fetchPast() {
	f := u.frame
	if f == nil || u.frozen == nil || u.half != nil {
		return
	}
	t0, t1 := max(u.right-u.span, f.snap.First), min(u.right, u.lastMoment())
	if s := u.frozen; t0 >= s.Held && t1 <= s.Now || t0 >= s.Held && s.Now >= u.lastMoment() {
		return
	}
	u.fetch.instead = u.frozen
	u.mu.Lock()
	u.fetch.number++
	number := u.fetch.number
	busy := u.fetch.busy
	u.fetch.busy = true
	u.fetch.wanted = [2]int64{t0, t1}
	u.mu.Unlock()
	if !busy {
		u.opt.Go(func() { u.fetchUntil(number) })
	}
}

// fetchUntil reads excerpts until the newest wish is fulfilled. It runs beside the screen.
func (u *ui) fetchUntil(number int) {
	for {
		u.mu.Lock()
		w := u.fetch.wanted
		u.mu.Unlock()
		snap, err := u.opt.Feed.Excerpt(context.Background(), w[0], w[1])
		u.mu.Lock()
		if u.fetch.number == number {
			u.fetch.came = &fetched{snap, err, number}
			u.fetch.busy = false
			u.mu.Unlock()
			return
		}
		number = u.fetch.number
		u.mu.Unlock()
	}
}

// arrived puts an excerpt that has come in the place of the frozen snapshot, unless the view has moved on.
func (u *ui) arrived() {
	u.mu.Lock()
	c := u.fetch.came
	u.fetch.came = nil
	stale := c != nil && c.number != u.fetch.number
	u.mu.Unlock()
	if c == nil || stale || u.frozen == nil || u.frozen != u.fetch.instead { // thawed meanwhile, and perhaps frozen again elsewhere
		return
	}
	if c.err != nil {
		// A session that is not recorded has nothing to read from; the line of honesty says from when on it is held.
		if errors.Is(c.err, trace.ErrNotKept) {
			u.say("further back it is coarser: only a recording (r) keeps everything")
			return
		}
		u.tell(true, c.err.Error())
		return
	}
	u.frozen = c.snap
	u.presses++
}

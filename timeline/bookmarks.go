package timeline

import (
	"errors"
	"slices"

	"evviz/trace"
)

// Bookmark is a mark that a person set, or words that the watched server had for its operator.
type Bookmark struct {
	At   int64 // the moment that it marks
	N    int64 // number; 0 words of the server
	Text string
}

func bookmarksOf(b trace.Bookmarker) []Bookmark {
	out := []Bookmark{}
	for _, m := range b.Bookmarks() {
		out = append(out, Bookmark{m.At, m.N, m.Text})
	}
	return out
}

// bookmark takes a Bookmark event. A person marks moments in any order, and what a file told beforehand comes again when
// its place is reached. Snapshots share the list, so it is copied unless it grows at its end.
func (t *Timeline) bookmark(e *trace.Event) {
	b := Bookmark{e.Time, e.A, t.names.now(e.Stream, e.Aux)}
	if e.B != 0 {
		b.At = e.B
	}
	t.putBookmark(b)
}

func (t *Timeline) putBookmark(b Bookmark) {
	if b.N != 0 && slices.ContainsFunc(t.bookmarks, func(o Bookmark) bool { return o.N == b.N && o.At == b.At }) {
		return
	}
	if n := len(t.bookmarks); n == 0 || t.bookmarks[n-1].At <= b.At {
		t.bookmarks = note(t.bookmarks, b)
		return
	}
	t.bookmarks = insertBookmark(t.bookmarks, b)
	t.bookmarks = t.bookmarks[max(0, len(t.bookmarks)-maxNotes):]
}

// insertBookmark puts a bookmark where it belongs in time, in a new list.
func insertBookmark(list []Bookmark, b Bookmark) []Bookmark {
	at := len(list)
	for at > 0 && list[at-1].At > b.At {
		at--
	}
	out := make([]Bookmark, 0, len(list)+16)
	return append(append(append(out, list[:at]...), b), list[at:]...)
}

// Bookmark sets a bookmark at a moment (CLOCK_MONOTONIC ns), wherever the source keeps them: a live session passes it on
// and records it, a recording gets it added to its file. It shows in the next snapshots.
func (f *Feed) Bookmark(at int64, text string) (Bookmark, error) {
	k, ok := trace.As[trace.Marker](f.src)
	if !ok {
		return Bookmark{}, errors.New("set a bookmark: this source cannot keep one")
	}
	m, err := k.Bookmark(at, text)
	if err != nil {
		return Bookmark{}, err
	}
	b := Bookmark{m.At, m.N, m.Text}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t.putBookmark(b)
	if !f.opt.Info.Live {
		f.opt.Bookmarks = insertBookmark(f.opt.Bookmarks, b) // after a rewind it is still known
	}
	return b, nil
}

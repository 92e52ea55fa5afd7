package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"evviz/internal/files"
	"evviz/trace"
	"evviz/world"
)

// A person's bookmarks are events of stream 0, which is no thread: the pieces of a Name, and a Bookmark with a number. Their
// time is the newest of the trace when they were set, so that everything stays in order; what they mark stands beside it.

// bookmarkEvents puts a bookmark into events of the moment now. seq is the number of the last event of stream 0; the
// new one is returned.
func bookmarkEvents(m trace.Marked, now int64, seq uint32) ([]trace.Event, uint32) {
	var out []trace.Event
	put := func(e trace.Event) {
		seq++
		e.Seq, e.Time = seq, now
		out = append(out, e)
	}
	trace.NamePieces(uint32(m.N), m.Text, put)
	put(trace.Event{Kind: trace.Bookmark, A: m.N, B: m.At, Aux: uint32(m.N)})
	return out, seq
}

// bookmarkText makes a text fit a Name, and harmless to a terminal.
func bookmarkText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	for len(s) > trace.MaxName {
		s = s[:strings.LastIndexFunc(s[:trace.MaxName], func(rune) bool { return true })]
	}
	return s
}

// Bookmarks are a person's bookmarks, by the moment that they mark. Only chunks that say that they hold one are decoded. It
// may be called by any goroutine.
func (t *File) Bookmarks() []trace.Marked {
	list, _ := t.marks()
	return list
}

// marks lists the bookmarks and finds the last number of stream 0.
func (t *File) marks() (list []trace.Marked, seq uint32) {
	var dec *blockDecoder
	var buf []byte
	var names trace.Names
	evs := make([]trace.Event, 1024)
	for i := range t.refs {
		c := &t.refs[i]
		if c.flags&chunkMarked == 0 {
			continue
		}
		if dec == nil {
			dec = newBlockDecoder()
			defer dec.zdec.Close()
		}
		// The prelude may hold the beginning of a text that was cut by the chunk's end.
		for _, part := range [...]struct {
			i int
			n uint32
		}{{partPrelude, c.restated}, {partColumns, c.events}} {
			b, err := t.readPartInto(&buf, c, part.i)
			if err == nil && part.n > 0 {
				err = dec.load(b, int(part.n))
			}
			for err == nil && dec.left() > 0 {
				var n int
				if n, err = dec.next(evs); err != nil {
					break
				}
				for k := range evs[:n] {
					e := &evs[k]
					if e.Stream != 0 {
						continue
					}
					seq = max(seq, e.Seq)
					switch {
					case e.Kind == trace.Name:
						names.Add(e)
					case e.Kind == trace.Bookmark && e.A > 0:
						m := trace.Marked{At: e.B, N: e.A, Text: names.Get(0, e.Aux)}
						if m.At == 0 {
							m.At = e.Time
						}
						list = append(list, m)
					}
				}
			}
			dec.n, dec.at = 0, 0 // what cannot be read is told when it is read in its turn
		}
	}
	slices.SortStableFunc(list, func(a, b trace.Marked) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.N, b.N)) })
	return list, seq
}

// ErrNotClosed is what AddBookmark returns (wrapped in a sentence) for a recording that has no proper end.
var ErrNotClosed = errors.New("the recording was not closed properly, or is still going on")

// AddBookmark puts a bookmark into a finished trace file, at its end. Whatever happens meanwhile, what was in the file stays
// readable: nothing of it is written over.
func AddBookmark(path string, at int64, text string) (trace.Marked, error) {
	return addBookmark(path, nil, at, text)
}

// Bookmark is AddBookmark for an open file. This reader goes on seeing what it saw when it was opened.
func (t *File) Bookmark(at int64, text string) (trace.Marked, error) {
	t.mu.Lock()
	closed := t.closed
	st, err := t.f.Stat()
	t.mu.Unlock()
	if closed || err != nil {
		return trace.Marked{}, fmt.Errorf("set a bookmark in %s: %w", t.path, os.ErrClosed)
	}
	return addBookmark(t.path, st, at, text)
}

// addBookmark does it, provided that the name still leads to the file was (nil: any).
func addBookmark(path string, was os.FileInfo, at int64, text string) (m trace.Marked, err error) {
	fail := func(err error) (trace.Marked, error) {
		return trace.Marked{}, fmt.Errorf("set a bookmark in %s: %w", path, bareErr(err))
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fail(err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			m, err = fail(e)
		}
	}()
	if st, err := f.Stat(); err != nil || was != nil && !os.SameFile(st, was) {
		return fail(errors.New("the name leads to another file by now"))
	}
	if err := files.Lock(f); err != nil {
		return fail(err)
	}
	t, err := openTrace(f, path)
	if err != nil {
		return trace.Marked{}, err
	}
	if !t.sound && t.ended {
		return fail(errors.New("the beginning of the recording is lost, and with it the places of its parts"))
	}
	if !t.sound {
		return fail(ErrNotClosed)
	}
	list, seq := t.marks()
	m = trace.Marked{At: max(at, 1), N: 1, Text: bookmarkText(text)}
	for i := range list {
		m.N = max(m.N, list[i].N+1)
	}
	_, last := t.Bounds()
	if len(t.refs) == 0 {
		last = m.At
	}
	b, err := t.appendix(m, last, seq)
	if err != nil {
		return fail(err)
	}
	// What an interrupted attempt left behind is no part of the file.
	if t.end < t.size {
		if err := f.Truncate(t.end); err != nil {
			return fail(err)
		}
	}
	if _, err := f.WriteAt(b, t.end); err != nil {
		_ = f.Truncate(t.end)
		return fail(err)
	}
	if err := f.Sync(); err != nil {
		return fail(err)
	}
	return m, nil
}

// appendix is a chunk for a bookmark, and the trailer that makes it part of the file. The chunk is a starting point like any
// other, so it tells the world at the end of the trace.
func (t *File) appendix(m trace.Marked, last int64, seq uint32) ([]byte, error) {
	w := &Writer{w: io.Discard, name: t.path, tracker: world.NewTracker(), enc: newBlockEncoder()}
	var h chunkHeader
	if n := len(t.refs); n > 0 {
		if err := t.Jump(trace.Point{Chunk: n - 1}); err != nil {
			return nil, err
		}
		buf := make([]trace.Event, 4096)
		for {
			k, err := t.Read(context.Background(), buf)
			for i := range buf[:k] {
				w.tracker.Add(&buf[i])
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
		}
		c := &t.refs[n-1]
		h.number, h.before = c.number+1, c.before+uint64(c.events)
	}
	w.oldest = last
	w.pending, _ = bookmarkEvents(m, last, seq)
	h.events, h.first, h.last = uint32(len(w.pending)), last, last
	return appendTrailer(w.encode(&h), t.index), nil
}

// Bookmark sets a bookmark at a moment (CLOCK_MONOTONIC ns): it is passed on at once, as events of their own, and so
// becomes part of a recording that is on.
func (t *Tee) Bookmark(at int64, text string) (trace.Marked, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return trace.Marked{}, errors.New("set a bookmark: the session has ended; set it in the recording, if there is one")
	}
	t.marked++
	m := trace.Marked{At: max(at, 1), N: t.marked, Text: bookmarkText(text)}
	now := t.now
	if now == 0 {
		now = m.At
	}
	evs, seq := bookmarkEvents(m, now, t.markSeq)
	t.markSeq, t.own = seq, append(t.own, evs...)
	if t.wake != nil {
		t.wake() // a silent source must not hold it up
	}
	return m, nil
}

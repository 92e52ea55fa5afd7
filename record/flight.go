package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"evviz/internal/files"
	"evviz/trace"
)

// FlightBytes is how much memory a Flight may use for what it keeps when nobody says otherwise.
const FlightBytes = 64 << 20

// Flight is a Source that passes the events of another one on and keeps the last ones, encoded as a recording would have
// them: a flight recorder, out of which a file can be made after something has happened. It keeps whole chunks, each of
// which can be read from its beginning, so it holds up to a second more than it was asked for.
//
// Read belongs to one goroutine; everything else may be called from any.
type Flight struct {
	src   trace.Source
	keep  int64 // ns
	limit int64 // bytes

	mu      sync.Mutex
	w       *Writer
	sink    chunkSink
	newest  int64
	bytes   int64 // of the chunks kept
	events  int64 // in them
	forgot  bool  // something was given up
	limited bool  // ... by the limit of bytes, although it was young enough
	err     error // a chunk could not be encoded
}

// FlightStatus says what a Flight keeps.
type FlightStatus struct {
	Keep    time.Duration // what it was asked for
	Span    time.Duration // what it holds, from the oldest event to the newest
	Events  int64
	Bytes   int64 // memory for them; those of the last second are not encoded yet and not counted
	Limited bool  // Span is less than Keep because there was no more memory
}

// chunkSink takes what a Writer writes: the header of a file, and then chunk after chunk.
type chunkSink struct {
	begun  bool
	chunks []keptChunk
}

type keptChunk struct {
	chunkHeader
	b []byte // as it stands in a file; not changed once it is here
}

func (s *chunkSink) Write(b []byte) (int, error) {
	if !s.begun {
		s.begun = true // the header is written anew with each file
		return len(b), nil
	}
	var c keptChunk
	if err := c.parse(b); err != nil {
		return 0, err
	}
	c.b = append(make([]byte, 0, len(b)), b...)
	s.chunks = append(s.chunks, c)
	return len(b), nil
}

// NewFlight makes a Flight that keeps so much time in at most so many bytes (0: FlightBytes).
func NewFlight(src trace.Source, keep time.Duration, bytes int64) *Flight {
	if bytes <= 0 {
		bytes = FlightBytes
	}
	f := &Flight{src: src, keep: int64(max(keep, 0)), limit: bytes}
	f.reset()
	return f
}

func (f *Flight) reset() {
	f.sink = chunkSink{}
	f.w, f.err = newWriter(&f.sink, "flight recorder", trace.Info{})
	f.newest, f.bytes, f.events, f.forgot, f.limited = 0, 0, 0, false, false
}

// Unwrap is the source that is read, for whoever looks for an ability of it.
func (f *Flight) Unwrap() trace.Source { return f.src }

// Info describes the source.
func (f *Flight) Info() trace.Info { return f.src.Info() }

// Close closes the source. What is kept can still be saved.
func (f *Flight) Close() error { return f.src.Close() }

// Read passes events on.
func (f *Flight) Read(ctx context.Context, buf []trace.Event) (int, error) {
	n, err := f.src.Read(ctx, buf)
	f.mu.Lock()
	defer f.mu.Unlock()
	if errors.Is(err, trace.ErrRewound) {
		f.reset() // what comes now is of an earlier moment
	}
	for i := range buf[:n] {
		f.newest = max(f.newest, buf[i].Time)
	}
	f.took(f.w.Write(buf[:n]))
	return n, err
}

// took counts what the writer has put into the sink since, and forgets what is too old or too much. The caller holds mu.
func (f *Flight) took(err error) {
	if err != nil && f.err == nil {
		f.err = err
	}
	f.w.chunks = f.w.chunks[:0] // their places in a file that does not exist
	var bytes, events int64
	for i := range f.sink.chunks {
		bytes += int64(len(f.sink.chunks[i].b))
		events += int64(f.sink.chunks[i].events)
	}
	drop := 0
	for drop+1 < len(f.sink.chunks) {
		c := &f.sink.chunks[drop]
		old := f.sink.chunks[drop+1].first <= f.newest-f.keep
		if !old && bytes <= f.limit {
			break
		}
		f.forgot, f.limited = true, !old
		bytes -= int64(len(c.b))
		events -= int64(c.events)
		drop++
	}
	if drop > 0 {
		f.sink.chunks = append(make([]keptChunk, 0, len(f.sink.chunks)), f.sink.chunks[drop:]...)
	}
	f.bytes, f.events = bytes, events
}

// oldest is the first moment that is kept. The caller holds mu.
func (f *Flight) oldest() int64 {
	if len(f.sink.chunks) > 0 {
		return f.sink.chunks[0].first
	}
	return f.w.oldest
}

// Status says what is kept.
func (f *Flight) Status() FlightStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := FlightStatus{Keep: time.Duration(f.keep), Events: f.events + int64(len(f.w.pending)), Bytes: f.bytes}
	if s.Events > 0 {
		s.Span = time.Duration(f.newest - f.oldest())
	}
	s.Limited = f.limited && s.Span < s.Keep
	return s
}

// Save writes what is kept to a new file, readable by its owner alone, which ends with the newest event that was passed on;
// keeping goes on meanwhile. It never writes over a file (os.ErrExist), and leaves none behind that is not whole.
func (f *Flight) Save(path string) (Status, error) {
	st := Status{Path: path}
	fail := func(err error) (Status, error) {
		st.Err = fmt.Errorf("save the last seconds to %s: %w", path, bareErr(err))
		return st, st.Err
	}
	f.mu.Lock()
	f.took(f.w.Flush())
	err := f.err
	chunks := f.sink.chunks[:len(f.sink.chunks):len(f.sink.chunks)]
	f.mu.Unlock()
	if err != nil {
		return fail(err)
	}
	out, made, err := createFile(path, false)
	if err != nil {
		st.Err = fmt.Errorf("save the last seconds: %w", err)
		return st, st.Err
	}
	info := f.src.Info()
	info.Meta = withKernel(info.Meta)
	st.Bytes, st.Events, err = writeChunks(out, info, chunks)
	if err != nil && made {
		files.Discard(out, path)
	} else if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		st.Bytes, st.Events = 0, 0
		return fail(err)
	}
	return st, nil
}

// writeChunks writes a whole file of chunks. They are numbered and counted from 0, because in this file nothing is missing
// before them.
func writeChunks(out io.Writer, info trace.Info, chunks []keptChunk) (bytes, events int64, err error) {
	put := func(b []byte) {
		if err == nil {
			var n int
			n, err = out.Write(b)
			bytes += int64(n)
		}
	}
	put(appendFileHeader(nil, info))
	refs := make([]chunkRef, 0, len(chunks))
	var head []byte
	for i := range chunks {
		h := chunks[i].chunkHeader
		h.number, h.before = uint64(i), uint64(events)
		refs = append(refs, chunkRef{off: bytes, chunkHeader: h})
		events += int64(h.events)
		head = h.append(head[:0])
		put(head)
		put(chunks[i].b[chunkHeaderSize:])
	}
	put(appendIndex(nil, bytes, refs))
	return bytes, events, err
}

package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"evviz/trace"
	"evviz/world"
)

// Writer writes a trace file. Whatever happens to the process, the chunks that were written stay readable; what is
// lost is at most the chunk in progress, which is never older than a second of events (see Flush for silence).
//
// It is not safe for concurrent use.
type Writer struct {
	w       io.Writer
	file    *os.File // nil when the caller brought the io.Writer
	name    string
	tracker *world.Tracker
	enc     *blockEncoder
	sum     summarizer
	zbuf    []byte
	buf     []byte // the chunk being put together
	pending []trace.Event
	oldest  int64 // time of the oldest event pending
	newest  int64
	chunks  []chunkRef
	number  uint64 // of the next chunk
	age     int64  // ns that end a chunk
	bytes   int64
	events  int64
	dropped int64
	stated  bool // something was put into the tracker that no chunk tells yet
	err     error
}

// Create makes a trace file, readable by its owner alone. It never writes over a file (fs.ErrExist).
func Create(path string, info trace.Info) (*Writer, error) {
	f, made, err := createFile(path, false)
	if err != nil {
		return nil, err
	}
	w, err := newWriter(f, path, info)
	if err != nil {
		drop(f, path, made)
		return nil, err
	}
	w.file = f
	return w, nil
}

// bareErr strips operation and path from an error of os, because the caller says both in its own words.
func bareErr(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// NewWriter writes a trace to w. Every chunk is one call of w.Write. Close does not close w.
func NewWriter(w io.Writer, info trace.Info) (*Writer, error) { return newWriter(w, "trace", info) }

func newWriter(out io.Writer, name string, info trace.Info) (*Writer, error) {
	info.Meta = withKernel(info.Meta)
	w := &Writer{w: out, name: name, tracker: world.NewTracker(), enc: newBlockEncoder(), pending: make([]trace.Event, 0, 4096), age: chunkAge}
	if err := w.put(appendFileHeader(nil, info)); err != nil {
		return nil, err
	}
	return w, nil
}

// put writes b, and remembers the first error for ever.
func (w *Writer) put(b []byte) error {
	n, err := w.w.Write(b)
	w.bytes += int64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.err = fmt.Errorf("write %s: %w", w.name, bareErr(err))
	}
	return w.err
}

// Restate tells the writer what was open, registered and named before its first event: a recording that begins in the
// middle of a session passes what Tracker.Restate returns. It becomes part of the first chunk's prelude.
func (w *Writer) Restate(world []trace.Event) {
	for i := range world {
		w.tracker.Add(&world[i])
	}
	if len(world) > 0 {
		w.oldest, w.newest, w.stated = world[0].Time, world[0].Time, true
	}
}

// Write takes events in the order in which a reader shall get them; it keeps no reference to evs. After an error the
// Writer stays failed, and counts as dropped what it is given.
func (w *Writer) Write(evs []trace.Event) error {
	for len(evs) > 0 {
		if w.err != nil {
			w.dropped += int64(len(evs))
			return w.err
		}
		if len(w.pending) == 0 {
			w.oldest, w.newest = evs[0].Time, evs[0].Time
		}
		n, full := 0, false
		for n < len(evs) && !full {
			t := evs[n].Time
			w.oldest, w.newest = min(w.oldest, t), max(w.newest, t)
			n++
			full = len(w.pending)+n >= chunkEvents || w.newest-w.oldest >= w.age
		}
		w.pending = append(w.pending, evs[:n]...)
		w.events += int64(n)
		evs = evs[n:]
		if full {
			if err := w.Flush(); err != nil {
				w.dropped += int64(len(evs))
				return err
			}
		}
	}
	return nil
}

// Flush ends the chunk in progress and writes it. Call it at least once a second when events may stop coming.
func (w *Writer) Flush() error {
	if w.err != nil {
		return w.err
	}
	if len(w.pending) == 0 && !w.stated {
		return nil
	}
	h := chunkHeader{number: w.number, before: uint64(w.events+w.dropped) - uint64(len(w.pending)),
		events: uint32(len(w.pending)), first: w.oldest, last: w.newest}
	b := w.encode(&h)

	off := w.bytes
	if err := w.put(b); err != nil {
		w.events -= int64(len(w.pending))
		w.dropped += int64(len(w.pending))
		w.pending = w.pending[:0]
		if errors.Is(err, errNoRoom) {
			// The next chunk says how many events came before it, and re-states the world, so a reader sees the gap, and no more
			// than that.
			w.err, w.stated = nil, true
			w.number++
			return nil
		}
		return err
	}
	w.chunks = append(w.chunks, chunkRef{off: off, chunkHeader: h})
	w.number++
	w.pending, w.stated = w.pending[:0], false
	return nil
}

// encode puts the pending events together as a chunk, of which h has the number, the counts and the times. The result is
// valid until the next call.
func (w *Writer) encode(h *chunkHeader) []byte {
	prelude := w.tracker.Restate(w.oldest)
	if len(prelude) > maxBlock {
		prelude = prelude[:maxBlock]
	}
	for i := range w.pending {
		w.tracker.Add(&w.pending[i])
	}
	w.sum.add(w.pending)
	h.restated, h.lost = uint32(len(prelude)), w.sum.lost
	if w.sum.marked {
		h.flags |= chunkMarked
	}

	b := append(w.buf[:0], make([]byte, chunkHeaderSize)...)
	part := func(i int, from int) {
		h.size[i] = uint32(len(b) - from)
		h.sum[i] = checksum(b[from:])
	}
	at := len(b)
	b, _ = w.enc.encode(b, prelude)
	part(partPrelude, at)
	at = len(b)
	b, raw := w.enc.encode(b, w.pending)
	h.rawSize = uint32(raw)
	part(partColumns, at)
	at = len(b)
	w.zbuf = w.sum.append(w.zbuf[:0], h.first)
	b = appendVarint(b, uint64(len(w.zbuf)))
	b = w.enc.zenc.EncodeAll(w.zbuf, b)
	part(partSummary, at)
	h.append(b[:0])
	w.buf = b
	return b
}

// Close ends the last chunk, writes the index and, after Create, closes the file. It returns the first error of all.
func (w *Writer) Close() error {
	if w.err == nil && w.Flush() == nil && (!w.stated || w.Flush() == nil) { // the second one tells of what there was no room for
		_ = w.put(appendIndex(w.buf[:0], w.bytes, w.chunks))
	}
	if w.file != nil {
		if err := w.file.Close(); err != nil && w.err == nil {
			w.err = fmt.Errorf("close %s: %w", w.name, bareErr(err))
		}
		w.file = nil
	}
	err := w.err
	if w.err == nil {
		w.err = fmt.Errorf("write %s: %w", w.name, os.ErrClosed)
	}
	return err
}

// Bytes is how much was written to the file so far.
func (w *Writer) Bytes() int64 { return w.bytes }

// Events is how many events the writer took and did not drop, the chunk in progress included.
func (w *Writer) Events() int64 { return w.events }

// Dropped is how many events could not be written: because the writer has failed, or the disk was too slow.
func (w *Writer) Dropped() int64 { return w.dropped }

// Err is the error that ended the recording, nil while it is sound.
func (w *Writer) Err() error { return w.err }

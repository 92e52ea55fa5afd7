package record

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"sync"

	"evviz/internal/files"
	"evviz/trace"
	"evviz/world"
)

// File is a Source over a trace file. It can seek.
//
// A damaged chunk is skipped: Read tells it as a Lost event (Aux LostFile; A is how many events are missing, 0 when
// nobody can know), re-states the world from the next chunk and goes on; Damage lists it. Lost events of a file belong
// to no stream: Stream and Seq are 0.
type File struct {
	f       *os.File
	path    string
	size    int64
	info    trace.Info
	version uint16 // of the format; 0 its beginning is lost
	refs    []chunkRef
	sound   bool  // it has an index
	ended   bool  // there is an index, though its places may be wrong
	index   int64 // where that begins
	end     int64 // where what belongs to the file ends, if it is sound
	tail    int64 // events missing after the last chunk; -1 unknown
	cutMs   bool  // something is missing after the last chunk
	cutHead int64 // where the first chunk begins, when the beginning of the file is lost; -1 it is not

	// owned by the reading goroutine
	dec     *blockDecoder
	buf     []byte
	next    int           // chunk to open when the decoder is empty
	restate bool          // tell the prelude of the next chunk
	queue   []trace.Event // handed on before anything else
	last    int64         // time of the newest event handed on
	tailed  bool          // the loss at the end was told
	target  int64         // SeekTime's t, while seeking
	seeking bool
	jumped  bool // a loss before the next chunk is a loss before the beginning

	mu     sync.Mutex // guards damage and closed
	damage []Damage
	closed bool
}

// Damage is a place in a file that could not be read.
type Damage struct {
	Offset int64  // where it begins, bytes
	Bytes  int64  // how long it is
	Chunk  int    // number of the chunk, from 0; -1 none
	Events int64  // how many events were lost; -1 unknown
	What   string // a sentence
}

func (d Damage) String() string {
	lost := fmt.Sprintf("%d events are gone", d.Events)
	if d.Events < 0 {
		lost = "unknown how many events"
	}
	return fmt.Sprintf("at byte %d, %d bytes, chunk %d: %s; %s", d.Offset, d.Bytes, d.Chunk, d.What, lost)
}

// OpenFile opens a trace file. Damage is not an error as long as the file begins like a trace; see ErrNotTrace and
// ErrNewerVersion for what is.
func OpenFile(path string) (*File, error) {
	f, err := files.Open(path)
	if errors.Is(err, files.ErrNotRegular) {
		return nil, fmt.Errorf("open %s: %w: %w", path, err, ErrNotTrace)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	t, err := openTrace(f, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

func openTrace(f *os.File, path string) (*File, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, bareErr(err))
	}
	t := &File{f: f, path: path, size: st.Size(), cutHead: -1, dec: newBlockDecoder()}
	start, err := t.readHeader()
	if err != nil {
		return nil, err
	}
	x, err := readIndex(f, t.size, start)
	if err != nil {
		if x, err = t.walk(start); err != nil && !t.ended {
			t.info.Missing = append(t.info.Missing, trace.Missing{What: "the end of the recording", Why: "it was not closed properly; up to a second is missing"})
		}
	}
	if err == nil {
		t.refs, t.sound, t.ended, t.index, t.end = x.chunks, true, true, x.off, x.end
		t.findGaps()
	}
	t.info.Live = false
	if t.info.Origin == "" {
		t.info.Origin = path
	}
	t.rewind()
	return t, nil
}

// readHeader reads the file's header and returns where it ends. A damaged header is damage, not an error: the chunks
// behind it tell their events without it.
func (t *File) readHeader() (int64, error) {
	fixed := make([]byte, fileHeaderFixed)
	n, err := io.ReadFull(io.NewSectionReader(t.f, 0, t.size), fixed)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, fmt.Errorf("read %s: %w", t.path, bareErr(err))
	}
	payload, version, err := checkFileStart(fixed[:n], t.path)
	t.version = version
	if errors.Is(err, ErrNotTrace) && t.headless() {
		return t.cutHead, nil
	}
	if err != nil {
		return 0, err
	}
	end := int64(fileHeaderFixed) + int64(payload) + 4
	bad := "the header's length is damaged"
	if payload <= maxFileHeader && end <= t.size {
		b := make([]byte, end)
		if _, err := t.f.ReadAt(b, 0); err != nil {
			return 0, fmt.Errorf("read %s: %w", t.path, bareErr(err))
		}
		body, sum := b[:end-4], binary.LittleEndian.Uint32(b[end-4:])
		if checksum(body) == sum {
			info, err := parseInfo(body[fileHeaderFixed:])
			if err == nil {
				t.info = info
				return end, nil
			}
		}
		bad = "the header does not match its checksum"
	} else if payload <= maxFileHeader {
		bad = "the file ends inside its header"
	}
	t.info = trace.Info{Timed: true, Kinds: trace.AllKinds(), Missing: []trace.Missing{{What: "title, clock and settings", Why: bad}}}
	t.note(Damage{Offset: 0, Bytes: min(end, t.size), Chunk: -1, What: bad})
	return fileHeaderFixed, nil
}

// searchFor is how far into a file whose beginning is not that of a trace a chunk is looked for: farther than the longest
// chunk that a recorder writes.
const searchFor = 64 << 20

// headless takes a file that does not begin like a trace for one whose beginning is lost, if there is a whole chunk in it:
// chunks tell their events without what came before.
func (t *File) headless() bool {
	const lost = "the beginning of the file is lost"
	var b [chunkHeaderSize]byte
	end := min(t.size, searchFor)
	for at := t.findMarkerTo(0, end); at+chunkHeaderSize <= end; at = t.findMarkerTo(at+1, end) {
		c := chunkRef{off: at}
		if _, err := t.f.ReadAt(b[:], at); err != nil || c.parse(b[:]) != nil {
			continue
		}
		if _, err := t.readPart(&c, partColumns); err != nil { // an entry of the index looks like the header of a chunk
			continue
		}
		t.cutHead = at
		t.info = trace.Info{Timed: true, Kinds: trace.AllKinds(), Missing: []trace.Missing{{What: "title, clock and settings", Why: lost}}}
		t.note(Damage{Offset: 0, Bytes: at, Chunk: -1, Events: int64(c.before), What: lost})
		return true
	}
	return false
}

func (t *File) note(d Damage) {
	t.mu.Lock()
	t.damage = append(t.damage, d)
	t.mu.Unlock()
}

// Damage lists what could not be read so far. OpenFile finds damaged headers and a cut-off end; a damaged body is found
// when it is read.
func (t *File) Damage() []Damage {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := append([]Damage(nil), t.damage...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].Offset < out[j].Offset })
	return out
}

// walk finds the chunks of a file without a trailer at its end. When it comes to an index that is sound all the same,
// something was to be added to a finished file and was not: what the index says is returned then.
func (t *File) walk(start int64) (indexed, error) {
	var b [chunkHeaderSize]byte
	at, lostFrom := start, int64(-1) // lostFrom: where the unreadable stretch begins
	gap := func(to int64, what string) {
		t.note(Damage{Offset: lostFrom, Bytes: to - lostFrom, Chunk: len(t.refs), Events: -1, What: what})
	}
	for at < t.size {
		if _, err := readTrailer(t.f, at); err == nil { // each chunk that was added behind the index has one of its own
			t.ended = true
			at += trailerSize
			continue
		}
		if t.size-at < chunkHeaderSize {
			n := min(t.size-at, 8)
			if _, err := t.f.ReadAt(b[:n], at); err == nil && lostFrom < 0 && n == 8 && [8]byte(b[:8]) == indexMarker {
				return indexed{}, errNoIndex // the last thing that was being written; nothing is lost with it
			}
			if lostFrom < 0 {
				lostFrom = at
			}
			break
		}
		if _, err := t.f.ReadAt(b[:], at); err != nil {
			if lostFrom < 0 {
				lostFrom = at
			}
			break
		}
		c := chunkRef{off: at}
		if c.parse(b[:]) == nil {
			if c.total() > t.size-at {
				if lostFrom >= 0 {
					gap(at, "this stretch is not a chunk")
				}
				t.note(Damage{Offset: at, Bytes: t.size - at, Chunk: len(t.refs), Events: int64(c.events), What: "the file ends inside this chunk"})
				t.cutMs, t.tail = true, int64(c.events)
				return indexed{}, errNoIndex
			}
			if lostFrom >= 0 {
				c.hasGap, c.gap = true, t.missing(&c)
				t.note(Damage{Offset: lostFrom, Bytes: at - lostFrom, Chunk: len(t.refs), Events: c.gap, What: "the chunk's header is damaged"})
				lostFrom = -1
			} else if m := t.missing(&c); m != 0 {
				c.hasGap, c.gap = true, m
				if at != t.cutHead { // which is noted already
					t.note(Damage{Offset: at, Bytes: 0, Chunk: int(min(c.number, 1<<31)), Events: m, What: "chunks before this one are not in the file"})
				}
			}
			t.refs = append(t.refs, c)
			at += c.total()
			continue
		}
		if lostFrom < 0 {
			if [8]byte(b[:8]) == indexMarker {
				x, err := indexAt(t.f, t.size, start, at)
				if err == nil {
					return x, nil
				}
				// Its places are wrong when something before it is lost. What was added to the recording later is behind it.
				if n := indexSize(t.f, t.size, at); n > 0 {
					t.ended = true
					at += n
					continue
				}
				return x, err
			}
			lostFrom = at
		}
		at = t.findMarker(at + 1)
	}
	if lostFrom >= 0 {
		t.cutMs, t.tail = true, -1
		gap(t.size, "the file ends in the middle of a chunk")
	}
	return indexed{}, errNoIndex
}

// missing is how many events lie between the last chunk found and c; -1 when the counts contradict each other.
func (t *File) missing(c *chunkRef) int64 {
	var have uint64
	if n := len(t.refs); n > 0 {
		have = t.refs[n-1].before + uint64(t.refs[n-1].events)
	}
	if c.before < have || c.before-have > 1<<62 {
		return -1
	}
	return int64(c.before - have)
}

// findGaps does for an index what walk does on its way.
func (t *File) findGaps() {
	refs := t.refs
	t.refs = refs[:0]
	for i := range refs {
		c := refs[i]
		if m := t.missing(&c); m != 0 {
			c.hasGap, c.gap = true, m
		}
		t.refs = append(t.refs, c)
	}
}

// findMarker is the place of the next chunk marker at or after at, or the end of the file.
func (t *File) findMarker(at int64) int64 { return t.findMarkerTo(at, t.size) }

// findMarkerTo is findMarker in a file that ends earlier.
func (t *File) findMarkerTo(at, end int64) int64 {
	const step = 1 << 18
	b := make([]byte, step+len(chunkMarker))
	for at < end {
		n, err := t.f.ReadAt(b[:min(int64(len(b)), end-at)], at)
		for i := 0; i+len(chunkMarker) <= n; i++ {
			if b[i] == chunkMarker[0] && [8]byte(b[i:i+8]) == chunkMarker {
				return at + int64(i)
			}
		}
		if err != nil && err != io.EOF {
			break
		}
		at += step
	}
	return end
}

// Info describes the trace as its recorder described it. Missing says so when the file was not closed properly.
func (t *File) Info() trace.Info { return t.info }

// Path is the name under which the file was opened.
func (t *File) Path() string { return t.path }

// Bounds are the times of the first and the last event, CLOCK_MONOTONIC ns; both 0 for a file without events.
func (t *File) Bounds() (first, last int64) {
	for i := range t.refs {
		c := &t.refs[i]
		if i == 0 {
			first, last = c.first, c.last
		}
		first, last = min(first, c.first), max(last, c.last)
	}
	return first, last
}

// Events is how many events the readable chunks hold.
func (t *File) Events() int64 {
	var n int64
	for i := range t.refs {
		n += int64(t.refs[i].events)
	}
	return n
}

// Version is the version of the format that the file was written in; 0 when its beginning, which says so, is lost.
func (t *File) Version() uint16 { return t.version }

// Chunks is how many chunks were found.
func (t *File) Chunks() int { return len(t.refs) }

// Closed reports whether the recording was ended in order. One that was not lacks its last moments: its recorder was killed, or
// still records.
func (t *File) Closed() bool { return t.ended }

// Close closes the file. A Read in progress fails.
func (t *File) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	return t.f.Close()
}

func (t *File) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// rewind goes to the beginning.
func (t *File) rewind() {
	t.next, t.restate, t.queue, t.tailed, t.seeking, t.jumped = 0, true, t.queue[:0], false, false, false
	t.last, _ = t.Bounds()
	t.dec.n, t.dec.at = 0, 0
}

// SeekTime goes to the moment t (CLOCK_MONOTONIC ns): Read then re-states the world as it was there and goes on with the
// first event at or after t. It is called by the goroutine that reads.
func (t *File) SeekTime(at int64) error {
	if t.isClosed() {
		return fmt.Errorf("seek %s: %w", t.path, os.ErrClosed)
	}
	t.rewind()
	first, last := t.Bounds()
	if at <= first {
		return nil
	}
	// Times of chunks may overlap a little (late events), so this walks; a search would save microseconds.
	t.next = len(t.refs)
	for i := range t.refs {
		if t.refs[i].last >= at {
			t.next = i
			break
		}
	}
	t.last = min(at, last)
	t.seeking, t.target = true, at
	return nil
}

// Read hands on the next events. It never blocks; ctx is looked at between chunks.
func (t *File) Read(ctx context.Context, buf []trace.Event) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	for {
		if len(t.queue) > 0 {
			n := copy(buf, t.queue)
			t.queue = t.queue[n:]
			return n, nil
		}
		if t.dec.left() > 0 {
			n, err := t.dec.next(buf)
			if err != nil {
				left := int64(t.dec.left())
				t.dec.n, t.dec.at = 0, 0
				t.broken(t.next-1, partColumns, left, "the columns cannot be decoded: "+err.Error())
				continue
			}
			t.last = max(t.last, buf[n-1].Time)
			return n, nil
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if t.isClosed() {
			return 0, fmt.Errorf("read %s: %w", t.path, os.ErrClosed)
		}
		if t.next >= len(t.refs) {
			if t.cutMs && !t.tailed {
				t.tailed = true
				t.loss(t.tail)
				continue
			}
			return 0, io.EOF
		}
		t.openChunk()
	}
}

// loss queues the Lost event for n missing events; n < 0 is an unknown number.
func (t *File) loss(n int64) {
	t.queue = append(t.queue[:0], trace.Event{Kind: trace.Lost, Time: t.last, Aux: trace.LostFile, A: max(n, 0)})
}

// broken notes that a part of a chunk cannot be read, once, and, when events went with it, that the next chunk has to
// re-state the world.
func (t *File) broken(chunk, part int, events int64, what string) {
	c := &t.refs[chunk]
	if !c.checked[part] {
		c.checked[part] = true
		off, n := c.part(part)
		t.note(Damage{Offset: off, Bytes: n, Chunk: chunk, Events: events, What: what})
	}
	if part == partColumns {
		t.restate = true
		t.loss(events)
	}
}

// part is the place of a part of a chunk.
func (c *chunkRef) part(i int) (off, n int64) {
	off = c.off + chunkHeaderSize
	for k := range i {
		off += int64(c.size[k])
	}
	return off, int64(c.size[i])
}

// readPart reads a part of a chunk and checks it. The result is valid until the next call.
func (t *File) readPart(c *chunkRef, i int) ([]byte, error) { return t.readPartInto(&t.buf, c, i) }

// readPartInto is readPart with a buffer of the caller's, so that several may read at once.
func (t *File) readPartInto(buf *[]byte, c *chunkRef, i int) ([]byte, error) {
	off, n := c.part(i)
	if off+n > t.size {
		return nil, io.ErrUnexpectedEOF
	}
	if int64(cap(*buf)) < n {
		*buf = make([]byte, n)
	}
	b := (*buf)[:n]
	if _, err := t.f.ReadAt(b, off); err != nil {
		return nil, bareErr(err)
	}
	if checksum(b) != c.sum[i] {
		return nil, errors.New("it does not match its checksum")
	}
	return b, nil
}

// openChunk puts the next chunk into the decoder, and before it into the queue what has to be said first.
func (t *File) openChunk() {
	i := t.next
	c := &t.refs[i]
	t.next++
	if c.hasGap && !t.seeking && !t.jumped {
		t.restate = true
		t.loss(c.gap)
	}
	t.jumped = false
	known := world.NewTracker()
	if t.restate {
		t.restate = false
		b, err := t.readPart(c, partPrelude)
		if err == nil && c.restated > 0 {
			if err = t.dec.load(b, int(c.restated)); err == nil {
				ev := make([]trace.Event, c.restated)
				for at := 0; at < len(ev) && err == nil; {
					var n int
					n, err = t.dec.next(ev[at:])
					at += n
				}
				if err == nil {
					t.queue = append(t.queue, ev...)
				}
			}
		}
		t.dec.n, t.dec.at = 0, 0
		if err != nil {
			t.broken(i, partPrelude, 0, "what was open before this chunk cannot be read: "+err.Error())
		}
	}
	b, err := t.readPart(c, partColumns)
	if err == nil {
		err = t.dec.load(b, int(c.events))
	}
	if err != nil {
		t.dec.n, t.dec.at = 0, 0
		if t.seeking {
			t.queue = t.queue[:0] // a world that is older than the loss
		}
		t.broken(i, partColumns, int64(c.events), "the events cannot be read: "+err.Error())
		return
	}
	if t.seeking {
		t.skip(known)
	}
}

// skip folds the events before the target into the world that the prelude told, and queues the world as it is there.
func (t *File) skip(known *world.Tracker) {
	for i := range t.queue {
		known.Add(&t.queue[i])
	}
	t.queue = t.queue[:0]
	t.seeking = false
	buf := make([]trace.Event, 1024)
	for t.dec.left() > 0 {
		n, err := t.dec.next(buf)
		if err != nil {
			t.queue = known.Restate(t.target)
			left := int64(t.dec.left())
			t.dec.n, t.dec.at = 0, 0
			t.broken(t.next-1, partColumns, left, "the columns cannot be decoded: "+err.Error())
			return
		}
		for i := range buf[:n] {
			if buf[i].Time >= t.target {
				t.queue = append(known.Restate(t.target), buf[i:n]...)
				return
			}
			known.Add(&buf[i])
		}
	}
	// The chunk's header promised an event here. Go on with the next one.
	t.queue = known.Restate(t.target)
}

package record

import (
	"encoding/binary"
	"errors"
	"io"
)

// The index repeats the chunks' headers with their places, so that opening a long file reads one piece of it. It is a
// convenience: a reader that does not find a sound one walks from chunk to chunk instead.
//
//	marker (8) · length of the entries (u32) · checksum of the entries (u32) · entries: offset (u64), chunk header (96)
//	trailer: offset of the index (u64) · checksum of that offset (u32) · room (u32) · marker (8)

var (
	indexMarker   = [8]byte{0x8b, 'e', 'v', 'I', 'N', 'D', 'X', 0x1a}
	trailerMarker = [8]byte{0x8c, 'e', 'v', 'T', 'A', 'I', 'L', 0x1a}
)

const (
	indexEntrySize = 8 + chunkHeaderSize
	indexHeadSize  = 16
	trailerSize    = 24
	maxIndex       = 1 << 30
)

// chunkRef is a chunk and its place.
type chunkRef struct {
	off int64
	chunkHeader
	gap     int64 // events missing between the chunk before and this one; -1 some, nobody knows how many
	hasGap  bool
	checked [3]bool // a part's damage was told already
}

// appendIndex writes index and trailer for a file whose index begins at off.
func appendIndex(b []byte, off int64, chunks []chunkRef) []byte {
	le := binary.LittleEndian
	at := len(b)
	b = append(b, indexMarker[:]...)
	b = le.AppendUint32(b, uint32(len(chunks)*indexEntrySize))
	b = le.AppendUint32(b, 0)
	for i := range chunks {
		b = le.AppendUint64(b, uint64(chunks[i].off))
		b = chunks[i].append(b)
	}
	le.PutUint32(b[at+12:], checksum(b[at+indexHeadSize:]))
	return appendTrailer(b, off)
}

// appendTrailer writes a trailer that leads to the index at off.
func appendTrailer(b []byte, off int64) []byte {
	le := binary.LittleEndian
	t := len(b)
	b = le.AppendUint64(b, uint64(off))
	b = le.AppendUint32(b, checksum(b[t:]))
	b = le.AppendUint32(b, 0)
	return append(b, trailerMarker[:]...)
}

// readTrailer reads the trailer at the place at, and returns where the index begins that it leads to.
func readTrailer(r io.ReaderAt, at int64) (index int64, err error) {
	le := binary.LittleEndian
	var t [trailerSize]byte
	if _, err := r.ReadAt(t[:], at); err != nil {
		return 0, errNoIndex
	}
	if [8]byte(t[16:]) != trailerMarker || le.Uint32(t[8:]) != checksum(t[:8]) {
		return 0, errNoIndex
	}
	return int64(le.Uint64(t[:])), nil
}

var errNoIndex = errors.New("no index")

// indexed is what an index says, and what was added behind it.
type indexed struct {
	chunks []chunkRef
	off    int64 // where the index begins
	end    int64 // where the sound part of the file ends: behind the last trailer
}

// readIndex finds the chunks by the index, if there is a sound one. start is where the first chunk may be.
func readIndex(r io.ReaderAt, size, start int64) (x indexed, err error) {
	if size < start+indexHeadSize+trailerSize {
		return x, errNoIndex
	}
	off, err := readTrailer(r, size-trailerSize)
	if err != nil || off < start || off > size-trailerSize-indexHeadSize {
		return x, errNoIndex
	}
	x, err = indexAt(r, size, start, off)
	if err == nil && x.end != size {
		err = errNoIndex
	}
	return x, err
}

// indexSize is the length of the whole index at off with its trailer, wherever that leads; 0 when there is no whole one.
func indexSize(r io.ReaderAt, size, off int64) int64 {
	le := binary.LittleEndian
	var head [indexHeadSize]byte
	if _, err := r.ReadAt(head[:], off); err != nil || [8]byte(head[:8]) != indexMarker {
		return 0
	}
	n := int64(le.Uint32(head[8:]))
	if n > maxIndex || n > size-off-indexHeadSize-trailerSize {
		return 0
	}
	entries := make([]byte, n)
	if _, err := r.ReadAt(entries, off+indexHeadSize); err != nil || le.Uint32(head[12:]) != checksum(entries) {
		return 0
	}
	if _, err := readTrailer(r, off+indexHeadSize+n); err != nil {
		return 0
	}
	return indexHeadSize + n + trailerSize
}

// indexAt reads the index that begins at off, and the chunks that were added behind it, each followed by a trailer. What
// comes after the last trailer is an addition that was never finished.
func indexAt(r io.ReaderAt, size, start, off int64) (x indexed, err error) {
	le := binary.LittleEndian
	var head [indexHeadSize]byte
	if _, err := r.ReadAt(head[:], off); err != nil {
		return x, errNoIndex
	}
	n := int64(le.Uint32(head[8:]))
	if [8]byte(head[:8]) != indexMarker || n > maxIndex || n%indexEntrySize != 0 || n > size-off-indexHeadSize-trailerSize {
		return x, errNoIndex
	}
	entries := make([]byte, n)
	if _, err := r.ReadAt(entries, off+indexHeadSize); err != nil || le.Uint32(head[12:]) != checksum(entries) {
		return x, errNoIndex
	}
	x.off, x.chunks = off, make([]chunkRef, len(entries)/indexEntrySize)
	at := start
	for i := range x.chunks {
		e := entries[i*indexEntrySize:]
		c := &x.chunks[i]
		c.off = int64(le.Uint64(e))
		if c.parse(e[8:]) != nil || c.off < at || c.total() > off-c.off {
			return x, errNoIndex
		}
		at = c.off + c.total()
	}
	at = off + indexHeadSize + n
	if to, err := readTrailer(r, at); err != nil || to != off {
		return x, errNoIndex
	}
	for x.end = at + trailerSize; x.end < size; {
		var b [chunkHeaderSize]byte
		c := chunkRef{off: x.end}
		if _, err := r.ReadAt(b[:], x.end); err != nil || c.parse(b[:]) != nil || c.total() > size-trailerSize-c.off {
			break
		}
		if to, err := readTrailer(r, c.off+c.total()); err != nil || to != off {
			break
		}
		x.chunks = append(x.chunks, c)
		x.end = c.off + c.total() + trailerSize
	}
	return x, nil
}

package trace

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
	t := len(b)
	b = le.AppendUint64(b, uint64(off))
	b = le.AppendUint32(b, checksum(b[t:]))
	b = le.AppendUint32(b, 0)
	return append(b, trailerMarker[:]...)
}

var errNoIndex = errors.New("no index")

// readIndex finds the chunks by the index, if there is a sound one. start is where the first chunk may be.
func readIndex(r io.ReaderAt, size, start int64) ([]chunkRef, error) {
	le := binary.LittleEndian
	var t [trailerSize]byte
	if size < start+indexHeadSize+trailerSize {
		return nil, errNoIndex
	}
	if _, err := r.ReadAt(t[:], size-trailerSize); err != nil {
		return nil, errNoIndex
	}
	off := int64(le.Uint64(t[:]))
	if [8]byte(t[16:]) != trailerMarker || le.Uint32(t[8:]) != checksum(t[:8]) || off < start || off > size-trailerSize-indexHeadSize {
		return nil, errNoIndex
	}
	n := size - trailerSize - off
	if n > maxIndex {
		return nil, errNoIndex
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, off); err != nil {
		return nil, errNoIndex
	}
	entries := b[indexHeadSize:]
	if [8]byte(b[:8]) != indexMarker || int64(le.Uint32(b[8:])) != n-indexHeadSize || le.Uint32(b[12:]) != checksum(entries) || len(entries)%indexEntrySize != 0 {
		return nil, errNoIndex
	}
	chunks := make([]chunkRef, len(entries)/indexEntrySize)
	at := start
	for i := range chunks {
		e := entries[i*indexEntrySize:]
		c := &chunks[i]
		c.off = int64(le.Uint64(e))
		if c.parse(e[8:]) != nil || c.off < at || c.total() > off-c.off {
			return nil, errNoIndex
		}
		at = c.off + c.total()
	}
	return chunks, nil
}

package record

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A trace file is a header, then chunks, then an index. A chunk carries its own lengths and checksums, so that a reader
// can find the next one whatever happened to this one:
//
//	header   96 bytes, with a checksum of its own
//	prelude  a block of events that re-state the world at the chunk's first moment
//	columns  a block of the chunk's events
//	summary  what happened on which descriptor, in short

const (
	chunkEvents = 1 << 16              // events that end a chunk
	chunkAge    = int64(1_000_000_000) // ns between the oldest and the newest event that end a chunk

	chunkHeaderSize = 96
	maxChunkPart    = 1 << 27 // bytes of a prelude, columns or summary, the most a reader believes
)

// chunkMarker begins a chunk; it contains no byte sequence that text would.
var chunkMarker = [8]byte{0x8a, 'e', 'v', 'C', 'H', 'N', 'K', 0x1a}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// chunkHeader is the fixed part of a chunk.
type chunkHeader struct {
	flags       uint16 // chunkMarked
	number      uint64
	before      uint64 // events in all chunks before: tells a reader how many a damaged one held
	events      uint32
	restated    uint32 // events of the prelude
	first, last int64  // CLOCK_MONOTONIC ns, least and greatest
	lost        uint64 // sum of the Lost events
	size        [3]uint32
	rawSize     uint32 // bytes of the columns before compression
	sum         [3]uint32
}

// chunkMarked is set in the flags of a chunk that holds a person's bookmark, so that those are found without decoding
// the others. A reader ignores flags that it does not know.
const chunkMarked = 1

// Parts of a chunk, in the order of the file.
const (
	partPrelude = iota
	partColumns
	partSummary
)

// total is how many bytes the chunk takes in the file.
func (h *chunkHeader) total() int64 {
	return chunkHeaderSize + int64(h.size[0]) + int64(h.size[1]) + int64(h.size[2])
}

func (h *chunkHeader) append(b []byte) []byte {
	at := len(b)
	b = append(b, chunkMarker[:]...)
	le := binary.LittleEndian
	b = le.AppendUint32(b, 0) // checksum, below
	b = le.AppendUint16(b, chunkHeaderSize)
	b = le.AppendUint16(b, h.flags)
	b = le.AppendUint64(b, h.number)
	b = le.AppendUint64(b, h.before)
	b = le.AppendUint32(b, h.events)
	b = le.AppendUint32(b, h.restated)
	b = le.AppendUint64(b, uint64(h.first))
	b = le.AppendUint64(b, uint64(h.last))
	b = le.AppendUint64(b, h.lost)
	for _, n := range h.size {
		b = le.AppendUint32(b, n)
	}
	b = le.AppendUint32(b, h.rawSize)
	for _, n := range h.sum {
		b = le.AppendUint32(b, n)
	}
	b = le.AppendUint32(b, 0) // room
	le.PutUint32(b[at+8:], checksum(b[at+12:]))
	return b
}

var errChunkHeader = errors.New("damaged chunk header")

// parse reads a header from b, which holds chunkHeaderSize bytes.
func (h *chunkHeader) parse(b []byte) error {
	le := binary.LittleEndian
	if [8]byte(b[:8]) != chunkMarker || le.Uint32(b[8:]) != checksum(b[12:chunkHeaderSize]) || le.Uint16(b[12:]) != chunkHeaderSize {
		return errChunkHeader
	}
	h.flags = le.Uint16(b[14:])
	h.number, h.before = le.Uint64(b[16:]), le.Uint64(b[24:])
	h.events, h.restated = le.Uint32(b[32:]), le.Uint32(b[36:])
	h.first, h.last, h.lost = int64(le.Uint64(b[40:])), int64(le.Uint64(b[48:])), le.Uint64(b[56:])
	for i := range h.size {
		h.size[i] = le.Uint32(b[64+4*i:])
		h.sum[i] = le.Uint32(b[80+4*i:])
		if h.size[i] > maxChunkPart {
			return errChunkHeader
		}
	}
	h.rawSize = le.Uint32(b[76:])
	if h.events > maxBlock || h.restated > maxBlock {
		return errChunkHeader
	}
	return nil
}
